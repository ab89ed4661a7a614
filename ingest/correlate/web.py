"""The web of nodes: which are in memory, which changed, what their parts are, and who names whom."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence

from ingest.correlate.event import Event
from ingest.correlate.links import Message, Part, Within, gather
from ingest.correlate.node import Node, Written, make_parts
from ingest.events import Fact
from mappings import keys


class NodeWeb:
    """All nodes of a log domain that are in memory, oldest touched first."""

    def __init__(self, within: Within, hosts: Iterable[str] = ()) -> None:
        self.nodes: OrderedDict[str, Node] = OrderedDict()
        #: Nodes to be written, and the log's clock when they changed first.
        self.dirty: dict[str, int] = {}
        #: What stands in the store under the ids of documents that nodes here belong to.
        self.documents: dict[str, Written] = {}
        self._within = within
        self._hosts = tuple(hosts)
        #: Keys of the nodes that name a key.
        self._named: dict[str, set[str]] = {}
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
        return node

    def _expect_judged(self) -> None:
        """From now on messages are found by their Message-ID as well, those in memory too."""
        self._judged = True
        for node in self.nodes.values():
            if node.key[0] == "q":
                node.parts = None
                node.family.clear()
                self._changed.add(node.key)

    def touch(self, node: Node, clock_us: int, *, dirty: bool) -> None:
        """Note that a node is in use, and whether it has to be written again."""
        node.touched_us = clock_us
        self.nodes.move_to_end(node.key)
        if dirty:
            node.parts = None
            node.family.clear()
            self._changed.add(node.key)
            self.dirty.setdefault(node.key, clock_us)

    def keys_named(self, bare: str, host: str) -> list[str]:
        """The full keys that `kind:id` may mean for a line of `host`: queue ids are a host's own, in a domain of several hosts any."""
        if not bare.startswith("q:"):
            return [bare]
        return [keys.queue(h, bare[2:]) for h in dict.fromkeys((host, *self._hosts))]

    def parts_of(self, key: str) -> Sequence[Part]:
        """The lives or the scan of a node, empty where it is unknown or only named."""
        return [part for k in self._alike(key) for part in self.own_parts(k)] if self._hosts else self.own_parts(key)

    def named_by(self, key: str) -> Sequence[str]:
        """Keys of the nodes that name this one."""
        return sorted({n for k in self._alike(key) for n in self._named.get(k, ())})

    def means(self, target: str, key: str) -> bool:
        """Whether a name is this key's, also where a line of another host of the log domain says it."""
        return target == key or (bool(self._hosts) and target[0] == "q" == key[0] and key in self._alike(target))

    def _alike(self, key: str) -> list[str]:
        """The keys that mean the same id on any host of the log domain."""
        if key[0] != "q" or not self._hosts:
            return [key]
        return self.keys_named("q:" + keys.queue_id_of(key), keys.host_of(key))

    def own_parts(self, key: str) -> Sequence[Part]:
        """The parts of one node, made anew where it changed."""
        node = self.nodes.get(key)
        if node is None or not node.events:
            return ()
        if node.parts is None:
            node.parts = make_parts(node, self._within, judged=self._judged)
            self._index(node)
        return node.parts

    def _index(self, node: Node) -> None:
        """Keep whom a node names, so that links are found from the other end."""
        self._changed.discard(node.key)
        names = {link.target for part in node.parts or () for link in part.links}
        for target in node.names - names:
            self._unname(target, node.key)
        for target in names - node.names:
            self._named.setdefault(target, set()).add(node.key)
        node.names = names

    def _unname(self, target: str, key: str) -> None:
        """A node names another one no more."""
        named = self._named.get(target)
        if named is not None:
            named.discard(key)
            if not named:
                del self._named[target]

    def changed(self) -> list[str]:
        """Keys of the nodes whose parts are to be made anew."""
        return list(self._changed)

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
        """The nodes themselves; for a folder of the filter, the scans that used it, for a hit in it belongs to one of them."""
        for key in start:
            if key[0] == "f":
                yield from self.named_by(key)
            yield key

    def linked(self, key: str) -> list[Node]:
        """A node and those that it and its parts name, without telling which of them make one message."""
        node = self.nodes.get(key)
        if node is None:
            return []
        named = sorted({*node.names, *node.family, *self._named.get(key, ())} - {key})
        return [node, *(self.nodes[other] for other in named if other in self.nodes)]

    def change(self, event: Event, fact: Fact) -> None:
        """Have an event say something else in all nodes that hold it."""
        event.fact = fact
        event.forget()
        for owner in event.owners:
            node = self.nodes[owner]
            node.parts = None
            self._changed.add(owner)

    def changed_no_more(self, node: Node) -> None:
        """Nothing is to be made of a node until more comes; until then it belongs to nothing."""
        self._changed.discard(node.key)
        node.family = {node.key}

    def untouched(self, floor_us: int) -> list[Node]:
        """Nodes not touched since this time of the log, oldest first."""
        found: list[Node] = []
        for node in self.nodes.values():
            if node.touched_us > floor_us:
                break
            found.append(node)
        return found

    def family(self, node: Node) -> list[Node]:
        """The nodes of all messages that a node belongs to, itself among them."""
        if not node.family:
            node.family = {node.key, *(part.key for message in self.messages([node.key]) for part in message.parts)}
        return [self.nodes[key] for key in node.family if key in self.nodes]

    def drop(self, node: Node) -> None:
        """Forget a node; the store remembers it."""
        del self.nodes[node.key]
        self._changed.discard(node.key)
        for target in node.names:
            self._unname(target, node.key)
        for document in node.documents:
            self.documents.pop(document, None)
