"""The web of nodes: which are in memory, which changed, what their parts are, and who names whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from ingest.correlate.agenda import Agenda
from ingest.correlate.event import Event
from ingest.correlate.gather import claimants, gather
from ingest.correlate.link import hop_of
from ingest.correlate.links import LOG_ID_REACH_US, Loose, Message, Part, Within
from ingest.correlate.names import MANY, Mention, Names
from ingest.correlate.node import Documents, Node, make_parts
from mappings import keys
from mappings.facts import Fact


class NodeWeb:
    """All nodes of a log domain that are in memory."""

    def __init__(self, within: Within, hosts: Iterable[str] = ()) -> None:
        self.nodes: dict[str, Node] = {}
        #: Nodes to be written, and the log's clock when they changed first.
        self.dirty: dict[str, int] = {}
        #: Those of them that nobody has looked at since they changed last.
        self.news: dict[str, None] = {}
        #: Those of them that are told later with all of their message, and found by what they name then.
        self.late: set[str] = set()
        #: When a node may be let go of at the earliest, on the log's clock.
        self.rest = Agenda()
        #: What stands in the store under the ids of documents that nodes here belong to.
        self.documents = Documents()
        #: How many nodes here each of those belongs to that have no events.
        self._bearers: Counter[str] = Counter()
        self._within = within
        self._hosts = tuple(hosts)
        self._names = Names()
        #: Nodes whose parts are to be made anew: until then they are not found by what they name.
        self._changed: set[str] = set()
        #: Whether a filter's result has come that names its message by the Message-ID only. Most mail servers have no such filter.
        self._judged = False

    @property
    def within(self) -> Within:
        """Which addresses are inside the log domain."""
        return self._within

    def get(self, key: str) -> Node | None:
        """The node with this key, where it is in memory."""
        return self.nodes.get(key)

    def new(self, key: str, host: str, clock_us: int) -> Node:
        """A node that was not in memory; `host` is that of the line that names it, a queue id's own stands in its key."""
        if key[0] == "q":
            host = keys.host_of(key)
        elif key[0] == "j" and not self._judged:
            self._expect_judged()
        node = self.nodes[key] = Node(key, host, touched_us=clock_us)
        self.rest.put(key, clock_us)
        return node

    def _expect_judged(self) -> None:
        """From now on messages are found by their Message-ID as well, those in memory too."""
        self._judged = True
        for node in self.nodes.values():
            if node.key[0] == "q":
                node.parts = None
                node.family = frozenset()
                self._changed.add(node.key)

    def touch(self, node: Node, clock_us: int, *, dirty: bool) -> None:
        """Note that a node is in use, and whether it has to be written again."""
        node.touched_us = clock_us
        if dirty:
            node.parts, node.apart = None, False
            node.family = frozenset()
            self._changed.add(node.key)
            self.dirty.setdefault(node.key, clock_us)
            self.news[node.key] = None

    def remake(self, node: Node) -> None:
        """A node lost events that are written: its parts are made anew, and it is not to be written."""
        node.parts = None
        node.family = frozenset()
        self._changed.add(node.key)

    def keys_named(self, bare: str, host: str) -> list[str]:
        """The full keys that `kind:id` may mean for a line of `host`: queue ids are a host's own, in a domain of several hosts any."""
        if not bare.startswith("q:"):
            return [bare]
        return [keys.queue(h, bare[2:]) for h in dict.fromkeys((host, *self._hosts))]

    def parts_of(self, key: str) -> Sequence[Part]:
        """The lives or the scan of a node, empty where it is unknown or only named."""
        return [part for k in self._alike(key) for part in self.own_parts(k)] if self._hosts else self.own_parts(key)

    def near(self, key: str, since_us: int, until_us: int) -> Iterator[Mention]:
        """The mentions of exactly this key within a span of time."""
        return self._names.near(key, since_us, until_us)

    def meant(self, key: str, since_us: int, until_us: int) -> Iterator[Mention]:
        """The same, also where a line of another host of the log domain names it."""
        return chain.from_iterable(self._names.near(k, since_us, until_us) for k in self._alike(key))

    def crowded(self, key: str, time_us: int, gap_us: int) -> bool:
        """Whether more parts name a key at about this time than a weak name can tell apart."""
        return self._names.crowded(key, time_us, gap_us)

    def _alike(self, key: str) -> list[str]:
        """The keys that mean the same id on any host of the log domain."""
        if key[0] != "q" or not self._hosts:
            return [key]
        return self.keys_named("q:" + keys.queue_id_of(key), keys.host_of(key))

    def own_parts(self, key: str) -> Sequence[Part]:
        """The parts of one node, made anew where it changed."""
        node = self.nodes.get(key)
        if node is None or not node.events or node.apart:
            return ()
        if node.parts is None:
            node.parts = make_parts(node, self._within, judged=self._judged)
            self._index(node)
        return node.parts

    def _index(self, node: Node) -> None:
        """Keep whom a node names, so that links are found from the other end."""
        self._changed.discard(node.key)
        self._names.remove(node.named)
        before, node.named = node.named, list(node.parts or ())
        for mention in self._names.add(node.named):
            if mention.target[0] in "lpq":
                self._part_crowd(mention.target, mention.until_us)
        if node.key[0] in "lp" and _too_long(node.named) and not _too_long(before):
            # What was joined to it is so no more.
            for part in node.named:
                self._again(m.part for m in self._names.near(node.key, part.start_us - self._within.reach_us, part.end_us))

    def _part_crowd(self, target: str, time_us: int) -> None:
        """Have those written again that were joined by a name until one more had it."""
        weak = LOG_ID_REACH_US if target[0] == "l" else self._within.reach_us
        self._again(self._names.parted(target, time_us, min(weak, self._within.reach_us)))

    def _again(self, parts: Iterable[Part]) -> None:
        """These may be other messages than they were."""
        for part in parts:
            node = self.nodes[part.key]
            node.family = frozenset()
            self.dirty.setdefault(node.key, node.touched_us)
            self.news[node.key] = None

    def changed(self) -> list[str]:
        """Keys of the nodes whose parts are to be made anew now."""
        return list(self._changed - self.late)

    def renew(self, key: str) -> None:
        """Make the parts of a node anew, so that it is found by what it names."""
        self.own_parts(key)
        self._changed.discard(key)

    def messages(self, start: Iterable[str]) -> Iterator[Message]:
        """The messages that these nodes belong to, each once."""
        for key in self.changed():
            self.renew(key)
        seen: set[int] = set()
        for key in self.claimants(start):
            for part in self.own_parts(key):
                if id(part) not in seen:
                    message = gather(part, self)
                    seen.update(id(p) for p in message.parts)
                    yield message

    def claimants(self, start: Iterable[str]) -> Iterator[str]:
        """The nodes themselves; for a hit in a folder of the filter, the scans that used it, for it belongs to one of them."""
        for key in start:
            if key[0] == "f":
                for part in self.own_parts(key):
                    yield from claimants(part, hop_of(key), self)
            yield key

    def linked(self, key: str) -> list[Node]:
        """A node and those that its parts name, without telling which of them make one message."""
        node = self.nodes.get(key)
        if node is None:
            return []
        named = {link.target for part in node.named for link in part.links}
        return [node, *(self.nodes[other] for other in sorted({*named, *node.family} - {key}) if other in self.nodes)]

    def change(self, event: Event, fact: Fact) -> None:
        """Have an event say something else in all nodes that hold it."""
        event.fact = fact
        event.forget()
        for owner in event.owners:
            if owner in self.nodes:
                self.nodes[owner].parts = None
                self._changed.add(owner)

    def set_apart(self, node: Node) -> None:
        """Nothing is to be made of a node until more comes; until then it belongs to nothing."""
        self.dirty.pop(node.key, None)
        self._changed.discard(node.key)
        node.apart = True

    def family(self, node: Node) -> list[Node]:
        """The nodes of all messages that a node belongs to, itself among them."""
        if not node.family:
            node.family = frozenset({node.key, *(part.key for message in self.messages([node.key]) for part in message.parts)})
        return [self.nodes[key] for key in node.family if key in self.nodes]

    def replaced(self, node: Node, document: str) -> None:
        """What stands in the store under an id has no events, and is remembered as long as a node that it bore the key of."""
        if document not in node.replaced:
            node.replaced.add(document)
            self._bearers[document] += 1

    def drop(self, node: Node) -> None:
        """Forget a node; the store remembers it."""
        del self.nodes[node.key]
        self.late.discard(node.key)
        self.rest.drop(node.key)
        self._changed.discard(node.key)
        self._names.remove(node.named)
        for document in node.documents:
            self.documents.drop(document)
        for document in node.replaced:
            self._bearers[document] -= 1
            if not self._bearers[document]:
                del self._bearers[document]
                if (known := self.documents.get(document)) is not None and known.anchor is None:
                    self.documents.drop(document)


def _too_long(parts: Iterable[Part]) -> bool:
    """Whether so many lines bear a weak id that it joins nothing."""
    return any(isinstance(part, Loose) and len(part.events) > MANY for part in parts)
