"""The service over a store of which a file is lost: it answers from the rest, and every answer and page says what is lacking."""

from __future__ import annotations

from pathlib import Path

import pytest
from http_service import ADMIN, API, PEOPLE, fill, give_tokens, json_of, running, settings
from http_world import World
from stores import Embedded

from mappings.embedded import catalog

pytest_plugins = ("http_fixtures",)

IS_LACKING = "is lacking: its part of the store cannot be read"


@pytest.fixture
def store(world: World, tmp_path: Path) -> Embedded:
    """A filled store."""
    made = Embedded(tmp_path / "store")
    fill(made, world.written)
    return made


def test_answers_and_pages_say_what_is_lacking(store: Embedded, tmp_path: Path) -> None:
    """Overwritten under the running service: no answer is a fault, and none about that time says that it is whole."""
    with running(settings(store, tmp_path / "data")) as service:
        client = service.client(None)
        whole = json_of(client.get(f"{API}/traces?limit=200"))
        assert (whole["complete"], whole["warnings"]) == (True, [])
        newest = catalog.by_names(store.folder)[0].file
        (store.folder / newest).write_bytes(b"no database" * 5_000)
        found = json_of(client.get(f"{API}/traces?limit=200"))
        assert found["traces"][0]["id"] < whole["traces"][0]["id"]
        assert not found["complete"]
        assert IS_LACKING in found["warnings"][0]
        assert newest in found["warnings"][0]
        domains = json_of(client.get(f"{API}/domains"))
        assert not domains["complete"]
        assert IS_LACKING in domains["warnings"][0]
        assert IS_LACKING in json_of(client.get(f"{API}/freshness"))["warnings"][0]
        streamed = client.get(f"{API}/traces", headers={"Accept": "text/csv"})
        assert IS_LACKING in streamed.headers["mail-trace-incomplete"]
        lost = client.get(f"{API}/traces/{whole['traces'][0]['id']}")
        assert lost.status_code == 503
        assert IS_LACKING in json_of(lost, 503)["detail"]
        assert IS_LACKING in client.get(f"/trace/{whole['traces'][0]['id']}").text
        assert client.get("/healthz").status_code == 200
        for page in ("/trace?recipient=example.net", "/sources"):
            shown = client.get(page)
            assert shown.status_code == 200, page
            assert IS_LACKING in shown.text, page
        assert client.get("/domains").status_code == 200


def test_a_scoped_caller_gets_the_time_alone(store: Embedded, tmp_path: Path) -> None:
    """What callers who do not see everything are told of a damaged store names no file and no folder."""
    made = settings(store, tmp_path / "data")
    with running(made, give_tokens(made)) as service:
        newest = store.folder / catalog.by_names(store.folder)[0].file
        lost = json_of(service.client(ADMIN).get(f"{API}/traces?limit=1"))["traces"][0]["id"]
        newest.write_bytes(b"")
        for person in PEOPLE:
            client = service.client(person)
            told = "".join(client.get(f"{API}/{path}").text for path in ("traces", "freshness", "domains", f"traces/{lost}"))
            assert told.count(IS_LACKING) == 4, person
            assert (newest.name in told) == (person == ADMIN), person
            assert str(tmp_path) not in told
