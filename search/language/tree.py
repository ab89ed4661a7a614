"""A question as a tree: what engines compile, and what says itself in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from mappings.criteria import BARE, Compare, Criterion
from mappings.patterns import is_pattern
from search.query_error import QueryError
from search.scope import Scope


class Order(StrEnum):
    """How a number or a time is compared."""

    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


@dataclass(frozen=True, slots=True)
class Has:
    """A criterion has a value; `literal` is True where `*` and `?` in it stand for themselves."""

    criterion: Criterion
    value: str
    literal: bool = False


@dataclass(frozen=True, slots=True)
class Ordered:
    """A number, a time in milliseconds since 1970 UTC, or a flag (0 or 1) lies on this side of a bound."""

    criterion: Criterion
    order: Order
    bound: float


@dataclass(frozen=True, slots=True)
class Known:
    """A criterion has any value at all."""

    criterion: Criterion


@dataclass(frozen=True, slots=True)
class Bare:
    """A value without a name: it stands in one of the criteria that people mean (`mappings.criteria.BARE`)."""

    value: str
    literal: bool = False
    #: True of words in quotes: in a text they follow each other. Else any of them will do.
    phrase: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """What does not fit."""

    node: Node


@dataclass(frozen=True, slots=True)
class All:
    """Every one of them; of none that is everything."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of them; of none that is nothing."""

    nodes: tuple[Node, ...]


#: What engines compile without looking into it.
Leaf = Has | Ordered | Known
Node = Leaf | Bare | Not | All | Some

EVERYTHING = All(())


def all_of(nodes: list[Node]) -> Node:
    """Nodes of which every one must fit."""
    return nodes[0] if len(nodes) == 1 else All(tuple(nodes))


def some_of(nodes: list[Node]) -> Node:
    """Nodes of which one must fit."""
    return nodes[0] if len(nodes) == 1 else Some(tuple(nodes))


def any_word(criterion: Criterion, text: str, *, literal: bool) -> list[Node]:
    """The words of a text, of which one is enough; one that is cut (`bob@example.net`, `foo-bar`) is its pieces, one after the other."""
    return [Has(criterion, word, literal or not is_pattern(word)) for word in dict.fromkeys(text.split())]


def asked_by(node: Node, scope: Scope) -> Node:
    """The tree as a caller with this scope may ask it, with words that have no name brought to their criteria.

    What looks at words that may name others is an error for who does not see everything: whether it fits would tell what they say.
    """
    match node:
        case All(nodes):
            return All(tuple(asked_by(inner, scope) for inner in nodes))
        case Some(nodes):
            return Some(tuple(asked_by(inner, scope) for inner in nodes))
        case Not(inner):
            return Not(asked_by(inner, scope))
        case Bare():
            able = [criterion for criterion in BARE if scope.domains is None or not criterion.private]
            return Some(tuple(leaf for criterion in able for leaf in _looked_for(criterion, node)))
        case Has(criterion) | Ordered(criterion) | Known(criterion):
            if criterion.private and scope.domains is not None:
                raise QueryError(f"{criterion.called} can be asked only by who sees all mail", field="query", hint="leave it out")
            return node


def _looked_for(criterion: Criterion, bare: Bare) -> list[Node]:
    """A value without a name in one criterion."""
    if criterion.compare is Compare.TEXT and not bare.phrase:
        return any_word(criterion, bare.value, literal=bare.literal)
    return [Has(criterion, bare.value, bare.literal)]


def leaves(node: Node) -> Iterator[Leaf | Bare]:
    """Everything in a tree that is asked for by a value."""
    match node:
        case All(nodes) | Some(nodes):
            for inner in nodes:
                yield from leaves(inner)
        case Not(inner):
            yield from leaves(inner)
        case _:
            yield node
