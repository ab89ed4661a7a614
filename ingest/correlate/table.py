"""The table of open journeys of one log domain: events in, messages to be written out.

A node is an id with its events. Which nodes make one message is found when it is written (`gather.py`), on the whole set of
events; so the order in which lines arrive decides nothing. The store is the memory: a node that is not here is looked up, by
each id that a line names, unless the line begins something at the front of the log.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec

from ingest.correlate.arrival import Arrival, Process, SessionStep
from ingest.correlate.event import SECOND, Event, Slot, digest_of, from_document
from ingest.correlate.link import hop_of, node_key
from ingest.correlate.links import Within
from ingest.correlate.memory import Memory, forget
from ingest.correlate.node import Node, Written, content_digest
from ingest.correlate.numbering import Numbers
from ingest.correlate.recall import Lookup, Recall
from ingest.correlate.route import Route, route
from ingest.correlate.session import MARGIN_S, Role, Session, Step
from ingest.correlate.web import NodeWeb
from ingest.framing.line import Line
from mappings import keys
from mappings.facts import Fact, Nothing, Scanned, Unread
from mappings.trace import Trace

#: So many stamps far ahead of the wall clock, one after the other, are no mistakes of single lines.
_ALL_AHEAD = 1000
#: A line at most this far behind the greatest stamp read is at the front of the log.
FRONT_US = 3 * SECOND


class Table:
    """Open journeys of one log domain."""

    def __init__(
        self, log_domain: str, lookup: Lookup, *, within: Within, newest_ms: int | None, memory_us: int, hosts: Iterable[str] = ()
    ) -> None:
        self.log_domain = log_domain
        self.web = NodeWeb(within, hosts)
        self.clock_us = 0
        #: A stamp beyond this moves no clock.
        self.limit_us: int | None = None
        self.ahead = self._in_a_row = 0
        self._recall = Recall(lookup, log_domain, hosts)
        self._memory_us = memory_us
        self._memory = Memory(self.web, memory_us, within.reach_us, self._dropped)
        self._reach_us = within.reach_us
        #: Lines later than this second were not in the store when this process started.
        self._front_second = -1 if newest_ms is None else newest_ms // 1000
        #: Node of each record that was read to its end, by the record's digest.
        self._records: dict[str, str] = {}
        self._sessions: OrderedDict[Process, Session] = OrderedDict()
        self._numbers = Numbers()

    # -- events in

    def arrive(self, line: Line, fact: Fact | Role) -> Arrival | SessionStep:
        """Say of a line where it belongs, and whether it begins something at the front of the log; nothing is changed but the clock.

        A line that only begins or ends a session comes with its role. Lines are to be given in the order of reading.
        """
        self._tick(line.time_us)
        if isinstance(fact, Role):
            digest = f"{fact.name}{line.time_us // SECOND}{line.text}"
            # A gap is no line, and no other line's number may depend on it.
            number = self._numbers.next(line) if fact is Role.GAP else self._numbers.of(line, digest, self.clock_us)
            step = Step((line.time_us // SECOND, number, line.time_us), fact, digest)
            return SessionStep((line.host, line.program, line.pid, line.fine), step)
        digest = digest_of(self.log_domain, line)
        line.number = self._numbers.of(line, digest, self.clock_us)
        event = Event(line, fact, digest)
        way = route(event, self.web.within)
        return Arrival(event, way, new=way.begins and self._is_front(event))

    @contextmanager
    def looking_up(self, arrivals: Iterable[Arrival | SessionStep]) -> Iterator[None]:
        """What these lines name and memory does not have is asked of the store in one question, and known while they are placed."""
        try:
            self._recall.fetch(self._wanted(a for a in arrivals if isinstance(a, Arrival)))
            yield
        finally:
            self._recall.forget()

    def place(self, arrival: Arrival | SessionStep, slot: Slot | None) -> None:
        """Give a line to the nodes and the session that it belongs to; its place in its file is needed while a document lacks it."""
        if isinstance(arrival, SessionStep):
            self._feed(arrival.process, arrival.step, slot)
        else:
            self._place(arrival, slot)

    def place_unread(self, arrival: Arrival | SessionStep, slot: Slot | None) -> None:
        """Placing a line has failed: take back what was done, and have its journey say that a line of it is missing."""
        if not isinstance(arrival, Arrival):
            return
        event = arrival.event
        for key in list(event.owners):
            self._detach(event, key)
        event.unpin()
        if event.pid:
            step = Step((event.second, event.number, event.time_us), Role.GAP, f"{Role.GAP.name}{event.digest}")
            self._feed((event.host, event.program, event.pid, event.fine), step, None)
        queue_id = next((keys.queue_id_of(key) for key in arrival.way.owners if key[0] == "q"), None)
        if queue_id is not None:
            event.fact = Unread(queue_id)
            event.forget()
            self._place(Arrival(event, route(event, self.web.within), new=False), slot)

    def _wanted(self, arrivals: Iterable[Arrival]) -> Iterator[str]:
        """Keys that lines name and memory does not have."""
        begun: set[str] = set()
        for arrival in arrivals:
            way = arrival.way
            if arrival.new:
                begun.update(way.owners)
            else:
                yield from (hop_of(key) for key in way.owners if key not in self.web.nodes and key not in begun)
            for bare in arrival.named:
                yield from (key for key in self.web.keys_named(bare, arrival.event.host) if key not in self.web.nodes and key not in begun)

    def _place(self, arrival: Arrival, slot: Slot | None) -> None:
        """Give an event to the nodes and the session it belongs to."""
        event = read = arrival.event
        way = arrival.way
        if isinstance(event.fact, Nothing):
            self._take_back(event, way)
            return
        for key in way.owners:
            self._node(key, event, new=arrival.new)
        for bare in arrival.named:
            self._find_named(bare, event)
        if isinstance(event.fact, Scanned):
            way = self._record(event, way)
        event = self._known(event, way) or self._known_in_session(event, way) or event
        if slot is not None and (event.needs or not event.owners):
            event.pin(slot)
        if not event.owners:
            for key in way.owners:
                self._attach(event, key)
        if way.role is not None:
            self._session(event, way, read, slot)
        if not event.owners and way.role is None:
            event.unpin()

    def _take_back(self, event: Event, way: Route) -> None:
        """A line that could not be read once says nothing: the documents that miss it are whole without it."""
        for key in way.owners:
            known = self._node(key, event, new=False).events.get(event.digest)
            if known is not None and isinstance(known.fact, Unread):
                for owner in list(known.owners):
                    self._detach(known, owner)
                known.unpin()

    def _tick(self, time_us: int) -> None:
        """Move the log's clock on; a stamp far ahead of the wall clock is counted and moves nothing.

        Where all stamps are so, the host's zone or clock is wrong: then its clock goes with ours, or memory would never let go of anything.
        """
        if self.limit_us is not None and time_us > self.limit_us:
            self.ahead += 1
            self._in_a_row += 1
            if self._in_a_row < _ALL_AHEAD:
                return
            time_us = self.limit_us
        else:
            self._in_a_row = 0
        self.clock_us = max(self.clock_us, time_us)

    def _is_front(self, event: Event) -> bool:
        """Whether a line is new in time: after all that the store held at the start, and not far behind what was read."""
        return event.second > self._front_second and event.time_us >= self.clock_us - min(FRONT_US, self._memory_us // 2)

    def _known(self, event: Event, way: Route) -> Event | None:
        """The same line read before, with what this reading knows better."""
        for key in way.owners:
            node = self.web.nodes.get(key)
            known = node.events.get(event.digest) if node is not None else None
            if known is not None:
                if known.take(event):
                    self._renewed(known)
                for owner in way.owners:
                    if owner not in known.owners:
                        self._attach(known, owner)
                return known
        return None

    def _record(self, event: Event, way: Route) -> Route:
        """Where a record belongs that may be read to different ends: its first piece has no id of its own yet.

        Read to its end, it is taken back from the log id's node, where a shorter reading had put it; read shorter than before, it
        goes where the longer reading is.
        """
        if way.formerly is None:
            longer = self._records.get(event.digest)
            return way if longer is None else msgspec.structs.replace(way, owners=(longer,))
        self._records[event.digest] = way.owners[0]
        piece = self._node(way.formerly, event, new=False).events.get(event.digest)
        if piece is not None:
            self._detach(piece, way.formerly)
            piece.unpin()
        return way

    def _known_in_session(self, event: Event, way: Route) -> Event | None:
        """The same line of a session read before; it is with the journeys that it was given to."""
        session = self._sessions.get((event.host, event.program, event.pid, event.fine)) if way.role is not None else None
        step = session.known(event.digest) if session is not None else None
        if step is None or step.event is None:
            return None
        known = step.event if step.event.twin is None else step.event.twin
        if known.take(event):
            self._renewed(known)
        return known

    def _renewed(self, event: Event) -> None:
        """Another reading of a line knew it better, which no document holds yet: it is needed as if it were new."""
        for key in event.owners:
            node = self.web.nodes.get(key)
            if node is None:
                continue
            if event.digest not in node.fresh:
                node.fresh.add(event.digest)
                event.needs += 1
            self._changed(node)

    def _attach(self, event: Event, key: str) -> None:
        """Give an event to a node."""
        node = self.web.nodes.get(key) or self._node(key, event, new=False)
        if event.digest in node.events:
            known = node.events[event.digest]
            if known is not event:
                if known.take(event):
                    self._renewed(known)
                    for slot in event.pins:
                        known.pin(slot)
                event.unpin()
                event.twin = known
            return
        node.events[event.digest] = event
        node.fresh.add(event.digest)
        event.owners[key] = None
        event.needs += 1
        node.first_us = min(node.first_us or event.time_us, event.time_us)
        self._memory.bound(node)
        self._changed(node)

    def _detach(self, event: Event, key: str) -> None:
        """Take an event back that a session had given to the wrong journey."""
        node = self.web.nodes.get(key)
        if node is None or node.events.pop(event.digest, None) is None:
            return
        if event.digest in node.fresh:
            node.fresh.discard(event.digest)
            event.needs -= 1
        event.owners.pop(key, None)
        if event.owners and event.needs <= 0:
            # The documents of the others hold it already.
            event.unpin()
        self._changed(node)

    # -- sessions

    def _session(self, event: Event, way: Route, read: Event, slot: Slot | None) -> None:
        """Take a line into the session of its process, in the order in which this reading has it."""
        if way.role is None:
            return
        node = way.owners[0] if way.role is Role.BEGIN and way.owners else None
        # What begins a journey is given to none, and found with it: the session outlives what memory keeps of it.
        given = None if node is not None else event
        step = Step((read.second, read.number, read.time_us), way.role, read.digest, given, node)
        self._feed((read.host, read.program, read.pid, read.fine), step, slot)

    def _feed(self, process: Process, step: Step, slot: Slot | None) -> None:
        """Take a step into a session, and move what it gives."""
        session = self._sessions.get(process)
        if session is None:
            session = self._sessions[process] = Session(self._reach_us // SECOND)
        self._sessions.move_to_end(process)
        # By the log's clock: one stamp far ahead keeps nothing.
        session.last_us = self.clock_us
        if session.known(step.digest) is not None:
            return
        given, withdrawn = session.add(step, slot)
        for event, key in withdrawn:
            self._detach(event, key)
        for event, key in given:
            self._attach(event, key)

    # -- looking up

    def _node(self, key: str, event: Event, *, new: bool) -> Node:
        """The node with this key; looked up in the store unless the line that names it begins it at the front of the log."""
        node = self.web.nodes.get(key)
        if node is None:
            node = self.web.new(key, event.host, self.clock_us)
            if new:
                node.first_us = event.time_us
                return node
        elif node.looked_up or new or (node.first_us and event.time_us >= node.first_us - SECOND):
            return node
        self._load(node)
        return node

    def _find_named(self, bare: str, event: Event) -> None:
        """Have the nodes that a line names in memory, where the store knows them."""
        for key in self.web.keys_named(bare, event.host):
            node = self.web.nodes.get(key)
            if node is None:
                node = self.web.new(key, event.host, self.clock_us)
                self._load(node)

    def _load(self, node: Node) -> None:
        """Load from the store what holds this key, and what that names in turn."""
        waiting = [node]
        while waiting:
            node = waiting.pop()
            if node.looked_up:
                continue
            node.looked_up = True
            for document in self._recall.of(hop_of(node.key)):
                waiting.extend(self._restore(document, node))

    def _restore(self, document: Trace, bearer: Node) -> list[Node]:
        """Take the events of a document back in, which holds the key of a node; gives the nodes that it names."""
        if not document.events:
            self.web.replaced(bearer, document.id)
        known = self.web.documents.get(document.id)
        if known is not None and known.version >= document.version:
            return []
        anchor = document.events[0].hash if document.events else None
        written = Written(
            document.version,
            content_digest(document),
            anchor,
            document.original_recipient or document.recipient,
            document.time_ms,
            superseded=bool(document.superseded_by),
        )
        self.web.documents.put(document.id, written)
        touched: list[Node] = []
        for stored in document.events:
            key = node_key(stored.hop, stored.hash)
            node = self.web.nodes.get(key)
            if node is None:
                node = self.web.new(key, stored.host, self.clock_us)
            node.documents.add(document.id)
            touched.append(node)
            try:
                event = from_document(stored)
            except (msgspec.ValidationError, KeyError):
                # Written by a newer release with facts that this one has not: left as it stands, the lines tell it again.
                continue
            known_event = node.events.get(event.digest)
            if known_event is None:
                known_event = next((self.web.nodes[k].events[event.digest] for k in self._holding(event.digest, touched)), event)
                node.events[event.digest] = known_event
                known_event.owners[node.key] = None
                node.first_us = min(node.first_us or event.time_us, event.time_us)
            else:
                known_event.take(event)
            if isinstance(event.fact, Scanned) and node.key[0] == "m":
                self._records[event.digest] = node.key
            if event.digest in node.fresh and known_event.fact == event.fact:
                node.fresh.discard(event.digest)
                known_event.release()
            self._changed(node)
        return [n for n in {id(n): n for n in touched}.values() if not n.looked_up]

    def _holding(self, digest: str, nodes: Iterable[Node]) -> Iterable[str]:
        """Keys of nodes that hold this event already."""
        return (n.key for n in nodes if digest in n.events)

    def _changed(self, node: Node) -> None:
        """A node's events changed: its message is to be written again."""
        self.web.touch(node, self.clock_us, dirty=True)

    # -- memory

    def evict(self) -> list[str]:
        """Let go of what is written and quiet, for the store remembers it; give what is to be written first."""
        unwritten = self._memory.evict(self.clock_us)
        gone = self.clock_us - self._reach_us - MARGIN_S * SECOND
        while self._sessions and next(iter(self._sessions.values())).last_us < gone:
            self._sessions.popitem(last=False)[1].close()
        self._numbers.forget(self.clock_us)
        return unwritten

    def begun(self) -> list[str]:
        """Nodes of queue files with lines that no document holds: they may still go on."""
        return [key for key, node in self.web.nodes.items() if node.fresh and key[0] == "q"]

    def close(self) -> None:
        """Let go of everything: what is not in the store has come to nothing."""
        for node in self.web.nodes.values():
            forget(node, list(node.fresh))
        for session in self._sessions.values():
            session.close()

    def _dropped(self, key: str, event: Event) -> None:
        """A node let go of an event."""
        self._records.pop(event.digest, None)
        event.documented.pop(key, None)
        if len(event.owners) > 1:
            # A line of a session without end would have ever more.
            event.owners.pop(key, None)
