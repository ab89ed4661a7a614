"""The embedded store as a sink: SQLite files by time, written by one process.

Whatever keeps the store from being written (a full disk, no file handle, no rights) is waited for; a damaged file is put aside, and the
work goes on with the others.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from ingest.sinks import Encoded, Standing
from ingest.sinks.embedded_copies import ColumnarCopies, CopyRules
from ingest.sinks.embedded_file import Prepared, TraceFile, prepare, prepare_encoded
from ingest.sinks.embedded_files import TraceFiles
from ingest.sinks.embedded_sync import Syncer
from ingest.sinks.patience import Patience
from mappings import identity, private
from mappings.embedded import columnar, retention
from mappings.embedded.catalog import Partition
from mappings.embedded.faults import StoreDamaged, StoreError, in_words
from mappings.embedded.lock import WriterLock
from mappings.embedded.packing import decode_whole
from mappings.embedded.terms import term
from mappings.faults import of_os_error
from mappings.losses import Loss
from mappings.readings import ReaderReadings
from mappings.trace import Trace

_T = TypeVar("_T")

WEEK_MS = 7 * 24 * 3_600_000
#: A file that has so many traces is closed to newer ones.
TRACES_PER_FILE = 500_000
#: So many files may be put aside before a store is given up.
_MOST_MENDED = 1_000
#: Seconds between two looks at whether all is durable.
_LOOK_S = 0.2


class EmbeddedSink:
    """Writes traces to the store in `folder`. Each submitted batch is committed before `submit` returns, and durable a little later.

    A trace goes to the file whose range holds the time in its id. Files begin and end at weeks (`span_ms`); one that has
    `traces_per_file` gives the rest of its range to a new one. `on_refused` is told of each trace that cannot be stored, and why.
    Raises `StoreLocked` where another process writes.

    A store that cannot be used now is waited for `wait_s` seconds (None is for ever), and once `stop` is set only a little longer;
    then `StoreAway` is raised.

    `owner` is the process that is told to whoever is refused the store, where that is another one than this.

    With `copies` large files get columnar copies for counting, where DuckDB is there to make them.
    """

    def __init__(
        self,
        folder: Path,
        *,
        span_ms: int = WEEK_MS,
        traces_per_file: int = TRACES_PER_FILE,
        on_refused: Callable[[Trace, str], None] | None = None,
        stop: threading.Event | None = None,
        wait_s: float | None = 0.0,
        beat: Callable[[], None] = lambda: None,
        copies: CopyRules | None = None,
        owner: int | None = None,
    ) -> None:
        self._folder = folder
        self._on_refused = on_refused
        #: Traces that were not taken because retention has dropped their range.
        self.older_than_kept = 0
        #: Traces that could not be stored.
        self.refused = 0
        self._acknowledged: list[int] = []
        self._guard = threading.RLock()
        self._patience = Patience(stop, most_s=wait_s, beat=beat)
        self._lock = self._patience.wait(lambda: self._as_fault(lambda: WriterLock(folder, owner)))
        self._sync = Syncer()
        self._files: TraceFiles | None = None
        self._copies: ColumnarCopies | None = None
        try:
            #: What is to be told at the beginning, in sentences.
            self.notes = private.close_up(folder)
            self._files = self._patience.wait(lambda: self._as_fault(lambda: TraceFiles(folder, self._sync, span_ms, traces_per_file)))
            self._wait(self._files.take_up)
            self.notes += self._files.told
            if copies is not None and columnar.installed():
                self._copies = ColumnarCopies(folder, self._files, self._guard, copies, stop)
                self._wait(self._take_up_copies)
                self._copies.start()
        except BaseException:
            self.close()
            raise

    def claim(self, log_domain: str) -> None:
        """The store has one writer for all log domains, which this process is."""

    def submit(self, traces: Sequence[Trace]) -> int:
        """Commit a batch and give its ticket, which `acknowledged` names when the batch is durable."""
        return self._commit([ready for trace in traces if (ready := self._prepare(trace)) is not None])

    def take(self, documents: Sequence[Encoded], plain: Sequence[Trace]) -> int:
        """The same for a batch that another process has encoded, but for what it could not."""
        prepared = [ready for one in documents if (ready := self._prepare_encoded(one)) is not None]
        prepared += [ready for trace in plain if (ready := self._prepare(trace)) is not None]
        return self._commit(prepared)

    def _commit(self, prepared: list[Prepared]) -> int:
        """Commit what was made ready, and give its ticket."""
        # Older files first: what came first is safe first.
        prepared.sort(key=lambda one: one.key)
        # Where a part was written before the store went away, writing it again changes nothing.
        return self._wait(lambda: self._sync.committed(self._write(prepared)))

    def acknowledged(self) -> list[int]:
        """Tickets since the last call, whose batches are durable; waits until all are.

        To go on reading while they are not would hold journeys in memory for longer than is set.
        """
        self._await_durable()
        return self._sync.durable()

    def flush(self) -> None:
        """Wait until everything submitted is durable."""
        self._await_durable()

    def find(self, keys: Collection[str]) -> list[Trace]:
        """All traces, superseded ones too, that hold one of these keys, with their events."""
        wanted = frozenset(keys)
        terms = {term(key) for key in wanted}
        if not terms:
            return []
        found = self._wait(lambda: [trace for file in self._there.all() for trace in file.find(terms)])
        return [trace for trace in found if not wanted.isdisjoint(trace.keys)]

    def newest_ms(self, log_domain: str) -> int | None:
        """The greatest `last_event_ms` of a log domain."""
        with self._guard:
            return self._there.newest_ms.get(log_domain)

    def note_progress(self, read_up_to_ms: Mapping[str, int]) -> None:
        """Keep up to which log time each source has been read."""
        self._wait(lambda: self._there.catalog.note_progress(read_up_to_ms))

    def note_reading(self, reading: ReaderReadings) -> None:
        """Keep how the reading of a reader's sources stands."""
        self._wait(lambda: self._there.catalog.note_reading(reading))

    def reading_of(self, reader: str) -> ReaderReadings | None:
        """What a reader told of its sources last."""
        return self._there.catalog.readings.get(reader)

    def forget_readings(self, now_ms: int) -> None:
        """Forget readers that have been silent for long."""
        self._wait(lambda: self._there.catalog.forget_readings(now_ms))

    def read_again(self, lower_ms: int, upper_ms: int) -> None:
        """All that came between these times has been read again: what the store lacked of it, it has."""
        self._wait(lambda: self._there.catalog.regain(lower_ms, upper_ms))

    def note_loss(self, loss: Loss) -> None:
        """Keep that something went before it was read."""
        self._wait(lambda: self._there.catalog.note_loss(loss))

    @in_words
    def retention(self, keep_ms: int, now_ms: int) -> list[Partition]:
        """Delete the files whose traces are all older than `keep_ms`, and tell which."""
        with self._guard:
            dropped = retention.too_old(self._there.catalog.partitions, keep_ms, now_ms)
            self._there.drop(dropped)
            return dropped

    @in_words
    def retention_by_size(self, most_bytes: int) -> list[Partition]:
        """Delete the oldest files until the store has at most this size, and tell which; the newest file stays."""
        with self._guard:
            listed = self._there.catalog.partitions
            dropped = retention.too_large(listed, lambda partition: retention.size_of(self._folder / partition.file), most_bytes)
            self._there.drop(dropped)
            return dropped

    def make_copies(self) -> int:
        """Make the columnar copies that are due now, and wait for them; how many."""
        return 0 if self._copies is None else self._copies.make_due()

    def standing(self) -> Standing:
        """How it is with the files; nothing waits but who writes. Any thread may ask."""
        return Standing(away=self._patience.away, retries=self._patience.retries)

    def close(self) -> None:
        """Make durable what is not, and let go of the store."""
        if self._copies is not None:
            self._copies.close()
        with self._guard:
            self._sync.close()
            if self._files is not None:
                self._files.close()
            self._lock.release()

    def _await_durable(self) -> None:
        """Wait until everything is durable, and for a disk that keeps it from being so."""

        def durable() -> None:
            while not self._sync.wait(_LOOK_S):
                self._patience.beat()

        self._patience.wait(durable)

    @property
    def _there(self) -> TraceFiles:
        """The files, which are open from the end of the beginning on."""
        assert self._files is not None, "the sink has been made"  # noqa: S101 - a mistake of ours, not of the data
        return self._files

    def _wait(self, attempt: Callable[[], _T]) -> _T:
        """Do it as the only thread, and wait for a store that cannot be used now; others may use it between two tries."""

        def once() -> _T:
            with self._guard:
                return self._as_fault(lambda: self._mending(attempt))

        return self._patience.wait(once)

    def _mending(self, attempt: Callable[[], _T]) -> _T:
        """Do it, and where a file proves damaged put that aside and do it again."""
        for _ in range(_MOST_MENDED):
            try:
                return attempt()
            except StoreDamaged as fault:
                self._there.mend(fault)
        raise StoreError(f"The files of the store in {self._folder} are damaged again and again.")

    def _as_fault(self, attempt: Callable[[], _T]) -> _T:
        """Do it, with what the system and the database refuse in words."""
        try:
            return in_words(attempt)()
        except OSError as error:
            raise of_os_error(error, f"{error.filename or self._folder} cannot be used") from error

    def _prepare(self, trace: Trace) -> Prepared | None:
        """The trace made ready, or None where it is not taken."""
        try:
            prepared = prepare(trace)
        except (ValueError, TypeError, OverflowError) as error:
            self._refuse(trace, str(error))
            return None
        return prepared if self._is_kept(prepared) else None

    def _prepare_encoded(self, encoded: Encoded) -> Prepared | None:
        """The same of one that is encoded."""
        try:
            prepared = prepare_encoded(encoded)
        except (ValueError, TypeError, OverflowError) as error:
            self._refuse(decode_whole(encoded.head, encoded.journey), str(error))
            return None
        return prepared if self._is_kept(prepared) else None

    def _refuse(self, trace: Trace, why: str) -> None:
        """Count and tell that a trace cannot be stored."""
        self.refused += 1
        told = self._on_refused
        if told is not None:
            self._patience.wait(lambda: self._as_fault(lambda: told(trace, why)))

    def _is_kept(self, prepared: Prepared) -> bool:
        """Whether retention has not dropped its range."""
        if _time_ms(prepared) < self._there.catalog.floor_ms:
            self.older_than_kept += 1
            return False
        return True

    def _write(self, prepared: Sequence[Prepared]) -> list[Path]:
        """Write traces, which are in the order of their ids, each file's in one transaction; the files that were written to."""
        paths = []
        position = 0
        while position < len(prepared):
            partition = self._there.partition_of(_time_ms(prepared[position]))
            border, end = self._there.border_of(partition), position
            while end < len(prepared) and _time_ms(prepared[end]) < border:
                end += 1
            file = self._there.to_write(partition)
            file.write(prepared[position:end])
            self._there.note_newest(file)
            self._there.help_copying(file)
            self._noted(file)
            paths.append(file.path)
            position = end
        return paths

    def _take_up_copies(self) -> None:
        """Learn which files have columnar copies."""
        if self._copies is not None:
            for file in self._there.all():
                self._copies.take_up(file)

    def _noted(self, file: TraceFile) -> None:
        """Let it be known how far the columnar copy of a file is behind."""
        if self._copies is not None:
            self._copies.note(file)


def _time_ms(prepared: Prepared) -> int:
    """The time in the id."""
    return identity.time_ms_in(prepared.key)
