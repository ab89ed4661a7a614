"""Counting over time by outcome in the embedded store: the chart of a page, by the way that is shortest for as many as there are."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from mappings import identity
from mappings.embedded.catalog import Partition
from mappings.vocabulary import Disposition
from search.engines import DISPOSITIONS, OverTime
from search.engines.embedded_counting import CountedQuestion, EachFile, EmbeddedCounting, slots_of
from search.engines.embedded_files import OpenFile
from search.engines.embedded_plan import Plan, Span
from search.engines.embedded_span import key_of
from search.language.tree import EVERYTHING

#: So many rows are counted. From so many on columnar copies are asked where there are any; and so few are counted as soon as looked at.
_MOST_COUNTED, _FEW, _VERY_FEW = 100_000, 3_000, 300
_HOUR_MS = 3_600_000
Counts = Sequence[Counter[Disposition]]


def over_time(each: EachFile, counting: EmbeddedCounting, asked: CountedQuestion, edges_ms: Sequence[int]) -> OverTime:
    """How many fit by disposition in each interval; of more than 100,000 the newest."""
    if len(edges_ms) < 2:
        return OverTime([])
    counts = _none(edges_ms)
    if asked.node == EVERYTHING and asked.domains is None and all(edge % _HOUR_MS == 0 for edge in edges_ms[1:-1]):
        ends = _hourly(each, asked.span, edges_ms, counts)
        return _of_rows(each, [replace(asked, span=span) for span in ends], edges_ms, counts)
    if not counting.leads(asked):
        few = _of_rows(each, [asked], edges_ms, _none(edges_ms), _VERY_FEW)
        if few.from_ms is None:
            return few
        if not (counting.is_copied(asked) and _are_many(each, asked)):
            return _of_rows(each, [asked], edges_ms, counts)
    return _of_fates(counting.fates_over_time(asked, edges_ms))


def _of_rows(
    each: EachFile, parts: Sequence[CountedQuestion], edges_ms: Sequence[int], counts: Counts, most: int = _MOST_COUNTED
) -> OverTime:
    """Add the rows of these parts of a question, the newest first, and so many at most."""
    left, from_ms = most, None
    for part in parts:
        left, from_ms = _newest(each, part, edges_ms, counts, left)
        if from_ms is not None:
            break
    return OverTime([dict(one) for one in counts], from_ms)


def _none(edges_ms: Sequence[int]) -> Counts:
    """Counts of nothing."""
    return [Counter[Disposition]() for _ in edges_ms[1:]]


def _of_fates(counted: Sequence[Mapping[str, int]]) -> OverTime:
    """Counts of dispositions as they are answered."""
    return OverTime([{DISPOSITIONS[word]: number for word, number in one.items()} for one in counted])


def _are_many(each: EachFile, asked: CountedQuestion) -> bool:
    """Whether so many fit that copies are asked."""
    total = 0
    for number in each(asked.span, lambda _, file: Plan(file.connection, asked.criteria(file), asked.span).count(_FEW)):
        total += number
        if total >= _FEW:
            return True
    return False


def _newest(each: EachFile, asked: CountedQuestion, edges_ms: Sequence[int], counts: Counts, left: int) -> tuple[int, int | None]:
    """Count the newest rows, so many at most; gives how many more may be counted, and from when on it counted where more fit."""

    def fates(_partition: Partition, file: OpenFile) -> list[tuple[bytes, str]]:
        return Plan(file.connection, asked.criteria(file), asked.span).fates(left + 1)

    for rows in each(asked.span, fates):
        cut = len(rows) > left
        from_ms = (identity.time_ms_in(rows[left - 1][0]) if left else edges_ms[-1]) if cut else None
        for key, disposition in rows[:left]:
            counts[bisect_right(edges_ms, identity.time_ms_in(key)) - 1][DISPOSITIONS[disposition]] += 1
        left -= min(left, len(rows))
        if cut:
            return left, from_ms
    return left, None


def _hourly(each: EachFile, span: Span, edges_ms: Sequence[int], counts: Counts) -> list[Span]:
    """Add the whole hours of a span, of everything, from the counts that are kept with the rows; gives what is left at its ends."""
    first, last = -(-identity.time_ms_in(span.lower) // _HOUR_MS), identity.time_ms_in(span.upper) // _HOUR_MS
    if first >= last:
        return [span]
    first_ms, last_ms = first * _HOUR_MS, last * _HOUR_MS
    begin, end = key_of(first_ms), key_of(last_ms)
    # Hours that lie in one interval together are added up by the file.
    start, step = slots_of([first_ms, *(edge for edge in edges_ms[1:-1] if first_ms < edge < last_ms), last_ms])
    slot = f"(hour * {_HOUR_MS} - {start}) / {step}"
    statement = f"SELECT {slot}, disposition, sum(n) FROM hourly WHERE hour >= ? AND hour < ? GROUP BY 1, 2"
    for rows in each(Span(begin, end), lambda _, file: file.connection.execute(statement, (first, last)).fetchall()):
        for number, disposition, found in rows:
            time_ms = max(start + number * step, first_ms)
            counts[bisect_right(edges_ms, time_ms) - 1][DISPOSITIONS[disposition]] += found
    return [one for one in (Span(end, span.upper), Span(span.lower, begin)) if one.lower < one.upper]
