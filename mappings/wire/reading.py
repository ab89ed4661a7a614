"""Reads a journey that came from the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from mappings.links import How
from mappings.trace import Event, HopLink, Trace
from mappings.wire.places import CLOSED, FORM, KINDS, MARK, PLAIN, STRUCT, TEXTS, FieldPlace, head_words, outline

_KINDS = {number: kind for kind, number in KINDS.items()}


class WiredJourney(msgspec.Struct):
    """A journey as `writing.journey_of` gives it."""

    #: Those that the head does not have; null is one.
    words: list[Any]
    lines: list[list[Any]]
    hops: list[list[Any]] = []
    decided: int | str | None = None
    #: The lines are as they were read: they have the mark in them.
    unmarked: bool = False
    form: int = FORM


def put_into(trace: Trace, journey: WiredJourney) -> None:
    """Put a journey into the trace whose head was beside it; raises `msgspec.ValidationError` where it is none."""
    if journey.form != FORM:
        raise msgspec.ValidationError(f"the journey of {trace.id} is of a newer release")
    try:
        words = [*dict.fromkeys(head_words(trace)), *journey.words]
        trace.events = _events(journey, words, trace.time_ms * 1000)
        trace.hops = [_hop(row, words, trace.events) for row in journey.hops]
        decided = journey.decided
        trace.decided = trace.events[decided].hash if isinstance(decided, int) else decided
    except (LookupError, TypeError, ValueError) as error:
        raise msgspec.ValidationError(f"the journey of {trace.id} is not as it was written: {error!r}") from error


def _events(journey: WiredJourney, words: Sequence[Any], time_us: int) -> list[Event]:
    """The events of a journey that begins at this time."""
    events: list[Event] = []
    for since_us, number, pid, digest, file, host, hop, program, known, line, mask, *values in journey.lines:
        time_us += since_us
        kind = known if isinstance(known, str) else _KINDS.get(known, str(known))
        fields = mask if isinstance(mask, dict) else _fields(kind, mask, values, words)
        raw = line if journey.unmarked else _unmarked(line, words, f"{words[program]}[{pid}]")
        ordinal, fine = divmod(number, 2)
        events.append(
            Event(time_us, bool(fine), words[host], words[program], pid, ordinal, digest, words[hop], kind, fields, raw, words[file])
        )
    return events


def _unmarked(line: str, words: Sequence[Any], speaker: str) -> str:
    """A line as it was read."""
    parts = line.split(MARK)
    parts[1::2] = [words[int(number)] if number else speaker for number in parts[1::2]]
    return "".join(parts)


def _fields(kind: str, mask: int, values: list[Any], words: Sequence[Any]) -> dict[str, Any]:
    """The fields of a fact or of a struct in it, of which a newer release may have more; of a kind that is not known none."""
    found = outline(kind, mask)
    places = () if found is None else found.places
    return {place.name: _value(place, value, words) for place, value in zip(places, values)}  # noqa: B905 - see above


def _value(place: FieldPlace, value: Any, words: Sequence[Any]) -> Any:
    """One value."""
    if place.holds <= CLOSED:
        return words[value]
    if place.holds == PLAIN:
        return value
    if place.holds == TEXTS:
        return [words[number] for number in value]
    if place.holds == STRUCT:
        return _fields(place.struct, value[0], value[1:], words)
    return [_fields(place.struct, one[0], one[1:], words) for one in value]


def _hop(row: list[Any], words: Sequence[Any], events: list[Event]) -> HopLink:
    """One hop."""
    name, follows, how, line, named, *same = row if len(row) > 1 else (*row, None, None, None, None)
    return HopLink(
        words[name],
        None if follows is None else words[follows],
        None if how is None else How(words[how]),
        events[line].hash if isinstance(line, int) else line,
        None if named is None else words[named],
        [words[one] for one in same],
    )
