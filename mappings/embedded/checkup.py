"""Whether the files of a store are sound, for `mailtrace doctor`: it reads, and changes nothing."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from mappings.embedded import aside, catalog, columnar
from mappings.embedded.catalog import Gap, Partition
from mappings.embedded.faults import StoreAway, StoreDamaged, StoreError, fault_of
from mappings.embedded.schema import PARTITION_STEPS, open_reader

#: SQLite asks this often, in its own steps, whether to go on: some milliseconds.
_STEPS = 100_000


class Soundness(Enum):
    """How a file is."""

    SOUND = "sound"
    DAMAGED = "damaged"
    UNREADABLE = "unreadable"
    #: There was no time to look at all of it.
    UNCHECKED = "unchecked"


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found of one file; `why` goes on from its name."""

    partition: Partition
    soundness: Soundness
    why: str
    #: Bytes of its log.
    log_bytes: int


@dataclass(frozen=True, slots=True)
class CheckedCopy:
    """A file's columnar copy: its name, and what is wrong with it, to go on from that; nothing where it is sound."""

    file: str
    why: str


class Checkup:
    """Looks at the store in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        #: What is wrong with the catalog, to go on from its name.
        self.catalog_fault: str | None = None
        #: The files that are listed, newest first, and what is known to be lacking.
        self.partitions: list[Partition] = []
        self.gaps: list[Gap] = []
        self._read_catalog()

    def files(self, most_s: float) -> Iterator[Checked]:
        """Check every file by SQLite's `quick_check`, newest first, in about `most_s` seconds altogether."""
        until = time.monotonic() + most_s
        for partition in self.partitions:
            soundness, why = self._check(partition, until)
            yield Checked(partition, soundness, why, self._log_bytes(partition))

    def copies(self) -> Iterator[CheckedCopy]:
        """Look at the columnar copies that files say they have, where DuckDB is there to do it."""
        for partition in self.partitions if columnar.installed() else ():
            path = self._folder / partition.file
            with suppress(StoreError, sqlite3.Error):
                connection = open_reader(path, PARTITION_STEPS)
                if connection is None:
                    continue
                with closing(connection):
                    token = columnar.mark_of(connection).token
                if token is not None:
                    copy = columnar.beside(path, token)
                    yield CheckedCopy(copy.name, (columnar.fault_of(copy) or "") if copy.exists() else "is missing")

    def aside(self) -> list[str]:
        """The files that were put aside."""
        return aside.names(self._folder)

    def _read_catalog(self) -> None:
        """Read the catalog; without one the names of the files must do."""
        try:
            listed = catalog.read_catalog(self._folder)
            if listed is not None:
                with closing(listed):
                    self.partitions, self.gaps = catalog.partitions(listed), catalog.gaps(listed)
                    catalog.progress(listed)
                return
            why = "is missing"
        except StoreDamaged as fault:
            why = fault.why
        except sqlite3.Error as error:
            fault_there = fault_of(error, self._folder / catalog.NAME)
            if not isinstance(fault_there, StoreDamaged):
                raise fault_there from error
            why = fault_there.why
        self.partitions, self.gaps = catalog.by_names(self._folder), []
        if self.partitions:
            self.catalog_fault = why

    def _check(self, partition: Partition, until: float) -> tuple[Soundness, str]:
        """How a file is, and why; at `until` of the monotonic clock the check is given up."""
        path = self._folder / partition.file
        if time.monotonic() >= until:
            return Soundness.UNCHECKED, ""
        try:
            connection = open_reader(path, PARTITION_STEPS)
            if connection is None:
                return Soundness.DAMAGED, "is empty" if path.exists() else "is missing"
            with closing(connection):
                connection.set_progress_handler(lambda: time.monotonic() >= until, _STEPS)
                found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except StoreDamaged as fault:
            return Soundness.DAMAGED, fault.why
        except StoreAway as fault:
            return Soundness.UNREADABLE, f"cannot be read: {str(fault).removeprefix(f'{path} cannot be read: ')}"
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
                return Soundness.UNCHECKED, ""
            fault_there = fault_of(error, path)
            damaged = isinstance(fault_there, StoreDamaged)
            return (Soundness.DAMAGED if damaged else Soundness.UNREADABLE), f"cannot be read: {error}"
        return (Soundness.SOUND, "") if found == "ok" else (Soundness.DAMAGED, f"is damaged ({' '.join(str(found).split())})")

    def _log_bytes(self, partition: Partition) -> int:
        """The size of a file's log; 0 where it has none."""
        try:
            return (self._folder / f"{partition.file}-wal").stat().st_size
        except OSError:
            return 0
