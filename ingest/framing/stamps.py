"""Stamps as log lines write them."""

from __future__ import annotations

import calendar
import re
from datetime import timedelta
from typing import NamedTuple

_MONTHS = dict(zip(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), range(1, 13), strict=True))

ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,12}))?(Z|z|[+-]\d\d:?\d\d)?\Z", re.ASCII)
BSD = re.compile(r"([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))? ", re.ASCII)
#: As `ctime` of the C library writes it.
CTIME = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4}) ", re.ASCII)
#: With the year, and no zone unless the program is told to.
DATED = re.compile(r"(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?(?: ([+-]\d{4}))?(?= |\Z)", re.ASCII)
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
    """What `ISO` or `DATED` found as a stamp; None where it is no day of the calendar or no time of the day."""
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(found[i]) for i in range(1, 7))
    if hour > 23 or minute > 59 or second > 59 or year < 1 or not is_day(year, (month, day)):
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
    if hour > 23 or minute > 59 or second > 59 or not is_day(2000, (month, day)):
        return None
    return Stamp(None, month, day, hour, minute, second, _fraction(found[6]), found[6] is not None, None)


def ctime_stamp(found: re.Match[str]) -> Stamp | None:
    """Read what `CTIME` found: `Tue Nov 24 04:06:21 2026`."""
    month = _MONTHS.get(found[1], 0)
    day, hour, minute, second, year = (int(found[i]) for i in range(2, 7))
    if hour > 23 or minute > 59 or second > 59 or year < 1 or not is_day(year, (month, day)):
        return None
    return Stamp(year, month, day, hour, minute, second, 0, False, None)


def _fraction(digits: str | None) -> int:
    return int(digits[:6].ljust(6, "0")) if digits else 0


def is_day(year: int, month_day: tuple[int, int]) -> bool:
    """Whether the calendar has such a day."""
    month, day = month_day
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(year, month)[1]
