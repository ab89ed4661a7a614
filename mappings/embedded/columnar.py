"""The columnar copy of a file: what can be asked and counted, column by column, in a DuckDB file that stands beside it.

It is only ever a copy: without it, or without DuckDB, the same is counted from the rows. Which traces it does not hold the file itself
says: those with an id above the copy's border, and those in the table `changed`, into which the writer puts every id up to the border
that it writes to since the copy was begun. A copy and its file know each other by a token.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from importlib.util import find_spec
from operator import attrgetter
from pathlib import Path
from struct import Struct
from typing import TYPE_CHECKING, Any, Final

from mappings.criteria import BY_WORD
from mappings.embedded.columns import PLAIN, SERVERS, domain_value
from mappings.embedded.functions import SEPARATOR
from mappings.embedded.packing import Packer
from mappings.fields import BY_NAME, FIELDS, Kind
from mappings.patterns import fold_name, searchable, words_of
from mappings.trace import Trace

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: What is added to a file's name, before the copy's token; and behind that while the copy is made.
SUFFIX: Final = "-columns-"
_NEW: Final = ".new"
#: Memory that DuckDB may take in a process, and how many threads of its own: none, whoever asks works himself.
MEMORY_MB: Final = 512
_ALONE = (
    "threads = 1",
    f"memory_limit = '{MEMORY_MB}MB'",
    # What does not fit into memory is counted from the rows; nothing is written to any other place.
    "temp_directory = ''",
    "autoinstall_known_extensions = false",
    "autoload_known_extensions = false",
    "allow_community_extensions = false",
    "allow_persistent_secrets = false",
    "python_enable_replacements = false",
)

#: The fields that can be asked, but for those of servers, the id and its time, which have columns of their own.
_ASKED = {name for criterion in BY_WORD.values() for name in criterion.over} - {*SERVERS, "id", "time_ms"}
#: Those that the rows have as columns, folded, and those that are in the packed head.
_ROW = (*PLAIN, "queue_ids")
HEAD: Final = tuple(field.name for field in FIELDS if field.name in _ASKED and field.name not in _ROW)
#: Where in it times are: a copy has their distance from first sight, which is short.
_TIMES = tuple(number for number, name in enumerate(HEAD) if BY_NAME[name].kind is Kind.TIME)
_TYPES = {Kind.TIME: "BIGINT", Kind.INTEGER: "HUGEINT", Kind.FLOAT: "DOUBLE", Kind.FLAG: "BOOLEAN"}
#: The columns of a copy and their types. `hi` and `lo` are the id's two halves; `client`, `relay` and `visible` are numbers in the tables
#: `server` and `sight`; the words of a text stand each between blanks.
COLUMNS: Final[dict[str, str]] = {
    "hi": "UBIGINT",
    "lo": "UBIGINT",
    "client": "INTEGER",
    "relay": "INTEGER",
    "visible": "INTEGER",
    "quarantine": "VARCHAR[]",
    # SQLite keeps no larger number in a column.
    **{name: "BIGINT" if BY_NAME[name].kind is Kind.INTEGER else "VARCHAR" for name in PLAIN},
    **{name: "VARCHAR[]" if BY_NAME[name].many else _TYPES.get(BY_NAME[name].kind, "VARCHAR") for name in ("queue_ids", *HEAD)},
}
#: A copy with other columns was made by another release, and is made anew. This is raised when a column comes to hold something else.
_REVISION: Final = 1
_TABLE = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
_LAYOUT = f"{_REVISION}: {_TABLE}"
#: What the tokens of all copies of this layout begin with.
_TAG = blake2b(_LAYOUT.encode(), digest_size=4).hexdigest()
halves, whole = Struct(">QQ").unpack, Struct(">QQ").pack


def installed() -> bool:
    """Whether DuckDB is there; it is an extra."""
    return find_spec("duckdb") is not None


def new_token() -> str:
    """The token of a copy that is to be made."""
    return f"{_TAG}{secrets.token_hex(8)}"


def has_copy(path: Path, token: str | None) -> bool:
    """Whether a copy with this token stands beside a file, and has the columns of this release."""
    return token is not None and token.startswith(_TAG) and beside(path, token).exists()


def beside(path: Path, token: str) -> Path:
    """Where the copy of a file stands that has this token."""
    return path.with_name(f"{path.name}{SUFFIX}{token}")


def being_made(path: Path, token: str) -> Path:
    """Where it stands while it is made."""
    return path.with_name(f"{path.name}{SUFFIX}{token}{_NEW}")


def all_beside(path: Path) -> list[Path]:
    """The copies of a file: one at most that can be used, and what others have left."""
    return list(path.parent.glob(f"{path.name}{SUFFIX}*"))


def clear(path: Path, *, but: str | None = None) -> None:
    """Delete the copies of a file, but for the one with this token."""
    for copy in all_beside(path):
        if but is None or copy != beside(path, but):
            copy.unlink(missing_ok=True)


def connect(path: Path | None = None, *, folder: Path | None = None) -> DuckDBPyConnection:
    """DuckDB on a file, or on none, with nothing but what it needs: no network, no extensions, no files but those of the folder."""
    import duckdb  # noqa: PLC0415 - it is an extra, and takes a while to load

    connection = duckdb.connect(":memory:" if path is None else str(path))
    try:
        for setting in _ALONE:
            connection.execute(f"SET {setting}")
        if folder is not None:
            connection.execute(f"SET allowed_directories = [{quoted(str(folder.absolute()))}]")
            connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
    except BaseException:
        connection.close()
        raise
    return connection


def quoted(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


# What a file knows of its copy ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CopyMark:
    """What a file says of its copy: the last one begun, up to which id, and the token of the one that stands beside it."""

    begun: int = 0
    border: bytes = b""
    token: str | None = None


def mark_of(connection: sqlite3.Connection) -> CopyMark:
    """What a file says; nothing where no release that makes copies has written to it."""
    found = dict(connection.execute("SELECT name, value FROM meta WHERE name IN ('copy begun', 'copy border', 'copy token')"))
    return CopyMark(found.get("copy begun", 0), found.get("copy border", b""), found.get("copy token"))


def begin(connection: sqlite3.Connection, border: bytes) -> CopyMark:
    """From now on all changes up to this id are noted for a new copy; inside a transaction of the writer."""
    mark = mark_of(connection)
    begun = CopyMark(mark.begun + 1, max(border, mark.border), mark.token)
    _put(connection, begun)
    return begun


def done(connection: sqlite3.Connection, begun: CopyMark, token: str) -> None:
    """The new copy stands beside the file: what changed before it was begun is in it; inside a transaction of the writer."""
    _put(connection, CopyMark(begun.begun, begun.border, token))
    connection.execute("DELETE FROM changed WHERE begun < ?", (begun.begun,))


def _put(connection: sqlite3.Connection, mark: CopyMark) -> None:
    """Keep what a file says of its copy."""
    rows = [("copy begun", mark.begun), ("copy border", mark.border), ("copy token", mark.token)]
    connection.executemany("INSERT OR REPLACE INTO meta VALUES(?, ?)", rows)


# What is in a copy ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CopyLabel:
    """What a copy says of itself."""

    token: str
    border: bytes


def label_of(connection: DuckDBPyConnection, database: str) -> CopyLabel | None:
    """What an attached copy says; None where its columns are others."""
    row = connection.execute(f"SELECT token, border, layout FROM {database}.label").fetchone()
    return None if row is None or row[2] != _LAYOUT else CopyLabel(row[0], row[1])


def fault_of(path: Path) -> str | None:
    """What is wrong with a copy, to go on from its name: all of it is read. None where it is sound."""
    import duckdb  # noqa: PLC0415 - it is an extra, and takes a while to load

    try:
        with closing(connect(folder=path.parent)) as connection:
            connection.execute(f"ATTACH {quoted(str(path.absolute()))} AS looked (READ_ONLY)")
            if label_of(connection, "looked") is None:
                return "was made by another release"
            for name in COLUMNS:
                connection.execute(f"SELECT max({name}) FROM looked.trace").fetchone()
            connection.execute("SELECT max(ip), max(name), max(helo), max(ip_key) FROM looked.server").fetchone()
            connection.execute("SELECT max(number), max(domain) FROM looked.sight").fetchone()
    except duckdb.Error as error:
        return f"is damaged ({' '.join(str(error).split())[:200]})"
    return None


def none_of(keys: Iterable[bytes]) -> tuple[str, list[list[int]]]:
    """What is true for the traces `t` of a copy whose id is none of these, and the values for its question marks."""
    split = [halves(key) for key in keys]
    condition = "(t.hi, t.lo) NOT IN (SELECT (unnest(?::UBIGINT[]), unnest(?::UBIGINT[])))"
    return condition, [[upper for upper, _ in split], [lower for _, lower in split]]


def write(target: Path, file: sqlite3.Connection, label: CopyLabel, former: Path | None = None) -> int:
    """Write a copy of what a file holds now, up to the label's border; how many traces that is.

    What is in the file's `former` copy as it still is comes out of that, which is far less work than to unpack each row; where it fails,
    all comes from the rows. Raises what DuckDB and the store raise.
    """
    import duckdb  # noqa: PLC0415 - it is an extra, and takes a while to load

    try:
        with closing(connect(target)) as copy:
            return _fill(copy, file, label, former)
    except duckdb.Error:
        if former is None:
            raise
    for left in (target, target.with_name(f"{target.name}.wal")):
        left.unlink(missing_ok=True)
    return write(target, file, label)


def _fill(copy: DuckDBPyConnection, file: sqlite3.Connection, label: CopyLabel, former: Path | None) -> int:
    """The same into a database that is empty."""
    copy.execute(f"CREATE TABLE trace({_TABLE})")
    copy.execute("CREATE TABLE server(number INTEGER, ip VARCHAR, name VARCHAR, helo VARCHAR, ip_key BLOB)")
    copy.execute("CREATE TABLE sight(number INTEGER, domain VARCHAR)")
    copy.execute("CREATE TABLE label(token VARCHAR, border BLOB, layout VARCHAR)")
    rows = _Rows(file)
    border = b"" if former is None else rows.take_over(copy, former)
    with copy.appender("trace") as trace:
        trace.append_rows(rows.changed(border))
        trace.append_rows(rows.between(border, label.border))
    with copy.appender("server") as server:
        server.append_rows(file.execute("SELECT number, ip, name, helo, ip_key FROM server").fetchall())
    with copy.appender("sight") as sight:
        sight.append_rows((number, domain) for domains, number in rows.sights.items() for domain in domains.split(SEPARATOR))
    copy.execute("INSERT INTO label VALUES(?, ?, ?)", (label.token, label.border, _LAYOUT))
    copy.execute("CHECKPOINT")
    [(count,)] = copy.execute("SELECT count(*) FROM trace").fetchall()
    return int(count)


class _Rows:
    """The rows of a file as a copy has them."""

    def __init__(self, file: sqlite3.Connection) -> None:
        self._file = file
        self._packer = Packer(file)
        #: The numbers of the sets of domains that may see a trace.
        self.sights: dict[str, int] = {}

    def take_over(self, copy: DuckDBPyConnection, former: Path) -> bytes:
        """Put in what a former copy holds as it still is, and give its border; nothing, and no border, where its columns are others."""
        copy.execute(f"ATTACH {quoted(str(former.absolute()))} AS former (READ_ONLY)")
        label = label_of(copy, "former")
        if label is not None:
            stale = [key for (key,) in self._file.execute("SELECT id FROM changed WHERE id <= ?", (label.border,))]
            condition, params = none_of(stale)
            copy.execute(f"INSERT INTO trace SELECT * FROM former.trace AS t WHERE {condition}", params)
            seen = copy.execute("SELECT number, list(domain ORDER BY rowid) FROM former.sight GROUP BY number").fetchall()
            self.sights = {SEPARATOR.join(domains): number for number, domains in seen}
        copy.execute("DETACH former")
        return b"" if label is None else label.border

    def changed(self, border: bytes) -> Iterator[tuple[Any, ...]]:
        """Each row up to this id that has changed since the former copy."""
        return self._where("id IN (SELECT id FROM changed WHERE id <= ?)", (border,))

    def between(self, above: bytes, border: bytes) -> Iterator[tuple[Any, ...]]:
        """Each row above one id, up to another."""
        return self._where("id > ? AND id <= ?", (above, border))

    def _where(self, condition: str, params: tuple[bytes, ...]) -> Iterator[tuple[Any, ...]]:
        """Each row that meets a condition, in the order of ids."""
        statement = f"SELECT id, head, client, relay, visible, quarantine, {', '.join(_ROW)} FROM trace WHERE {condition} ORDER BY id"
        head, sights, folds = self._packer.row, self.sights, tuple(map(_fold_of, HEAD))
        with closing(self._file.execute(statement, params)) as rows:
            for key, packed, client, relay, visible, quarantine, *columns, queue_ids in rows:
                upper, lower = halves(key)
                told = _values_of(row := head(packed), type(row))
                values = [one if one is None or fold is None else fold(one) for fold, one in zip(folds, told, strict=True)]
                for number in _TIMES:
                    if values[number] is not None:
                        values[number] -= upper >> 16
                sight = None if visible is None else sights.setdefault(visible, len(sights))
                yield upper, lower, client, relay, sight, _split(quarantine), *columns, _split(queue_ids), *values


def _values_of(row: Any, kind: type) -> Sequence[Any]:
    """The values of the fields that only the head has."""
    return _getter(kind)(row)


@lru_cache(maxsize=64)
def _getter(kind: type) -> Callable[[Any], Sequence[Any]]:
    """What takes the fields out of a head of this layout; one that an older layout has not is as a trace has it by default."""
    if all(hasattr(kind, name) for name in HEAD):
        return attrgetter(*HEAD)
    plain = Trace(id="", version=0, log_domain="", time_ms=0, last_event_ms=0)
    return lambda row: [getattr(row, name, getattr(plain, name)) for name in HEAD]


def _split(joined: str | None) -> list[str] | None:
    """Several values that are joined in one text, each once."""
    return None if joined is None else list(dict.fromkeys(joined.split(SEPARATOR)))


def _fold_of(name: str) -> Callable[[Any], Any] | None:
    """How a value of the head is brought into its column: as it is compared and counted."""
    field = BY_NAME[name]
    if field.many:
        each = _FOLDS[field.kind]
        return lambda values: list(dict.fromkeys(map(each, values))) or None
    if name == "host":
        return lambda value: _folded(value) or None
    return _FOLDS.get(field.kind)


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    """A name without its case."""
    return searchable(fold_name(text))


def _words(text: str) -> str:
    """The words of a text, each between blanks."""
    return f" {' '.join(words_of(text))} "


_FOLDS: dict[Kind, Callable[[str], str]] = {
    Kind.DOMAIN: domain_value,
    Kind.FOLDED: _folded,
    Kind.KEYWORD: searchable,
    Kind.TEXT: _words,
    Kind.WORD: str.__str__,
}
