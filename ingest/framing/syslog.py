"""Framing: the header of a log line taken apart, whatever wrote it.

Known are RFC 3164 and RFC 3339 stamps as rsyslog and Postfix write them, RFC 5424, journald's JSON, and the forms of stamps that programs
write into files of their own, of which their formats say what stands behind them (`ingest.framing.own`).
A `Framer` belongs to one file, for stamps without year or zone mean what the lines before them say.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from ingest.framing.inside import REPEATED, Inside, repeated
from ingest.framing.journald import entry_of
from ingest.framing.line import Line
from ingest.framing.own import OwnFrames, asked
from ingest.framing.stamps import BSD, CTIME, DATED, ISO, PRIORITY, Stamp, bsd_stamp, ctime_stamp, dated, iso_stamp
from ingest.framing.tag import NO_TAG, Tags, number_of, tag_of
from ingest.framing.year import HALF_A_YEAR, days_back, guess_year
from ingest.framing.zones import FileZone

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND_US = 1_000_000
_DECEMBER = 12
_NEW_YEAR = (1, 1)

_STRUCTURED = re.compile(r'(?:-|(?:\[(?:[^\]\\"]|"(?:[^"\\]|\\.)*+"|\\.)*+\])++)(?: |$)', re.DOTALL)
#: RFC 6587: how long the record is, before its priority.
_COUNT = re.compile(r"\d{1,7} (?=<\d{1,3}>)", re.ASCII)
_TOKEN = re.compile(r"([^\s\[\]:]+)\[([^\]\s]*)\]:", re.ASCII)

#: Some transports stamp a line so too: `2026-11-24 04:11:29 mx1 exim[123]: text`.
_HOSTED = re.compile(r"(?=[^\s\[\]=<>]{1,255} [A-Za-z][A-Za-z0-9_/.-]{0,100}\[\d{1,10}\]: )", re.ASCII)
_SIGNS = frozenset("+-")
_BLANKS = frozenset(" \t\r")

#: Lines of one file are out of order by less than this; a stamp that falls further back, in the hour that a change of clocks
#: repeats, is of the second pass.
_DISORDER_US = 5 * _SECOND_US
#: And by more than this it is a matter of other lines (files put together), not of the change of clocks.
_REPEATED_US = 2 * 3600 * _SECOND_US


class Framer:
    """Takes the lines of one file apart, in the order of the file.

    Without `year`, stamps that name none get one by `guess_year` from the file's name or `not_after_us`, the latest time that its
    first line can have (the file's modification time). `own` is what programs need of their own. Stamps that name no zone are of `zone`;
    unless it is set, ids that hold their time say it better. A line may hold a whole one as its text, so many `layers` deep.
    """

    def __init__(
        self,
        file: str,
        zone: tzinfo,
        own: OwnFrames,
        year: int | None = None,
        not_after_us: int | None = None,
        *,
        zone_set: bool = True,
        layers: int = 2,
    ) -> None:
        self.file = file
        self.zone = zone
        self.file_zone = FileZone(zone, is_set=zone_set)
        self._programs = own
        self._begun = own.begun
        self._layers = layers
        self._inner: Framer | None = None
        self._inside = Inside(own, self._frame_inner if layers else None)
        self._year = year
        #: Month and day of the last stamp without a year.
        self._day: tuple[int, int] | None = None
        self._not_after_us = not_after_us
        self._seen_us: int | None = None
        self._tags = Tags()
        self._host = ""
        # One entry of memory for each form of stamp: most lines share their second with the line before.
        self._bsd_stamp = ""
        self._bsd_us = 0
        self._dated_stamp = ""
        self._dated_us = 0
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

    def take_zone(self, of_ids: str | None) -> None:
        """Take stamps that name no zone as ids of this file said before, or those of a file beside it."""
        self.file_zone.resume(of_ids)
        self.zone = self.file_zone.zone

    def resume(self, year: int | None, last_us: int | None) -> None:
        """Go on in the middle of the file: `year_now` and the time of a line, both as they were at that line."""
        self._bsd_stamp = self._dated_stamp = ""
        self._year = year
        self._seen_us = last_us
        self._day = None
        if year is not None and last_us is not None:
            local = (_EPOCH + timedelta(microseconds=last_us)).astimezone(self.zone)
            # A line of December that came late belongs to the year before; the file itself is in January.
            self._day = (local.month, local.day) if local.year == year else _NEW_YEAR

    def frame(self, text: str) -> Line | None:
        """One line (without its newline) taken apart, or None where it has no stamp that we know."""
        line = None
        if text[10:11] == "T" and text[4:5] == "-":
            line = self._frame_iso(text, text)
            if line is None:
                return None
        elif text[10:11] == " " and text[4:5] == "-":
            line = self._frame_dated(text, text)
            if line is None:
                return None
        elif text[3:4] == " " and text[15:16] == " ":
            line = self._frame_bsd(text, text)
        if line is None:
            line = self._frame_other(text)
        if line is not None:
            self._look_inside(line)
            if line.program in self._begun:
                self.file_zone.told = True
                self._hear(line)
        return line

    def _look_inside(self, line: Line) -> None:
        """Take out of its text what is not the program's."""
        text = line.text
        if text[4:5] == "-" or (text[3:4] == " " and ":" in text[9:14]):
            self._inside.unstamp(line)
        elif text[7:8] == " " and text.startswith(REPEATED):
            line.text = repeated(text) or text
        works = self._inside.works
        work = works[line.tag] if line.tag in works else self._inside.of(line)
        # What a program wrote into a file of its own, without a mark, has its stamp taken off already.
        if work is not None and (line.host or line.tag != self._programs.unmarked or line.text[4:5] == "-"):
            work(line)
        if line.text[-1:] in _BLANKS:
            # They are of whoever wrote the line down, or sent it on; no program's words end in them.
            line.text = line.text.rstrip(" \t\r")

    def _frame_inner(self, text: str) -> Line | None:
        """A line that stood within another, which may be of another time: what the stamps of this one say is kept apart."""
        if self._inner is None:
            self._inner = Framer(self.file, self.zone, self._programs, layers=self._layers - 1)
        return self._inner.frame(text)

    def _hear(self, line: Line) -> None:
        """Learn the zone of the file from a line of a message that has just begun, and correct its time, unless the zone is set."""
        begun_us = self._begun[line.program](line.text)
        if begun_us is None:
            return
        off_us = self.file_zone.hear(line.host, line.time_us, begun_us, lambda: peek_time(line.raw, self._programs))
        if off_us:
            line.time_us -= off_us
            self.zone, self._seen_us = self.file_zone.zone, line.time_us
            self._bsd_stamp = self._dated_stamp = ""
            self._iso_length = 0
            self._inner = None

    def _frame_iso(self, text: str, raw: str) -> Line | None:
        """`2026-11-24T03:53:14.311264+00:00 host tag[pid]: text`."""
        parts = text.split(" ", 3)
        time_us = self._iso_time(parts[0])
        if time_us is None:
            return None
        fine = self._iso_end > 20
        if len(parts) == 4:
            tag = self._tags.get(parts[2]) or self._tags.read(parts[2])
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
            found = BSD.match(text)
            if found is None or found.end() != 16:
                return None
            local = self._bsd_time(found)
            if local is None:
                return None
            time_us = self._bsd_us = local
            self._bsd_stamp = stamp
        parts = text[16:].split(" ", 2)
        if len(parts) == 3:
            tag = self._tags.get(parts[1]) or self._tags.read(parts[1])
            if tag is not None and parts[0] and parts[0][-1] != ":":
                host = parts[0]
                if host == self._host:
                    host = self._host
                else:
                    self._host = host
                return Line(time_us, False, host, tag.tag, tag.program, tag.pid, parts[2], raw, self.file)
        return self._frame_rest(time_us, False, text[16:], raw)

    def _frame_dated(self, text: str, raw: str) -> Line | None:
        """`2026-11-24 04:11:29 text`, in a program's own file or as a transport writes it."""
        if text[:19] == self._dated_stamp and text[19:20] == " " and text[20:21] not in _SIGNS:
            time_us, fine, rest = self._dated_us, False, text[20:]
        else:
            found = DATED.match(text)
            when = dated(found)
            known = None if when is None else self._local_us(when)
            if found is None or when is None or known is None:
                return None
            time_us, fine, rest = known, when.fine, text[found.end() + 1 :]
            if not when.fine and when.offset is None:
                self._dated_stamp, self._dated_us = text[:19], known
        own = asked(self._programs.dated, rest)
        if own is not None:
            return Line(time_us, fine, "", own.program, own.program, own.pid, own.text, raw, self.file)
        unmarked = self._programs.unmarked
        if unmarked is None or _HOSTED.match(rest) is not None or self._programs.is_named(rest):
            return self._frame_rest(time_us, fine, rest, raw)
        return Line(time_us, fine, "", unmarked, unmarked, 0, rest, raw, self.file)

    def _frame_other(self, text: str) -> Line | None:
        """The less usual: things before the stamp, stamps of another width, RFC 5424, JSON, `ctime`."""
        bare = text.lstrip("\0\ufeff")
        if bare.startswith("{"):
            return self._frame_json(bare)
        count = _COUNT.match(bare)
        bare = bare if count is None else bare[count.end() :]
        found = PRIORITY.match(bare)
        body = bare if found is None else bare[found.end() :]
        if found is not None and body.startswith("1 "):
            return self._frame_rfc5424(body, bare)
        if body[10:11] in {"T", "t"}:
            return self._frame_iso(body, bare)
        stamp = BSD.match(body)
        if stamp is not None:
            local = self._bsd_time(stamp)
            return None if local is None else self._frame_rest(local, stamp[6] is not None, body[stamp.end() :], bare)
        stamp = CTIME.match(body)
        if stamp is not None:
            own, when = asked(self._programs.ctime, body[stamp.end() :]), ctime_stamp(stamp)
            local = None if own is None or when is None else self._local_us(when)
            if own is None or local is None:
                return None
            return Line(local, False, "", own.program, own.program, own.pid, own.text, bare, self.file)
        return self._frame_dated(body, bare)

    def _frame_rest(self, time_us: int, fine: bool, rest: str, raw: str) -> Line:
        """What follows the stamp, where it is not simply `host tag[pid]: text`."""
        host, _, after = rest.partition(" ")
        if host.endswith(":") and not host.endswith("::"):
            own = asked(self._programs.bare, rest)
            if own is not None:
                return Line(time_us, fine, "", own.program, own.program, own.pid, own.text, raw, self.file)
            host, after = "", rest
        token, _, text = after.partition(" ")
        tag = self._tags.read(token)
        if tag is None:
            found = _TOKEN.match(token)
            if found is not None:
                # No blank after the tag.
                tag, text = tag_of(found[0][:-1]), after[found.end() :]
            else:
                tag, text = NO_TAG, after
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
        # rsyslog keeps the blank that stood behind the tag in the older form.
        text = rest[structured.end() :].removeprefix("\ufeff").removeprefix(" ")
        tag = tag_of("" if app == "-" else app)
        pid = number_of(process) or tag.pid
        return Line(time_us, self._iso_end > 20, "" if host == "-" else host, tag.tag, tag.program, pid, text, raw, self.file)

    def _frame_json(self, raw: str) -> Line | None:
        """One entry of `journalctl -o json`, or a line of JSON that a program writes itself."""
        entry = entry_of(raw)
        if entry is not None:
            tag = tag_of(entry.identifier)
            pid = number_of(entry.pids[0]) or number_of(entry.pids[1]) or tag.pid
            return Line(entry.time_us, True, entry.host, tag.tag, tag.program, pid, entry.message, raw, self.file)
        for parts in self._programs.json:
            found = parts(raw)
            if found is not None:
                own = found.own
                return Line(found.time_us, found.fine, "", own.program, own.program, own.pid, own.text, raw, self.file)
        return None

    def _iso_time(self, stamp: str) -> int | None:
        """Microseconds of an RFC 3339 stamp; sets `_iso_end`, which is beyond 20 where it had a fraction."""
        if len(stamp) == self._iso_length and stamp.startswith(self._iso_second) and stamp.endswith(self._iso_zone):
            if self._iso_end == 20:
                return self._iso_us
            digits = stamp[20 : self._iso_end]
            if digits.isdecimal():
                return self._iso_us + int(digits) * self._iso_scale
        when = iso_stamp(stamp)
        whole = None if when is None else self._local_us(when._replace(microsecond=0))
        if when is None or whole is None:
            return None
        self._iso_second = stamp[:19]
        zone = ISO.match(stamp)
        self._iso_zone = (zone[8] if zone else "") or ""
        self._iso_length = len(stamp)
        digits_end = len(stamp) - len(self._iso_zone)
        self._iso_end = min(digits_end, 26) if when.fine else 20
        self._iso_scale = 10 ** (26 - self._iso_end)
        self._iso_us = whole
        return whole + when.microsecond

    def _bsd_time(self, found: re.Match[str]) -> int | None:
        """Microseconds of a stamp without a year; notes the turn of the year."""
        when = bsd_stamp(found)
        if when is None:
            return None
        if self._year is None:
            latest = self._not_after_us if self._not_after_us is not None else time.time_ns() // 1000
            self._year = guess_year((when.month, when.day), self.file, latest)
        day = (when.month, when.day)
        turned = self._day is not None and days_back(self._day, day) > HALF_A_YEAR
        late = self._day is not None and self._day[0] == 1 and when.month == _DECEMBER
        year = self._year + turned - late
        time_us = self._local_us(when._replace(year=year))
        if time_us is None:
            return None
        if turned or year == self._year:
            self._year, self._day = year, day
        return time_us

    def _local_us(self, when: Stamp) -> int | None:
        """Microseconds of a stamp with its year; where it names no zone, in this file's."""
        try:
            moment = datetime(when.year or 0, when.month, when.day, when.hour, when.minute, when.second, when.microsecond, tzinfo=self.zone)
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


def peek_time(text: str, own: OwnFrames) -> Stamp | None:
    """The stamp of a line as written, without any state; None where it has none that we know.

    For what must be known before a file is read: which year it names, which month it begins with.
    """
    bare = text.lstrip("\0\ufeff")
    if bare.startswith("{"):
        line = Framer("", UTC, own, 1970).frame(bare)
        if line is None:
            return None
        moment = _EPOCH + timedelta(microseconds=line.time_us)
        return Stamp(*moment.timetuple()[:6], moment.microsecond, True, timedelta())
    count = _COUNT.match(bare)
    bare = bare if count is None else bare[count.end() :]
    found = PRIORITY.match(bare)
    body = bare if found is None else bare[found.end() :]
    if found is not None and body.startswith("1 "):
        body = body[2:]
    stamp = dated(DATED.match(body))
    if stamp is not None:
        return stamp
    iso = iso_stamp(body.partition(" ")[0])
    if iso is not None:
        return iso
    found = BSD.match(body)
    if found is not None:
        return bsd_stamp(found)
    found = CTIME.match(body)
    return None if found is None or asked(own.ctime, body[found.end() :]) is None else ctime_stamp(found)
