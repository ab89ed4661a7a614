"""What differs: the values that a search has more of than all else of the same time, the most telling first.

For each value of each field four numbers are compared: how many of the search have it and have it not, how many of all else. The measure
is the log-likelihood ratio G2 of these four (Dunning, *Accurate Methods for the Statistics of Surprise and Coincidence*, Computational
Linguistics 19(1), 1993), which unlike a chi-square stays sound where a value is rare; divided by Williams' correction for small counts
(*Improved likelihood ratio tests for complete contingency tables*, Biometrika 63(1), 1976). Listed is what at least one in a hundred of
the search have, five at the least, more often than all else, and by chance alone in one of a hundred questions (Bonferroni: by the
number of values that were tried).

What a question asks for has kin that follow from it: of mail that is deferred all has a code that says so. Such values tell no cause,
however great their measure, and stand behind the others; so do those of a field that as such belongs to the mail that was asked for, as
the name of a virus does, where they are not more frequent among the values of that field alone.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final, cast

import msgspec
from msgspec.structs import replace

from mappings.criteria import BY_WORD, CRITERIA
from mappings.fields import BY_NAME, FIELDS, Kind
from search.engines import Engine, Value
from search.language.tree import All, Bare, Known, Node, Ordered, all_of, leaves
from search.narrowing import both, counted_as, exactly, is_open, narrowed, readable, with_values
from search.query import Query
from search.query_error import QueryError
from search.scope import Scope

#: At most so many values are listed.
MOST_DIFFERING: Final = 1_000
#: So many of the search must have a value: in number, and as a part of it.
_LEAST, _LEAST_PART = 5, 0.01
#: So many values of a field are tried, the most frequent ones of the search.
_TRIED = 100
#: Of a search of fewer traces all fields are counted in one go; of everything those that have few values.
_TOGETHER = 20_000
_FEW_VALUES: Final = frozenset(
    {
        "log_domain",
        "host",
        "tls",
        "disposition",
        "verdict",
        "reason",
        "sender_notified",
        "reply_code",
        "enhanced_code",
        "reply_by",
        "direction",
        "login_method",
        "tls_version",
        "tls_cipher",
        "relay_tls_version",
        "relay_tls_cipher",
        "spf",
        "dkim",
        "dmarc",
        "arc",
    }
)
#: How often chance may list a value that tells nothing.
_BY_CHANCE = 0.01
#: Fields whose values belong to one message, or say how sure another one is.
_NO_CAUSE: Final = frozenset({"id", "message_id", "queue_ids", "quarantine_id", "direction_inferred", "reply_inferred"})
#: What became of it, where it came from, where it went: of fields that tell of the same, one that is asked for says much of the others.
_KIN: Final = (
    ("disposition", "verdict", "reason", "reply_code", "enhanced_code", "reply_shape", "reply_by", "sender_notified"),
    ("sender", "header_from", "sender_domain", "header_from_domain", "client_ip", "client_name", "client_helo"),
    ("recipient", "original_recipient", "recipient_domain", "original_recipient_domain", "mailbox", "relay_host", "relay_ip"),
)
#: Of values that say the same, the first is what one can act on.
_FIRST: Final = ("relay_host", "sender", "authenticated_as", "client_ip", "sender_domain", "recipient", "recipient_domain", "detail")


class DifferingValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value that the search has more of than all else."""

    #: The word of its field, as counts take it.
    by: str
    value: str | int | bool | None
    #: How many of the search have it, and how many of all else.
    count: int
    elsewhere: int
    #: The same as parts of one.
    share: float
    share_elsewhere: float
    #: The log-likelihood ratio: how far from chance it is.
    score: float
    #: The `query` that leads to its traces, beside the other parameters of the search.
    query: str | None


class Differences(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between a search and all else of the same time."""

    total: int
    #: How many traces all else is.
    elsewhere: int
    values: list[DifferingValue]


@dataclass(frozen=True, slots=True)
class _Table:
    """How many traces have something, of how many: in the search, and in all else."""

    here: int
    all_here: int
    there: int
    all_there: int

    @property
    def surprise(self) -> float:
        """How far from chance it is that the search has more of it: the corrected G2; 0 where it has not more."""
        cells = (self.here, self.all_here - self.here, self.there, self.all_there - self.there)
        rows, total = (self.all_here, self.all_there), self.all_here + self.all_there
        columns = (self.here + self.there, total - self.here - self.there)
        if min(cells) < 0 or not all(rows) or not all(columns) or self.here * self.all_there <= self.there * self.all_here:
            return 0.0
        expected = (row * column / total for row in rows for column in columns)
        ratio = 2 * sum(seen * math.log(seen / thought) for seen, thought in zip(cells, expected, strict=True) if seen)
        spread = (total * sum(1 / row for row in rows) - 1) * (total * sum(1 / column for column in columns) - 1)
        return ratio / (1 + spread / (6 * total))


@dataclass(frozen=True, slots=True)
class _Tried:
    """A value with its counts."""

    field: str
    value: Value
    table: _Table
    score: float


class _Comparing:
    """The traces that fit a question beside the others of a base."""

    def __init__(self, engine: Engine, scope: Scope, query: Query, base: Query) -> None:
        self._engine, self._scope, self._base = engine, scope, base
        self._query = narrowed(query, base.node())
        self.here = engine.count(self._query, scope)
        self.there = max(engine.count(base, scope) - self.here, 0)

    def tried(self, fields: Sequence[str]) -> list[_Tried]:
        """The values of fields that enough of the search have."""
        seen = self._tallies(self._query, fields, together=self.here <= _TOGETHER)
        frequent = {field: self._frequent(field, found) for field, found in seen.items()}
        closed = [field for field in fields if frequent[field] and field in _FEW_VALUES]
        everywhere = self._tallies(self._base, closed, together=True)
        found = []
        for field, values in frequent.items():
            if values and field not in everywhere:
                everywhere |= self._tallies(with_values(self._base, field, values), [field], together=True)
            for value in values:
                here, there = seen[field][value], everywhere[field][value] - seen[field][value]
                # What a store keeps in another form than the one it is asked for in is not found everywhere, and tells nothing.
                table = _Table(here, self.here, there, self.there)
                found.append(_Tried(field, value, table, table.surprise))
        return found

    def known(self, field: str) -> tuple[int, int]:
        """How many have any value of a field: of the search, and of all else."""
        node = Known(BY_WORD[BY_NAME[field].store])
        here, everywhere = (self._engine.count(narrowed(one, node), self._scope) for one in (self._query, self._base))
        return here, max(everywhere - here, 0)

    def _frequent(self, field: str, found: Counter[Value]) -> list[Value]:
        """The values that enough of the search have, without those that a caller may not read."""
        least = max(_LEAST, math.ceil(self.here * _LEAST_PART))
        values: list[Value] = [value for value, number in found.most_common() if number >= least and value is not None]
        return [value for value in values if readable(field, value, self._scope)][:_TRIED]

    def _tallies(self, query: Query, fields: Sequence[str], *, together: bool) -> dict[str, Counter[Value]]:
        """Counts by each of the fields; where it pays, all of them in one go."""
        # A trace with several values is in several combinations.
        single = [field for field in fields if together and not BY_NAME[field].many]
        found: dict[str, Counter[Value]] = {field: Counter() for field in fields}
        groups: list[list[str]] = [single, *([field] for field in fields if field not in single)]
        for group in groups:
            for values, number in self._engine.tally(query, self._scope, group).items() if group else ():
                for field, value in zip(group, values, strict=True):
                    found[field][value] += number
        return found


def differs(engine: Engine, query: Query, scope: Scope, *, against: Query | None = None, limit: int = 20) -> Differences:
    """What differs between the traces that fit `query` and the others of the same time, of those that fit `against` where it is given."""
    if not 1 <= limit <= MOST_DIFFERING:
        raise QueryError(f"{limit} is not a number from 1 to {MOST_DIFFERING:,}", field="limit")
    comparing = _Comparing(engine, scope, query, _base(query, against or Query()))
    # What both sides have in common sets none apart from the other.
    common = set() if against is None else set(leaves(against.node()))
    asked = {field for leaf in leaves(query.node()) if not isinstance(leaf, Bare) and leaf not in common for field in leaf.criterion.over}
    found: list[_Tried] = []
    if comparing.here and comparing.there:
        tried = comparing.tried([field for field in _fields(scope) if field not in asked])
        found = _ranked([one for one in tried if _by_chance(one.score) * len(tried) < _BY_CHANCE], asked, comparing)
    return Differences(total=comparing.here, elsewhere=comparing.there, values=[_answer(query, one) for one in found[:limit]])


def others(text: str, now_ms: int, zone: tzinfo) -> Query:
    """With what a search is compared, in the query language; a flaw is one of the parameter `against`."""
    try:
        return Query.of({"query": [text]}, now_ms=now_ms, zone=zone)
    except QueryError as error:
        raise QueryError(error.message, field="against", position=error.position, hint=error.hint) from error


def _ranked(telling: list[_Tried], asked: set[str], comparing: _Comparing) -> list[_Tried]:
    """The most telling first; of values of kin that the same traces have, one."""
    kin = {field for family in _KIN if asked.intersection(family) for field in family}
    known = {field: comparing.known(field) for field in {one.field for one in telling} - kin}

    def follows(one: _Tried) -> bool:
        """Whether it is there because its field is: among those who have any value of it, it is nothing special."""
        here, there = known[one.field]
        return _by_chance(_Table(one.table.here, here, one.table.there, there).surprise) > _BY_CHANCE

    # What all of the search have, as it was asked for in other words, tells nothing.
    telling = [one for one in telling if one.field not in kin or one.table.here < one.table.all_here]
    ordered = sorted(telling, key=lambda one: (2 if one.field in kin else follows(one), -one.score, _place(one.field), str(one.value)))
    first: dict[tuple[int | str, _Table], str] = {}
    return [one for one in ordered if first.setdefault((_family(one.field), one.table), one.field) == one.field]


def _base(query: Query, against: Query) -> Query:
    """All that a search is compared with: everything of its time, also where the language tells the time."""
    times: list[Node] = [part for part in _parts(query.node()) if isinstance(part, Ordered) and part.criterion.over == ("time_ms",)]
    return narrowed(replace(against, since_ms=query.since_ms, until_ms=query.until_ms), all_of(times))


def _parts(node: Node) -> Iterator[Node]:
    """What must all fit."""
    if isinstance(node, All):
        for inner in node.nodes:
            yield from _parts(inner)
    else:
        yield node


def _fields(scope: Scope) -> list[str]:
    """The fields whose values are compared."""
    words = {criterion.counted for criterion in CRITERIA} | {field for family in _KIN for field in family}
    measured = (Kind.FLOAT, Kind.INTEGER, Kind.TEXT, Kind.TIME, Kind.STORED)
    return [
        field.name
        for field in FIELDS
        if field.name in words
        and field.name not in _NO_CAUSE
        and (field.kind not in measured or field.name == "reply_code")
        and (scope.domains is None or is_open(field.name))
    ]


def _by_chance(score: float) -> float:
    """How often chance alone gives this much (chi-square of one degree of freedom)."""
    return math.erfc(math.sqrt(score / 2))


def _place(field: str) -> int:
    """Where a field stands among those whose values say the same."""
    return _FIRST.index(field) if field in _FIRST else len(_FIRST)


def _family(field: str) -> int | str:
    """The fields that tell of the same thing."""
    return next((number for number, family in enumerate(_KIN) if field in family), field)


def _answer(query: Query, one: _Tried) -> DifferingValue:
    """A value as it is told."""
    table, asked = one.table, exactly(one.field, one.value)
    return DifferingValue(
        by=counted_as(one.field),
        # Numbers with a fraction are not compared.
        value=cast("str | int | bool | None", one.value),
        count=table.here,
        elsewhere=table.there,
        share=round(table.here / table.all_here, 4),
        share_elsewhere=round(table.there / table.all_there, 4),
        score=round(one.score, 1),
        query=None if asked is None else both(query.query, asked),
    )
