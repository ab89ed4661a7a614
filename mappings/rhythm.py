"""The rhythm of a source: how long it is usually quiet, by the hour of the day, on working days and at weekends.

Forty-eight numbers a source. A gap between two lines counts for every hour that it touches; the longest of an hour is what is usual
there, and fades by a tenth with each day of its kind, so that one holiday is forgotten within weeks.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS
#: Shorter gaps are no quiet.
LEAST_GAP_MS = _MINUTE_MS
#: What is left of a longest gap after a day of its kind.
_FADES = 0.9
#: A gap is counted for at most so many hours: all of them, on working days and at weekends.
_MOST_HOURS = 7 * 24
#: Before so much of a log was seen, nobody can say what is usual.
_KNOWN_MS = 3 * _DAY_MS
_NEVER = (0.0,) * 48


class Rhythm(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of a source's quiet times; hours are of UTC."""

    #: Minutes: the hours of a working day, then those of a day of the weekend; empty as long as it was never quiet.
    longest: tuple[float, ...] = ()
    #: The times of the first and the last line that it knows of, in milliseconds since 1970 UTC.
    since_ms: int | None = None
    until_ms: int | None = None

    def went_on(self, since_ms: int, until_ms: int, gaps: list[tuple[int, int]]) -> Rhythm:
        """The rhythm after lines from `since_ms` to `until_ms`, between which these gaps were (begin and end), oldest first."""
        longest = list(self.longest or _NEVER)
        known_ms = self.until_ms
        for begin_ms, end_ms in gaps:
            known_ms = _fade(longest, known_ms, end_ms)
            minutes = round((end_ms - begin_ms) / _MINUTE_MS, 1)
            for slot in _slots(begin_ms, end_ms):
                longest[slot] = max(longest[slot], minutes)
        _fade(longest, known_ms, until_ms)
        first = since_ms if self.since_ms is None else min(self.since_ms, since_ms)
        last = until_ms if self.until_ms is None else max(self.until_ms, until_ms)
        return Rhythm(tuple(longest) if any(longest) else (), first, last)

    def usual_ms(self, at_ms: int) -> int | None:
        """The longest quiet that is usual at a time; None where too little is known."""
        if self.since_ms is None or self.until_ms is None or self.until_ms - self.since_ms < _KNOWN_MS:
            return None
        return int((self.longest or _NEVER)[_slot(at_ms)] * _MINUTE_MS)


def _slot(at_ms: int) -> int:
    """The hour of a time."""
    moment = _EPOCH + timedelta(milliseconds=at_ms)
    return moment.hour + (24 if moment.weekday() >= 5 else 0)


def _slots(begin_ms: int, end_ms: int) -> Iterator[int]:
    """Every hour that a gap touches, each once."""
    first = begin_ms // _HOUR_MS
    yield from {_slot(hour * _HOUR_MS) for hour in range(first, min((end_ms - 1) // _HOUR_MS, first + _MOST_HOURS) + 1)}


def _fade(longest: list[float], known_ms: int | None, until_ms: int) -> int:
    """Forget a little for each day that has begun since."""
    if known_ms is None or until_ms <= known_ms:
        return until_ms if known_ms is None else known_ms
    for day in range(max(known_ms // _DAY_MS + 1, until_ms // _DAY_MS - 60), until_ms // _DAY_MS + 1):
        begin = _slot(day * _DAY_MS)
        for slot in range(begin, begin + 24):
            longest[slot] = round(longest[slot] * _FADES, 1)
    return until_ms
