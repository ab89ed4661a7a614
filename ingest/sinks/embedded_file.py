"""Writing into one file of the embedded store."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.sinks import Encoded
from ingest.sinks.embedded_blocks import Blocks
from ingest.sinks.embedded_summaries import Changes
from mappings import identity
from mappings.embedded import columnar
from mappings.embedded.columnar import CopyMark
from mappings.embedded.columns import COLUMNS, Server, client_of, domain_value, joined, plain_values, quarantine_value, relay_of
from mappings.embedded.faults import StoreDamaged, of_file
from mappings.embedded.functions import SEPARATOR
from mappings.embedded.packing import Packer, decode_head, encode_head, encode_journey
from mappings.embedded.reading import chunks, ids_by_terms, load, marks
from mappings.embedded.schema import PAGE_BYTES, PARTITION_STEPS, must_be_there, open_writer
from mappings.embedded.terms import terms_of
from mappings.patterns import ip_key
from mappings.printable import printable
from mappings.trace import Trace

_INSERT = f"INSERT OR REPLACE INTO trace({','.join(COLUMNS)}) VALUES({marks(len(COLUMNS))})"
_MOST_SERVERS = 100_000
#: Memory for pages: of the file that is written to, and of the others, which are only looked into.
_WRITING_KIB, _RESTING_KIB = 65_536, 2_048


@dataclass(frozen=True, slots=True)
class Prepared:
    """A trace made ready for its file, before the transaction begins."""

    key: bytes
    trace: Trace
    encoded: Encoded

    @property
    def has_journey(self) -> bool:
        """Whether its journey is kept: what is superseded has one where it was withheld."""
        return not (self.encoded.empty and self.trace.superseded_by)


def prepare(trace: Trace) -> Prepared:
    """Check that a trace can be stored; raises `ValueError` or `OverflowError` where it cannot."""
    key = identity.to_bytes(trace.id)
    try:
        encoded = encode(trace)
    except UnicodeEncodeError:
        trace = printable(trace)
        encoded = encode(trace)
    return _checked(Prepared(key, trace, encoded))


def prepare_encoded(encoded: Encoded) -> Prepared:
    """The same of a trace that another process has encoded."""
    trace = decode_head(encoded.head)
    return _checked(Prepared(identity.to_bytes(trace.id), trace, encoded))


def encode(trace: Trace) -> Encoded:
    """A trace as it is packed; raises `UnicodeEncodeError` where it holds half a character, `OverflowError` where a number is too great."""
    return Encoded(encode_head(trace), encode_journey(trace), not trace.events)


def _checked(prepared: Prepared) -> Prepared:
    trace = prepared.trace
    if max(trace.version, trace.last_event_ms, abs(trace.reply_code or 0)) >= 1 << 63:
        raise OverflowError("a number has more than 63 bits")
    return prepared


class TraceFile:
    """One file, open for writing; used by one thread at a time.

    A `new` one is made for the range that begins at `lower_ms`; another one must be there and begin there, where that is known.
    Its methods raise `StoreDamaged`, `StoreAway` and other faults of the store, and leave nothing half done.
    """

    def __init__(self, path: Path, lower_ms: int | None = None, *, new: bool = False) -> None:
        self.path = path
        self._connection = open_writer(path, PARTITION_STEPS, new=new)
        try:
            with of_file(path):
                self._learn(lower_ms, new=new)
            self._inode = path.stat().st_ino
        except BaseException:
            self._connection.close()
            raise

    def _learn(self, lower_ms: int | None, *, new: bool) -> None:
        """Know what the file holds."""
        self._packer = Packer.for_writing(self._connection)
        self._blocks = Blocks(self._connection, self._packer)
        #: Whether an earlier release left journeys that lie by themselves.
        self._details = self._connection.execute("SELECT EXISTS(SELECT 1 FROM detail)").fetchone()[0] == 1
        if new:
            self._connection.execute("INSERT OR IGNORE INTO meta VALUES('lower_ms', ?)", (lower_ms,))
        row = self._connection.execute("SELECT value FROM meta WHERE name = 'lower_ms'").fetchone()
        #: Where its range begins; None where the file was never taken into use.
        self.lower_ms: int | None = row[0] if row else None
        if lower_ms not in (None, self.lower_ms):
            raise StoreDamaged(self.path, "is not the file of its name")
        self._servers: dict[Server, int] = {}
        counted = self._connection.execute(
            "SELECT (SELECT coalesce(sum(n), 0) FROM hourly) + (SELECT count(*) FROM superseded), max(a, b)"
            " FROM (SELECT coalesce((SELECT max(id) FROM trace), x'') AS a, coalesce((SELECT max(id) FROM superseded), x'') AS b)"
        ).fetchone()
        #: Number of traces, superseded ones too.
        self.count: int = counted[0]
        #: The greatest id.
        self.greatest: bytes = counted[1]
        #: Whether a reader keeps a long log from being copied back: the file then takes no newer traces.
        self.held = False
        self.newest_ms: dict[str, int] = dict(self._connection.execute("SELECT name, newest_ms FROM log_domain").fetchall())
        #: What it says of its columnar copy, and how many traces that does not have as they are.
        self.copy = columnar.mark_of(self._connection)
        self.behind: int = self._behind()
        self.rest()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def rest(self) -> None:
        """Give back the memory that writing took."""
        self._connection.execute(f"PRAGMA cache_size=-{_RESTING_KIB}")
        self._connection.execute("PRAGMA shrink_memory")

    def wake(self) -> None:
        """Take the memory that writing needs."""
        self._connection.execute(f"PRAGMA cache_size=-{_WRITING_KIB}")

    def copy_back(self) -> int:
        """Copy the log into the file, as far as readers allow; bytes of the log that could not be."""
        with of_file(self.path):
            _, there, copied = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return int(max(there - copied, 0)) * PAGE_BYTES

    def begin_copy(self) -> CopyMark:
        """Note from now on what changes of that which a new columnar copy will hold."""
        with self._changing():
            begun = columnar.begin(self._connection, self.greatest)
        self.copy = begun
        return begun

    def take_copy(self, begun: CopyMark, token: str) -> None:
        """A new columnar copy stands beside the file."""
        with self._changing():
            columnar.done(self._connection, begun, token)
        self.copy = columnar.mark_of(self._connection)
        with of_file(self.path):
            self.behind = self._behind()

    def _behind(self) -> int:
        """How many traces its columnar copy does not have as they are: all, where there is none."""
        if not columnar.has_copy(self.path, self.copy.token):
            return self.count
        statement = "SELECT (SELECT count(*) FROM trace WHERE id > ?) + (SELECT count(*) FROM changed)"
        return int(self._connection.execute(statement, (self.copy.border,)).fetchone()[0])

    def find(self, terms: Collection[int]) -> list[Trace]:
        """The traces, with events, that may hold one of these keys."""
        with of_file(self.path):
            keys = sorted(ids_by_terms(self._connection, terms))
            return load(self._connection, self._packer, keys)

    def write(self, prepared: Iterable[Prepared]) -> None:
        """Write a batch in one transaction: of each trace the highest version, of equal ones the later."""
        chosen: dict[bytes, Prepared] = {}
        for one in prepared:
            other = chosen.get(one.key)
            if other is None or one.trace.version >= other.trace.version:
                chosen[one.key] = one
        batch = [chosen[key] for key in sorted(chosen)]
        if not batch:
            return
        must_be_there(self.path, self._inode)
        with of_file(self.path):
            added, newest = self._commit(batch)
        self.count += added
        self.greatest = max(self.greatest, batch[-1].key)
        self.newest_ms.update(newest)

    def _commit(self, batch: list[Prepared]) -> tuple[int, dict[str, int]]:
        """Write the batch whole or not at all: the number of new traces, and the newest times."""
        try:
            with self._changing():
                added = self._write(batch)
                newest = self._note_newest(batch)
        except BaseException:
            # Numbers given inside the transaction are void.
            self._servers.clear()
            raise
        return added, newest

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One transaction, whole or not at all."""
        with of_file(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _write(self, batch: list[Prepared]) -> int:
        """Write the rows, and give the number of traces that were not there before."""
        stored = self._stored([one.key for one in batch if one.key <= self.greatest])
        batch = [one for one in batch if one.key not in stored or stored[one.key].trace.version <= one.trace.version]
        changes = Changes()
        writes = _Writes()
        placed = self._blocks.put({one.key: self._packer.member(one.encoded.journey) for one in batch if one.has_journey})
        for one in batch:
            self._take_out(one, stored.get(one.key), changes, writes)
            self._put_in(one, placed.get(one.key), changes, writes)
        writes.run(self._connection)
        if self._details:
            self._connection.executemany("DELETE FROM detail WHERE id = ?", [(one.key,) for one in batch if one.key in stored])
        self._blocks.leave(writes.holes)
        self._blocks.tidy()
        self.behind += self._note_changed(writes)
        changes.write(self._connection)
        return sum(one.key not in stored for one in batch)

    def _note_changed(self, writes: _Writes) -> int:
        """Note which traces the columnar copy, or the one that is being made, does not hold as they are now; how many it does not have."""
        touched = {row[0] for row in (*writes.rows, *writes.lost_rows)}
        changed = sorted(key for key in touched if key <= self.copy.border)
        self._connection.executemany("INSERT OR REPLACE INTO changed VALUES(?, ?)", [(key, self.copy.begun) for key in changed])
        return len(touched)

    def _take_out(self, one: Prepared, stored: _Stored | None, changes: Changes, writes: _Writes) -> None:
        """Undo what the former version of a trace left outside its row."""
        terms = terms_of(one.trace)
        if stored is None:
            writes.terms += [(number, one.key) for number in terms]
            return
        old = stored.trace
        if stored.block is not None:
            writes.holes[stored.block] += 1
        former = terms_of(old)
        writes.lost_terms += [(number, one.key) for number in former - terms]
        writes.terms += [(number, one.key) for number in terms - former]
        if old.superseded_by:
            if not one.trace.superseded_by:
                writes.lost_superseded.append((one.key,))
            return
        changes.count(old, identity.time_ms_in(one.key), -1)
        writes.lost_visible.extend((domain_value(domain), one.key) for domain in old.visible_to)
        if one.trace.superseded_by:
            writes.lost_rows.append((one.key,))

    def _put_in(self, one: Prepared, block: int | None, changes: Changes, writes: _Writes) -> None:
        """Add the trace, whose journey is in a block."""
        trace = one.trace
        head = self._packer.pack_head(one.encoded.head)
        if trace.superseded_by:
            writes.superseded.append((one.key, trace.version, head, block))
            return
        client, relay = client_of(trace), relay_of(trace)
        domains = list(dict.fromkeys(map(domain_value, trace.visible_to)))
        writes.rows.append(
            (
                one.key,
                trace.version,
                *plain_values(trace),
                joined(trace.queue_ids),
                quarantine_value(trace),
                None if client is None else self._server(client),
                None if relay is None else self._server(relay),
                SEPARATOR.join(domains) if domains else None,
                head,
                block,
            )
        )
        writes.visible += [(domain, one.key) for domain in domains]
        changes.count(trace, identity.time_ms_in(one.key), 1)

    def _stored(self, ids: list[bytes]) -> dict[bytes, _Stored]:
        """What is stored of these traces."""
        found: dict[bytes, _Stored] = {}
        for chunk in chunks(ids):
            for table in ("trace", "superseded"):
                statement = f"SELECT id, head, block FROM {table} WHERE id IN ({marks(len(chunk))})"
                for key, head, block in self._connection.execute(statement, chunk):
                    found[key] = _Stored(self._packer.head(head), block)
        return found

    def _server(self, server: Server) -> int:
        """The number of a server in this file."""
        number = self._servers.get(server)
        if number is None:
            if len(self._servers) >= _MOST_SERVERS:
                self._servers.clear()
            ip, name, helo = server
            added = self._connection.execute(
                "INSERT OR IGNORE INTO server(ip, name, helo, ip_key) VALUES(?, ?, ?, ?)", (ip, name, helo, ip_key(ip))
            )
            if added.rowcount and added.lastrowid is not None:
                number = added.lastrowid
            else:
                row = self._connection.execute("SELECT number FROM server WHERE ip = ? AND name = ? AND helo = ?", server).fetchone()
                number = int(row[0])
            self._servers[server] = number
        return number

    def _note_newest(self, batch: list[Prepared]) -> dict[str, int]:
        """Keep the greatest time of an event of each log domain."""
        newest: dict[str, int] = {}
        for one in batch:
            trace = one.trace
            if trace.last_event_ms > newest.get(trace.log_domain, self.newest_ms.get(trace.log_domain, -1)):
                newest[trace.log_domain] = trace.last_event_ms
        self._connection.executemany("INSERT OR REPLACE INTO log_domain VALUES(?, ?)", list(newest.items()))
        return newest


@dataclass(frozen=True, slots=True)
class _Stored:
    """What a file has of a trace: all but its journey, and in which block that is."""

    trace: Trace
    block: int | None


class _Writes:
    """The statements of a batch, gathered by table so that each runs in the order of its key."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.superseded: list[tuple[bytes, int, bytes, int | None]] = []
        self.terms: list[tuple[int, bytes]] = []
        self.visible: list[tuple[str, bytes]] = []
        self.lost_rows: list[tuple[bytes]] = []
        self.lost_superseded: list[tuple[bytes]] = []
        self.lost_terms: list[tuple[int, bytes]] = []
        self.lost_visible: list[tuple[str, bytes]] = []
        #: How many journeys of which blocks are there no more.
        self.holes: Counter[int] = Counter()

    def run(self, connection: sqlite3.Connection) -> None:
        """Take out first, then put in."""
        connection.executemany("DELETE FROM key WHERE hash = ? AND id = ?", self.lost_terms)
        connection.executemany("DELETE FROM visible WHERE domain = ? AND id = ?", self.lost_visible)
        connection.executemany("DELETE FROM trace WHERE id = ?", self.lost_rows)
        connection.executemany("DELETE FROM superseded WHERE id = ?", self.lost_superseded)
        connection.executemany(_INSERT, self.rows)
        connection.executemany("INSERT OR REPLACE INTO superseded VALUES(?, ?, ?, ?)", self.superseded)
        connection.executemany("INSERT OR IGNORE INTO key VALUES(?, ?)", sorted(self.terms))
        connection.executemany("INSERT OR IGNORE INTO visible VALUES(?, ?)", sorted(self.visible))
