"""The pipeline: files -> lines -> facts -> journeys -> store. The only module that knows all stages.

One thread reads and joins. A backlog is merged by time over the files; what is read to its end holds nobody up. Acknowledgement
by the store moves the low-water mark of each file, and the marks are written after it: if we die in between, lines are read twice.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog

from ingest.correlate.draft import Context
from ingest.correlate.event import SECOND, Slot
from ingest.correlate.links import REACH_US, Within
from ingest.correlate.ownership import Ownership
from ingest.correlate.session import Role
from ingest.correlate.table import Table
from ingest.events import Connected, Fact
from ingest.formats import Format, Silent, format_of
from ingest.lines import Line
from ingest.options import IngestOptions, SourceSetting
from ingest.records import Joiner
from ingest.sinks import Sink
from ingest.source import SourceFile
from ingest.summary import Progress, Summary, Tally
from ingest.syslog import peek_time
from ingest.tail.checkpoint import Checkpoint
from ingest.tail.faults import TailError
from ingest.tail.follow import Follower
from ingest.tail.marks import Told
from ingest.tail.reader import FileReader
from ingest.writer import UnderWay, Writer

_log = structlog.get_logger(__name__)

#: Lines of one file that are taken in one go.
_CHUNK = 4000
#: Files of a backlog are merged by time to within this.
_SKEW_US = SECOND
#: Lines between two looks at what can be written.
_FLUSH_LINES = 4000
#: A stamp further ahead of the wall clock than this moves no clock.
_AHEAD_US = 3600 * SECOND
_SAMPLES = 20


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
    ) -> None:
        self.summary = Summary()
        self._options = options
        self._sink = sink
        self._data = data
        self._progress = progress
        self._clock = clock
        self._ownership = Ownership(options.customers)
        self._domain_of = {host: d for d in options.log_domains for host in (d.hosts or (d.name,))}
        self._writers: dict[str, Writer] = {}
        self._under_way: UnderWay = {}
        #: Documents that log domains have written and replaced which are in memory no more.
        self._gone = (0, 0)
        self._formats: dict[tuple[str, str | None], Format | None] = {}
        self._sources: dict[FileReader, SourceFile] = {}
        self._joiner: Joiner[Slot] = Joiner()
        self._since_flush = 0
        self._told_at = 0.0
        #: A year and a host as other files of the same run name them.
        self._named_us: int | None = None
        self._named_hosts: set[str] = set()
        #: Files of which nobody can say whose they are, and that is told.
        self._hostless: set[str] = set()
        #: Files that nobody named, which an earlier run left to be read on.
        self._left: dict[str, Told] = {}

    def run_once(self, stop: threading.Event | None = None) -> Summary:
        """Read everything to its end, write it, and give what was done."""
        checkpoint, follower = self._open(once=True)
        try:
            while not (stop is not None and stop.is_set()):
                if self._sweep(follower):
                    self._read(follower, stop)
                elif any(reader.stream and not reader.ended for reader in follower.readers):
                    # A pipe ends when its writer does, however long that takes.
                    follower.wait(1.0)
                else:
                    break
            self._finish(checkpoint, follower)
        finally:
            follower.close()
        return self.summary

    def follow(self, stop: threading.Event, *, interval_s: float = 1.0) -> Summary:
        """Read on as lines come, until `stop` is set; then write what is held back and end in order."""
        checkpoint, follower = self._open(once=False)
        saved = 0.0
        try:
            while not stop.is_set() and not follower.over:
                if self._sweep(follower):
                    self._read(follower, stop)
                self._join(self._joiner.grown())
                self._flush(everything=True)
                if time.monotonic() - saved >= interval_s:
                    self._save(checkpoint, follower)
                    saved = time.monotonic()
                follower.wait(interval_s)
            self._finish(checkpoint, follower)
        finally:
            follower.close()
        return self.summary

    # -- files

    def _open(self, *, once: bool) -> tuple[Checkpoint, Follower]:
        """The marks and the files."""
        self._data.mkdir(parents=True, exist_ok=True)
        checkpoint = Checkpoint(self._data) if self._options.rebuild else Checkpoint.load(self._data)
        if checkpoint.warning:
            self._warn(checkpoint.warning)
        paths = list(self._options.paths)
        if once and not self._options.rebuild:
            # A file that an earlier run could not let go of is read on, also where it is not named now: the store lacks its last lines.
            left = [m for m in checkpoint.marks if m.needed and not m.finished and m.path not in paths and Path(m.path).is_file()]
            self._left = {m.path: m.told for m in left}
            paths += self._left
        return checkpoint, Follower(paths, checkpoint, once=once, exclude=str(self._data))

    def _sweep(self, follower: Follower) -> bool:
        """Look at the files; whether any has something to read."""
        ready = follower.sweep()
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
            ready.sort(key=lambda s: s.next_us)
            source = ready[0]
            until = ready[1].next_us + _SKEW_US if len(ready) > 1 else None
            self._limit()
            self._take(source, source.take(_CHUNK, until, self.summary))
            self._since_flush += source.taken
            if self._since_flush >= _FLUSH_LINES:
                self._flush(everything=False)
                self._tell()

    def _join(self, records: Iterable[tuple[Line, Slot]]) -> None:
        """Take in records that no further line ended, as they stand."""
        sources = {s.reader.path: s for s in self._sources.values()}
        for line, place in records:
            if line.file in sources:
                self._take(sources[line.file], [(line, place)])

    def _limit(self) -> None:
        """Lines stamped far ahead of the wall clock move no clock."""
        limit = int(self._clock() * SECOND) + _AHEAD_US
        for writer in self._writers.values():
            writer.table.limit_us = limit

    def _take(self, source: SourceFile, lines: Iterable[tuple[Line, Slot]]) -> None:
        """Give lines to their formats, and what they state to the journeys of their log domains."""
        stated: dict[str, list[tuple[Line, Fact | Role, Slot]]] = {}
        held: list[Slot] = []
        for line, place in lines:
            fact = self._fact(line, source)
            if fact is not None:
                # Until the journeys have it, the line is needed.
                place.pins += 1
                held.append(place)
                stated.setdefault(line.host, []).append((line, fact, place))
        for host, batch in stated.items():
            self._writer(host).table.take(batch)
        for place in held:
            place.pins -= 1

    def _fact(self, line: Line, source: SourceFile) -> Fact | Role | None:
        """What a line states; None where that is nothing of a message."""
        known = self._format(line, source.setting.format or self._options.format)
        if known is None:
            self.summary.foreign[line.program] += 1
            source.tally.foreign[line.program] += 1
            return None
        fact = known.parse(line)
        if isinstance(fact, Silent):
            self._silent(fact, line, known, source.tally)
            return None
        if not line.again:
            source.tally.known[known.name] += 1 + line.raw.count("\n")
        if not line.host:
            line.host = self._host(source)
        if isinstance(fact, Connected) and fact.step in {"connect", "disconnect"}:
            return Role.OPEN if fact.step == "connect" else Role.CLOSE
        return fact

    def _silent(self, outcome: Silent, line: Line, known: Format, tally: Tally) -> None:
        """Count a line that states nothing; keep a few of those that no pattern fits."""
        if line.again:
            return
        if outcome is Silent.IGNORED:
            tally.known[known.name] += 1 + line.raw.count("\n")
            return
        if outcome is Silent.FREE:
            tally.free[known.name] += 1
            return
        tally.unknown[known.name] += 1
        self.summary.unknown[line.program] += 1
        if len(self.summary.samples) < _SAMPLES:
            self.summary.samples.append(line.raw[:500])

    def _format(self, line: Line, override: str | None) -> Format | None:
        """The format of a line's tag; each tag is looked up once."""
        key = (line.tag, override)
        if key not in self._formats:
            if len(self._formats) > 4096:
                self._formats.clear()
            self._formats[key] = format_of(line.tag, line.program, override)
        return self._formats[key]

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
            writer = self._writers[name] = Writer(table, self._sink, context, self._under_way)
            self._limit()
        return writer

    # -- out

    def _flush(self, *, everything: bool, final: bool = False) -> None:
        """Write what is due in every log domain, and let go of what is done."""
        self._since_flush = 0
        now_us = int(self._clock() * SECOND)
        for writer in self._writers.values():
            # All files are read to their end where everything is asked for: then the time for showing goes on with the wall clock.
            show_us = (
                max(writer.table.clock_us, min(now_us, writer.table.clock_us + self._idle_us(writer)))
                if everything
                else writer.table.clock_us
            )
            writer.flush(show_us, everything=everything, final=final)
            writer.evict()
        for source in self._sources.values():
            # Also drops what is needed no more of the marks.
            source.low_water(int(self._options.pin_s))
        self.summary.traces = self._gone[0] + sum(w.written for w in self._writers.values())
        self.summary.superseded = self._gone[1] + sum(w.superseded for w in self._writers.values())

    def _idle_us(self, writer: Writer) -> int:
        """How long, by the wall clock, no line of a log domain has come."""
        clock, since = writer.quiet_since
        if clock != writer.table.clock_us:
            writer.quiet_since = (writer.table.clock_us, self._clock())
            return 0
        return int((self._clock() - since) * SECOND)

    def _finish(self, checkpoint: Checkpoint, follower: Follower) -> None:
        """Write everything, also what is held back, and keep how far each file is read."""
        self._join(self._joiner.drain())
        self._flush(everything=True, final=True)
        for writer in self._writers.values():
            writer.finish()
        self._sink.flush()
        self._save(checkpoint, follower)
        for source in self._sources.values():
            if source.reader.partial:
                self._warn(f"{source.reader.path}: the last line has no newline yet and is left for the next reading.")
            if source.reader.damage:
                self._warn(source.reader.damage)
        self._tell(force=True)

    def _save(self, checkpoint: Checkpoint, follower: Follower) -> None:
        """Keep the low-water marks, and up to when each log domain is read."""
        for writer in self._writers.values():
            writer.collect()
        self._sink.note_progress({name: w.table.clock_us // 1000 for name, w in self._writers.items()})
        pin = int(self._options.pin_s)
        for reader, source in self._sources.items():
            mark = source.low_water(pin)
            if mark is not None:
                offset = reader.position if reader.finished and not source.pinned else mark.offset
                checkpoint.note(reader, offset, mark.year, mark.time_us, needed=source.pinned, told=source.told)
        # Also a file that was deleted, of which no name is left.
        followed = set(follower.readers)
        for reader in [r for r in self._sources if r.closed and r.at_end and (r.ended or r not in followed)]:
            self._join(self._joiner.drain(reader.path))
            if not self._sources[reader].pinned:
                del self._sources[reader]
        checkpoint.store()
        # Anybody may name hosts in a log: one that is silent is let go of, and taken up again where lines of it come.
        silent_us = int((self._options.memory_s + self._options.pin_s) * SECOND)
        for name in [name for name, writer in self._writers.items() if writer.idle and self._idle_us(writer) > silent_us]:
            gone = self._writers.pop(name)
            gone.table.close()
            self._gone = (self._gone[0] + gone.written, self._gone[1] + gone.superseded)

    def _tell(self, *, force: bool = False) -> None:
        """Report progress, a few times a second at most."""
        now = time.monotonic()
        if self._progress is not None and (force or now - self._told_at > 0.2):
            self._told_at = now
            self.summary.bytes_read = sum(r.position for r in self._sources)
            self._progress(self.summary)

    def _warn(self, sentence: str) -> None:
        """Keep a warning for the summary, and log it."""
        if self.summary.warn(sentence):
            _log.warning("source_warned", detail=sentence)


def _zone(name: str | None) -> tzinfo | None:
    """The zone of a name that an earlier run wrote; None where there is none any more."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
