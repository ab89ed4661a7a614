"""A node: an id with its events, and what is known of the documents that hold them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from ingest.joining.event import LiveEvent
from ingest.joining.parts import Part
from mappings.keys import KeyKind
from mappings.trace import Trace


@dataclass(slots=True, eq=False)
class Written:
    """What is known to stand in the store under an id."""

    version: int
    digest: bytes
    #: One of its events: tells which message it is of where an id names several.
    anchor: str | None
    named: str | None
    time_ms: int
    #: It stands there as replaced by others.
    superseded: bool = False


class Documents(dict[str, Written]):
    """What stands in the store, by id; and the ids by the event that tells which message each is of."""

    def __init__(self) -> None:
        super().__init__()
        self._anchored: dict[str, set[str]] = {}

    def put(self, document: str, written: Written) -> None:
        """Keep what stands there under an id now."""
        self.drop(document)
        self[document] = written
        if written.anchor is not None:
            self._anchored.setdefault(written.anchor, set()).add(document)

    def drop(self, document: str) -> None:
        """Forget a document."""
        written = self.pop(document, None)
        if written is not None and written.anchor is not None:
            anchored = self._anchored[written.anchor]
            anchored.discard(document)
            if not anchored:
                del self._anchored[written.anchor]

    def of(self, digests: Iterable[str]) -> set[str]:
        """The documents of a message with these events."""
        anchored = self._anchored
        return {document for digest in digests if digest in anchored for document in anchored[digest]}


@dataclass(slots=True, eq=False)
class Large:
    """A message of many lines: how many it had when it was told last, when that was, and how many nodes have news since."""

    lines: int
    told_us: int
    news: int = 0


@dataclass(slots=True, eq=False)
class Node:
    """An id, the events that bear it or were given to it, and the documents that hold them."""

    key: str
    host: str
    kind: KeyKind
    events: dict[str, LiveEvent] = field(default_factory=dict)
    parts: list[Part] | None = None
    #: Events that no acknowledged document holds yet, by their digests.
    fresh: set[str] = field(default_factory=set)
    documents: set[str] = field(default_factory=set)
    #: Documents without events which bore its key until others replaced them.
    replaced: set[str] = field(default_factory=set)
    #: The parts by which it is found; those that it has may be newer.
    named: list[Part] = field(default_factory=list)
    #: Keys of all nodes of its messages, as they were when these were written; empty where it changed since.
    family: frozenset[str] = frozenset()
    #: The message that it is of, where that has many lines.
    large: Large | None = None
    looked_up: bool = False
    #: A program of the host took it or handed it in; and whether what it may have been made of, or into, was looked up.
    passed: bool = False
    piped: bool = False
    #: Its lines were put aside: nothing is made of it until more comes.
    apart: bool = False
    #: Greatest stamp of the log when it was touched last: decides when memory lets go of it.
    touched_us: int = 0
    first_us: int = 0

    # -- which of its events documents lack: the one place where that is kept

    def lacks(self, event: LiveEvent) -> None:
        """No document holds this event yet."""
        self.fresh.add(event.digest)
        event.lacking.add(self.key)

    def has(self, event: LiveEvent) -> None:
        """A document holds it, or it can matter to none any more."""
        if event.digest in self.fresh:
            self.fresh.remove(event.digest)
            event.lacking.discard(self.key)
            if not event.lacking:
                event.let_go()

    def forget(self, digests: Iterable[str]) -> None:
        """These lines can matter no more though no document holds them."""
        for digest in digests:
            if digest in self.fresh:
                self.has(self.events[digest])

    def first(self, time_us: int) -> None:
        """It has a line of this time."""
        if not self.first_us or time_us < self.first_us:
            self.first_us = time_us


_plain = msgspec.msgpack.Encoder().encode


def content_digest(trace: Trace) -> bytes:
    """What a document says, without the reading's own facts (version, time of writing, files)."""
    events, version, written_ms = trace.events, trace.version, trace.ingested_ms
    trace.events, trace.version, trace.ingested_ms = [], 0, 0
    try:
        head = _plain(trace)
    finally:
        trace.events, trace.version, trace.ingested_ms = events, version, written_ms
    lines = [f"{e.hash}{e.hop}{e.kind}{e.time_us}{e.number}{len(e.raw)}" for e in events]
    return blake2b(head + "".join(lines).encode(), digest_size=16).digest()


def written_of(document: Trace, digest: bytes | None = None) -> Written:
    """What is known of a document that stands in the store, or is on its way there."""
    return Written(
        document.version,
        content_digest(document) if digest is None else digest,
        document.events[0].hash if document.events else None,
        document.original_recipient or document.recipient,
        document.time_ms,
        superseded=bool(document.superseded_by),
    )
