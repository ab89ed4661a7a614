"""What can be wrong with an embedded store, each in one sentence for the operator."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from mappings.faults import PASSING, StoreAway, StoreDamaged, StoreError, StoreLocked, StoreTooNew

__all__ = ["PASSING", "StoreAway", "StoreDamaged", "StoreError", "StoreLocked", "StoreTooNew", "fault_of", "in_words", "of_file"]

_P = ParamSpec("_P")
_R = TypeVar("_R")

#: Results of SQLite (https://www.sqlite.org/rescode.html) that speak of what is in the file.
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
#: Those that speak of the moment: no space, no handle, no rights, a disk that does not answer, a lock of somebody else.
_PASSING = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOMEM,
    }
)
#: Damage that comes without a result code of its own: bytes that are no text in a column of text, and a file without its tables.
_TOLD_AS_WORDS = ("Could not decode to UTF-8", "no such table")


def fault_of(error: sqlite3.Error, path: Path | None = None) -> StoreError:
    """The fault that an error of the database is: damage where a file is known, a state that passes, or any other."""
    # The lower byte is the kind.
    kind = getattr(error, "sqlite_errorcode", -1) & 0xFF
    if path is not None and (kind in _DAMAGE or str(error).startswith(_TOLD_AS_WORDS)):
        return StoreDamaged(path, f"is damaged ({error})")
    if kind in _PASSING:
        return StoreAway(f"{path or 'The store'} cannot be used now: {error}.")
    return StoreError(f"The store failed: {error}.")


@contextmanager
def of_file(path: Path) -> Iterator[None]:
    """Turn what the database raises about this file into a fault of the store."""
    try:
        yield
    except sqlite3.Error as error:
        raise fault_of(error, path) from error


def in_words(method: Callable[_P, _R]) -> Callable[_P, _R]:
    """Turn what the database raises into a fault of the store: its callers know no database."""

    @wraps(method)
    def told(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return method(*args, **kwargs)
        except sqlite3.Error as error:
            raise fault_of(error) from error

    return told
