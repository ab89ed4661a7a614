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
from ingest.clock import AHEAD_US, SECOND, SKEW_US, reach_us
from ingest.formats import new_joiner
from ingest.formats.earlier import fact_in
from ingest.framing.line import Line
from ingest.intake import Intake
from ingest.joining.event import LiveEvent
from ingest.joining.places import Place
from ingest.joining.within import Within
from ingest.losses import note_losses
from ingest.memory.memory import Memory
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
from ingest.telling.document import Context
from ingest.telling.ownership import Ownership
from ingest.writer import UnderWay, Writer
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
        self._sink = sink
        self._data = data
        self._progress = progress
        self._clock = clock
        self._ownership = Ownership(options.customers)
        self._domain_of = {host: d for d in options.log_domains for host in (d.hosts or (d.name,))}
        self._writers: dict[str, Writer] = {}
        self._under_way: UnderWay = {}
        #: Lines of the future of log domains that are in memory no more.
        self._ahead_gone = 0
        keep_lines = options.keep_raw and options.keep_subjects
        self._aside = Aside(FailedLetters(data), self.summary, strict=options.strict, keep_lines=keep_lines)
        self._joiner: Joiner[Place] = new_joiner()
        self._sources = Sources(options, self._joiner, self.summary, self._warn)
        self._intake = Intake(options, self.summary, self._aside, self._memory, self._sources.host_of)
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
            self._limit()
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

    def _limit(self) -> None:
        """Lines stamped far ahead of the wall clock move no clock."""
        limit = int(self._clock() * SECOND) + AHEAD_US
        for writer in self._writers.values():
            writer.memory.limit_us = limit

    def _name_of(self, host: str) -> str:
        """The log domain of a host."""
        setting = self._domain_of.get(host)
        return setting.name if setting is not None else host

    def _memory(self, host: str) -> Memory:
        """The open journeys of a host's log domain."""
        return self._writer(host).memory

    def _writer(self, host: str) -> Writer:
        """The journeys of a host's log domain."""
        setting, name = self._domain_of.get(host), self._name_of(host)
        writer = self._writers.get(name)
        if writer is None:
            options = self._options
            filters = frozenset(setting.filters) if setting is not None else frozenset[str]()
            several = setting is not None and len(setting.hosts) > 1
            within = Within(filters, reach_us(options.pin_s), several=several, quarantines=options.quarantines)
            self._sink.claim(name)
            memory = Memory(
                name,
                self._sink.find,
                fact_in,
                within=within,
                newest_ms=self._sink.newest_ms(name),
                memory_us=int(options.memory_s * SECOND),
                hosts=setting.hosts if setting is not None else (),
            )
            context = Context(name, within, self._ownership, int(options.hold_back_s * SECOND), options.keep_raw, options.keep_subjects)
            writer = self._writers[name] = Writer(memory, self._sink, context, self._under_way, self._aside, summary=self.summary)
            self._limit()
        return writer

    # -- out

    def _flush(self, *, everything: bool, final: bool = False) -> None:
        """Write what is due in every log domain, and let go of what is done."""
        self._since_flush = 0
        for writer in self._writers.values():
            # All files are read to their end where everything is asked for: then the time for showing goes on with the wall clock.
            show_us = self._show_us(writer) if everything else writer.memory.clock_us
            writer.flush(show_us, everything=everything, final=final)
            writer.evict()
        for source in self._sources:
            # Also drops what is needed no more of the marks.
            source.low_water()
        self.summary.ahead = self._ahead_gone + sum(writer.memory.ahead for writer in self._writers.values())
        self._watch.look(self.summary, self._writers.values(), list(self._sources), len(self._sources.unreadable), now=final)

    def _show_us(self, writer: Writer) -> int:
        """The log's clock, moved on with the wall clock while no line comes."""
        clock = writer.memory.clock_us
        return max(clock, min(int(self._clock() * SECOND), clock + self._idle_us(writer)))

    def _idle_us(self, writer: Writer) -> int:
        """How long, by the wall clock, no line of a log domain has come."""
        clock, since = writer.quiet_since
        if clock != writer.memory.clock_us:
            writer.quiet_since = (writer.memory.clock_us, self._clock())
            return 0
        return int((self._clock() - since) * SECOND)

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
        for writer in self._writers.values():
            writer.finish()
        self._sink.flush()

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
        self._forget_silent()

    def _give_up(self, places: Collection[Place]) -> None:
        """Places that are to be needed no more: what is known of the messages of their lines is written now, as it stands.

        Their marks pass them when that is durable. So the promise has one clock, that of the file, and none can leave it behind.
        """
        if not places:
            return
        self._join(self._joiner.left(places))
        events: dict[str, set[LiveEvent]] = {}
        for place in places:
            for holder in list(place.holders):
                if isinstance(holder, LiveEvent) and holder.lacking:
                    events.setdefault(holder.host, set()).add(holder)
                elif isinstance(holder, Line):
                    place.let_go(holder)
                else:
                    holder.give_up(place)
        for host, held in events.items():
            self._writer(host).write_now(held, self._show_us(self._writer(host)))

    def _keep_marks(self, ended: Ended | None = None) -> None:
        """Keep the low-water marks, and how reading stands; what was put aside is on the disk before."""
        for writer in self._writers.values():
            writer.collect()
        self._sink.note_progress({name: w.memory.clock_us // 1000 for name, w in self._writers.items()})
        if self._follower is not None and not self._options.part:
            self._recorder.look(list(self._sources), self._follower, self._name_of, ended=ended)
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

    def _forget_silent(self) -> None:
        """Let go of log domains that are silent, for anybody may name hosts in a log; they are taken up again where lines of them come.

        They are behind the others by the log's clock as well: where the store was away for long, nobody was silent.
        """
        silent_us = int((self._options.memory_s + self._options.pin_s) * SECOND)
        newest_us = max((writer.memory.clock_us for writer in self._writers.values()), default=0)
        for name, writer in list(self._writers.items()):
            behind = newest_us - writer.memory.clock_us > silent_us
            if self._idle_us(writer) > silent_us and behind and writer.let_go():
                del self._writers[name]
                self._ahead_gone += writer.memory.ahead

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
