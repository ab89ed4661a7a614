"""How one file is asked: which criterion drives, and the statements that follow from it."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mappings import identity
from search.engines.embedded_sql import Atom, Criterion, those

#: A drive of fewer ids than this is rare: its ids may be sorted.
RARE = 3_000
#: A first look; most rare criteria are rarer still.
_VERY_RARE = 64
#: An index of texts has about so many of the bytes of the rows.
_WIDE = 0.25

Row = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Span:
    """Ids from `lower` to before `upper`."""

    lower: bytes
    upper: bytes


class Plan:
    """The statements that answer criteria in one file, for ids in a span."""

    def __init__(self, connection: sqlite3.Connection, criteria: list[Criterion], span: Span) -> None:
        self._connection = connection
        self._span = span
        self._rest, self._rest_params = "", tuple[Any, ...]()
        criteria = list(criteria)
        driving = None if any(not criterion for criterion in criteria) else self._choose(criteria)
        self._nothing = any(not criterion for criterion in criteria)
        rest = [criterion for number, criterion in enumerate(criteria) if number != driving]
        self._atoms: list[Atom | None] = [None] if driving is None else list(criteria[driving])
        # Atoms that differ in their drives only, as those of a scope, are one condition.
        checks = [dict.fromkeys((atom.condition, atom.params) for atom in criterion) for criterion in rest]
        self._rest = " AND ".join(f"({' OR '.join(f'({condition})' for condition, _ in check)})" for check in checks)
        self._rest_params = tuple(param for check in checks for _, params in check for param in params)

    def rows(self, limit: int, *, oldest: bool = False) -> list[Row]:
        """The newest rows that fit, newest first, or the oldest, oldest first, each once: id and head."""
        if self._nothing or limit <= 0:
            return []
        order = "ASC" if oldest else "DESC"
        found: dict[bytes, bytes] = {}
        for atom in self._atoms:
            source, key, where, params = self._statement(atom, rows=True)
            found.update(
                self._connection.execute(
                    f"SELECT t.id, t.head FROM {source} WHERE {where} ORDER BY {key} {order} LIMIT ?", (*params, limit)
                ).fetchall()
            )
        return [(key, found[key]) for key in sorted(found, reverse=not oldest)[:limit]]

    def ranked(self, expression: str, limit: int) -> dict[bytes, float | None]:
        """The rows that fit with the greatest numbers, by an expression over `t`, and of alike ones the newest: id and number."""
        found: dict[bytes, float | None] = {}
        for atom in [] if self._nothing else self._atoms:
            source, key, where, params = self._statement(atom, rows=True)
            statement = f"SELECT {key}, {expression} AS n FROM {source} WHERE {where} ORDER BY n DESC, {key} DESC LIMIT ?"
            found.update(self._connection.execute(statement, (*params, limit)).fetchall())
        return found

    def fates(self, limit: int) -> list[tuple[bytes, str]]:
        """Id and disposition of the newest rows that fit, newest first."""
        if self._nothing or limit <= 0:
            return []
        found: dict[bytes, str] = {}
        for atom in self._atoms:
            source, key, where, params = self._statement(atom, rows=True)
            statement = f"SELECT t.id, t.disposition FROM {source} WHERE {where} ORDER BY {key} DESC LIMIT ?"
            found.update(self._connection.execute(statement, (*params, limit)).fetchall())
        return sorted(found.items(), reverse=True)[:limit]

    def groups(self, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """How many rows fit for each combination of values of these columns of `t`, or expressions: the values, then the number."""
        if self._nothing:
            return []
        listed = ", ".join(columns)
        numbers = ", ".join(str(number + 1) for number in range(len(columns)))
        statements = [self._statement(atom, rows=True) for atom in self._atoms]
        if len(statements) == 1:
            (source, _, where, params), values = statements[0], list[Any]()
            values += params
        else:
            # Alternatives may give an id twice.
            pieces = [f"SELECT {key} AS id FROM {source} WHERE {where}" for source, key, where, _ in statements]
            source, where = f"({' UNION '.join(pieces)}) AS f CROSS JOIN trace AS t ON t.id = f.id", "1"
            values = [param for *_, params in statements for param in params]
        return self._connection.execute(f"SELECT {listed}, count(*) FROM {source} WHERE {where} GROUP BY {numbers}", values).fetchall()

    def bounds(self) -> list[bytes]:
        """The least and the greatest id that fit; nothing where none does."""
        found: list[bytes | None] = []
        for atom in [] if self._nothing else self._atoms:
            source, key, where, params = self._statement(atom, rows=False)
            found += self._connection.execute(f"SELECT min({key}), max({key}) FROM {source} WHERE {where}", params).fetchone()
        return [one for one in found if one is not None]

    def count(self, limit: int) -> int:
        """How many rows fit; counting ends at `limit`."""
        if self._nothing or limit <= 0:
            return 0
        pieces = []
        values: list[Any] = []
        for atom in self._atoms:
            source, key, where, params = self._statement(atom, rows=False)
            pieces.append(f"SELECT id FROM (SELECT {key} AS id FROM {source} WHERE {where} LIMIT ?)")
            values += [*params, limit]
        # Alternatives may give an id twice; each stops at the limit, so the union is bounded too.
        total: int = self._connection.execute(f"SELECT count(*) FROM ({' UNION '.join(pieces)})", values).fetchone()[0]
        return min(total, limit)

    def _statement(self, atom: Atom | None, *, rows: bool) -> tuple[str, str, str, tuple[Any, ...]]:
        """FROM, column of the id, WHERE and parameters of one alternative; `rows` where the row itself is wanted."""
        if atom is None or atom.drive is None:
            where = " AND ".join(filter(None, ("t.id >= ? AND t.id < ?", self._rest)))
            return "trace AS t", "t.id", where, (self._span.lower, self._span.upper, *self._rest_params)
        drive = atom.drive
        own = "" if drive.exact else f"({atom.condition})"
        source = drive.source
        if drive.id != "t.id" and (rows or own or self._rest):
            source = f"{source} CROSS JOIN trace AS t ON t.id = {drive.id}"
        where = " AND ".join(filter(None, (drive.where, f"{drive.id} >= ? AND {drive.id} < ?", own, self._rest)))
        params = (*drive.params, self._span.lower, self._span.upper, *(atom.params if own else ()), *self._rest_params)
        return source, drive.id, where, params

    def _choose(self, criteria: list[Criterion]) -> int | None:
        """The number of the criterion that drives: the rarest that can; None where all rows are walked through.

        Where a whole index was read for one, its ids take the place of the index: it is not read again.
        """
        driven = [number for number, criterion in enumerate(criteria) if all(atom.drive is not None for atom in criterion)]
        scans = [number for number in driven if any(atom.drive is not None and atom.drive.scan for atom in criteria[number])]
        able = [number for number in driven if number not in scans]
        sure = [number for number in able if all(atom.drive is not None and atom.drive.ordered for atom in criteria[number])]
        if len(driven) == 1 and sure:
            return able[0]
        for limit in (_VERY_RARE, RARE):
            sizes = {number: size_of(self._connection, criteria[number], self._span, limit) for number in able}
            rarest = min(sizes, key=sizes.__getitem__, default=None)
            if rarest is not None and sizes[rarest] < limit:
                return rarest
        # Nothing else is rare.
        for number in scans if scans and self._is_wide() else []:
            ids = self._ids(criteria[number])
            if len(ids) < RARE:
                criteria[number] = those(ids)
                return number
        return sure[0] if sure else None

    def _is_wide(self) -> bool:
        """Whether the span is at least a quarter of the file's time: an index is read whole, rows as far as the span goes."""
        first, last = self._connection.execute("SELECT (SELECT min(id) FROM trace), (SELECT max(id) FROM trace)").fetchone()
        if first is None:
            return False
        begin, end, lower, upper = (identity.time_ms_in(key) for key in (first, last, self._span.lower, self._span.upper))
        return min(end, upper) - max(begin, lower) >= (end - begin) * _WIDE

    def _ids(self, criterion: Criterion) -> set[bytes]:
        """Ids that a criterion's drives give, as soon as they are not few."""
        found: set[bytes] = set()
        for atom in criterion:
            if atom.drive is not None and len(found) < RARE:
                source, key, where, params = self._statement(atom, rows=False)
                found.update(
                    row[0] for row in self._connection.execute(f"SELECT {key} FROM {source} WHERE {where} LIMIT ?", (*params, RARE))
                )
        return found


def size_of(connection: sqlite3.Connection, criterion: Criterion, span: Span, limit: int) -> int:
    """Ids of a span that a criterion's drives give, counted up to `limit`."""
    size = 0
    for atom in criterion:
        if size < limit and (drive := atom.drive) is not None:
            counted = f"SELECT 1 FROM {drive.source} WHERE {drive.where} AND {drive.id} >= ? AND {drive.id} < ? LIMIT ?"
            params = (*drive.params, span.lower, span.upper, limit - size)
            size += connection.execute(f"SELECT count(*) FROM ({counted})", params).fetchone()[0]
    return size


def unpacks_all(criteria: Sequence[Criterion]) -> bool:
    """Whether each row of a span is unpacked for these criteria: no index leads to what fits, and the packed part of a row is looked at."""
    led = any(all(atom.drive is not None for atom in criterion) for criterion in criteria)
    return not led and any("t.head" in atom.condition for criterion in criteria for atom in criterion)
