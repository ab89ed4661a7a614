"""From syntax to a tree: names become criteria, values are checked, and times are those of the caller's clock and zone."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from datetime import tzinfo
from fnmatch import fnmatchcase
from typing import Any

from lark import Tree

from mappings import patterns
from mappings.criteria import BARE, BY_WORD, CRITERIA, Compare, Criterion
from search.language.moments import stretch
from search.language.syntax import FIELD, Literal, literal_of, syntax_of
from search.language.tree import EVERYTHING, Bare, Has, Known, Node, Not, Order, Ordered, Some, all_of, any_word, some_of
from search.query_error import QueryError, nearest
from search.values import checked_value

#: A question takes at most so many values; each is looked for on its own.
MOST_VALUES = 500

_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?").fullmatch
_FLAGS = {"true": 1, "yes": 1, "false": 0, "no": 0}


def parse(text: str, *, now_ms: int, zone: tzinfo) -> Node:
    """The tree of a question; none is everything. A bad one raises `QueryError` with the position in the text."""
    tree = syntax_of(text)
    return _Reader(now_ms, zone).node(tree.children[0]) if tree.children else EVERYTHING


class _Reader:
    """Reads one question."""

    def __init__(self, now_ms: int, zone: tzinfo) -> None:
        self._now_ms = now_ms
        self._zone = zone
        self._left = MOST_VALUES

    def node(self, tree: Tree[Any]) -> Node:
        """A question or a part of it."""
        match tree.data:
            case "some":
                return some_of([self.node(child) for child in tree.children])
            case "all":
                return all_of([self.node(child) for child in tree.children])
            case "no":
                return Not(self.node(tree.children[0]))
            case "has":
                named = list(_named(literal_of(tree.children[0])))
                return self._values(tree.children[1], lambda value: self._in_one_of(named, value))
            case "ordered":
                return self._ordered(tree)
            case _:
                return self._bare(literal_of(tree.children[0]))

    def _in_one_of(self, named: list[Criterion], value: Literal) -> Node:
        """A value in one of these criteria; those that can have no such value are left out, where others can."""
        found, refused = [], None
        for criterion in named:
            try:
                found.append(self._has(criterion, value))
            except QueryError as error:
                refused = error
        if refused is not None and not found:
            raise refused
        return some_of(found)

    def _values(self, tree: Tree[Any], one: Callable[[Literal], Node]) -> Node:
        """A value, or a list of them with and, or and not."""
        match tree.data:
            case "any_of":
                return some_of([self._values(child, one) for child in tree.children])
            case "all_of":
                return all_of([self._values(child, one) for child in tree.children])
            case "no":
                return Not(self._values(tree.children[0], one))
            case _:
                return one(literal_of(tree))

    def _bare(self, value: Literal) -> Node:
        """A value without a name."""
        if value.is_star:
            return EVERYTHING
        self._count(value)
        for criterion in BARE:
            _checked(criterion, value, named=False)
        words = len(value.text.split())
        self._count(value, words - 1)
        return Bare(value.text.strip(), literal=not value.wild, phrase=value.quoted and words > 1)

    def _ordered(self, tree: Tree[Any]) -> Node:
        """A number or a time on one side of a bound."""
        name, order, value = literal_of(tree.children[0]), Order(str(tree.children[1])), literal_of(tree.children[2])
        named = [criterion for criterion in _named(name) if criterion.compare in (Compare.NUMBER, Compare.TIME)]
        if not named:
            raise QueryError(
                f"{name.text} is neither a number nor a time", field=FIELD, position=name.position, hint=f"ask with {name.text}:"
            )
        return some_of([self._beside(criterion, order, value) for criterion in named])

    def _beside(self, criterion: Criterion, order: Order, value: Literal) -> Node:
        """One criterion beside a bound."""
        if criterion.compare is Compare.NUMBER:
            return Ordered(criterion, order, _number(value))
        first, behind = self._stretch(value)
        match order:
            case Order.LESS | Order.AT_LEAST:
                return Ordered(criterion, order, first)
            case Order.AT_MOST:
                return Ordered(criterion, Order.LESS, behind)
            case Order.MORE:
                return Ordered(criterion, Order.AT_LEAST, behind)

    def _stretch(self, value: Literal) -> tuple[int, int]:
        """The stretch of time that a value names."""
        return stretch(value.text, self._now_ms, self._zone, field=FIELD, position=value.position)

    def _count(self, value: Literal, number: int = 1) -> None:
        """So many values more."""
        self._left -= number
        if self._left < 0:
            raise QueryError(f"more than {MOST_VALUES} values", field=FIELD, position=value.position, hint="ask in several steps")

    def _has(self, criterion: Criterion, value: Literal) -> Node:
        """A criterion with a value."""
        self._count(value)
        if value.is_star:
            return Known(criterion)
        match criterion.compare:
            case Compare.NUMBER:
                number = _number(value)
                return all_of([Ordered(criterion, Order.AT_LEAST, number), Ordered(criterion, Order.AT_MOST, number)])
            case Compare.TIME:
                first, behind = self._stretch(value)
                return all_of([Ordered(criterion, Order.AT_LEAST, first), Ordered(criterion, Order.LESS, behind)])
            case Compare.FLAG:
                return _flag(criterion, value)
            case Compare.WORD if value.wild:
                return _words_like(criterion, value)
            case Compare.TEXT if not value.quoted:
                words = any_word(criterion, _checked(criterion, value), literal=not value.wild)
                self._count(value, len(words) - 1)
                return some_of(words)
        # One character alone is a wildcard only beside a star: in Kibana's language it is none.
        return Has(criterion, _checked(criterion, value), literal=not value.wild)


def _named(name: Literal) -> Iterator[Criterion]:
    """The criteria that a name stands for: one, or with a wildcard several."""
    word = name.text.strip().lower().replace("-", "_")
    exact = BY_WORD.get(name.text) or BY_WORD.get(word)
    if exact is not None and not name.wild:
        yield exact
        return
    found = {criterion.over: criterion for known, criterion in BY_WORD.items() if name.wild and fnmatchcase(known.lower(), word)}
    if not found:
        hint = nearest(name.text, BY_WORD) or "the words are " + ", ".join(criterion.name for criterion in CRITERIA)
        blank = name.text.rpartition(" ")
        if blank[1] and blank[2] in BY_WORD:
            hint = f"write and or or before {blank[2]}"
        raise QueryError(f"there is nothing called “{name.text[:60]}”", field=FIELD, position=name.position, hint=hint)
    yield from found.values()


def _checked(criterion: Criterion, value: Literal, *, named: bool = True) -> str:
    """A value in its plain form; what is wrong with it is told at its place in the question."""
    try:
        return checked_value(criterion, value.text, wild=value.wild)
    except QueryError as error:
        name = f"{criterion.name}: " if named else ""
        raise QueryError(f"{name}{error.message}", field=FIELD, position=value.position, hint=error.hint) from error


def _number(value: Literal) -> float:
    """A number."""
    found = _NUMBER(value.text.strip())
    number = float(found[0]) if found else math.nan
    if not math.isfinite(number):
        hint = "compare numbers with <, <=, > or >=" if value.wild else "write it as 1000000 or 7.5"
        raise QueryError(f"“{value.text[:60]}” is not a number", field=FIELD, position=value.position, hint=hint)
    return number


def _flag(criterion: Criterion, value: Literal) -> Node:
    """Yes or no."""
    flag = _FLAGS.get(value.text.strip().lower())
    if flag is None:
        raise QueryError(f"“{value.text[:60]}” is neither true nor false", field=FIELD, position=value.position)
    return Ordered(criterion, Order.AT_LEAST if flag else Order.AT_MOST, flag)


def _words_like(criterion: Criterion, value: Literal) -> Node:
    """The words of a closed list that a pattern fits."""
    fits = patterns.expression(value.text.strip().lower().replace("-", "_")).fullmatch
    return Some(tuple(Has(criterion, member.value) for member in criterion.closed or () if fits(member.value)))
