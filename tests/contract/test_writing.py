"""What a store keeps of what is written: the higher version, successors, ties, and pages that hold while mail arrives."""

from __future__ import annotations

import random

import generate
import msgspec
import pytest
from reference import ReferenceStore

from contract.under_test import Store
from mappings import identity, keys
from mappings.losses import Loss
from mappings.readings import FORGOTTEN_MS, Ended, ReaderReadings, SourceReading, Trouble, UnknownLines
from mappings.rhythm import Rhythm
from mappings.trace import Event, Trace
from mappings.vocabulary import Disposition
from search.engines import TOTAL_LIMIT, Total
from search.query import Query
from search.query_error import QueryError
from search.scope import EVERYTHING, Scope

T0 = 1_764_000_000_000


def mail(number: int, *, time_ms: int | None = None, version: int = 1, **fields: object) -> Trace:
    """A trace, told apart by its number."""
    at = T0 + number * 1000 if time_ms is None else time_ms
    values: dict[str, object] = {
        "sender": "ann@example.org",
        "sender_domain": "example.org",
        "recipient": f"bob{number}@example.net",
        "recipient_domain": "example.net",
        "visible_to": ["example.net"],
        "keys": [keys.queue("mx", f"Q{number}")],
        "queue_ids": [f"Q{number}"],
    }
    return Trace(
        id=identity.trace_id(at, "mx", f"q:mx/Q{number}", "", str(number)),
        version=version,
        log_domain="mx",
        time_ms=at,
        last_event_ms=at,
        **(values | fields),  # type: ignore[arg-type]
    )


def found(store: Store, query: Query = Query(), scope: Scope = EVERYTHING) -> list[str]:  # noqa: B008 - a question is frozen
    """The ids that a question gives."""
    return [trace.id for trace in store.engine.walk(query, scope)]


def test_the_higher_version_is_kept_in_whatever_order_they_come(store: Store) -> None:
    """A lower version changes nothing, an equal or higher one replaces all: row, words, keys, sight and counts."""
    store.write([mail(1, version=5, disposition=Disposition.DEFERRED, reply_code=450)])
    store.write([mail(1, version=4, disposition=Disposition.BOUNCED, reply_code=550)])
    assert found(store, Query(disposition=("deferred",))) == [mail(1).id]
    assert store.engine.codes_seen(EVERYTHING) == [(450, None, 1)]
    newer = mail(
        1,
        version=5,
        disposition=Disposition.DELIVERED,
        recipient="eve@example.com",
        visible_to=["example.com"],
        keys=["m:new"],
        queue_ids=[],
    )
    store.write([newer])
    assert found(store, Query(disposition=("deferred",))) == []
    assert found(store, Query(recipient=("bob1@example.net",))) == []
    assert found(store, Query(queue_id=("Q1",))) == []
    assert found(store, scope=Scope(frozenset(["example.net"]))) == []
    assert found(store, Query(recipient=("eve@example.com",)), Scope(frozenset(["example.com"]))) == [newer.id]
    assert store.engine.find(["q:mx/Q1"], EVERYTHING) == store.sink.find(["q:mx/Q1"]) == []
    assert store.sink.find(["m:new"]) == [newer]
    assert (store.engine.codes_seen(EVERYTHING), store.engine.count(Query(), EVERYTHING)) == ([], 1)


def test_of_versions_in_one_batch_the_highest_is_kept(store: Store) -> None:
    """A batch may hold a trace several times."""
    store.write([mail(1, version=2, size=2), mail(1, version=3, size=3), mail(1, version=1, size=1)])
    assert [trace.size for trace in store.engine.walk(Query(), EVERYTHING)] == [3]


def test_a_superseded_trace_is_only_a_way_to_its_successor(store: Store) -> None:
    """It leaves searches, counts and the engine's look-ups; its id gives its successor, the sink still finds it."""
    store.write([mail(1, disposition=Disposition.BOUNCED, reply_code=550), mail(2)])
    store.write([mail(1, version=2, superseded_by=[mail(2).id])])
    assert found(store) == found(store, Query(sender=("ann@example.org",)), Scope(frozenset(["example.net"]))) == [mail(2).id]
    assert store.engine.count(Query(), EVERYTHING) == store.engine.search(Query(), EVERYTHING, limit=5).total.value == 1
    assert (store.engine.codes_seen(EVERYTHING), store.engine.find(mail(1).keys, EVERYTHING)) == ([], [])
    answer = store.engine.get(mail(1).id, EVERYTHING)
    assert answer is not None
    assert answer.id == mail(2).id
    assert [trace.superseded_by for trace in store.sink.find(mail(1).keys)] == [[mail(2).id]]
    store.write([mail(1, version=3)])
    assert found(store) == [mail(2).id, mail(1).id]


def test_of_several_successors_the_one_for_the_same_recipient_answers(store: Store) -> None:
    """Chains are followed, circles end, and out of scope is out of sight."""
    one, two = mail(1, recipient="x@example.net"), mail(2, recipient="Bob9@example.net", visible_to=["example.org"])
    store.write([one, two, mail(9, superseded_by=[one.id, two.id]), mail(8, superseded_by=[mail(9).id])])
    store.write([mail(7, superseded_by=[mail(6).id]), mail(6, superseded_by=[mail(7).id]), mail(5, superseded_by=[mail(4).id])])

    def answer(number: int, scope: Scope = EVERYTHING) -> str | None:
        given = store.engine.get(mail(number).id, scope)
        return None if given is None else given.id

    assert answer(9) == two.id
    assert answer(9, Scope(frozenset(["example.net"]))) is None
    assert answer(8) == one.id
    named = mail(20, recipient="new@example.net", original_recipient="alias@example.net")
    final = mail(21, recipient="old@example.net", original_recipient="other@example.net")
    asked = mail(22, recipient="old@example.net", original_recipient="Alias@example.net", superseded_by=[one.id, named.id, final.id])
    store.write([named, final, asked, mail(23, recipient="x", original_recipient="ALIAS@example.net", superseded_by=[one.id, named.id])])
    assert (answer(22), answer(23)) == (final.id, named.id)
    assert (answer(7), answer(6), answer(5)) == (None, None, None)


def test_pages_hold_while_mail_arrives(store: Store) -> None:
    """Rows that come between two pages, newer or older, make no row come twice and none be skipped."""
    store.write([mail(number) for number in range(0, 60, 2)])
    there = found(store)
    seen: list[str] = []
    cursor = None
    late = iter(range(1, 60, 4))
    while True:
        page = store.engine.search(Query(sender=("ann@example.org",)), EVERYTHING, limit=4, cursor=cursor)
        seen += [trace.id for trace in page.traces]
        cursor = page.next
        if cursor is None:
            break
        number = next(late)
        store.write([mail(1000 + number), mail(number), mail(number - 1, version=2, size=7)])
    assert len(seen) == len(set(seen))
    assert seen == sorted(seen, reverse=True)
    assert set(there) <= set(seen)


def test_ties_in_time_are_ordered_by_id(store: Store) -> None:
    """Hundreds of traces of one millisecond come each once, in the order of their ids, on pages of any size."""
    batch = [mail(number, time_ms=T0) for number in range(230)]
    store.write(batch[:100])
    store.write(batch[100:])
    pages: list[str] = []
    cursor = None
    while True:
        page = store.engine.search(Query(), EVERYTHING, limit=17, cursor=cursor)
        pages += [trace.id for trace in page.traces]
        if (cursor := page.next) is None:
            break
    assert pages == sorted((trace.id for trace in batch), reverse=True)


def test_a_range_takes_its_beginning_and_not_its_end(store: Store) -> None:
    """Time is compared as since <= time < until, to the millisecond; an empty range is empty."""
    store.write([mail(number, time_ms=T0 + number) for number in range(5)])

    def numbers(since_ms: int | None, until_ms: int | None) -> list[int]:
        return [trace.time_ms - T0 for trace in store.engine.walk(Query(since_ms=since_ms, until_ms=until_ms), EVERYTHING)]

    assert numbers(T0 + 1, T0 + 3) == [2, 1]
    assert numbers(T0 + 4, None) == [4]
    assert numbers(None, T0) == numbers(T0 + 2, T0 + 2) == []
    assert numbers(0, 1 << 60) == numbers(None, 1 << 48) == [4, 3, 2, 1, 0]


def test_totals_are_exact_to_ten_thousand(store: Store) -> None:
    """Ten thousand is exact, one more is at least ten thousand, and counting counts on."""
    store.write([mail(number, visible_to=["example.net", "example.org"]) for number in range(TOTAL_LIMIT)])
    for query, scope in (
        (Query(), EVERYTHING),
        (Query(sender=("ann@example.org",)), EVERYTHING),
        (Query(), Scope(frozenset(["example.net"]))),
    ):
        assert store.engine.search(query, scope, limit=1).total == Total(TOTAL_LIMIT, "eq")
    store.write([mail(TOTAL_LIMIT, visible_to=["example.net", "example.org"])])
    for query, scope in (
        (Query(), EVERYTHING),
        (Query(sender=("ann*",)), EVERYTHING),
        (Query(), Scope(frozenset(["example.net", "example.org"]))),
    ):
        assert store.engine.search(query, scope, limit=1).total == Total(TOTAL_LIMIT, "gte")
        assert store.engine.count(query, scope) == TOTAL_LIMIT + 1


def test_an_empty_store_answers(store: Store) -> None:
    """Questions to a store without traces have empty answers."""
    page = store.engine.search(Query(), EVERYTHING, limit=5)
    assert (page.traces, page.next, page.total) == ([], None, Total(0))
    assert (store.engine.get(mail(1).id, EVERYTHING), store.engine.find(["q:mx/Q1"], EVERYTHING)) == (None, [])
    assert (store.engine.codes_seen(EVERYTHING), store.engine.count(Query(), EVERYTHING)) == ([], 0)
    assert (store.sink.newest_ms("mx"), store.sink.find(["q:mx/Q1"]), store.engine.state().newest_ms) == (None, [], None)


def test_progress_and_tickets(store: Store) -> None:
    """Progress never goes back, and every ticket is acknowledged once."""
    store.sink.note_progress({"mx": 5, "b": 1})
    store.sink.note_progress({"mx": 4})
    tickets = [store.sink.submit([mail(1)]), store.sink.submit([])]
    store.sink.flush()
    store.refresh()
    assert store.engine.state().read_up_to_ms == {"mx": 5, "b": 1}
    assert sorted(store.sink.acknowledged()) == sorted(tickets)
    assert store.sink.acknowledged() == []


def test_each_reader_has_one_record_of_its_reading(store: Store) -> None:
    """The last that a reader told of its sources is found by it, and by whoever asks; no other reader's record is touched."""
    rhythm = Rhythm((1.5,) * 48, T0, T0 + 5)
    source = SourceReading(
        source="/var/log/mail.log",
        noted_ms=T0,
        ended=Ended.STOPPED,
        trouble=Trouble.NO_RIGHTS,
        unknown=(UnknownLines("qmgr", 3, "x \udcff y".encode("utf-8", "replace").decode()),),
        rhythm=rhythm,
        domains=("mx",),
    )
    first, other = ReaderReadings("mx:/a", (source,), "mx"), ReaderReadings(f"mx:/{'b' * 600}", ())
    news = ReaderReadings("mx:/a", (source, msgspec.structs.replace(source, source="-", ended=None)))
    assert store.sink.reading_of("mx:/a") is None
    for one in (first, other, news):
        store.sink.note_reading(one)
    store.refresh()
    assert (store.sink.reading_of("mx:/a"), store.sink.reading_of(other.reader)) == (news, other)
    assert list(store.engine.state().readings) == [news, other]


def test_readers_that_were_silent_for_long_are_forgotten(store: Store) -> None:
    """Whoever has a source that was told of since stays, and what it told; the others are gone for it and for whoever asks."""
    now_ms = T0 + FORGOTTEN_MS
    old = SourceReading(source="/var/log/mail.log", noted_ms=T0, domains=("mx",))
    late = SourceReading(source="-", noted_ms=T0 + 1)
    dead, empty, alive = ReaderReadings("a", (old,), "mx"), ReaderReadings("b", ()), ReaderReadings("c", (late, old), "mx")
    for one in (dead, empty, alive):
        store.sink.note_reading(one)
    store.refresh()
    store.sink.forget_readings(now_ms - 1)
    assert [store.sink.reading_of(one) for one in "abc"] == [dead, None, alive]
    store.sink.forget_readings(now_ms)
    store.refresh()
    assert [store.sink.reading_of(one) for one in "abc"] == [None, None, alive]
    assert list(store.engine.state().readings) == [alive]


def test_losses_are_kept_once_and_told(store: Store) -> None:
    """What went before it was read is in the state, the latest last, each once, however often it is noted."""
    losses = [Loss(f"id{n}", "/var/log/mail.log", n * 100, n * 100 + 50 if n else None, T0 + n, T0 + n + 5, T0 + 10 + n) for n in range(3)]
    for loss in [losses[2], losses[0], losses[1], losses[0]]:
        store.sink.note_loss(loss)
    store.refresh()
    assert list(store.engine.state().losses) == losses


@pytest.mark.parametrize("cursor", ["", "x", "0" * 25, "z" * 26, "é" * 26, "' OR 1"])
def test_a_cursor_that_is_none_is_refused(store: Store, cursor: str) -> None:
    """A cursor that no page gave is an error that names it."""
    with pytest.raises(QueryError) as caught:
        store.engine.search(Query(), EVERYTHING, limit=5, cursor=cursor)
    assert caught.value.field == "cursor"


#: Text that means something to SQL, GLOB, LIKE, regular expressions or a shell, and must mean itself.
HOSTILE = [
    "a%b",
    "a_b",
    "a[b]c",
    "[a-z]",
    "a'b",
    'a"b',
    "a;b--",
    "a\\b",
    "a^b$",
    "a|b",
    "(a",
    "a{2}",
    "ünïcödé",
    "ﬀ",
    "𝔘",
    "a b",
    "$1",
    "NULL",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_every_other_character_stands_for_itself(store: Store, text: str) -> None:
    """Exact values and patterns find exactly what holds their text, in each field that takes text."""
    near = text.replace("%", "x").replace("_", "x").replace("[", "x") + "x"
    fields = {"message_id": text, "quarantine_id": text, "queue_ids": [text], "client_name": text.lower(), "relay_host": text.lower()}
    other = {"message_id": near, "quarantine_id": near, "queue_ids": [near], "client_name": near.lower(), "relay_host": near.lower()}
    store.write([mail(1, keys=[keys.message_id(text)], **fields), mail(2, keys=[keys.message_id(near)], **other)])  # type: ignore[arg-type]
    for field in ("message_id", "quarantine_id", "queue_id", "client", "relay"):
        middle = f"{text[:1]}*{text[-1:]}" if len(text) > 1 else text
        for value in (text, f"?{text[1:]}", f"*{text}" if len(text) > 1 else text):
            assert found(store, Query(**{field: (value,)})) == [mail(1).id], (field, value)  # type: ignore[arg-type]
        assert mail(1).id in found(store, Query(**{field: (middle,)}))  # type: ignore[arg-type]
    assert [trace.message_id for trace in store.engine.find([keys.message_id(text)], EVERYTHING)] == [text]


def test_events_come_back_as_they_were(store: Store) -> None:
    """Every event of a trace is given back whole, hostile bytes and nested values too."""
    chance = random.Random(3)
    events = [generate.event(chance, T0, number, "q:mx/Q1", ["bob@example.net"]) for number in range(40)]
    events.append(Event(0, False, "", "", -1, 0, "", "", "", {"deep": [{"a": [None, True, 1.5, "\x00\uffff"]}]}, raw="\x00<script>" * 500))
    written = mail(1, events=events, subject="\x00\x1b[31m", score=-0.25, size=1 << 50, related=[])
    store.write([written])
    assert store.engine.get(written.id, EVERYTHING) == written
    assert store.sink.find(written.keys) == [written]


def test_times_far_away_are_kept(store: Store) -> None:
    """The first and the last millisecond that an id can hold have their place too."""
    ends = [mail(1, time_ms=0), mail(2, time_ms=(1 << 48) - 1), mail(3)]
    store.write(ends)
    assert [trace.time_ms for trace in store.engine.walk(Query(), EVERYTHING)] == [(1 << 48) - 1, T0 + 3000, 0]
    assert all(store.engine.get(trace.id, EVERYTHING) == trace for trace in ends)


@pytest.mark.parametrize("seed", [1, 2])
def test_writing_twice_in_any_order_comes_to_the_same(store: Store, seed: int) -> None:
    """Batches repeated, cut and shuffled give what the reference keeps of the distinct versions."""
    chance = random.Random(seed)
    # Of equal versions the later wins, so only versions that differ can come in any order.
    highest = {(trace.id, trace.version): trace for trace in generate.traces(seed, 200)}
    written = [*highest.values(), *highest.values()]
    chance.shuffle(written)
    reference = ReferenceStore()
    for start in range(0, len(written), 37):
        store.write(written[start : start + 37])
        reference.submit(written[start : start + 37])
    assert list(store.engine.walk(Query(), EVERYTHING)) == list(reference.walk(Query(), EVERYTHING))
    assert store.engine.codes_seen(EVERYTHING) == reference.codes_seen(EVERYTHING)
    assert store.engine.count(Query(), EVERYTHING) == reference.count(Query(), EVERYTHING)
