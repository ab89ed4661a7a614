"""Counts over any question, held against counting the rows one by one."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import generate
import pytest
from generate import traces
from reference import ReferenceStore

from ingest.sinks.embedded import EmbeddedSink
from mappings.criteria import BY_WORD
from mappings.fields import BY_NAME
from mappings.trace import Trace
from search.counting import Bucket, CountsAsked, TimeCounts, ValueCount, ValueCounts, countable, percentiles
from search.engines.embedded import EmbeddedEngine
from search.intervals import MOST, edges, interval_of
from search.query import Query, QueryError
from search.scope import EVERYTHING
from search.service import MailTrace

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture(scope="module")
def rows() -> list[Trace]:
    """What is in the store, but for what was superseded."""
    store = ReferenceStore()
    store.submit(traces(seed=3, count=400))
    return list(store.walk(Query(), EVERYTHING))


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailTrace]:
    """The query layer over generated traces."""
    folder = tmp_path_factory.mktemp("counted")
    with closing(EmbeddedSink(folder)) as sink:
        sink.submit(traces(seed=3, count=400))
        sink.flush()
    with MailTrace(EmbeddedEngine(folder)) as found:
        yield found


def test_values_are_counted_most_first(mail: MailTrace, rows: list[Trace]) -> None:
    """The listed, the rest and those without a value are all traces."""
    found = mail.counts(CountsAsked("reason", limit=2))
    assert isinstance(found, ValueCounts)
    plain = Counter(trace.reason.value for trace in rows if trace.reason is not None)
    ordered = sorted(plain.items(), key=lambda item: (-item[1], item[0]))
    assert [(one.value, one.count) for one in found.values] == ordered[:2]
    assert (found.total, found.distinct.value, found.exact) == (len(rows), len(plain), True)
    assert found.rest == sum(number for _, number in ordered[2:])
    assert found.missing == sum(trace.reason is None for trace in rows)


def test_two_fields_are_counted_within_each_other(mail: MailTrace, rows: list[Trace]) -> None:
    """Each value has those of the second field."""
    found = mail.counts(CountsAsked("disposition", then="verdict", limit=3))
    assert isinstance(found, ValueCounts)
    for one in found.values:
        inner = Counter(trace.verdict.value for trace in rows if trace.disposition.value == one.value)
        expected = sorted(inner.items(), key=lambda item: (-item[1], item[0]))[:3]
        assert [(then.value, then.count) for then in one.then or []] == expected


def test_a_field_beside_itself_is_itself(mail: MailTrace) -> None:
    """CountsAsked twice for the same, each value holds itself alone."""
    found = mail.counts(CountsAsked("verdict", then="verdict"))
    assert isinstance(found, ValueCounts)
    assert all([(then.value, then.count) for then in one.then or []] == [(one.value, one.count)] for one in found.values)


def test_intervals_hold_every_trace_and_are_cut_by_the_zone(mail: MailTrace, rows: list[Trace]) -> None:
    """Days of Berlin begin at its midnight; the sum is the total."""
    found = mail.counts(CountsAsked("time", interval="1d", then="disposition", limit=100), zone=BERLIN)
    assert isinstance(found, TimeCounts)
    days = Counter(datetime.fromtimestamp(trace.time_ms / 1000, BERLIN).date() for trace in rows)
    assert [one.count for one in found.buckets] == [days[day] for day in sorted(days)]
    assert all(datetime.fromisoformat(one.time).astimezone(BERLIN).hour == 0 for one in found.buckets)
    assert sum(one.count for one in found.buckets) == found.total == len(rows)
    assert all(sum(then.count for then in one.then or []) == one.count for one in found.buckets)


def test_empty_intervals_of_a_range_are_given(mail: MailTrace) -> None:
    """From since to until, whether or not there is mail."""
    query = Query(since_ms=generate.START_MS - 5 * 3_600_000, until_ms=generate.START_MS)
    found = mail.counts(CountsAsked("time", interval="1h"), query)
    assert isinstance(found, TimeCounts)
    assert [one.count for one in found.buckets] == [0] * 5


def test_percentiles_are_those_of_the_numbers(mail: MailTrace, rows: list[Trace]) -> None:
    """Nearest rank, over all and for each value."""
    found = mail.counts(CountsAsked("verdict", of="size", percentiles=(50, 99)))
    assert isinstance(found, ValueCounts)
    sizes = sorted(trace.size for trace in rows if trace.size is not None)
    assert found.percentiles == {"50": sizes[-(-len(sizes) * 50 // 100) - 1], "99": sizes[-(-len(sizes) * 99 // 100) - 1]}
    assert all(one.percentiles is not None for one in found.values)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [([], {"50": None}), ([7], {"50": 7}), ([1, 2], {"50": 1}), ([1, 2, 3], {"50": 2}), ([1] * 99 + [5], {"50": 1})],
)
def test_a_percentile_is_a_number_that_is_there(numbers: list[int], expected: dict[str, float | None]) -> None:
    """The least that so many do not exceed."""
    assert percentiles(Counter(numbers), (50,)) == expected


def test_questions_narrow_what_is_counted(mail: MailTrace, rows: list[Trace]) -> None:
    """Generated questions in the language, by generated words."""
    chance = random.Random(4)
    words = [word for word in countable() if not BY_NAME[BY_WORD[word].counted or ""].many]
    for _ in range(40):
        query = Query.of({"query": [generate.text_query(chance, rows, 2)]}, now_ms=generate.START_MS, zone=UTC)
        found = mail.counts(CountsAsked(chance.choice(words), limit=10_000), query)
        assert isinstance(found, ValueCounts)
        assert sum(one.count for one in found.values) + found.missing == found.total == mail.count(query)
        assert found.rest == 0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (CountsAsked("reson"), "by: there is nothing called “reson”; did you mean “reason”?"),
        (CountsAsked("subject"), "by: subject cannot be counted by; there are sender"),
        (CountsAsked("reason", then="domain"), "then: domain cannot be counted by"),
        (CountsAsked("reason", of="verdict", percentiles=(50,)), "of: verdict is no number; there are size, score"),
        (CountsAsked("reason", percentiles=(50,)), "percentiles: percentiles are those of a field of numbers; name it with of, as of=size"),
        (CountsAsked("reason", of="size", percentiles=(101,)), "percentiles: a percentile lies above 0 and is at most 100"),
        (CountsAsked("reason", limit=0), "limit: 0 is not a number from 1 to 10,000"),
        (CountsAsked("time", interval="soon"), "interval: “soon” is not an interval; give auto, or one such as 5m"),
        (CountsAsked("time", interval="1m"), "interval: that would be more than 10,000 intervals"),
    ],
)
def test_what_cannot_be_counted_is_said(mail: MailTrace, asked: CountsAsked, said: str) -> None:
    """Each error names the parameter and what would be right."""
    query = Query(since_ms=0, until_ms=60_000 * (MOST + 1)) if asked.interval == "1m" else Query()
    with pytest.raises(QueryError) as raised:
        mail.counts(asked, query)
    assert raised.value.sentence.startswith(said)


def test_a_tenant_counts_his_own_mail_and_no_texts_of_others(mail: MailTrace, rows: list[Trace]) -> None:
    """Counts are those of his rows; words that may name others are refused."""
    tenant = mail.narrowed(["example.net"])
    found = tenant.counts(CountsAsked("disposition", limit=100))
    assert isinstance(found, ValueCounts)
    own = Counter(trace.disposition.value for trace in rows if "example.net" in trace.visible_to)
    assert {one.value: one.count for one in found.values} == own
    with pytest.raises(QueryError, match="only by who sees all mail"):
        tenant.counts(CountsAsked("user"))


@pytest.mark.parametrize(
    ("interval", "first"),
    [
        ("1d", "2026-03-28T23:00:00+00:00"),
        ("1h", "2026-03-29T00:00:00+00:00"),
        ("1w", "2026-03-22T23:00:00+00:00"),
        ("1M", "2026-02-28T23:00:00+00:00"),
        ("1y", "2025-12-31T23:00:00+00:00"),
        ("6h", "2026-03-28T23:00:00+00:00"),
    ],
)
def test_edges_lie_on_whole_units_of_the_zone(interval: str, first: str) -> None:
    """Also on the day on which the clocks are changed."""
    since = int(datetime(2026, 3, 29, 0, 30, tzinfo=UTC).timestamp() * 1000)
    bounds = edges(since, since + 3 * 3_600_000, interval, BERLIN)
    assert datetime.fromtimestamp(bounds[0] / 1000, UTC).isoformat() == first
    assert bounds == sorted(set(bounds))
    assert bounds[-1] >= since + 3 * 3_600_000
    assert interval_of("auto", bounds[-1] - bounds[0]) != "auto"


def test_answers_leave_out_what_was_not_asked() -> None:
    """No null beside each value."""
    import msgspec

    assert msgspec.json.encode(ValueCount("a", 1)) == b'{"value":"a","count":1}'
    assert msgspec.json.encode(Bucket("2026-11-24T00:00:00.000Z", 1)) == b'{"time":"2026-11-24T00:00:00.000Z","count":1}'
