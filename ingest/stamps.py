"""Stamps as log lines write them, and the year of those that name none."""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from typing import NamedTuple

_MONTHS = dict(zip(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), range(1, 13), strict=True))
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY_US = 86_400 * 1_000_000

ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,12}))?(Z|z|[+-]\d\d:?\d\d)?\Z", re.ASCII)
BSD = re.compile(r"([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))? ", re.ASCII)
CTIME = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4}) (?:-> |\[(\d{1,10})\] )", re.ASCII)
#: As Exim and Rspamd write their own files: with the year, and no zone unless they are told to.
OWN = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ([+-]\d{4}))?(?= |\Z)", re.ASCII)
PRIORITY = re.compile(r"<\d{1,3}>", re.ASCII)


class Stamp(NamedTuple):
    """A stamp as written: what it does not name is None."""

    year: int | None
    month: int
    day: int
    hour: int
    minute: int
    second: int
    microsecond: int
    fine: bool
    offset: timedelta | None


def iso_stamp(text: str) -> Stamp | None:
    """Read `2026-11-24T03:53:14.311264+00:00`; None where it is none, or no day of the calendar."""
    return dated(ISO.match(text))


def dated(found: re.Match[str] | None) -> Stamp | None:
    """What `ISO` or `OWN` found as a stamp; None where it is no day of the calendar or no time of the day."""
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(found[i]) for i in range(1, 7))
    if hour > 23 or minute > 59 or second > 59 or year < 1 or not _is_day(year, (month, day)):
        return None
    offset: timedelta | None = None
    zone = found[8]
    if zone in {"Z", "z"}:
        offset = timedelta()
    elif zone:
        minutes = int(zone[1:3]) * 60 + int(zone[-2:])
        if minutes >= 1440:
            return None
        offset = timedelta(minutes=-minutes if zone[0] == "-" else minutes)
    return Stamp(year, month, day, hour, minute, second, _fraction(found[7]), found[7] is not None, offset)


def bsd_stamp(found: re.Match[str]) -> Stamp | None:
    """Read what `BSD` found: `Nov 24 04:03:39`."""
    month = _MONTHS.get(found[1], 0)
    day, hour, minute, second = (int(found[i]) for i in range(2, 6))
    # A leap year, for 29 February; the year itself is found by others.
    if hour > 23 or minute > 59 or second > 59 or not _is_day(2000, (month, day)):
        return None
    return Stamp(None, month, day, hour, minute, second, _fraction(found[6]), found[6] is not None, None)


def ctime_stamp(found: re.Match[str]) -> Stamp | None:
    """Read what `CTIME` found: `Tue Nov 24 04:06:21 2026`, as ClamAV and spamd write their own files."""
    month = _MONTHS.get(found[1], 0)
    day, hour, minute, second, year = (int(found[i]) for i in range(2, 7))
    if hour > 23 or minute > 59 or second > 59 or year < 1 or not _is_day(year, (month, day)):
        return None
    return Stamp(year, month, day, hour, minute, second, 0, False, None)


def _fraction(digits: str | None) -> int:
    return int(digits[:6].ljust(6, "0")) if digits else 0


def guess_year(month_day: tuple[int, int], name: str, mtime_us: int, known_us: int | None = None) -> int:
    """The year of a file whose first line names only month and day.

    By a time that another file of the log domain names (the nearest such day); else by the date in the file's name; else by its
    modification time: the latest year that makes the first line no later than that.
    """
    if known_us is not None:
        known = _EPOCH_DAY + known_us // _DAY_US
        years = [year for year in _years_around(known) if _is_day(year, month_day)]
        return min(years, key=lambda year: abs(date(year, *month_day).toordinal() - known), default=_year_of(known))
    named = _day_in_name(name)
    latest = named if named is not None else _EPOCH_DAY + mtime_us // _DAY_US
    # A day more: the zone, and names that hold the day before.
    years = [year for year in _years_around(latest) if _is_day(year, month_day) and date(year, *month_day).toordinal() <= latest + 1]
    return max(years, default=_year_of(latest))


def _years_around(day: int) -> range:
    """Nine years back, for 29 February, and one ahead."""
    year = _year_of(day)
    return range(max(1, year - 9), min(9999, year + 1) + 1)


def _year_of(day: int) -> int:
    return date.fromordinal(min(max(day, 1), date.max.toordinal())).year


def _is_day(year: int, month_day: tuple[int, int]) -> bool:
    month, day = month_day
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]


_DATED = re.compile(r"(?<!\d)(20\d\d)([-_.]?)(0[1-9]|1[0-2])(?:\2(0[1-9]|[12]\d|3[01])(?:[-_.T]?\d{2,6})?)?(?!\d)", re.ASCII)
_EPOCH_NAME = re.compile(r"(?<!\d)(1\d{9})(?!\d)", re.ASCII)


def _day_in_name(name: str) -> int | None:
    """The day (an ordinal) that a file's name holds, the last one where it holds a month only."""
    base = name.rpartition("/")[2]
    seconds = _EPOCH_NAME.search(base)
    if seconds is not None:
        return _EPOCH_DAY + int(seconds[1]) // 86_400
    for found in _DATED.finditer(base):
        year, month = int(found[1]), int(found[3])
        last = calendar.monthrange(year, month)[1]
        day = int(found[4]) if found[4] else last
        if day <= last:
            return date(year, month, day).toordinal()
    return None
