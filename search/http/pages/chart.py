"""Mail over time: where the intervals lie, the table of counts, and the bars that are drawn of them."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final
from urllib.parse import urlencode

import msgspec

from mappings import identity
from mappings.locales import Book
from mappings.vocabulary import Disposition
from search.answers import TraceAnswer
from search.engines import OverTime
from search.http.pages.clock import Clock, Moment
from search.http.pages.question import Question, short_time
from search.http.pages.words import GROUPS, OutcomeGroup

#: There are at most so many bars.
_MOST = 48
#: How high it is in pixels, without its axis.
HEIGHT: Final = 64
#: At most so many marks stand on the axis, and none so near its end that its words would not fit.
_TICKS, _LAST_TICK = 8, 93
_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
_SHORT = (
    tuple(number * _SECOND for number in (1, 2, 5, 10, 15, 30))
    + tuple(number * _MINUTE for number in (1, 2, 5, 10, 15, 30))
    + tuple(number * _HOUR for number in (1, 2, 3, 6, 12))
)
_DAYS = (1, 2, 7, 14, 28, 91, 182, 364)


class Cell(msgspec.Struct, frozen=True, gc=False):
    """A number, and the traces that it counts."""

    group: OutcomeGroup
    count: int
    #: The part of an address behind the `?`; empty where there is nothing to see.
    address: str


class Segment(msgspec.Struct, frozen=True, gc=False):
    """A part of a bar, in pixels from above."""

    tone: str
    top: int
    height: int


class Tick(msgspec.Struct, frozen=True, gc=False):
    """A mark on the axis of time: its place in hundredths of the width, and what it says; every second is left out on a phone."""

    at: float
    words: str
    second: bool


class ChartRow(msgspec.Struct, frozen=True, gc=False):
    """One interval."""

    begin: Moment
    end: Moment
    total: int
    address: str
    cells: tuple[Cell, ...]
    #: Its bounds as they stand in an address.
    since: str
    until: str
    book: Book

    @property
    def words(self) -> str:
        """What the bar says to whoever points at it."""
        begin, end = (f"{moment.day} {moment.time}" for moment in (self.begin, self.end))
        return self.book.say(
            "{begin} to {end}: {counts}", begin=begin, end=end, counts=_listed(self.cells, self.book) or self.book.say("none")
        )


@dataclass(frozen=True, slots=True)
class Chart:
    """The whole chart: its legend, which counts everything, and its intervals."""

    legend: tuple[Cell, ...]
    rows: tuple[ChartRow, ...]
    #: What one bar stands for: `1 hour`.
    step: str
    #: Whether a bar stands for whole days.
    days: bool
    #: From when on is counted, where there is too much mail to count all of it.
    counted_from: Moment | None
    book: Book

    @property
    def greatest(self) -> int:
        """The most that one interval has."""
        return max(row.total for row in self.rows)

    @property
    def bars(self) -> list[tuple[ChartRow, float, list[Segment]]]:
        """The bars: what each counts, where it stands in hundredths of the width, and its parts from below."""
        width, greatest = 100 / len(self.rows), self.greatest
        return [(row, round(n * width, 3), _segments(row, greatest)) for n, row in enumerate(self.rows)]

    @property
    def ticks(self) -> list[Tick]:
        """The marks on the axis: times, with their day where it is another one than that of the mark before."""
        every = -(-len(self.rows) // _TICKS)
        found: list[Tick] = []
        # On a phone, where every second one is left out, those that stay are read after each other.
        before = ["", ""]
        for number, row in enumerate(self.rows[::every]):
            at, second, day = round(number * every * 100 / len(self.rows), 3), number % 2 == 1, row.begin.day
            same = before[1] == day and (second or before[0] == day)
            before = [before[0] if second else day, day]
            local = row.begin.local
            time = row.begin.time if local.second else f"{local:%H:%M}"
            # A day and seconds together would reach into the next mark on a phone.
            whole = self.days or not (local.hour or local.minute) or (local.second and not same)
            words = day if whole else time if same else f"{day} {time}"
            if at <= _LAST_TICK:
                found.append(Tick(at, words, second))
        return found

    @property
    def label(self) -> str:
        """What the picture is of, for whoever does not see it."""
        return self.book.say(
            "Messages over time by outcome, one bar for {length}: {counts}. The same numbers are in the table.",
            length=self.step,
            counts=_listed(self.legend, self.book),
        )


def _segments(row: ChartRow, greatest: int) -> list[Segment]:
    """The parts of a bar: whatever is there is seen."""
    found, bottom = [], HEIGHT
    for cell in row.cells:
        if cell.count:
            height = max(round(cell.count * (HEIGHT - 4) / greatest), 2)
            bottom -= height
            found.append(Segment(cell.group.tone, max(bottom, 0), height))
    return found


def _listed(cells: Sequence[Cell], book: Book) -> str:
    """Numbers by outcome, as one says them."""
    return ", ".join(f"{book.say(cell.group.label)} {book.number(cell.count)}" for cell in cells if cell.count)


def edges(since_ms: int, until_ms: int, zone: tzinfo) -> tuple[list[int], int]:
    """Where the intervals of a time range begin and end, on whole hours and days of the zone; and the length of one in milliseconds."""
    span = max(until_ms - since_ms, 1)
    for step in _SHORT:
        if span <= step * _MOST:
            return _cut(since_ms, until_ms, _whole_steps(since_ms, until_ms, step, zone)), step
    days = next((number for number in _DAYS if span <= number * _DAY * _MOST), -(-span // (_DAY * _MOST)))
    return _cut(since_ms, until_ms, _whole_days(since_ms, until_ms, days, zone)), days * _DAY


def _cut(since_ms: int, until_ms: int, inner: Sequence[int]) -> list[int]:
    """The bounds that lie within a range, with its ends."""
    return [since_ms, *inner[bisect_right(inner, since_ms) :], until_ms]


def _whole_steps(since_ms: int, until_ms: int, step: int, zone: tzinfo) -> list[int]:
    """Bounds that are whole in the zone as it is at the begin; where clocks are changed, the later ones go on in the same step."""
    offset = datetime.fromtimestamp(since_ms / 1000, zone).utcoffset() or timedelta()
    shift = offset // timedelta(milliseconds=1)
    first = (since_ms + shift) // step * step - shift
    return list(range(first, until_ms, step))


def _whole_days(since_ms: int, until_ms: int, days: int, zone: tzinfo) -> list[int]:
    """Midnights of the zone; weeks begin on a Monday."""
    day = datetime.fromtimestamp(since_ms / 1000, zone).date()
    if days % 7 == 0:
        day -= timedelta(days=day.weekday())
    found: list[int] = []
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    while True:
        bound = (datetime.combine(day, time(), zone) - epoch) // timedelta(milliseconds=1)
        if bound >= until_ms:
            return found
        found.append(bound)
        day += timedelta(days=days)


def counted_over_time(traces: Iterable[TraceAnswer], bounds: Sequence[int]) -> OverTime:
    """How many of these have each disposition in each interval, as a store counts them."""
    counts = [Counter[Disposition]() for _ in bounds[1:]]
    for trace in traces:
        time_ms = identity.time_ms_of(trace.id)
        if bounds[0] <= time_ms < bounds[-1]:
            counts[bisect_right(bounds, time_ms) - 1][trace.disposition] += 1
    return OverTime([dict(one) for one in counts])


def clipped(bounds: Sequence[int], counts: Sequence[Mapping[Disposition, int]]) -> tuple[int, int] | None:
    """Where there is mail, where that is less than half of what was looked at; None where it is not."""
    full = [number for number, one in enumerate(counts) if any(one.values())]
    if not full or 2 * (full[-1] + 1 - full[0]) > len(counts):
        return None
    return bounds[full[0]], bounds[full[-1] + 1]


def step_in_words(step: int, book: Book) -> str:
    """How long an interval is: `1 hour`, `15 minutes`."""
    for length, phrase in ((_DAY, "{count} days"), (_HOUR, "{count} hours"), (_MINUTE, "{count} minutes")):
        if step % length == 0:
            return book.say(phrase, count=step // length)
    return book.say("{count} seconds", count=step // _SECOND)


def chart_of(question: Question, bounds: Sequence[int], step: int, counted: OverTime, clock: Clock) -> Chart:
    """The chart of these counts, each number with the address of what it counts."""
    of_groups = [urlencode([("disposition", word) for word in _members(question, group)]) for group in GROUPS]
    others = question.with_values(disposition=None, since=None, until=None)
    whole = question.with_values(since=None, until=None)
    rows = [_row((whole, others, of_groups), (bounds[n], bounds[n + 1]), one, clock) for n, one in enumerate(counted.counts)]
    legend = []
    for number, group in enumerate(GROUPS):
        total = sum(row.cells[number].count for row in rows)
        legend.append(Cell(group, total, question.with_values(disposition=_members(question, group)) if total else ""))
    counted_from = None if counted.from_ms is None else clock.at(counted.from_ms)
    return Chart(tuple(legend), tuple(rows), step_in_words(step, clock.book), step >= _DAY, counted_from, clock.book)


def _row(asked: tuple[str, str, Sequence[str]], span: tuple[int, int], counts: Mapping[Disposition, int], clock: Clock) -> ChartRow:
    """One interval with its numbers; what is asked without times, and without outcomes, and the outcomes of each group, as addresses."""
    whole, others, of_groups = asked
    begin, end = span
    since, until = short_time(begin), short_time(end)
    # All that a time has of what is written otherwise in an address.
    times = f"since={since}&until={until}".replace(":", "%3A")
    cells = []
    for group, outcomes in zip(GROUPS, of_groups, strict=True):
        count = sum(counts.get(disposition, 0) for disposition in group.members)
        cells.append(Cell(group, count, "&".join(filter(None, (others, outcomes, times))) if count else ""))
    total = sum(cell.count for cell in cells)
    address = "&".join(filter(None, (whole, times))) if total else ""
    return ChartRow(clock.at(begin), clock.at(end), total, address, tuple(cells), since, until, clock.book)


def _members(question: Question, group: OutcomeGroup) -> list[str]:
    """The dispositions of a group, as far as the question asks for them."""
    asked = question.values("disposition")
    return [member.value for member in group.members if not asked or member.value in asked]
