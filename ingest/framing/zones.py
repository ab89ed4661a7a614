"""The zone of stamps that name none, as ids tell it that hold a time: a message begins at the time in its id.

Zones lie whole quarters of an hour apart. A message that came in slowly is logged long after its id was made, which looks like a zone
further east; a line that stands before its id was made is of a zone further west for sure.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from ingest.framing.stamps import Stamp

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_QUARTER_US = timedelta(minutes=15) // _MICROSECOND
_HOUR_US = 4 * _QUARTER_US
#: Clocks differ, and a line is written a moment after the id was made.
_MOMENT_US = timedelta(minutes=1) // _MICROSECOND
#: So long a message comes in at most, as a rule.
_SLOW_US = 2 * _QUARTER_US - _MOMENT_US
#: No zone is further from UTC.
_FURTHEST = timedelta(hours=14)
_NAMED = re.compile(r"UTC([+-])(\d\d):(\d\d)", re.ASCII)


class FileZone:
    """The zone of a file's stamps that name none: as it was given, or, unless that was set, as ids say it."""

    def __init__(self, zone: tzinfo, *, is_set: bool) -> None:
        self.zone = zone
        self._given = zone
        self._is_set = is_set
        #: The name of the zone that ids say, where it is another one than was given.
        self.of_ids: str | None = None
        #: Whether an id has said which zone it is.
        self.settled = False
        #: Whose ids tell it, where lines name hosts: one file may have lines of several, which need not agree.
        self._host: str | None = None
        #: Whether lines of a program are there whose ids tell it.
        self.told = False

    def hear(self, host: str, time_us: int, begun_us: int, stamp_of: Callable[[], Stamp | None]) -> int:
        """Learn from a line that begins a message, by its stamp and the time in its id; by how much stamps were too late until now.

        `stamp_of` gives its stamp as written: one that names its zone is right.
        """
        off_us = self._off_by(time_us - begun_us) if self._host in {None, host} else None
        if off_us == 0:
            self.settled, self._host = True, host
            self.of_ids = None if self._is_set else self.of_ids
        stamp = stamp_of() if off_us else None
        if not off_us or stamp is None or stamp.offset is not None:
            return 0
        offset = _offset_at(self.zone, time_us) + off_us * _MICROSECOND
        if abs(offset) > _FURTHEST:
            return 0
        as_given = _offset_at(self._given, time_us - off_us) == offset
        self.settled, self._host, self.of_ids = True, host, None if as_given else str(zone_of_offset(offset))
        if self._is_set:
            return 0
        self.zone = self._given if as_given else zone_of_offset(offset)
        return off_us

    def resume(self, of_ids: str | None) -> None:
        """Go on with what ids said before."""
        self.of_ids = of_ids
        zone = zone_by_offset(of_ids or "")
        if zone is not None:
            self.settled = True
            self.zone = self._given if self._is_set else zone

    def _off_by(self, behind_us: int) -> int | None:
        """By how much a stamp is too late that stands so far behind the time in its id: 0 where it fits, None where that says nothing.

        Once an id has said which zone it is, a stamp that is later than that is one of summer time, or only slow.
        """
        if -_MOMENT_US <= behind_us < _SLOW_US:
            return 0
        off_us = (behind_us + _MOMENT_US) // _QUARTER_US * _QUARTER_US
        if behind_us - off_us > _MOMENT_US or (self.settled and off_us > 0 and off_us != _HOUR_US):
            return None
        return off_us


def _offset_at(zone: tzinfo, time_us: int) -> timedelta:
    """How far a zone is from UTC at a time."""
    return (_EPOCH + timedelta(microseconds=time_us)).astimezone(zone).utcoffset() or timedelta()


def zone_of_offset(offset: timedelta) -> timezone:
    """The zone at this distance from UTC; its name tells it, also for UTC itself."""
    minutes = abs(offset) // timedelta(minutes=1)
    return timezone(offset, f"UTC{'-' if offset < timedelta() else '+'}{minutes // 60:02}:{minutes % 60:02}")


def zone_by_offset(name: str) -> timezone | None:
    """The zone that `zone_of_offset` has given this name; None where it is a name of another kind."""
    found = _NAMED.fullmatch(name)
    if found is None:
        return None
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return zone_of_offset(-offset if found[1] == "-" else offset)
