"""A question as a condition on a columnar copy, in DuckDB's SQL: one function for each way of comparing, over the tree of all engines."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mappings import identity
from mappings.criteria import Compare
from mappings.embedded.columnar import halves
from mappings.embedded.columns import SERVERS
from mappings.embedded.functions import SEPARATOR
from mappings.faults import MailTraceError
from mappings.fields import BY_NAME, Kind
from mappings.patterns import (
    Asked,
    Form,
    asked_address,
    asked_code,
    asked_domain,
    asked_exact,
    asked_folded,
    asked_message_id,
    asked_quarantine,
    asked_server,
    asked_words,
)
from search.engines.fitting import DEFAULTS
from search.language.tree import All, Bare, Has, Known, Leaf, Node, Not, Ordered, Some

#: The time of first sight is the beginning of the id.
TIME = "(t.hi >> 16)::BIGINT"


class NotColumnar(MailTraceError):  # noqa: N818 - it says what the question is
    """A question that a columnar copy cannot answer: the rows are asked."""


@dataclass(slots=True)
class ColumnarStatement:
    """SQL with the values for its question marks; `database` is the name under which the copy is attached."""

    database: str
    params: list[Any] = field(default_factory=list)

    def bind(self, value: Any) -> str:
        """A question mark for this value; marks must stand in the order in which they are made."""
        self.params.append(value)
        return "?"

    def condition(self, node: Node) -> str:
        """What is true for the traces that fit."""
        match node:
            case All(nodes):
                return self._joined(" AND ", nodes) if nodes else "true"
            case Some(nodes):
                return self._joined(" OR ", nodes) if nodes else "false"
            case Not(inner):
                # What is not known is not what was asked for, so its opposite is.
                return f"({self.condition(inner)}) IS NOT TRUE"
            case Bare():
                raise TypeError("a word without a name is brought to its criteria first")
            case _:
                return self._leaf(node)

    def seen_by(self, domains: Iterable[str]) -> str:
        """What is true for the traces that one of these domains may see."""
        listed = self.bind(sorted(domains))
        return f"t.visible IN (SELECT number FROM {self.database}.sight WHERE domain IN (SELECT unnest({listed}::VARCHAR[])))"

    def within(self, lower: bytes, upper: bytes) -> str:
        """What is true for ids from `lower` to before `upper`; bounds are times, or behind everything."""
        parts = []
        if lower:
            parts.append(f"t.hi >= {self.bind(int.from_bytes(lower[:8], 'big'))}::UBIGINT")
        if len(upper) == 16:
            parts.append(f"t.hi < {self.bind(int.from_bytes(upper[:8], 'big'))}::UBIGINT")
        return " AND ".join(parts) or "true"

    def _joined(self, word: str, nodes: Sequence[Node]) -> str:
        """Several conditions."""
        return "(" + word.join(self.condition(inner) for inner in nodes) + ")"

    def _leaf(self, leaf: Leaf) -> str:
        """One leaf."""
        over = leaf.criterion.over
        match leaf:
            case Has(criterion, value, literal):
                return self._any(_COMPARED[criterion.compare](self, over, value, not literal))
            case Known():
                return self._any(self._known(name) for name in over)
            case Ordered(order=order, bound=bound):
                # A whole number is compared as one: a float of its size may be another.
                exact = int(bound) if math.isfinite(bound) and bound == int(bound) else bound
                return self._any(f"{_number(name)} {order} {self.bind(exact)}" for name in over)

    @staticmethod
    def _any(conditions: Iterable[str]) -> str:
        """One of these; of none that is nothing."""
        found = list(conditions)
        return f"({' OR '.join(found)})" if found else "false"

    def _known(self, name: str) -> str:
        """A field says anything: it differs from what a trace has of which no line tells it."""
        if name in SERVERS:
            return self.of_servers(SERVERS[name][0], f"{SERVERS[name][1]} <> ''")
        if DEFAULTS.get(name) == 0:
            return f"{_number(name)} <> 0"
        return "true" if name == "id" else f"{column(name)} IS NOT NULL"

    def of_servers(self, numbers: str, where: str) -> str:
        """The server with the number in this column is one for which this holds."""
        return f"t.{numbers} IN (SELECT number FROM {self.database}.server WHERE {where})"

    def text(self, column: str, asked: Asked) -> str:
        """A folded text fits."""
        if asked.form is Form.LOCAL:
            return f"({column} = {self.bind(asked.value)} OR starts_with({column}, {self.bind(f'{asked.value}@')}))"
        if asked.form is not Form.PATTERN:
            return f"{column} = {self.bind(asked.value)}"
        return self._pattern(column, asked.value)

    def _pattern(self, column: str, pattern: str) -> str:
        """A pattern over a whole text; those with stars at their ends alone have faster ways than LIKE."""
        inner = pattern.strip("*")
        if "*" not in inner and "?" not in inner and pattern.count("*") == len(pattern) - len(inner):
            before, behind = pattern.startswith("*"), pattern.endswith("*")
            if not inner:
                return f"{column} IS NOT NULL"
            name = "contains" if before and behind else "suffix" if before else "starts_with"
            return f"{name}({column}, {self.bind(inner)})"
        like = re.sub(r"([\\%_])", r"\\\1", pattern).replace("*", "%").replace("?", "_")
        return f"{column} LIKE {self.bind(like)} ESCAPE '\\'"

    def among(self, values: str, asked: Asked) -> str:
        """One of several texts fits."""
        if asked.form is not Form.PATTERN:
            return f"list_contains({values}, {self.bind(asked.value)})"
        between = f"chr({ord(SEPARATOR)})"
        return self._between(f"{between} || array_to_string({values}, {between}) || {between}", asked.value, SEPARATOR)

    def word(self, words: str, asked: Asked) -> str:
        """A word of a text fits, or several that follow each other."""
        if asked.form is not Form.PATTERN:
            return f"contains({words}, {self.bind(f' {asked.value} ')})"
        return self._between(words, asked.value, " ")

    def _between(self, column: str, pattern: str, between: str) -> str:
        """What stands between two of these characters fits a pattern."""
        inner = re.escape(pattern).replace(r"\*", f"[^{between}]*").replace(r"\?", f"[^{between}]")
        return f"regexp_matches({column}, {self.bind(f'{between}{inner}{between}')})"


def column(name: str) -> str:
    """The column, or what is worked out of columns, that has a field."""
    if name in SERVERS or name == "id":
        raise NotColumnar(name)
    if name == "time_ms":
        return TIME
    return f"({TIME} + t.{name})" if BY_NAME[name].kind is Kind.TIME else f"t.{name}"


def _number(name: str) -> str:
    """A column as a number; a flag is 0 or 1."""
    return f"{column(name)}::INTEGER" if BY_NAME[name].kind is Kind.FLAG else column(name)


def _address(statement: ColumnarStatement, over: tuple[str, ...], value: str, wild: bool) -> Iterable[str]:
    """An address, a domain, a local part or a pattern in one of these fields."""
    asked = asked_address(value, wild=wild)
    of_domains = asked.form is Form.DOMAIN
    return (statement.text(column(f"{name}_domain" if of_domains else name), asked) for name in over)


def _domain(statement: ColumnarStatement, over: tuple[str, ...], value: str, wild: bool) -> Iterable[str]:
    """A domain, or a pattern of domains."""
    asked = asked_domain(value, wild=wild)
    return (statement.text(column(name), asked) for name in over)


def _server(statement: ColumnarStatement, over: tuple[str, ...], value: str, wild: bool) -> Iterable[str]:
    """A sending server or next hop by name, address or network."""
    asked = asked_server(value, wild=wild)
    names = [SERVERS[name][1] for name in over]
    parts = [f"({name} <> '' AND {statement.text(name, asked.text)})" for name in names]
    if asked.first is not None:
        parts.append(f"(ip_key >= {statement.bind(asked.first)} AND ip_key <= {statement.bind(asked.last)})")
    return [statement.of_servers(SERVERS[over[0]][0], " OR ".join(parts))]


def _code(statement: ColumnarStatement, over: tuple[str, ...], value: str, _wild: bool) -> Iterable[str]:
    """A basic or enhanced code, or a class of them."""
    asked = asked_code(value)
    if asked is None:
        return
    if asked.lowest <= asked.highest:
        yield f"{column(over[0])} BETWEEN {statement.bind(asked.lowest)} AND {statement.bind(asked.highest)}"
    if asked.enhanced is not None:
        name = column(over[1])
        yield f"starts_with({name}, {statement.bind(asked.enhanced)})" if asked.whole else f"{name} = {statement.bind(asked.enhanced)}"


def _quarantine(statement: ColumnarStatement, _: tuple[str, ...], value: str, wild: bool) -> Iterable[str]:
    """A quarantine id, in each form that people copy."""
    return (statement.among("t.quarantine", asked) for asked in asked_quarantine(value, wild=wild))


def _message_id(statement: ColumnarStatement, over: tuple[str, ...], value: str, wild: bool) -> Iterable[str]:
    """A Message-ID."""
    return (statement.text(column(name), asked_message_id(value, wild=wild)) for name in over)


def _exact(statement: ColumnarStatement, over: tuple[str, ...], value: str, wild: bool) -> Iterable[str]:
    """An id or word that is compared with its case; a Message-ID also by the name of its field has no brackets."""
    for name in over:
        asked = asked_message_id(value, wild=wild) if name == "message_id" else asked_exact(value, wild=wild)
        yield _id(statement, asked) if name == "id" else _text_of(statement, name, asked)


def _id(statement: ColumnarStatement, asked: Asked) -> str:
    """The id of a trace."""
    if asked.form is Form.PATTERN:
        raise NotColumnar("id")
    try:
        hi, lo = halves(identity.to_bytes(asked.value))
    except ValueError:
        return "false"
    return f"(t.hi = {statement.bind(hi)}::UBIGINT AND t.lo = {statement.bind(lo)}::UBIGINT)"


def _text_of(statement: ColumnarStatement, name: str, asked: Asked) -> str:
    """A text, or one of several."""
    return statement.among(column(name), asked) if BY_NAME[name].many else statement.text(column(name), asked)


def _word(statement: ColumnarStatement, over: tuple[str, ...], value: str, _wild: bool) -> Iterable[str]:
    """A word of a closed list."""
    return (f"{column(name)} = {statement.bind(value)}" for name in over)


def _folded(statement: ColumnarStatement, over: tuple[str, ...], value: str, wild: bool) -> Iterable[str]:
    """A text without its case."""
    asked = asked_folded(value, wild=wild)
    for name in over:
        if name in SERVERS:
            source = SERVERS[name][1]
            yield statement.of_servers(SERVERS[name][0], f"{source} <> '' AND {statement.text(source, asked)}")
        else:
            yield _text_of(statement, name, asked)


def _words(statement: ColumnarStatement, over: tuple[str, ...], value: str, wild: bool) -> Iterable[str]:
    """Words of a text, any of them or one after the other."""
    asked = asked_words(value, wild=wild)
    for name in over:
        if asked.phrase:
            if asked.words:
                yield statement.word(column(name), Asked(Form.EXACT, " ".join(asked.words)))
            continue
        yield from (statement.word(column(name), Asked(Form.EXACT, word)) for word in asked.words)
        yield from (statement.word(column(name), Asked(Form.PATTERN, pattern)) for pattern in asked.patterns)


#: How each way of comparing is compiled: by the fields, the value, and whether stars in it are wildcards.
_COMPARED: Mapping[Compare, Callable[[ColumnarStatement, tuple[str, ...], str, bool], Iterable[str]]] = {
    Compare.ADDRESS: _address,
    Compare.DOMAIN: _domain,
    Compare.SERVER: _server,
    Compare.CODE: _code,
    Compare.WORD: _word,
    Compare.QUARANTINE: _quarantine,
    Compare.MESSAGE_ID: _message_id,
    Compare.EXACT: _exact,
    Compare.FOLDED: _folded,
    Compare.TEXT: _words,
}
