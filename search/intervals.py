"""Where the intervals of a histogram lie: whole minutes, hours, days, weeks, months and years of a zone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo

from search.language.moments import floor_of, moved
from search.query_error import QueryError

#: What `auto` chooses among, the shortest first, and about how long each is in milliseconds.
_MINUTE, _HOUR, _DAY = 60_000, 3_600_000, 86_400_000
_AUTO = (
    ("1m", _MINUTE),
    ("5m", 5 * _MINUTE),
    ("15m", 15 * _MINUTE),
    ("30m", 30 * _MINUTE),
    ("1h", _HOUR),
    ("3h", 3 * _HOUR),
    ("6h", 6 * _HOUR),
    ("12h", 12 * _HOUR),
    ("1d", _DAY),
    ("1w", 7 * _DAY),
    ("1M", 30 * _DAY),
    ("1y", 365 * _DAY),
)
#: `auto` makes no more intervals than this, and nobody gets more than that.
_AUTO_MOST = 60
MOST = 10_000
_INTERVAL = re.compile(r"([1-9][0-9]{0,4})([mhdwMy])").fullmatch
_LENGTHS = {"m": _MINUTE, "h": _HOUR, "d": _DAY, "w": 7 * _DAY, "M": 28 * _DAY, "y": 365 * _DAY}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def interval_of(text: str, span_ms: int) -> str:
    """The interval that is meant for a range of this length; `auto` chooses one that people count in."""
    word = text.strip()
    if word.lower() == "auto":
        return next((name for name, length in _AUTO if span_ms <= length * _AUTO_MOST), "1y")
    found = _INTERVAL(word)
    if found is None:
        raise QueryError(f"“{text[:20]}” is not an interval", field="interval", hint="give auto, or one such as 5m, 1h, 1d, 1w, 1M or 1y")
    if span_ms > int(found[1]) * _LENGTHS[found[2]] * MOST:
        raise QueryError(f"that would be more than {MOST:,} intervals", field="interval", hint="give a longer one, or a shorter time range")
    return word


def edges(since_ms: int, until_ms: int, interval: str, zone: tzinfo) -> list[int]:
    """The beginnings of the intervals that hold a range, and the end of the last one, in milliseconds since 1970 UTC."""
    found = _INTERVAL(interval)
    assert found is not None, interval  # noqa: S101 - `interval_of` made it
    number, unit = int(found[1]), found[2]
    begin = floor_of(datetime.fromtimestamp(since_ms / 1000, zone), unit)
    if unit in "mh":
        begin = _whole(begin, number, unit)
    bounds = [_ms(begin)]
    while bounds[-1] < until_ms:
        begin = moved(begin, number, unit)
        bounds.append(_ms(begin))
    return bounds if len(bounds) > 1 else [bounds[0], _ms(moved(begin, number, unit))]


def _whole(begin: datetime, number: int, unit: str) -> datetime:
    """Back to a multiple of the interval since the day's midnight."""
    past = begin.hour * 60 + begin.minute if unit == "m" else begin.hour
    return moved(begin, -(past % number), unit)


def _ms(moment: datetime) -> int:
    """Milliseconds since 1970 UTC."""
    return int((moment - _EPOCH).total_seconds() * 1000)


def within(bounds: Sequence[int], counts: Sequence[int]) -> tuple[int, int]:
    """The first interval that counts something, and the one behind the last; all where none does."""
    filled = [number for number, count in enumerate(counts) if count]
    return (filled[0], filled[-1] + 1) if filled else (0, max(len(bounds) - 1, 0))
