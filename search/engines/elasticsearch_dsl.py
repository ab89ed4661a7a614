"""A `Query` in the query language of Elasticsearch: conditions only, in filter context, never a score.

Each criterion is one condition; its values are alternatives. Exact values of a field go into one `terms` query. Values are folded as
the documents are, and never parsed by the server: every character but `*` and `?` stands for itself.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mappings.criteria import Compare
from mappings.elasticsearch.names import END_OF_TIME
from mappings.elasticsearch.template import OWN_TIME, QUARANTINE_FORMS, SINCE_WHOLE
from mappings.fields import BY_NAME, Kind
from mappings.patterns import (
    Asked,
    AskedCode,
    AskedServer,
    AskedWords,
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
    fold_domain,
)
from search.engines.fitting import in_order
from search.language.tree import All, Bare, Has, Known, Node, Not, Order, Ordered, Some, asked_by, leaves
from search.query import Query
from search.scope import Scope
from search.sorting import Sort

Json = dict[str, Any]

_EVERYTHING: Json = {"match_all": {}}
_ORDERS = {Order.LESS: "lt", Order.AT_MOST: "lte", Order.MORE: "gt", Order.AT_LEAST: "gte"}
#: What a number is where a document leaves it out.
_DEFAULTS = {"attempts": 0}
#: A `terms` query takes at most 65,536 values by default.
_MOST_TERMS = 60_000
#: IPv4 addresses lie within IPv6 on the server; a network of IPv6 does not mean them.
_MAPPED = ipaddress.ip_network("::ffff:0:0/96")


class _Alternatives:
    """The values of one criterion, gathered by field."""

    def __init__(self) -> None:
        self._exact: dict[str, list[Any]] = {}
        self._others: list[Json] = []

    def equal(self, field: str, value: Any) -> None:
        """The field has this value."""
        self._exact.setdefault(field, []).append(value)

    def other(self, condition: Json) -> None:
        """Another condition."""
        self._others.append(condition)

    def text(self, field: str, asked: Asked) -> None:
        """A folded text field and a value."""
        if asked.form is Form.PATTERN:
            self.other({"wildcard": {field: {"value": asked.value.replace("\\", "\\\\")}}})
            return
        self.equal(field, asked.value)
        if asked.form is Form.LOCAL:
            self.other({"prefix": {field: {"value": f"{asked.value}@"}}})

    def condition(self) -> Json:
        """All of them as one condition."""
        conditions = [*(one for field, values in self._exact.items() for one in terms(field, values)), *self._others]
        if len(conditions) == 1:
            return conditions[0]
        return {"bool": {"should": conditions, "minimum_should_match": 1}} if conditions else {"match_none": {}}


_Adder = Callable[[_Alternatives, tuple[str, ...], str, bool], None]


def condition(query: Query, scope: Scope) -> Json:
    """The whole question, with what the caller may see in it."""
    asked = _node(asked_by(query.node(), scope))
    filters = [*([] if asked == _EVERYTHING else [asked]), *_time(query), *_seen(scope)]
    return {"bool": {"filter": filters}} if filters else _EVERYTHING


def scoped(scope: Scope, *filters: Json) -> Json:
    """Conditions of our own, with what the caller may see."""
    return {"bool": {"filter": [*filters, *_seen(scope)]}}


def ordered(sort: Sort) -> list[Json]:
    """The order of rows, by time or by a number.

    The first part of an id is the time; asked for by time first, the server passes over what is too old or too new to be on the page.
    """
    if sort.field is not None:
        kind = "long" if BY_NAME[sort.field].kind is Kind.INTEGER else "double"
        first: Json = {_store(sort.field): {"order": "desc", "missing": "_last", "unmapped_type": kind}}
        return [first, {"id": {"order": "desc", "unmapped_type": "keyword"}}]
    order = "asc" if sort is Sort.OLDEST else "desc"
    kinds = {_store("time_ms"): "date", "id": "keyword"}
    return [{name: {"order": order, "unmapped_type": kind}} for name, kind in kinds.items()]


def terms(field: str, values: Iterable[Any]) -> list[Json]:
    """The field has one of these values: as few conditions as the server takes."""
    listed = list(dict.fromkeys(values))
    pieces = [listed[start : start + _MOST_TERMS] for start in range(0, len(listed), _MOST_TERMS)]
    return [{"terms": {field: piece}} if len(piece) > 1 else {"term": {field: {"value": piece[0]}}} for piece in pieces]


def has_pattern_of_all(query: Query) -> bool:
    """Whether a pattern begins with a wildcard, so that every value of a field is looked at."""
    return any(isinstance(leaf, Has) and not leaf.literal and leaf.value.lstrip("<@")[:1] in ("*", "?") for leaf in leaves(query.node()))


def _seen(scope: Scope) -> list[Json]:
    """What the caller may see."""
    if scope.domains is None:
        return []
    found = terms(_store("visible_to"), sorted(map(fold_domain, scope.domains)))
    if not found:
        return [{"match_none": {}}]
    return found if len(found) == 1 else [{"bool": {"should": found, "minimum_should_match": 1}}]


def _time(query: Query) -> list[Json]:
    """First sight at or after since, and before until."""
    bounds: Json = {}
    if query.since_ms is not None:
        bounds["gte"] = min(max(query.since_ms, 0), END_OF_TIME)
    if query.until_ms is not None:
        bounds["lt"] = min(max(query.until_ms, 0), END_OF_TIME)
    return [{"range": {_store("time_ms"): bounds | {"format": OWN_TIME}}}] if bounds else []


def _node(node: Node) -> Json:
    """A part of the question."""
    match node:
        case All(nodes):
            return {"bool": {"filter": [_node(inner) for inner in nodes]}} if nodes else _EVERYTHING
        case Some(nodes):
            return _any_of(nodes)
        case Not(inner):
            return {"bool": {"must_not": [_node(inner)]}}
        case Bare():
            raise TypeError("a word without a name is brought to its criteria first")
        case Has():
            return _any_of((node,))
        case Known(criterion):
            into = _Alternatives()
            for name in criterion.over:
                # What is no address is in the text below the field alone.
                into.other({"exists": {"field": f"{_store(name)}.text" if BY_NAME[name].kind is Kind.IP else _store(name)}})
            return into.condition()
        case Ordered():
            return _ordered(node)


def _any_of(nodes: tuple[Node, ...]) -> Json:
    """At least one of them: the values of a field in one condition."""
    into = _Alternatives()
    for node in nodes:
        if isinstance(node, Has):
            _ADDERS[node.criterion.compare](into, node.criterion.over, node.value, not node.literal)
        else:
            into.other(_node(node))
    return into.condition()


def _ordered(leaf: Ordered) -> Json:
    """A number, a time or a flag on one side of a bound; what is left out of a document has its default."""
    into = _Alternatives()
    for name in leaf.criterion.over:
        field, default = _store(name), _DEFAULTS.get(name)
        bound = leaf.bound >= 1 if leaf.criterion.compare is Compare.FLAG else leaf.bound
        if isinstance(bound, bool):
            into.other({"term": {field: True}} if bound else {"bool": {"must_not": [{"term": {field: True}}]}})
            continue
        written = {"format": OWN_TIME} if leaf.criterion.compare is Compare.TIME else {}
        into.other({"range": {field: {_ORDERS[leaf.order]: bound, **written}}})
        if default is not None and in_order(default, leaf.order, bound):
            into.other({"bool": {"must_not": [{"exists": {"field": field}}]}})
    return into.condition()


def _store(name: str) -> str:
    """The name of a field in the store."""
    return BY_NAME[name].store


def _address(into: _Alternatives, over: tuple[str, ...], value: str, wild: bool) -> None:
    """An address, a domain, a local part or a pattern on these sides."""
    asked = asked_address(value, wild=wild)
    for side in over:
        if asked.form is Form.DOMAIN:
            into.equal(_store(f"{side}_domain"), asked.value)
        else:
            into.text(_store(side), asked)


def _plain(ask: Callable[..., Asked]) -> _Adder:
    """Fields of text that are compared whole, or with a pattern."""

    def add(into: _Alternatives, over: tuple[str, ...], value: str, wild: bool) -> None:
        asked = ask(value, wild=wild)
        for name in over:
            into.text(_store(name), asked)

    return add


def _quarantine(into: _Alternatives, over: tuple[str, ...], value: str, wild: bool) -> None:
    """A quarantine id, in each form that people copy."""
    for asked in asked_quarantine(value, wild=wild):
        for field in (*map(_store, over), QUARANTINE_FORMS):
            into.text(field, asked)


def _server(into: _Alternatives, over: tuple[str, ...], value: str, wild: bool) -> None:
    """A server by name, address, HELO, network or pattern."""
    asked = asked_server(value, wild=wild)
    for name in over:
        field = _store(name)
        if BY_NAME[name].kind is not Kind.IP:
            into.text(field, asked.text)
            continue
        into.text(f"{field}.text", asked.text)
        if (network := _network(asked, field)) is not None:
            into.other(network)


def _words(into: _Alternatives, over: tuple[str, ...], value: str, wild: bool) -> None:
    """Words of a text; they are cut here as the fields are, and looked for as they are."""
    asked = asked_words(value, wild=wild)
    for name in over:
        field = _store(name)
        into.other(_words_of(f"{field}.text", asked))
        # Indices of earlier releases have the words in the field itself.
        into.other({"bool": {"filter": [_words_of(field, asked)], "must_not": [{"exists": {"field": SINCE_WHOLE}}]}})


def _words_of(field: str, asked: AskedWords) -> Json:
    """The words in one field of text."""
    if asked.phrase:
        return {"match_phrase": {field: {"query": " ".join(asked.words)}}} if asked.words else {"match_none": {}}
    into = _Alternatives()
    for word in asked.words:
        into.equal(field, word)
    for pattern in asked.patterns:
        into.other({"wildcard": {field: {"value": pattern.replace("\\", "\\\\")}}})
    return into.condition()


def _network(asked: AskedServer, field: str) -> Json | None:
    """The addresses from first to last."""
    if asked.first is None or asked.last is None:
        return None
    first, last = (ipaddress.ip_address(bound[1:]) for bound in (asked.first, asked.last))
    inside: Json = {"range": {field: {"gte": str(first), "lte": str(last)}}}
    if first.version == 4 or last < _MAPPED.network_address or first > _MAPPED.broadcast_address:  # type: ignore[operator]
        return inside
    return {"bool": {"filter": inside, "must_not": {"range": {field: {"gte": "0.0.0.0", "lte": "255.255.255.255"}}}}}  # noqa: S104


def _code(into: _Alternatives, _: tuple[str, ...], value: str, _wild: bool) -> None:
    """A basic or enhanced code, or a class of them."""
    asked = asked_code(value) or AskedCode()
    if asked.lowest == asked.highest:
        into.equal(_store("reply_code"), asked.lowest)
    elif asked.lowest < asked.highest:
        into.other({"range": {_store("reply_code"): {"gte": asked.lowest, "lte": asked.highest}}})
    if asked.enhanced is not None:
        field = _store("enhanced_code")
        if asked.whole:
            into.other({"prefix": {field: {"value": asked.enhanced}}})
        else:
            into.equal(field, asked.enhanced)


def _word(into: _Alternatives, over: tuple[str, ...], value: str, _wild: bool) -> None:
    """A word of a closed list."""
    for name in over:
        into.equal(_store(name), value)


#: How each way of comparing is compiled.
_ADDERS: Mapping[Compare, _Adder] = {
    Compare.ADDRESS: _address,
    Compare.DOMAIN: _plain(asked_domain),
    Compare.SERVER: _server,
    Compare.CODE: _code,
    Compare.WORD: _word,
    Compare.QUARANTINE: _quarantine,
    Compare.MESSAGE_ID: _plain(asked_message_id),
    Compare.EXACT: _plain(asked_exact),
    Compare.FOLDED: _plain(asked_folded),
    Compare.TEXT: _words,
}
