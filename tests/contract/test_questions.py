"""The same answer to the same question: every store against the plain reference, on generated traces and questions."""

from __future__ import annotations

import random
from datetime import UTC

import generate
import pytest
from msgspec.structs import replace

from contract.under_test import Filled
from mappings import identity
from mappings.criteria import BY_WORD
from mappings.fields import BY_NAME, Kind
from search.differing import differs
from search.engines import SIDES, Page, Total, Value, embedded_over_time
from search.narrowing import exactly
from search.query import CRITERIA, Query
from search.ranking import networks, period_before, ranking
from search.scope import EVERYTHING, Scope
from search.sorting import Sort


def _ids(page: Page) -> list[str]:
    """The ids of a page."""
    return [trace.id for trace in page.traces]


@pytest.mark.parametrize("seed", range(4))
def test_generated_questions_have_the_reference_s_answers(filled: Filled, seed: int) -> None:
    """Page, total, next, count and walk are those of the reference for many generated questions and scopes."""
    chance = random.Random(seed)
    for _ in range(50):
        query, scope = generate.query(chance, filled.written), generate.scope(chance)
        limit = chance.choice((1, 3, 50))
        expected = [trace.id for trace in filled.reference.walk(query, scope)]
        page = filled.store.engine.search(query, scope, limit=limit)
        assert _ids(page) == expected[:limit], (query, scope)
        assert (page.total, page.next is None) == (Total(len(expected)), len(expected) <= limit), (query, scope)
        assert filled.store.engine.count(query, scope) == len(expected), (query, scope)
        assert [trace.id for trace in filled.store.engine.walk(query, scope)] == expected, (query, scope)


@pytest.mark.parametrize("seed", range(2))
def test_generated_trees_have_the_reference_s_answers(filled: Filled, seed: int) -> None:
    """Questions in the query language have the reference's answers, alone and beside criteria; `soak.trees` has ten thousand of them."""
    chance = random.Random(seed + 900)
    for _ in range(50):
        text = generate.text_query(chance, filled.written)
        beside = generate.query(chance, filled.written) if chance.random() < 0.3 else Query()
        query = Query.of({**_values(beside), "query": [text]}, now_ms=generate.START_MS, zone=UTC)
        expected = [trace.id for trace in filled.reference.walk(query, EVERYTHING)]
        assert [trace.id for trace in filled.store.engine.walk(query, EVERYTHING)] == expected, (text, query.describe())
        assert filled.store.engine.count(query, EVERYTHING) == len(expected), text


@pytest.mark.parametrize("seed", range(3))
def test_the_newest_and_who_stands_in_them_are_the_reference_s(filled: Filled, seed: int) -> None:
    """Ids, rows by their ids, and people; an id that is superseded, of another tenant or of nobody gives no row."""
    chance = random.Random(seed + 800)
    engine, reference = filled.store.engine, filled.reference
    everything = sorted(reference.traces)
    for _ in range(15):
        query, scope = generate.query(chance, filled.written), generate.scope(chance)
        for seen in (scope, EVERYTHING):
            limit = chance.choice((1, 7, 300))
            assert engine.newest(query, seen, limit) == reference.newest(query, seen, limit), (query, seen, limit)
            ranked = replace(query, sort=chance.choice(list(Sort)))
            assert engine.newest(ranked, seen, limit) == reference.newest(query, seen, limit), ranked
            people = [
                {one for one in store.people(query, seen, limit) if one.isprintable() and "\ufffd" not in one}
                for store in (engine, reference)
            ]
            assert people[0] == people[1], (query, seen, limit)
            some = [*chance.sample(everything, 20), identity.smallest(generate.START_MS)]
            assert engine.rows(some, seen) == reference.rows(some, seen), seen
    assert engine.rows([], EVERYTHING) == []


@pytest.mark.parametrize("seed", range(4))
def test_bounds_are_the_reference_s(filled: Filled, seed: int) -> None:
    """The times of the oldest and the newest that fit."""
    chance = random.Random(seed + 700)
    for _ in range(20):
        query, scope = generate.query(chance, filled.written), generate.scope(chance)
        assert filled.store.engine.bounds(query, scope) == filled.reference.bounds(query, scope), (query, scope)


_BESIDE = ("disposition", "score", "recipient_domain", "client_name")
_COUNTED = sorted({criterion.counted for criterion in BY_WORD.values() if criterion.counted is not None})


@pytest.mark.parametrize("seed", range(4))
def test_tallies_have_the_reference_s_counts(filled: Filled, seed: int) -> None:
    """By each field that is counted, and by two of them, for generated questions and scopes."""
    chance = random.Random(seed + 500)
    for number, field in enumerate(_COUNTED):
        query, scope = (generate.query(chance, filled.written) if chance.random() < 0.5 else Query()), generate.scope(chance)
        fields = [field] if (number + seed) % 3 else [field, chance.choice([one for one in _BESIDE if one != field])]
        assert filled.store.engine.tally(query, scope, fields) == filled.reference.tally(query, scope, fields), (query, scope, fields)


@pytest.mark.parametrize("seed", range(3))
def test_what_most_have_is_the_reference_s(filled: Filled, seed: int) -> None:
    """The values that most have, and counts in each interval, for questions in the language too."""
    chance = random.Random(seed + 700)
    times = sorted(trace.time_ms for trace in filled.written)
    engine, reference = filled.store.engine, filled.reference
    for number, field in enumerate(_COUNTED):
        text = generate.text_query(chance, filled.written)
        query = Query.of({"query": [text]}, now_ms=generate.START_MS, zone=UTC) if number % 2 else Query()
        assert engine.top(query, EVERYTHING, field, 7) == reference.top(query, EVERYTHING, field, 7), (text, field)
        scope = generate.scope(chance)
        assert engine.top(Query(), scope, field, 7) == reference.top(Query(), scope, field, 7), (scope, field)
        if number % 8 == seed:
            edges = sorted(chance.sample(range(times[0] - 5, times[-1] + 5), 6))
            fields = chance.choice(([], [field]))
            found, expected = (one.tally_over_time(query, EVERYTHING, edges, fields) for one in (engine, reference))
            assert found == expected, (text, edges, fields)


def _values(query: Query) -> dict[str, tuple[str, ...]]:
    """The criteria of a question."""
    return {field: getattr(query, field) for field in CRITERIA}


@pytest.mark.parametrize("seed", range(6))
def test_counts_have_the_reference_s_answers(filled: Filled, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts over time and by domain are those of the reference for many generated questions and scopes, on odd and on even edges.

    Also where only the ends are odd, and where few are so many that copies are asked.
    """
    if seed % 2:
        monkeypatch.setattr(embedded_over_time, "_ASKING", 3)
        monkeypatch.setattr(embedded_over_time, "_A_COPY", 0)
    chance = random.Random(seed + 300)
    times = sorted(trace.time_ms for trace in filled.written)
    for _ in range(20):
        query, scope = (generate.query(chance, filled.written) if chance.random() < 0.7 else Query()), generate.scope(chance)
        edges = sorted(chance.sample(range(times[0] - 5, times[-1] + 5), chance.choice((2, 3, 40))))
        if chance.random() < 0.5:
            edges = sorted({edge // 3_600_000 * 3_600_000 for edge in edges})
            if chance.random() < 0.5:
                edges = [edges[0] - 777, *edges, edges[-1] + 777]
        for seen in (scope, EVERYTHING):
            assert filled.store.engine.over_time(query, seen, edges) == filled.reference.over_time(query, seen, edges), (query, seen)
            for side in SIDES:
                expected = filled.reference.by_domain(query, seen, side)
                assert filled.store.engine.by_domain(query, seen, side) == expected, (query, seen, side)


@pytest.mark.parametrize("seed", range(4))
def test_pages_give_each_row_once(filled: Filled, seed: int) -> None:
    """Following the cursors from page to page gives exactly the rows of the walk."""
    chance = random.Random(seed + 100)
    for _ in range(10):
        query, scope = generate.query(chance, filled.written), generate.scope(chance)
        limit = chance.choice((7, 40))
        found: list[str] = []
        cursor = None
        while True:
            page = filled.store.engine.search(query, scope, limit=limit, cursor=cursor)
            found += _ids(page)
            cursor = page.next
            if cursor is None:
                break
        assert found == [trace.id for trace in filled.reference.walk(query, scope)]


def test_rows_of_a_page_are_whole_traces_without_events(filled: Filled) -> None:
    """What a list gives equals what was written, but for the events."""
    page = filled.store.engine.search(Query(), EVERYTHING, limit=2000)
    assert page.traces == filled.reference.search(Query(), EVERYTHING, limit=2000).traces
    assert len(page.traces) > 300


def test_every_id_is_answered_as_the_reference_answers_it(filled: Filled) -> None:
    """`get` gives traces with their events, successors for superseded ones, and nothing out of scope."""
    chance = random.Random(5)
    for trace in filled.written:
        scope = generate.scope(chance)
        assert filled.store.engine.get(trace.id, scope) == filled.reference.get(trace.id, scope)


@pytest.mark.parametrize("text", ["", "x", "0" * 26, "z" * 26, "U" * 26, "é" * 26, "0" * 27, "' OR 1=1 --"])
def test_what_is_no_id_is_no_trace(filled: Filled, text: str) -> None:
    """Asking for nonsense gives nothing."""
    assert filled.store.engine.get(text, EVERYTHING) is None


def test_keys_find_what_holds_them(filled: Filled) -> None:
    """Look-ups by key agree with the reference, in the engine within the scope and in the sink for all."""
    chance = random.Random(6)
    for trace in chance.sample(filled.written, 120):
        keys = [chance.choice(trace.keys), "q:mx1/none", chance.choice(trace.keys).lower()]
        scope = generate.scope(chance)
        assert filled.store.engine.find(keys, scope) == filled.reference.find(keys, scope)
        assert sorted(filled.store.sink.find(keys), key=lambda one: one.id) == filled.reference.held(keys)
    many = [trace.keys[0] for trace in filled.written]
    assert filled.store.engine.find(many, EVERYTHING, limit=10) == filled.reference.find(many, EVERYTHING, limit=10)
    assert filled.store.sink.find([]) == []


def test_codes_are_counted_within_the_scope(filled: Filled) -> None:
    """The counts of refusing codes agree with the rows, for everybody and for each customer."""
    for domains in (None, {"example.org"}, {"example.net", "bücher.example"}, {"nobody.example"}, set()):
        scope = EVERYTHING if domains is None else Scope(frozenset(domains))
        assert filled.store.engine.codes_seen(scope) == filled.reference.codes_seen(scope)


def test_state_tells_the_oldest_and_newest(filled: Filled) -> None:
    """The store knows the bounds of what it holds, and the newest event of each log domain."""
    assert filled.store.engine.state() == filled.reference.state()
    for log_domain in ("mx1", "mx2", "mx3"):
        assert filled.store.sink.newest_ms(log_domain) == filled.reference.newest_ms(log_domain)


def test_a_value_that_was_counted_leads_to_its_traces(filled: Filled) -> None:
    """What asks for a value of a field, or for none, finds as many as were counted; so rankings and what differs hold in every store."""
    engine, tried = filled.store.engine, 0
    for field in _COUNTED:
        for (value,), number in engine.tally(Query(), EVERYTHING, [field]).items():
            asked = exactly(field, value)
            if asked is not None and not _is_odd(field, value):
                assert engine.count(Query(query=asked), EVERYTHING) == number, (field, value, asked)
                tried += 1
    assert tried > 400
    for text in ("disposition: bounced", "relay: mx.example.net"):
        for scope in (EVERYTHING, Scope(frozenset({"example.net"}))):
            query = Query(query=text, since_ms=generate.START_MS + generate.DAY_MS, until_ms=generate.START_MS + 2 * generate.DAY_MS)
            assert differs(engine, query, scope, limit=100) == differs(filled.reference, query, scope, limit=100)
            before = period_before(query, 0)
            for rank in (ranking, networks):
                more = () if rank is networks else ("recipient",)
                found = [rank(store, query, scope, *more, before=before) for store in (engine, filled.reference)]
                assert found[0] == found[1]


def _is_odd(field: str, value: Value) -> bool:
    """Whether it is found elsewhere too: a local part is in every domain; what was no text, or no IP, is kept otherwise."""
    kind = BY_NAME[field].kind
    if not isinstance(value, str):
        return value is None and kind is Kind.IP
    return "\ufffd" in value or (kind is Kind.ADDRESS and value != "" and "@" not in value[:-1])
