"""The sections of the Insights page: ranked values as bars and as a table, each number with the address of its traces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from mappings.locales import Book
from mappings.vocabulary import Direction, Disposition, Reason, Verdict
from search.counting import TIME, Bucket, CountsAsked, TimeCounts, ValueCounts
from search.differing import Differences
from search.engines import Value
from search.http.pages.clock import Clock, Moment
from search.http.pages.presets import Preset, label_of
from search.http.pages.question import Question, short_time
from search.http.pages.words import DIRECTIONS, DISPOSITIONS, REASONS, VERDICT_NAMES
from search.language import parse
from search.narrowing import both, narrowed
from search.query import Query
from search.ranking import RankedValue, Ranking, period_before
from search.service import MailTrace

#: So many values are shown of a preset, and of a field that was chosen.
_FEW, _MANY = 10, 100
#: Width of a bar in the units of its drawing, and the size of a small picture over time.
_BAR: Final = 100
_SPARK: Final = (120, 24)
_PERCENTILES = (50.0, 95.0)


@dataclass(frozen=True, slots=True)
class Bar:
    """A value: what it is, how much of it there is, and where its traces are."""

    label: str
    value: Value
    #: True where it is a stranger's word.
    foreign: bool
    count: int
    #: The part of an address behind the `?`; empty where its traces cannot be asked for.
    address: str
    width: float
    share: str
    before: int | None = None
    before_address: str = ""
    before_width: float = 0
    change: str = ""
    #: Median and 95th percentile, where numbers are asked for.
    numbers: tuple[str, ...] = ()
    #: Over time: where each column begins, how wide and how high it is.
    spark: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class TimeLine:
    """One interval with its numbers, and where their traces are."""

    begin: Moment
    cells: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Everything that is shown of one preset."""

    key: str
    title: str
    #: What the values are called.
    what: str
    bars: tuple[Bar, ...]
    total: int
    rest: int
    missing: int
    missing_address: str
    distinct: int
    compared: bool
    csv: str
    times: tuple[TimeLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Telling:
    """One value that differs."""

    what: str
    label: str
    foreign: bool
    count: int
    share: str
    elsewhere: int
    share_elsewhere: str
    address: str


def value_label(by: str, value: Value) -> tuple[str, bool]:
    """A value as a phrase of the page, and whether it is a stranger's."""
    if value == "":
        return "<>", False
    known: dict[str, Mapping[str, str]] = {
        "disposition": {one.value: DISPOSITIONS[one].label for one in Disposition},
        "verdict": {one.value: VERDICT_NAMES[one] for one in Verdict},
        "reason": {one.value: REASONS[one] for one in Reason},
        "direction": {one.value: DIRECTIONS[one] for one in Direction},
    }
    if by in known and str(value) in known[by]:
        return known[by][str(value)], False
    return (("yes" if value else "no"), False) if isinstance(value, bool) else (str(value), True)


def section_of(mail: MailTrace, question: Question, preset: Preset, clock: Clock, *, many: bool = False) -> Section:
    """Count for a section, and put it into words."""
    asked = _narrowed(question.query, preset.only, clock)
    found = mail.ranking(asked, preset.by, limit=_MANY if many else _FEW)
    before = period_before(question.query, clock.now_ms)
    numbers = _numbers(mail, asked, preset, clock.book)
    times = _over_time(mail, asked, preset, clock)
    shown = _Shown(question, preset, found, before, numbers, times, clock.book)
    return Section(
        key=preset.key,
        title=preset.title,
        what=label_of(preset.by),
        bars=tuple(map(shown.bar, found.values)),
        total=found.total,
        rest=found.rest,
        missing=found.missing,
        missing_address=shown.address(found.missing_query) if found.missing else "",
        distinct=found.distinct,
        compared=before is not None,
        csv=urlencode([*question.items, ("by", preset.by) if many else ("section", preset.key)]),
        times=shown.lines(clock),
    )


def telling_of(question: Question, found: Differences, book: Book) -> list[Telling]:
    """What differs, as it is shown."""
    listed = []
    for one in found.values:
        label, foreign = value_label(one.by, one.value)
        address = "" if one.query is None else question.with_values(query=one.query)
        listed.append(
            Telling(
                label_of(one.by),
                label,
                foreign,
                one.count,
                book.share(one.share, 1),
                one.elsewhere,
                book.share(one.share_elsewhere, 2),
                address,
            )
        )
    return listed


@dataclass(frozen=True, slots=True)
class _Shown:
    """What was counted for a section, on its way to the page."""

    question: Question
    preset: Preset
    found: Ranking
    before: Query | None
    numbers: Mapping[Value, tuple[str, ...]]
    times: TimeCounts | None
    book: Book

    def bar(self, one: RankedValue) -> Bar:
        """A value."""
        most = max((max(each.count, each.before or 0) for each in self.found.values), default=1) or 1
        label, foreign = value_label(self.preset.by, one.value)
        return Bar(
            label=label,
            value=one.value,
            foreign=foreign,
            count=one.count,
            address=self.address(one.query),
            width=round(_BAR * one.count / most, 2),
            share=self.book.share(one.count / self.found.total, 1) if self.found.total else "",
            before=one.before,
            before_address=self.address(one.query, earlier=True) if one.before else "",
            before_width=round(_BAR * (one.before or 0) / most, 2),
            change=_change(one.count, one.before, self.book),
            numbers=self.numbers.get(one.value, ()),
            spark=self.spark(one.value),
        )

    def address(self, asked: str | None, *, earlier: bool = False, span: tuple[int, int] | None = None) -> str:
        """Where the traces of a value are, of the period before where that is meant, or of one interval."""
        if asked is None:
            return ""
        if earlier and self.before is not None and self.before.since_ms is not None and self.before.until_ms is not None:
            span = (self.before.since_ms, self.before.until_ms)
        parts = [part for part in (self.question.value("query"), self.preset.only, asked) if part]
        query = parts[0] if len(parts) == 1 else both(" and ".join(f"({part})" for part in parts[:-1]), parts[-1])
        times = {} if span is None else {"since": short_time(span[0]), "until": short_time(span[1])}
        return self.question.with_values(query=query, **times)

    def spark(self, value: Value) -> tuple[tuple[float, float, float], ...]:
        """A small picture of a value over time."""
        if self.times is None or not self.times.buckets:
            return ()
        counts = [_then(bucket, value) for bucket in self.times.buckets]
        width, most = _SPARK[0] / len(counts), max(counts) or 1
        heights = [round(_SPARK[1] * number / most, 2) for number in counts]
        return tuple((round(width * at, 2), round(max(width - 0.5, 0.5), 2), height) for at, height in enumerate(heights))

    def lines(self, clock: Clock) -> tuple[TimeLine, ...]:
        """The intervals, each with the numbers of the values in their order."""
        if self.times is None:
            return ()
        begins = [clock.of(bucket.time) for bucket in self.times.buckets]
        since = self.question.query.since_ms or 0
        bounds = [max(int(moment.utc.timestamp() * 1000), since) for moment in begins]
        ends = [*bounds[1:], self.question.query.until_ms or clock.now_ms]
        lines = []
        for bucket, begin, span in zip(self.times.buckets, begins, zip(bounds, ends, strict=True), strict=True):
            counts = [(_then(bucket, one.value), one.query) for one in self.found.values]
            lines.append(TimeLine(begin, tuple((count, self.address(asked, span=span) if count else "") for count, asked in counts)))
        return tuple(lines)


def _narrowed(query: Query, only: str, clock: Clock) -> Query:
    """The question for the mail that a section is about."""
    return narrowed(query, parse(only, now_ms=clock.now_ms, zone=clock.zone)) if only else query


def _numbers(mail: MailTrace, query: Query, preset: Preset, book: Book) -> dict[Value, tuple[str, ...]]:
    """Median and 95th percentile of each value, where a section has numbers."""
    if not preset.of:
        return {}
    found = mail.counts(CountsAsked(preset.by, of=preset.of, percentiles=_PERCENTILES, limit=_MANY), query)
    listed = found.values if isinstance(found, ValueCounts) else []
    return {
        one.value: tuple("–" if number is None else book.number(float(f"{number:.3g}")) for number in (one.percentiles or {}).values())
        for one in listed
    }


def _over_time(mail: MailTrace, query: Query, preset: Preset, clock: Clock) -> TimeCounts | None:
    """The values over time, where a section shows that."""
    if not preset.over_time:
        return None
    found = mail.counts(CountsAsked(TIME, then=preset.by, limit=_MANY), query, zone=clock.zone)
    return found if isinstance(found, TimeCounts) else None


def _then(bucket: Bucket, value: Value) -> int:
    """The number of one value in an interval."""
    return next((one.count for one in bucket.then or [] if one.value == value), 0)


def _change(count: int, before: int | None, book: Book) -> str:
    """How a number stands to the one of the period before."""
    if before is None:
        return ""
    if not before:
        return book.say("new") if count else ""
    change = round(100 * (count - before) / before)
    return f"+{book.number(change)} %" if change > 0 else f"−{book.number(-change)} %" if change else book.say("as before")
