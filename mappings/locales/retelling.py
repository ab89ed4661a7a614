"""Sentences of the service in another language.

Warnings, how reading stands and the steps of a timeline come in English, as programs and logs have them. Here the phrases are found
again that such a sentence was made of, by what stands between their places; what is none of ours is left as it is.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from mappings.locales.writing import pieces_of

#: Places that hold phrases of ours again, or a number; what stands in others is somebody's value.
_OURS: Final = frozenset({"words", "more", "length", "points"})
#: Places that hold whole numbers, and numbers.
_WHOLE: Final = frozenset({"count", "number", "total"})
_NUMBERS: Final = frozenset({"score", "required"})
_NUMBER: Final = re.compile(r"-?[0-9][0-9,.]*(?:e[-+][0-9]+)?")
#: A longer sentence is none of ours.
_LONGEST: Final = 4_000
#: Between what may be said one after another.
_SEPARATORS: Final = (". ", "; ", ", ")
_MOST_PARTS: Final = 20
#: A sentence stands in another one, and that again.
_DEEPEST: Final = 6

#: Says a phrase with its values.
Say = Callable[..., str]
#: A phrase, and what stands in its places.
_Fitting = tuple[str, tuple[tuple[str, str], ...]]
_Matches = Callable[[str], re.Match[str] | None]


class Retelling:
    """The phrases in which sentences come, by which they are found again."""

    def __init__(self, parts: Mapping[str, Mapping[str, str]]) -> None:
        #: The phrases without places, and those with them by their first word.
        self._plain: set[str] = set()
        self._patterns: dict[str, list[tuple[str, _Matches]]] = defaultdict(list)
        for section, phrase, text in [(*key.partition(".")[::2], text) for key, texts in parts.items() for text in texts.values()]:
            pieces = pieces_of(text)
            if len(pieces) == 1 and section in ("words", "told"):
                self._plain.add(text)
            elif section == "told":
                first, blank, _ = pieces[0].partition(" ")
                self._patterns[first if blank else ""].append((phrase, re.compile(_pattern(pieces), re.DOTALL).fullmatch))
        #: The same sentences come again and again.
        self._known_fitting = lru_cache(maxsize=2_048)(self._fitting)

    def retold(self, sentence: str, say: Say) -> str:
        """The sentence as `say` says it: whole, or its parts; what is none of ours as it is."""
        return self._told(sentence, say, _DEEPEST) or sentence

    def _told(self, sentence: str, say: Say, depth: int) -> str | None:
        """The sentence, where at least its beginning is ours; what stands in it is looked at so many sentences deep."""
        if not depth:
            return None
        if (whole := self._one(sentence, say, depth)) is not None:
            return whole
        if sentence.endswith("."):
            bare = self._told(sentence[:-1], say, depth - 1)
            return None if bare is None else f"{bare}."
        # What stands behind a colon is mostly somebody's.
        head, colon, tail = sentence.partition(": ")
        if colon and (said := self._one(head, say, depth)) is not None:
            return str(say("{words}: {text}", words=said, text=self._told(tail, say, depth - 1) or tail))
        for separator in _SEPARATORS:
            parts = sentence.split(separator)
            if 1 < len(parts) <= _MOST_PARTS:
                said_parts = [self._one(part, say, depth) for part in parts]
                if None not in said_parts:
                    return separator.join(map(str, said_parts))
        return None

    def _one(self, sentence: str, say: Say, depth: int) -> str | None:
        """One phrase, the first of those that fit."""
        for phrase, values in self._known_fitting(sentence):
            said = {name: self._value(name, text, say, depth) for name, text in values}
            if None not in said.values():
                return say(phrase, **said)
        return None

    def _value(self, name: str, text: str, say: Say, depth: int) -> str | float | None:
        """What stands in a place; None where it cannot stand there."""
        if name in _WHOLE:
            return int(text.replace(",", ""))
        if name in _NUMBERS:
            return float(text.replace(",", ""))
        if name not in _OURS:
            return text
        if _NUMBER.fullmatch(text):
            return float(text)
        # A sentence within another one begins with a small letter.
        return self._told(text, say, depth - 1) or self._told(text[:1].upper() + text[1:], say, depth - 1)

    def _fitting(self, sentence: str) -> tuple[_Fitting, ...]:
        """The phrases that a sentence may be made of, and what stands in their places."""
        if len(sentence) > _LONGEST:
            return ()
        if sentence in self._plain:
            return ((sentence, ()),)
        beginnings = (sentence.partition(" ")[0], "")
        able = sorted((one for beginning in beginnings for one in self._patterns.get(beginning, ())), key=lambda one: -len(one[0]))
        found = ((phrase, matches(sentence)) for phrase, matches in able)
        # The longest say most, and come first.
        return tuple((phrase, tuple(one.groupdict().items())) for phrase, one in found if one)


def _pattern(pieces: tuple[str, ...]) -> str:
    """What a phrase looks like. Each place ends where the words behind it come first, and that is not looked at again: no text is slow."""
    pattern = re.escape(pieces[0])
    for number in range(1, len(pieces), 2):
        name, behind, last = pieces[number], pieces[number + 1], number + 2 == len(pieces)
        inner = _NUMBER.pattern if name in _WHOLE | _NUMBERS else ".+" if last and not behind else ".+?"
        end = r"\Z" if last else ""
        pattern += f"(?>(?P<{name}>{inner}){re.escape(behind)}{end})"
    return pattern
