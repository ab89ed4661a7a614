"""A question as conditions in SQL, and the indexes that can answer them.

At its top it is a conjunction of criteria, each a disjunction of atoms; what is deeper is one condition. An atom always has a condition on
a row of `trace`; most also have a drive, an index (or the table of keys or domains) that gives the fitting ids newest first.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mappings import keys
from mappings.criteria import Compare
from mappings.embedded.columns import PLAIN, SERVERS
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
from search.engines.embedded_files import HeadTest, OpenFile
from search.engines.fitting import any_of, predicate
from search.engines.needles import needles
from search.language.tree import All, Bare, Has, Known, Leaf, Node, Not, Ordered, Some

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
#: Columns whose index leaves out rows that the index of another column has.
_BESIDE = {"header_from": "sender", "header_from_domain": "sender_domain", "original_recipient_domain": "recipient_domain"}
#: Words that no index holds, because most traces have them.
_COMMON = frozenset({("disposition", "delivered"), ("verdict", "clean"), ("verdict", "not_scanned")})
#: The condition that every row meets.
_TRUE = "1"
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
    #: True where a whole index is read: a quarter of the work of reading all rows, and far more than any other drive is.
    scan: bool = False


@dataclass(frozen=True, slots=True)
class Atom:
    """One alternative of a criterion."""

    condition: str
    params: tuple[Any, ...]
    drive: Drive | None = None


Criterion = list[Atom]


def criteria(node: Node, file: OpenFile) -> list[Criterion]:
    """The criteria of a question for one file (whose numbers of servers they name); one without atoms fits nothing."""
    return list(map(_Compiler(file).alternatives, conjunction(node)))


def conjunction(node: Node) -> list[Node]:
    """What must all fit: the planner chooses among these."""
    return [part for inner in node.nodes for part in conjunction(inner)] if isinstance(node, All) else [node]


class _Compiler:
    """Compiles a question for one file."""

    def __init__(self, file: OpenFile) -> None:
        self._file = file
        file.forget_tests()

    def alternatives(self, node: Node) -> Criterion:
        """What is true where one of these atoms is."""
        match node:
            case Some(nodes):
                # What is looked at in the packed part of a row is looked at together, and last.
                packed = [inner for inner in nodes if isinstance(inner, Leaf) and not _has_columns(inner)]
                others = [atom for inner in nodes if inner not in packed for atom in self.alternatives(inner)]
                return [*others, self._in_head(packed)] if packed else others
            case All(nodes):
                parts = [self.alternatives(inner) for inner in nodes]
                if not all(parts):
                    # SQLite takes no index for a statement in which it sees a plain "false".
                    return []
                conditions = [_any(part) for part in parts]
                return [
                    Atom(" AND ".join(text for text, _ in conditions) or _TRUE, tuple(param for _, given in conditions for param in given))
                ]
            case Not(inner):
                atoms = self.alternatives(inner)
                if any(atom.condition == _TRUE for atom in atoms):
                    return []
                text, params = _any(atoms)
                # What is not known is not what was asked for, so its opposite is.
                return [Atom(f"{text} IS NOT TRUE", params) if atoms else Atom(_TRUE, ())]
            case Bare():
                raise TypeError("a word without a name is brought to its criteria first")
            case _:
                return self._leaf(node)

    def _leaf(self, leaf: Leaf) -> Criterion:
        """One leaf, by its columns where it has them."""
        if not _has_columns(leaf):
            return [self._in_head([leaf])]
        over = leaf.criterion.over
        match leaf:
            case Has(criterion, value, literal):
                return self._server(leaf) if over[0] in SERVERS else _ATOMS[criterion.compare](over, value, not literal)
            case Known():
                return [Atom(f"t.{COLUMNS[name]} IS NOT NULL", ()) for name in over]
            case Ordered(order=order, bound=bound):
                return [Atom(f"id_ms(t.id) {order} ?", (bound,))]

    def _in_head(self, leaves: Sequence[Leaf]) -> Atom:
        """The packed part of a row fits one of these."""
        return Atom("fits(?, t.head)", (self._file.test(HeadTest(any_of([predicate(leaf) for leaf in leaves]), needles(leaves))),))

    def _server(self, leaf: Has) -> Criterion:
        """A sending server or next hop, by the numbers that this file gives to the servers that fit."""
        column = SERVERS[leaf.criterion.over[0]][0]
        names = tuple(SERVERS[name][1] for name in leaf.criterion.over)
        asked = asked_server(leaf.value, wild=not leaf.literal)
        if "ip" not in names:
            # What stands in a name is compared as text: an address in it is no address of a server.
            asked = AskedServer(asked.text)
        condition, params = _server_condition(asked, names)
        rows = self._file.connection.execute(f"SELECT number FROM server WHERE {condition}", params)
        return _of_servers(column, {row[0] for row in rows})


def _has_columns(leaf: Leaf) -> bool:
    """Whether a leaf is compared by columns of a row."""
    over = leaf.criterion.over
    match leaf:
        case Has(criterion):
            return all(name in SERVERS for name in over) or (criterion.compare in _ATOMS and all(name in COLUMNS for name in over))
        case Known():
            return all(name in COLUMNS for name in over)
        case Ordered():
            return over == ("time_ms",)


def _any(atoms: Criterion) -> tuple[str, tuple[Any, ...]]:
    """Atoms as one condition in brackets."""
    text = " OR ".join(f"({atom.condition})" for atom in atoms)
    return f"({text})", tuple(param for atom in atoms for param in atom.params)


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
    condition, params = f"t.{column} GLOB ?", (glob(asked.value),)
    prefix = asked.prefix()
    drive = _between(column, prefix, _behind(prefix))
    if drive is None:
        return [Atom(condition, params, _scan(column, params))]
    return [Atom(condition, params, Drive(drive.source, drive.id, drive.where, drive.params, ordered=False, exact=False))]


def _scan(column: str, params: tuple[Any, ...]) -> Drive:
    """Ids of the rows that fit a pattern, out of the index alone: the rows themselves are beside it, as `t`."""
    where = f"s.{column} GLOB ?" + (f" AND {partial.replace('t.', 's.')}" if (partial := _PARTIAL.get(column)) else "")
    return Drive(f"trace AS s INDEXED BY by_{column}", "s.id", where, params, ordered=False, scan=True)


def those(ids: Collection[bytes]) -> Criterion:
    """The rows with these ids."""
    if not ids:
        return []
    listed = f"(VALUES {','.join(['(?)'] * len(ids))})"
    return [
        Atom(f"t.id IN {listed}", tuple(ids), Drive(f"(SELECT column1 AS id FROM {listed}) AS f", "f.id", "1", tuple(ids), ordered=False))
    ]


def _address(columns: tuple[str, ...], value: str, wild: bool) -> Criterion:
    """An address, a domain, a local part or a pattern in one of these columns."""
    asked = asked_address(value, wild=wild)
    if asked.form is Form.DOMAIN:
        return _any_of([f"{column}_domain" for column in columns], asked)
    return _any_of(columns, asked)


def _domain(columns: tuple[str, ...], value: str, wild: bool) -> Criterion:
    """A domain, or a pattern of domains."""
    return _any_of(columns, asked_domain(value, wild=wild))


def _any_of(columns: Sequence[str], asked: Asked) -> Criterion:
    """A folded text in one of these columns; an index that leaves out what another column holds serves only beside that one."""
    whole = [(column, _BESIDE.get(column, column) in columns) for column in columns]
    return [atom if driven else Atom(atom.condition, atom.params) for column, driven in whole for atom in _text(column, asked)]


def _by_term(number: int) -> Drive:
    """Rows that may hold a key."""
    return Drive("key AS k", "k.id", "k.hash = ?", (number,), exact=False)


def _one_of(column: str) -> str:
    """Condition that a column of several values holds this one."""
    return f"t.{column} IS NOT NULL AND instr(char(10) || t.{column} || char(10), ?) > 0"


def _quarantine(_: tuple[str, ...], value: str, wild: bool) -> Criterion:
    """A quarantine id, in each form that people copy."""
    atoms = []
    for asked in asked_quarantine(value, wild=wild):
        if asked.form is Form.PATTERN:
            condition = "t.quarantine IS NOT NULL AND fits_any(?, t.quarantine)"
            drive = Drive("trace AS t INDEXED BY by_quarantine", "t.id", condition, (asked.value,), ordered=False)
            atoms.append(Atom(condition, (asked.value,), drive))
        else:
            number = term(keys.quarantine(asked.value))
            atoms.append(Atom(_one_of("quarantine"), (f"{SEPARATOR}{asked.value}{SEPARATOR}",), _by_term(number)))
    return atoms


def _message_id(_: tuple[str, ...], value: str, wild: bool) -> Criterion:
    """A Message-ID."""
    asked = asked_message_id(value, wild=wild)
    if asked.form is Form.PATTERN:
        return [Atom("t.message_id GLOB ?", (glob(asked.value),))]
    return [Atom("t.message_id = ?", (asked.value,), _by_term(term(keys.message_id(asked.value))))]


def _exact(columns: tuple[str, ...], value: str, wild: bool) -> Criterion:
    """An id or word that is compared with its case: a queue id of any hop, or a Message-ID by the name of its field."""
    if columns == ("message_id",):
        return _message_id(columns, value, wild)
    if columns == ("quarantine_id",):
        return _whole_quarantine(asked_exact(value, wild=wild))
    if columns != ("queue_ids",):
        asked = asked_exact(value, wild=wild)
        if asked.form is Form.PATTERN:
            return [Atom(f"t.{column} GLOB ?", (glob(asked.value),)) for column in columns]
        return [Atom(f"t.{column} = ?", (asked.value,)) for column in columns]
    asked = asked_exact(value, wild=wild)
    if asked.form is Form.PATTERN:
        # GLOB sorts out most rows before the dearer function is asked.
        return [Atom("(t.queue_ids GLOB ? AND fits_any(?, t.queue_ids))", (f"*{glob(asked.value)}*", asked.value))]
    return [Atom(_one_of("queue_ids"), (f"{SEPARATOR}{asked.value}{SEPARATOR}",), _by_term(queue_term(asked.value)))]


def _whole_quarantine(asked: Asked) -> Criterion:
    """A quarantine id as it was written: the first of the forms in its column."""
    whole = f"substr(t.quarantine, 1, instr(t.quarantine || '{SEPARATOR}', '{SEPARATOR}') - 1)"
    if asked.form is Form.PATTERN:
        return [Atom(f"{whole} GLOB ?", (glob(asked.value),))]
    return [Atom(f"{whole} = ?", (asked.value,), _by_term(term(keys.quarantine(asked.value))))]


def _code(_: tuple[str, ...], value: str, _wild: bool) -> Criterion:
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


def _word(columns: tuple[str, ...], value: str, _wild: bool) -> Criterion:
    """A word of a closed list."""
    atoms = []
    for column in columns:
        atom = _equal(column, value)
        common = column == "direction" or (column, value) in _COMMON
        atoms.append(Atom(atom.condition, atom.params) if common else atom)
    return atoms


def _of_servers(column: str, numbers: set[int]) -> Criterion:
    """Rows of these servers."""
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
    # A HELO may look as an address does, and is none.
    if asked.first is not None and "ip" in names:
        parts.append("(ip_key >= ? AND ip_key <= ?)")
        params += [asked.first, asked.last]
    return " OR ".join(parts), tuple(params)


#: How each way of comparing is compiled, where a field has a column: by its columns, the value, and whether stars in it are wildcards.
_ATOMS: Mapping[Compare, Callable[[tuple[str, ...], str, bool], Criterion]] = {
    Compare.ADDRESS: _address,
    Compare.DOMAIN: _domain,
    Compare.CODE: _code,
    Compare.WORD: _word,
    Compare.QUARANTINE: _quarantine,
    Compare.MESSAGE_ID: _message_id,
    Compare.EXACT: _exact,
}
#: The fields that are columns of their own, and the columns.
COLUMNS: Mapping[str, str] = {**{name: name for name in PLAIN}, "queue_ids": "queue_ids", "quarantine_id": "quarantine"}
