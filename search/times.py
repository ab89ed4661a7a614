"""Times as people write them in a question, and as answers have them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from search.query_error import QueryError

#: What is said where a time cannot be read.
HINT = "give a time such as 2026-11-24T03:22:10Z, 2026-11-24 14:00, 2026-11-24, 7d, 24h, 15m, today, yesterday, this-week or now"
#: Words for whole days of a zone: their first moment is meant. Weeks begin on Monday.
DAYS = ("today", "yesterday", "this-week")
_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
_AGO = re.compile(r"([0-9]{1,6})\s*([smhdw])").fullmatch
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLAIN_EPOCH = _EPOCH.replace(tzinfo=None)
_MILLISECOND = timedelta(milliseconds=1)
#: Stamps are written by strangers; a later one than the calendar holds is shown as its end.
_LAST_MS = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MILLISECOND
_TIMED = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?)?"
    r"\s*([Zz]|[+-][0-9]{2}:?[0-9]{2})?"
).fullmatch
_ZONE_LOST = re.compile(r"(.*[0-9]) ([0-9]{2}:?[0-9]{2})").fullmatch


def parse_time(text: str, now_ms: int, zone: tzinfo, *, field: str = "time") -> int:
    """Milliseconds since 1970 UTC of a time as written; times without a zone and whole days are in `zone`.

    A date alone is its first moment; `7d` is seven times 24 hours before now, `this-week` the Monday of this week.
    """
    word = text.strip().lower()
    if word == "now":
        return now_ms
    if word in DAYS:
        day = datetime.fromtimestamp(now_ms / 1000, zone).date()
        back = {"today": 0, "yesterday": 1, "this-week": day.weekday()}[word]
        return _midnight(day - timedelta(days=back), zone)
    if ago := _AGO(word):
        return max(now_ms - int(ago[1]) * _UNITS[ago[2]], 0)
    if (stamp := _TIMED(word)) is None:
        lost = _ZONE_LOST(word)
        hint = "write the + of the zone as %2B in a URL" if lost and _TIMED(f"{lost[1]}+{lost[2]}") else HINT
        raise QueryError(f"“{_short(text)}” is not a time", field=field, position=0, hint=hint, kind="bad-time")
    try:
        return _moment(stamp, zone)
    except (ValueError, OverflowError) as error:
        raise QueryError(f"“{_short(text)}” is not a time that exists", field=field, position=0, hint=HINT, kind="bad-time") from error


@lru_cache(maxsize=8_192)
def format_time(time_ms: int) -> str:
    """A time in RFC 3339, in UTC with milliseconds."""
    return f"{(_PLAIN_EPOCH + timedelta(milliseconds=time_ms)).isoformat(timespec='milliseconds')}Z"


def _moment(stamp: re.Match[str], zone: tzinfo) -> int:
    """The moment of a stamp that was taken apart."""
    year, month, day, hour, minute, second = (int(stamp[n] or 0) for n in range(1, 7))
    fraction = int((stamp[7] or "0").ljust(6, "0")[:6])
    moment = datetime(year, month, day, hour, minute, second, fraction, tzinfo=_offset(stamp[8], zone))
    return max((moment - _EPOCH) // _MILLISECOND, 0)


def _offset(text: str | None, zone: tzinfo) -> tzinfo:
    """The zone that a stamp names, else the given one."""
    if text is None:
        return zone
    if text in ("z", "Z"):
        return UTC
    return datetime.strptime(text.replace(":", ""), "%z").tzinfo or UTC


def _midnight(day: date, zone: tzinfo) -> int:
    """The first moment of a day."""
    return max((datetime.combine(day, time(), zone) - _EPOCH) // _MILLISECOND, 0)


def _short(text: str) -> str:
    """The text as a sentence can show it."""
    shown = "".join(character if character.isprintable() else "�" for character in text)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def utc(time_ms: int) -> str:
    """Milliseconds since 1970 as RFC 3339 in UTC: `2026-11-24T03:22:10.123Z`."""
    return format_time(min(max(time_ms, 0), _LAST_MS))


def utc_words(time_ms: int) -> str:
    """Milliseconds since 1970 as people write it: `24 Nov 2026 03:22 UTC`."""
    moment = _EPOCH + timedelta(milliseconds=min(max(time_ms, 0), _LAST_MS))
    month = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[moment.month - 1]
    return f"{moment.day} {month} {moment.year} {moment:%H:%M} UTC"
