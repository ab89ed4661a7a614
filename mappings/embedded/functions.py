"""The few functions that the store's SQL has beyond SQLite's own."""

from __future__ import annotations

import sqlite3

from mappings import identity
from mappings.patterns import expression

#: Between the values of a column that holds several; no line of a log holds it.
SEPARATOR = "\n"


def register(connection: sqlite3.Connection) -> None:
    """Give the functions to a connection."""
    connection.create_function("id_ms", 1, identity.time_ms_in, deterministic=True)
    connection.create_function("fits_any", 2, _fits_any, deterministic=True)


def _fits_any(pattern: str, values: str | None) -> bool:
    """Whether one of the values in a column fits the pattern."""
    if values is None:
        return False
    fits = expression(pattern).fullmatch
    return any(fits(value) for value in values.split(SEPARATOR))
