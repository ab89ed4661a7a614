"""The embedded store as a sink: SQLite files by time, written by one process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from ingest.handles import share
from ingest.sinks.embedded_checkpoint import LOG_LIMIT_BYTES, Checkpointer
from ingest.sinks.embedded_file import Prepared, TraceFile, prepare
from mappings.embedded import retention
from mappings.embedded.catalog import END_OF_TIME, Catalog, Partition, file_name
from mappings.embedded.faults import in_words
from mappings.embedded.lock import WriterLock
from mappings.embedded.terms import term
from mappings.losses import Loss
from mappings.trace import Trace

WEEK_MS = 7 * 24 * 3_600_000
#: A file that has so many traces is closed to newer ones.
TRACES_PER_FILE = 500_000
#: So many files stay open where the handles suffice; each takes three.
_MOST_OPEN = 128


class EmbeddedSink:
    """Writes traces to the store in `folder`. Each submitted batch is committed before `submit` returns.

    A trace goes to the file whose range holds the time in its id. Files begin and end at weeks (`span_ms`); one that has
    `traces_per_file` gives the rest of its range to a new one. `on_refused` is told of each trace that cannot be stored, and why.
    Raises `StoreLocked` where another process writes.
    """

    def __init__(
        self,
        folder: Path,
        *,
        span_ms: int = WEEK_MS,
        traces_per_file: int = TRACES_PER_FILE,
        on_refused: Callable[[Trace, str], None] | None = None,
    ) -> None:
        self._folder = folder
        self._span_ms = span_ms
        self._traces_per_file = traces_per_file
        self._on_refused = on_refused
        #: Traces that were not taken because retention has dropped their range.
        self.older_than_kept = 0
        #: Traces that could not be stored.
        self.refused = 0
        #: What was put in place at the beginning: nothing that anybody needs to know.
        self.notes: list[str] = []
        self._most_open = share(9, _MOST_OPEN)
        self._ticket = 0
        self._acknowledged: list[int] = []
        self._guard = threading.RLock()
        self._files: dict[str, TraceFile] = {}
        self._writing: TraceFile | None = None
        self._newest_ms: dict[str, int] = {}
        self._lock = WriterLock(folder)
        try:
            self._catalog = Catalog(folder)
        except BaseException:
            self._lock.release()
            raise
        self._checkpointer = Checkpointer()
        try:
            self._take_up()
        except BaseException:
            self.close()
            raise

    def claim(self, log_domain: str) -> None:
        """The store has one writer for all log domains, which this process is."""

    @in_words
    def submit(self, traces: Sequence[Trace]) -> int:
        """Commit a batch and give its ticket, which `acknowledged` names from then on."""
        with self._guard:
            prepared = [ready for trace in traces if (ready := self._prepare(trace)) is not None]
            # Older files first: what came first is safe first.
            prepared.sort(key=lambda one: one.key)
            position = 0
            while position < len(prepared):
                partition = self._partition(_time_ms(prepared[position]))
                end = position
                while end < len(prepared) and _time_ms(prepared[end]) < partition.upper_ms:
                    end += 1
                self._write(partition, prepared[position:end])
                position = end
            self._ticket += 1
            self._acknowledged.append(self._ticket)
            return self._ticket

    def acknowledged(self) -> list[int]:
        """Tickets since the last call; everything submitted is committed."""
        with self._guard:
            tickets, self._acknowledged = self._acknowledged, []
            return tickets

    @in_words
    def flush(self) -> None:
        """Copy the logs into the files, so that also the loss of power takes nothing."""
        with self._guard, self._checkpointer.paused():
            for file in self._files.values():
                if file.changed:
                    file.checkpoint()

    @in_words
    def find(self, keys: Collection[str]) -> list[Trace]:
        """All traces, superseded ones too, that hold one of these keys, with their events."""
        wanted = frozenset(keys)
        terms = {term(key) for key in wanted}
        if not terms:
            return []
        with self._guard:
            found = [trace for partition in reversed(self._catalog.partitions) for trace in self._file(partition).find(terms)]
        return [trace for trace in found if not wanted.isdisjoint(trace.keys)]

    def newest_ms(self, log_domain: str) -> int | None:
        """The greatest `last_event_ms` of a log domain."""
        with self._guard:
            return self._newest_ms.get(log_domain)

    @in_words
    def note_progress(self, read_up_to_ms: Mapping[str, int]) -> None:
        """Keep up to which log time each source has been read."""
        with self._guard:
            self._catalog.note_progress(read_up_to_ms)

    @in_words
    def note_loss(self, loss: Loss) -> None:
        """Keep that something went before it was read."""
        with self._guard:
            self._catalog.note_loss(loss)

    @in_words
    def retention(self, keep_ms: int, now_ms: int) -> list[Partition]:
        """Delete the files whose traces are all older than `keep_ms`, and tell which."""
        with self._guard:
            return self._drop(retention.too_old(self._catalog.partitions, keep_ms, now_ms))

    @in_words
    def retention_by_size(self, most_bytes: int) -> list[Partition]:
        """Delete the oldest files until the store has at most this size, and tell which; the newest file stays."""
        with self._guard:
            return self._drop(
                retention.too_large(
                    self._catalog.partitions, lambda partition: retention.size_of(self._folder / partition.file), most_bytes
                )
            )

    def close(self) -> None:
        """Let go of the store."""
        with self._guard:
            self._checkpointer.close()
            for file in self._files.values():
                file.close()
            self._files.clear()
            self._catalog.close()
            self._lock.release()

    def _prepare(self, trace: Trace) -> Prepared | None:
        """The trace made ready, or None where it is not taken."""
        try:
            prepared = prepare(trace)
        except (ValueError, TypeError, OverflowError) as error:
            self.refused += 1
            if self._on_refused is not None:
                self._on_refused(trace, str(error))
            return None
        if _time_ms(prepared) < self._catalog.floor_ms:
            self.older_than_kept += 1
            return None
        return prepared

    def _write(self, partition: Partition, prepared: Sequence[Prepared]) -> None:
        """Write to one file."""
        file = self._file(partition)
        if self._writing is not file:
            if self._writing is not None and self._writing in self._files.values():
                self._writing.rest()
            file.wake()
            self._writing = file
        file.write(prepared)
        for log_domain, newest in file.newest_ms.items():
            self._newest_ms[log_domain] = max(newest, self._newest_ms.get(log_domain, newest))
        self._checkpointer.note(file.path)
        log = file.path.with_name(file.path.name + "-wal")
        if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
            with self._checkpointer.paused():
                file.checkpoint()

    def _partition(self, time_ms: int) -> Partition:
        """The file for this time, made where there is none, or where the one there is full."""
        holding = next((p for p in self._catalog.partitions if p.lower_ms <= time_ms < p.upper_ms), None)
        if holding is None:
            return self._begin(self._range_for(time_ms))
        file = self._file(holding)
        if file.count < self._traces_per_file or not file.greatest:
            return holding
        border = int.from_bytes(file.greatest[:6], "big") + 1
        if time_ms < border:
            return holding
        return self._begin(Partition(file_name(border), border, holding.upper_ms), Partition(holding.file, holding.lower_ms, border))

    def _range_for(self, time_ms: int) -> Partition:
        """The free range around a time, a week at most."""
        lower = time_ms - time_ms % self._span_ms
        upper = min(lower + self._span_ms, END_OF_TIME)
        lower = max([lower, self._catalog.floor_ms, *(p.upper_ms for p in self._catalog.partitions if p.upper_ms <= time_ms)])
        upper = min([upper, *(p.lower_ms for p in self._catalog.partitions if p.lower_ms > time_ms)])
        return Partition(file_name(lower), lower, upper)

    def _begin(self, partition: Partition, shrunk: Partition | None = None) -> Partition:
        """Make a file ready, then list it, so that a reader that sees it listed can open it."""
        self._file(partition)
        self._catalog.add(partition, shrunk)
        return partition

    def _file(self, partition: Partition) -> TraceFile:
        """The open file; the one longest unused makes room."""
        file = self._files.pop(partition.file, None)
        if file is None:
            while len(self._files) >= self._most_open:
                self._files.pop(next(iter(self._files))).close()
            file = TraceFile(self._folder / partition.file, partition.lower_ms)
        self._files[partition.file] = file
        return file

    def _drop(self, dropped: list[Partition]) -> list[Partition]:
        """Delete files, after the catalog has forgotten them."""
        self._catalog.drop(dropped)
        for partition in dropped:
            path = self._folder / partition.file
            self._checkpointer.forget(path)
            file = self._files.pop(partition.file, None)
            if file is not None:
                file.close()
            retention.delete(path)
        return dropped

    def _take_up(self) -> None:
        """Bring the files that are there up to date, and learn what they hold."""
        self._adopt()
        for partition in self._catalog.partitions:
            for log_domain, newest in self._file(partition).newest_ms.items():
                self._newest_ms[log_domain] = max(newest, self._newest_ms.get(log_domain, newest))

    def _adopt(self) -> None:
        """List files that no catalog lists: it was lost, or the process ended between two steps. Dropped ones are deleted."""
        listed = {partition.file for partition in self._catalog.partitions}
        found = [(_lower_ms(path), path) for path in self._folder.glob("traces-*.sqlite") if path.name not in listed]
        for lower, path in sorted(found, reverse=True):
            held = any(p.lower_ms <= lower < p.upper_ms for p in self._catalog.partitions)
            if held or lower < self._catalog.floor_ms:
                # Not taken into use yet, or already dropped.
                retention.delete(path)
                continue
            week = lower - lower % self._span_ms + self._span_ms
            upper = min([week, END_OF_TIME, *(p.lower_ms for p in self._catalog.partitions if p.lower_ms > lower)])
            self._catalog.add(Partition(path.name, lower, upper))


def _lower_ms(path: Path) -> int:
    """Where the range of a file begins; -1 where it was never taken into use."""
    file = TraceFile(path)
    file.close()
    return -1 if file.lower_ms is None else file.lower_ms


def _time_ms(prepared: Prepared) -> int:
    """The time in the id."""
    return int.from_bytes(prepared.key[:6], "big")
