"""A `Query` in the query language of Elasticsearch: conditions only, in filter context, never a score.

Each criterion is one condition; its values are alternatives. Exact values of a field go into one `terms` query. Values are folded as
the documents are, and never parsed by the server: every character but `*` and `?` stands for itself.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mappings.elasticsearch.names import END_OF_TIME
from mappings.elasticsearch.template import QUARANTINE_FORMS
from mappings.fields import BY_NAME
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
    fold_domain,
)
from search.engines.criteria import compiles_all
from search.query import CRITERIA, TIMES, WORDS, Query
from search.scope import Scope

Json = dict[str, Any]

_SENDERS = ("sender", "header_from")
_RECIPIENTS = ("recipient", "original_recipient")
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


def condition(query: Query, scope: Scope) -> Json:
    """The whole question, with what the caller may see in it."""
    filters = [*_criteria(query), *_time(query), *_seen(scope)]
    return {"bool": {"filter": filters}} if filters else {"match_all": {}}


def scoped(scope: Scope, *filters: Json) -> Json:
    """Conditions of our own, with what the caller may see."""
    return {"bool": {"filter": [*filters, *_seen(scope)]}}


def terms(field: str, values: Iterable[Any]) -> list[Json]:
    """The field has one of these values: as few conditions as the server takes."""
    listed = list(dict.fromkeys(values))
    pieces = [listed[start : start + _MOST_TERMS] for start in range(0, len(listed), _MOST_TERMS)]
    return [{"terms": {field: piece}} if len(piece) > 1 else {"term": {field: {"value": piece[0]}}} for piece in pieces]


def has_pattern_of_all(query: Query) -> bool:
    """Whether a pattern begins with a wildcard, so that every value of a field is looked at."""
    fields = [field for field in CRITERIA if field not in WORDS and field != "code"]
    return any(value.lstrip("<@")[:1] in ("*", "?") for field in fields for value in getattr(query, field))


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
    return [{"range": {_store("time_ms"): bounds}}] if bounds else []


def _criteria(query: Query) -> Iterable[Json]:
    """One condition for each criterion that is asked for."""
    compiles_all("Elasticsearch", (*_ADDERS, *TIMES), type(query))
    for field, add in _ADDERS.items():
        values = getattr(query, field)
        if values:
            into = _Alternatives()
            for value in values:
                add(into, value)
            yield into.condition()


def _store(name: str) -> str:
    """The name of a field in the store."""
    return BY_NAME[name].store


def _address(into: _Alternatives, value: str, sides: tuple[str, ...]) -> None:
    """An address, a domain, a local part or a pattern on these sides."""
    asked = asked_address(value)
    for side in sides:
        if asked.form is Form.DOMAIN:
            into.equal(_store(f"{side}_domain"), asked.value)
        else:
            into.text(_store(side), asked)


def _domain(into: _Alternatives, value: str) -> None:
    """A domain on either side."""
    asked = asked_domain(value)
    for side in (*_SENDERS, *_RECIPIENTS):
        into.text(_store(f"{side}_domain"), asked)


def _quarantine(into: _Alternatives, value: str) -> None:
    """A quarantine id, in each form that people copy."""
    for asked in asked_quarantine(value):
        into.text(_store("quarantine_id"), asked)
        into.text(QUARANTINE_FORMS, asked)


def _server(into: _Alternatives, value: str, ip: str, names: tuple[str, ...]) -> None:
    """A server by name, address, HELO, network or pattern."""
    asked = asked_server(value)
    for field in (*map(_store, names), f"{_store(ip)}.text"):
        into.text(field, asked.text)
    if (network := _network(asked, _store(ip))) is not None:
        into.other(network)


def _network(asked: AskedServer, field: str) -> Json | None:
    """The addresses from first to last."""
    if asked.first is None or asked.last is None:
        return None
    first, last = (ipaddress.ip_address(bound[1:]) for bound in (asked.first, asked.last))
    inside: Json = {"range": {field: {"gte": str(first), "lte": str(last)}}}
    if first.version == 4 or last < _MAPPED.network_address or first > _MAPPED.broadcast_address:  # type: ignore[operator]
        return inside
    return {"bool": {"filter": inside, "must_not": {"range": {field: {"gte": "0.0.0.0", "lte": "255.255.255.255"}}}}}  # noqa: S104


def _code(into: _Alternatives, value: str) -> None:
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


def _word(field: str) -> Callable[[_Alternatives, str], None]:
    """A word of a closed list."""
    return lambda into, value: into.equal(_store(field), value)


#: How each criterion is compiled; one that is missing here is an error at import.
_ADDERS: Mapping[str, Callable[[_Alternatives, str], None]] = {
    "sender": lambda into, value: _address(into, value, _SENDERS),
    "recipient": lambda into, value: _address(into, value, _RECIPIENTS),
    "address": lambda into, value: _address(into, value, (*_SENDERS, *_RECIPIENTS)),
    "domain": _domain,
    "quarantine_id": _quarantine,
    "message_id": lambda into, value: into.text(_store("message_id"), asked_message_id(value)),
    "queue_id": lambda into, value: into.text(_store("queue_ids"), asked_exact(value)),
    "client": lambda into, value: _server(into, value, "client_ip", ("client_name", "client_helo")),
    "relay": lambda into, value: _server(into, value, "relay_ip", ("relay_host",)),
    "code": _code,
    **{field: _word(field) for field in WORDS},
}
compiles_all("Elasticsearch", (*_ADDERS, *TIMES))
