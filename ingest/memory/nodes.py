"""The nodes in memory: which there are, which changed, what their parts are, and who names whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from ingest.clock import BOXED_REACH_US, LOG_ID_REACH_US
from ingest.joining.event import LiveEvent
from ingest.joining.gather import claimants, gather
from ingest.joining.message import Message
from ingest.joining.names import MANY, Mention, Names
from ingest.joining.parts import STORES, Loose, Part, make_parts
from ingest.joining.reception import CLAIMANTS, claim_of
from ingest.joining.within import Within
from ingest.memory.agenda import Agenda
from ingest.memory.node import Documents, Node
from mappings import keys
from mappings.facts import Fact
from mappings.keys import KeyKind

_NO_FAMILY: frozenset[str] = frozenset()
#: How far apart those lie at most that a name joins, where that is less than elsewhere.
_REACHES = {KeyKind.LOG: LOG_ID_REACH_US, KeyKind.BOX: BOXED_REACH_US}
#: Ids that are weak, or of what is not seen: too many may share one.
_WEAK = frozenset({KeyKind.LOG, KeyKind.PEER})
_SHARED = _WEAK | {KeyKind.QUEUE, KeyKind.PIPED, KeyKind.BOX}
#: Ids that are a host's own.
_OF_HOSTS = _WEAK | {KeyKind.QUEUE, KeyKind.FOLDER}


class Nodes:
    """All nodes of a log domain that are in memory, and which of them are to be looked at.

    When the events of a node change, its parts are void until they are made anew (`_changed`), it is to be written (`dirty`), and nobody
    has looked at it since (`news`). Looking at it takes it off `news`; that its message was told takes it off `dirty`. What is put off
    with all of a large message is `late`: its parts are made anew then only. What was put aside is `apart`: nothing is made of it until
    more comes.
    """

    def __init__(self, within: Within, hosts: Iterable[str] = (), rest_us: int = 0) -> None:
        self._rest_us = rest_us
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
        self.within = within
        #: How many nodes here each of those belongs to that have no events.
        self._bearers: Counter[str] = Counter()
        self._hosts = tuple(hosts)
        self._names = Names()
        #: Nodes whose parts are to be made anew: until then they are not found by what they name.
        self._changed: set[str] = set()
        #: Whether a line has come that names its message by the Message-ID: a filter's result, or a store's. Most mail servers have none.
        self._judged = False

    # -- nodes

    def get(self, key: str) -> Node | None:
        """The node with this key, where it is in memory."""
        return self.nodes.get(key)

    def new(self, key: str, host: str, clock_us: int) -> Node:
        """A node that was not in memory; `host` is that of the line that names it, a queue id's own stands in its key."""
        kind = keys.kind_of(key)
        if kind is KeyKind.JUDGED and not self._judged:
            self._expect_judged()
        node = Node(key, keys.host_of(key) if kind is KeyKind.QUEUE else host, kind, touched_us=clock_us)
        self.nodes[key] = node
        self.rest.put(key, clock_us + self._rest_us)
        return node

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

    def replaced(self, node: Node, document: str) -> None:
        """What stands in the store under an id has no events, and is remembered as long as a node that it bore the key of."""
        if document not in node.replaced:
            node.replaced.add(document)
            self._bearers[document] += 1

    def _expect_judged(self) -> None:
        """From now on messages are found by their Message-ID as well, those in memory too."""
        self._judged = True
        for node in self.nodes.values():
            if node.kind is KeyKind.QUEUE:
                self.remake(node)

    # -- what changed

    def touch(self, node: Node, clock_us: int) -> None:
        """A node's events changed: it has to be written again."""
        if node.kind in STORES and not self._judged:
            self._expect_judged()
        node.touched_us = clock_us
        node.apart = False
        node.parts = None
        node.family = _NO_FAMILY
        self._changed.add(node.key)
        if node.key not in self.dirty:
            self.dirty[node.key] = clock_us
        self.news[node.key] = None

    def remake(self, node: Node) -> None:
        """The parts of a node are made anew."""
        node.parts = None
        node.family = _NO_FAMILY
        self._changed.add(node.key)

    def restate(self, event: LiveEvent, fact: Fact) -> None:
        """Have an event say something else in all nodes that hold it."""
        event.state(fact)
        for owner in event.owners:
            if owner in self.nodes:
                self.nodes[owner].parts = None
                self._changed.add(owner)

    def set_apart(self, node: Node) -> None:
        """Nothing is to be made of a node until more comes; until then it belongs to nothing."""
        self.dirty.pop(node.key, None)
        self._changed.discard(node.key)
        node.apart = True

    def changed(self) -> list[str]:
        """Keys of the nodes whose parts are to be made anew now."""
        return list(self._changed - self.late)

    def renew(self, key: str) -> None:
        """Make the parts of a node anew, so that it is found by what it names."""
        self.own_parts(key)
        self._changed.discard(key)

    # -- parts, and who names them

    def own_parts(self, key: str) -> Sequence[Part]:
        """The parts of one node, made anew where it changed."""
        node = self.nodes.get(key)
        if node is None or not node.events or node.apart:
            return ()
        if node.parts is None:
            node.parts = make_parts(key, node.host, list(node.events.values()), self.within, judged=self._judged)
            self._index(node)
        return node.parts

    def parts_of(self, key: str) -> Sequence[Part]:
        """The parts of a node, empty where it is unknown or only named; in a log domain of several hosts, of all that it may mean."""
        return [part for k in self.alike(key) for part in self.own_parts(k)] if self._hosts else self.own_parts(key)

    def near(self, key: str, since_us: int, until_us: int) -> Iterator[Mention]:
        """The mentions of this key within a span of time; in a log domain of several hosts, of all that it may mean."""
        if not self._hosts:
            return self._names.near(key, since_us, until_us)
        return chain.from_iterable(self._names.near(k, since_us, until_us) for k in self.alike(key))

    def crowded(self, key: str, time_us: int, gap_us: int) -> bool:
        """Whether more parts name a key at about this time than a weak name can tell apart."""
        return any(self._names.crowded(k, time_us, gap_us) for k in self.alike(key))

    def alike(self, key: str) -> Sequence[str]:
        """The keys that mean the same id: one that is a host's own is any's in a log domain of several hosts."""
        if not self._hosts or keys.kind_of(key) not in _OF_HOSTS:
            return (key,)
        return list(dict.fromkeys((key, *(keys.on_host(host, key) for host in self._hosts))))

    def _index(self, node: Node) -> None:
        """Keep whom a node names, so that links are found from the other end."""
        self._changed.discard(node.key)
        before, node.named = node.named, node.parts or []
        # Who names a Message-ID no more, or newly, may change what others are taken for.
        claims = set(filter(None, map(claim_of, self._names.of(before)))) if self._judged else set()
        if before:
            self._names.remove(before)
        for mention in self._names.add(node.named):
            claims ^= set(filter(None, [claim_of(mention)]))
            kind = keys.kind_of(mention.target)
            if kind in _SHARED:
                reach = min(_REACHES.get(kind, self.within.reach_us), self.within.reach_us)
                # Those are written again that were joined by a name until one more had it.
                self._again(self._parted(mention, reach))
            if kind is KeyKind.PIPED and not self._names.crowded(mention.target, mention.until_us, self.within.reach_us):
                # What was joined by this name may mean two things now.
                near = self._names.near(mention.target, mention.since_us - self.within.reach_us, mention.until_us + self.within.reach_us)
                self._again(m.part for m in near if m.part.key != node.key)
        for claim in claims:
            self._again(part for key in claim.keys for part in self._names.around(key, claim.since_us, claim.until_us, CLAIMANTS))
        if node.kind in _WEAK and _too_long(node.named) and not _too_long(before):
            # What was joined to it is so no more.
            for part in node.named:
                self._again(m.part for m in self.near(node.key, part.start_us - self.within.reach_us, part.end_us))

    def _parted(self, mention: Mention, reach_us: int) -> Sequence[Part]:
        """The parts that are too many for a name since one of them came, and what of other hosts the name joined to them."""
        parted = self._names.parted(mention.target, mention.until_us, reach_us)
        if not parted or not self._hosts:
            return parted
        since, until = min(p.start_us for p in parted) - reach_us, max(p.end_us for p in parted) + reach_us
        return [*parted, *(m.part for m in self.near(mention.target, since, until))]

    def _again(self, parts: Iterable[Part]) -> None:
        """These may be other messages than they were."""
        for part in parts:
            node = self.nodes[part.key]
            node.family = _NO_FAMILY
            self.dirty.setdefault(node.key, node.touched_us)
            self.news[node.key] = None

    # -- messages

    def messages(self, start: Iterable[str], done: set[Part]) -> Iterator[Message]:
        """The messages that these nodes belong to, each once: whose parts are done is passed over, and what is given is done."""
        for key in start:
            for claimant in self._claimants(key):
                for part in self.own_parts(claimant):
                    if part not in done:
                        message = gather(part, self)
                        yield message
                        done.update(message.parts)

    def nodes_of(self, message: Message) -> list[Node]:
        """The nodes whose lives, scans and loose ends make a message."""
        return [self.nodes[key] for key in sorted({part.key for part in message.parts})]

    def family(self, node: Node) -> list[Node]:
        """The nodes of all messages that a node belongs to, itself among them."""
        if not node.family:
            for key in self.changed():
                self.renew(key)
            messages = self.messages([node.key], set())
            node.family = frozenset({node.key, *(part.key for message in messages for part in message.parts)})
        return [self.nodes[key] for key in node.family if key in self.nodes]

    def linked(self, key: str) -> list[Node]:
        """A node and those that its parts name, without telling which of them make one message."""
        node = self.nodes.get(key)
        if node is None:
            return []
        named = {link.target for part in node.named for link in part.links}
        return [node, *(self.nodes[other] for other in sorted({*named, *node.family} - {key}) if other in self.nodes)]

    def _claimants(self, key: str) -> Iterator[str]:
        """The node itself; for a hit in a folder of the filter, the scans that used it, for it belongs to one of them."""
        if keys.kind_of(key) is KeyKind.FOLDER:
            for part in self.own_parts(key):
                yield from claimants(part, keys.in_documents(key), self)
        yield key


def _too_long(parts: Iterable[Part]) -> bool:
    """Whether so many lines bear a weak id that it joins nothing."""
    return any(isinstance(part, Loose) and len(part.events) > MANY for part in parts)
