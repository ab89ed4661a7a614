"""What memory keeps of a log domain, and when it lets go of it: the store remembers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from ingest.clock import SOON_US
from ingest.joining.event import LiveEvent
from ingest.joining.gather import gather
from ingest.joining.life import Life
from ingest.joining.names import MANY
from ingest.memory.node import Node
from ingest.memory.nodes import Nodes
from mappings.facts import Ruled, Scanned
from mappings.keys import KeyKind

#: A queue id that came back more often than this is thinned out before it is quiet.
_LIVES = 8
#: Of a weak id that so many lines bear that it joins nothing, so many are kept at most.
_MOST_LINES = 3 * MANY
_WEAK = frozenset({KeyKind.LOG, KeyKind.PEER})


class Eviction:
    """Lets go of nodes: `memory_us` after they were touched where they are written, `reach_us` where they came to nothing.

    `dropped` is told of each event that a node lets go of.
    """

    def __init__(self, nodes: Nodes, memory_us: int, dropped: Callable[[str, LiveEvent], None]) -> None:
        self._nodes = nodes
        self._memory_us = memory_us
        self._reach_us = nodes.within.reach_us
        self._dropped = dropped

    def due(self, clock_us: int) -> list[str]:
        """Let go of messages that are written and were not touched for the memory time.

        Nodes of which nothing was made, and to which nothing came for as long as lines may lie apart, come to nothing. Those of queue files
        may still go on: their keys are given, to be written as they stand, and then they are let go of.
        """
        unwritten: list[str] = []
        for key in self._nodes.rest.due(clock_us):
            node = self._nodes.get(key)
            if node is None:
                continue
            later = self._kept_until(node, clock_us)
            if later is not None:
                self._nodes.rest.put(key, later)
                self._thin(node, clock_us)
                continue
            family = self._nodes.family(node)
            begun = [n.key for n in family if n.fresh and n.kind is KeyKind.QUEUE and self._kept_until(n, clock_us) is None]
            if begun:
                unwritten += begun
                self._nodes.rest.put(key, clock_us + SOON_US)
                continue
            self._let_go(family, clock_us)
        return unwritten

    def bound(self, node: Node) -> None:
        """Of a weak id that joins nothing, for too many lines bear it, keep the last lines only; what makes documents is kept."""
        if len(node.events) < _MOST_LINES or node.kind not in _WEAK or len(node.events) % MANY:
            return
        times = sorted(e.time_us for e in node.events.values())
        if any(after - before > self._reach_us for before, after in pairwise(times)):
            return
        border = times[-2 * MANY]
        old = [d for d, e in node.events.items() if e.time_us < border and not isinstance(e.fact, Ruled | Scanned)]
        node.forget(old)
        self._take_out(node, old)

    def _kept_until(self, node: Node, clock_us: int) -> int | None:
        """When a node is to be looked at again because it may not be let go of now; None where it may."""
        after = self._memory_us
        if node.key in self._nodes.dirty or (node.fresh and node.documents):
            return max(node.touched_us + after, clock_us + min(after, SOON_US))
        if node.fresh or (node.events and not node.documents):
            # What no document holds is remembered by nobody.
            after = max(after, self._reach_us)
        return node.touched_us + after if node.touched_us + after > clock_us else None

    def _let_go(self, family: list[Node], clock_us: int) -> None:
        """Forget the nodes of some messages, or keep all as long as one of them is in use."""
        kept = [until for member in family if (until := self._kept_until(member, clock_us)) is not None]
        for member in family:
            if kept:
                self._nodes.rest.put(member.key, max(*kept, clock_us + 1))
            else:
                member.forget(list(member.fresh))
                self._drop(member)

    def _drop(self, node: Node) -> None:
        """Forget one node."""
        for event in node.events.values():
            self._dropped(node.key, event)
        self._nodes.drop(node)

    def _thin(self, node: Node, clock_us: int) -> None:
        """Let go of the old lives of a queue id that comes back all the time, as of messages with ids of their own."""
        if node.kind is not KeyKind.QUEUE or len(node.parts or ()) <= _LIVES:
            return
        floor = clock_us - self._memory_us
        gone: list[str] = []
        for life in (node.parts or ())[:-1]:
            last = max((e.time_us for e in life.events), default=clock_us)
            if not isinstance(life, Life) or last > floor or any(e.digest in node.fresh for e in life.events):
                continue
            others = [self._nodes.nodes[key] for key in {p.key for p in gather(life, self._nodes).parts} - {node.key}]
            if all(not other.fresh and self._kept_until(other, clock_us) is None for other in others):
                gone += [e.digest for e in life.events]
                for other in others:
                    self._drop(other)
        if gone:
            self._take_out(node, gone)

    def _take_out(self, node: Node, digests: list[str]) -> None:
        """Let go of some events of a node, with the documents that hold them; a line of their time is looked up in the store again."""
        lost = set(digests)
        for digest in digests:
            self._dropped(node.key, node.events.pop(digest))
        for one in [d for d in node.documents if self._holds(d, lost)]:
            node.documents.discard(one)
            self._nodes.documents.drop(one)
        node.first_us = min((e.time_us for e in node.events.values()), default=0)
        node.looked_up = False
        self._nodes.remake(node)

    def _holds(self, document: str, digests: set[str]) -> bool:
        """Whether a document is of one of these events; one that nobody knows any more counts as such."""
        known = self._nodes.documents.get(document)
        return known is None or known.anchor in digests
