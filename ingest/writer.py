"""Writing messages out: which documents changed, in what order they go to the store, and what is settled when it has them.

Order matters where documents replace others: a superseded version is sent only after its successors are acknowledged, so at no
moment is an event in no document. If we die between the two, a search sees both for a while; the next reading supersedes again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from ingest.correlate.agenda import Agenda
from ingest.correlate.draft import Composed, Context, Draft, compose
from ingest.correlate.event import SECOND, Event
from ingest.correlate.link import hop_of
from ingest.correlate.links import Message
from ingest.correlate.memory import forget
from ingest.correlate.node import Large, Node, Written, content_digest
from ingest.correlate.table import Table
from ingest.sinks import Sink
from mappings.address import fold
from mappings.trace import REVISION, VERSION_STEP, Trace

#: In a backlog a finished message waits this long for late lines, on the log's clock, so that it is written once.
SETTLE_US = 2 * SECOND
#: An unfinished one is written at the latest so long after it changed, on the log's clock.
PATIENCE_US = 30 * SECOND
_BATCH = 2000
#: A message of more lines is told again only when it has grown by half, or after a while: longer the more lines it has.
LARGE_LINES = 100
_SHARE = 2
_WHILE_US, _LONGEST_US = 10 * SECOND, 60 * SECOND


#: Batches that the store has not acknowledged yet, by their tickets, each with what is to be done then. All writers of one store
#: share it: whoever asks the store gets the tickets of the others as well.
UnderWay = dict[int, Callable[[], None]]


@dataclass(slots=True)
class Group:
    """Documents of some messages that are under way, and what is settled with them."""

    events: list[tuple[str, Event]] = field(default_factory=list)
    superseded: list[Trace] = field(default_factory=list)


class Writer:
    """Writes what changed in a table."""

    def __init__(self, table: Table, sink: Sink, context: Context, under_way: UnderWay) -> None:
        self.table = table
        self.written = 0
        self.superseded = 0
        self._sink = sink
        self._context = context
        self._under_way = under_way
        #: How many of them are its own.
        self._open = 0
        #: What waits in a backlog until it is quiet, on the log's clock, and what is held back, on the clock for showing.
        self._settling = Agenda()
        self._held = Agenda()
        self._any_large = False
        #: The log's clock when it last moved, and the wall clock then.
        self.quiet_since: tuple[int, float] = (0, 0.0)

    def flush(self, show_us: int, *, everything: bool, final: bool) -> None:
        """Write what is due: what is finished, or has waited long enough.

        With `everything` that is whatever changed, with `final` also what is held back.

        `show_us` is the time by which holding back is judged: the log's clock, moved on with the wall clock while no line comes.
        """
        group, batch = Group(), list[Trace]()
        web = self.table.web
        waiting: set[str] = set()
        due = self._due(show_us, everything=everything, final=final)
        for message in web.messages(due):
            nodes = self._nodes_of(message)
            if not everything and (later := self._due_at(message, nodes)) is not None:
                waiting.update(n.key for n in nodes)
                self._put(self._settling, nodes, later)
                continue
            composed = compose(message, self._context)
            written, held_us = self._take(message, composed, nodes, group, None if final else show_us)
            batch += written
            if held_us is not None:
                waiting.update(n.key for n in nodes)
                self._put(self._held, nodes, held_us)
            if len(batch) >= _BATCH:
                self._submit(batch, group)
                group, batch = Group(), []
            self._looked_at(message, nodes, show_us)
        for key in waiting:
            # An id may name two messages, one of them written now: the other is looked at again.
            web.dirty.setdefault(key, self.table.clock_us)
        for key in due:
            if (known := self.table.web.get(key)) is None or not known.events:
                self.table.web.dirty.pop(key, None)
        self._submit(batch, group)
        self.collect()

    def collect(self) -> None:
        """Settle what the store has acknowledged."""
        for ticket in self._sink.acknowledged():
            self._under_way.pop(ticket)()

    def finish(self) -> None:
        """Wait until everything written is durable, and settled."""
        while self._open:
            self._sink.flush()
            self.collect()

    @property
    def idle(self) -> bool:
        """Whether nothing is to be written, nor under way."""
        return not self.table.web.dirty and not self._open

    @property
    def under_way(self) -> bool:
        """Whether documents are submitted and not acknowledged."""
        return self._open > 0

    def _due(self, show_us: int, *, everything: bool, final: bool) -> list[str]:
        """Nodes to be looked at now: of a backlog those that have been quiet for a while, else what changed; and what was held back."""
        web = self.table.web
        news, web.news = web.news, {}
        if final:
            web.late.clear()
            self._settling.all()
            self._held.all()
            return list(web.dirty)
        due: dict[str, None] = {}
        if everything:
            for key in (*self._settling.all(), *news):
                if self._puts_off(key, show_us):
                    web.late.add(key)
                else:
                    due[key] = None
        else:
            for key in (*news, *self._settling.due(self.table.clock_us)):
                since, node = web.dirty.get(key), web.nodes.get(key)
                if since is None or node is None:
                    continue
                quiet = min(node.touched_us + SETTLE_US, since + PATIENCE_US)
                if quiet <= self.table.clock_us:
                    due[key] = None
                else:
                    self._settling.put(key, quiet)
        due.update(dict.fromkeys(self._held.due(show_us)))
        web.late -= due.keys()
        return [key for key in due if key in web.dirty]

    def _due_at(self, message: Message, nodes: list[Node]) -> int | None:
        """When a message of a backlog is to be written: finished and quiet, or it has waited too long; None is now."""
        dirty = self.table.web.dirty
        since = min((dirty[n.key] for n in nodes if n.key in dirty), default=self.table.clock_us)
        quiet = max(n.touched_us for n in nodes) + SETTLE_US if message.closed else since + PATIENCE_US
        due = min(quiet, since + PATIENCE_US)
        return due if due > self.table.clock_us else None

    def _put(self, agenda: Agenda, nodes: list[Node], time_us: int) -> None:
        """Have a message looked at again; a node that changed meanwhile is looked at anyway."""
        for node in nodes:
            agenda.put(node.key, time_us)

    def _puts_off(self, key: str, show_us: int) -> bool:
        """Whether something new of a message is told later because all of the message would be told again, and it has many lines.

        It is told anew when it has grown by a share, or after a while: so what it costs grows as its lines do.
        """
        if not self._any_large:
            return False
        node = self.table.web.nodes.get(key)
        if node is None or node.large is not None:
            named: Iterable[str] = ()
        else:
            named = (link.target for part in self.table.web.parts_of(key) for link in part.links)
        found = (self.table.web.nodes.get(one) for one in (key, *named))
        large = next((n.large for n in found if n is not None and n.large is not None), None)
        if large is None:
            return False
        fresh = len(node.fresh) if node is not None else 0
        again = large.told_us + min(_WHILE_US * large.lines // LARGE_LINES, _LONGEST_US)
        if (large.news + fresh) * _SHARE >= large.lines or show_us >= again:
            return False
        # What is new in a node that is of it already is counted whenever it is looked at.
        large.news += fresh if node is not None and node.large is None else 0
        self._held.put(key, again)
        return True

    def _looked_at(self, message: Message, nodes: list[Node], show_us: int) -> None:
        """Note that a message was told."""
        keys = frozenset(n.key for n in nodes)
        lines = sum(len(p.events) for p in message.parts)
        large = Large(lines, show_us) if lines > LARGE_LINES else None
        self._any_large = self._any_large or large is not None
        # Most nodes share one set, and go on to share one.
        merged: dict[frozenset[str], frozenset[str]] = {}
        for node in nodes:
            self.table.web.dirty.pop(node.key, None)
            self.table.web.late.discard(node.key)
            before = node.family
            if before not in merged:
                merged[before] = before | keys if before else keys
            node.family = merged[before]
            node.large = large

    def _nodes_of(self, message: Message) -> list[Node]:
        """The nodes whose lives, scans and loose lines make a message."""
        return [self.table.web.nodes[k] for k in sorted({p.key for p in message.parts})]

    def _take(
        self, message: Message, composed: Composed, nodes: list[Node], group: Group, show_us: int | None
    ) -> tuple[list[Trace], int | None]:
        """The documents of a message that have to be written, and until when others are held back (never with `show_us` None)."""
        if composed.void:
            for part in message.parts:
                forget(self.table.web.nodes[part.key], [e.digest for e in part.events])
            return [], None
        written: list[Trace] = []
        held: int | None = None
        for draft in composed.drafts:
            known = self.table.web.documents.get(draft.trace.id)
            if known is None and show_us is not None and draft.held_us is not None and show_us < draft.held_us:
                held = draft.held_us if held is None else min(held, draft.held_us)
                continue
            # A hit in a folder may be another scan's as well, which begins in its second: it stays needed for a while.
            group.events += draft.events + [pair for pair in draft.taken if pair[1].time_us <= self.table.clock_us - PATIENCE_US]
            changed = self._versioned(draft, known)
            if changed is not None:
                written.append(changed)
        if held is None:
            group.superseded += self._replaced(message, composed.drafts, nodes)
        return written, held

    def _versioned(self, draft: Draft, known: Written | None) -> Trace | None:
        """The document with its version, or None where the store has just this."""
        trace = draft.trace
        digest = content_digest(trace)
        if known is not None and known.digest == digest and not known.superseded:
            return None
        version = REVISION * VERSION_STEP + len(trace.events)
        trace.version = version if known is None else max(version, known.version + 1)
        trace.ingested_ms = time.time_ns() // 1_000_000
        anchor = trace.events[0].hash if trace.events else None
        named = trace.original_recipient or trace.recipient
        self.table.web.documents.put(trace.id, Written(trace.version, digest, anchor, named, trace.time_ms))
        for key in {key for key, _ in draft.events}:
            node = self.table.web.nodes.get(key)
            if node is not None:
                node.documents.add(trace.id)
        self.written += 1
        return trace

    def _replaced(self, message: Message, drafts: list[Draft], nodes: list[Node]) -> Iterator[Trace]:
        """Documents of this message that what is known now has replaced."""
        if not drafts:
            return
        current = {d.trace.id for d in drafts}
        events = {e.digest for p in message.parts for e in p.events}
        for trace_id in sorted(self.table.web.documents.of(events) - current):
            known = self.table.web.documents.get(trace_id)
            if known is None or known.superseded or not any(trace_id in n.documents for n in nodes):
                continue
            same = [d.trace for d in drafts if _names(d.trace, known.named)] or [d.trace for d in drafts]
            known.version += 1
            known.superseded = True
            self.superseded += 1
            yield Trace(
                id=trace_id,
                version=known.version,
                log_domain=self.table.log_domain,
                time_ms=known.time_ms,
                last_event_ms=known.time_ms,
                visible_to=sorted({d for t in same for d in t.visible_to}),
                keys=sorted({hop_of(n.key) for n in nodes if trace_id in n.documents}),
                superseded_by=sorted(t.id for t in same),
                ingested_ms=time.time_ns() // 1_000_000,
            )

    def _submit(self, batch: list[Trace], group: Group) -> None:
        """Hand a batch to the store; what needs no writing is settled at once."""
        if batch:
            self._send(batch, group)
        else:
            self._settle(group)

    def _send(self, batch: list[Trace], group: Group) -> None:
        """Give a batch to the store, and settle its group when it is durable."""
        self._under_way[self._sink.submit(batch)] = partial(self._acknowledged, group)
        self._open += 1

    def _acknowledged(self, group: Group) -> None:
        """A batch of its own is durable."""
        self._open -= 1
        self._settle(group)

    def _settle(self, group: Group) -> None:
        """The documents of a group are durable: their events need not be read again, and what they replaced may be marked so."""
        if group.superseded:
            # Until what they replaced says so too, the lines are needed: whoever reads on after a crash supersedes again.
            self._send(group.superseded, Group(group.events))
            return
        for key, event in group.events:
            node = self.table.web.nodes.get(key)
            if node is not None and event.digest in node.fresh:
                node.fresh.discard(event.digest)
                event.release()

    def evict(self) -> None:
        """Let go of what is written and quiet, and of what came to nothing within the time that lines may lie apart."""
        self.table.evict()


def _names(trace: Trace, named: str | None) -> bool:
    """Whether a trace is of the recipient that the client named so."""
    if named is None:
        return True
    return fold(named) in {fold(a) for a in (trace.original_recipient, trace.recipient) if a}


def open_events(table: Table) -> Iterable[Event]:
    """Events that no acknowledged document holds: what is left in the working tables, for tests and for `doctor`."""
    return (node.events[d] for node in table.web.nodes.values() for d in node.fresh)
