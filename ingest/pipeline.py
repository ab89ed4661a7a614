"""The pipeline: files -> lines -> facts -> journeys -> store. The only module that knows all stages.

One thread reads and joins. A backlog is merged by time over the files; what is read to its end holds nobody up. Acknowledgement
by the store moves the low-water mark of each file, and the marks are written after it: if we die in between, lines are read twice.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

import structlog

from ingest.aside import Aside, Failed, FailedLetters
from ingest.clock import SKEW_US
from ingest.formats import new_joiner
from ingest.framing.line import Line
from ingest.intake import Intake
from ingest.joining.places import Place
from ingest.journeys import Journeys, OpenJourneys
from ingest.losses import note_losses
from ingest.options import IngestOptions
from ingest.recording import Recorder
from ingest.records import Joiner
from ingest.sinks import Sink
from ingest.sources import Sources
from ingest.state import State, Watch
from ingest.summary import Progress, Summary
from ingest.tail.checkpoint import Checkpoint
from ingest.tail.faults import TailError
from ingest.tail.follow import Follower
from ingest.tail.names import is_file
from mappings import private
from mappings.readings import EVERY_S, Ended, Trouble

_log = structlog.get_logger(__name__)

#: Lines of one file that are taken in one go.
_CHUNK = 4000
#: Lines between two looks at what can be written. With four times as many the store is no faster, and memory holds more.
_FLUSH_LINES = 4_000
#: Seconds between two times that the marks are kept while a backlog is read.
_BACKLOG_SAVED_S = 5.0


class Ingest:
    """Reads files into a store, once or for ever."""

    def __init__(
        self,
        options: IngestOptions,
        sink: Sink,
        data: Path,
        *,
        journeys: Callable[[Aside], Journeys] | None = None,
        progress: Progress | None = None,
        clock: Callable[[], float] = time.time,
        beat: Callable[[], None] = lambda: None,
        noted_every_s: float = EVERY_S,
    ) -> None:
        self.summary = Summary()
        self._watch = Watch(clock)
        #: Called while reading goes on: whoever watches over the process knows by it that it does not hang.
        self._beat = beat
        self._options = options
        self._domains = options.domains
        self._sink = sink
        self._data = data
        self._progress = progress
        self._clock = clock
        keep_lines = options.keep_raw and options.keep_subjects
        self._aside = Aside(FailedLetters(data), self.summary, strict=options.strict, keep_lines=keep_lines)
        self._joiner: Joiner[Place] = new_joiner()
        self._sources = Sources(options, self._joiner, self.summary, self._warn)
        # Those of this process, unless others have them.
        self._journeys: Journeys = OpenJourneys(options, sink, self._aside, clock) if journeys is None else journeys(self._aside)
        self._intake = Intake(options, self.summary, self._aside, self._journeys, self._sources.host_of, self._sources.beside)
        self._since_flush = 0
        self._told_at = 0.0
        self._checkpoint = Checkpoint(data)
        self._saved = time.monotonic()
        self._follower: Follower | None = None
        self._recorder = Recorder(options, data, sink, clock, every_s=noted_every_s)

    @property
    def state(self) -> State:
        """How things stand; any thread may ask."""
        return self._watch.state

    def run_once(self, stop: threading.Event | None = None) -> Summary:
        """Read everything to its end, write it, and give what was done."""
        follower = self._open(once=True)
        try:
            while not (stop is not None and stop.is_set()):
                if self._sources.sweep(follower):
                    self._read(follower, stop)
                elif any(reader.stream and not reader.ended for reader in follower.readers):
                    # A pipe ends when its writer does, however long that takes.
                    follower.wait(1.0)
                else:
                    break
            self._finish(Ended.STOPPED if stop is not None and stop.is_set() else Ended.FINISHED)
            self.summary.unread += follower.unread()
            self.summary.no_rights |= {str(one): one.path for one in follower.troubles() if one.trouble is Trouble.NO_RIGHTS}
        finally:
            follower.close()
        return self.summary

    def follow(self, stop: threading.Event, *, interval_s: float = 1.0) -> Summary:
        """Read on as lines come, until `stop` is set; then write what is held back and end in order."""
        follower = self._open(once=False)
        try:
            while not stop.is_set() and not follower.over:
                self._beat()
                if self._sources.sweep(follower):
                    self._read(follower, stop)
                self._join(self._joiner.grown())
                self._flush(everything=True)
                self._save(interval_s)
                follower.wait(interval_s)
            self._finish(Ended.FINISHED if follower.over else Ended.STOPPED)
        finally:
            follower.close()
        return self.summary

    def read_again(self, letters: Sequence[Failed]) -> None:
        """Read lines anew that were put aside, and write what they say; what fails again is put aside again.

        Positions in files stay as they are. Letters whose lines were not to be kept are put back.
        """
        self._intake.again = self._intake.sparse = True
        self._aside.put_back([letter for letter in letters if any(line.raw is None for line in letter.lines)])
        for source in self._sources.again(letters, self._data):
            while source.fill():
                self._intake.take(source, _CHUNK, None)
        self._write_all()
        self._aside.flush()

    # -- files

    def _open(self, *, once: bool) -> Follower:
        """The marks and the files."""
        private.folder(self._data)
        for sentence in private.close_up(self._data):
            self._warn(sentence)
        checkpoint = self._checkpoint = Checkpoint(self._data) if self._options.rebuild else Checkpoint.load(self._data)
        if checkpoint.warning:
            self._warn(checkpoint.warning)
        # A file that an earlier run could not let go of is read on, also where it is not named now: the store lacks its last lines.
        left = [mark for mark in checkpoint.marks if mark.needed and is_file(mark.path)] if once else []
        follower = self._follower = Follower(self._options.paths, checkpoint, once=once, exclude=str(self._data), left=left)
        self._recorder.begin(once=once)
        return follower

    # -- lines

    def _read(self, follower: Follower, stop: threading.Event | None) -> None:
        """Read what is there, the files merged by time."""
        while not (stop is not None and stop.is_set()):
            ready = self._sources.ready(follower)
            if not ready:
                return
            self._beat()
            source = ready[0]
            until = ready[1].next_us + SKEW_US if len(ready) > 1 else None
            self._intake.take(source, _CHUNK, until)
            self.summary.lines += source.taken
            self._since_flush += source.taken
            if self._since_flush >= _FLUSH_LINES:
                self._flush(everything=False)
                self._save(_BACKLOG_SAVED_S)
            self._tell()

    def _join(self, records: Iterable[tuple[Line, Place]]) -> None:
        """Take in records that no further line ended, as they stand."""
        sources = self._sources.named()
        for line, place in records:
            if line.file in sources:
                self._intake.take_records(sources[line.file], [(line, place)])

    # -- out

    def _flush(self, *, everything: bool, final: bool = False) -> None:
        """Write what is due in every log domain, and let go of what is done."""
        self._since_flush = 0
        self._journeys.flush(everything=everything, final=final)
        for source in self._sources:
            # Also drops what is needed no more of the marks.
            source.low_water()
        self._journeys.count(self.summary)
        self._watch.look(self.summary, self._journeys.open, list(self._sources), len(self._sources.unreadable), now=final)

    def _finish(self, ended: Ended) -> None:
        """Write everything, also what is held back, and keep how far each file is read."""
        self._write_all()
        self._keep_marks(ended)
        for source in self._sources:
            if source.reader.partial and source.tally.recognised:
                self._warn(f"{source.reader.path}: the last line has no newline yet and is left for the next reading.")
            if source.reader.damage:
                self._warn(source.reader.damage)
        self._tell(force=True)

    def _write_all(self) -> None:
        """Write everything, also what is held back, and wait until it is durable."""
        for source in self._sources:
            if source.settle():
                self._intake.take(source, _CHUNK, None)
        self._join(self._joiner.drain())
        self._flush(everything=True, final=True)
        self._journeys.finish()
        self._journeys.count(self.summary)

    def _save(self, every_s: float) -> None:
        """Keep how far each file is read, where that was last done so long ago.

        What cannot be kept now is kept later, and until then more would be read again: that is said, and nothing else.
        """
        if time.monotonic() - self._saved < every_s:
            return
        self._saved = time.monotonic()
        for source in self._sources:
            self._give_up(source.needed if source.reader.lost else source.overdue(self._options.pin_s))
        try:
            self._keep_marks()
        except TailError as error:
            self._warn(f"{error}; it is tried again")

    def _give_up(self, places: Collection[Place]) -> None:
        """Places that are to be needed no more: what is known of the messages of their lines is written now, as it stands.

        Their marks pass them when that is durable. So the promise has one clock, that of the file, and none can leave it behind.
        """
        if places:
            self._join(self._joiner.left(places))
            self._journeys.give_up(places)

    def _keep_marks(self, ended: Ended | None = None) -> None:
        """Keep the low-water marks, and how reading stands; what was put aside is on the disk before."""
        self._journeys.keep()
        if self._follower is not None and not self._options.part:
            self._recorder.look(list(self._sources), self._follower, self._domains.of, ended=ended)
        for source in self._sources.ended():
            self._join(self._joiner.drain(source.name))
        self._sources.note(self._checkpoint)
        if self._follower is not None:
            for sentence in note_losses(self._follower, list(self._sources), self._sink, int(self._clock() * 1000)):
                self.summary.losses += 1
                self._warn(sentence)
        self._aside.flush()
        if not self._options.part:
            self._checkpoint.store()

    def _tell(self, *, force: bool = False) -> None:
        """Report progress, a few times a second at most."""
        now = time.monotonic()
        if self._progress is not None and (force or now - self._told_at > 0.2):
            self._told_at = now
            self.summary.bytes_read = sum(source.reader.position for source in self._sources)
            self._progress(self.summary)

    def _warn(self, sentence: str) -> None:
        """Keep a warning for the summary, and log it."""
        if self.summary.warn(sentence):
            _log.warning("source_warned", detail=sentence)
