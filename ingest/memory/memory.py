"""Memory: the open journeys of one log domain. Events come in, messages to be told come out.

A node is an id with its events. Which nodes make one message is found when it is told (`ingest.joining.gather`), on the whole set of
events; so the order in which lines arrive decides nothing. The store is the memory beyond this one: a node that is not here is looked up,
by each id that a line bears, and by those that it names and that lead on, unless the line begins something at the front of the log.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec

from ingest.clock import MARGIN_S, SECOND, front_us
from ingest.framing.line import Line
from ingest.joining.event import LiveEvent, digest_of_fact
from ingest.joining.message import Message
from ingest.joining.names import MANY
from ingest.joining.numbering import Numbers
from ingest.joining.places import Place
from ingest.joining.programs import PASSING, message_ids, passes_program
from ingest.joining.session import Session, SessionStep
from ingest.joining.way import Route, SessionRole
from ingest.joining.within import Within
from ingest.memory.arriving import Arrival, Process, SessionMark, arrival_of, wanted
from ingest.memory.eviction import Eviction
from ingest.memory.loading import FactIn, Loader
from ingest.memory.node import Node, Written, written_of
from ingest.memory.nodes import Nodes
from ingest.memory.recall import Lookup, Recall
from mappings import keys
from mappings.facts import Attempted, Fact, Nothing, Scanned, Unread
from mappings.keys import KeyKind
from mappings.links import BOXED_REACH_S, PIPED_REACH_S
from mappings.trace import Event as StoredEvent
from mappings.trace import Trace

#: So many stamps far ahead of the wall clock, one after the other, are no mistakes of single lines.
_ALL_AHEAD = 1000


class Memory:
    """Open journeys of one log domain."""

    def __init__(
        self,
        log_domain: str,
        lookup: Lookup,
        fact_in: FactIn,
        *,
        within: Within,
        newest_ms: int | None,
        memory_us: int,
        hosts: Iterable[str] = (),
    ) -> None:
        self.log_domain = log_domain
        self.nodes = Nodes(within, hosts, memory_us)
        self._known_nodes = self.nodes.nodes
        self.clock_us = 0
        #: The stamp of the first line that was read.
        self._begun_us = 0
        #: A stamp beyond this moves no clock.
        self.limit_us: int | None = None
        self.ahead = self._in_a_row = 0
        self._recall = Recall(lookup, log_domain, hosts)
        self._loader = Loader(self.nodes, self._recall, fact_in)
        self._front_us = front_us(memory_us)
        self._eviction = Eviction(self.nodes, memory_us, self._dropped)
        self._within = within
        #: Lines later than this second were not in the store when this process started.
        self._front_second = -1 if newest_ms is None else newest_ms // 1000
        self._sessions: OrderedDict[Process, Session] = OrderedDict()
        self._numbers = Numbers()

    # -- events in

    def arrive(self, line: Line, fact: Fact | SessionRole, number: int = 0) -> Arrival | SessionMark:
        """Say of what a line states where it belongs, and whether it begins something at the front of the log.

        Nothing is placed yet; the clock moves, and the line is numbered. `number` is that of the fact among those of its line. A line that
        only begins or ends a session comes with its role. Lines are to be given in the order of reading, each with its identity.
        """
        self._tick(line.time_us)
        self._begun_us = self._begun_us or line.time_us
        digest = line.digest
        if isinstance(fact, SessionRole):
            digest = f"{fact.name}{digest}"
            # A gap is no line, and no other line's number may depend on it.
            at = self._numbers.next(line) if fact is SessionRole.GAP else self._numbers.of(line, digest, self.clock_us)
            step = SessionStep((line.time_us // SECOND, at, line.time_us), fact, digest)
            return SessionMark((line.host, line.program, line.pid, line.fine), step)
        line.number = self._numbers.of(line, digest, self.clock_us)
        event = LiveEvent(line, fact, digest_of_fact(digest, number), self._within)
        # New in time: after all that the store held at the start, and not far behind what was read.
        second = event.time_us // SECOND
        front = second > self._front_second and event.time_us >= self.clock_us - self._front_us
        newest = front and second > self._front_second + BOXED_REACH_S
        return arrival_of(event, new=event.route.begins and front, newest=newest)

    @contextmanager
    def looking_up(self, arrivals: Iterable[Arrival | SessionMark]) -> Iterator[None]:
        """What these lines name and memory does not have is asked of the store in one question, and known while they are placed."""
        try:
            self._recall.fetch(wanted(arrivals, self.nodes))
            yield
        finally:
            self._recall.forget()

    def place(self, arrival: Arrival | SessionMark, place: Place | None) -> None:
        """Give a line to the nodes and the session that it belongs to; its place in its file is needed while a document lacks it."""
        if isinstance(arrival, SessionMark):
            self._feed(arrival.process, arrival.step, place)
        else:
            self._place(arrival, place)

    def place_unread(self, arrival: Arrival | SessionMark, place: Place | None) -> None:
        """Placing a line has failed: take back what was done, and have its journey say so, where its id tells which that is."""
        if not isinstance(arrival, Arrival):
            return
        event = arrival.event
        for key in list(event.owners):
            self._detach(event, key)
        event.let_go()
        if event.pid:
            step = SessionStep((event.second, event.number, event.time_us), SessionRole.GAP, f"{SessionRole.GAP.name}{event.digest}")
            self._feed((event.host, event.program, event.pid, event.fine), step, None)
        queue_id = next((keys.queue_id_of(key) for key in event.route.owners if keys.kind_of(key) is KeyKind.QUEUE), None)
        if queue_id is not None:
            event.state(Unread(queue_id))
            self._place(arrival_of(event, new=False), place)

    def _place(self, arrival: Arrival, place: Place | None) -> None:
        """Give an event to the nodes and the session it belongs to."""
        event = read = arrival.event
        route = event.route
        if type(event.fact) is Nothing:
            self._take_back(event, route)
            return
        for key in route.owners:
            self._loader.node(key, event, new=arrival.new)
        for named in arrival.named:
            self._loader.find(named, event)
        if type(event.fact) is Scanned:
            route = self._record(event, route)
        event = self._known(event, route) or event
        if place is not None and (event.lacking or not event.owners):
            event.hold(place)
        if not event.owners:
            for key in route.owners:
                self._attach(event, key)
        if type(event.fact) in PASSING:
            self._look_beside(event, route)
        if route.role is not None:
            self._session(event, route, read, place)
        elif not event.owners:
            event.let_go()

    def _look_beside(self, event: LiveEvent, route: Route) -> None:
        """Look up what a program of the host may have made of a message, or it of that: the lines of both share no other id.

        What began while this process read is in memory, but for what was handed over when it began to read.
        """
        node = self._known_nodes.get(route.queue or "")
        if node is None or node.piped:
            return
        node.passed |= passes_program(event.fact)
        if not node.passed or (type(event.fact) is Attempted and len(node.events) > MANY):
            # Among the first lines of a message is its Message-ID.
            return
        if node.looked_up or event.time_us <= self._begun_us + PIPED_REACH_S * SECOND:
            for message_id in message_ids(known.fact for known in node.events.values()):
                node.piped = True
                self._loader.beside(node, keys.judged(message_id))

    def _take_back(self, event: LiveEvent, route: Route) -> None:
        """A line that could not be read once says nothing: the documents that miss it are whole without it."""
        for key in route.owners:
            known = self._loader.node(key, event, new=False).events.get(event.digest)
            if known is not None and isinstance(known.fact, Unread):
                for owner in list(known.owners):
                    self._detach(known, owner)
                known.let_go()

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
        self.clock_us = self._loader.clock_us = max(self.clock_us, time_us)

    # -- a line read twice

    def _known(self, event: LiveEvent, route: Route) -> LiveEvent | None:
        """The same line read before, with what this reading knows better."""
        for key in route.owners:
            node = self._known_nodes.get(key)
            if node is not None and event.digest in node.events:
                known = node.events[event.digest]
                self._better(known, event)
                for owner in route.owners:
                    if owner not in known.owners:
                        self._attach(known, owner)
                return known
        if route.role is None:
            return None
        # Of a session it is with the journeys that it was given to.
        session = self._sessions.get((event.host, event.program, event.pid, event.fine))
        step = session.known(event.digest) if session is not None else None
        if step is None or step.event is None:
            return None
        known = step.event if step.event.twin is None else step.event.twin
        self._better(known, event)
        return known

    def _better(self, known: LiveEvent, event: LiveEvent) -> None:
        """Another reading of a line may know it better, which no document holds yet: then it is needed as if it were new."""
        if not known.take(event):
            return
        for key in known.owners:
            node = self._known_nodes.get(key)
            if node is not None:
                node.lacks(known)
                self.nodes.touch(node, self.clock_us)

    def _record(self, event: LiveEvent, route: Route) -> Route:
        """Where a record belongs that may be read to different ends: its first piece has no id of its own yet.

        Read to its end, it is taken back from the log id's node, where a shorter reading had put it; read shorter than before, it
        goes where the longer reading is.
        """
        if route.formerly is None:
            longer = self._loader.records.get(event.digest)
            return route if longer is None else msgspec.structs.replace(route, owners=(longer,))
        self._loader.records[event.digest] = route.owners[0]
        piece = self._loader.node(route.formerly, event, new=False).events.get(event.digest)
        if piece is not None:
            self._detach(piece, route.formerly)
            piece.let_go()
        return route

    def _attach(self, event: LiveEvent, key: str) -> None:
        """Give an event to a node."""
        node = self._known_nodes.get(key) or self._loader.node(key, event, new=False)
        known = node.events.get(event.digest)
        if known is not None:
            if known is not event:
                self._better(known, event)
                for place in event.places if known.lacking else ():
                    known.hold(place)
                event.let_go()
                event.twin = known
            return
        node.events[event.digest] = event
        event.owners[key] = None
        node.lacks(event)
        node.first(event.time_us)
        if len(node.events) > MANY:
            self._eviction.bound(node)
        self.nodes.touch(node, self.clock_us)

    def _detach(self, event: LiveEvent, key: str) -> None:
        """Take an event back that a session had given to the wrong journey."""
        node = self._known_nodes.get(key)
        known = node.events.get(event.digest) if node is not None else None
        if node is None or known is None or (known is not event and self._gives(known)):
            return
        del node.events[event.digest]
        known.owners.pop(key, None)
        node.fresh.discard(event.digest)
        known.lacking.discard(key)
        if (known.owners and not known.lacking) or known is not event:
            # The documents of the others hold it already; or nobody reads it any more.
            known.let_go()
        self.nodes.touch(node, self.clock_us)

    def _gives(self, event: LiveEvent) -> bool:
        """Whether the session of the process that wrote a line, in the form in which the line was read, has it."""
        session = self._sessions.get((event.host, event.program, event.pid, event.fine))
        step = session.known(event.digest) if session is not None else None
        return step is not None and step.event is event

    # -- sessions

    def _session(self, event: LiveEvent, route: Route, read: LiveEvent, place: Place | None) -> None:
        """Take a line into the session of its process, in the order in which this reading has it."""
        assert route.role is not None  # noqa: S101 - asked by the caller
        node = route.owners[0] if route.role is SessionRole.BEGIN and route.owners else None
        # What begins a journey is given to none, and found with it: the session outlives what memory keeps of it.
        given = None if node is not None else event
        step = SessionStep((read.second, read.number, read.time_us), route.role, read.digest, given, node)
        self._feed((read.host, read.program, read.pid, read.fine), step, place)

    def _feed(self, process: Process, step: SessionStep, place: Place | None) -> None:
        """Take a step into a session, and move what it gives."""
        session = self._sessions.get(process)
        if session is None:
            session = self._sessions[process] = Session(self._within.reach_us // SECOND)
        self._sessions.move_to_end(process)
        # By the log's clock: one stamp far ahead keeps nothing.
        session.last_us = self.clock_us
        if session.known(step.digest) is not None:
            return
        given, withdrawn = session.add(step, place)
        for event, key in withdrawn:
            self._detach(event, key)
        for event, key in given:
            self._attach(event, key)

    # -- messages out

    def wrote(self, document: Trace, digest: bytes, holding: Iterable[str]) -> None:
        """A document is on its way to the store, in which these nodes have events."""
        self.nodes.documents.put(document.id, written_of(document, digest))
        for key in holding:
            node = self._known_nodes.get(key)
            if node is not None:
                node.documents.add(document.id)

    def replaced(self, message: Message, current: set[str], nodes: list[Node]) -> Iterator[tuple[str, Written, list[str]]]:
        """What stands in the store of a message that is told by other documents now: id, what is known of it, and the keys that it bore."""
        events = [event.digest for part in message.parts for event in part.events]
        for document in sorted(self.nodes.documents.of(events) - current):
            known = self.nodes.documents.get(document)
            bearing = sorted({keys.in_documents(node.key) for node in nodes if document in node.documents})
            if known is not None and not known.superseded and bearing:
                yield document, known, bearing

    def forget(self, message: Message) -> None:
        """The lines of a message can matter no more though no document holds them."""
        for part in message.parts:
            self.nodes.nodes[part.key].forget([event.digest for event in part.events])

    def settle(self, events: Iterable[tuple[str, LiveEvent, StoredEvent | None]]) -> None:
        """Documents have these events durably, as they were when they were written; what was read better meanwhile is not there."""
        for key, event, stored in events:
            node = self._known_nodes.get(key)
            if node is not None and event.stored.get(key) is stored and node.events.get(event.digest) is event:
                node.has(event)

    # -- what is kept

    def evict(self) -> list[str]:
        """Let go of what is written and quiet, for the store remembers it; give what is to be written first."""
        unwritten = self._eviction.due(self.clock_us)
        gone = self.clock_us - self._within.reach_us - MARGIN_S * SECOND
        while self._sessions and next(iter(self._sessions.values())).last_us < gone:
            self._sessions.popitem(last=False)[1].close()
        self._numbers.forget(self.clock_us)
        return unwritten

    def begun(self) -> list[str]:
        """Nodes of queue files with lines that no document holds: they may still go on."""
        return [node.key for node in self.nodes.nodes.values() if node.fresh and node.kind is KeyKind.QUEUE]

    def close(self) -> None:
        """Let go of everything: what is not in the store has come to nothing."""
        for node in self.nodes.nodes.values():
            node.forget(list(node.fresh))
        for session in self._sessions.values():
            session.close()

    def _dropped(self, key: str, event: LiveEvent) -> None:
        """A node let go of an event."""
        self._loader.records.pop(event.digest, None)
        event.stored.pop(key, None)
        if len(event.owners) > 1:
            # A line of a session without end would have ever more.
            event.owners.pop(key, None)
