"""From text to syntax: the grammar, and errors that say where, and what was expected.

The literals keep what only the text tells: whether a value stood in quotes, and which of its stars are wildcards.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from search.query_error import QueryError

#: The name of the language's parameter, which errors name.
FIELD = "query"
#: A question has at most so many characters; a pasted list of addresses fits.
LONGEST = 8_000
#: `not` of `or` of `and` ..., at most.
DEEPEST = 40

#: What a backslash may stand before; before anything else it is itself, as in a Windows name (`EXAMPLE\\ann`).
_ESCAPED = re.compile(r"\\(u[0-9A-Fa-f]{4}|(?i:or|and|not)|[trn\\():<>\"*{}])")
_QUOTED_ESCAPED = re.compile(r"\\(u[0-9A-Fa-f]{4}|[trn\\\"])")
_BLANKS = {"t": "\t", "r": "\r", "n": "\n"}
_EXPECTED = {
    "LPAR": "a bracket",
    "RPAR": "a closing bracket",
    "COLON": "a colon",
    "ORDER": "<, <=, > or >=",
    "_OR": "or",
    "_AND": "and",
    "_NOT": "not",
    "QUOTED": "a value",
    "WORDS": "a value",
}


@dataclass(frozen=True, slots=True)
class Literal:
    """A name or a value as it was written, without its escapes."""

    text: str
    #: Where it begins.
    position: int
    quoted: bool
    #: True where a star in it is a wildcard.
    wild: bool

    @property
    def is_star(self) -> bool:
        """Whether it is a wildcard and nothing else."""
        return self.wild and not self.text.strip("*")


def syntax_of(text: str) -> Tree[Any]:
    """The syntax of a question; raises `QueryError` with position and hint where it has none."""
    if len(text) > LONGEST:
        raise QueryError(f"a question of {len(text)} characters is too long", field=FIELD, position=LONGEST, hint=f"at most {LONGEST}")
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise _refused(error, text) from None
    _not_too_deep(tree)
    return tree


def literal_of(tree: Tree[Any]) -> Literal:
    """A literal with its escapes taken off."""
    token = cast("Token", tree.children[0])
    position = token.start_pos or 0
    raw = str(token)
    if token.type == "QUOTED":
        return Literal(_QUOTED_ESCAPED.sub(_unescaped, raw[1:-1]), position, quoted=True, wild=False)
    plain = _ESCAPED.sub(_unescaped, raw)
    bare = _ESCAPED.sub("", raw)
    wild = "*" in bare
    if wild and plain.count("*") > bare.count("*"):
        raise QueryError(
            "a * that is meant as itself cannot stand beside one that is a wildcard",
            field=FIELD,
            position=position,
            hint="use ? for the one that is meant as itself",
        )
    return Literal(plain, position, quoted=False, wild=wild)


def _unescaped(found: re.Match[str]) -> str:
    """What an escape stands for."""
    what = found[1]
    return chr(int(what[1:], 16)) if len(what) == 5 else _BLANKS.get(what, what)


@cache
def _parser() -> Lark:
    """The parser; it is made when the first question comes."""
    return Lark.open_from_package(__package__, "kql.lark", parser="lalr", lexer="contextual", propagate_positions=True)


def _not_too_deep(tree: Tree[Any]) -> None:
    """Refuse what lies in one another without end, before anything walks down it."""
    level, depth = [tree], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise QueryError("too much lies in one another", field=FIELD, position=level[0].meta.start_pos, hint=f"at most {DEEPEST} deep")
        level = [child for one in level for child in one.children if isinstance(child, Tree)]


def _refused(error: UnexpectedInput, text: str) -> QueryError:
    """What is wrong at which character, and what could stand there."""
    expected: set[str] = set()
    position = len(text)
    if isinstance(error, UnexpectedToken):
        expected = set(error.accepts or error.expected)
        position = len(text) if error.token.type == "$END" else error.token.start_pos or 0
    elif isinstance(error, UnexpectedCharacters):
        expected = set(error.allowed or ())
        position = cast("int", error.pos_in_stream)
    words = list(dict.fromkeys(_EXPECTED[name] for name in _EXPECTED if name in expected))
    hint = f"expected {' or '.join(filter(None, [', '.join(words[:-1]), words[-1]]))}" if words else None
    if position >= len(text):
        return QueryError("the question ends too early", field=FIELD, position=position, hint=hint)
    found = text[position]
    if found == '"' and not isinstance(error, UnexpectedToken):
        return QueryError("a quotation mark is not closed", field=FIELD, position=position, hint='close it with "')
    if found == ":" and "COLON" not in expected:
        hint = "put a value that holds a colon in quotes"
    if found == ")" and "RPAR" not in expected and not words:
        hint = "there is no bracket that it closes"
    if found == "\\":
        hint = "write it twice where it is meant as itself"
    if found in "{}":
        hint = "no field is nested; put a value that holds { or } in quotes"
    if found in "<>" and "ORDER" not in expected:
        hint = "put a value that holds < or > in quotes"
    return QueryError(f"“{found}” cannot stand here", field=FIELD, position=position, hint=hint)
