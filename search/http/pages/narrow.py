"""From a value in a row to the search for only this, or not this: links that name the value, and the question that they come to.

A link holds the question as it is and beside it `only=sender:ann@example.org` or `not=...`. The server makes the one address of the
question that is meant: a criterion of its own where that is free, else a part of the question in the language.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import quote

from mappings.criteria import BY_WORD
from mappings.patterns import is_pattern
from search.engines import Value
from search.http.pages.question import ADD, NOT, ONLY, Items, changed
from search.narrowing import quoted, with_part
from search.query import CRITERIA, QueryError
from search.scope import Scope

#: A longer value is not asked for by a link.
_LONGEST: Final = 300


def linked(word: str, value: Value, scope: Scope) -> str:
    """What stands behind `only=` or `not=` for a value; empty where the reader cannot ask for it."""
    criterion = BY_WORD.get(word)
    if criterion is None or (criterion.private and scope.domains is not None):
        return ""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return "" if len(text) > _LONGEST else _quoted(word, text)


@lru_cache(maxsize=8_192)
def _quoted(word: str, text: str) -> str:
    """A word and a value as they stand in an address; in a list the same come again and again."""
    return quote(f"{word}:{text}", safe=":@") if text.isprintable() else ""


def narrowed(items: Items, given: Items) -> Items:
    """The (folded) parameters with what links ask for beside them; raises `QueryError` where one cannot be asked for."""
    for name, text in given:
        if name in (ONLY, NOT):
            word, _, value = text.partition(":")
            if word not in BY_WORD:
                raise QueryError(f"nothing can be asked of “{word[:60]}”", field=name)
            items = _only(items, word, value) if name == ONLY else _with(items, f"not {_part(word, value)}")
    return items


def _only(items: Items, word: str, value: str) -> Items:
    """The question for only this value."""
    asked = [one for name, one in items if name == word]
    literal = not is_pattern(value)
    if word in CRITERIA and literal and (not asked or value in asked or (not value and "<>" in asked)):
        return tuple(changed(items, {word: value or "<>"}))
    return _with(items, _part(word, value))


def _with(items: Items, part: str) -> Items:
    """The question with a part in the language beside it."""
    query = next((value for name, value in items if name == "query"), "")
    return tuple(changed(items, {"query": with_part(query, part)}))


def _part(word: str, value: str) -> str:
    """What asks for a value in the language."""
    return f"{word}: {quoted(value)}"


def added(items: Items, given: Items, columns: str) -> Items:
    """The parameters with a column more, where the form asks for one."""
    more = [value for name, value in given if name == ADD and value]
    return tuple(changed(items, {"columns": ",".join((columns, *more))})) if more else items
