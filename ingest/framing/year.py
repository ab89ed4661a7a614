"""The year of stamps that name none."""

from __future__ import annotations

import calendar
import re
from datetime import date

from ingest.framing.stamps import is_day

_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY_US = 86_400 * 1_000_000
_LEAP_YEAR = 2000
_DATED = re.compile(r"(?<!\d)(20\d\d)([-_.]?)(0[1-9]|1[0-2])(?:\2(0[1-9]|[12]\d|3[01])(?:[-_.T]?\d{2,6})?)?(?!\d)", re.ASCII)
#: Days: where a stamp falls by more, a year has passed; by less, lines are out of order.
HALF_A_YEAR = 183
_EPOCH_NAME = re.compile(r"(?<!\d)(1\d{9})(?!\d)", re.ASCII)


def guess_year(month_day: tuple[int, int], name: str, mtime_us: int, known_us: int | None = None) -> int:
    """The year of a file whose first line names only month and day.

    By a time that another file of the log domain names (the nearest such day); else by the date in the file's name; else by its
    modification time: the latest year that makes the first line no later than that.
    """
    if known_us is not None:
        known = _EPOCH_DAY + known_us // _DAY_US
        years = [year for year in _years_around(known) if is_day(year, month_day)]
        return min(years, key=lambda year: abs(date(year, *month_day).toordinal() - known), default=_year_of(known))
    named = _day_in_name(name)
    latest = named if named is not None else _EPOCH_DAY + mtime_us // _DAY_US
    # A day more: the zone, and names that hold the day before.
    years = [year for year in _years_around(latest) if is_day(year, month_day) and date(year, *month_day).toordinal() <= latest + 1]
    return max(years, default=_year_of(latest))


def days_back(last: tuple[int, int], day: tuple[int, int]) -> int:
    """How many days a day lies before another one of the same year, a leap year."""
    return (date(_LEAP_YEAR, *last) - date(_LEAP_YEAR, *day)).days


def _years_around(day: int) -> range:
    """Nine years back, for 29 February, and one ahead."""
    year = _year_of(day)
    return range(max(1, year - 9), min(9999, year + 1) + 1)


def _year_of(day: int) -> int:
    return date.fromordinal(min(max(day, 1), date.max.toordinal())).year


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
