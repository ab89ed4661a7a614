"""Where questions are answered: one module per store, each an `Engine`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal, Protocol

import msgspec
from msgspec.structs import replace

from mappings.address import fold
from mappings.losses import Loss
from mappings.patterns import searchable
from mappings.readings import ReaderReadings
from mappings.trace import Trace
from mappings.vocabulary import Disposition
from search.query import Query
from search.scope import Scope

#: Totals are counted exactly up to here, and are "at least" beyond, in every store.
TOTAL_LIMIT = 10_000


class Total(msgspec.Struct, frozen=True):
    """How many traces fit: exactly (`eq`) or at least (`gte`)."""

    value: int
    relation: str = "eq"


class Page(msgspec.Struct, frozen=True):
    """One page of traces, in the question's order, without their events; `next` is the cursor of the page after it, or None.

    `complete` is False where a part of the store did not answer; `warnings` then says which.
    """

    traces: list[Trace]
    next: str | None
    total: Total
    complete: bool = True
    warnings: list[str] = []


class StoreState(msgspec.Struct, frozen=True):
    """What the store holds: read up to when (source -> milliseconds), and since when it keeps traces."""

    read_up_to_ms: Mapping[str, int]
    oldest_ms: int | None
    newest_ms: int | None
    #: What went before it was read, the latest last.
    losses: Sequence[Loss] = ()
    #: How the reading of all sources stands, by reader.
    readings: Sequence[ReaderReadings] = ()


class OverTime(msgspec.Struct, frozen=True):
    """How many traces of each disposition fit, in each interval of time.

    `from_ms` is set where there are too many to count: then only those from that time on are in it.
    """

    counts: list[dict[Disposition, int]]
    from_ms: int | None = None


#: Which side of the mail a domain is on.
Side = Literal["sender", "recipient"]
#: The two fields on each side; a search by a side looks in both.
SIDES: Mapping[Side, tuple[str, str]] = {
    "sender": ("sender_domain", "header_from_domain"),
    "recipient": ("recipient_domain", "original_recipient_domain"),
}


#: The fields with the addresses of people; who sees a trace reads these as they are.
PEOPLE = ("sender", "header_from", "recipient", "original_recipient")

#: A value that is counted, as stores hold it: folded; None where a trace has none.
Value = str | int | float | bool | None


class Top(msgspec.Struct, frozen=True):
    """The values of a field that most traces have, most first; how many kinds of values there are.

    `rest` is how often the others are had (a trace of several values has each of them), `missing` how many traces have none.
    """

    values: list[tuple[Value, int]]
    kinds: int
    rest: int
    missing: int


class Engine(Protocol):
    """A store as the query layer sees it. Superseded traces are never in an answer; scope is part of every question."""

    def search(self, query: Query, scope: Scope, *, limit: int, cursor: str | None = None) -> Page:
        """The traces that fit, in the question's order; `cursor` is the id after which the page begins.

        By time they are in the order of their ids. Ranked by a number they are the first `MOST_RANKED`, and the last page has no `next`.
        """
        ...

    def walk(self, query: Query, scope: Scope, *, cursor: str | None = None) -> Iterator[Trace]:
        """All traces that fit, in the question's order, without events; read page by page, so it can go on while mail arrives.

        Ranked by a number they are the first `MOST_RANKED`.
        """
        ...

    def newest(self, query: Query, scope: Scope, limit: int) -> list[str]:
        """The ids of the newest traces that fit, newest first."""
        ...

    def people(self, query: Query, scope: Scope, limit: int) -> set[str]:
        """The addresses of both sides, folded, in the newest so many traces that fit; what no question can hold may be left out."""
        ...

    def rows(self, ids: Sequence[str], scope: Scope) -> list[Trace]:
        """The traces with these ids, in their order, without events; left out is what is unknown, superseded or out of scope."""
        ...

    def count(self, query: Query, scope: Scope) -> int:
        """How many traces fit, exactly."""
        ...

    def get(self, trace: str, scope: Scope) -> Trace | None:
        """One trace with its events; a superseded id gives its successor; None where unknown or out of scope."""
        ...

    def find(self, keys: Collection[str], scope: Scope, *, limit: int = 200) -> list[Trace]:
        """The traces, without events, that hold one of these keys."""
        ...

    def codes_seen(self, scope: Scope) -> list[tuple[int | None, str | None, int]]:
        """(basic code, enhanced code, number of traces) of all traces that a refusing reply decided, most first."""
        ...

    def over_time(self, query: Query, scope: Scope, edges_ms: Sequence[int]) -> OverTime:
        """How many fit by disposition in each interval from one edge (inclusive) to the next; edges ascend."""
        ...

    def by_domain(self, query: Query, scope: Scope, side: Side) -> dict[str, dict[Disposition, int]]:
        """How many fit by (folded) domain on a side and by disposition; one that names two domains counts under each."""
        ...

    def tally(
        self, query: Query, scope: Scope, fields: Sequence[str], *, among: Sequence[Value] | None = None
    ) -> Counter[tuple[Value, ...]]:
        """How many fit for each combination of values of these fields, exactly.

        A trace counts under each value of a field of several; one without a value counts under None. Of the first field no other values
        are wanted than those of `among`, where that is given; an engine may give more.
        """
        ...

    def bounds(self, query: Query, scope: Scope) -> tuple[int, int] | None:
        """The times of the oldest and the newest trace that fit; None where none does."""
        ...

    def top(self, query: Query, scope: Scope, field: str, limit: int) -> Top:
        """The values of a field that most have, exactly; of equally many the lesser text first."""
        ...

    def tally_over_time(
        self, query: Query, scope: Scope, edges_ms: Sequence[int], fields: Sequence[str]
    ) -> list[Counter[tuple[Value, ...]]]:
        """`tally` in each interval from one edge (inclusive) to the next; edges ascend. Without fields there is one group, `()`."""
        ...

    def state(self) -> StoreState:
        """What the store holds."""
        ...

    def lacking(self, scope: Scope, since_ms: int | None = None, until_ms: int | None = None) -> list[str]:
        """What answers about this time do not hold because a part of the store is missing or damaged, in sentences for this scope."""
        ...

    def close(self) -> None:
        """Let go of the store."""
        ...


class _Dispositions(dict[str, Disposition]):
    """Dispositions by their words, found faster than an enum finds them."""

    def __missing__(self, word: str) -> Disposition:
        # A newer release has more.
        return Disposition.UNKNOWN


DISPOSITIONS: Mapping[str, Disposition] = _Dispositions({one.value: one for one in Disposition})


def under_domains(groups: Iterable[tuple[str | None, str | None, str, int]]) -> dict[str, dict[Disposition, int]]:
    """Counts by two domains and a disposition, brought under each domain once."""
    found: dict[str, Counter[Disposition]] = {}
    for one, other, disposition, number in groups:
        # Domains of strangers can hold any character; stores keep them differently.
        for domain in {searchable(name) for name in (one, other) if name}:
            found.setdefault(domain, Counter())[DISPOSITIONS[disposition]] += number
    return {domain: dict(counts) for domain, counts in found.items()}


def people_of(traces: Iterable[Trace]) -> set[str]:
    """The addresses of both sides, folded."""
    return {fold(one) for trace in traces for name in PEOPLE if (one := getattr(trace, name))}


def top_of(groups: Mapping[tuple[Value, ...], int], limit: int) -> Top:
    """The values that most have, of the counts by one field."""
    found: list[tuple[Value, int]] = [(value, number) for (value,), number in groups.items() if value is not None]
    known = sorted(found, key=lambda one: (-one[1], str(one[0])))
    return Top(known[:limit], len(known), sum(number for _, number in known[limit:]), groups.get((None,), 0))


def tallies(engine: Engine, query: Query, scope: Scope, edges_ms: Sequence[int], fields: Sequence[str]) -> list[Counter[tuple[Value, ...]]]:
    """`tally_over_time` of an engine that asks for each interval by itself."""
    found = []
    for begin, end in pairwise(edges_ms):
        since = begin if query.since_ms is None else max(begin, query.since_ms)
        until = end if query.until_ms is None else min(end, query.until_ms)
        inside = replace(query, since_ms=since, until_ms=max(since, until))
        found.append(engine.tally(inside, scope, fields))
    return found
