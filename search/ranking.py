"""The values of a field that most traces of a question have, beside how many had them in the period before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address, ip_network

import msgspec
from msgspec.structs import replace

from search.engines import Engine, Value
from search.narrowing import exactly, readable, with_values, word_of
from search.query import Query
from search.scope import Scope

#: The word for networks of sending servers, which are no field.
NETWORK = "network"
#: A network is so many bits of an address, by its version: what one customer of a provider is given.
_NETWORK_BITS = {4: 24, 6: 48}


class RankedValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value, how many have it, and how many had it before, where that was asked."""

    value: Value
    count: int
    before: int | None
    #: What asks for its traces, beside the question; None where it cannot be asked for.
    query: str | None


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """The values of a field, most first."""

    total: int
    total_before: int | None
    distinct: int
    values: list[RankedValue]
    #: How many have other values, and how many none.
    rest: int
    missing: int
    #: What asks for those that have none.
    missing_query: str


def ranking(engine: Engine, query: Query, scope: Scope, field: str, *, before: Query | None = None, limit: int = 10) -> Ranking:
    """Rank the values of a field; `before` is the question of the period before."""

    def counted(asked: Query, values: Sequence[Value]) -> Counter[Value]:
        return _plain(engine.tally(with_values(asked, field, values) if values else asked, scope, [field]))

    return _ranked(_Ranked(engine, scope, field, counted, partial(exactly, field)), query, before, limit)


def networks(engine: Engine, query: Query, scope: Scope, *, before: Query | None = None, limit: int = 10) -> Ranking:
    """Rank the networks of the sending servers."""

    def counted(asked: Query, _: Sequence[Value]) -> Counter[Value]:
        return _by_network(_plain(engine.tally(asked, scope, ["client_ip"])))

    def asked_for(value: Value) -> str:
        return f'{word_of("client_ip")}: "{value}"'

    return _ranked(_Ranked(engine, scope, "client_ip", counted, asked_for), query, before, limit)


def period_before(query: Query, now_ms: int) -> Query | None:
    """The same question of the time of the same length before; None where it has no beginning."""
    if query.since_ms is None:
        return None
    end = now_ms if query.until_ms is None else query.until_ms
    return replace(query, since_ms=max(2 * query.since_ms - end, 0), until_ms=query.since_ms)


@dataclass(frozen=True, slots=True)
class _Ranked:
    """What is ranked: how its values are counted, all or some of them, and how one is asked for."""

    engine: Engine
    scope: Scope
    field: str
    counted: Callable[[Query, Sequence[Value]], Counter[Value]]
    asked_for: Callable[[Value], str | None]


def _ranked(what: _Ranked, query: Query, before: Query | None, limit: int) -> Ranking:
    """Put it together."""
    found = what.counted(query, ())
    missing = found.pop(None, 0)
    shown = (item for item in found.items() if readable(what.field, item[0], what.scope))
    top = sorted(shown, key=lambda item: (-item[1], str(item[0])))[:limit]
    earlier = what.counted(before, [value for value, _ in top]) if before is not None and top else None
    return Ranking(
        total=what.engine.count(query, what.scope),
        total_before=None if before is None else what.engine.count(before, what.scope),
        distinct=len(found),
        values=[
            RankedValue(value=value, count=number, before=None if earlier is None else earlier[value], query=what.asked_for(value))
            for value, number in top
        ],
        rest=sum(found.values()) - sum(number for _, number in top),
        missing=missing,
        missing_query=exactly(what.field, None) or "",
    )


def _plain(tally: Counter[tuple[Value, ...]]) -> Counter[Value]:
    """Counts by one field."""
    return Counter({value: number for (value,), number in tally.items()})


def _by_network(found: Counter[Value]) -> Counter[Value]:
    """Counts by address brought to their networks."""
    by_network = Counter[Value]()
    for value, number in found.items():
        by_network[None if value is None else _network(str(value))] += number
    return by_network


def _network(text: str) -> str:
    """The network of an address."""
    address = ip_address(text)
    return str(ip_network(f"{address}/{_NETWORK_BITS[address.version]}", strict=False))
