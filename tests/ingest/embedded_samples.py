"""Small stores for the tests of the embedded sink, and what plain SQLite sees in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ingest.sinks.embedded import WEEK_MS, EmbeddedSink
from mappings import identity
from mappings.trace import Trace
from search.engines.embedded import EmbeddedEngine
from search.query import Query
from search.scope import EVERYTHING

DAY_MS = 86_400_000
#: The beginning of a range.
T0 = 1_764_000_000_000 // WEEK_MS * WEEK_MS


def mail(number: int, at_ms: int, *, version: int = 1, **fields: object) -> Trace:
    """A trace, told apart by its number."""
    return Trace(
        id=identity.trace_id(at_ms, "mx", f"q:mx/Q{number}", "", ""),
        version=version,
        log_domain="mx",
        time_ms=at_ms,
        last_event_ms=at_ms + 5,
        keys=[f"q:mx/Q{number}"],
        **fields,  # type: ignore[arg-type]
    )


@contextmanager
def writing(folder: Path, **settings: object) -> Iterator[EmbeddedSink]:
    """Open a sink and close it."""
    sink = EmbeddedSink(folder, **settings)  # type: ignore[arg-type]
    try:
        yield sink
    finally:
        sink.close()


def asked(folder: Path) -> list[str]:
    """All ids that a reader of its own sees, newest first."""
    with closing(EmbeddedEngine(folder)) as engine:
        return [trace.id for trace in engine.walk(Query(), EVERYTHING)]


def files(folder: Path) -> list[str]:
    """The names of the store's files of traces."""
    return sorted(path.name for path in folder.glob("traces-*.sqlite"))


def ids_in(path: Path) -> list[str]:
    """The ids that a file holds, looked at with plain SQLite."""
    with closing(sqlite3.connect(path)) as connection:
        return [identity.from_bytes(row[0]) for row in connection.execute("SELECT id FROM trace ORDER BY id")]
