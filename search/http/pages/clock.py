"""Times as a reader sees them: in the reader's zone, which is always named, with UTC beside it, and in the reader's language."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec.structs import replace

from mappings.locales import ENGLISH, Book, book

MONTHS: Final = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LONGEST_NAME = 64
_ENGLISH: Final = "en_GB"
#: As `search.answers.utc_words` and `search.explain` write times into their sentences.
_IN_WORDS = re.compile(rf"\b([0-9]{{1,2}}) ({'|'.join(m[:3] for m in MONTHS)})[a-z]* ([0-9]{{4}})( at)? ([0-9]{{2}}):([0-9]{{2}}) UTC\b")


@lru_cache(maxsize=256)
def zone_of(name: str) -> ZoneInfo | None:
    """The zone of this name, or None where there is none; the name comes from a cookie, so it may be anything."""
    if not 0 < len(name) <= _LONGEST_NAME:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class Clock:
    """The reader's zone and language, and now."""

    zone: tzinfo
    #: As people choose it: `Europe/Berlin`.
    name: str
    now_ms: int
    #: In which language days and all words are written.
    book: Book = field(default_factory=lambda: book(ENGLISH))

    def at(self, time_ms: int) -> Moment:
        """A moment in milliseconds since 1970 UTC."""
        return self._moment(datetime.fromtimestamp(time_ms / 1000, UTC))

    def of(self, stamp: str) -> Moment:
        """A moment as it stands in an answer, in RFC 3339."""
        return self._moment(datetime.fromisoformat(stamp))

    @property
    def now(self) -> Moment:
        """Now."""
        return self.at(self.now_ms)

    @property
    def abbreviation(self) -> str:
        """What the zone is called at present: `CET`."""
        return self.now.zone

    def localised(self, sentence: str) -> str:
        """A sentence of the service in the reader's language, with the times that it tells in UTC told in the reader's zone."""
        return _IN_WORDS.sub(self._in_words, self.book.told(sentence))

    def _in_words(self, found: re.Match[str]) -> str:
        month = next(number for number, name in enumerate(MONTHS, 1) if name.startswith(found[2]))
        try:
            here = self._moment(datetime(int(found[3]), month, int(found[1]), int(found[5]), int(found[6]), tzinfo=UTC))
        except ValueError:
            return found[0]
        if self.book.code != ENGLISH:
            return f"{here.date('yMMMd')} {here.local:%H:%M} {here.zone}"
        name = MONTHS[here.local.month - 1] if found[4] else MONTHS[here.local.month - 1][:3]
        return f"{here.local.day} {name} {here.local.year}{found[4] or ''} {here.local:%H:%M} {here.zone}"

    def _moment(self, utc: datetime) -> Moment:
        try:
            local = utc.astimezone(self.zone)
        except OverflowError:
            # A stamp of a stranger at the end of the calendar stays in UTC.
            local = utc
        return Moment(utc.astimezone(UTC), local, local.year == _year(self.now_ms, self.zone), self.book.locale)


class Moment(msgspec.Struct, frozen=True, gc=False):
    """One moment, in the words in which pages show it."""

    utc: datetime
    local: datetime
    this_year: bool
    locale: str = _ENGLISH

    @property
    def iso(self) -> str:
        """For programs: `2026-11-24T04:06:42Z`."""
        return f"{self.utc.isoformat()[:19]}Z"

    @property
    def title(self) -> str:
        """In UTC, for whoever points at it."""
        return f"{self.utc.isoformat(' ')[:19]} UTC"

    @property
    def day(self) -> str:
        """The day: `24 Nov`, with its year where it is not this one."""
        return self.date("MMMd") if self.this_year else self.date("yMMMd")

    @property
    def time(self) -> str:
        """The time of the day: `05:06:42`."""
        return self.local.isoformat()[11:19]

    @property
    def short(self) -> str:
        """Day and minute: `24 Nov 05:06`."""
        return f"{self.day} {self.time[:5]}"

    @property
    def fine(self) -> str:
        """The time of the day with milliseconds."""
        return f"{self.time}.{self.local.microsecond // 1000:03}"

    @property
    def zone(self) -> str:
        """What the zone is called at that time: `CET`, or `UTC-3` where it has no letters."""
        name = self.local.tzname() or "UTC"
        return name if name.isalpha() else f"UTC{name}"

    @property
    def full(self) -> str:
        """Everything: `24 Nov 2026, 05:06:42 CET`."""
        return f"{self.date('yMMMd')}, {self.time} {self.zone}"

    @property
    def in_utc(self) -> str:
        """The same moment in UTC as text, with its day where that is another one; empty where the zone is UTC."""
        if self.zone == "UTC":
            return ""
        other = "" if self.utc.date() == self.local.date() else f"{replace(self, local=self.utc).date('MMMd')} "
        return f"{other}{self.utc:%H:%M:%S} UTC"

    @property
    def in_words(self) -> str:
        """As it stands in a sentence: `24 November at 05:06:42`."""
        year = "" if self.this_year else f" {self.local.year}"
        return f"{self.local.day} {MONTHS[self.local.month - 1]}{year} at {self.time}"

    @property
    def long_day(self) -> str:
        """The day in full: `Tuesday 24 November`."""
        if self.locale != _ENGLISH:
            return self.date("MMMMEEEEd")
        return f"{_WEEKDAYS[self.local.weekday()]} {self.local.day} {MONTHS[self.local.month - 1]}"

    def date(self, skeleton: str) -> str:
        """The day, by a skeleton of CLDR: with its year where that is named."""
        if self.locale == _ENGLISH:
            year = f" {self.local.year}" if skeleton.startswith("y") else ""
            return f"{self.local.day} {MONTHS[self.local.month - 1][:3]}{year}"
        return _date(skeleton, self.local.date(), self.locale)


@lru_cache(maxsize=8)
def _year(time_ms: int, zone: tzinfo) -> int:
    """The year of a time; a page asks for that of now with each of its times."""
    return datetime.fromtimestamp(time_ms / 1000, zone).year


@lru_cache(maxsize=4_096)
def _date(skeleton: str, day: date, locale: str) -> str:
    """A day as a language writes it; in a list the same come again and again."""
    # Who reads English needs no calendars of other languages.
    from babel.dates import format_skeleton  # noqa: PLC0415

    return str(format_skeleton(skeleton, datetime(day.year, day.month, day.day), locale=locale))
