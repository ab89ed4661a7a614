"""The pipeline: files -> lines -> facts -> journeys -> store. The only module that knows all stages.

One thread reads and joins. A backlog is merged by time over the files; what is read to its end holds nobody up. Acknowledgement
by the store moves the low-water mark of each file, and the marks are written after it: if we die in between, lines are read twice.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from ingest.aside import Aside, Failed, FailedLetters, sorted_out
from ingest.correlate.draft import Context
from ingest.correlate.event import SECOND, Event, Slot
from ingest.correlate.links import REACH_US, Within
from ingest.correlate.ownership import Ownership
from ingest.correlate.table import Table
from ingest.intake import Intake
from ingest.lines import Line
from ingest.options import IngestOptions, SourceSetting
from ingest.records import Joiner
from ingest.sinks import Sink
from ingest.source import SourceFile
from ingest.state import State, Watch
from ingest.summary import Progress, Summary
from ingest.syslog import peek_time
from ingest.tail.checkpoint import Checkpoint
from ingest.tail.faults import TailError
from ingest.tail.follow import Follower
from ingest.tail.marks import Told
from ingest.tail.reader import FileReader
from ingest.writer import UnderWay, Writer
from mappings import private

_log = structlog.get_logger(__name__)

#: Lines of one file that are taken in one go.
_CHUNK = 4000
#: Files of a backlog are merged by time to within this.
_SKEW_US = SECOND
#: Lines between two looks at what can be written.
_FLUSH_LINES = 4000
#: A stamp further ahead of the wall clock than this moves no clock.
_AHEAD_US = 3600 * SECOND
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
    ) -> None:
        self.summary = Summary()
        self._watch = Watch(clock)
        #: Called while reading goes on: whoever watches over the process knows by it that it does not hang.
        self._beat = beat
        #: What cannot be read now.
        self._unreadable: set[str] = set()
        self._options = options
        self._sink = sink
        self._data = data
        self._progress = progress
        self._clock = clock
        self._ownership = Ownership(options.customers)
        self._domain_of = {host: d for d in options.log_domains for host in (d.hosts or (d.name,))}
        self._writers: dict[str, Writer] = {}
        self._under_way: UnderWay = {}
        keep_lines = options.keep_raw and options.keep_subjects
        self._aside = Aside(FailedLetters(data), self.summary, strict=options.strict, keep_lines=keep_lines)
        self._intake = Intake(options, self.summary, self._aside, self._table, self._host)
        self._sources: dict[FileReader, SourceFile] = {}
        self._joiner: Joiner[Slot] = Joiner()
        self._since_flush = 0
        self._told_at = 0.0
        self._checkpoint = Checkpoint(data)
        self._saved = time.monotonic()
        #: A year and a host as other files of the same run name them.
        self._named_us: int | None = None
        self._named_hosts: set[str] = set()
        #: Files of which nobody can say whose they are, and that is told.
        self._hostless: set[str] = set()
        #: Files that nobody named, which an earlier run left to be read on.
        self._left: dict[str, Told] = {}

    @property
    def state(self) -> State:
        """How things stand; any thread may ask."""
        return self._watch.state

    def run_once(self, stop: threading.Event | None = None) -> Summary:
        """Read everything to its end, write it, and give what was done."""
        follower = self._open(once=True)
        try:
            while not (stop is not None and stop.is_set()):
                if self._sweep(follower):
                    self._read(follower, stop)
                elif any(reader.stream and not reader.ended for reader in follower.readers):
                    # A pipe ends when its writer does, however long that takes.
                    follower.wait(1.0)
                else:
                    break
            self._finish()
        finally:
            follower.close()
        return self.summary

    def follow(self, stop: threading.Event, *, interval_s: float = 1.0) -> Summary:
        """Read on as lines come, until `stop` is set; then write what is held back and end in order."""
        follower = self._open(once=False)
        try:
            while not stop.is_set() and not follower.over:
                self._beat()
                if self._sweep(follower):
                    self._read(follower, stop)
                self._join(self._joiner.grown())
                self._flush(everything=True)
                self._save(interval_s)
                follower.wait(interval_s)
            self._finish()
        finally:
            follower.close()
        return self.summary

    def read_again(self, letters: Sequence[Failed]) -> None:
        """Read lines anew that were put aside, and write what they say; what fails again is put aside again.

        Positions in files stay as they are. Letters whose lines were not to be kept are put back.
        """
        self._intake.again = self._intake.sparse = True
        self._aside.put_back([letter for letter in letters if any(line.raw is None for line in letter.lines)])
        with TemporaryDirectory(prefix="again-", dir=self._data) as folder:
            for number, ((file, told, year), lines) in enumerate(sorted_out(letters).items()):
                path = Path(folder, str(number))
                path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", errors="surrogateescape")
                setting = SourceSetting(file, told.format, _zone(told.timezone), year, told.log_host)
                reader = FileReader(str(path))
                # To the reader of a report they are the lines of the file in which they stood.
                reader.path = file
                source = SourceFile(reader, setting, self._options.timezone, self._joiner, self.summary.tally(file))
                self._sources[reader] = source
                source.fill()
                source.begin(year, None)
                while source.fill():
                    self._intake.take(source, _CHUNK, None)
                    self.summary.lines += source.taken
                reader.close()
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
        paths = list(self._options.paths)
        if once and not self._options.rebuild:
            # A file that an earlier run could not let go of is read on, also where it is not named now: the store lacks its last lines.
            left = [m for m in checkpoint.marks if m.needed and not m.finished and m.path not in paths and Path(m.path).is_file()]
            self._left = {m.path: m.told for m in left}
            paths += self._left
        return Follower(paths, checkpoint, once=once, exclude=str(self._data))

    def _sweep(self, follower: Follower) -> bool:
        """Look at the files; whether any has something to read."""
        ready = follower.sweep()
        self._unreadable = set(follower.standing)
        for problem in follower.problems():
            self._warn(problem)
        new = [r for r in ready if r not in self._sources]
        for reader in new:
            source = self._sources[reader] = SourceFile(
                reader, self._setting(reader.path), self._options.timezone, self._joiner, self.summary.tally(reader.path)
            )
            self.summary.files += 1
            self._peek(source)
        for reader in new:
            self._sources[reader].begin(self._options.year, self._named_us)
        self.summary.bytes_total = sum(r.size for r in self._sources)
        filled = [self._fill(self._sources[r]) for r in ready]
        return any(filled)

    def _fill(self, source: SourceFile) -> bool:
        """Have lines of a file ahead; one that cannot be read is told of, and the others are read on."""
        try:
            return source.fill()
        except TailError as error:
            self._unreadable.add(str(error))
            self._warn(str(error))
            return False

    def _setting(self, path: str) -> SourceSetting:
        """What is set for a file: by the first source whose pattern fits, else by the options."""
        for source in self._options.sources:
            if Path(path).match(source.path) or path == source.path:
                return source
        if path in self._left:
            told = self._left[path]
            return SourceSetting(path, told.format, _zone(told.timezone), None, told.log_host)
        return SourceSetting(path, self._options.format, None, None, self._options.log_host)

    def _peek(self, source: SourceFile) -> None:
        """Note the year and the host that a file's first lines name, for those that name none."""
        self._fill(source)
        for text in source.ahead(200):
            stamp = peek_time(text)
            if stamp is None:
                continue
            if stamp.year is not None and self._named_us is None:
                self._named_us = int(datetime(stamp.year, stamp.month, stamp.day, tzinfo=self._options.timezone).timestamp() * SECOND)
            line = source.framed(text)
            if line is not None and line.host:
                self._named_hosts.add(line.host)

    def _host(self, source: SourceFile) -> str:
        """The host of lines that name none: as set, else the only one that other files of the run name, else this machine."""
        told = source.setting.log_host or self._options.log_host
        if told:
            return told
        if len(self._named_hosts) == 1:
            return next(iter(self._named_hosts))
        host, path = socket.gethostname().partition(".")[0], source.reader.path
        if self._named_hosts and host not in self._named_hosts and path not in self._hostless:
            self._hostless.add(path)
            several = ", ".join(sorted(self._named_hosts))
            self._warn(
                f"{path}: its lines name no host, and other files name several ({several}); they are taken as of {host}, and join nothing"
                " of those. Say whose they are with log_host."
            )
        return host

    # -- lines

    def _read(self, follower: Follower, stop: threading.Event | None) -> None:
        """Read what is there, the files merged by time."""
        while not (stop is not None and stop.is_set()):
            ready = [s for r in follower.readers if (s := self._sources.get(r)) is not None and self._fill(s)]
            if not ready:
                return
            self._beat()
            ready.sort(key=lambda s: s.next_us)
            source = ready[0]
            until = ready[1].next_us + _SKEW_US if len(ready) > 1 else None
            self._limit()
            self._intake.take(source, _CHUNK, until)
            self.summary.lines += source.taken
            self._since_flush += source.taken
            if self._since_flush >= _FLUSH_LINES:
                self._flush(everything=False)
                self._save(_BACKLOG_SAVED_S)
                self._tell()

    def _join(self, records: Iterable[tuple[Line, Slot]]) -> None:
        """Take in records that no further line ended, as they stand."""
        sources = {s.reader.path: s for s in self._sources.values()}
        for line, place in records:
            if line.file in sources:
                self._intake.take_records(sources[line.file], [(line, place)])

    def _limit(self) -> None:
        """Lines stamped far ahead of the wall clock move no clock."""
        limit = int(self._clock() * SECOND) + _AHEAD_US
        for writer in self._writers.values():
            writer.table.limit_us = limit

    def _table(self, host: str) -> Table:
        """The open journeys of a host's log domain."""
        return self._writer(host).table

    def _writer(self, host: str) -> Writer:
        """The journeys of a host's log domain."""
        setting = self._domain_of.get(host)
        name = setting.name if setting is not None else host
        writer = self._writers.get(name)
        if writer is None:
            options = self._options
            reach_us = min(int(options.pin_s * SECOND), REACH_US)
            filters = frozenset(setting.filters) if setting is not None else frozenset[str]()
            within = Within(filters, reach_us, setting is not None and len(setting.hosts) > 1, options.quarantines)
            self._sink.claim(name)
            table = Table(
                name,
                self._sink.find,
                within=within,
                newest_ms=self._sink.newest_ms(name),
                memory_us=int(options.memory_s * SECOND),
                hosts=setting.hosts if setting is not None else (),
            )
            context = Context(name, within, self._ownership, int(options.hold_back_s * SECOND), options.keep_raw, options.keep_subjects)
            writer = self._writers[name] = Writer(table, self._sink, context, self._under_way, self._aside)
            self._limit()
        return writer

    # -- out

    def _flush(self, *, everything: bool, final: bool = False) -> None:
        """Write what is due in every log domain, and let go of what is done."""
        self._since_flush = 0
        for writer in self._writers.values():
            # All files are read to their end where everything is asked for: then the time for showing goes on with the wall clock.
            show_us = self._show_us(writer) if everything else writer.table.clock_us
            writer.flush(show_us, everything=everything, final=final)
            writer.evict()
        for source in self._sources.values():
            # Also drops what is needed no more of the marks.
            source.low_water()
        self.summary.traces = sum(w.written for w in self._writers.values())
        self.summary.superseded = sum(w.superseded for w in self._writers.values())
        self._watch.look(self.summary, self._writers.values(), self._sources.values(), len(self._unreadable), now=final)

    def _show_us(self, writer: Writer) -> int:
        """The log's clock, moved on with the wall clock while no line comes."""
        clock = writer.table.clock_us
        return max(clock, min(int(self._clock() * SECOND), clock + self._idle_us(writer)))

    def _idle_us(self, writer: Writer) -> int:
        """How long, by the wall clock, no line of a log domain has come."""
        clock, since = writer.quiet_since
        if clock != writer.table.clock_us:
            writer.quiet_since = (writer.table.clock_us, self._clock())
            return 0
        return int((self._clock() - since) * SECOND)

    def _finish(self) -> None:
        """Write everything, also what is held back, and keep how far each file is read."""
        self._write_all()
        self._keep_marks()
        for source in self._sources.values():
            if source.reader.partial:
                self._warn(f"{source.reader.path}: the last line has no newline yet and is left for the next reading.")
            if source.reader.damage:
                self._warn(source.reader.damage)
        self._tell(force=True)

    def _write_all(self) -> None:
        """Write everything, also what is held back, and wait until it is durable."""
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
        for source in self._sources.values():
            self._give_up(source.needed if source.reader.gone else source.overdue(self._options.pin_s))
        try:
            self._keep_marks()
        except TailError as error:
            self._warn(f"{error}; it is tried again")

    def _give_up(self, places: Collection[Slot]) -> None:
        """Places that are to be needed no more: what is known of the messages of their lines is written now, as it stands.

        Their marks pass them when that is durable. So the promise has one clock, that of the file, and none can leave it behind.
        """
        if not places:
            return
        self._join(self._joiner.left(places))
        events: dict[str, set[Event]] = {}
        for place in places:
            for holder in list(place.holders):
                if isinstance(holder, Event) and holder.owners:
                    events.setdefault(holder.host, set()).add(holder)
                else:
                    holder.give_up(place)
        for host, held in events.items():
            self._writer(host).write_now(held, self._show_us(self._writer(host)))

    def _keep_marks(self) -> None:
        """Keep the low-water marks, and up to when each log domain is read; what was put aside is on the disk before."""
        for writer in self._writers.values():
            writer.collect()
        self._sink.note_progress({name: w.table.clock_us // 1000 for name, w in self._writers.items()})
        for reader in [r for r in self._sources if r.closed and r.ended and r.at_end]:
            self._join(self._joiner.drain(reader.path))
        for reader, source in self._sources.items():
            mark = source.low_water()
            if mark is not None:
                offset = reader.position if reader.finished and not source.pinned else mark.offset
                self._checkpoint.note(reader, offset, mark.year, mark.time_us, needed=source.pinned, told=source.told)
        for reader in [r for r in self._sources if r.closed and r.ended and r.at_end and not self._sources[r].pinned]:
            del self._sources[reader]
        self._aside.flush()
        if not self._options.part:
            self._checkpoint.store()

    def _tell(self, *, force: bool = False) -> None:
        """Report progress, a few times a second at most."""
        now = time.monotonic()
        if self._progress is not None and (force or now - self._told_at > 0.2):
            self._told_at = now
            self.summary.bytes_read = sum(r.position for r in self._sources)
            self._progress(self.summary)

    def _warn(self, sentence: str) -> None:
        """Keep a warning for the summary, and log it."""
        if sentence not in self.summary.warnings:
            self.summary.warnings.append(sentence)
            _log.warning("source_warned", detail=sentence)


def _zone(name: str | None) -> tzinfo | None:
    """The zone of a name that an earlier run wrote; None where there is none any more."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
