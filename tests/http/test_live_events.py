"""New traces as they come, over a real service: who sees what, where it goes on, and how it ends."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest
from http_service import ADMIN, API, PEOPLE, Person, Running, fill, give_tokens, problem_of, running, settings, until
from stores import Embedded

from ingest.sinks import Sink
from mailtrace.access import tokens
from mappings.identity import trace_id
from mappings.trace import Trace
from search.http import live as events
from search.http import places

pytest_plugins = ("http_fixtures",)
#: So long it takes at most until an event is there; one look takes milliseconds, and there is one every 1.5 s.
PATIENCE_S = 60.0
ANN, BOB = PEOPLE[3], PEOPLE[4]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def mail(number: int, recipient: str = "bob@example.net", *, ago_ms: int = 0) -> Trace:
    """One trace of now, or a little before."""
    time_ms = _now_ms() - ago_ms
    domain = recipient.partition("@")[2]
    return Trace(
        id=trace_id(time_ms, "mx", f"q{number}", "", recipient),
        version=1,
        log_domain="mx",
        time_ms=time_ms,
        last_event_ms=time_ms,
        recipient=recipient,
        recipient_domain=domain,
        visible_to=[domain],
    )


class Site:
    """A service, and what writes into its store."""

    def __init__(self, served: Running, sink: Sink) -> None:
        self.served, self._sink = served, sink

    def write(self, *traces: Trace) -> list[str]:
        """Write; gives the ids."""
        self._sink.submit(list(traces))
        self._sink.flush()
        return [trace.id for trace in traces]

    @contextmanager
    def following(self, who: Person = ADMIN, query: str = "", **headers: str) -> Iterator[Iterator[dict[str, Any]]]:
        """The events that somebody is sent, comments among them; the stream has begun."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        # A client of its own: an open stream must not hold up the other questions.
        with (
            self.served.fresh(headers={"Authorization": f"Bearer {self.served.secrets[who.name]}"}) as client,
            client.stream("GET", f"{API}/traces/live{query}", headers=sent, timeout=PATIENCE_S) as response,
        ):
            assert response.status_code == 200, response.read()
            assert response.headers["content-type"].startswith("text/event-stream")
            assert "content-encoding" not in response.headers
            found = _events(response)
            first = next(found)
            assert (len(first.pop("id")), first) == (26, {"retry": "3000", "": "new traces follow"})
            yield found


def _events(response: httpx.Response) -> Iterator[dict[str, Any]]:
    """The events of a stream."""
    event: dict[str, Any] = {}
    for line in response.iter_lines():
        if not line:
            yield event
            event = {}
        else:
            name, _, value = line.partition(":")
            event[name] = json.loads(value) if name == "data" else value.strip()


def _ids(found: Iterator[dict[str, Any]], count: int) -> list[str]:
    """The ids of the next so many traces."""
    listed: list[str] = []
    while len(listed) < count:
        event = next(found)
        if event.get("event") == "trace":
            listed.append(event["data"]["id"])
    return listed


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Give a service over a store that is written to."""
    folder = tmp_path_factory.mktemp("live")
    store = Embedded(folder / "store")
    fill(store, [mail(number, ago_ms=3_600_000) for number in range(3)])
    made = settings(store, folder / "data")
    sink = store.sink()
    with running(made, give_tokens(made)) as served:
        yield Site(served, sink)
    sink.close()


def test_what_comes_is_sent_once_in_the_order_of_time(site: Site) -> None:
    """What is there is not new; what comes later is, also what was first seen a little before, and nothing comes twice."""
    with site.following() as found:
        first = site.write(mail(10))
        assert _ids(found, 1) == first
        late = site.write(mail(11, ago_ms=60_000))
        assert _ids(found, 1) == late
        both = site.write(mail(12, ago_ms=1_000), mail(13))
        assert _ids(found, 2) == both
        changed = mail(14)
        site.write(changed)
        assert _ids(found, 1) == [changed.id]
        changed.version = 2
        site.write(changed)
        last = site.write(mail(15))
        assert _ids(found, 1) == last


def test_a_caller_is_sent_what_he_may_see_and_asked_for(site: Site) -> None:
    """The scope is the caller's, and the question holds as in a search, with chosen fields."""
    with site.following(ANN) as of_ann, site.following(BOB, "?recipient=bob&fields=id,recipient") as of_bob:
        site.write(mail(20, "zoe@example.com"), mail(21, "carl@example.net"))
        mine, his = site.write(mail(22, "ann@example.org"), mail(23, "bob@example.net"))
        assert _ids(of_ann, 1) == [mine]
        event = next(one for one in of_bob if one.get("event") == "trace")
        assert event["data"] == {"id": his, "recipient": "bob@example.net"}


def test_a_row_speaks_as_its_report_does(site: Site) -> None:
    """In the language that is asked for, and for whoever follows."""
    question = "?fields=id,customer_text&lang=de&tz=Europe/Berlin"
    with site.following(BOB, question) as of_bob, site.following(query=question) as of_all:
        (written,) = site.write(mail(25))
        for who, found in ((BOB, of_bob), (ADMIN, of_all)):
            event = next(one for one in found if one.get("event") == "trace")
            report = site.served.get(f"/traces/{written}", [("lang", "de"), ("tz", "Europe/Berlin")], who).json()
            assert event["data"] == {"id": written, "customer_text": report["customer_text"]}
            assert event["data"]["customer_text"].startswith("Die Nachricht")


def test_each_row_says_where_to_go_on_behind_it(site: Site) -> None:
    """Of rows that come together too: who is cut off between them is sent the rest; and before the first there is a mark as well."""
    with site.following(query="?recipient=zed@example.net") as found:
        written = site.write(*[mail(number, "zed@example.net", ago_ms=60 - number) for number in range(26, 30)])
        marks = [event["id"] for event in islice((one for one in found if one.get("event") == "trace"), 4)]
    assert marks == written
    with site.following(last_event_id=marks[1], query="?recipient=zed@example.net") as found:
        assert _ids(found, 2) == written[2:]


def test_a_client_goes_on_behind_the_last_event(site: Site) -> None:
    """With `Last-Event-ID`, or `after`, comes what was written while the client was away; nothing that it had."""
    with site.following() as found:
        (had,) = site.write(mail(30))
        mark = next(one for one in found if one.get("event") == "trace")["id"]
        assert mark == had
    missed = site.write(mail(31, ago_ms=2), mail(32))
    with site.following(last_event_id=mark) as found:
        assert _ids(found, 2) == missed
    with site.following(query=f"?after={missed[0]}") as found:
        assert _ids(found, 1) == missed[1:]


@pytest.mark.parametrize("wrong", ["after=x", "sort=size", "limit=5", "fields=nonsense", "since=soon", "lang=xx"])
def test_a_wrong_parameter_is_told(site: Site, wrong: str) -> None:
    """As everywhere: what is wrong, and nothing is begun."""
    name, _, value = wrong.partition("=")
    told = problem_of(site.served.get("/traces/live", [(name, value)]), 400)
    assert [one["parameter"] for one in told["errors"]] == [name]


def test_a_head_ends(site: Site) -> None:
    """Whoever wants the head only is not kept."""
    response = site.served.client().head(f"{API}/traces/live", timeout=PATIENCE_S)
    assert (response.status_code, response.headers["content-type"].partition(";")[0]) == (200, "text/event-stream")


def test_a_quiet_stream_says_a_word_now_and_then(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that proxies do not take it for dead."""
    monkeypatch.setattr(events, "HEARTBEAT_S", 0.1)
    with site.following() as found:
        assert next(found) == {"": "nothing new"}


def test_so_many_are_followed_and_places_come_back(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """One caller takes so many; the next is told when to come again, another caller is served, and who goes makes room."""
    monkeypatch.setattr(places, "MOST_LIVE_OF_ONE", 2)
    with site.following(ANN):
        with site.following(ANN):
            response = site.served.get("/traces/live", who=ANN)
            assert response.headers["retry-after"] == "30"
            problem_of(response, 429)
            with site.following(BOB):
                pass

        def room() -> bool:
            client = site.served.client(ANN)
            with client.stream("GET", f"{API}/traces/live") as response:
                return response.status_code == 200

        until(room)


def test_it_ends_with_the_token(site: Site, tmp_path: Path) -> None:
    """A token that is revoked is sent nothing more; the stream ends."""
    store = Embedded(tmp_path / "store")
    fill(store, [mail(40)])
    made = settings(store, tmp_path / "data")
    with running(made, give_tokens(made)) as served:
        one = Site(served, sink := store.sink())
        with one.following(BOB) as found:
            tokens(made).revoke(BOB.name, _now_ms())
            one.write(mail(41))
            assert [event for event in found if event.get("event") == "trace"] == []
        sink.close()


def test_it_ends_with_the_service(tmp_path: Path) -> None:
    """A service that is told to end does not wait for who follows."""
    store = Embedded(tmp_path / "store")
    fill(store, [mail(50)])
    made = settings(store, tmp_path / "data")
    with running(made, give_tokens(made)) as served:
        one = Site(served, sink := store.sink())
        with one.following() as found:
            began = time.monotonic()
            served.stop()
            assert [event for event in found if event.get("event") == "trace"] == []
            assert time.monotonic() - began < 5.0
        sink.close()
