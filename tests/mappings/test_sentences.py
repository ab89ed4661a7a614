"""Sentences of facts: there is one for every closed word, and what a fact holds of people is told apart from its other texts."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, get_type_hints

import msgspec
import pytest

from mappings import log_words
from mappings.facts import FACTS, Fact, fact_of, fields_of, texts_of
from mappings.links import LINKS, How, Leads
from mappings.sentences import words_of

#: A value for each type that a field of a fact can have; texts are told apart by what stands before them.
_PLAIN: dict[Any, Any] = {int: 1, float: 1.5, bool: True}
_KINDS = list(FACTS.items())


def filled(kind: type[msgspec.Struct], before: str) -> dict[str, Any]:
    """Every field of a struct, each text another one."""
    hints = get_type_hints(kind)
    return {field.name: _value(hints[field.name], f"{before}{field.name}") for field in msgspec.structs.fields(kind)}


def _value(hint: Any, text: str) -> Any:
    """A value of a type; of several the first that is none of the plain ones."""
    options = [one for one in getattr(hint, "__args__", ()) if one is not type(None)]
    if getattr(hint, "__origin__", None) is list:
        return [_value(options[0], f"{text}.0"), _value(options[0], f"{text}.1")]
    if options:
        return _value(options[0], text)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return filled(hint, f"{text}.")
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return next(iter(hint)).value
    return _PLAIN.get(hint, text)


def texts(value: Any) -> Iterator[str]:
    """Every text in a plain value."""
    if isinstance(value, str):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(one)


@pytest.mark.parametrize(("name", "kind"), _KINDS, ids=[name for name, _ in _KINDS])
def test_every_text_of_a_fact_is_a_person_or_another_text(name: str, kind: type[Fact]) -> None:
    """Nothing in a fact is passed over when it is asked whom it names; a Message-ID is nobody's address."""
    fact = fact_of(name, filled(kind, ""))
    held = set(texts(fields_of(fact))) - {"message_id"}
    people, others = set(fact.people()), set(texts_of(fact))
    assert people | others == held
    assert not people & others


def of_words(name: str, kind: type[Fact]) -> Iterator[tuple[str, str, StrEnum]]:
    """The closed words that a kind of fact can hold: kind, field, word."""
    for field, hint in get_type_hints(kind).items():
        for one in (hint, *getattr(hint, "__args__", ())):
            if isinstance(one, type) and one.__module__ == log_words.__name__ and issubclass(one, StrEnum):
                yield from ((name, field, word) for word in one)


_WORDS = [found for name, kind in _KINDS for found in of_words(name, kind)]


@pytest.mark.parametrize("bare", [False, True], ids=["all that it can hold", "what it must hold"])
@pytest.mark.parametrize(("name", "field", "word"), _WORDS, ids=["-".join(one) for one in _WORDS])
def test_every_closed_word_has_its_sentence(name: str, field: str, word: StrEnum, bare: bool) -> None:
    """Whatever a line states, there is a sentence for it, of one line and without gaps."""
    kind = FACTS[name]
    needed = {one.name for one in msgspec.structs.fields(kind) if one.required}
    fields = {key: value for key, value in filled(kind, "").items() if not bare or key in needed} | {field: word.value}
    said = words_of(fact_of(name, fields))
    assert said
    assert "None" not in said
    assert "  " not in said
    assert "\n" not in said


@pytest.mark.parametrize("how", list(How))
def test_every_link_that_leads_to_a_hop_has_its_sentence(how: How) -> None:
    """A report says how a hop follows another one: what is named stands in the sentence."""
    kind = LINKS[how]
    told = kind.told.format(id="THE-ID", program="smtp")
    assert ("THE-ID" in told) is (kind.leads is not Leads.NOWHERE)
