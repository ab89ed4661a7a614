"""Where questions are answered: one module per store, each an `Engine`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Protocol

import msgspec

from mappings.trace import Trace
from search.query import Query
from search.scope import Scope

#: Totals are counted exactly up to here, and are "at least" beyond, in every store.
TOTAL_LIMIT = 10_000


class Total(msgspec.Struct, frozen=True):
    """How many traces fit: exactly (`eq`) or at least (`gte`)."""

    value: int
    relation: str = "eq"


class Page(msgspec.Struct, frozen=True):
    """One page of traces, newest first, without their events; `next` is the cursor of the page after it, or None.

    `complete` is False where a part of the store did not answer; `warnings` then says which.
    """

    traces: list[Trace]
    next: str | None
    total: Total
    complete: bool = True
    warnings: list[str] = []


class State(msgspec.Struct, frozen=True):
    """What the store holds: read up to when (source -> milliseconds), and since when it keeps traces."""

    read_up_to_ms: Mapping[str, int]
    oldest_ms: int | None
    newest_ms: int | None


class Engine(Protocol):
    """A store as the query layer sees it. Superseded traces are never in an answer; scope is part of every question."""

    def search(self, query: Query, scope: Scope, *, limit: int, cursor: str | None = None) -> Page:
        """The traces that fit, id descending; `cursor` is the id after which the page begins."""
        ...

    def walk(self, query: Query, scope: Scope, *, cursor: str | None = None) -> Iterator[Trace]:
        """All traces that fit, id descending, without events; read page by page, so it can go on while mail arrives."""
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

    def state(self) -> State:
        """What the store holds."""
        ...

    def close(self) -> None:
        """Let go of the store."""
        ...
