"""Small stores for the tests of the embedded sink, and what plain SQLite sees in them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import zstandard

from ingest.sinks.embedded import WEEK_MS, EmbeddedSink
from mappings import identity
from mappings.embedded import packing, schema
from mappings.embedded.functions import register
from mappings.embedded.packing import Packer
from mappings.embedded.terms import terms_of
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


def begin_before_blocks(connection: sqlite3.Connection, path: Path, version: int) -> Packer:
    """Begin a file as the release with this schema version (4 at most) did: one dictionary for all, and journeys by themselves."""
    register(connection)
    connection.execute("PRAGMA page_size=8192")
    connection.execute("PRAGMA journal_mode=WAL")
    schema.migrate(connection, path, schema.PARTITION_STEPS[:version])
    connection.execute("INSERT INTO meta VALUES('dictionary', ?)", (packing.shipped_dictionary(),))
    connection.execute("INSERT INTO meta VALUES('lower_ms', ?)", (T0,))
    return Packer.for_writing(connection)


def put_before_blocks(connection: sqlite3.Connection, packer: Packer, trace: Trace) -> None:
    """Put a trace into such a file, with the columns that the tests ask."""
    key, head = identity.to_bytes(trace.id), packer.pack_head(packing.encode_head(trace))
    alone = zstandard.ZstdCompressor(1, dict_data=zstandard.ZstdCompressionDict(packing.shipped_dictionary()))
    values = (key, trace.version, trace.disposition.value, trace.reply_code, head)
    connection.execute(
        "INSERT INTO trace(id, version, disposition, verdict, direction, reply_code, head) VALUES(?, ?, ?, 'clean', 'inbound', ?, ?)",
        values,
    )
    connection.execute("INSERT INTO detail VALUES(?, ?)", (key, head[:1] + alone.compress(packing.encode_journey(trace))))
    connection.executemany("INSERT INTO key VALUES(?, ?)", [(number, key) for number in terms_of(trace)])


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
