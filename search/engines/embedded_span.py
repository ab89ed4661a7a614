"""Which ids a question can have: ids begin with their time."""

from __future__ import annotations

import math

from mappings import identity
from mappings.embedded import catalog
from search.engines.embedded_plan import Span
from search.engines.embedded_sql import conjunction
from search.language.tree import Order, Ordered
from search.query import Query
from search.query_error import QueryError
from search.sorting import Sort

#: Every id there can be.
ALL = Span(b"", b"\xff" * 17)


def span_of(query: Query, cursor: str | None = None) -> Span:
    """The ids that a question can have, behind the cursor where there is one."""
    lower, upper = ALL.lower, ALL.upper
    if query.since_ms is not None:
        lower = key_of(query.since_ms)
    if query.until_ms is not None:
        upper = key_of(query.until_ms)
    for part in conjunction(query.node()):
        if isinstance(part, Ordered) and part.criterion.over == ("time_ms",):
            bound = math.floor(part.bound)
            match part.order:
                case Order.LESS:
                    upper = min(upper, key_of(math.ceil(part.bound)))
                case Order.AT_MOST:
                    upper = min(upper, key_of(bound + 1))
                case Order.AT_LEAST:
                    lower = max(lower, key_of(math.ceil(part.bound)))
                case Order.MORE:
                    lower = max(lower, key_of(bound + 1))
    if cursor is not None:
        try:
            last = identity.to_bytes(cursor)
        except ValueError as error:
            raise QueryError("this is no cursor of ours", field="cursor", hint="take it from next of the page before, unchanged") from error
        if query.sort is Sort.OLDEST:
            # The least that is greater.
            lower = max(lower, last + b"\0")
        else:
            upper = min(upper, last)
    return Span(lower, upper)


def key_of(time_ms: int) -> bytes:
    """The least id of a time."""
    if time_ms >= catalog.END_OF_TIME:
        return ALL.upper
    return max(time_ms, 0).to_bytes(6, "big") + bytes(10)
