"""Where each thing stands in a journey on the wire: the columns of a row, the words of the head, and the places of a fact's fields.

All three are contracts with what is stored: places are only ever added behind the others (`tests/mappings/wire_places.json`), and what
changes otherwise is a new `FORM`.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum
from functools import cache
from typing import Any, Final, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from mappings.facts import FACTS
from mappings.trace import Trace

#: How what is written here is to be read; another one is of a newer release.
FORM: Final = 1
#: What stands around the number of a word in a line.
MARK: Final = "`"
#: Shorter words stay in the line: the number and its marks would not be shorter. And no number between marks is as long.
SHORTEST: Final = 8
#: So many characters of a stamp are its second, and so many more a fraction of it: lines of one journey have the first in common.
SECOND, FRACTION = 20, 26

#: The numbers of kinds; one that is not among them stands under its name.
KINDS: Final = {kind: number for number, kind in enumerate(FACTS)}
#: What a field can hold: a text of any kind, one of a closed set of words, texts, another struct, structs; or what is written as it is.
TEXT, CLOSED, TEXTS, STRUCT, STRUCTS, PLAIN = range(6)


class FieldPlace(NamedTuple):
    """One field of a fact, or of a struct in it."""

    name: str
    #: `TEXT` and so on.
    holds: int
    #: The struct or structs that it holds.
    struct: str = ""


class Outline(NamedTuple):
    """Which fields of a kind are there."""

    #: A bit for each place, the first one the lowest.
    mask: int
    places: tuple[FieldPlace, ...]


def head_words(trace: Trace) -> list[str | None]:
    """The texts of a head that its lines name again, in the order of their numbers; a text that came before has its first number.

    None is among them like a word. Closed words are not: another release may read them as others.
    """
    return [
        *(trace.host, *trace.queue_ids, trace.message_id, trace.sender, trace.recipient, trace.client_name, trace.client_ip),
        *(*trace.keys, trace.enhanced_code, trace.reply_text, trace.reply_by, trace.relay, trace.relay_host, trace.relay_ip),
        *(*trace.next_ids, trace.tls, trace.original_recipient, trace.header_from, trace.subject),
        *(trace.client_helo, trace.authenticated_as, trace.detail, trace.quarantine_id),
    ]


@cache
def places_of(kind: str) -> tuple[FieldPlace, ...] | None:
    """The places of a kind of facts, or of a struct in facts; None for a kind that is not known."""
    model = _MODELS.get(kind)
    if model is None:
        return None
    hints = get_type_hints(model)
    return tuple(FieldPlace(name, *_held(hints[name])) for name in model.__struct_fields__)


@cache
def outline(kind: str, mask: int) -> Outline | None:
    """The fields that a mask names, without those that a newer release has added; None for a kind that is not known."""
    places = places_of(kind)
    return None if places is None else Outline(mask, tuple(one for number, one in enumerate(places) if mask >> number & 1))


def outline_of(kind: str, names: Collection[str]) -> Outline | None:
    """The outline of these fields; None where one is not known."""
    numbers = {one.name: number for number, one in enumerate(places_of(kind) or ())}
    return outline(kind, sum(1 << numbers[name] for name in names)) if numbers.keys() >= set(names) else None


def _structs_in(model: type[msgspec.Struct]) -> dict[str, type[msgspec.Struct]]:
    """The structs that a fact's fields hold, by their names."""
    found: dict[str, type[msgspec.Struct]] = {}
    for hint in get_type_hints(model).values():
        for one in (hint, *get_args(hint), *(inner for outer in get_args(hint) for inner in get_args(outer))):
            if isinstance(one, type) and issubclass(one, msgspec.Struct):
                found |= {one.__name__: one, **_structs_in(one)}
    return found


def _held(hint: Any) -> tuple[int, str]:
    """What a field of this type holds."""
    hints = [one for one in get_args(hint) if one is not type(None)] if _is_union(hint) else [hint]
    if len(hints) != 1:
        return PLAIN, ""
    (one,) = hints
    many = get_origin(one) is list
    if many:
        (one,) = get_args(one)
    if not isinstance(one, type):
        return PLAIN, ""
    if issubclass(one, msgspec.Struct):
        return (STRUCTS if many else STRUCT), one.__name__
    if issubclass(one, str):
        return (TEXTS if many else CLOSED if issubclass(one, Enum) else TEXT), ""
    return PLAIN, ""


def _is_union(hint: Any) -> bool:
    """Whether a type is one of several."""
    return get_origin(hint) is Union or type(hint).__name__ == "UnionType"


_MODELS: dict[str, type[msgspec.Struct]] = {**FACTS}
for _fact in FACTS.values():
    _MODELS |= _structs_in(_fact)
