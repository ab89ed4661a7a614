"""Times in the query language: stamps, parts of dates, and date maths, each as the stretch of time that it names.

As in Elasticsearch, what is not written of a date is filled at the end that the comparison looks at: `> 2026-11-24` begins when that day is
over, and so does `> now/d`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

from search.query_error import QueryError
from search.times import DAYS, HINT, parse_time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MATHS = re.compile(r"(now|.+\|\|)((?:[+-][0-9]{1,6}[yMwdhHms])*)(?:/([yMwdhHms]))?").fullmatch
_STEP = re.compile(r"([+-])([0-9]+)([yMwdhHms])").findall
_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:[T ]([0-9]{2})(?::([0-9]{2})(?::([0-9]{2}))?)?)?)?)?").fullmatch
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "H": 3_600, "m": 60, "s": 1}
#: The unit of the last part that a date names, by how many it names.
_LAST_UNIT = ("y", "M", "d", "h", "m", "s")


def stretch(text: str, now_ms: int, zone: tzinfo, *, field: str, position: int) -> tuple[int, int]:
    """The first millisecond of what a text names, and the first one behind it."""
    try:
        return _stretch(text.strip(), now_ms, zone)
    except QueryError as error:
        raise QueryError(error.message, field=field, position=position, hint=error.hint) from error
    except (ValueError, OverflowError):
        raise QueryError(f"“{text[:60]}” is not a time that exists", field=field, position=position, hint=HINT) from None


def _stretch(text: str, now_ms: int, zone: tzinfo) -> tuple[int, int]:
    """The same, raising what the calendar raises."""
    maths = _MATHS(text)
    if maths is not None:
        begin = _EPOCH + timedelta(milliseconds=now_ms if maths[1] == "now" else _stretch(maths[1][:-2], now_ms, zone)[0])
        moment = begin.astimezone(zone)
        for sign, number, unit in _STEP(maths[2]):
            moment = moved(moment, int(sign + number), unit)
        if maths[3] is None:
            return _ms(moment), _ms(moment) + 1
        floor = floor_of(moment, maths[3])
        return _ms(floor), _ms(moved(floor, 1, maths[3]))
    date = _DATE(text)
    if date is not None:
        parts = [int(part) for part in date.groups() if part is not None]
        year, month, day, hour, minute, second = (*parts, *(1, 1, 1, 0, 0, 0)[len(parts) :])
        floor = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        return _ms(floor), _ms(moved(floor, 1, _LAST_UNIT[len(parts) - 1]))
    if text.lower() in DAYS:
        begin_ms = parse_time(text, now_ms, zone)
        local = (_EPOCH + timedelta(milliseconds=begin_ms)).astimezone(zone)
        return begin_ms, _ms(moved(local, 1, "w" if text.lower() == "this-week" else "d"))
    moment_ms = parse_time(text, now_ms, zone)
    return moment_ms, moment_ms + 1


def _ms(moment: datetime) -> int:
    """Milliseconds since 1970 UTC, not before."""
    return max((moment - _EPOCH) // _MILLISECOND, 0)


def floor_of(moment: datetime, unit: str) -> datetime:
    """The beginning of the unit that a moment lies in; weeks begin on Monday."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    match unit:
        case "y":
            return day.replace(month=1, day=1)
        case "M":
            return day.replace(day=1)
        case "w":
            return day - timedelta(days=day.weekday())
        case "d":
            return day
        case "h" | "H":
            return moment.replace(minute=0, second=0, microsecond=0)
        case "m":
            return moment.replace(second=0, microsecond=0)
        case _:
            return moment.replace(microsecond=0)


def moved(moment: datetime, number: int, unit: str) -> datetime:
    """A moment moved by so many units; the day of a month that is shorter is its last, days keep their time of day."""
    if unit in "yM":
        months = moment.year * 12 + moment.month - 1 + number * (12 if unit == "y" else 1)
        for day in range(moment.day, 27, -1):
            try:
                return moment.replace(year=months // 12, month=months % 12 + 1, day=day)
            except ValueError:
                continue
        return moment.replace(year=months // 12, month=months % 12 + 1)
    if unit in "wd":
        return moment + timedelta(seconds=number * _SECONDS[unit])
    return (moment.astimezone(UTC) + timedelta(seconds=number * _SECONDS[unit])).astimezone(moment.tzinfo)
