"""Which index holds which time: the catalog's contents, and how they are made whole from what is on the server.

Pure: what is on the server is given. Ranges are disjoint, so an id has one place, also when the period of an index is set otherwise
later. An index that is gone leaves its range behind, so that a late document does not make it anew.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from mappings.elasticsearch.names import DAY_MS, END_OF_TIME, IndexNames, Period, span

#: Beyond this Python has no dates; nothing that is logged lies there.
_LAST_MS = 253_402_300_799_000


class Range(msgspec.Struct, frozen=True, omit_defaults=True):
    """An index and the times of its ids: from `lower_ms` to before `upper_ms`."""

    name: str
    lower_ms: int
    upper_ms: int
    #: The index has been made; before that, whoever needs it makes it.
    made: bool = False
    #: It was deleted afterwards, and not by us: nothing is written there again, unless its lines are read again on purpose.
    dropped: bool = False

    def lacked(self) -> str:
        """What is said where the catalog lacked the index."""
        return f"The catalog lacked the index {self.name}, with mail from {_shown(self.lower_ms)} to {_shown(self.upper_ms)}."

    def lost(self) -> str:
        """What is lost where somebody deleted the index, and how it comes back."""
        since, until = _shown(self.lower_ms), _shown(self.upper_ms)
        return (
            f"The index {self.name} was deleted, and not by Mail Trace: mail from {since} to {until} is missing. Read it again:"
            f" mailtrace ingest --once --rebuild --since {since} --until {until} PATHS"
        )


class Listed(msgspec.Struct, frozen=True):
    """The catalog: ranges in the order of time, and the time before which nothing is kept."""

    ranges: tuple[Range, ...] = ()
    floor_ms: int = 0
    #: A lifecycle policy of the server deletes old indices.
    lifecycle: bool = False

    def holding(self, time_ms: int) -> Range | None:
        """The range around a time."""
        number = bisect_right(self.ranges, time_ms, key=lambda one: one.lower_ms) - 1
        return self.ranges[number] if number >= 0 and time_ms < self.ranges[number].upper_ms else None

    def named(self, name: str) -> Range | None:
        """The range of an index."""
        return next((one for one in self.ranges if one.name == name), None)

    def with_range(self, one: Range) -> Listed:
        """The catalog with a range added, or put in the place of the one of its name."""
        others = [other for other in self.ranges if other.name != one.name]
        return msgspec.structs.replace(self, ranges=tuple(sorted([*others, one], key=lambda other: other.lower_ms)))

    def without(self, dropped: Collection[Range]) -> Listed:
        """The catalog without ranges that retention deletes: from before their end nothing is taken any more."""
        floor = max([self.floor_ms, *(one.upper_ms for one in dropped)])
        # An index from before that time which somebody has put back stays known for as long as it is there.
        left = tuple(one for one in self.ranges if one not in dropped and (one.upper_ms > floor or (one.made and not one.dropped)))
        return msgspec.structs.replace(self, ranges=left, floor_ms=floor)

    def lost(self, there: Collection[str]) -> list[Range]:
        """The ranges whose indices somebody deleted: made once, not among those that are there, and not dropped by retention.

        What a lifecycle policy deletes is the oldest; so with one, a range is lost only where an older index is still there.
        """
        oldest = min((one.lower_ms for one in self.ranges if one.name in there), default=END_OF_TIME) if self.lifecycle else 0
        return [one for one in self.ranges if one.made and one.name not in there and one.upper_ms > max(self.floor_ms, oldest)]


@dataclass(frozen=True, slots=True)
class Index:
    """An index on the server that bears a name of ours, or is in our alias."""

    name: str
    #: Its mapping takes only the fields that it names, as every index does that was made from our template.
    strict: bool
    #: It is in the alias that searches ask.
    in_alias: bool
    closed: bool = False

    def is_ours(self, names: IndexNames) -> bool:
        """Whether it was made as one of the store, and can be looked into."""
        return self.strict and not self.closed and names.lower_ms(self.name) is not None


@dataclass(frozen=True, slots=True)
class Stray:
    """An index that is not, or not wholly, of the store, and why."""

    name: str
    why: str

    @staticmethod
    def told(strays: Collection[Stray]) -> list[str]:
        """All of them in sentences, one for each reason."""
        reasons = dict.fromkeys(stray.why for stray in strays)
        return [f"These indices {why}: {', '.join(stray.name for stray in strays if stray.why == why)}." for why in reasons]


@dataclass(frozen=True, slots=True)
class Whole:
    """A catalog made whole: with ranges for what it lacked, those ranges, and what could not be taken in."""

    listed: Listed
    taken: tuple[Range, ...] = ()
    strays: tuple[Stray, ...] = ()


def lacking(listed: Listed, there: Collection[Index], names: IndexNames) -> list[str]:
    """The names of our indices that are on the server and not, or not rightly, in the catalog."""
    known = {one.name for one in listed.ranges if one.made and not one.dropped}
    return [one.name for one in there if one.name not in known and one.is_ours(names)]


def whole(
    listed: Listed, there: Collection[Index], names: IndexNames, bounds: Mapping[str, tuple[int, int]] | None, *, old: bool = False
) -> Whole:
    """Take in what the catalog lacks. `bounds` has the least and the greatest time (milliseconds) of each such index with documents.

    The beginning of a range is in the index's name; its end is that of the shortest period that all its documents fit in. Where
    `bounds` is None nobody may look into the indices, and the longest period is assumed: too much is kept rather than too little.
    An index that holds a time of another one is not taken in: an id must have one place. One from before the time that is kept is taken
    in only with `old`, by retention itself: it may be that retention is just deleting it.
    """
    taken: list[Range] = []
    strays = [Stray(one.name, why) for one in there if (why := _why_stray(one, names)) is not None]
    wanted = [(beginning, name) for name in lacking(listed, there, names) if (beginning := names.lower_ms(name)) is not None]
    for number, (beginning, name) in enumerate(sorted(wanted)):
        first, last = (bounds or {}).get(name, (beginning, beginning))
        known = listed.named(name)
        lower = min(first, beginning if known is None else known.lower_ms)
        least = max(last + 1, lower + 1)
        following = [other for other, _ in sorted(wanted)[number + 1 :]] + [one.lower_ms for one in listed.ranges if one.name != name]
        upper = known.upper_ms if known is not None else _end(beginning, least, longest=bounds is None)
        upper = min([max(upper, least), *(other for other in following if other >= least)])
        # What nobody has made yet gives way.
        others = [one for one in listed.ranges if one.name != name and one.lower_ms < upper and lower < one.upper_ms]
        if clash := next((one for one in others if one.made), None):
            strays.append(Stray(name, f"hold times that belong to {clash.name}, and retention leaves them alone"))
            continue
        if upper <= listed.floor_ms and not old:
            strays.append(Stray(name, "are older than what retention has deleted; the next `mailtrace retention` sees to them"))
            continue
        one = Range(name, lower, upper, made=True)
        left = tuple(other for other in listed.ranges if other not in others)
        listed = msgspec.structs.replace(listed, ranges=left).with_range(one)
        taken.append(one)
    return Whole(listed, tuple(taken), tuple(sorted(strays, key=lambda stray: stray.name)))


def free(listed: Listed, time_ms: int, period: Period, names: IndexNames) -> Range:
    """The free range around a time that no index holds, a period at most."""
    lower, upper = span(time_ms, period)
    lower = max([lower, listed.floor_ms, *(one.upper_ms for one in listed.ranges if one.upper_ms <= time_ms)])
    upper = min([upper, END_OF_TIME, *(one.lower_ms for one in listed.ranges if one.lower_ms > time_ms)])
    return Range(names.index(lower), lower, upper)


def _end(beginning_ms: int, least_ms: int, *, longest: bool) -> int:
    """Where the range of an index ends that begins then, and whose documents end before `least_ms`."""
    ends = [span(beginning_ms, period)[1] for period in (Period.DAY, Period.WEEK, Period.MONTH)]
    if longest:
        return max(ends)
    return next((end for end in ends if end >= least_ms), min((least_ms // DAY_MS + 1) * DAY_MS, END_OF_TIME))


def _why_stray(one: Index, names: IndexNames) -> str | None:
    """Why an index is not, or not wholly, of the store; None where it is."""
    if not one.strict:
        return "were not made from the index template"
    if names.lower_ms(one.name) is None:
        return f"are in the alias {names.alias} and bear no name of ours" if one.in_alias else "bear no name of ours"
    if one.closed:
        return "are closed, and must be opened"
    return None if one.in_alias else f"are not in the alias {names.alias}, so that no search sees them"


def _shown(time_ms: int) -> str:
    """A time as the options take it."""
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=min(time_ms, _LAST_MS))
    return f"{when.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
