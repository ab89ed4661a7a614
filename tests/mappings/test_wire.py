"""A journey on the wire: it comes back as it was, nothing in it stands twice, and what is stored stays readable when facts change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import generate
import msgspec
import pytest
from captures import FORMS, SHORT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reading import Place, read
from stores import Embedded

from mappings import facts, identity
from mappings.facts import FACTS
from mappings.links import How
from mappings.trace import Event, HopLink, Trace
from mappings.wire.places import FORM, MARK, SHORTEST, TEXT, head_words, places_of
from mappings.wire.reading import WiredJourney, put_into
from mappings.wire.writing import journey_of
from search.query import Query
from search.scope import EVERYTHING

GOLDEN = Path(__file__).parent / "wire_places.json"
#: Whatever may stand in a line, with the mark among it more often than strangers would write it.
SOME_TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(f"{MARK}019[]: "), max_size=24)
_USUAL = ["ann@example.org", "37F0618A072", "127.0.0.1", f"x{MARK}1{MARK}yyyyyy", f"{MARK}1234567{MARK}", "sent", ""]
WORDS = st.sampled_from(_USUAL) | SOME_TEXT
PLAIN = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | WORDS
ANY: st.SearchStrategy[Any] = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SOME_TEXT, inner, max_size=3), max_leaves=5
)
NAMES = sorted({place.name for kind in FACTS for place in places_of(kind) or ()})


def of_facts() -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    """Facts of every kind as documents keep them; and kinds and fields that no release knows."""
    known = st.sampled_from(list(FACTS.values())).flatmap(st.from_type).map(lambda one: (facts.kind_of(one), facts.fields_of(one)))
    unknown = st.tuples(st.sampled_from([*FACTS, "teleported"]), st.dictionaries(st.sampled_from(NAMES) | SOME_TEXT, ANY, max_size=5))
    # Numbers without an end are none in JSON.
    return (known | unknown).filter(lambda one: msgspec.json.decode(msgspec.json.encode(one[1])) == one[1])


@st.composite
def events(draw: st.DrawFn) -> Event:
    """Any event, whose line may have the texts of its fact in it."""
    kind, fields = draw(of_facts())
    host, program, pid = draw(WORDS), draw(WORDS), draw(st.integers(0, 1 << 22))
    parts = [*draw(st.lists(WORDS, max_size=4)), f"{program}[{pid}]", *[value for value in fields.values() if isinstance(value, str)]]
    raw = draw(st.just("") | st.permutations(parts).map(" ".join) | st.just("2026-01-02T03:04:05.678901+00:00 mx1 " + ": ".join(parts)))
    time_us, number = draw(st.integers(0, 1 << 60)), draw(st.integers(0, 1 << 40))
    return Event(time_us, draw(st.booleans()), host, program, pid, number, draw(WORDS), draw(WORDS), kind, fields, raw, draw(WORDS))


@st.composite
def journeys(draw: st.DrawFn) -> Trace:
    """A trace with any journey."""
    told = draw(st.lists(events(), max_size=4))
    lines = st.none() | st.sampled_from([one.hash for one in told] or [""]) | WORDS
    maybe = st.none() | WORDS
    hop = st.builds(HopLink, WORDS, maybe, st.none() | st.sampled_from(How), lines, maybe, st.lists(WORDS, max_size=2))
    at = draw(st.integers(0, (1 << 48) - 1))
    return Trace(
        id=identity.trace_id(at, "mx", "q:mx/1", "", ""),
        version=1,
        log_domain="mx",
        time_ms=at,
        last_event_ms=at,
        sender=draw(maybe),
        message_id=draw(maybe),
        queue_ids=draw(st.lists(WORDS, max_size=2)),
        keys=draw(st.lists(WORDS, max_size=3)),
        hops=draw(st.lists(hop, max_size=3)),
        decided=draw(lines),
        events=told,
    )


def wired(trace: Trace) -> WiredJourney:
    """The journey as it comes back from JSON."""
    return msgspec.json.decode(msgspec.json.encode(journey_of(trace)), type=WiredJourney)


def back(trace: Trace) -> Trace:
    """The trace after its journey was on the wire."""
    head = msgspec.structs.replace(trace, events=[], hops=[], decided=None)
    put_into(head, wired(trace))
    return head


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(journeys())
def test_any_journey_comes_back(trace: Trace) -> None:
    """Kinds and fields that no release knows, texts with marks in them, lines that are not kept, numbers where texts should stand."""
    assert back(trace) == trace


def test_every_generated_journey_comes_back() -> None:
    """Those that all stores are tested with."""
    for trace in generate.traces(seed=21, count=300):
        assert back(trace) == trace


@pytest.fixture(scope="module")
def read_ones(tmp_path_factory: pytest.TempPathFactory) -> list[Trace]:
    """The traces of a capture."""
    folder = tmp_path_factory.mktemp("wire")
    form = next(form for form in FORMS if form.capture is SHORT)
    place = Place(folder, folder / "data", Embedded(folder / "store"))
    read(place, form.unpacked(folder / "logs"))
    engine = place.store.engine()
    found = [engine.get(trace.id, EVERYTHING) for trace in engine.walk(Query(), EVERYTHING)]
    engine.close()
    return [one for one in found if one is not None]


def test_nothing_that_is_long_stands_twice(read_ones: list[Trace]) -> None:
    """Neither what the head says nor what a line says is written again where a fact has it; and lines have numbers for it."""
    assert len(read_ones) > 20
    for trace in read_ones:
        journey = wired(trace)
        assert not journey.unmarked
        assert set(journey.words).isdisjoint(head_words(trace))
        assert len(set(journey.words)) == len(journey.words)
        for event, row in zip(trace.events, journey.lines, strict=True):
            assert isinstance(row[10], int), event.kind
            texts = [event.fields.get(place.name) for place in places_of(event.kind) or () if place.holds == TEXT]
            assert not [text for text in texts if text and len(text) >= SHORTEST and text in row[9]], row
            assert len(row[9]) < len(event.raw)
        there = {event.hash for event in trace.events}
        assert there.isdisjoint(one for hop in journey.hops for one in hop if isinstance(one, str))


def test_a_journey_is_half_of_its_events(read_ones: list[Trace]) -> None:
    """All that is saved: lines of a capture, with everything that belongs to them."""
    small = sum(len(msgspec.json.encode(journey_of(trace))) for trace in read_ones)
    large = sum(len(msgspec.json.encode((trace.events, trace.hops, trace.decided))) for trace in read_ones)
    assert small < 0.5 * large, (small, large)


def test_places_are_only_added() -> None:
    """Where this fails because a field or kind was added behind the others, add it to the file; otherwise what is stored is misread."""
    kept: dict[str, list[str]] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    kinds = [*FACTS, *{place.struct: None for kind in FACTS for place in places_of(kind) or () if place.struct}]
    assert {kind: [place.name for place in places_of(kind) or ()] for kind in kinds} == kept
    assert kinds[: len(FACTS)] == [kind for kind in kept if kind[0].islower()]


def test_what_a_newer_release_added_behind_is_left_out() -> None:
    """A field behind those that are known, and a kind that is not; what is known of the line is told."""
    trace = next(one for one in generate.traces(seed=3, count=20) if one.events and one.events[0].kind == "judged")
    journey = wired(trace)
    places = places_of("judged")
    assert places is not None
    row = journey.lines[0]
    journey.lines[0] = [*row[:10], row[10] | 1 << len(places), *row[11:], [7, {"newer": 1}]]
    head = msgspec.structs.replace(trace, events=[], hops=[], decided=None)
    put_into(head, journey)
    assert head == trace
    journey.lines[0][8] = 99
    put_into(head, journey)
    assert (head.events[0].kind, head.events[0].fields, head.events[0].raw) == ("99", {}, trace.events[0].raw)


@pytest.mark.parametrize(
    "damage",
    [
        lambda journey: msgspec.structs.replace(journey, form=FORM + 1),
        lambda journey: msgspec.structs.replace(journey, words=[]),
        lambda journey: msgspec.structs.replace(journey, lines=[[1, 2]]),
        lambda journey: msgspec.structs.replace(journey, decided=99),
        lambda journey: msgspec.structs.replace(journey, hops=[["x"]]),
    ],
)
def test_what_is_no_journey_is_told(damage: Any) -> None:
    """A newer form, or what somebody changed, is an error with the trace's id, and never half a journey."""
    trace = next(one for one in generate.traces(seed=3, count=20) if one.events and one.decided is None)
    with pytest.raises(msgspec.ValidationError, match=trace.id):
        put_into(msgspec.structs.replace(trace), damage(wired(trace)))
