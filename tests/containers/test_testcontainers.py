"""An Elasticsearch in a container, started by testcontainers: the same server to every other test as one from Maven."""

from __future__ import annotations

import random
from pathlib import Path

import generate
from contract.under_test import elasticsearch
from reference import ReferenceStore
from servers import Server
from servers.server import ask


def test_the_server_is_in_a_container(elasticsearch_server: Server) -> None:
    """Where a Docker engine answers, the server comes from an image, and says from which."""
    assert "in a container" in elasticsearch_server.way
    assert elasticsearch_server.ours


def test_the_store_answers_as_the_reference(es_url: str, tmp_path: Path) -> None:
    """Traces that were written to it are found as the reference finds them."""
    chance = random.Random(3)
    store, reference, written = elasticsearch(es_url)(tmp_path), ReferenceStore(), generate.traces(seed=4, count=200)
    try:
        store.write(written)
        reference.submit(written)
        for _ in range(25):
            query, scope = generate.query(chance, written), generate.scope(chance)
            expected = [trace.id for trace in reference.walk(query, scope)]
            assert [trace.id for trace in store.engine.search(query, scope, limit=1000).traces] == expected, (query, scope)
    finally:
        store.close()


def test_it_comes_back_after_a_kill(elasticsearch_to_kill: Server, es_prefix: str) -> None:
    """A container that is killed and started again has its data, at the address it had."""
    url = elasticsearch_to_kill.url
    ask(f"{url}/{es_prefix}-1/_doc", "POST", body={"number": 1})
    elasticsearch_to_kill.kill()
    elasticsearch_to_kill.start()
    assert elasticsearch_to_kill.url == url
    ask(f"{url}/{es_prefix}-1/_refresh", "POST")
    assert '"count": 1' in str(ask(f"{url}/{es_prefix}-1/_count")).replace("'", '"')
