"""What the packed part of a row says, as one text: most rows that do not fit are told by it, and are not unpacked again.

Whatever fits a value holds it, or one of its words, without case. So texts that hold none are passed by; the others are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mappings.criteria import Compare
from mappings.embedded.columnar import HEAD
from mappings.fields import BY_NAME, Kind
from mappings.patterns import UNKNOWN_CHARACTER, Form, asked_exact, asked_folded, asked_words
from search.language.tree import Has, Leaf

#: The fields whose values are texts, as they stand in the packed part.
_TEXTS = tuple(name for name in HEAD if BY_NAME[name].kind in (Kind.FOLDED, Kind.KEYWORD, Kind.TEXT, Kind.WORD))
_BETWEEN = "\n"
#: The one letter whose lower case depends on what stands beside it: a text that has it is not cut as its words are.
_CAPITAL_SIGMA = "\N{GREEK CAPITAL LETTER SIGMA}"


def needles(leaves: Iterable[Leaf]) -> tuple[str, ...] | None:
    """Pieces of which one stands in the text of each row that fits one of these; None where that cannot be said."""
    found: list[str] = []
    for leaf in leaves:
        pieces = _pieces(leaf)
        if pieces is None:
            return None
        found += pieces
    return tuple(dict.fromkeys(found))


def text_of(told: Any) -> str | None:
    """The texts of a row without case; None where they are not to be searched for pieces."""
    values: list[str] = []
    for name in _TEXTS:
        value = getattr(told, name)
        if value:
            values += value if isinstance(value, list) else (value,)
    text = _BETWEEN.join(values)
    return None if _CAPITAL_SIGMA in text else text.lower()


def _pieces(leaf: Leaf) -> Sequence[str] | None:
    """The same of one leaf."""
    if not isinstance(leaf, Has) or not set(leaf.criterion.over) <= set(_TEXTS):
        return None
    wild = not leaf.literal
    match leaf.criterion.compare:
        case Compare.TEXT:
            asked = asked_words(leaf.value, wild=wild)
            pieces: Sequence[str] | None = None if asked.patterns else asked.words[:1] if asked.phrase else asked.words
        case Compare.FOLDED:
            folded = asked_folded(leaf.value, wild=wild)
            pieces = None if folded.form is Form.PATTERN else [folded.value]
        case Compare.EXACT:
            exact = asked_exact(leaf.value, wild=wild)
            pieces = None if exact.form is Form.PATTERN else [exact.value.lower()]
        case Compare.WORD:
            pieces = [leaf.value.lower()]
        case _:
            pieces = None
    return pieces if pieces is not None and not any(UNKNOWN_CHARACTER in one for one in pieces) else None
