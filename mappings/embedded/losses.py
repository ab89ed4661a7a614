"""What went before it was read, in the catalog: one row, for there are few and they are read together."""

from __future__ import annotations

import sqlite3

import msgspec

from mappings.losses import Loss, kept

_NAME = "losses"


def read_losses(connection: sqlite3.Connection) -> list[Loss]:
    """All that are kept, the latest last; none where nobody can understand the row."""
    row = connection.execute("SELECT value FROM meta WHERE name = ?", (_NAME,)).fetchone()
    try:
        return msgspec.json.decode(row[0], type=list[Loss]) if row else []
    except (msgspec.MsgspecError, TypeError):
        return []


def note_loss(connection: sqlite3.Connection, loss: Loss, floor_ms: int) -> None:
    """Keep a loss; the oldest, and those of a time that retention has dropped, make room. Only the store's writer may ask."""
    listed = kept([*read_losses(connection), loss], floor_ms)
    connection.execute("INSERT OR REPLACE INTO meta VALUES(?, ?)", (_NAME, msgspec.json.encode(listed)))
    # A loss is noted before the position that no longer knows of it, so it must be as durable.
    connection.execute("PRAGMA wal_checkpoint(FULL)")
