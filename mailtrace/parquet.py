"""Rows as Parquet, by DuckDB, which is an extra: a block of rows at a time, in constant memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mailtrace.problems import CouldNot
from search.rows import CSV_COLUMNS

#: What a column holds that is not text; times are in UTC.
_TYPES = {
    "time": "TIMESTAMP",
    "last_event": "TIMESTAMP",
    "code": "INTEGER",
    "size": "BIGINT",
    "score": "DOUBLE",
    "attempts": "INTEGER",
    "incomplete": "BOOLEAN",
}
_MEMORY = "256MB"
_ROWS_OF_A_GROUP = 20_480


def library() -> Any:
    """DuckDB, where it is installed; else one sentence says how to get it."""
    try:
        import duckdb  # noqa: PLC0415 - an extra
    except ImportError:
        raise CouldNot("Parquet is written by DuckDB, which is not installed: pip install .[counts]") from None
    return duckdb


def write_parquet(rows: Path, target: Path) -> None:
    """A file with a JSON array a line, of the cells of a row, as Parquet."""
    columns = ", ".join(_column(number, name) for number, name in enumerate(CSV_COLUMNS))
    with library().connect(config={"memory_limit": _MEMORY, "threads": 1}) as connection:
        connection.execute(
            f"COPY (SELECT {columns} FROM read_json_objects(?, format = 'newline_delimited')) TO ? (FORMAT parquet, COMPRESSION zstd,"
            f" ROW_GROUP_SIZE {_ROWS_OF_A_GROUP})",
            [str(rows), str(target)],
        )


def _column(number: int, name: str) -> str:
    """One cell as a column of its type."""
    value = f"json ->> {number}"
    return f'CAST({value} AS {_TYPES[name]}) AS "{name}"' if name in _TYPES else f'{value} AS "{name}"'
