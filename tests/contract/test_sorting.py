"""The order of rows: every store against the plain reference, page by page to the end."""

from __future__ import annotations

import random

import generate
import pytest
from msgspec.structs import replace

from contract.under_test import Filled, Store
from mappings import identity
from mappings.trace import Trace
from search.engines import Engine
from search.query import Query, QueryError
from search.scope import EVERYTHING, Scope
from search.service import MailTrace
from search.sorting import MOST_RANKED, Sort


def _paged(engine: Engine, query: Query, scope: Scope, limit: int) -> list[str]:
    """The ids of all pages."""
    found: list[str] = []
    cursor = None
    while True:
        page = engine.search(query, scope, limit=limit, cursor=cursor)
        found += [trace.id for trace in page.traces]
        cursor = page.next
        if cursor is None:
            return found
        assert len(page.traces) == limit


@pytest.mark.parametrize("sort", Sort)
def test_rows_come_in_the_reference_s_order(filled: Filled, sort: Sort) -> None:
    """Page by page, walked, and behind any row, for generated questions and scopes, as well as for everything."""
    chance = random.Random(list(Sort).index(sort))
    for number in range(12):
        query = replace(generate.query(chance, filled.written) if number else Query(), sort=sort)
        scope = generate.scope(chance) if number else EVERYTHING
        expected = [trace.id for trace in filled.reference.walk(query, scope)]
        engine = filled.store.engine
        assert [trace.id for trace in engine.walk(query, scope)] == expected, (query, scope)
        assert _paged(engine, query, scope, chance.choice((3, 50, 250)) if len(expected) < 60 else 170) == expected, (query, scope)
        if expected:
            behind = chance.choice(expected)
            rest = [trace.id for trace in engine.walk(query, scope, cursor=behind)]
            assert rest == expected[expected.index(behind) + 1 :], (query, scope)


@pytest.mark.parametrize("field", ["size", "delay", "score"])
def test_by_a_number_the_first_thousand_are_listed_and_said(store: Store, field: str) -> None:
    """The greatest of all files come first, those without a number last; behind the thousandth is no cursor, and a sentence says so."""
    chance = random.Random(field)
    numbers = [*range(MOST_RANKED + 20), *[None] * 30]
    chance.shuffle(numbers)
    day = 86_400_000
    written = []
    for number, value in enumerate(numbers):
        time_ms = 1_795_000_000_000 + number * day // 300
        one = Trace(
            id=identity.trace_id(time_ms, "mx", f"q{number}", "", ""), version=1, log_domain="mx", time_ms=time_ms, last_event_ms=time_ms
        )
        setattr(one, field, None if value is None else value if field == "size" else value / 4)
        written.append(one)
    store.write(written)
    mail = MailTrace(store.engine)
    query = Query(sort=Sort(field))
    found = [trace.id for trace in store.engine.walk(query, EVERYTHING)]
    by_number = sorted((one for one in written if getattr(one, field) is not None), key=lambda one: -getattr(one, field))
    assert found == [one.id for one in by_number[:MOST_RANKED]]
    assert _paged(store.engine, query, EVERYTHING, 300) == found
    answer = mail.search(query, limit=MOST_RANKED)
    assert answer.next is None
    assert [one for one in answer.warnings if f"sorted by {field}, the first 1,000 are listed" in one]
    few = mail.search(Query(sort=Sort(field), since_ms=written[-40].time_ms), limit=100)
    assert len(few.traces) == 40
    assert not [one for one in few.warnings if "1,000" in one]


def test_a_row_that_is_not_listed_is_no_cursor_of_a_ranking(filled: Filled) -> None:
    """Behind a row that is not in the ranking nothing can follow, and that is said."""
    query = Query(sort=Sort.SIZE, disposition=("bounced",))
    other = next(trace.id for trace in filled.reference.walk(Query(disposition=("delivered",)), EVERYTHING))
    with pytest.raises(QueryError, match="cursor: the row that it stands for is not listed any more; begin anew"):
        filled.store.engine.search(query, EVERYTHING, limit=5, cursor=other)
