"""Asking the columnar copies of a store's files: all of them in one statement, together with what the rows gave for the rest."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mappings import identity
from mappings.embedded import columnar
from mappings.embedded.columnar import CopyLabel, none_of, whole
from mappings.embedded.columns import SERVERS
from mappings.faults import MailTraceError
from mappings.fields import BY_NAME, Kind
from search.engines import Top, Value
from search.engines.embedded_columnar_sql import TIME, ColumnarStatement, column
from search.engines.embedded_fitting import MOST_FITTING, FittingIds, FittingMemory
from search.engines.embedded_plan import Span
from search.language.tree import Node, Some

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

#: Seconds for which a copy that another one replaced stays open.
_LONGEST_S = 120.0
#: Groups as they are counted: the values, then the number.
Groups = Counter[tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class OpenCopy:
    """A copy that is attached, as one question uses it."""

    path: Path
    database: str
    label: CopyLabel
    #: Ids that are not in it as they are now; the rows have them.
    changed: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnarQuestion:
    """What is asked of copies: what must fit, who asks, from which id to before which, and which traces are counted by what."""

    node: Node
    domains: frozenset[str] | None
    lower: bytes
    upper: bytes
    fields: tuple[str, ...]
    #: Where times are counted by: the first, and how many milliseconds belong together.
    slots: tuple[int, int] | None = None
    #: Of the first field only these values are wanted.
    among: tuple[Value, ...] | None = None


class Copies:
    """The copies of a store's files as DuckDB has them attached; safe for several threads.

    A copy that fails once is not used again as long as it stands there: what it holds is counted from the rows.
    """

    def __init__(self, folder: Path, *, able: bool) -> None:
        self._folder = folder
        self._able = able and columnar.installed()
        self._guard = threading.Lock()
        self._connection: DuckDBPyConnection | None = None
        self._attached: dict[str, OpenCopy] = {}
        self._names = count(1)
        self._fitting = FittingMemory()
        #: How often copies have answered.
        self.asked = 0
        self._failed: set[Path] = set()
        #: Those that others replaced, and when.
        self._former: deque[tuple[float, str]] = deque()

    def of(self, file: str, token: str | None) -> OpenCopy | None:
        """The copy of a file that has this token; None where there is none that can be used."""
        if token is None or not self._able:
            return None
        with self._guard:
            known = self._attached.get(file)
            return known if known is not None and known.label.token == token else self._attach(file, token)

    def grouped(self, copies: Sequence[OpenCopy], asked: ColumnarQuestion) -> Groups:
        """How many traces of these copies fit for each combination of values; with slots the number of the slot goes before them."""
        statement, params = _groups(copies, asked)
        return Counter({tuple(values): number for *values, number in self._asked(copies, statement, params)})

    def top(self, copies: Sequence[OpenCopy], asked: ColumnarQuestion, rows: Groups, limit: int) -> Top:
        """The values of one field that most traces have, in these copies and among what the rows gave."""
        statement, params = _groups(copies, asked)
        kind = _type(asked.fields[0])
        told, more = "", []
        if rows:
            told = f" UNION ALL SELECT unnest(?::{kind}[]), unnest(?::BIGINT[])"
            more = [[value for (value,) in rows], list(rows.values())]
        asking = (
            f"WITH g AS MATERIALIZED (SELECT v0, sum(n)::BIGINT AS n FROM ({statement}{told}) GROUP BY v0),"
            " known AS (SELECT v0, n FROM g WHERE v0 IS NOT NULL),"
            " listed AS (SELECT v0, n FROM known ORDER BY n DESC, v0::VARCHAR LIMIT ?)"
            " SELECT v0, n, (SELECT count(*) FROM known), (SELECT coalesce(sum(n), 0)::BIGINT FROM known),"
            " (SELECT coalesce(sum(n), 0)::BIGINT FROM g WHERE v0 IS NULL)"
            " FROM (SELECT 1) LEFT JOIN listed ON true ORDER BY n DESC, v0::VARCHAR"
        )
        found = self._asked(copies, asking, [*params, *more, limit])
        _, _, kinds, together, missing = found[0]
        values = [(value, number) for value, number, *_ in found if number is not None]
        return Top(values, kinds, together - sum(number for _, number in values), missing)

    def counted(self, copies: Sequence[OpenCopy], asked: ColumnarQuestion) -> int:
        """How many traces of these copies fit."""
        statement, params = _groups(copies, asked)
        return int(self._asked(copies, f"SELECT coalesce(sum(n), 0)::BIGINT FROM ({statement})", params)[0][0])

    def ranked(self, copies: Sequence[OpenCopy], asked: ColumnarQuestion, limit: int) -> list[tuple[float | None, str]]:
        """The traces of these copies that fit with the greatest numbers in the field: number and id."""
        params: list[Any] = []
        parts = []
        for copy in copies:
            where = " AND ".join(_conditions(copy, asked, ColumnarStatement(copy.database, params)))
            parts.append(f"SELECT {column(asked.fields[0])} AS n, t.hi, t.lo FROM {copy.database}.trace AS t WHERE {where}")
        statement = f"{' UNION ALL '.join(parts)} ORDER BY n DESC NULLS LAST, hi DESC, lo DESC LIMIT ?"
        found = self._asked(copies, statement, [*params, limit])
        return [(number, identity.from_bytes(whole(upper, lower))) for number, upper, lower in found]

    def first(self, copies: Sequence[OpenCopy], asked: ColumnarQuestion, limit: int, *, oldest: bool) -> list[str]:
        """The ids of the newest, or the oldest, traces of these copies that fit."""
        params: list[Any] = []
        parts = []
        for copy in copies:
            where = " AND ".join(_conditions(copy, asked, ColumnarStatement(copy.database, params)))
            parts.append(f"SELECT t.hi, t.lo FROM {copy.database}.trace AS t WHERE {where}")
        order = "ASC" if oldest else "DESC"
        found = self._asked(copies, f"{' UNION ALL '.join(parts)} ORDER BY hi {order}, lo {order} LIMIT ?", [*params, limit])
        return [identity.from_bytes(whole(upper, lower)) for upper, lower in found]

    def fitting(self, copy: OpenCopy, asked: ColumnarQuestion) -> FittingIds | None:
        """The traces of a copy that fit, as far as they are in it as they are; None where they are too many to be kept.

        A copy never changes, so that is remembered.
        """

        def find(span: Span) -> FittingIds | None:
            params: list[Any] = []
            parts = []
            # One alternative at a time is a filter that the copy's own bounds answer for most of it; all in one condition are not.
            for node in asked.node.nodes if isinstance(asked.node, Some) else (asked.node,):
                wanted = replace(asked, node=node, lower=span.lower, upper=span.upper)
                where = " AND ".join(_conditions(replace(copy, changed=()), wanted, ColumnarStatement(copy.database, params)))
                parts.append(f"SELECT t.hi, t.lo, t.disposition FROM {copy.database}.trace AS t WHERE {where}")
            statement = f"SELECT * FROM ({' UNION '.join(parts) or 'SELECT 1 WHERE false'}) LIMIT {MOST_FITTING + 1}"
            found = self._asked([copy], statement, params)
            return None if len(found) > MOST_FITTING else FittingIds.of((whole(upper, lower), word) for upper, lower, word in found)

        known = self._fitting.of((copy.path, asked.node, asked.domains), Span(asked.lower, asked.upper), find)
        return None if known is None else known.without(frozenset(copy.changed))

    def close(self) -> None:
        """Let go of everything."""
        with self._guard:
            self._close()

    def _asked(self, copies: Sequence[OpenCopy], statement: str, params: list[Any]) -> list[tuple[Any, ...]]:
        """The rows of an answer; raises `CopyFailed` where there is none, and leaves out the copy that failed from then on."""
        import duckdb  # noqa: PLC0415 - it is an extra, and takes a while to load

        try:
            with self._guard:
                connection = self._open().cursor()
            found: list[tuple[Any, ...]] = connection.execute(statement, params).fetchall()
        except duckdb.OutOfMemoryException as error:
            raise CopyFailed(str(error)) from error
        except duckdb.Error as error:
            with self._guard:
                # On a DuckDB of its own: an error may have left ours unusable.
                self._failed.update(copy.path for copy in copies if columnar.fault_of(copy.path) is not None)
                self._close()
            raise CopyFailed(str(error)) from error
        self.asked += 1
        return found

    def _open(self) -> DuckDBPyConnection:
        """DuckDB."""
        if self._connection is None:
            self._connection = columnar.connect(folder=self._folder)
        return self._connection

    def _attach(self, file: str, token: str) -> OpenCopy | None:
        """A copy as it stands there; None where it cannot be used."""
        import duckdb  # noqa: PLC0415 - it is an extra, and takes a while to load

        path = columnar.beside(self._folder / file, token)
        if path in self._failed or not columnar.has_copy(self._folder / file, token):
            return None
        database = f"copy_{next(self._names)}"
        try:
            connection = self._open()
            self._let_go(connection, self._attached.pop(file, None))
            connection.execute(f"ATTACH {columnar.quoted(str(path.absolute()))} AS {database} (READ_ONLY)")
            label = columnar.label_of(connection, database)
        except duckdb.Error:
            label = None
        if label is None or label.token != token:
            self._failed.add(path)
            return None
        self._attached[file] = OpenCopy(path, database, label)
        return self._attached[file]

    def _let_go(self, connection: DuckDBPyConnection, former: OpenCopy | None) -> None:
        """Let go of a copy that another one replaced, when whoever still asks it must have his answer."""
        now = time.monotonic()
        if former is not None:
            self._former.append((now, former.database))
        while self._former and self._former[0][0] < now - _LONGEST_S:
            connection.execute(f"DETACH {self._former.popleft()[1]}")

    def _close(self) -> None:
        """Let go of DuckDB."""
        self._attached.clear()
        self._former.clear()
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class CopyFailed(MailTraceError):  # noqa: N818 - it says what happened
    """A copy did not answer, or there was not enough memory for the answer: the rows are asked."""


def lacking(copy: OpenCopy, changed: Sequence[bytes]) -> OpenCopy:
    """The copy without these ids."""
    return replace(copy, changed=tuple(changed))


def _groups(copies: Sequence[OpenCopy], asked: ColumnarQuestion) -> tuple[str, list[Any]]:
    """The groups of all copies in one statement, and its values."""
    params: list[Any] = []
    parts = []
    for copy in copies:
        statement = ColumnarStatement(copy.database, params)
        parts.append(_of_one(copy, asked, statement))
    inner = " UNION ALL ".join(parts)
    if not asked.fields and asked.slots is None:
        return f"SELECT sum(n)::BIGINT AS n FROM ({inner})", params
    names = ", ".join(_names(asked))
    return f"SELECT {names}, sum(n)::BIGINT AS n FROM ({inner}) GROUP BY {names}", params


def _names(asked: ColumnarQuestion) -> list[str]:
    """The names of the columns that are grouped by."""
    return [*(["slot"] if asked.slots is not None else []), *(f"v{number}" for number in range(len(asked.fields)))]


def _of_one(copy: OpenCopy, asked: ColumnarQuestion, statement: ColumnarStatement) -> str:
    """What one copy gives: values, and how often."""
    names = _names(asked)
    columns = []
    if asked.slots is not None:
        first, step = asked.slots
        columns.append(f"(({TIME} - {first}) // {step}) AS slot")
    columns += [f"{_grouped(name)} AS v{number}" for number, name in enumerate(asked.fields)]
    where = " AND ".join(_conditions(copy, asked, statement))
    if not names:
        return f"SELECT count(*) AS n FROM {copy.database}.trace AS t WHERE {where}"
    # All is grouped once, at the end; only what must be looked up for each value is grouped before.
    found = f"SELECT {', '.join(columns)}, 1::BIGINT AS n FROM {copy.database}.trace AS t WHERE {where}"
    if any(name in SERVERS for name in asked.fields):
        found = f"SELECT {', '.join(names)}, sum(n)::BIGINT AS n FROM ({found}) GROUP BY {', '.join(names)}"
    for number, name in enumerate(asked.fields):
        if BY_NAME[name].many:
            # One at a time: two in one SELECT would go side by side.
            found = f"SELECT * REPLACE (unnest(ifnull(v{number}, [NULL])) AS v{number}) FROM ({found})"
        elif name in SERVERS:
            found = (
                f"SELECT f.* REPLACE (s.value AS v{number}) FROM ({found}) AS f LEFT JOIN"
                f" (SELECT number, {_server(name)} AS value FROM {copy.database}.server) AS s ON s.number = f.v{number}"
            )
    if asked.among is not None:
        first_field = asked.fields[0]
        known = [value for value in asked.among if value is not None]
        wanted = f"v0 IN (SELECT unnest({statement.bind(known)}::{_type(first_field)}[]))"
        found = f"SELECT * FROM ({found}) WHERE {wanted}{' OR v0 IS NULL' if None in asked.among else ''}"
    return found


def _conditions(copy: OpenCopy, asked: ColumnarQuestion, statement: ColumnarStatement) -> Iterator[str]:
    """What a trace of a copy must meet."""
    yield statement.within(asked.lower, asked.upper)
    yield statement.condition(asked.node)
    if asked.domains is not None:
        yield statement.seen_by(asked.domains)
    if copy.changed:
        condition, params = none_of(copy.changed)
        statement.params += params
        yield condition


def _grouped(name: str) -> str:
    """What rows are grouped by for a field."""
    return f"t.{SERVERS[name][0]}" if name in SERVERS else column(name)


def _server(name: str) -> str:
    """The value of a field in the table of servers; what is no address is none that could be counted as one."""
    value = f"nullif({SERVERS[name][1]}, '')"
    return f"CASE WHEN ip_key IS NOT NULL THEN {value} END" if BY_NAME[name].kind is Kind.IP else value


def _type(name: str) -> str:
    """The type of a field's values as they are counted."""
    return "VARCHAR" if name in SERVERS or BY_NAME[name].many else columnar.COLUMNS[name]
