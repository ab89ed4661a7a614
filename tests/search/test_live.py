"""New traces as they come: nothing twice, nothing that was there, what came late, and bounds that hold."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from reference import ReferenceStore

from mappings.identity import trace_id
from mappings.trace import Trace
from search import live as looking
from search.live import LOOK_BACK_MS, Live, follow
from search.query import Query
from search.query_error import QueryError
from search.scope import Scope
from search.service import MailTrace
from search.sorting import Sort

T0 = 1_795_000_000_000


@dataclass
class Log:
    """A store that is written to, and the time of now."""

    store: ReferenceStore = field(default_factory=ReferenceStore)
    now_ms: int = T0
    count: int = 0

    @property
    def mail(self) -> MailTrace:
        """What asks it."""
        return MailTrace(self.store, clock=lambda: self.now_ms)

    def write(self, time_ms: int, domain: str = "example.net") -> str:
        """Write one trace; gives its id."""
        self.count += 1
        one = Trace(
            id=trace_id(time_ms, "mx", f"q{self.count}", "", domain),
            version=1,
            log_domain="mx",
            time_ms=time_ms,
            last_event_ms=time_ms,
            recipient=f"bob@{domain}",
            recipient_domain=domain,
            visible_to=[domain],
        )
        self.store.submit([one])
        return one.id


def ids(live: Live, mail: MailTrace) -> list[str]:
    """The ids of a look."""
    return [row.id for row in live.look(mail).traces]


def test_what_is_there_is_not_new_and_what_comes_is_new_once() -> None:
    """In the order of time, also what was first seen a little before the newest; what is older is not looked for."""
    log = Log()
    log.write(T0 - 1_000)
    live = Live(log.mail, Query())
    assert ids(live, log.mail) == []
    later, late = log.write(T0), log.write(T0 - 200_000)
    log.write(T0 - LOOK_BACK_MS - 5_000)
    assert ids(live, log.mail) == [late, later]
    assert ids(live, log.mail) == []
    assert ids(live, log.mail) == []
    again = log.write(T0 - 100_000)
    assert ids(live, log.mail) == [again]


def test_an_empty_store_is_followed_from_now_and_one_that_lags_from_its_newest() -> None:
    """Logs that are read late have their own now."""
    empty = Log()
    live = Live(empty.mail, Query())
    first = empty.write(T0 + 1_000)
    assert ids(live, empty.mail) == [first]
    lagging = Log()
    lagging.write(T0 - 86_400_000)
    live = Live(lagging.mail, Query())
    old = [lagging.write(T0 - 86_000_000), lagging.write(T0 - 85_000_000)]
    assert ids(live, lagging.mail) == old


def test_a_stamp_in_the_future_hides_nothing() -> None:
    """What comes now is told, although one trace says that it is of tomorrow."""
    log = Log()
    log.write(T0 + 86_400_000)
    live = Live(log.mail, Query())
    now = log.write(T0 - 1_000)
    assert ids(live, log.mail) == [now]
    log.write(T0 + 90_000_000)
    live.look(log.mail)
    log.now_ms = T0 + 60_000
    soon = log.write(T0 + 59_000)
    assert soon in ids(live, log.mail)


def test_it_goes_on_behind_a_trace() -> None:
    """What is later than it is new; what is at it, or before, is not."""
    log = Log()
    first, second, third = (log.write(T0 + number) for number in range(3))
    live = Live(log.mail, Query(), after=second)
    found = live.look(log.mail)
    assert ([row.id for row in found.traces], live.mark) == ([third], third)
    assert first != second
    with pytest.raises(QueryError, match="after: it is not the id of a trace"):
        Live(log.mail, Query(), after="x")


def test_the_question_and_the_scope_hold() -> None:
    """The scope is that of the moment; the order that is asked for is not that of what comes."""
    log = Log()
    query = Query(recipient=("bob",), sort=Sort.SIZE, until_ms=T0 + 10_000)
    live = Live(log.mail, query)
    mine = [log.write(T0 + 1_000), log.write(T0 + 2_000)]
    log.write(T0 + 3_000, "example.org")
    own = MailTrace(log.store, Scope(frozenset({"example.net"})), lambda: log.now_ms)
    assert ids(live, own) == mine
    more = log.write(T0 + 4_000, "example.org")
    assert more in ids(live, log.mail)
    log.write(T0 + 20_000)
    assert ids(live, log.mail) == []


def test_memory_is_bounded_and_what_is_left_out_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a flood the newest are told, once, and that there were more."""
    monkeypatch.setattr(looking, "MOST", 5)
    log = Log()
    live = Live(log.mail, Query())
    flood = [log.write(T0 + number) for number in range(12)]
    found = live.look(log.mail)
    assert ([row.id for row in found.traces], found.more) == (flood[-5:], True)
    assert (ids(live, log.mail), live.look(log.mail).more) == ([], False)
    few = [log.write(T0 + 100), log.write(T0 + 101)]
    found = live.look(log.mail)
    assert ([row.id for row in found.traces], found.more) == (few, False)
    assert len(live._shown) <= 5


def test_the_first_rows_are_not_new_later() -> None:
    """The newest that are there come before what follows, the oldest of them first."""
    log = Log()
    there = [log.write(T0 - 4 * LOOK_BACK_MS + number) for number in range(4)]
    live = Live(log.mail, Query())
    between = log.write(T0)
    assert [row.id for row in live.first(log.mail, 3)] == [*there[-2:], between]
    assert ids(live, log.mail) == []


def test_following_ends_when_it_is_told() -> None:
    """Look by look until the event is set."""
    log, stop = Log(), threading.Event()
    live = Live(log.mail, Query())
    first = log.write(T0)

    def found() -> Iterable[str]:
        for rows in follow(log.mail, live, stop, every_s=0.001):
            yield from (row.id for row in rows.traces)
            stop.set()

    assert list(found()) == [first]
