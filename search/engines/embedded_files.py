"""The files of an embedded store as its readers see them: they appear and vanish while questions are asked."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from mappings.embedded import catalog
from mappings.embedded.catalog import Gap, Partition
from mappings.embedded.faults import StoreAway, StoreDamaged, fault_of, of_file
from mappings.embedded.functions import SEPARATOR
from mappings.embedded.packing import Packer, Unpackable
from mappings.embedded.reading import load, load_head
from mappings.embedded.schema import PARTITION_STEPS, open_reader
from mappings.faults import of_os_error
from mappings.losses import Loss
from mappings.readings import ReaderReadings
from mappings.trace import Trace
from search.engines.fitting import Predicate, counted_value, folded_value
from search.engines.needles import text_of

_T = TypeVar("_T")
#: So many heads stay unpacked, a few kilobytes each, and of so many the texts are known, one kilobyte each with their packed form: as many
#: as are newer than their copy in a file of one and a half million traces.
_MOST_UNPACKED, _MOST_TEXTS = 4_096, 32_768
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


@dataclass(frozen=True, slots=True)
class HeadTest:
    """A test of a head; of its pieces one stands in the texts of whatever fits, where that can be said."""

    fits: Predicate
    pieces: tuple[str, ...] | None = None


@dataclass(slots=True)
class Heads:
    """What heads tell, and their texts, by file and what they are packed as: rows that are in no copy yet are looked at again and again."""

    unpacked: dict[tuple[int, bytes], Any] = field(default_factory=dict)
    texts: dict[tuple[int, bytes], str | None] = field(default_factory=dict)


@dataclass(slots=True)
class OpenFile:
    """A file that is open for reading in one thread."""

    connection: sqlite3.Connection
    packer: Packer
    inode: int
    heads: Heads = field(default_factory=Heads)
    #: The tests of the question that is asked, by number: what has no column is asked of the head.
    _tests: list[HeadTest] = field(default_factory=list)
    #: What was kept of the file in one state, and SQLite's number for that.
    _kept: tuple[int, Any] | None = None

    def __post_init__(self) -> None:
        """Give the file's connection its functions."""
        self.connection.create_function("fits", 2, self._fits)
        self.connection.create_function("value_of", 2, self._value)
        self.connection.create_function("number_of", 2, self._number)

    def forget_tests(self) -> None:
        """Begin another question."""
        self._tests.clear()

    def test(self, test: HeadTest) -> int:
        """The number of a test for the function `fits`."""
        self._tests.append(test)
        return len(self._tests) - 1

    def of_state(self, make: Callable[[], _T]) -> _T:
        """What is kept of the file as long as nobody writes to it, made where there is none; inside a transaction, whose state it is of."""
        version: int = self.connection.execute("PRAGMA data_version").fetchone()[0]
        if self._kept is None or self._kept[0] != version:
            self._kept = version, make()
        made: _T = self._kept[1]
        return made

    def _fits(self, number: int, packed: bytes) -> bool:
        """Whether the trace with this head passes a test."""
        test = self._tests[number]
        if test.pieces is not None and (text := self._text(packed)) is not None and not any(map(text.__contains__, test.pieces)):
            return False
        return test.fits(self._unpacked(packed))

    def _value(self, name: str, packed: bytes) -> Any:
        """The value of a field in a head, as it is counted."""
        value = getattr(trace := self._unpacked(packed), name)
        if isinstance(value, list):
            return SEPARATOR.join(folded_value(name, one) for one in value) if value else None
        return counted_value(trace, name)

    def _number(self, name: str, packed: bytes) -> float | None:
        """A number in a head; it is asked of many rows, so nothing else is unpacked."""
        return getattr(self._packer_of(packed).row(packed), name, None)

    def _text(self, packed: bytes) -> str | None:
        """The texts in a head, where they are to be searched."""
        texts, key = self.heads.texts, (self.inode, packed)
        if key not in texts:
            if len(texts) >= _MOST_TEXTS:
                texts.clear()
            texts[key] = text_of(self._packer_of(packed).told(packed))
        return texts.get(key)

    def _unpacked(self, packed: bytes) -> Any:
        """What a head tells, under the names of a trace's fields."""
        unpacked, key = self.heads.unpacked, (self.inode, packed)
        found = unpacked.get(key)
        if found is None:
            if len(unpacked) >= _MOST_UNPACKED:
                unpacked.clear()
            found = unpacked[key] = self._packer_of(packed).told(packed)
        return found

    def head(self, packed: bytes) -> Trace:
        """A trace without events."""
        return self._packer_of(packed).head(packed)

    def _packer_of(self, packed: bytes) -> Packer:
        """The packer, which knows the layout of this."""
        if not self.packer.knows(packed):
            # A newer writer began a layout since this file was opened.
            self.packer = Packer(self.connection)
        return self.packer

    def load(self, key: bytes, *, events: bool) -> Trace | None:
        """One trace, superseded or not."""
        try:
            return self._load(key, events=events)
        except Unpackable:
            self.packer = Packer(self.connection)
            return self._load(key, events=events)

    def _load(self, key: bytes, *, events: bool) -> Trace | None:
        """The same, in layouts that are known."""
        if events:
            return next(iter(load(self.connection, self.packer, [key])), None)
        return load_head(self.connection, self.packer, key)


@dataclass(frozen=True, slots=True)
class Listing:
    """What the store says it has, newest first, what it lacks, up to when each source has been read, and what went before it was read."""

    partitions: list[Partition]
    gaps: list[Gap]
    progress: dict[str, int]
    losses: list[Loss]
    readings: list[ReaderReadings]


@dataclass(slots=True)
class _Own:
    """What one thread has open."""

    inode: int = -1
    catalog: sqlite3.Connection | None = None
    #: What it said, and SQLite's number for the state in which it did.
    listing: tuple[int, Listing] | None = None
    files: dict[str, OpenFile] = field(default_factory=dict)
    #: Files that could not be read when last tried.
    unreadable: dict[str, Gap] = field(default_factory=dict)

    def listing_of(self, listed: sqlite3.Connection) -> Listing:
        """What a catalog says, read again where it was written since."""
        version: int = listed.execute("PRAGMA data_version").fetchone()[0]
        if self.listing is None or self.listing[0] != version:
            self.listing = (
                version,
                Listing(
                    catalog.partitions(listed),
                    catalog.gaps(listed),
                    catalog.progress(listed),
                    catalog.losses(listed),
                    catalog.readings(listed),
                ),
            )
        return self.listing[1]

    def close(self) -> None:
        """Close everything."""
        self.listing = None
        if self.catalog is not None:
            self.catalog.close()
            self.catalog = None
        for file in self.files.values():
            file.connection.close()
        self.files.clear()


class Files:
    """Opens the files of a store for the threads that ask; a store that is not there has no files.

    A file that proves damaged is not answered from, and remembered as long as it stands there.
    """

    def __init__(self, folder: Path, scopes: Scopes) -> None:
        self._folder = folder
        self._scopes = scopes
        self._local = threading.local()
        self._all: list[_Own] = []
        self._guard = threading.Lock()
        self._heads = Heads()
        #: Files that proved damaged, with their inodes.
        self._damaged: dict[str, tuple[int, Gap]] = {}

    def listing(self) -> Listing:
        """The files there are; where the catalog cannot be read, those in the folder, and a word on it."""
        own = self._own()
        try:
            listed = self._catalog(own)
            found = None if listed is None else own.listing_of(listed)
        except (sqlite3.Error, StoreDamaged) as error:
            fault = fault_of(error, self._folder / catalog.NAME) if isinstance(error, sqlite3.Error) else error
            own.close()
            if not isinstance(fault, StoreDamaged):
                raise fault from error
            found = self._without_catalog(fault.why)
        if found is None:
            found = self._without_catalog("is missing")
        self._let_go(own, found.partitions)
        return found

    def open(self, partition: Partition) -> OpenFile | None:
        """A file of the list; None where it has just been dropped. Raises `StoreDamaged`, or `StoreAway` where it cannot be read now."""
        path = self._folder / partition.file
        files = self._own().files
        file = files.pop(partition.file, None)
        try:
            inode = path.stat().st_ino
        except FileNotFoundError:
            inode = -1
        except OSError as error:
            raise of_os_error(error, f"{path} cannot be read") from error
        if file is not None and file.inode != inode:
            # It was put aside, and another one begun in its place.
            file.connection.close()
            file = None
        if file is None:
            file = self._opened(partition, path, inode)
            if file is None:
                return None
            while len(files) >= _MOST_OPEN:
                files.pop(next(iter(files))).connection.close()
        files[partition.file] = file
        self._own().unreadable.pop(partition.file, None)
        return file

    def failed(self, partition: Partition, fault: StoreDamaged | StoreAway) -> None:
        """Let go of a file that proved damaged, or cannot be read now, and remember that."""
        own = self._own()
        file = own.files.pop(partition.file, None)
        if file is not None:
            file.connection.close()
        if isinstance(fault, StoreDamaged):
            gap = Gap(partition.lower_ms, partition.upper_ms, partition.file, fault.why)
            with self._guard:
                self._damaged[partition.file] = (self._inode(partition.file), gap)
        else:
            own.unreadable[partition.file] = Gap(partition.lower_ms, partition.upper_ms, partition.file, "cannot be read now")

    def lacking(self) -> list[Gap]:
        """The files that proved damaged and still stand there, and those that this thread could not read when it last tried."""
        with self._guard:
            known = list(self._damaged.items())
        damaged = [gap for name, (inode, gap) in known if self._inode(name) == inode]
        return [*damaged, *self._own().unreadable.values()]

    def close(self) -> None:
        """Close what every thread has open."""
        with self._guard:
            for own in self._all:
                own.close()
            self._all.clear()
            self._local = threading.local()

    def _catalog(self, own: _Own) -> sqlite3.Connection | None:
        """The catalog, or None where there is none."""
        inode = self._inode(catalog.NAME)
        if inode != own.inode or own.catalog is None:
            # The store was made, or made anew: what was open belongs to the old one.
            own.close()
            own.inode = inode
            own.catalog = catalog.read_catalog(self._folder) if inode >= 0 else None
        return own.catalog

    def _without_catalog(self, why: str) -> Listing:
        """What can be told from the names of the files: everything may be lacking."""
        found = catalog.by_names(self._folder)
        lacking = [Gap(0, catalog.END_OF_TIME, catalog.NAME, why)] if found else []
        return Listing(found, lacking, {}, [], [])

    def _opened(self, partition: Partition, path: Path, inode: int) -> OpenFile | None:
        """A file opened for this thread; None where it is gone, and not listed any more."""
        connection = open_reader(path, PARTITION_STEPS)
        if connection is None:
            if partition not in self.listing().partitions:
                return None
            raise StoreDamaged(path, "is empty" if path.exists() else "is missing")
        try:
            with of_file(path):
                connection.create_function("in_scope", 2, self._scopes.holds, deterministic=True)
                return OpenFile(connection, Packer(connection), inode, self._heads)
        except BaseException:
            connection.close()
            raise

    def _let_go(self, own: _Own, partitions: list[Partition]) -> None:
        """Close files that are not listed any more."""
        names = {partition.file for partition in partitions}
        for name in [name for name in own.files if name not in names]:
            own.files.pop(name).connection.close()
        for name in own.unreadable.keys() - names:
            del own.unreadable[name]

    def _inode(self, name: str) -> int:
        """Which file has this name now; -1 where none has."""
        try:
            return (self._folder / name).stat().st_ino
        except FileNotFoundError:
            return -1
        except OSError as error:
            raise of_os_error(error, f"{self._folder / name} cannot be read") from error

    def _own(self) -> _Own:
        """What this thread has open."""
        own: _Own | None = getattr(self._local, "own", None)
        if own is None:
            own = self._local.own = _Own()
            with self._guard:
                self._all.append(own)
        return own
