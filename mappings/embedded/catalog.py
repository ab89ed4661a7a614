"""The catalog: which files hold which ranges of time, what was lost or dropped, and up to when each source has been read."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from mappings import private
from mappings.embedded.faults import of_file
from mappings.embedded.schema import CATALOG_STEPS, must_be_there, open_reader, open_writer
from mappings.losses import Loss, kept
from mappings.readings import ReaderReadings, decoded

NAME = "catalog.sqlite"
#: The time in an id has 48 bits.
END_OF_TIME = 1 << 48
#: How the names of the rows begin in which each reader keeps how its reading stands; releases before pass them over.
_READING = "reading:"


@dataclass(frozen=True, slots=True)
class Partition:
    """A file of the store: the traces whose id's time is from `lower_ms` to before `upper_ms`."""

    file: str
    lower_ms: int
    upper_ms: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A range of which the store lacks what `file` held; `why` goes on from the file's name, as `is missing`."""

    lower_ms: int
    upper_ms: int
    file: str
    why: str


def file_name(lower_ms: int) -> str:
    """The name of the file whose range begins here."""
    try:
        stamp = f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=lower_ms):%Y%m%dT%H%M%S}.{lower_ms % 1000:03d}"
    except OverflowError:
        # A stamp beyond the year 9999 is nonsense that a stranger wrote; it has its file all the same.
        stamp = f"{lower_ms:015d}"
    return f"traces-{stamp}.sqlite"


_NAMED = re.compile(r"traces-(?:(\d{8}T\d{6})\.(\d{3})|(\d{15}))\.sqlite").match


def lower_of(name: str) -> int | None:
    """Where the range of a file begins, by its name, also where that goes on behind it; None where it is no file of traces."""
    found = _NAMED(name)
    if found is None:
        return None
    if found[3]:
        return int(found[3])
    try:
        stamp = datetime.strptime(found[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    return (stamp - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) + int(found[2])


def by_names(folder: Path) -> list[Partition]:
    """The files that are there, newest first, with their ranges by their names: what can be told without a catalog."""
    found = sorted((lower, path.name) for path in folder.glob("traces-*.sqlite") if (lower := lower_of(path.name)) is not None)
    uppers = [*(lower for lower, _ in found[1:]), END_OF_TIME]
    return [Partition(name, lower, upper) for (lower, name), upper in zip(found, uppers, strict=False)][::-1]


def partitions(connection: sqlite3.Connection) -> list[Partition]:
    """All files, newest range first."""
    return [Partition(*row) for row in connection.execute("SELECT file, lower_ms, upper_ms FROM partition ORDER BY lower_ms DESC")]


def gaps(connection: sqlite3.Connection) -> list[Gap]:
    """What the store lacks, newest range first."""
    return [Gap(*row) for row in connection.execute("SELECT lower_ms, upper_ms, file, why FROM gap ORDER BY lower_ms DESC, file")]


def progress(connection: sqlite3.Connection) -> dict[str, int]:
    """Up to which log time each source has been read."""
    return dict(connection.execute("SELECT source, read_up_to_ms FROM progress ORDER BY source").fetchall())


def floor_ms(connection: sqlite3.Connection) -> int:
    """The end of the youngest range that retention dropped; traces before it are not taken back."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'floor_ms'").fetchone()
    return int(row[0]) if row else 0


def losses(connection: sqlite3.Connection) -> list[Loss]:
    """What went before it was read, the latest last: one row, for they are few and read together; none where nobody understands it."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'losses'").fetchone()
    try:
        return kept(msgspec.json.decode(row[0], type=list[Loss]), floor_ms(connection)) if row else []
    except (msgspec.MsgspecError, TypeError):
        return []


def readings(connection: sqlite3.Connection) -> list[ReaderReadings]:
    """How the reading of all sources stands, by reader; what nobody understands is left out."""
    rows = connection.execute("SELECT value FROM meta WHERE name >= ? AND name < ? ORDER BY name", (_READING, f"{_READING[:-1]};"))
    return [one for (value,) in rows if isinstance(value, str | bytes) and (one := decoded(value)) is not None]


def read_catalog(folder: Path) -> sqlite3.Connection | None:
    """A reading connection to the catalog; None where there is no store yet."""
    return open_reader(folder / NAME, CATALOG_STEPS)


class Catalog:
    """The catalog in the hands of the one writer.

    What it says of files is on the disk when a method returns. Raises `StoreDamaged` where it cannot be read any more.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        #: Whether it is made now; then it knows nothing of the files that are there.
        self.new = not self.path.exists() or not self.path.stat().st_size
        self._connection = open_writer(self.path, CATALOG_STEPS, new=self.new)
        try:
            with of_file(self.path):
                self._connection.execute("PRAGMA synchronous=FULL")
                if self.new:
                    # No file of traces is there without one that lists it.
                    self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
                    private.sync_folder(folder)
                self._read()
                self.progress = progress(self._connection)
                self.readings = {one.reader: one for one in readings(self._connection)}
            self._inode = self.path.stat().st_ino
        except BaseException:
            self._connection.close()
            raise

    def add(self, partition: Partition, shrunk: Partition | None = None) -> None:
        """List a new file, which must be ready to be read; `shrunk` is the neighbour that gives up a part of its range."""
        with self._changing() as connection:
            if shrunk is not None:
                connection.execute("UPDATE partition SET upper_ms = ? WHERE file = ?", (shrunk.upper_ms, shrunk.file))
            connection.execute("INSERT OR REPLACE INTO partition VALUES(?, ?, ?)", (partition.file, partition.lower_ms, partition.upper_ms))

    def drop(self, dropped: Iterable[Partition]) -> None:
        """Take files out of the list and remember that their ranges are over, also those that are lacking."""
        ranges = list(dropped)
        if not ranges:
            return
        floor = max(self.floor_ms, *(partition.upper_ms for partition in ranges))
        with self._changing() as connection:
            connection.executemany("DELETE FROM partition WHERE file = ?", [(partition.file,) for partition in ranges])
            connection.execute("DELETE FROM gap WHERE upper_ms <= ?", (floor,))
            connection.execute("INSERT OR REPLACE INTO meta VALUES('floor_ms', ?)", (floor,))

    def lose(self, gap: Gap) -> None:
        """Take a file out of the list, and keep what the store lacks without it."""
        with self._changing() as connection:
            connection.execute("DELETE FROM partition WHERE file = ?", (gap.file,))
            _put_gap(connection, gap)

    def regain(self, lower_ms: int, upper_ms: int) -> None:
        """What came between these times has been read again: only what was lacking before and after it still is."""
        with self._changing() as connection:
            for gap in self.gaps:
                if gap.lower_ms >= upper_ms or gap.upper_ms <= lower_ms:
                    continue
                connection.execute("DELETE FROM gap WHERE lower_ms = ? AND file = ?", (gap.lower_ms, gap.file))
                for lower, upper in ((gap.lower_ms, lower_ms), (upper_ms, gap.upper_ms)):
                    if lower < upper:
                        _put_gap(connection, Gap(lower, upper, gap.file, gap.why))

    def note_progress(self, read_up_to_ms: Mapping[str, int]) -> None:
        """Keep the greatest log time of each source, where that is news."""
        news = {source: time_ms for source, time_ms in read_up_to_ms.items() if time_ms > self.progress.get(source, -1)}
        if not news:
            must_be_there(self.path, self._inode)
            return
        with self._lightly() as connection:
            connection.executemany(
                "INSERT INTO progress VALUES(?, ?)"
                " ON CONFLICT(source) DO UPDATE SET read_up_to_ms = max(read_up_to_ms, excluded.read_up_to_ms)",
                list(news.items()),
            )
        self.progress.update(news)

    def note_reading(self, reading: ReaderReadings) -> None:
        """Keep how the reading of a reader's sources stands."""
        with self._lightly() as connection:
            row = (f"{_READING}{reading.reader}", msgspec.json.encode(reading))
            connection.execute("INSERT OR REPLACE INTO meta VALUES(?, ?)", row)
        self.readings[reading.reader] = reading

    def forget_readings(self, now_ms: int) -> None:
        """Forget readers that have been silent for long."""
        gone = [one.reader for one in self.readings.values() if one.is_forgotten(now_ms)]
        if gone:
            with self._lightly() as connection:
                connection.executemany("DELETE FROM meta WHERE name = ?", [(f"{_READING}{reader}",) for reader in gone])
            self.readings = {reader: one for reader, one in self.readings.items() if reader not in gone}

    def restore(self, known: Catalog) -> None:
        """Take over what a catalog knew that has been damaged since."""
        with self._changing() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO partition VALUES(?, ?, ?)", [(p.file, p.lower_ms, p.upper_ms) for p in known.partitions]
            )
            for gap in known.gaps:
                _put_gap(connection, gap)
            connection.execute("INSERT OR REPLACE INTO meta VALUES('floor_ms', ?)", (known.floor_ms,))
        self.note_loss(*known.losses)
        self.note_progress(known.progress)
        for one in known.readings.values():
            self.note_reading(one)

    def note_loss(self, *lost: Loss) -> None:
        """Keep what went before it was read; the oldest, and those of a time that retention has dropped, make room."""
        with self._changing() as connection:
            listed = kept([*losses(connection), *lost], self.floor_ms)
            connection.execute("INSERT OR REPLACE INTO meta VALUES('losses', ?)", (msgspec.json.encode(listed),))

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, whole or not at all."""
        must_be_there(self.path, self._inode)
        with of_file(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
            self._read()

    @contextmanager
    def _lightly(self) -> Iterator[sqlite3.Connection]:
        """The same for what is told again and again: nothing is lost with it where the power is."""
        with of_file(self.path):
            self._connection.execute("PRAGMA synchronous=NORMAL")
        try:
            with self._changing() as connection:
                yield connection
        finally:
            with of_file(self.path):
                self._connection.execute("PRAGMA synchronous=FULL")
        with of_file(self.path):
            # The catalog is small and nobody else copies its log back.
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def _read(self) -> None:
        """Know what is listed."""
        self.partitions = partitions(self._connection)
        self.gaps = gaps(self._connection)
        self.floor_ms = floor_ms(self._connection)
        self.losses = losses(self._connection)


def _put_gap(connection: sqlite3.Connection, gap: Gap) -> None:
    """Keep a gap."""
    connection.execute("INSERT OR REPLACE INTO gap VALUES(?, ?, ?, ?)", (gap.lower_ms, gap.upper_ms, gap.file, gap.why))
