"""How a question in the query language may go on: fields, closed words, values of the caller's own mail, `and` and `or`.

What is typed is seldom a whole question, so it is read by its tokens alone, up to the cursor, and never refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import msgspec
from msgspec.structs import replace

from mappings.criteria import BY_WORD, CRITERIA, Compare, Criterion
from search.engines import Engine
from search.language.syntax import LONGEST
from search.language.tree import Has, all_of
from search.narrowing import is_open, narrowed, quoted, readable
from search.query import Query
from search.query_error import QueryError
from search.scope import Scope
from search.values import checked_value

#: So many are offered.
MOST_COMPLETIONS: Final = 20
#: Values are looked for in the mail of the last week first, and in all of it where too few are there.
_LATEST_MS = 7 * 86_400_000
#: Of values whose case does not count; each is asked for by its beginning.
_BEGUN: Final = (Compare.ADDRESS, Compare.DOMAIN, Compare.FOLDED, Compare.EXACT, Compare.SERVER)
#: Values that nobody types: each is of one message.
_IDS: Final = frozenset({"id", "queue_ids"})
#: A word without a field may become one of these.
_MEANT: Final = ("envelope_sender", "final_recipient")
#: So much of a word without a field is typed before addresses are looked up.
_ENOUGH = 3
_JOINTS: Final = {"and": "Both must fit.", "or": "One of them must fit.", "not": "What must not fit."}
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"?|[():]|[<>]=?|(?:[^\s\\():<>"]|\\.?)+|\s+', re.DOTALL)
_PLAIN = re.compile(r"[^\s\\():<>\"{}*?]+").fullmatch


class Completion(msgspec.Struct, frozen=True, omit_defaults=True):
    """What may stand there."""

    #: What takes the place of the text between the answer's `begin` and `end`.
    text: str
    kind: Literal["field", "word", "value", "joint"]
    #: What it means.
    sentence: str = ""
    #: How many traces have the value.
    count: int | None = None


class Completions(msgspec.Struct, frozen=True):
    """What may stand at the cursor, and which part of the question it takes the place of."""

    begin: int
    end: int
    options: list[Completion]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the cursor stands: in which word, and after what."""

    begin: int
    #: The word so far, as it is written.
    word: str
    #: The criterion whose value is being written.
    criterion: Criterion | None
    #: True behind a whole value, where the question goes on with `and` or `or`.
    behind: bool


def complete(engine: Engine, text: str, at: int | None, scope: Scope, now_ms: int) -> Completions:
    """What may stand at a place of a question; `at` counts characters from 0, and is its end where it is not given."""
    if len(text) > LONGEST:
        raise QueryError(f"a question of {len(text)} characters is too long", field="q", position=LONGEST, hint=f"at most {LONGEST}")
    end = len(text) if at is None else min(at, len(text))
    place = _place(text[:end])
    options = {one.text: one for one in _Options(engine, scope, now_ms).at(place)}
    return Completions(place.begin, end, list(options.values())[:MOST_COMPLETIONS])


def _place(text: str) -> _Place:
    """Where the end of this text stands."""
    lists: list[Criterion | None] = []
    name: str | None = None
    criterion: Criterion | None = None
    behind = False
    word, begin = "", len(text)
    for found in _PIECE.finditer(text):
        piece = found[0]
        word, begin = ("", found.end()) if piece.isspace() or piece in "():" or piece[0] in "<>" else (piece, found.start())
        if piece.isspace():
            continue
        if piece == ":" or piece[0] in "<>":
            criterion, behind = _named(name), False
        elif piece == "(":
            lists.append(criterion)
            behind = False
        elif piece == ")":
            criterion, behind = None, True
            lists = lists[:-1]
        elif piece.lower() in _JOINTS and found.end() < len(text):
            criterion, behind = lists[-1] if lists else None, False
        elif found.end() < len(text):
            # A whole word: a value, or the name that a colon makes of it.
            name, behind = piece, True
    return _Place(begin, word, criterion, behind)


def _named(name: str | None) -> Criterion | None:
    """The criterion of a name."""
    return None if name is None else BY_WORD.get(name) or BY_WORD.get(name.lower().replace("-", "_"))


@dataclass(frozen=True, slots=True)
class _Options:
    """What is offered to a caller."""

    engine: Engine
    scope: Scope
    now_ms: int

    def at(self, place: _Place) -> Iterator[Completion]:
        """What may stand at a place."""
        typed = place.word.lower()
        if place.behind:
            yield from _joints(("and", "or"), typed)
            return
        if place.criterion is not None:
            yield from self._values(place.criterion, place.word)
            return
        yield from self._fields(typed)
        yield from _joints(("not",), typed)
        if len(typed) >= _ENOUGH:
            for name in _MEANT:
                yield from self._values(BY_WORD[name], place.word)

    def _fields(self, typed: str) -> Iterator[Completion]:
        """The criteria whose name, or another word for it, begins so; by their own name first."""
        able = [one for one in CRITERIA if self.scope.domains is None or not one.private]
        named = [(one.name, one) for one in able] + [(word, one) for one in able for word in one.words if typed]
        given: set[str] = set()
        for word, one in named:
            if word.startswith(typed.replace("-", "_")) and one.name not in given:
                given.add(one.name)
                ordered = one.compare in (Compare.NUMBER, Compare.TIME)
                yield Completion(f"{word} > " if ordered else f"{word}: ", "field", one.sentence)

    def _values(self, criterion: Criterion, written: str) -> Iterator[Completion]:
        """The values of a criterion that begin so, the most frequent first; of a closed list all of them."""
        typed = _unquoted(written).lower()
        if criterion.closed is not None:
            for member in criterion.closed:
                if member.value.startswith(typed.replace("-", "_")):
                    yield Completion(member.value, "word", getattr(member, "sentence", ""))
            return
        if criterion.compare is Compare.FLAG:
            yield from (Completion(word, "word") for word in ("true", "false") if word.startswith(typed))
            return
        field = criterion.counted
        hidden = self.scope.domains is not None and (criterion.private or field is None or not is_open(field))
        if not typed or hidden or field is None or field in _IDS or criterion.compare not in _BEGUN:
            return
        for value, number in self._found(criterion, field, typed):
            yield Completion(_written(value), "value", count=number)

    def _found(self, criterion: Criterion, field: str, typed: str) -> Iterable[tuple[str, int]]:
        """The values of a field that begin so, with their numbers, the most frequent first."""
        try:
            begun = Has(criterion, checked_value(criterion, f"{typed}*"))
        except QueryError:
            return ()
        found: dict[str, int] = {}
        for since_ms in (self.now_ms - _LATEST_MS, None):
            query = replace(narrowed(Query(), all_of([begun])), since_ms=since_ms)
            tally = self.engine.tally(query, self.scope, [field])
            found = {
                value: number
                for (value,), number in tally.items()
                if isinstance(value, str) and value.isprintable() and value.lower().startswith(typed) and readable(field, value, self.scope)
            }
            if len(found) >= MOST_COMPLETIONS:
                break
        return sorted(found.items(), key=lambda item: (-item[1], item[0]))[:MOST_COMPLETIONS]


def _joints(words: Iterable[str], typed: str) -> Iterator[Completion]:
    """The words between conditions."""
    return (Completion(f"{word} ", "joint", _JOINTS[word]) for word in words if word.startswith(typed))


def _unquoted(written: str) -> str:
    """A value that may stand in quotes, of which the second is not there yet."""
    inner = written[1:].removesuffix('"') if written.startswith('"') else written
    return re.sub(r"\\(.)", r"\1", inner, flags=re.DOTALL)


def _written(value: str) -> str:
    """A value as it stands in a question: in quotes where a character of it would mean something else."""
    return value if _PLAIN(value) and value.lower() not in _JOINTS else quoted(value)
