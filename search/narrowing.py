"""From a value that was counted to the text of a question that asks for exactly its traces; and questions narrowed by one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Final

from msgspec.structs import replace

from mappings.criteria import BY_WORD, CRITERIA
from mappings.fields import BY_NAME, Kind
from mappings.patterns import is_pattern
from search.engines import Value
from search.language import parse
from search.language.tree import Node, all_of, some_of
from search.query import Query
from search.query_error import QueryError
from search.scope import Scope
from search.view import View

#: The word that looks at one field alone, where there is one; every field has its name in the store.
_ALONE: Final[Mapping[str, str]] = {one.over[0]: one.name for one in reversed(CRITERIA) if len(one.over) == 1}
#: What parts a question: words in quotes are passed over whole, and so is what a backslash stands before.
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|\\.|[()]|(?<![^\s()])(?:and|or|not)(?=[\s(]|$)', re.IGNORECASE | re.DOTALL)
_NOT: Final = re.compile(r"not(?=[\s(])", re.IGNORECASE).match


def word_of(field: str) -> str:
    """The word that asks for this field alone."""
    return _ALONE.get(field) or BY_NAME[field].store


def counted_as(field: str) -> str:
    """The word by which the values of a field are counted."""
    return next((one.name for one in CRITERIA if one.counted == field), BY_NAME[field].store)


def quoted(text: str) -> str:
    """A value in quotes, in which every character stands for itself."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def exactly(field: str, value: Value) -> str | None:
    """What asks for the traces that count under a value of a field; None where it cannot be asked for, as one with control characters."""
    word = word_of(field)
    if value is None:
        # Nought is a number that was told, and not what `*` means.
        measured = BY_NAME[field].kind in (Kind.INTEGER, Kind.FLOAT)
        return f"not ({word} >= 0 or {word} < 0)" if measured else f"not {word}: *"
    written = quoted(value) if isinstance(value, str) else str(value).lower()
    text = f"{word}: {written}"
    return text if _can_be_asked(text) else None


def both(first: str, second: str) -> str:
    """A question that two questions must fit."""
    return f"({first}) and {second}" if first.strip() else second


def parts_of(text: str) -> list[str]:
    """The parts of a question in the language of which all must fit, as they are written; one that cannot be parted is whole."""
    if not text.strip():
        return []
    pieces, begin, depth = [], 0, 0
    for found in _TOKEN.finditer(text):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth == 0 and found[0].lower() == "or":
            return [text.strip()]
        if depth == 0 and found[0].lower() == "and":
            pieces.append(text[begin : found.start()].strip())
            begin = found.end()
    pieces = [_without_brackets(piece) for piece in (*pieces, text[begin:].strip())]
    return pieces if all(map(_can_be_asked, pieces)) else [text.strip()]


def listed(word: str, values: Sequence[str]) -> str:
    """What asks for any of these values of a word, as a part of a question; empty where no language has it."""
    if not values or word not in BY_WORD or any(map(is_pattern, values)):
        return ""
    return f"{word}: {quoted(values[0])}" if len(values) == 1 else f"{word}: ({' or '.join(map(quoted, values))})"


def with_part(text: str, part: str) -> str:
    """The question that must fit this part as well; where it holds the opposite of it, the part takes its place."""
    kept = [one for one in parts_of(text) if one not in (part, opposite(part))]
    return joined([*kept, part])


def opposite(part: str) -> str:
    """What fits where a part does not."""
    if is_negated(part):
        return _without_brackets(part[3:].strip())
    return f"not {part if _is_one(part) else f'({part})'}"


def is_negated(part: str) -> bool:
    """Whether a part leaves out what fits something."""
    return _NOT(part) is not None


def joined(parts: Iterable[str]) -> str:
    """The question of which all these parts must fit."""
    listed = list(parts)
    return listed[0] if len(listed) == 1 else " and ".join(one if _is_one(one) else f"({one})" for one in listed)


def _is_one(part: str) -> bool:
    """Whether a part holds no `or`, `and` or `not` outside its brackets, or only the `not` that it begins with."""
    depth = 0
    for found in _TOKEN.finditer(part):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth == 0 and found.start() > 0 and found[0].lower() in ("or", "and", "not"):
            return False
    return True


def _without_brackets(part: str) -> str:
    """A part without brackets around all of it."""
    inner = part[1:-1]
    if not (part.startswith("(") and part.endswith(")")) or not _can_be_asked(inner):
        return part
    return inner.strip()


def _can_be_asked(text: str) -> bool:
    """Whether a text is a question in the language."""
    try:
        parse(text, now_ms=0, zone=UTC)
    except QueryError:
        return False
    return True


def with_values(query: Query, field: str, values: Iterable[Value]) -> Query:
    """The question for those of its traces that have one of these values; a few more may fit."""
    texts = (exactly(field, value) for value in values)
    return narrowed(query, some_of([parse(text, now_ms=0, zone=UTC) for text in texts if text is not None]))


def narrowed(query: Query, node: Node) -> Query:
    """The question for those of its traces that fit a tree as well."""
    return replace(query, query="", tree=all_of([node] if query.tree is None else [query.tree, node]))


def is_open(field: str) -> bool:
    """Whether who does not see all mail may ask for a field."""
    return not BY_WORD[BY_NAME[field].store].private


def readable(field: str, value: Value, scope: Scope) -> bool:
    """Whether a caller may read a value that was counted: of a trace that he sees he reads the addresses, as answers show them."""
    return not isinstance(value, str) or BY_NAME[field].kind is Kind.ADDRESS or View(scope).text(value) == value
