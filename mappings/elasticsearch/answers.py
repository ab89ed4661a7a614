"""Answers of the server that hold documents, in the shape in which both sides read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from mappings.elasticsearch.document import to_trace
from mappings.trace import Trace

if TYPE_CHECKING:
    Document: TypeAlias = Any
else:
    # Made at run time from the trace, so only msgspec knows its fields.
    from mappings.elasticsearch.document import Document


class Hit(msgspec.Struct, rename={"id": "_id", "source": "_source"}):
    """One document that was found; without its fields where they were not asked for."""

    id: str
    source: Document | None = None

    def trace(self) -> Trace:
        """The trace in it."""
        return to_trace(self.source)


class TotalHits(msgspec.Struct):
    """How many documents fit."""

    value: int = 0
    relation: str = "eq"


class Hits(msgspec.Struct):
    """The documents of a page."""

    hits: list[Hit] = []
    total: TotalHits | None = None


class Failure(msgspec.Struct):
    """Why a shard did not answer."""

    reason: dict[str, Any] = {}

    def words(self) -> str:
        """The reason in words."""
        inner = self.reason
        while isinstance(inner.get("caused_by"), dict):
            inner = inner["caused_by"]
        return str(inner.get("reason") or inner.get("type") or "no reason given").rstrip(".")


class Shards(msgspec.Struct):
    """How many parts of the store have answered."""

    total: int = 0
    failed: int = 0
    failures: list[Failure] = []


class Answer(msgspec.Struct, rename={"shards": "_shards"}):
    """The answer to a search."""

    hits: Hits = msgspec.field(default_factory=Hits)
    timed_out: bool = False
    shards: Shards = msgspec.field(default_factory=Shards)
    aggregations: dict[str, Any] = {}

    def faults(self) -> list[str]:
        """What is missing in the answer, in sentences; nothing where it is whole."""
        told = []
        if self.timed_out:
            told.append("The search took too long and was ended; there may be more than is shown. Ask more narrowly.")
        if self.shards.failed:
            why = f": {self.shards.failures[0].words()}" if self.shards.failures else ""
            told.append(
                f"{self.shards.failed} of {self.shards.total} parts of the store did not answer{why}; there may be more than is shown."
            )
        return told


class Got(msgspec.Struct, rename={"source": "_source"}):
    """One document asked for by its id."""

    found: bool = False
    source: Document | None = None


class Several(msgspec.Struct):
    """Several documents asked for by their ids."""

    docs: list[Got]
