"""Reading traces out of one file, for the sink's look-ups and the engine alike."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mappings.embedded.packing import Packer, Unpackable
from mappings.embedded.schema import BLOCKS_SINCE
from mappings.trace import Trace

#: So many values are bound in one statement.
CHUNK = 500


def chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The values in pieces that a statement can take."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]


def marks(count: int) -> str:
    """As many question marks, for an IN list."""
    return ",".join("?" * count)


@contextmanager
def one_state(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is read of a file belongs together."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def ids_by_terms(connection: sqlite3.Connection, terms: Collection[int]) -> set[bytes]:
    """Ids of the traces that may hold one of these keys (see `terms`)."""
    found: set[bytes] = set()
    for chunk in chunks(sorted(terms)):
        found.update(row[0] for row in connection.execute(f"SELECT id FROM key WHERE hash IN ({marks(len(chunk))})", chunk))
    return found


def load_head(connection: sqlite3.Connection, packer: Packer, key: bytes) -> Trace | None:
    """One trace, superseded or not, without its journey."""
    row = _row(connection, "head", key)
    return None if row is None else packer.head(row[0])


def load(connection: sqlite3.Connection, packer: Packer, keys: Iterable[bytes]) -> list[Trace]:
    """Traces, superseded or not, with their journeys; of those that are there. Neighbours are best asked for together."""
    with one_state(connection):
        journeys = _Journeys(connection, packer)
        return [trace for key in keys if (trace := journeys.whole(key)) is not None]


def _row(connection: sqlite3.Connection, columns: str, key: bytes) -> tuple[Any, ...] | None:
    """What stands there of one trace."""
    for table in ("trace", "superseded"):
        row: tuple[Any, ...] | None = connection.execute(f"SELECT {columns} FROM {table} WHERE id = ?", (key,)).fetchone()
        if row is not None:
            return row
    return None


class _Journeys:
    """The journeys in one state of a file, wherever they lie."""

    def __init__(self, connection: sqlite3.Connection, packer: Packer) -> None:
        self._connection, self._packer = connection, packer
        # An older file may be brought up to date by its writer while it is open here.
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        self._columns = "head, block" if version >= BLOCKS_SINCE else "head, NULL"
        #: The block that was read last.
        self._number: int | None = None
        self._members: dict[bytes, memoryview] = {}

    def whole(self, key: bytes) -> Trace | None:
        """A trace with its journey."""
        row = _row(self._connection, self._columns, key)
        if row is None:
            return None
        head, block = row
        trace = self._packer.head(head)
        if block is not None:
            self._packer.journey_of(trace, self._member(block, key))
            return trace
        # An earlier release wrote it, or it has none.
        detail = self._connection.execute("SELECT events FROM detail WHERE id = ?", (key,)).fetchone()
        if detail is not None:
            self._packer.journey(trace, detail[0])
        return trace

    def _member(self, number: int, key: bytes) -> memoryview:
        """A journey as it lies in its block."""
        if number != self._number:
            self._members = members_of(self._connection, self._packer, number)
            self._number = number
        member = self._members.get(key)
        if member is None:
            raise Unpackable(f"block {number} lacks a journey")
        return member


def members_of(connection: sqlite3.Connection, packer: Packer, number: int) -> dict[bytes, memoryview]:
    """The journeys in a block, by the ids of their traces, also those that have been written elsewhere since; raises `Unpackable`."""
    row = connection.execute("SELECT packed FROM block WHERE number = ?", (number,)).fetchone()
    if row is None:
        raise Unpackable(f"block {number} is missing")
    return packer.unpack_block(row[0])
