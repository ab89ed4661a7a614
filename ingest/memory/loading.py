"""Loading: nodes that are not in memory and may be in the store are rebuilt from its documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from ingest.clock import SECOND
from ingest.joining.event import LiveEvent, from_document
from ingest.joining.names import MANY
from ingest.joining.programs import passes_program
from ingest.memory.node import Node, written_of
from ingest.memory.nodes import Nodes
from ingest.memory.recall import Recall
from mappings import keys
from mappings.facts import Fact, Scanned
from mappings.keys import KeyKind
from mappings.trace import Trace

#: The fact that a document of a version keeps, by its kind and fields (`ingest.formats.earlier`).
FactIn = Callable[[str, dict[str, Any], int], Fact]


class Loader:
    """Gives nodes, from memory or from the store. `records` has the node of each record that was read to its end, by its digest."""

    def __init__(self, nodes: Nodes, recall: Recall, fact_in: FactIn) -> None:
        #: The log's clock, as memory has it.
        self.clock_us = 0
        self.records: dict[str, str] = {}
        self._nodes = nodes
        self._known = nodes.nodes
        self._recall = recall
        self._fact_in = fact_in

    def node(self, key: str, event: LiveEvent, *, new: bool) -> Node:
        """The node with this key; looked up in the store unless the line that names it begins it at the front of the log."""
        node = self._known.get(key)
        if node is None:
            node = self._nodes.new(key, event.host, self.clock_us)
            if new:
                node.first_us = event.time_us
                return node
        elif new or node.looked_up or (node.first_us and event.time_us >= node.first_us - SECOND):
            return node
        self._load(node)
        return node

    def find(self, named: str, event: LiveEvent) -> None:
        """Have the nodes that a line names in memory, where the store knows them."""
        for key in self._nodes.alike(named):
            if key not in self._known:
                self._load(self._nodes.new(key, event.host, self.clock_us))

    def beside(self, node: Node, key: str) -> None:
        """Have in memory what the store knows under a key that a node shares with others, where that is not too many to tell them apart."""
        documents = self._recall.of(key)
        for document in documents if len(documents) <= MANY else ():
            self._load(*self._restore(document, node))

    def _load(self, *nodes: Node) -> None:
        """Load from the store what holds the keys of these nodes, and what that names in turn."""
        waiting = [*nodes]
        while waiting:
            node = waiting.pop()
            if node.looked_up:
                continue
            node.looked_up = True
            for document in self._recall.of(keys.in_documents(node.key)):
                waiting.extend(self._restore(document, node))

    def _restore(self, document: Trace, bearer: Node) -> list[Node]:
        """Take the events of a document back in, which holds the key of a node; gives the nodes that it names."""
        if not document.events:
            self._nodes.replaced(bearer, document.id)
        known = self._nodes.documents.get(document.id)
        if known is not None and known.version >= document.version:
            return []
        self._nodes.documents.put(document.id, written_of(document))
        touched: dict[str, Node] = {}
        for stored in document.events:
            key = keys.stored(stored.hop, stored.hash)
            node = self._known.get(key) or self._nodes.new(key, stored.host, self.clock_us)
            node.documents.add(document.id)
            touched[key] = node
            try:
                fact = self._fact_in(stored.kind, stored.fields, document.version)
            except (msgspec.ValidationError, KeyError):
                # Written by a newer release with facts that this one has not: left as it stands, the lines tell it again.
                continue
            self._give_back(from_document(stored, fact, self._nodes.within), node, touched.values())
        return [node for node in touched.values() if not node.looked_up]

    def _give_back(self, event: LiveEvent, node: Node, touched: Iterable[Node]) -> None:
        """A node gets an event that a document holds; the same one may be in other nodes that the document names."""
        known = node.events.get(event.digest)
        if known is None:
            known = next((one.events[event.digest] for one in touched if event.digest in one.events), event)
            node.events[event.digest] = known
            known.owners[node.key] = None
            node.first(event.time_us)
        else:
            known.take(event)
        node.passed |= passes_program(event.fact)
        if type(event.fact) is Scanned and node.kind is KeyKind.SCAN:
            self.records[event.digest] = node.key
        if known.fact == event.fact:
            node.has(known)
        self._nodes.touch(node, self.clock_us)
