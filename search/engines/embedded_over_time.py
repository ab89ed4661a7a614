"""Counting over time by outcome in the embedded store: the chart of a page, by the way that is shortest for as many as there are."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence

from mappings import identity
from mappings.embedded.catalog import Partition
from mappings.embedded.reading import one_state
from mappings.vocabulary import Disposition
from search.engines import DISPOSITIONS, OverTime
from search.engines.embedded_counting import CountedQuestion, EachFile, EmbeddedCounting, interval_of, slots_of
from search.engines.embedded_files import OpenFile
from search.engines.embedded_plan import Plan, Span
from search.engines.embedded_span import key_of
from search.language.tree import EVERYTHING

#: So many rows are counted. Asking copies costs as much as so many rows, and each of them as so many more; of a file no more are counted
#: to learn which is less.
_MOST_COUNTED, _ASKING, _A_COPY, _ENOUGH = 100_000, 600, 200, 3_000
_HOUR_MS = 3_600_000
Counts = Sequence[Counter[Disposition]]


def over_time(each: EachFile, counting: EmbeddedCounting, asked: CountedQuestion, edges_ms: Sequence[int]) -> OverTime:
    """How many fit by disposition in each interval; of more than 100,000 the newest."""
    if len(edges_ms) < 2:
        return OverTime([])
    if asked.node == EVERYTHING and asked.domains is None and all(edge % _HOUR_MS == 0 for edge in edges_ms[1:-1]):
        return _hourly(each, asked.span, edges_ms)
    if counting.leads(asked) or (counting.is_copied(asked) and _are_many(each, asked)):
        return _of_fates(counting.fates_over_time(asked, edges_ms))
    return _of_rows(each, asked, edges_ms)


def _none(edges_ms: Sequence[int]) -> Counts:
    """Counts of nothing."""
    return [Counter[Disposition]() for _ in edges_ms[1:]]


def _of_fates(counted: Sequence[Mapping[str, int]]) -> OverTime:
    """Counts of dispositions as they are answered."""
    return OverTime([{DISPOSITIONS[word]: number for word, number in one.items()} for one in counted])


def _are_many(each: EachFile, asked: CountedQuestion) -> bool:
    """Whether so many fit that it is less work to ask copies."""
    numbers = list(each(asked.span, lambda _, file: Plan(file.connection, asked.criteria(file), asked.span).count(_ENOUGH)))
    return sum(numbers) >= _ASKING + _A_COPY * len(numbers)


def _of_rows(each: EachFile, asked: CountedQuestion, edges_ms: Sequence[int]) -> OverTime:
    """Count the newest rows, so many at most."""
    counts, left = _none(edges_ms), _MOST_COUNTED

    def fates(_partition: Partition, file: OpenFile) -> list[tuple[bytes, str]]:
        return Plan(file.connection, asked.criteria(file), asked.span).fates(left + 1)

    from_ms = None
    for rows in each(asked.span, fates):
        for key, disposition in rows[:left]:
            counts[bisect_right(edges_ms, identity.time_ms_in(key)) - 1][DISPOSITIONS[disposition]] += 1
        if len(rows) > left:
            from_ms = identity.time_ms_in(rows[left - 1][0]) if left else edges_ms[-1]
            break
        left -= len(rows)
    return OverTime([dict(one) for one in counts], from_ms)


def _hourly(each: EachFile, span: Span, edges_ms: Sequence[int]) -> OverTime:
    """Count everything: whole hours by the counts that are kept with the rows, what is broken at the ends of the span by the rows."""
    counts = _none(edges_ms)
    start, step = slots = slots_of(edges_ms)
    slot = f"(%s - {start}) / {step} AS slot, disposition"
    whole = f"SELECT {slot % f'hour * {_HOUR_MS}'}, sum(n) FROM hourly WHERE hour >= ? AND hour < ? GROUP BY 1, 2"
    broken = f"SELECT {slot % 'id_ms(id)'}, count(*) FROM trace WHERE id >= ? AND id < ? GROUP BY 1, 2"
    first, last = -(-identity.time_ms_in(span.lower) // _HOUR_MS), identity.time_ms_in(span.upper) // _HOUR_MS

    def count(_partition: Partition, file: OpenFile) -> list[tuple[int, str, int]]:
        with one_state(file.connection):
            newest = file.connection.execute("SELECT max(id) FROM trace").fetchone()[0]
            # Where nothing lies behind the span its last hour is as good as whole: mostly it is the hour that goes on now.
            until = last + 1 if newest is None or newest < span.upper else last
            begin, end = key_of(first * _HOUR_MS), key_of(until * _HOUR_MS)
            if first >= until:
                return file.connection.execute(broken, (span.lower, span.upper)).fetchall()
            ends = [Span(span.lower, begin), Span(end, span.upper)]
            found = file.connection.execute(whole, (first, until)).fetchall()
            for one in ends:
                if one.lower < one.upper:
                    found += file.connection.execute(broken, (one.lower, one.upper))
            return found

    for rows in each(span, count):
        for number, disposition, found in rows:
            counts[interval_of(edges_ms, slots, number)][DISPOSITIONS[disposition]] += found
    return OverTime([dict(one) for one in counts])
