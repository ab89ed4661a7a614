"""A node: an id with its events, and what is known of the documents that hold them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from ingest.correlate.event import Event
from ingest.correlate.life import Life, split
from ingest.correlate.links import Loose, Part, Scan, Within, link_life
from mappings import keys
from mappings.facts import Judged
from mappings.trace import Trace


@dataclass(slots=True)
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
        return {document for digest in digests for document in self._anchored.get(digest, ())}


@dataclass(slots=True)
class Large:
    """A message of many lines: how many it had when it was told last, when that was, and how many nodes have news since."""

    lines: int
    told_us: int
    news: int = 0


@dataclass(slots=True)
class Node:
    """An id, the events that bear it or were given to it, and the documents that hold them."""

    key: str
    host: str
    events: dict[str, Event] = field(default_factory=dict)
    parts: list[Part] | None = None
    #: Events that no acknowledged document holds yet.
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
    #: Its lines were put aside: nothing is made of it until more comes.
    apart: bool = False
    #: Greatest stamp of the log when it was touched last: decides when memory lets go of it.
    touched_us: int = 0
    first_us: int = 0


def make_parts(node: Node, within: Within, *, judged: bool) -> list[Part]:
    """The lives of a queue id, or the one scan, refusal or connection that a node is; `judged` as in `link_life`."""
    events = list(node.events.values())
    kind = node.key[0]
    if kind == "q":
        if within.several and events and all(isinstance(e.fact, Judged) for e in events):
            # A filter's own host: the queue file is on another one.
            return [Loose(node.key, node.host, [e]) for e in events]
        queue_id = keys.queue_id_of(node.key)
        lives = [Life(node.key, node.host, queue_id, e) for e in split(events, queue_id)]
        for life in lives:
            link_life(life, within, judged=judged)
        return list(lives)
    if kind == "m":
        return [Scan(node.key, node.host, events)]
    if kind in "jf":
        return [Loose(node.key, node.host, events)]
    return [Loose(node.key, node.host, e) for e in _by_gap(events, within.reach_us)]


def _by_gap(events: list[Event], reach_us: int) -> list[list[Event]]:
    """Events of an id that comes back without a beginning of its own, apart where they lie further apart than lines may."""
    events.sort(key=lambda e: e.time_us)
    groups = [[events[0]]]
    for event in events[1:]:
        if event.time_us - groups[-1][-1].time_us > reach_us:
            groups.append([])
        groups[-1].append(event)
    return groups


def content_digest(trace: Trace) -> bytes:
    """What a document says, without the reading's own facts (version, time of writing, files)."""
    plain = msgspec.structs.replace(trace, version=0, ingested_ms=0, events=[])
    digest = blake2b(msgspec.msgpack.encode(plain), digest_size=16)
    for event in trace.events:
        digest.update(f"{event.hash}{event.hop}{event.kind}{event.time_us}{event.number}{len(event.raw)}".encode())
    return digest.digest()
