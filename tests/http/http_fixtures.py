"""Services over stores with the mail of several tenants."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from http_service import Running, fill, give_tokens, running, settings
from http_world import READ_UP_TO, World, make_world
from servers.fixtures import wipe
from stores import Cluster, Embedded


@pytest.fixture(scope="session")
def world() -> World:
    """Give the mail of several tenants, with the model."""
    return make_world()


@pytest.fixture(scope="session")
def on_embedded(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Give a service over an embedded store with the mail of several tenants."""
    folder = tmp_path_factory.mktemp("served")
    store = Embedded(folder / "store")
    fill(store, world.written, READ_UP_TO)
    made = settings(store, folder / "data")
    with running(made, give_tokens(made)) as service:
        yield service


@pytest.fixture(scope="session")
def on_elasticsearch(world: World, es_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Give a service over an Elasticsearch with the same mail."""
    store = Cluster(es_url, f"test-{secrets.token_hex(5)}")
    fill(store, world.written, READ_UP_TO)
    # The server shows from now on what was written.
    store.engine().close()
    made = settings(store, tmp_path_factory.mktemp("served"))
    try:
        with running(made, give_tokens(made)) as service:
            yield service
    finally:
        wipe(es_url, store.prefix)


@pytest.fixture(params=["on_embedded", pytest.param("on_elasticsearch", marks=pytest.mark.elasticsearch)])
def served(request: pytest.FixtureRequest) -> Running:
    """Give the service over each store."""
    found: Running = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def thorough(request: pytest.FixtureRequest) -> bool:
    """Whether everything is asked; of a server each answer takes longer, and a part is."""
    return "on_elasticsearch" not in request.node.callspec.params.values()


@pytest.fixture
def empty_store(tmp_path: Path) -> Embedded:
    """Give a store of one's own in which nothing is."""
    return Embedded(tmp_path / "data" / "store")
