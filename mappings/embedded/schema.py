"""The tables of the store's files, and the numbered steps by which an older file becomes a current one.

A file's `user_version` is the number of steps that it has taken. Steps are only ever added: a release that changes the tables
adds one, and both a new file and an old one reach the same state by the same steps. A new field of the trace needs none, for
each file names the order of its packed fields (see `packing`); what the release before cannot do without needs one, a mark.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from mappings import private
from mappings.embedded.faults import StoreAway, StoreDamaged, StoreError, StoreTooNew, fault_of, of_file
from mappings.embedded.functions import register
from mappings.faults import of_os_error

Step = Callable[[sqlite3.Connection], None]

PAGE_BYTES = 8192
#: The writer helps with copying back when a file's log is larger than this. One that a reader keeps from that takes no newer traces.
LOG_LIMIT_BYTES = 256 * 1024 * 1024
#: How long a reader or writer waits for a moment's lock of another process.
_BUSY_MS = 10_000


def _sql(script: str) -> Step:
    """Make a step that runs these statements."""

    def step(connection: sqlite3.Connection) -> None:
        for statement in script.split(";"):
            if statement.strip():
                connection.execute(statement)

    return step


#: The traces of one range of time. Text in searched columns is folded; what is shown is in `head`.
_PARTITION_1 = """
CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE server(number INTEGER PRIMARY KEY, ip TEXT NOT NULL, name TEXT NOT NULL, helo TEXT NOT NULL, ip_key BLOB);
CREATE UNIQUE INDEX by_server ON server(ip, name, helo);
CREATE INDEX by_server_name ON server(name);
CREATE INDEX by_server_helo ON server(helo);
CREATE INDEX by_server_network ON server(ip_key);
CREATE TABLE trace(
    id BLOB PRIMARY KEY, version INTEGER NOT NULL,
    sender TEXT, sender_domain TEXT, header_from TEXT, header_from_domain TEXT,
    recipient TEXT, recipient_domain TEXT, original_recipient TEXT, original_recipient_domain TEXT,
    disposition TEXT NOT NULL, verdict TEXT NOT NULL, reason TEXT, direction TEXT NOT NULL,
    reply_code INTEGER, enhanced_code TEXT, message_id TEXT, queue_ids TEXT, quarantine TEXT,
    client INTEGER, relay INTEGER, visible TEXT, head BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX by_sender ON trace(sender);
CREATE INDEX by_sender_domain ON trace(sender_domain);
CREATE INDEX by_header_from ON trace(header_from) WHERE header_from IS NOT NULL AND header_from IS NOT sender;
CREATE INDEX by_header_from_domain ON trace(header_from_domain)
    WHERE header_from_domain IS NOT NULL AND header_from_domain IS NOT sender_domain;
CREATE INDEX by_recipient ON trace(recipient);
CREATE INDEX by_recipient_domain ON trace(recipient_domain);
CREATE INDEX by_original_recipient ON trace(original_recipient) WHERE original_recipient IS NOT NULL;
CREATE INDEX by_original_recipient_domain ON trace(original_recipient_domain)
    WHERE original_recipient_domain IS NOT NULL AND original_recipient_domain IS NOT recipient_domain;
CREATE INDEX by_disposition ON trace(disposition) WHERE disposition <> 'delivered';
CREATE INDEX by_verdict ON trace(verdict) WHERE verdict NOT IN ('clean', 'not_scanned');
CREATE INDEX by_reason ON trace(reason) WHERE reason IS NOT NULL;
CREATE INDEX by_reply_code ON trace(reply_code) WHERE reply_code >= 300;
CREATE INDEX by_enhanced_code ON trace(enhanced_code) WHERE enhanced_code >= '3';
CREATE INDEX by_quarantine ON trace(quarantine) WHERE quarantine IS NOT NULL;
CREATE INDEX by_client ON trace(client) WHERE client IS NOT NULL;
CREATE INDEX by_relay ON trace(relay) WHERE relay IS NOT NULL;
CREATE TABLE detail(id BLOB PRIMARY KEY, events BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE superseded(id BLOB PRIMARY KEY, version INTEGER NOT NULL, head BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE key(hash INTEGER, id BLOB, PRIMARY KEY(hash, id)) WITHOUT ROWID;
CREATE TABLE visible(domain TEXT, id BLOB, PRIMARY KEY(domain, id)) WITHOUT ROWID;
CREATE TABLE log_domain(name TEXT PRIMARY KEY, newest_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE hourly(hour INTEGER, direction TEXT, disposition TEXT, n INTEGER NOT NULL,
    PRIMARY KEY(hour, direction, disposition)) WITHOUT ROWID;
CREATE TABLE daily(side TEXT, domain TEXT, day INTEGER, direction TEXT, disposition TEXT, n INTEGER NOT NULL,
    PRIMARY KEY(side, domain, day, direction, disposition)) WITHOUT ROWID
"""

#: How often each code refused; counted from the rows once, then kept with them.
_PARTITION_2 = """
CREATE TABLE codes(day INTEGER, reply_code INTEGER NOT NULL, enhanced_code TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY(day, reply_code, enhanced_code)) WITHOUT ROWID;
INSERT INTO codes
    SELECT id_ms(id) / 86400000, coalesce(reply_code, 0), coalesce(enhanced_code, ''), count(*) FROM trace
    WHERE disposition IN ('bounced', 'expired', 'rejected', 'tempfailed', 'deferred')
        AND (reply_code IS NOT NULL OR enhanced_code IS NOT NULL)
    GROUP BY 1, 2, 3
"""

#: The traces that a columnar copy of the file does not have as they are (`columnar`), and since the beginning of which copy.
_PARTITION_4 = """
CREATE TABLE changed(id BLOB PRIMARY KEY, begun INTEGER NOT NULL) WITHOUT ROWID
"""

#: Journeys in blocks; those in `detail` stay there. Of a block that was begun small, or has holes, `loose` says how many journeys are
#: still its own; of any other all are.
_PARTITION_5 = """
CREATE TABLE block(number INTEGER PRIMARY KEY, count INTEGER NOT NULL, packed BLOB NOT NULL);
CREATE TABLE loose(number INTEGER PRIMARY KEY, live INTEGER NOT NULL);
CREATE INDEX by_live ON loose(live);
ALTER TABLE trace ADD COLUMN block INTEGER;
ALTER TABLE superseded ADD COLUMN block INTEGER
"""

_CATALOG_1 = """
CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE partition(file TEXT PRIMARY KEY, lower_ms INTEGER NOT NULL, upper_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE progress(source TEXT PRIMARY KEY, read_up_to_ms INTEGER NOT NULL) WITHOUT ROWID
"""

#: Ranges of time whose file was lost or put aside, until they are read again or too old.
_CATALOG_2 = """
CREATE TABLE gap(lower_ms INTEGER NOT NULL, upper_ms INTEGER NOT NULL, file TEXT NOT NULL, why TEXT NOT NULL,
    PRIMARY KEY(lower_ms, file)) WITHOUT ROWID
"""


def _mark(_connection: sqlite3.Connection) -> None:
    """Change no table: what is packed into the file from now on is damage to the releases before, and they are to refuse the file."""


#: Since the third, events are packed without what can be worked out of them.
#: The fourth is nothing to readers; the releases before must not write to a file whose changes are to be noted.
_changes = _sql(_PARTITION_4)
_blocks = _sql(_PARTITION_5)
PARTITION_STEPS: Sequence[Step] = (_sql(_PARTITION_1), _sql(_PARTITION_2), _mark, _changes, _blocks)
#: The steps that a reader can do without: it reads a file without blocks as it is.
_WRITERS = (_mark, _changes, _blocks)
#: Files of this version and later ones have blocks.
BLOCKS_SINCE = PARTITION_STEPS.index(_blocks) + 1
CATALOG_STEPS: Sequence[Step] = (_sql(_CATALOG_1), _sql(_CATALOG_2))


def open_writer(path: Path, steps: Sequence[Step], *, new: bool) -> sqlite3.Connection:
    """A connection that may write, to a file that is brought up to date first; only the holder of the lock may ask.

    A `new` file is made, or finished where its making was cut off. Another one must be there and hold something, else it is damaged.
    Raises `StoreDamaged`, `StoreAway` and `StoreTooNew`.
    """
    if new:
        try:
            private.create(path)
        except OSError as error:
            raise of_os_error(error, f"{path} cannot be made") from error
    elif not path.exists():
        raise StoreDamaged(path, "is missing")
    with of_file(path):
        connection = _connect(path, "rw")
        try:
            if not new and not version_of(connection, path, steps):
                raise StoreDamaged(path, "is empty", empty=True)
            connection.execute(f"PRAGMA page_size={PAGE_BYTES}")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA wal_autocheckpoint=0")
            # When everything in the log has been copied, the next commit begins it anew and cuts it to this size.
            connection.execute("PRAGMA journal_size_limit=16777216")
            migrate(connection, path, steps)
        except BaseException:
            connection.close()
            raise
    return connection


def open_reader(path: Path, steps: Sequence[Step]) -> sqlite3.Connection | None:
    """A connection that only reads; None where the file is not there (any more), or not yet ready.

    A file that lacks nothing but what writers need is read as it is. Raises `StoreDamaged` and `StoreTooNew`, and any other `StoreError`
    where it cannot be read.
    """
    connection: sqlite3.Connection | None = None
    try:
        connection = _connect(path, "ro")
        version = version_of(connection, path, steps)
    except (sqlite3.Error, StoreError) as error:
        if connection is not None:
            connection.close()
        if isinstance(error, StoreError):
            raise
        if not path.exists():
            return None
        fault = fault_of(error, path)
        raise fault if isinstance(fault, StoreDamaged) else StoreAway(f"{path} cannot be read: {error}{_why(path)}.") from error
    if version < max(number for number, step in enumerate(steps, 1) if step not in _WRITERS):
        connection.close()
        if version:
            raise StoreError(f"{path.name} was written by an older release; start “mailtrace ingest” once to bring it up to date.")
        return None
    return connection


def must_be_there(path: Path, inode: int) -> None:
    """Raise `StoreDamaged` where a file that is open is not under its name any more: what is written to it would be lost."""
    try:
        there = path.stat().st_ino == inode
    except FileNotFoundError:
        there = False
    if not there:
        raise StoreDamaged(path, "is missing")


def _why(path: Path) -> str:
    """The likeliest reason why a file that is there cannot be read."""
    if not os.access(path, os.R_OK):
        return "; this user may not read it"
    if os.access(path.parent, os.W_OK):
        return ""
    return "; SQLite's readers need the right to write in its folder, so read as the user who writes"


def version_of(connection: sqlite3.Connection, path: Path, steps: Sequence[Step]) -> int:
    """The number of steps that a file has taken; raises where it has taken more than are known."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(steps):
        raise StoreTooNew(
            f"{path} has schema version {version}, and this release knows versions up to {len(steps)};"
            " use the release that wrote it, or a newer one."
        )
    return version


def migrate(connection: sqlite3.Connection, path: Path, steps: Sequence[Step]) -> None:
    """Take the steps that a file lacks, each whole or not at all."""
    for number in range(version_of(connection, path, steps), len(steps)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            steps[number](connection)
            connection.execute(f"PRAGMA user_version={number + 1}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    """A connection in which every statement outside BEGIN is its own transaction; used by one thread at a time."""
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000)
    register(connection)
    return connection
