"""A `Query` as conditions in SQL, and the indexes that can answer them.

A query is a conjunction of criteria, each a disjunction of atoms. An atom always has a condition on a row of `trace`; most also
have a drive, an index (or the table of keys or domains) that gives the fitting ids newest first.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mappings import keys
from mappings.embedded.functions import SEPARATOR
from mappings.embedded.terms import queue_term, term
from mappings.patterns import (
    Asked,
    AskedCode,
    AskedServer,
    Form,
    asked_address,
    asked_code,
    asked_domain,
    asked_exact,
    asked_message_id,
    asked_quarantine,
    asked_server,
)
from search.engines.criteria import compiles_all
from search.query import TIMES, Query

_SENDERS = ("sender", "header_from")
_RECIPIENTS = ("recipient", "original_recipient")
#: What a partial index asks for, word by word as its definition has it.
_PARTIAL = {
    "header_from": "t.header_from IS NOT NULL AND t.header_from IS NOT t.sender",
    "header_from_domain": "t.header_from_domain IS NOT NULL AND t.header_from_domain IS NOT t.sender_domain",
    "original_recipient": "t.original_recipient IS NOT NULL",
    "original_recipient_domain": "t.original_recipient_domain IS NOT NULL AND t.original_recipient_domain IS NOT t.recipient_domain",
    "disposition": "t.disposition <> 'delivered'",
    "verdict": "t.verdict NOT IN ('clean', 'not_scanned')",
    "reason": "t.reason IS NOT NULL",
    "reply_code": "t.reply_code >= 300",
    "enhanced_code": "t.enhanced_code >= '3'",
    "client": "t.client IS NOT NULL",
    "relay": "t.relay IS NOT NULL",
    "quarantine": "t.quarantine IS NOT NULL",
}
#: Words that no index holds, because most traces have them.
_COMMON = frozenset({("disposition", "delivered"), ("verdict", "clean"), ("verdict", "not_scanned")})
#: More alternatives than this are asked in one statement, and sorted.
MOST_BRANCHES = 16


@dataclass(frozen=True, slots=True)
class Drive:
    """Where the ids of an atom come from, and under which condition."""

    source: str
    #: The column with the id.
    id: str
    where: str
    params: tuple[Any, ...]
    #: True where the ids come in their order; else they must be few, for they are sorted.
    ordered: bool = True
    #: False where the condition must be checked on the row too.
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Atom:
    """One alternative of a criterion."""

    condition: str
    params: tuple[Any, ...]
    drive: Drive | None = None


Criterion = list[Atom]


def criteria(query: Query, connection: sqlite3.Connection) -> list[Criterion]:
    """The criteria of a query for one file (whose numbers of servers they name); one without atoms fits nothing."""
    compiles_all("The embedded store", (*_ATOMS, *_SERVERS, *TIMES), type(query))
    asked = ((atoms, getattr(query, field)) for field, atoms in _ATOMS.items())
    found = [[atom for value in values for atom in atoms(value)] for atoms, values in asked if values]
    servers = ((field, names, getattr(query, field)) for field, names in _SERVERS.items())
    return found + [_server(connection, field, names, values) for field, names, values in servers if values]


def scope_criterion(handle: int, domains: Iterable[str]) -> Criterion:
    """The criterion of a scope; `handle` is its number for the function `in_scope`."""
    condition, params = "in_scope(?, t.visible)", (handle,)
    ordered = sorted(domains)
    if len(ordered) <= MOST_BRANCHES:
        return [Atom(condition, params, Drive("visible AS v", "v.id", "v.domain = ?", (domain,))) for domain in ordered]
    source = "(SELECT DISTINCT id FROM visible WHERE domain IN (SELECT value FROM json_each(?))) AS v"
    return [Atom(condition, params, Drive(source, "v.id", "1", (json.dumps(ordered),), ordered=False))]


def glob(pattern: str) -> str:
    """A pattern as SQLite's GLOB takes it, where `[` begins a class."""
    return pattern.replace("[", "[[]")


def _equal(column: str, value: str | int) -> Atom:
    """The column has this value."""
    partial = _PARTIAL.get(column)
    where = f"t.{column} = ?" + (f" AND {partial}" if partial else "")
    return Atom(f"t.{column} = ?", (value,), Drive(f"trace AS t INDEXED BY by_{column}", "t.id", where, (value,)))


def _between(column: str, lower: str | int, upper: str | int | None) -> Drive | None:
    """Ids of the rows from `lower` to before `upper`, unsorted."""
    if upper is None:
        return None
    partial = _PARTIAL.get(column)
    where = f"t.{column} >= ? AND t.{column} < ?" + (f" AND {partial}" if partial else "")
    return Drive(f"trace AS t INDEXED BY by_{column}", "t.id", where, (lower, upper), ordered=False)


def _behind(prefix: str) -> str | None:
    """The least text behind all that begin with this prefix; None where it cannot be said."""
    if not prefix:
        return None
    following = ord(prefix[-1]) + 1
    return None if following > 0x10FFFF or 0xD800 <= following <= 0xDFFF else prefix[:-1] + chr(following)


def _text(column: str, asked: Asked) -> Criterion:
    """A folded text column and a value."""
    if asked.form is Form.LOCAL:
        prefix = f"{asked.value}@"
        upper = _behind(prefix)
        return [_equal(column, asked.value), Atom(f"t.{column} >= ? AND t.{column} < ?", (prefix, upper), _between(column, prefix, upper))]
    if asked.form is not Form.PATTERN:
        return [_equal(column, asked.value)]
    prefix = asked.prefix()
    drive = _between(column, prefix, _behind(prefix))
    if drive is not None:
        drive = Drive(drive.source, drive.id, drive.where, drive.params, ordered=False, exact=False)
    return [Atom(f"t.{column} GLOB ?", (glob(asked.value),), drive)]


def _address(value: str, columns: tuple[str, ...]) -> Criterion:
    """An address, a domain, a local part or a pattern in one of these columns."""
    asked = asked_address(value)
    if asked.form is Form.DOMAIN:
        return [_equal(f"{column}_domain", asked.value) for column in columns]
    return [atom for column in columns for atom in _text(column, asked)]


def _domain(value: str) -> Criterion:
    """A domain on either side."""
    asked = asked_domain(value)
    return [atom for column in (*_SENDERS, *_RECIPIENTS) for atom in _text(f"{column}_domain", asked)]


def _by_term(number: int) -> Drive:
    """Rows that may hold a key."""
    return Drive("key AS k", "k.id", "k.hash = ?", (number,), exact=False)


def _one_of(column: str) -> str:
    """Condition that a column of several values holds this one."""
    return f"t.{column} IS NOT NULL AND instr(char(10) || t.{column} || char(10), ?) > 0"


def _quarantine(value: str) -> Criterion:
    """A quarantine id, in each form that people copy."""
    atoms = []
    for asked in asked_quarantine(value):
        if asked.form is Form.PATTERN:
            condition = "t.quarantine IS NOT NULL AND fits_any(?, t.quarantine)"
            drive = Drive("trace AS t INDEXED BY by_quarantine", "t.id", condition, (asked.value,), ordered=False)
            atoms.append(Atom(condition, (asked.value,), drive))
        else:
            number = term(keys.quarantine(asked.value))
            atoms.append(Atom(_one_of("quarantine"), (f"{SEPARATOR}{asked.value}{SEPARATOR}",), _by_term(number)))
    return atoms


def _message_id(value: str) -> Criterion:
    """A Message-ID."""
    asked = asked_message_id(value)
    if asked.form is Form.PATTERN:
        return [Atom("t.message_id GLOB ?", (glob(asked.value),))]
    return [Atom("t.message_id = ?", (asked.value,), _by_term(term(keys.message_id(asked.value))))]


def _queue_id(value: str) -> Criterion:
    """A queue id of any hop."""
    asked = asked_exact(value)
    if asked.form is Form.PATTERN:
        # GLOB sorts out most rows before the dearer function is asked.
        return [Atom("(t.queue_ids GLOB ? AND fits_any(?, t.queue_ids))", (f"*{glob(asked.value)}*", asked.value))]
    return [Atom(_one_of("queue_ids"), (f"{SEPARATOR}{asked.value}{SEPARATOR}",), _by_term(queue_term(asked.value)))]


def _code(value: str) -> Criterion:
    """A basic or enhanced code, or a class of them."""
    asked = asked_code(value) or AskedCode()
    atoms = []
    if asked.lowest == asked.highest:
        atoms.append(_equal("reply_code", asked.lowest))
    elif asked.lowest < asked.highest:
        drive = _between("reply_code", asked.lowest, asked.highest + 1)
        atoms.append(Atom("t.reply_code BETWEEN ? AND ?", (asked.lowest, asked.highest), drive))
    if asked.enhanced is not None and asked.whole:
        upper = _behind(asked.enhanced)
        drive = _between("enhanced_code", asked.enhanced, upper)
        atoms.append(Atom("t.enhanced_code >= ? AND t.enhanced_code < ?", (asked.enhanced, upper), drive))
    elif asked.enhanced is not None:
        atoms.append(_equal("enhanced_code", asked.enhanced))
    # The indexes hold refusals only.
    refusals = asked.lowest >= 300 or (asked.enhanced or "") >= "3"
    return atoms if refusals else [Atom(atom.condition, atom.params) for atom in atoms]


def _word(field: str) -> Callable[[str], Criterion]:
    """A word of a closed list."""

    def atoms(value: str) -> Criterion:
        atom = _equal(field, value)
        return [Atom(atom.condition, atom.params)] if field == "direction" or (field, value) in _COMMON else [atom]

    return atoms


def _server(connection: sqlite3.Connection, column: str, names: tuple[str, ...], values: tuple[str, ...]) -> Criterion:
    """A sending server or next hop, by the numbers that this file gives to the servers that fit."""
    numbers: set[int] = set()
    for value in values:
        condition, params = _server_condition(asked_server(value), names)
        numbers.update(row[0] for row in connection.execute(f"SELECT number FROM server WHERE {condition}", params))
    if len(numbers) <= MOST_BRANCHES:
        return [_equal(column, number) for number in sorted(numbers)]
    listed = json.dumps(sorted(numbers))
    condition = f"t.{column} IN (SELECT value FROM json_each(?))"
    drive = Drive(f"trace AS t INDEXED BY by_{column}", "t.id", f"{condition} AND {_PARTIAL[column]}", (listed,), ordered=False)
    return [Atom(condition, (listed,), drive)]


def _server_condition(asked: AskedServer, names: tuple[str, ...]) -> tuple[str, tuple[Any, ...]]:
    """The condition on the table of servers; a name that is not known is empty there, and fits nothing."""
    if asked.text.form is Form.PATTERN:
        value = glob(asked.text.value)
        parts = [f"({name} <> '' AND {name} GLOB ?)" for name in names]
    else:
        value = asked.text.value
        parts = [f"{name} = ?" for name in names]
    params: list[Any] = [value] * len(names)
    if asked.first is not None:
        parts.append("(ip_key >= ? AND ip_key <= ?)")
        params += [asked.first, asked.last]
    return " OR ".join(parts), tuple(params)


#: How each criterion is compiled, those of servers by their names in the table of servers; one that is missing is an error at import.
_ATOMS: Mapping[str, Callable[[str], Criterion]] = {
    "quarantine_id": _quarantine,
    "message_id": _message_id,
    "queue_id": _queue_id,
    "sender": lambda value: _address(value, _SENDERS),
    "recipient": lambda value: _address(value, _RECIPIENTS),
    "address": lambda value: _address(value, (*_SENDERS, *_RECIPIENTS)),
    "domain": _domain,
    "code": _code,
    **{field: _word(field) for field in ("disposition", "verdict", "reason", "direction")},
}
_SERVERS: Mapping[str, tuple[str, ...]] = {"client": ("name", "ip", "helo"), "relay": ("name", "ip")}
compiles_all("The embedded store", (*_ATOMS, *_SERVERS, *TIMES))
