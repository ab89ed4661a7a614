"""A joiner: the process that has the open journeys of some log domains."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait

from msgspec.structs import replace

from ingest.aside import Aside, FailedLine
from ingest.framing.line import Line
from ingest.joining.places import Hold, Place
from ingest.joining.way import SessionRole
from ingest.journeys import OpenJourneys
from ingest.options import IngestOptions
from ingest.processes.channel import Channel
from ingest.processes.faults import fault_of
from ingest.processes.messages import (
    Alive,
    Flush,
    FromJoiner,
    GiveUp,
    JoinerReport,
    Leave,
    LineRow,
    Lines,
    NoteProgress,
    PlaceRow,
    Segment,
    ToJoiner,
)
from ingest.processes.served import StoreElsewhere
from ingest.summary import Summary
from ingest.tail.marks import Told
from mappings.facts import Fact


@dataclass(frozen=True, slots=True)
class _Origin:
    """The file of some lines, as far as it is known here."""

    name: str
    told: Told

    def told_at(self, place: Place) -> Told:
        """What was said about it."""
        return self.told

    def failed_at(self, place: Place, line: Line) -> FailedLine:
        """A line of it that could not be joined."""
        return FailedLine(line.file, place.offset, line.raw, line.program, place.year, replace(self.told, log_host=line.host))


class _Letters:
    """What is put aside here is kept by the reader, before a mark passes it."""

    def __init__(self) -> None:
        self.waiting: list[bytes] = []

    def put(self, letters: Sequence[bytes]) -> None:
        """Have letters sent with the next report."""
        self.waiting += letters


class _Places:
    """The places of lines that are here, by the reader's numbers: which of them are needed."""

    def __init__(self) -> None:
        self._known: dict[int, Place] = {}
        #: Those of which the reader was told that they are needed no more.
        self._released: set[int] = set()

    def know(self, row: PlaceRow) -> None:
        """A place of lines that come now."""
        if row.number not in self._known:
            self._known[row.number] = Place(row.offset, row.time_us, row.reached_us, row.year, row.zone_of_ids)

    def of(self, number: int) -> Place:
        """The place of a number."""
        return self._known[number]

    def still(self, numbers: Sequence[int]) -> list[Place]:
        """Those of some places that are needed here."""
        return [self._known[number] for number in numbers if number in self._known]

    def changes(self, come: set[int]) -> tuple[list[int], list[int]]:
        """Which are needed no more since last time, or came now and are not needed; and which are needed again."""
        # Lines have come of these: the reader waits for them anew.
        self._released -= come
        now = {number for number, place in self._known.items() if not place.needed}
        released, needed = sorted(now - self._released), sorted(self._released - now)
        self._released = now
        # What is not needed and older than all that is will not be needed again, as in the files' own order (`SourceFile.low_water`).
        while self._known and (oldest := next(iter(self._known))) in self._released:
            del self._known[oldest]
            self._released.discard(oldest)
        return released, needed


class _Joiner:
    """The journeys, and what the reader is told of them."""

    def __init__(self, reader: Channel[FromJoiner, ToJoiner], store: StoreElsewhere, options: IngestOptions) -> None:
        self._reader = reader
        self._store = store
        self._summary = Summary()
        self._letters = _Letters()
        self._aside = Aside(self._letters, self._summary, strict=options.strict, keep_lines=options.keep_raw and options.keep_subjects)
        self.journeys = OpenJourneys(options, store, self._aside, time.time)
        self._places = _Places()

    def handle(self, message: ToJoiner) -> None:
        """Do what the reader asks for, and report."""
        come: set[int] = set()
        if isinstance(message, Lines):
            come.update(row.number for row in message.places)
            self._take(message)
        elif isinstance(message, Flush):
            self.journeys.flush(everything=message.everything, final=message.final)
        elif isinstance(message, GiveUp):
            self.journeys.give_up(self._places.still(message.places))
        elif isinstance(message, NoteProgress):
            self.journeys.keep()
        else:
            self.journeys.finish()
        self.report(come, answered=1)

    def report(self, come: set[int], *, answered: int) -> None:
        """Tell the reader how things stand."""
        released, needed = self._places.changes(come)
        self._aside.flush()
        letters, self._letters.waiting = self._letters.waiting, []
        summary, failed, warnings = self._summary, dict(self._summary.failed), list(self._summary.warnings)
        if not (answered or released or needed or letters):
            return
        summary.failed.clear()
        summary.warnings.clear()
        self.journeys.count(summary)
        self._reader.send(
            JoinerReport(
                answered=answered,
                released=released,
                needed=needed,
                traces=summary.traces,
                superseded=summary.superseded,
                ahead=summary.ahead,
                open=self.journeys.open,
                letters=letters,
                failed=failed,
                warnings=warnings,
                told=self._store.told,
            )
        )

    def _take(self, lines: Lines) -> None:
        """Take lines in; they hold their places until the journeys have them."""
        for row in lines.places:
            self._places.know(row)
        with Hold() as hold:
            for segment in lines.segments:
                taken: list[tuple[Line, tuple[Fact | SessionRole, ...], Place]] = []
                for line in segment.lines:
                    place = self._places.of(line.place)
                    hold.on(place)
                    taken.append((_line(segment, line), tuple(line.stated), place))
                self.journeys.take({segment.host: taken}, _Origin(segment.path, segment.told))


def _line(segment: Segment, row: LineRow) -> Line:
    """The line, as far as journeys need it."""
    program = sys.intern(row.program)
    file = segment.path if row.file is None else row.file
    return Line(row.time_us, row.fine, segment.host, program, program, row.pid, "", row.raw, file, digest=row.digest)


def join(reader_end: Connection, store_end: Connection, options: IngestOptions) -> OpenJourneys | None:
    """Join what the reader sends until that is done, and give what is in memory then; what goes wrong is told there."""
    reader: Channel[FromJoiner, ToJoiner] = Channel(reader_end, ToJoiner)
    store = StoreElsewhere(store_end, lambda told: reader.send(Alive(told)))
    try:
        joiner = _Joiner(reader, store, options)
        while True:
            ready = wait([reader_end, store_end])
            if reader_end in ready:
                message = reader.receive()
                if isinstance(message, Leave):
                    break
                joiner.handle(message)
            else:
                # What is durable needs its lines no more.
                joiner.journeys.collect()
                joiner.report(set(), answered=0)
        store.close()
        return joiner.journeys
    except (EOFError, BrokenPipeError, ConnectionResetError):
        # The reader is gone: what is not written is read again.
        return None
    except Exception as error:  # noqa: BLE001 - it ends this process, and is told
        reader.send(fault_of(error))
        return None
