"""A file while it is read: framing, joining of records, and its low-water mark."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from itertools import takewhile
from typing import Any

from msgspec.structs import replace

from ingest.aside import FailedLine
from ingest.clock import SECOND
from ingest.formats import framer_of, peek_time, unwrapper_of
from ingest.framing.line import Line
from ingest.framing.stamps import Stamp
from ingest.framing.syslog import Framer
from ingest.framing.year import guess_year
from ingest.framing.zones import FileZone
from ingest.heard import Heard
from ingest.joining.places import Place
from ingest.options import SourceSetting
from ingest.records import Joiner
from ingest.strange import strange
from ingest.summary import Tally
from ingest.tail.marks import Told
from ingest.tail.reader import FileReader
from ingest.unwrapping import Unwrapper
from mappings.readings import MOST_DOMAINS

_READ = 4000
#: So many lines are looked at for a stamp, or an id that tells a zone.
_FIRST = 200
#: What a line is long before any was read.
_USUAL_LINE = 150.0


def legible(text: str) -> str:
    """Bytes that are no UTF-8 as backslash escapes: what is kept and shown is text in every store."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text


class SourceFile:
    """One reader with all that its lines need, in the order of the file."""

    def __init__(
        self, reader: FileReader, setting: SourceSetting, zone: tzinfo, joiner: Joiner[Place], tally: Tally, *, zone_set: bool = True
    ) -> None:
        self.reader = reader
        self.tally = tally
        self.setting = setting
        self._name = reader.path
        #: Lines given by the last `lines`.
        self.taken = 0
        #: The stamp of the last line that had one.
        self.latest_us = 0
        #: How the first stamp is written; None before one was seen.
        self.stamp: Stamp | None = None
        #: When its lines came; and those of each of its hosts, the first of them.
        self.heard = Heard()
        self.hosts: dict[str, Heard] = {}
        self._begun_at, self._lines_before = reader.position, tally.lines
        self._zone = setting.timezone or zone
        self._zone_set = zone_set or setting.timezone is not None
        self._framer = self._new_framer(setting.year)
        self._joiner = joiner
        self._unwrapper: Unwrapper | None = None
        self._ahead: list[tuple[int, str]] = []
        self._next = 0
        self._next_us: int | None = None
        self._framed: Line | None = None
        self._slots: deque[Place] = deque()
        self._greatest = 0
        self._began = False

    @property
    def name(self) -> str:
        """Its path when reading began; lines, and records that wait for their end, know it by this name."""
        return self._name

    @property
    def read(self) -> int:
        """Where the first line begins that was not taken, in unpacked bytes."""
        if self._next < len(self._ahead):
            return self._ahead[self._next][0]
        open_at = None if self._unwrapper is None else self._unwrapper.open_at
        return self.reader.position if open_at is None else open_at

    @property
    def read_us(self) -> int | None:
        """The greatest time in the lines that were taken; before the first one that of the line where reading went on."""
        return self._greatest or (self.reader.mark.read_us if self.reader.mark is not None else None)

    @property
    def wrapped(self) -> bool | None:
        """Whether its lines are wrapped in something; None while that is open."""
        return None if self._unwrapper is None else self._unwrapper.wrapped

    @property
    def told(self) -> Told:
        """What was said about the file, as of the last line."""
        return self._told(self.file_zone.of_ids)

    def told_at(self, place: Place) -> Told:
        """The same as of a place."""
        return self._told(place.zone_of_ids)

    def _told(self, zone_of_ids: str | None) -> Told:
        zone = str(self._zone) if self._zone_set or zone_of_ids is None else zone_of_ids
        return Told(self.setting.log_host, self.setting.format, zone, zone_of_ids)

    @property
    def file_zone(self) -> FileZone:
        """The zone of its stamps that name none."""
        return self._framer.file_zone

    def take_zone(self, zone_of_ids: str | None) -> None:
        """Take the zone from a file beside it, before the first line is taken."""
        self._framer.take_zone(zone_of_ids)

    def _new_framer(self, year: int | None, not_after_us: int | None = None) -> Framer:
        return framer_of(self.reader.path, self._zone, year, not_after_us, zone_set=self._zone_set)

    def begin(self, year: int | None, known_us: int | None) -> None:
        """Decide the year of stamps that name none, once for this content: resumed, set, told by other files, or guessed."""
        # Known only now that the first lines are read: a mark that fits no line is given up by the reader.
        mark = self.reader.mark
        given = self.setting.year or year
        self.stamp = next((stamp for text in self.ahead(_FIRST) if (stamp := peek_time(text)) is not None), None)
        if mark is not None and mark.year is not None:
            self._framer = self._new_framer(mark.year)
            self._framer.take_zone(mark.told.zone_of_ids)
            self._framer.resume(mark.year, mark.last_us)
        else:
            first = self.stamp
            if given is None and first is not None and first.year is None:
                given = guess_year((first.month, first.day), self.reader.path, self.reader.mtime_ns // 1000, known_us)
            self._framer = self._new_framer(given, self.reader.mtime_ns // 1000)
            if mark is None:
                self._look_for_zone(given)
            else:
                self._framer.take_zone(mark.told.zone_of_ids)
        self._began = True

    def _look_for_zone(self, year: int | None) -> None:
        """Take the zone that the first message id says, for the lines before it."""
        if self._zone_set:
            return
        probe = self._new_framer(year)
        for text in self.ahead(_FIRST):
            probe.frame(text)
            if probe.file_zone.settled:
                break
        self._framer.file_zone, self._framer.zone = probe.file_zone, probe.file_zone.zone

    def fill(self) -> bool:
        """Have lines ahead, where there are any."""
        if self._next < len(self._ahead):
            return True
        self._next = 0
        self._next_us = None
        self._ahead = []
        while not self._ahead and (read := self.reader.read(_READ)):
            if self._unwrapper is None:
                # Known only now that the first lines are read, as is the year.
                self._unwrapper = unwrapper_of(wrapped=None if self.reader.mark is None else self.reader.mark.wrapped)
            self._ahead = self._unwrapper.lines(read)
        if not self._ahead and self.reader.ended:
            self.settle()
        return bool(self._ahead)

    def settle(self) -> bool:
        """Have ahead what was waiting for its end, as it stands: nothing is waited for any more. Whether there is any."""
        if self._unwrapper is not None and self._next >= len(self._ahead):
            self._ahead, self._next = self._unwrapper.rest(), 0
        return self._next < len(self._ahead)

    def ahead(self, count: int) -> list[str]:
        """The next lines, without taking them."""
        return [text for _, text in self._ahead[self._next : self._next + count]]

    def framed(self, text: str) -> Line | None:
        """A line taken apart by a framer of its own, for a look ahead."""
        return framer_of(self.reader.path, self._framer.zone, self.setting.year or 2000).frame(text)

    @property
    def next_us(self) -> int:
        """The stamp of the next line that has one; 0 where none ahead has."""
        if self._next_us is None:
            self._next_us = self._greatest
            for _, text in self._ahead[self._next : self._next + 50]:
                stamp = peek_time(text)
                if stamp is not None:
                    # An own framer would decide the year again: a peek is only for the order of files.
                    probe = framer_of(self.reader.path, self._framer.zone, self._framer.year_now or self.setting.year)
                    line = probe.frame(text)
                    if line is not None:
                        self._next_us = line.time_us
                    break
        return self._next_us

    def lines(self, count: int) -> Iterator[tuple[int, str]]:
        """The next lines in order with their offsets, at most `count`; whoever has seen enough leaves the rest."""
        self.taken = 0
        self._next_us = None
        while self._next < len(self._ahead) and self.taken < count:
            line = self._ahead[self._next]
            self._next += 1
            self.taken += 1
            self.tally.lines += 1
            yield line

    def records(self, offset: int, text: str) -> list[tuple[Line, Place]]:
        """What is complete with this line, each with its place in the file."""
        line = self._framer.frame(text if text.isascii() else legible(text))
        if line is None:
            program = self._joiner.more(legible(text), self.name)
            if program is not None:
                self.tally.known[program] += 1
            elif text.strip("\0 "):
                self.tally.unframed += 1
                self.tally.unread(strange(text))
            return []
        self.latest_us = line.time_us
        return self._joiner.feed(line, self._slot(offset, line.time_us))

    def failed(self, offset: int, raw: str, program: str, host: str) -> FailedLine:
        """A line of it that this program failed on; `host` is whose lines are that name none."""
        return FailedLine(self.reader.path, offset, raw, program, self._framer.year_now, replace(self.told, log_host=host))

    def failed_at(self, place: Place, line: Line) -> FailedLine:
        """A line of it that could not be joined."""
        return FailedLine(
            self.reader.path, place.offset, line.raw, line.program, place.year, replace(self.told_at(place), log_host=line.host)
        )

    def _slot(self, offset: int, time_us: int) -> Place:
        """The place of a line: where the file reached the second in which it stands; lines that come late stand where they are read."""
        if self._slots and self._slots[-1].zone_of_ids != self._framer.file_zone.of_ids:
            # All times before were of another zone.
            self._greatest = 0
            for heard in (self.heard, *self.hosts.values()):
                heard.anew()
        if not self._slots or time_us // SECOND > self._greatest // SECOND:
            self.heard.at(time_us)
            self._greatest = max(self._greatest, time_us)
            self._slots.append(Place(offset, time_us, self._greatest, self._framer.year_now, self.file_zone.of_ids))
        return self._slots[-1]

    def low_water(self) -> Place | None:
        """Where reading must go on after a crash: the first second that is still needed.

        The last second is always read again: its lines are numbered from its beginning.
        """
        while len(self._slots) > 1 and not self._slots[0].needed:
            self._slots.popleft()
        return self._slots[0] if self._slots else None

    def overdue(self, pin_s: float) -> list[Place]:
        """The places that were needed for `pin_s` seconds of the file's own log: what they hold is to be written now, as it stands.

        Age counts from when a place was read, by how far the file has come since: so it does not matter how fast a backlog is read,
        and a host whose clock is behind the others' is given as much time as they are.
        """
        floor_us = self._greatest - int(pin_s * SECOND)
        return [slot for slot in takewhile(lambda slot: slot.reached_us < floor_us, self._slots) if slot.needed]

    @property
    def needed(self) -> list[Place]:
        """The places whose lines are still needed."""
        return [slot for slot in self._slots if slot.needed]

    @property
    def greatest_us(self) -> int:
        """The greatest stamp that was read; 0 before the first."""
        return self._greatest

    @property
    def drained(self) -> bool:
        """Whether everything that was there is read and taken, as far as was seen when it was last asked."""
        return self.reader.at_end and not self.reader.ahead and self._next >= len(self._ahead)

    @property
    def line_bytes(self) -> float:
        """How long a line of it is, on average."""
        lines = self.tally.lines - self._lines_before
        return max(self.read - self._begun_at, lines) / lines if lines > 0 else _USUAL_LINE

    @property
    def zone_assumed(self) -> tuple[str, str] | None:
        """The zone of its stamps, and whether that was `set`, told by `ids`, or is the `system`'s; None where they name their own."""
        if self.stamp is None or self.stamp.offset is not None:
            return None
        told = self.told
        by = "set" if self._zone_set else "system" if told.zone_of_ids is None else "ids"
        return told.timezone or str(self._zone), by

    @property
    def year_assumed(self) -> int | None:
        """The year of its last line, where stamps name none."""
        return None if self.stamp is None or self.stamp.year is not None else self._framer.year_now

    def came_of(self, stated: Mapping[str, Sequence[tuple[Line, Any, Any]]]) -> None:
        """Lines of these hosts are in it, with what they state."""
        for host in stated:
            if len(self.hosts) <= MOST_DOMAINS:
                self.hosts.setdefault(host, Heard())
        for host, lines in stated.items():
            heard = self.hosts.get(host)
            if heard is not None:
                for line, _, _ in lines:
                    if line.time_us > heard.last_us:
                        heard.at(line.time_us)

    @property
    def pinned_us(self) -> int:
        """How far, on the file's own clock, the oldest place lies back that is still needed; 0 where none is."""
        oldest = next((slot for slot in self._slots if slot.needed), None)
        return 0 if oldest is None else self._greatest - oldest.reached_us

    @property
    def pinned(self) -> bool:
        """Whether a line of it is still needed."""
        return any(slot.needed for slot in self._slots)
