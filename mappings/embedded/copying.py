"""A copy of the data while it is written: a consistent store of its own that can be put in the place of the first."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from mappings import private
from mappings.embedded import catalog
from mappings.embedded.catalog import Gap, Partition
from mappings.embedded.faults import StoreDamaged, StoreError, fault_of
from mappings.embedded.schema import PARTITION_STEPS, open_reader
from mappings.faults import of_os_error


@dataclass(frozen=True, slots=True)
class Copied:
    """The files that were copied, and those that could not be, in sentences: the copy says that it lacks them."""

    files: list[str]
    lacking: list[str]


def copy_to(source: Path, target: Path) -> Copied:
    """Copy the store in `source` to the new folder `target`; the writer need not stop.

    The catalog is copied first: what is written later has its file copied in a later state, which is never behind the catalog. A damaged
    file is left out. Raises `StoreError` where it cannot be done; nothing half done is left then.
    """
    try:
        if target.exists() and any(target.iterdir()):
            raise StoreError(f"{target} is not empty; give a new folder.")
        with closing(_reader(source)) as listed:
            private.folder(target)
            try:
                return _copied(listed, source, target)
            except BaseException:
                for path in target.iterdir():
                    path.unlink()
                raise
    except sqlite3.Error as error:
        raise StoreError(f"The copy to {target} was given up: {error}.") from error
    except OSError as error:
        raise StoreError(f"The copy was given up: {of_os_error(error, str(error.filename or target))!s}") from error


def _copied(listed: sqlite3.Connection, source: Path, target: Path) -> Copied:
    """Copy the catalog, and every file that it lists."""
    private.create(target / catalog.NAME)
    with closing(sqlite3.connect(target / catalog.NAME, isolation_level=None)) as copied:
        listed.backup(copied)
        names: list[str] = [catalog.NAME]
        lacking: list[Gap] = []
        for partition in catalog.partitions(copied):
            fault = _copy(source, target, partition)
            if fault is None:
                names.append(partition.file)
                continue
            copied.execute("DELETE FROM partition WHERE file = ?", (partition.file,))
            if any(one.file == partition.file for one in catalog.partitions(listed)):
                # Else it was dropped by retention meanwhile; the next copy will know why.
                lacking.append(Gap(partition.lower_ms, partition.upper_ms, partition.file, fault))
        copied.executemany("INSERT OR REPLACE INTO gap VALUES(?, ?, ?, ?)", [(g.lower_ms, g.upper_ms, g.file, g.why) for g in lacking])
    private.sync_folder(target)
    return Copied(names, [f"{gap.file} {gap.why}." for gap in lacking])


def _reader(source: Path) -> sqlite3.Connection:
    """The catalog of a store that must be there."""
    connection = catalog.read_catalog(source)
    if connection is None:
        raise StoreError(f"There is no store in {source}.")
    return connection


def _copy(source: Path, target: Path, partition: Partition) -> str | None:
    """Copy one file; why it cannot be copied, to go on from its name."""
    path, copy = source / partition.file, target / partition.file
    try:
        connection = open_reader(path, PARTITION_STEPS)
        if connection is None:
            return "is empty" if path.exists() else "is missing"
        private.create(copy)
        with closing(connection), closing(sqlite3.connect(copy)) as copied:
            connection.backup(copied)
    except (sqlite3.Error, StoreDamaged) as error:
        fault = fault_of(error, path) if isinstance(error, sqlite3.Error) else error
        if not isinstance(fault, StoreDamaged):
            raise
        copy.unlink(missing_ok=True)
        return fault.why
    return None
