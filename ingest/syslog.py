"""Framing: the header of a log line taken apart, whatever wrote it.

Known are RFC 3164 and RFC 3339 stamps as rsyslog and Postfix write them, RFC 5424, journald's JSON, and ClamAV's own file.
A `Framer` belongs to one file, for stamps without year or zone mean what the lines before them say.
"""

from __future__ import annotations

import calendar
import re
import time
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any, NamedTuple

import msgspec

from ingest.lines import Line

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)
_SECOND_US = 1_000_000
_DAY_US = 86_400 * _SECOND_US
_MONTHS = {name: number for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
_DECEMBER = 12

_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,12}))?(Z|z|[+-]\d\d:?\d\d)?$", re.ASCII)
_BSD = re.compile(r"([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))? ", re.ASCII)
_CTIME = re.compile(r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4}) -> ", re.ASCII)
_PRIORITY = re.compile(r"<\d{1,3}>", re.ASCII)
_STRUCTURED = re.compile(r'(?:-|(?:\[(?:[^\]\\"]|"(?:[^"\\]|\\.)*+"|\\.)*+\])++)(?: |$)', re.DOTALL)
_TOKEN = re.compile(r"([^\s\[\]:]+)\[([^\]\s]*)\]:", re.ASCII)

_MAX_TAGS = 4096
_MAX_TAG = 256
_MAX_PID_DIGITS = 10

#: Lines of one file are out of order by less than this; a stamp that falls further back in the hour that a change of clocks repeats is of the second pass.
_DISORDER_US = 5 * _SECOND_US
#: And by more than this it is a matter of other lines (files put together), not of the change of clocks.
_REPEATED_US = 2 * 3600 * _SECOND_US


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


class _Tag(NamedTuple):
    tag: str
    program: str
    pid: int


_NO_TAG = _Tag("", "", 0)


class Framer:
    """Takes the lines of one file apart, in the order of the file.

    Without `year`, stamps that name none get one by `guess_year` from the file's name or `not_after_us`, the latest time that its
    first line can have (the file's modification time).
    """

    def __init__(self, file: str, zone: tzinfo, year: int | None = None, not_after_us: int | None = None) -> None:
        self.file = file
        self.zone = zone
        self._year = year
        self._month = 0
        self._not_after_us = not_after_us
        self._seen_us: int | None = None
        self._tags: dict[str, _Tag] = {}
        self._host = ""
        # One entry of memory for each form of stamp: most lines share their second with the line before.
        self._bsd_stamp = ""
        self._bsd_us = 0
        self._iso_second = ""
        self._iso_zone = ""
        self._iso_length = 0
        self._iso_end = 0
        self._iso_scale = 1
        self._iso_us = 0

    @property
    def year_now(self) -> int | None:
        """The year of stamps that name none, as of the last line; None while no line needed it and none was given."""
        return self._year

    def resume(self, year: int | None, last_us: int | None) -> None:
        """Go on in the middle of the file: `year_now` and the time of a line, both as they were at that line."""
        self._bsd_stamp = ""
        self._year = year
        self._seen_us = last_us
        self._month = 0
        if year is not None and last_us is not None:
            local = (_EPOCH + timedelta(microseconds=last_us)).astimezone(self.zone)
            # A line of December that came late belongs to the year before; the file itself is in January.
            self._month = local.month if local.year == year else 1

    def frame(self, text: str) -> Line | None:
        """One line (without its newline) taken apart, or None where it has no stamp that we know."""
        if text[10:11] == "T" and text[4:5] == "-":
            return self._frame_iso(text, text)
        if text[3:4] == " " and text[15:16] == " ":
            line = self._frame_bsd(text, text)
            if line is not None:
                return line
        return self._frame_other(text)

    def _frame_iso(self, text: str, raw: str) -> Line | None:
        """`2026-11-24T03:53:14.311264+00:00 host tag[pid]: text`."""
        parts = text.split(" ", 3)
        time_us = self._iso_time(parts[0])
        if time_us is None:
            return None
        fine = self._iso_end > 20
        if len(parts) == 4:
            tag = self._tags.get(parts[2]) or self._new_tag(parts[2])
            if tag is not None and parts[1] and parts[1][-1] != ":":
                host = parts[1]
                if host == self._host:
                    host = self._host
                else:
                    self._host = host
                return Line(time_us, fine, host, tag.tag, tag.program, tag.pid, parts[3], raw, self.file)
        return self._frame_rest(time_us, fine, text[len(parts[0]) + 1 :], raw)

    def _frame_bsd(self, text: str, raw: str) -> Line | None:
        """`Nov 24 04:03:39 host tag[pid]: text`, the stamp in its usual width."""
        stamp = text[:15]
        if stamp == self._bsd_stamp:
            time_us = self._bsd_us
        else:
            found = _BSD.match(text)
            if found is None or found.end() != 16:
                return None
            local = self._bsd_time(found)
            if local is None:
                return None
            time_us = self._bsd_us = local
            self._bsd_stamp = stamp
        parts = text[16:].split(" ", 2)
        if len(parts) == 3:
            tag = self._tags.get(parts[1]) or self._new_tag(parts[1])
            if tag is not None and parts[0] and parts[0][-1] != ":":
                host = parts[0]
                if host == self._host:
                    host = self._host
                else:
                    self._host = host
                return Line(time_us, False, host, tag.tag, tag.program, tag.pid, parts[2], raw, self.file)
        return self._frame_rest(time_us, False, text[16:], raw)

    def _frame_other(self, text: str) -> Line | None:
        """The less usual: things before the stamp, stamps of another width, RFC 5424, JSON, ClamAV."""
        bare = text.lstrip("\0\ufeff")
        if bare.startswith("{"):
            return self._frame_journald(bare)
        found = _PRIORITY.match(bare)
        body = bare if found is None else bare[found.end() :]
        if found is not None and body.startswith("1 "):
            return self._frame_rfc5424(body, bare)
        if body[10:11] in {"T", "t"}:
            return self._frame_iso(body, bare)
        stamp = _BSD.match(body)
        if stamp is not None:
            local = self._bsd_time(stamp)
            return None if local is None else self._frame_rest(local, stamp[6] is not None, body[stamp.end() :], bare)
        stamp = _CTIME.match(body)
        if stamp is not None:
            when = _ctime_stamp(stamp)
            local = None if when is None else self._local_us(when)
            return None if local is None else Line(local, False, "", "clamd", "clamd", 0, body[stamp.end() :], bare, self.file)
        return None

    def _frame_rest(self, time_us: int, fine: bool, rest: str, raw: str) -> Line:
        """What follows the stamp, where it is not simply `host tag[pid]: text`."""
        host, _, after = rest.partition(" ")
        if host.endswith(":") and not host.endswith("::"):
            host, after = "", rest
        token, _, text = after.partition(" ")
        tag = self._new_tag(token)
        if tag is None:
            found = _TOKEN.match(token)
            if found is not None:
                # No blank after the tag.
                tag, text = _tag_of(found[0][:-1]), after[found.end() :]
            else:
                tag, text = _NO_TAG, after
        return Line(time_us, fine, host, tag.tag, tag.program, tag.pid, text, raw, self.file)

    def _frame_rfc5424(self, body: str, raw: str) -> Line | None:
        """`1 stamp host app procid msgid [structured] text`, the priority taken off."""
        parts = body.split(" ", 6)
        if len(parts) < 7:
            return None
        _, stamp, host, app, process, _, rest = parts
        time_us = self._iso_time(stamp)
        structured = _STRUCTURED.match(rest)
        if time_us is None or structured is None:
            return None
        text = rest[structured.end() :].removeprefix("\ufeff")
        tag = _tag_of("" if app == "-" else app)
        pid = _number(process) or tag.pid
        return Line(time_us, self._iso_end > 20, "" if host == "-" else host, tag.tag, tag.program, pid, text, raw, self.file)

    def _frame_journald(self, raw: str) -> Line | None:
        """One entry of `journalctl -o json`."""
        try:
            entry = _ENTRY.decode(raw.encode("utf-8", "surrogateescape"))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        stamp = _words(entry.time)
        if not stamp.isascii() or not stamp.isdecimal() or len(stamp) > 17:
            return None
        tag = _tag_of(_words(entry.identifier))
        pid = _number(_words(entry.syslog_pid)) or _number(_words(entry.pid)) or tag.pid
        return Line(int(stamp), True, _words(entry.host), tag.tag, tag.program, pid, _words(entry.message), raw, self.file)

    def _iso_time(self, stamp: str) -> int | None:
        """Microseconds of an RFC 3339 stamp; sets `_iso_end`, which is beyond 20 where it had a fraction."""
        if len(stamp) == self._iso_length and stamp.startswith(self._iso_second) and stamp.endswith(self._iso_zone):
            if self._iso_end == 20:
                return self._iso_us
            digits = stamp[20 : self._iso_end]
            if digits.isdecimal():
                return self._iso_us + int(digits) * self._iso_scale
        when = _iso_stamp(stamp)
        whole = None if when is None else self._local_us(when._replace(microsecond=0))
        if when is None or whole is None:
            return None
        self._iso_second = stamp[:19]
        zone = _ISO.match(stamp)
        self._iso_zone = (zone[8] if zone else "") or ""
        self._iso_length = len(stamp)
        digits_end = len(stamp) - len(self._iso_zone)
        self._iso_end = min(digits_end, 26) if when.fine else 20
        self._iso_scale = 10 ** (26 - self._iso_end)
        self._iso_us = whole
        return whole + when.microsecond

    def _bsd_time(self, found: re.Match[str]) -> int | None:
        """Microseconds of a stamp without a year; notes the turn of the year."""
        when = _bsd_stamp(found)
        if when is None:
            return None
        if self._year is None:
            latest = self._not_after_us if self._not_after_us is not None else time.time_ns() // 1000
            self._year = guess_year((when.month, when.day), self.file, latest)
        year, turned = self._year, False
        if self._month == _DECEMBER and when.month == 1:
            year, turned = year + 1, True
        elif self._month == 1 and when.month == _DECEMBER:
            year -= 1
        time_us = self._local_us(when._replace(year=year))
        if time_us is None:
            return None
        if turned or year == self._year:
            self._year, self._month = year, when.month
        return time_us

    def _local_us(self, when: Stamp) -> int | None:
        """Microseconds of a stamp with its year; where it names no zone, in this file's."""
        try:
            moment = datetime(
                when.year or 0, when.month, when.day, when.hour, when.minute, when.second, when.microsecond, tzinfo=self.zone
            )
            if when.offset is not None:
                return (moment.replace(tzinfo=timezone(when.offset)) - _EPOCH) // _MICROSECOND
            first = (moment - _EPOCH) // _MICROSECOND
            second = (moment.replace(fold=1) - _EPOCH) // _MICROSECOND
        except (ValueError, OverflowError):
            return None
        seen = self._seen_us
        # An hour that the change of clocks repeats: the second pass, where the file has already been later than the first.
        chosen = second if seen is not None and second > first and _DISORDER_US < seen - first <= _REPEATED_US else first
        if seen is None or chosen > seen:
            self._seen_us = chosen
        return chosen

    def _new_tag(self, token: str) -> _Tag | None:
        """The parts of `tag[pid]:`, or None where the token is no tag."""
        if not token.endswith(":") or len(token) < 2:
            return None
        tag = _tag_of(token[:-1])
        if len(token) <= _MAX_TAG:
            if len(self._tags) >= _MAX_TAGS:
                self._tags.clear()
            self._tags[token] = tag
        return tag


def peek_time(text: str) -> Stamp | None:
    """The stamp of a line as written, without any state; None where it has none that we know.

    For what must be known before a file is read: which year it names, which month it begins with.
    """
    bare = text.lstrip("\0\ufeff")
    if bare.startswith("{"):
        line = Framer("", UTC, 1970).frame(bare)
        return None if line is None else _utc_stamp(line.time_us)
    found = _PRIORITY.match(bare)
    body = bare if found is None else bare[found.end() :]
    if found is not None and body.startswith("1 "):
        body = body[2:]
    iso = _iso_stamp(body.partition(" ")[0])
    if iso is not None:
        return iso
    found = _BSD.match(body)
    if found is not None:
        return _bsd_stamp(found)
    found = _CTIME.match(body)
    return None if found is None else _ctime_stamp(found)


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


def _iso_stamp(text: str) -> Stamp | None:
    found = _ISO.match(text)
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


def _bsd_stamp(found: re.Match[str]) -> Stamp | None:
    month = _MONTHS.get(found[1], 0)
    day, hour, minute, second = (int(found[i]) for i in range(2, 6))
    # A leap year, for 29 February; the year itself is found by others.
    if hour > 23 or minute > 59 or second > 59 or not _is_day(2000, (month, day)):
        return None
    return Stamp(None, month, day, hour, minute, second, _fraction(found[6]), found[6] is not None, None)


def _ctime_stamp(found: re.Match[str]) -> Stamp | None:
    month = _MONTHS.get(found[1], 0)
    day, hour, minute, second, year = (int(found[i]) for i in range(2, 7))
    if hour > 23 or minute > 59 or second > 59 or year < 1 or not _is_day(year, (month, day)):
        return None
    return Stamp(year, month, day, hour, minute, second, 0, False, None)


def _utc_stamp(time_us: int) -> Stamp | None:
    try:
        moment = _EPOCH + timedelta(microseconds=time_us)
    except OverflowError:
        return None
    return Stamp(
        moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second, moment.microsecond, True, timedelta()
    )


def _fraction(digits: str | None) -> int:
    return int(digits[:6].ljust(6, "0")) if digits else 0


def _tag_of(text: str) -> _Tag:
    """`postfix/smtpd[325]` in its parts."""
    tag, pid = text, 0
    if text.endswith("]"):
        before, bracket, number = text[:-1].rpartition("[")
        if bracket and before:
            tag, pid = before, _number(number)
    return _Tag(tag, tag.rpartition("/")[2] or tag, pid)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MAX_PID_DIGITS else 0


class _Entry(msgspec.Struct):
    """What is of use in an entry of journald: each a string, a list of bytes or of strings, or null."""

    time: Any = msgspec.field(name="__REALTIME_TIMESTAMP", default=None)
    host: Any = msgspec.field(name="_HOSTNAME", default=None)
    identifier: Any = msgspec.field(name="SYSLOG_IDENTIFIER", default=None)
    pid: Any = msgspec.field(name="_PID", default=None)
    syslog_pid: Any = msgspec.field(name="SYSLOG_PID", default=None)
    message: Any = msgspec.field(name="MESSAGE", default=None)


_ENTRY = msgspec.json.Decoder(_Entry)


def _words(value: object) -> str:
    """A field of journald as text: it may be a string, a list of bytes, or several strings."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        if all(isinstance(byte, int) and 0 <= byte <= 255 for byte in value):
            return bytes(value).decode("utf-8", "surrogateescape")
        return value[0] if isinstance(value[0], str) else ""
    return ""
