"""The catalog: which files hold which ranges of time, what was dropped, and up to when each source has been read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from mappings.embedded.losses import note_loss
from mappings.embedded.schema import CATALOG_STEPS, open_reader, open_writer
from mappings.losses import Loss

NAME = "catalog.sqlite"
#: The time in an id has 48 bits.
END_OF_TIME = 1 << 48


@dataclass(frozen=True, slots=True)
class Partition:
    """A file of the store: the traces whose id's time is from `lower_ms` to before `upper_ms`."""

    file: str
    lower_ms: int
    upper_ms: int


def file_name(lower_ms: int) -> str:
    """The name of the file whose range begins here."""
    try:
        stamp = f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=lower_ms):%Y%m%dT%H%M%S}.{lower_ms % 1000:03d}"
    except OverflowError:
        # A stamp beyond the year 9999 is nonsense that a stranger wrote; it has its file all the same.
        stamp = f"{lower_ms:015d}"
    return f"traces-{stamp}.sqlite"


def partitions(connection: sqlite3.Connection) -> list[Partition]:
    """All files, newest range first."""
    return [Partition(*row) for row in connection.execute("SELECT file, lower_ms, upper_ms FROM partition ORDER BY lower_ms DESC")]


def progress(connection: sqlite3.Connection) -> dict[str, int]:
    """Up to which log time each source has been read."""
    return dict(connection.execute("SELECT source, read_up_to_ms FROM progress ORDER BY source").fetchall())


def floor_ms(connection: sqlite3.Connection) -> int:
    """The end of the youngest range that retention dropped; traces before it are not taken back."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'floor_ms'").fetchone()
    return int(row[0]) if row else 0


def read_catalog(folder: Path) -> sqlite3.Connection | None:
    """A reading connection to the catalog; None where there is no store yet."""
    return open_reader(folder / NAME, CATALOG_STEPS)


class Catalog:
    """The catalog in the hands of the one writer."""

    def __init__(self, folder: Path) -> None:
        self._connection = open_writer(folder / NAME, CATALOG_STEPS)
        self.partitions = partitions(self._connection)
        self.floor_ms = floor_ms(self._connection)

    def add(self, partition: Partition, shrunk: Partition | None = None) -> None:
        """List a new file, which must be ready to be read; `shrunk` is the neighbour that gives up a part of its range."""
        self._connection.execute("BEGIN IMMEDIATE")
        if shrunk is not None:
            self._connection.execute("UPDATE partition SET upper_ms = ? WHERE file = ?", (shrunk.upper_ms, shrunk.file))
        self._connection.execute("INSERT INTO partition VALUES(?, ?, ?)", (partition.file, partition.lower_ms, partition.upper_ms))
        self._connection.execute("COMMIT")
        self.partitions = partitions(self._connection)

    def drop(self, dropped: Iterable[Partition]) -> None:
        """Take files out of the list and remember that their ranges are over."""
        ranges = list(dropped)
        if not ranges:
            return
        self.floor_ms = max(self.floor_ms, *(partition.upper_ms for partition in ranges))
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("DELETE FROM partition WHERE file = ?", [(partition.file,) for partition in ranges])
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES('floor_ms', ?)", (self.floor_ms,))
        self._connection.execute("COMMIT")
        self.partitions = partitions(self._connection)

    def note_progress(self, read_up_to_ms: Mapping[str, int]) -> None:
        """Keep the greatest log time of each source."""
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(
            "INSERT INTO progress VALUES(?, ?)"
            " ON CONFLICT(source) DO UPDATE SET read_up_to_ms = max(read_up_to_ms, excluded.read_up_to_ms)",
            list(read_up_to_ms.items()),
        )
        self._connection.execute("COMMIT")
        # The catalog is small and nobody else copies its log back.
        self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def note_loss(self, loss: Loss) -> None:
        """Keep that something went before it was read."""
        note_loss(self._connection, loss, self.floor_ms)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
