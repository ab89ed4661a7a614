"""Nobody reads another tenant's address, nor a path: mail of several tenants in every program's lines, asked for in every way."""

from __future__ import annotations

import html
import io
import os
import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import msgspec
import pytest
from captures import written
from http_service import Person, Running, csrf_of, give_tokens, running, settings
from planted import PATHS, TENANTS, Planted, Someone
from reading import Place, read
from stores import Embedded

from ingest.telling.ownership import Owner
from mailtrace.settings import CustomerTable
from mappings.trace import Trace
from search.access import Role
from search.query import Query
from search.rows import write_csv, write_jsonl
from search.scope import EVERYTHING, Scope
from search.service import MailTrace

#: More worlds than one, for a long run: PLANTED_WORLDS=50.
WORLDS = int(os.environ.get("PLANTED_WORLDS", "1"))
PEOPLE = tuple(Person(domain, Role.CUSTOMER, frozenset({domain}), domains=(domain,)) for domain in TENANTS)
_MARK = re.compile(r"who[0-9]{5}q", re.IGNORECASE)
_ENCODED = re.compile(r"=\?utf-8\?b\?([A-Za-z0-9+/=]+)\?=")
tenants = pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.name)


@dataclass(frozen=True, slots=True)
class World:
    """A service over the mail of several tenants, and who is in it."""

    planted: Planted
    place: Place
    served: Running

    def traces(self, person: Person) -> list[Trace]:
        """The traces that somebody may see, without events."""
        with closing(self.place.store.engine()) as engine:
            return list(engine.walk(Query(), Scope(person.sees)))

    def own(self, person: Person, *traces: Trace) -> set[str]:
        """Whom he may read of: people of his domain, and those whom these traces are from and to."""
        named = {name for one in traces for name in (one.sender, one.recipient, one.original_recipient) if name}
        return {one.mark for one in self.planted.everybody if one.domain == person.name} | set(_MARK.findall(" ".join(named)))


@pytest.fixture(scope="module", params=range(WORLDS))
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give the service, with a token for each tenant."""
    planted = Planted(request.param)
    folder = tmp_path_factory.mktemp("planted")
    place = Place(folder / "logs-of-the-server", folder / "data", Embedded(folder / "store"))
    owners = tuple(Owner(domain, frozenset({domain})) for domain in TENANTS)
    read(place, written(place.logs, planted.contents()), log_host="mx1", customers=owners)
    made = settings(place.store, folder / "data", customers=tuple(CustomerTable(name=domain, domains=(domain,)) for domain in TENANTS))
    with running(made, give_tokens(made, PEOPLE)) as served:
        yield World(planted, place, served)


def leaks(text: str, allowed: set[str], world: World) -> set[str]:
    """Marks of people that somebody may not read of, and paths, in an answer."""
    plain = html.unescape(text)
    plain += " ".join(b64decode(word).decode(errors="replace") for word in _ENCODED.findall(plain))
    found = {mark.lower() for mark in _MARK.findall(plain)} - allowed
    return found | {path for path in (*PATHS, str(world.place.logs), "logs-of-the-server") if path in plain}


def test_the_world_holds_what_must_be_hidden(world: World) -> None:
    """Every program's lines are read, and name everybody and every path, so that the tests below look for something."""
    with MailTrace(world.place.store.engine()) as mail:
        text = "".join(msgspec.json.encode(mail.report(one.id)).decode() for one in mail.walk())
    planted = {mark.lower() for content in world.planted.contents().values() for mark in _MARK.findall(content.decode())}
    read_of = {mark.lower() for mark in _MARK.findall(text)}
    assert len(read_of) > 0.97 * len(planted) > 500
    assert all(path in text for path in PATHS)
    assert str(world.place.logs) in text


@tenants
def test_rows_and_exports_name_nobody_else(world: World, person: Person) -> None:
    """The API's rows, streams and lists, Python's, and what the command line writes."""
    own = world.own(person, *world.traces(person))
    answers = [
        world.served.get("/traces", [("limit", "5000")], person, accept=kind).text
        for kind in ("application/json", "text/csv", "application/x-ndjson")
    ]
    answers += [
        world.served.get(path, (), person).text for path in ("/domains", "/freshness", "/vocabulary", "/health", "/nowhere", "/traces/none")
    ]
    answers += [world.served.get("/errors", [("seen", "true")], person).text, world.served.get("/traces", [("since", "/var")], person).text]
    answers += [world.served.get("/differs", [("query", text)], person).text for text in ("disposition: bounced", "direction: inbound")]
    answers += [
        world.served.get("/complete", [("q", f"{name}: {begin}")], person).text
        for name in ("sender", "recipient", "client", "relay", "helo", "host", "quarantine_id", "message_id", "tls")
        for begin in "abcdefghijklmnopqrstuvwxyz<"
    ]
    with MailTrace(world.place.store.engine(), Scope(person.sees)) as mail:
        rows = list(mail.walk())
        for write in (write_csv, write_jsonl):
            write(rows, out := io.StringIO())
            answers.append(out.getvalue())
        assert len(rows) > 40
    for answer in answers:
        assert leaks(answer, own, world) == set(), (person.name, answer[:80])


@tenants
def test_reports_name_nobody_else(world: World, person: Person) -> None:
    """Each report, from the API and in Python: lines, words, replies, details, filters' results, hops, related mail."""
    with closing(world.place.store.engine()) as engine:
        mail = MailTrace(engine, Scope(person.sees))
        whole = lines = 0
        for one in world.traces(person):
            report = mail.report(one.id)
            assert report is not None
            text = msgspec.json.encode(report).decode()
            assert world.served.get(f"/traces/{one.id}", who=person).text == text
            related = [engine.get(other.id, EVERYTHING) for other in report.related]
            assert leaks(text, world.own(person, one, *(t for t in related if t is not None)), world) == set(), (person.name, text)
            shown = sum(step.raw is not None for step in report.timeline)
            whole, lines = whole + shown, lines + len(report.timeline)
    # Most lines name nobody else, and are shown.
    assert lines / 3 < whole < lines


@tenants
def test_pages_name_nobody_else(world: World, person: Person) -> None:
    """The pages of rows, of each report, and their downloads."""
    traces = world.traces(person)
    with world.served.fresh() as browser:
        page = browser.get("/sign-in")
        form = {"token": world.served.secrets[person.name], "next": "/", "csrf": csrf_of(page.text)}
        assert browser.post("/sign-in", data=form).status_code == 303
        own = world.own(person, *traces)
        for path in (
            "/domains",
            "/trace?recipient=%2A&limit=1000",
            "/trace/export",
            "/insights?range=",
            *(f"/insights?by={by}" for by in ("differs", "sender", "recipient", "client", "relay", "helo", "quarantine_id", "host")),
            "/errors",
            "/sources",
            "/freshness",
            "/preferences",
            "/nowhere",
        ):
            answer = browser.get(path)
            assert answer.status_code == (404 if path == "/nowhere" else 200), (path, answer.text)
            assert leaks(answer.text, own, world) == set(), path
        for one in traces[:: max(1, len(traces) // 25)]:
            for path in (f"/trace/{one.id}", f"/trace/{one.id}/raw"):
                answer = browser.get(path)
                assert answer.status_code == 200
                assert leaks(answer.text, own, world) == set(), (path, answer.text)


def test_everybody_is_someone_of_his_own(world: World) -> None:
    """No two people share a mark, so one that is found is his whose it is."""
    everybody: list[Someone] = world.planted.everybody
    assert len({one.mark for one in everybody}) == len(everybody) > 500
