"""`Client.live` against a real service: typed rows as they come, over breaks, restarts and the end of a token."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from http_service import ADMIN, PEOPLE, Person, Running, fill, give_tokens, running, settings
from stores import Embedded

from ingest.sinks import Sink
from mailtrace import Client, LiveTrace, NotAllowed, Query, QueryError, ServiceError
from mailtrace.access import tokens
from mailtrace.settings import Settings
from mappings.identity import trace_id
from mappings.trace import Trace
from search import client as asking
from search import live
from search.server_events import ServerEvent, server_events

ANN, BOB = PEOPLE[3], PEOPLE[4]


@dataclass
class Followed:
    """A store that is written to, and the settings and tokens of its service."""

    made: Settings
    secrets: dict[str, str]
    sink: Sink
    written: int = 0

    def write(self, *recipients: str, subject: str | None = None) -> list[str]:
        """Write mail of now; gives the ids."""
        traces = []
        for recipient in recipients:
            self.written += 1
            now_ms, domain = time.time_ns() // 1_000_000, recipient.partition("@")[2]
            named = trace_id(now_ms, "mx", f"q{self.written}", "", recipient)
            trace = Trace(id=named, version=1, log_domain="mx", time_ms=now_ms, last_event_ms=now_ms, visible_to=[domain])
            trace.recipient, trace.recipient_domain, trace.subject = recipient, domain, subject
            traces.append(trace)
            # An id's time is of milliseconds; the order of these is theirs.
            time.sleep(0.002)
        self.sink.submit(traces)
        self.sink.flush()
        return [trace.id for trace in traces]

    def client(self, served: Running, who: Person = ADMIN) -> Client:
        """A client of the service."""
        return Client(served.address, self.secrets[who.name], timeout=20)


@pytest.fixture
def followed(tmp_path: Path) -> Iterator[Followed]:
    """Give a store with some old mail."""
    store = Embedded(tmp_path / "store")
    made = settings(store, tmp_path / "data")
    old_ms = time.time_ns() // 1_000_000 - 3_600_000
    named = trace_id(old_ms, "mx", "q", "", "bob@example.net")
    fill(store, [Trace(id=named, version=1, log_domain="mx", time_ms=old_ms, last_event_ms=old_ms)])
    with closing(store.sink()) as sink:
        yield Followed(made, give_tokens(made), sink)


def begun(following: Iterator[LiveTrace], followed: Followed, recipient: str = "bob@example.net") -> str:
    """The mark of the first row: what is written until it comes is written again and again, for nobody tells when one begins to follow."""
    first: list[str] = []

    def write() -> None:
        while not first:
            followed.write(recipient)
            time.sleep(0.3)

    writing = Thread(target=write)
    writing.start()
    try:
        first.append(next(following).mark)
    finally:
        first.append("")
        writing.join()
    last = followed.write(recipient)[0]
    while next(following).mark != last:
        pass
    return last


def test_rows_are_typed_and_those_that_one_may_see_and_asked_for(followed: Followed) -> None:
    """A row is that of a search, with the mark to go on behind; text of any characters stays what it was."""
    with running(followed.made, followed.secrets) as served, followed.client(served) as client, followed.client(served, ANN) as of_ann:
        following = client.live(Query(recipient=("bob@example.net",)))
        begun(following, followed)
        odd = "line\u2028and\u2029para\x85graph"
        _, wanted = followed.write("ann@example.org", "bob@example.net", subject=odd)
        row = next(following)
        assert (row.trace, row.mark, row.more) == (client.search(limit=1).traces[0], wanted, False)
        assert row.trace.subject == odd
        hers = of_ann.live()
        begun(hers, followed, "ann@example.org")
        _, mine = followed.write("bob@example.net", "ann@example.org")
        assert next(hers).trace.id == mine


def test_it_comes_back_and_nothing_is_lost_or_told_twice(followed: Followed) -> None:
    """Over restarts of the service, also of one that ended before anything came; and one that begins anew goes on behind its mark."""
    with running(followed.made, followed.secrets) as served:
        port = urlsplit(served.address).port
        assert port is not None
        client = followed.client(served)
        following = client.live()
        mark = begun(following, followed)
    missed = followed.write("bob@example.net", "ann@example.org")
    with running(followed.made, followed.secrets, port=port):
        assert [row.trace.id for row in islice(following, 2)] == missed
        with followed.client(served) as other:
            assert [row.mark for row in islice(other.live(after=mark), 2)] == missed
    with running(followed.made, followed.secrets, port=port):
        # It is back, and sent nothing before the service ends once more.
        late = followed.write("bob@example.net")
        assert next(following).trace.id == late[0]
    last = followed.write("ann@example.org")
    with running(followed.made, followed.secrets, port=port):
        assert next(following).trace.id == last[0]
        client.close()


def test_a_mark_is_there_before_anything_came(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is cut off before the first row goes on from where it began, and not from when it comes back."""
    monkeypatch.setattr(asking, "_SILENCE_S", 1.0)
    with running(followed.made, followed.secrets) as served, followed.client(served) as client:
        # Each connection is given up after a second of silence, and looked at first after 1.5: rows come only to one who goes on.
        monkeypatch.setattr(live, "EVERY_S", 1.5)
        following = client.live()
        marks: list[str | None] = []
        events = client._events

        def noted(params: list[tuple[str, str]], mark: str | None) -> Iterator[ServerEvent]:
            marks.append(mark)
            if len(marks) == 2:
                monkeypatch.setattr(asking, "_SILENCE_S", 45.0)
                followed.write("bob@example.net")
            return events(params, mark)

        monkeypatch.setattr(client, "_events", noted)
        assert next(following).trace.recipient == "bob@example.net"
        assert (marks[0], len(marks)) == (None, 2)
        assert marks[1] is not None


def test_more_than_is_told_is_said(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more came at once than is looked at, the first row behind the gap says so."""
    with running(followed.made, followed.secrets) as served, followed.client(served) as client:
        following = client.live()
        begun(following, followed)
        monkeypatch.setattr(live, "MOST", 2)
        written = followed.write(*["bob@example.net"] * 4)
        assert [(row.trace.id, row.more) for row in islice(following, 2)] == [(written[2], True), (written[3], False)]


def test_what_is_wrong_is_raised_at_once(followed: Followed) -> None:
    """As of every question; and a token that ends, ends the following."""
    with running(followed.made, followed.secrets) as served, followed.client(served, BOB) as client:
        with pytest.raises(QueryError) as told:
            next(client.live(after="x"))
        assert told.value.field == "after"
        with Client(served.address, "mt_wrong") as nobody, pytest.raises(NotAllowed):
            next(nobody.live())
        following = client.live()
        begun(following, followed)
        tokens(followed.made).revoke(BOB.name, time.time_ns() // 1_000_000)
        with pytest.raises(NotAllowed):
            list(following)


def test_in_vain_it_gives_up(followed: Followed) -> None:
    """Where nothing listens it raises at once, and where the service does not come back, when its patience is at an end."""
    with running(followed.made, followed.secrets) as served:
        client = followed.client(served)
        following = client.live(patience=1.0)
        begun(following, followed)
    with client, pytest.raises(ServiceError):
        list(following)
    with followed.client(served) as late, pytest.raises(ServiceError, match="cannot be reached"):
        next(late.live())


def test_events_are_read_as_they_are_written() -> None:
    """Names, comments, data in several lines, and what is cut off."""
    written = b"retry: 3000\nid: a\n: word\n\nevent: trace\nid: b\ndata: {}\n\n: quiet\n\nid:c\ndata: x\ndata:  y\nodd\n\ndata: cut"
    assert list(server_events(written.split(b"\n"))) == [
        ServerEvent(id="a", retry_s=3.0),
        ServerEvent("trace", b"{}\n", "b"),
        ServerEvent(),
        ServerEvent("message", b"x\n y\n", "c"),
    ]
