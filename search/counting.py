"""Counts over any question: by a field, by two, over time, with percentiles of numbers; all of them from the tallies of an engine."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Literal

import msgspec

from mappings.criteria import BY_WORD, CRITERIA, Compare, Criterion
from mappings.fields import BY_NAME, Kind
from search.engines import Engine, Value
from search.intervals import edges, interval_of, within
from search.query import Query
from search.query_error import QueryError, nearest
from search.scope import Scope
from search.times import utc

#: The most values that are listed.
MOST_VALUES = 10_000
#: The word for counting over time.
TIME = "time"


class Distinct(msgspec.Struct, frozen=True):
    """How many different values there are: exactly (`eq`), or `about`."""

    value: int
    relation: str = "eq"


class ThenCount(msgspec.Struct, frozen=True):
    """A value of the second field, and how many have it."""

    value: Value
    count: int


class ValueCount(msgspec.Struct, frozen=True, omit_defaults=True):
    """A value, and how many traces have it."""

    value: Value
    count: int
    then: list[ThenCount] | None = None
    percentiles: dict[str, float | None] | None = None


class Bucket(msgspec.Struct, frozen=True, omit_defaults=True):
    """An interval, by its beginning in UTC, and how many traces were first seen in it."""

    time: str
    count: int
    then: list[ThenCount] | None = None
    percentiles: dict[str, float | None] | None = None


class ValueCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Counts by a field, most first. `rest` traces have other values than those listed, `missing` have none."""

    by: str
    total: int
    distinct: Distinct
    values: list[ValueCount]
    rest: int
    missing: int
    exact: bool = True
    percentiles: dict[str, float | None] | None = None
    #: Tells typed programs which of the two it is.
    kind: Literal["values"] = "values"


class TimeCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Counts over time, with the intervals that are empty."""

    by: str = TIME
    interval: str
    total: int
    buckets: list[Bucket]
    exact: bool = True
    percentiles: dict[str, float | None] | None = None
    kind: Literal["time"] = "time"


@dataclass(frozen=True, slots=True)
class CountsAsked:
    """What is counted: by which word, then by which, percentiles of which field of numbers."""

    by: str
    then: str | None = None
    of: str | None = None
    percentiles: tuple[float, ...] = ()
    limit: int = 10
    interval: str = "auto"


def counts(engine: Engine, query: Query, scope: Scope, asked: CountsAsked, zone: tzinfo) -> ValueCounts | TimeCounts:
    """Count; raises `QueryError` where a word is none that can be counted."""
    if not 1 <= asked.limit <= MOST_VALUES:
        raise QueryError(f"{asked.limit} is not a number from 1 to {MOST_VALUES:,}", field="limit")
    if asked.percentiles and asked.of is None:
        raise QueryError("percentiles are those of a field of numbers", field="percentiles", hint="name it with of, as of=size")
    if any(not 0 < percent <= 100 for percent in asked.percentiles):
        raise QueryError("a percentile lies above 0 and is at most 100", field="percentiles")
    counting = _Counting(engine, scope, asked)
    return counting.over_time(query, zone) if asked.by == TIME else counting.by_value(query, counted_field(asked.by, "by", scope))


class _Counting:
    """What is counted, of whatever question."""

    def __init__(self, engine: Engine, scope: Scope, asked: CountsAsked) -> None:
        self._engine, self._scope, self._asked = engine, scope, asked
        self._then = None if asked.then is None else counted_field(asked.then, "then", scope)
        self._of = None if asked.of is None else _number(asked.of, scope)

    def by_value(self, query: Query, by: str) -> ValueCounts:
        """Count by the values of a field."""
        top = self._engine.top(query, self._scope, by, self._asked.limit)
        among = [value for value, _ in top.values]
        thens, numbers = self._beside(query, by, self._then, among), self._beside(query, by, self._of, among)
        return ValueCounts(
            by=self._asked.by,
            # Where each trace has one value, they are all traces.
            total=self._engine.count(query, self._scope) if BY_NAME[by].many else top.missing + top.rest + sum(n for _, n in top.values),
            distinct=Distinct(top.kinds),
            values=[
                ValueCount(value, number, self._listed(thens, value), self._percentiles(numbers, value)) for value, number in top.values
            ],
            # A trace with several values is under each.
            rest=top.rest,
            missing=top.missing,
            percentiles=self._of_all(query),
        )

    def over_time(self, query: Query, zone: tzinfo) -> TimeCounts:
        """Count over time, from since to until, else from the first interval with mail to the last."""
        oldest, newest = self._ends(query)
        since = query.since_ms if query.since_ms is not None else oldest
        until = query.until_ms if query.until_ms is not None else (None if newest is None else newest + 1)
        if since is None or until is None or until <= since:
            return TimeCounts(interval=interval_of(self._asked.interval, 1), total=0, buckets=[])
        interval = interval_of(self._asked.interval, until - since)
        bounds = edges(since, until, interval, zone)
        ends = [since, *bounds[1:-1], until]
        counted = self._engine.tally_over_time(query, self._scope, ends, [])
        thens, numbers = (self._inside(query, ends, one) for one in (self._then, self._of))
        totals = [one.total() for one in counted]
        filled = within(bounds, totals)
        first = 0 if query.since_ms is not None else filled[0]
        behind = len(totals) if query.until_ms is not None else filled[1]
        buckets = [
            Bucket(utc(bounds[n]), totals[n], self._listed(thens[n], None), self._percentiles(numbers[n], None))
            for n in range(first, behind)
        ]
        return TimeCounts(interval=interval, total=sum(totals), buckets=buckets, percentiles=self._of_all(query))

    def _ends(self, query: Query) -> tuple[int | None, int | None]:
        """The times between which there is mail. What a tenant gets is cut by his own alone, whatever others have."""
        if query.since_ms is not None and query.until_ms is not None:
            return None, None
        if self._scope.domains is not None:
            return self._engine.bounds(query, self._scope) or (None, None)
        state = self._engine.state()
        return state.oldest_ms, state.newest_ms

    def _inside(self, query: Query, edges_ms: Sequence[int], field: str | None) -> list[Mapping[Value, Counter[Value]]]:
        """Counts by another field, in each interval."""
        if field is None:
            return [{} for _ in edges_ms[1:]]
        counted = self._engine.tally_over_time(query, self._scope, edges_ms, [field])
        return [{None: Counter({value: number for (value,), number in one.items()})} for one in counted]

    def _tally(self, query: Query, field: str) -> Counter[Value]:
        """Counts by one field."""
        return Counter({value: number for (value,), number in self._engine.tally(query, self._scope, [field]).items()})

    def _beside(self, query: Query, by: str, other: str | None, among: Sequence[Value]) -> Mapping[Value, Counter[Value]]:
        """Counts by another field, for each of these values of the first."""
        found: defaultdict[Value, Counter[Value]] = defaultdict(Counter)
        if other is None:
            return found
        fields = [by] if other == by else [by, other]
        for values, number in self._engine.tally(query, self._scope, fields, among=among).items():
            found[values[0]][values[-1]] += number
        return found

    def _of_all(self, query: Query) -> dict[str, float | None] | None:
        """The percentiles over everything."""
        return None if self._of is None else percentiles(self._tally(query, self._of), self._asked.percentiles)

    def _percentiles(self, found: Mapping[Value, Counter[Value]], value: Value) -> dict[str, float | None] | None:
        """The percentiles for one value or interval."""
        return None if self._of is None else percentiles(found.get(value, Counter()), self._asked.percentiles)

    def _listed(self, found: Mapping[Value, Counter[Value]], value: Value) -> list[ThenCount] | None:
        """The values of the second field, most first, for one value or interval."""
        return None if self._then is None else _then(found.get(value, Counter()), self._asked.limit)


def _then(found: Counter[Value], limit: int) -> list[ThenCount]:
    """The values of the second field, most first."""
    ordered = sorted(((value, number) for value, number in found.items() if value is not None), key=lambda item: (-item[1], str(item[0])))
    return [ThenCount(value, number) for value, number in ordered[:limit]]


def percentiles(found: Mapping[Value, int], wanted: Sequence[float]) -> dict[str, float | None]:
    """The least value that so many per cent of the traces with one do not exceed (nearest rank); None where none has one."""
    numbers = sorted((float(value), number) for value, number in found.items() if isinstance(value, int | float))
    total = sum(number for _, number in numbers)
    answer: dict[str, float | None] = {}
    for percent in wanted:
        rank, passed, at = max(1, -(-total * percent // 100)), 0, None
        for value, number in numbers:
            passed += number
            if passed >= rank:
                at = value
                break
        answer[f"{percent:g}"] = at
    return answer


def countable() -> list[str]:
    """The words that can be counted by, in their order."""
    return [criterion.name for criterion in CRITERIA if criterion.counted is not None]


def counted_field(word: str, parameter: str, scope: Scope) -> str:
    """The field that a word counts by."""
    criterion = _criterion(word, parameter, scope)
    if criterion.counted is None:
        raise QueryError(f"{criterion.called} cannot be counted by", field=parameter, hint=f"there are {', '.join(countable())}")
    return criterion.counted


def _number(word: str, scope: Scope) -> str:
    """The field of numbers that a word names."""
    criterion = _criterion(word, "of", scope)
    if criterion.compare is not Compare.NUMBER or BY_NAME[criterion.over[0]].kind not in (Kind.INTEGER, Kind.FLOAT):
        numbers = [one.name for one in CRITERIA if one.compare is Compare.NUMBER]
        raise QueryError(f"{criterion.called} is no number", field="of", hint=f"there are {', '.join(numbers)}")
    return criterion.over[0]


def _criterion(word: str, parameter: str, scope: Scope) -> Criterion:
    """What a word means; what names others is counted for who sees all mail alone."""
    criterion = BY_WORD.get(word) or BY_WORD.get(word.strip().lower().replace("-", "_"))
    if criterion is None:
        hint = nearest(word, BY_WORD) or f"there are {', '.join(countable())}"
        raise QueryError(f"there is nothing called “{word[:60]}”", field=parameter, hint=hint)
    if scope.domains is not None and criterion.private:
        raise QueryError(f"{criterion.called} can be counted only by who sees all mail", field=parameter)
    return criterion
