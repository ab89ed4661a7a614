"""Processes that help to answer: the same answers, whoever gives them; and nobody misses one that dies."""

from __future__ import annotations

import os
import random
import re
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import generate
import httpx
import msgspec
import pytest
from http_service import ADMIN, API, PEOPLE, Person, Running, fill, give_tokens, running, settings, until
from http_world import READ_UP_TO, World
from soak.killing import is_there
from stores import Embedded

from mailtrace import processors
from mailtrace.helpers import crew
from mailtrace.serving import site
from mailtrace.settings import Http, Settings
from mailtrace.stores import open_engine
from search.http.app import answering
from search.http.handing import may_be_handed

pytest_plugins = ("http_fixtures",)

#: What is asked of the service itself: it streams, changes something, asks for no mail, or tells of this process.
_HERE = {
    *("/", "/sign-in", "/preferences", "/favicon.ico", "/static/{version}/{name}", "/healthz", "/readyz", "/help", "/api"),
    *("/audit", "/sources", "/freshness", "/trace/export", "/trace/live", "/insights/export"),
    *(f"{API}/{name}" for name in ("audit", "freshness", "health", "vocabulary", "traces/live")),
    *(f"{API}/openapi.json{name}" for name in ("", "/openapi.json", "/{path}")),
}
#: What differs between two answers to one question.
_CHANCE = re.compile(rb'(?:name="csrf" value="|"took_ms":)[^",]*|127\.0\.0\.1:[0-9]+|Printed [^<]*')
_AT_ONCE = 12


@pytest.fixture(scope="module")
def made(world: World, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Give the settings of a service that has two helpers, over the mail of several tenants."""
    folder = tmp_path_factory.mktemp("helped")
    fill(store := Embedded(folder / "store"), world.written, READ_UP_TO)
    return settings(store, folder / "data", Http(timezone="UTC", helpers=2))


@pytest.fixture(scope="module")
def tokens(made: Settings) -> dict[str, str]:
    """Give everybody's tokens."""
    return give_tokens(made)


@pytest.fixture
def helped(made: Settings, tokens: dict[str, str]) -> Iterator[Running]:
    """Give a service whose helpers are up."""
    with running(made, tokens) as served:
        pressed(served)
        yield served
    until(lambda: not helpers())


@pytest.fixture
def alone(made: Settings, tokens: dict[str, str]) -> Iterator[Running]:
    """Give a service over the same store that has no helpers."""
    with running(msgspec.structs.replace(made, http=Http(timezone="UTC", helpers=0)), tokens) as served:
        yield served


def helpers() -> list[int]:
    """The helpers that are there: children of any thread of ours."""
    found = [int(one) for path in Path("/proc/self/task").glob("*/children") for one in path.read_text(encoding="ascii").split()]
    return [one for one in found if is_there(one) and b"mailtrace.helpers" in Path(f"/proc/{one}/cmdline").read_bytes()]


def together(served: Running, asked: Sequence[tuple[Person, str]]) -> list[httpx.Response]:
    """Ask many questions at the same time."""
    clients = {person.name: served.client(person) for person, _ in asked}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(lambda one: clients[one[0].name].get(one[1]), asked))


def pressed(served: Running) -> None:
    """Ask so much at once that helpers are started, until they answer."""

    def helped() -> bool:
        together(served, [(ADMIN, "/trace?disposition=delivered")] * _AT_ONCE)
        return bool(served.helped()) and len(helpers()) == 2

    until(helped)


def plain(response: httpx.Response) -> tuple[int, list[tuple[str, str]], bytes]:
    """An answer without what is by chance."""
    chance = ("date", "x-request-id", "set-cookie", "content-length")
    headers = [(name, value) for name, value in response.headers.items() if name not in chance]
    content = response.content.replace(response.headers["x-request-id"].encode(), b"")
    return response.status_code, headers, _CHANCE.sub(b"", content)


def asked_by_all(world: World) -> list[tuple[Person, str]]:
    """Questions of everybody: pages, calls, reports, also on what is not his."""
    chance = random.Random(39)
    found = []
    for person in PEOPLE:
        for path in ("/trace", f"{API}/traces", f"{API}/counts"):
            for _ in range(6):
                # Without any it is a first visit, which shows what was asked last.
                params = generate.query(chance, world.with_queue_ids).to_params() or [("disposition", "delivered")]
                by = "&by=disposition" if path.endswith("counts") else ""
                found.append((person, f"{path}?{urlencode(params)}{by}"))
        for trace in chance.sample(world.ids, 4):
            found += [(person, f"{where}/{trace}") for where in ("/trace", f"{API}/traces")]
        found += [
            (person, path) for path in ("/domains", "/errors", f"{API}/errors?seen=true", "/trace?since=nonsense", f"{API}/traces?no=1")
        ]
    return found


def test_they_give_the_answers_that_the_service_gives(helped: Running, alone: Running, world: World) -> None:
    """Everybody is told the same, what is not his to see least of all, and refusals too; headers are the same."""
    asked = asked_by_all(world)
    before = helped.helped()
    found, expected = together(helped, asked), together(alone, asked)
    assert helped.helped() - before == len(asked)
    assert alone.helped() == 0
    for (person, path), one, other in zip(asked, found, expected, strict=True):
        assert plain(one) == plain(other), (person.name, path)
    assert {one.status_code for one in found} >= {200, 400, 404}


def test_the_audit_log_says_the_same(helped: Running, alone: Running, world: World) -> None:
    """Who asked what, and how many rows it gave, whoever found them; the chain is one."""
    asked = asked_by_all(world)[::7]
    noted = []
    for served in (helped, alone):
        before = len(_audited(served))
        together(served, asked)
        found = _audited(served)[before:]
        noted.append(sorted((one["who"], one["what"], one["question"], one["rows"], one["status"]) for one in found))
    assert noted[0] == noted[1]
    assert {one[1] for one in noted[0]} >= {"search", "counts", "report"}


def test_nobody_misses_one_that_is_killed(helped: Running) -> None:
    """Helpers are killed while they answer: every question is answered; then new ones are there, and none outlives the service."""
    first = helpers()
    with ThreadPoolExecutor(1) as killing:
        for number in first:
            found = killing.submit(together, helped, [(ADMIN, f"{API}/traces?limit=500")] * 40)
            os.kill(number, signal.SIGKILL)
            assert {one.status_code for one in found.result()} == {200}
    until(lambda: not {*first} & {*helpers()})
    pressed(helped)
    assert {*helpers()}.isdisjoint(first)


def test_they_are_let_go_of_when_nobody_asks(made: Settings, tokens: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """And are there again when they are needed."""
    monkeypatch.setattr(crew, "_IDLE_S", 1.0)
    monkeypatch.setattr(crew, "_LOOK_S", 0.2)
    monkeypatch.setattr(crew, "_BETWEEN_S", 0.0)
    with running(made, tokens) as served:
        pressed(served)
        until(lambda: not helpers())
        pressed(served)


def test_one_that_cannot_start_costs_no_answer(made: Settings, tokens: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The service goes on by itself."""
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    with running(made, tokens) as served:
        found = together(served, [(ADMIN, "/trace?disposition=delivered")] * 40)
        assert {one.status_code for one in found} == {200}
        assert served.helped() == 0


def test_each_route_is_on_one_side(made: Settings) -> None:
    """What is handed over asks the store, and is answered in one piece; a new route has to be put on a side."""
    engine = open_engine(made.store, made.elasticsearch)
    routes = {route.path_format for route in answering(site(made, engine)).routes if "GET" in getattr(route, "methods", ())}
    engine.close()
    here = {one for one in routes if not may_be_handed(_scope(one))}
    assert here == _HERE
    assert not may_be_handed(_scope(f"{API}/traces", accept="text/csv"))
    assert not may_be_handed(_scope(f"{API}/traces", accept="application/x-ndjson, */*"))
    assert not may_be_handed(_scope("/trace", method="POST"))


def test_one_core_has_none(made: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By themselves there are as many as cores, as far as the control group gives them, and never many."""
    usual, limit = msgspec.structs.replace(made, http=Http()), tmp_path / "cpu.max"
    monkeypatch.setattr(processors, "_CPU_LIMIT", limit)
    for cores, given, number in (
        (1, "max 100000", 0),
        (2, "max 100000", 2),
        (64, "max 100000", 4),
        (64, "150000 100000", 2),
        (64, "50000 100000", 0),
    ):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _process, cores=cores: set(range(cores)))
        limit.write_text(given, encoding="ascii")
        assert crew.number_of(usual) == number, (cores, given)
    assert crew.number_of(made) == 2


def _audited(served: Running) -> list[dict[str, Any]]:
    """The entries of the audit log."""
    files = sorted((served.data / "access" / "audit").glob("audit-*.jsonl"))
    return [msgspec.json.decode(line) for file in files for line in file.read_bytes().splitlines()]


def _scope(path: str, accept: str = "application/json", method: str = "GET") -> Any:
    """What the application is given for a request."""
    return {"method": method, "path": path, "headers": [(b"accept", accept.encode())]}
