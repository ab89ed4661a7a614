"""A copy of the data while it is written: a consistent store of its own that can be put in the place of the first."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from mappings.embedded import catalog
from mappings.embedded.faults import StoreError
from mappings.embedded.schema import PARTITION_STEPS, open_reader


def copy_to(source: Path, target: Path) -> list[str]:
    """Copy the store in `source` to the new folder `target`, and name the files copied; the writer need not stop.

    The catalog is copied first: what is written later has its file copied in a later state, which is never behind the catalog.
    """
    if target.exists() and any(target.iterdir()):
        raise StoreError(f"{target} is not empty; give a new folder.")
    with closing(_reader(source)) as listed:
        target.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(target / catalog.NAME, isolation_level=None)) as copied:
            listed.backup(copied)
            names = [partition.file for partition in catalog.partitions(copied)]
            gone = [name for name in names if not _copy(source / name, target / name)]
            # Dropped by retention meanwhile; the next copy will know why.
            copied.executemany("DELETE FROM partition WHERE file = ?", [(name,) for name in gone])
    return [catalog.NAME, *(name for name in names if name not in gone)]


def _reader(source: Path) -> sqlite3.Connection:
    """The catalog of a store that must be there."""
    connection = catalog.read_catalog(source)
    if connection is None:
        raise StoreError(f"There is no store in {source}.")
    return connection


def _copy(source: Path, target: Path) -> bool:
    """Copy one file; False where it is gone."""
    connection = open_reader(source, PARTITION_STEPS)
    if connection is None:
        return False
    with closing(connection), closing(sqlite3.connect(target)) as copied:
        connection.backup(copied)
    return True
