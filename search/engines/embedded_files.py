"""The files of an embedded store as its readers see them: they appear and vanish while questions are asked."""

from __future__ import annotations

import sqlite3
import threading
from dataclasses import dataclass, field
from pathlib import Path

from mappings.embedded import catalog
from mappings.embedded.catalog import Partition
from mappings.embedded.functions import SEPARATOR
from mappings.embedded.packing import Packer
from mappings.embedded.reading import load
from mappings.embedded.schema import PARTITION_STEPS, open_reader
from mappings.trace import Trace

#: So many files stay open in a thread; each takes up to three file handles.
_MOST_OPEN = 64


class Scopes:
    """Numbers for scopes, by which the SQL function `in_scope` knows them."""

    def __init__(self) -> None:
        self._numbers: dict[frozenset[str], int] = {}
        self._sets: list[frozenset[str]] = []
        self._guard = threading.Lock()

    def number(self, domains: frozenset[str]) -> int:
        """The number of a set of domains."""
        with self._guard:
            if domains not in self._numbers:
                self._numbers[domains] = len(self._sets)
                self._sets.append(domains)
            return self._numbers[domains]

    def holds(self, number: int, visible: str | None) -> bool:
        """Whether one of the domains in a column is in the set."""
        return visible is not None and not self._sets[number].isdisjoint(visible.split(SEPARATOR))


@dataclass(slots=True)
class OpenFile:
    """A file that is open for reading in one thread."""

    connection: sqlite3.Connection
    packer: Packer

    def head(self, packed: bytes) -> Trace:
        """A trace without events."""
        if not self.packer.knows(packed):
            # A newer writer began a layout since this file was opened.
            self.packer = Packer(self.connection)
        return self.packer.head(packed)

    def load(self, key: bytes, *, events: bool) -> Trace | None:
        """One trace, superseded or not."""
        try:
            return load(self.connection, self.packer, key, events=events)
        except KeyError:
            self.packer = Packer(self.connection)
            return load(self.connection, self.packer, key, events=events)


@dataclass(slots=True)
class _Own:
    """What one thread has open."""

    inode: int = -1
    catalog: sqlite3.Connection | None = None
    files: dict[str, OpenFile] = field(default_factory=dict)

    def close(self) -> None:
        """Close everything."""
        if self.catalog is not None:
            self.catalog.close()
            self.catalog = None
        for file in self.files.values():
            file.connection.close()
        self.files.clear()


class Files:
    """Opens the files of a store for the threads that ask; a store that is not there has no files."""

    def __init__(self, folder: Path, scopes: Scopes) -> None:
        self._folder = folder
        self._scopes = scopes
        self._local = threading.local()
        self._all: list[_Own] = []
        self._guard = threading.Lock()

    def catalog(self) -> sqlite3.Connection | None:
        """The catalog, or None where there is no store yet."""
        own = self._own()
        try:
            inode = (self._folder / catalog.NAME).stat().st_ino
        except FileNotFoundError:
            inode = -1
        if inode != own.inode or own.catalog is None:
            # The store was made, or made anew: what was open belongs to the old one.
            own.close()
            own.inode = inode
            own.catalog = catalog.read_catalog(self._folder) if inode >= 0 else None
        return own.catalog

    def partitions(self) -> list[Partition]:
        """The files there are, newest range first."""
        listed = self.catalog()
        if listed is None:
            return []
        found = catalog.partitions(listed)
        names = {partition.file for partition in found}
        files = self._own().files
        for name in [name for name in files if name not in names]:
            files.pop(name).connection.close()
        return found

    def open(self, partition: Partition) -> OpenFile | None:
        """A file of the list; None where it has just been dropped."""
        files = self._own().files
        file = files.pop(partition.file, None)
        if file is None:
            connection = open_reader(self._folder / partition.file, PARTITION_STEPS)
            if connection is None:
                return None
            connection.create_function("in_scope", 2, self._scopes.holds, deterministic=True)
            while len(files) >= _MOST_OPEN:
                files.pop(next(iter(files))).connection.close()
            file = OpenFile(connection, Packer(connection))
        files[partition.file] = file
        return file

    def close(self) -> None:
        """Close what every thread has open."""
        with self._guard:
            for own in self._all:
                own.close()
            self._all.clear()
            self._local = threading.local()

    def _own(self) -> _Own:
        """What this thread has open."""
        own: _Own | None = getattr(self._local, "own", None)
        if own is None:
            own = self._local.own = _Own()
            with self._guard:
                self._all.append(own)
        return own
