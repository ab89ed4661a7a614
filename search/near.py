"""What somebody may have meant who asked for an address or a domain of which there is no mail: near ones that there are, with how much.

Candidates come from rows that the caller may see and from nowhere else: the newest, and those that begin like what was asked or share a
part of it. How many rows are looked at is bounded, however large the store is; what is in neither is not offered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from msgspec.structs import replace

from mappings import patterns
from mappings.address import fold
from mappings.criteria import BY_CRITERION, Compare
from mappings.patterns import Form
from search.answers import NearValue
from search.engines import Engine
from search.language.tree import All, Bare, Has, Node
from search.query import Query
from search.query_error import QueryError
from search.scope import Scope
from search.values import LONGEST_VALUE

#: So many values are offered, and so many are asked about.
_MOST = 3
#: Rows that are looked at for each way in which candidates are found, and the newest of all.
_ROWS, _NEWEST = 300, 500
#: So many candidates are tried with the whole question.
_TRIED = 8
_FIELDS = ("sender", "recipient", "address", "domain")


@dataclass(frozen=True, slots=True)
class _Slip:
    """A value that was asked for, and where it stands in the question: in a criterion, or as a leaf of the tree."""

    name: str
    value: str
    leaf: Has | Bare | None = None


def near_values(query: Query, engine: Engine, scope: Scope) -> list[NearValue]:
    """What there is in place of values of which there is nothing, the nearest first; each is tried with the caller's own scope."""
    found: list[NearValue] = []
    unknown = (slip for slip in _slips(query) if not engine.newest(_alone(slip), scope, 1))
    for slip in islice(unknown, _MOST):
        asked = fold(slip.value.removeprefix("@").strip("<>"))
        near = {value: far for value in _candidates(slip, engine, scope) if (far := distance(asked, value)) is not None}
        tried = sorted(near, key=lambda value: (near[value], value))[:_TRIED]
        counted = ((value, engine.search(_instead(query, slip, value), scope, limit=1).total) for value in tried)
        found += islice((NearValue(slip.name, slip.value, value, total) for value, total in counted if total.value), _MOST)
    return found


def distance(asked: str, value: str) -> int | None:
    """How far two folded addresses or domains are apart; None where nobody would take one for the other.

    One slip in a short one, two in a longer one: a letter more, less, other, or two exchanged. Labels in another order are one slip. The
    same local part in another domain is the farthest that is offered.
    """
    if asked == value:
        return None
    (local, at, domain), (other_local, other_at, other_domain) = asked.rpartition("@"), value.rpartition("@")
    if sorted(domain.split(".")) == sorted(other_domain.split(".")) and local == other_local and "." in domain:
        return 1
    most = 1 if len(asked) < 6 else 2
    slips = _slips_between(asked, value, most)
    if slips is not None:
        return slips
    return 3 if at and other_at and local == other_local else None


def _slips_between(one: str, other: str, most: int) -> int | None:
    """Letters more, less, other, or exchanged with the next; None where there are more than `most`."""
    # Each slip changes at most two of the letters that there are; that tells most apart at once.
    if abs(len(one) - len(other)) > most or len(set(one) ^ set(other)) > 2 * most:
        return None
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        line = [row]
        for column, second in enumerate(other, start=1):
            best = min(last[column] + 1, line[-1] + 1, last[column - 1] + (letter != second))
            if row > 1 and column > 1 and (letter, one[row - 2]) == (other[column - 2], second):
                best = min(best, before[column - 2] + 1)
            line.append(best)
        if min(line) > most:
            return None
        before, last = last, line
    return last[-1] if last[-1] <= most else None


def _slips(query: Query) -> Iterator[_Slip]:
    """The values of a question that may be misspelt: single addresses and domains, none with wildcards."""
    for name in _FIELDS:
        values = getattr(query, name)
        if len(values) == 1 and values[0] and not patterns.is_pattern(values[0]):
            yield _Slip(name, values[0])
    for leaf in query.tree.nodes if isinstance(query.tree, All) else [query.tree]:
        if isinstance(leaf, Has) and leaf.criterion.compare in (Compare.ADDRESS, Compare.DOMAIN) and leaf.value and leaf.literal:
            yield _Slip(leaf.criterion.name, leaf.value, leaf)
        if isinstance(leaf, Bare) and leaf.literal and " " not in leaf.value:
            yield _Slip("address", leaf.value, leaf)


def _alone(slip: _Slip) -> Query:
    """The question for this value and nothing else: where that finds mail, nobody has slipped."""
    return Query(tree=slip.leaf) if isinstance(slip.leaf, Has) else replace(Query(), **{slip.name: (slip.value,)})


def _candidates(slip: _Slip, engine: Engine, scope: Scope) -> set[str]:
    """Folded addresses or domains, as the one that was asked for, that stand in rows of the caller's."""
    asked = patterns.asked_address(slip.value) if BY_CRITERION[slip.name].compare is Compare.ADDRESS else patterns.asked_domain(slip.value)
    found = set() if asked.form is not Form.DOMAIN else set(scope.domains or ())
    for query, most in _ways(asked.value, asked.form):
        found.update(_alike(asked.form, (one for one in engine.people(query, scope, most) if "@" in one and _can_be_asked(one))))
    return found


def _alike(form: Form, people: Iterable[str]) -> Iterator[str]:
    """Of addresses what is asked for: the whole, the domain, or the local part."""
    for one in people:
        local, _, domain = one.rpartition("@")
        yield domain if form is Form.DOMAIN else (local if form is Form.LOCAL else one)


def _can_be_asked(text: str) -> bool:
    """Whether a question can hold this text, and mean no more than it."""
    return text.isprintable() and not patterns.is_pattern(text) and len(text) <= LONGEST_VALUE


def _ways(value: str, form: Form) -> Iterator[tuple[Query, int]]:
    """The questions whose rows hold candidates, each bounded by an index or by the number of rows."""
    yield Query(), _NEWEST
    local, _, domain = value.rpartition("@")
    beginning = value[: max(2, len(value) // 2)]
    # The domain beside the pattern leads to the few rows of a small one, and not to all people whose names begin like it.
    asked: dict[Form, list[tuple[tuple[str, ...], tuple[str, ...]]]] = {
        Form.EXACT: [((f"{local}@",), ()), ((f"{local[: max(2, len(local) // 2)]}*@{domain}",), (domain,)), ((f"@{domain}",), ())],
        # By domains alone: a pattern over whole addresses that begins with a star leads nowhere.
        Form.DOMAIN: [((), (f"{beginning}*",))],
        Form.LOCAL: [((f"{beginning}*",), ())],
    }
    for addresses, domains in asked.get(form, []):
        try:
            yield Query(address=addresses, domain=domains), _ROWS
        except QueryError:
            continue


def _instead(query: Query, slip: _Slip, value: str) -> Query:
    """The question with another value in this place."""
    if slip.leaf is None:
        return replace(query, **{slip.name: (value,)})
    return replace(query, query=query.query.replace(slip.value, value), tree=_exchanged(query.tree, slip.leaf, value))


def _exchanged(tree: Node, leaf: Has | Bare, value: str) -> Node:
    """A tree with another value in one of its leaves."""
    if isinstance(tree, All):
        return All(tuple(_exchanged(inner, leaf, value) for inner in tree.nodes))
    if tree != leaf:
        return tree
    return Has(leaf.criterion, value, leaf.literal) if isinstance(leaf, Has) else Bare(value, leaf.literal)
