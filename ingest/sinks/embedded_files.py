"""The files of an embedded store in the hands of its writer: which there are, which are open, what becomes of damaged ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import structlog

from ingest.handles import share
from ingest.sinks.embedded_file import TraceFile
from ingest.sinks.embedded_sync import Syncer
from mappings import identity, private
from mappings.embedded import aside, retention
from mappings.embedded.catalog import END_OF_TIME, Catalog, Gap, Partition, file_name, lower_of
from mappings.embedded.faults import StoreAway, StoreDamaged
from mappings.embedded.schema import LOG_LIMIT_BYTES

_log = structlog.get_logger(__name__)

#: So many files stay open where the handles suffice; each takes three.
_MOST_OPEN = 128


class TraceFiles:
    """Files by time: begun at the ends of spans of `span_ms`, and where one has `traces_per_file`; not safe for several threads."""

    def __init__(self, folder: Path, sync: Syncer, span_ms: int, traces_per_file: int) -> None:
        self._folder = folder
        self._sync = sync
        self._span_ms = span_ms
        self._traces_per_file = traces_per_file
        self._open: dict[str, TraceFile] = {}
        self._most_open = share(9, _MOST_OPEN)
        self._writing: TraceFile | None = None
        #: The greatest time of an event of each log domain.
        self.newest_ms: dict[str, int] = {}
        #: What was put aside since the beginning, in sentences.
        self.told: list[str] = []
        self.catalog = self._take_catalog()

    def take_up(self) -> None:
        """Bring the files that are there up to date, and learn what they hold."""
        self._adopt()
        for partition in self.catalog.partitions:
            self.note_newest(self.file(partition))

    def all(self) -> Iterator[TraceFile]:
        """Every file, newest first."""
        return (self.file(partition) for partition in self.catalog.partitions)

    def file(self, partition: Partition, *, new: bool = False) -> TraceFile:
        """The open file; the one longest unused makes room."""
        file = self._open.pop(partition.file, None)
        if file is None:
            while len(self._open) >= self._most_open:
                self._open.pop(next(iter(self._open))).close()
            file = TraceFile(self._folder / partition.file, partition.lower_ms, new=new)
        self._open[partition.file] = file
        return file

    def to_write(self, partition: Partition) -> TraceFile:
        """The file with the memory that writing takes, which only one has at a time."""
        file = self.file(partition)
        if self._writing is not file:
            if self._writing is not None and self._writing in self._open.values():
                self._writing.rest()
            file.wake()
            self._writing = file
        return file

    def note_newest(self, file: TraceFile) -> None:
        """Keep the greatest times of what a file holds."""
        for log_domain, newest in file.newest_ms.items():
            self.newest_ms[log_domain] = max(newest, self.newest_ms.get(log_domain, newest))

    def help_copying(self, file: TraceFile) -> None:
        """Copy a log back that has grown too long; where a reader keeps it from that, newer traces go to a new file."""
        log = file.path.with_name(f"{file.path.name}-wal")
        if not log.exists() or log.stat().st_size <= LOG_LIMIT_BYTES:
            return
        with self._sync.paused():
            held = file.copy_back() > LOG_LIMIT_BYTES
        if held and not file.held:
            _log.warning("log_held_by_reader", file=file.path.name, bytes=log.stat().st_size)
        file.held = held

    def partition_of(self, time_ms: int) -> Partition:
        """The file for this time, made where there is none, or where the one there is full."""
        holding = next((p for p in self.catalog.partitions if p.lower_ms <= time_ms < p.upper_ms), None)
        if holding is None:
            return self._begin(self._range_for(time_ms))
        border = self.border_of(holding)
        if time_ms < border:
            return holding
        return self._begin(Partition(file_name(border), border, holding.upper_ms), Partition(holding.file, holding.lower_ms, border))

    def border_of(self, partition: Partition) -> int:
        """From which time on a file takes nothing more: what is newer than all in a full one begins the next; else the end of its range."""
        file = self.file(partition)
        if (file.count < self._traces_per_file and not file.held) or not file.greatest:
            return partition.upper_ms
        return min(identity.time_ms_in(file.greatest) + 1, partition.upper_ms)

    def drop(self, dropped: list[Partition]) -> None:
        """Delete files, after the catalog has forgotten them."""
        try:
            self.catalog.drop(dropped)
        except StoreAway:
            # On a full disk the catalog can be written when something has been deleted.
            self._delete(dropped)
            self.catalog.drop(dropped)
        self._delete(dropped)

    def mend(self, fault: StoreDamaged) -> None:
        """Put a damaged or missing file aside, so that the rest can be used and its range be written anew; raises `StoreAway`."""
        if fault.path == self.catalog.path:
            self._mend_catalog()
            return
        partition = next((p for p in self.catalog.partitions if p.file == fault.path.name), None)
        self._let_go(fault.path.name)
        named = aside.put(fault.path)
        if partition is not None:
            self.catalog.lose(Gap(partition.lower_ms, partition.upper_ms, partition.file, aside.words(fault.why, named)))
        self._tell(fault, named)

    def close(self) -> None:
        """Let go of all files."""
        for file in self._open.values():
            file.close()
        self._open.clear()
        self.catalog.close()

    def _take_catalog(self) -> Catalog:
        """The catalog; a damaged one is put aside and made anew from the files that are there."""
        try:
            return Catalog(self._folder)
        except StoreDamaged as fault:
            if fault.empty:
                retention.delete(fault.path)
            else:
                self._tell(fault, aside.put(fault.path))
            return Catalog(self._folder)

    def _mend_catalog(self) -> None:
        """Make a catalog anew that was damaged while it was open: what it said is known."""
        known = self.catalog
        known.close()
        named = aside.put(known.path)
        self.catalog = Catalog(self._folder)
        self.catalog.restore(known)
        self._tell(StoreDamaged(known.path, "is damaged"), named)

    def _tell(self, fault: StoreDamaged, named: str | None) -> None:
        """Say that a file is lost to the store."""
        sentence = f"{fault.path.name} {aside.words(fault.why, named)}."
        self.told.append(sentence)
        _log.error("store_file_lost", detail=sentence)

    def _range_for(self, time_ms: int) -> Partition:
        """The free range around a time, a span at most."""
        lower = time_ms - time_ms % self._span_ms
        upper = min(lower + self._span_ms, END_OF_TIME)
        listed = self.catalog.partitions
        lower = max([lower, self.catalog.floor_ms, *(p.upper_ms for p in listed if p.upper_ms <= time_ms)])
        upper = min([upper, *(p.lower_ms for p in listed if p.lower_ms > time_ms)])
        return Partition(file_name(lower), lower, upper)

    def _begin(self, partition: Partition, shrunk: Partition | None = None) -> Partition:
        """Make a file ready and durable, then list it: one that is listed and empty has been damaged."""
        file = self.file(partition, new=True)
        file.copy_back()
        private.sync_folder(self._folder)
        self.catalog.add(partition, shrunk)
        return partition

    def _delete(self, dropped: list[Partition]) -> None:
        """Delete files."""
        for partition in dropped:
            self._let_go(partition.file)
            retention.delete(self._folder / partition.file)

    def _let_go(self, name: str) -> None:
        """Close a file that will not be used any more."""
        self._sync.forget(self._folder / name)
        file = self._open.pop(name, None)
        if file is not None:
            file.close()
        if self._writing is file:
            self._writing = None

    def _adopt(self) -> None:
        """List files that no catalog lists: it was lost, or the process ended between two steps. Dropped ones are deleted."""
        catalog = self.catalog
        listed = {partition.file for partition in catalog.partitions}
        unlisted = [path for path in self._folder.glob("traces-*.sqlite") if path.name not in listed]
        found = [(lower, path) for path in unlisted if (lower := self._begins(path)) is not None]
        for lower, path in sorted(found, reverse=True):
            held = any(p.lower_ms <= lower < p.upper_ms for p in catalog.partitions)
            if held or lower < catalog.floor_ms:
                # Not taken into use yet, or already dropped.
                retention.delete(path)
                continue
            catalog.add(Partition(path.name, lower, self._end_of(lower, [p.lower_ms for p in catalog.partitions])))
        if catalog.new:
            for name in aside.names(self._folder):
                lower = lower_of(name)
                if lower is not None:
                    upper = self._end_of(lower, [p.lower_ms for p in catalog.partitions])
                    catalog.lose(Gap(lower, upper, name.partition(".sqlite")[0] + ".sqlite", f"was put aside as {name}"))

    def _end_of(self, lower_ms: int, others_ms: list[int]) -> int:
        """Where the range of a file that no catalog lists can end: at its span's end, or before the next file."""
        return min([lower_ms - lower_ms % self._span_ms + self._span_ms, END_OF_TIME, *(one for one in others_ms if one > lower_ms)])

    def _begins(self, path: Path) -> int | None:
        """Where the range of a file that no catalog lists begins; -1 where it was never taken into use, None where it was put aside."""
        try:
            file = TraceFile(path)
        except StoreDamaged as fault:
            if fault.empty and not self.catalog.new:
                # It was being made when the process ended.
                return -1
            self._tell(fault, aside.put(path))
            return None
        file.close()
        return -1 if file.lower_ms is None else file.lower_ms
