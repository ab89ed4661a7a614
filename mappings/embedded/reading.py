"""Reading traces out of one file, for the sink's look-ups and the engine alike."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from mappings.embedded.packing import Packer
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


def ids_by_terms(connection: sqlite3.Connection, terms: Collection[int]) -> set[bytes]:
    """Ids of the traces that may hold one of these keys (see `terms`)."""
    found: set[bytes] = set()
    for chunk in chunks(sorted(terms)):
        found.update(row[0] for row in connection.execute(f"SELECT id FROM key WHERE hash IN ({marks(len(chunk))})", chunk))
    return found


def load(connection: sqlite3.Connection, packer: Packer, key: bytes, *, events: bool) -> Trace | None:
    """One trace, superseded or not."""
    row = connection.execute("SELECT head FROM trace WHERE id = ?", (key,)).fetchone()
    if row is None:
        row = connection.execute("SELECT head FROM superseded WHERE id = ?", (key,)).fetchone()
    if row is None:
        return None
    trace = packer.head(row[0])
    if events:
        detail = connection.execute("SELECT events FROM detail WHERE id = ?", (key,)).fetchone()
        if detail is not None:
            packer.journey(trace, detail[0])
    return trace
