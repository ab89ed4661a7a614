"""Writing messages out: which documents changed, in what order they go to the store, and what is settled when it has them.

Order matters where documents replace others: a superseded version is sent only after its successors are acknowledged, so at no
moment is an event in no document. If we die between the two, a search sees both for a while; the next reading supersedes again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import chain

from ingest.aside import Aside
from ingest.clock import PATIENCE_US
from ingest.joining.event import LiveEvent
from ingest.joining.message import Message
from ingest.joining.parts import Part
from ingest.memory.due import Due
from ingest.memory.memory import Memory
from ingest.memory.node import Node, Written, content_digest
from ingest.mending import Mender
from ingest.sinks import Sink
from ingest.summary import Summary
from ingest.telling.document import Context
from ingest.telling.draft import Composed, Draft
from ingest.telling.trace import compose
from mappings.address import fold
from mappings.trace import REVISION, VERSION_STEP, Trace
from mappings.trace import Event as StoredEvent

_BATCH = 2000


#: Batches that the store has not acknowledged yet, by their tickets, each with what is to be done then. All writers of one store
#: share it: whoever asks the store gets the tickets of the others as well.
UnderWay = dict[int, Callable[[], None]]


@dataclass(slots=True)
class Group:
    """Documents of some messages that are under way, and what is settled with them."""

    #: Each with the key of its node, and as the documents have it.
    events: list[tuple[str, LiveEvent, StoredEvent | None]] = field(default_factory=list)
    superseded: list[Trace] = field(default_factory=list)


@dataclass(slots=True)
class _Pass:
    """One look at what is to be written."""

    #: Time by which holding back is judged.
    show_us: int
    #: Also what may still change soon.
    everything: bool
    #: Also what is held back.
    final: bool = False
    #: The lines will not be read again: what makes no document even now is needed no more.
    last: bool = False
    group: Group = field(default_factory=Group)
    batch: list[Trace] = field(default_factory=list)
    #: Nodes with a message that is not written yet.
    waiting: dict[str, None] = field(default_factory=dict)
    done: set[Part] = field(default_factory=set)


class Writer:
    """Writes what changed in memory."""

    def __init__(self, memory: Memory, sink: Sink, context: Context, under_way: UnderWay, aside: Aside, *, summary: Summary) -> None:
        self.memory = memory
        self._nodes = memory.nodes
        self._summary = summary
        self._sink = sink
        self._context = context
        self._under_way = under_way
        self._mender = Mender(memory, aside)
        self._due = Due(memory, partial(self._mender.guarded, work=self._nodes.renew))
        #: Its own batches that the store has not acknowledged, and what is settled when certain ones of them are.
        self._tickets: set[int] = set()
        self._pending: list[tuple[set[int], Group]] = []
        #: The log's clock when it last moved, and the wall clock then.
        self.quiet_since: tuple[int, float] = (0, 0.0)

    def flush(self, show_us: int, *, everything: bool, final: bool) -> None:
        """Write what is due: what is finished, or has waited long enough.

        With `everything` that is whatever changed, with `final` also what is held back.

        `show_us` is the time by which holding back is judged: the log's clock, moved on with the wall clock while no line comes.
        """
        if final:
            # What is found by names may make others news, which are looked at now or never.
            self._nodes.late.clear()
            self._renew()
        due = self._due.now(show_us, everything=everything, final=final)
        self._renew()
        if final:
            # Making parts anew may show that messages are other ones than they were.
            due = list(dict.fromkeys([*due, *self._nodes.news]))
        self._write(due, _Pass(show_us, everything, final=final))
        self.collect()

    def write_now(self, events: Iterable[LiveEvent], show_us: int) -> None:
        """Write what is known of the messages of these events, as it stands: their lines will not be read again.

        What makes no document even so has no part in any yet, and is needed no more.
        """
        self._write_last({key for event in events for key in event.owners}, show_us)

    def evict(self) -> None:
        """Let go of what is written and quiet, and of what came to nothing within the time that lines may lie apart."""
        unwritten = self.memory.evict()
        if unwritten:
            self._write_last(unwritten, self.memory.clock_us)

    def collect(self) -> None:
        """Settle what the store has acknowledged."""
        for ticket in self._sink.acknowledged():
            self._under_way.pop(ticket)()

    def finish(self) -> None:
        """Wait until everything written is durable, and settled."""
        while self._tickets:
            self._sink.flush()
            self.collect()

    def let_go(self) -> bool:
        """Let go of everything once the store has it, also what has begun and is no trace yet; whether that is done."""
        if self._idle:
            self._write_last(self.memory.begun(), self.memory.clock_us)
        if not self._idle:
            return False
        self.memory.close()
        return True

    @property
    def _idle(self) -> bool:
        """Whether nothing is to be written, nor under way."""
        return not self._nodes.dirty and not self.under_way

    @property
    def under_way(self) -> bool:
        """Whether documents are submitted and not acknowledged."""
        return bool(self._tickets)

    # -- which messages

    def _write_last(self, keys: Collection[str], show_us: int) -> None:
        """Write what is known of the messages of these nodes."""
        self._renew()
        self._write(keys, _Pass(show_us, everything=True, final=True, last=True))

    def _renew(self) -> None:
        """Have everything found by what it names."""
        for key in self._nodes.changed():
            self._mender.guarded(key, self._nodes.renew)

    def _write(self, due: Collection[str], run: _Pass) -> None:
        """Write the messages of some nodes, where they are due."""
        tell = partial(self._tell, run=run)
        for key in due:
            self._mender.guarded(key, tell)
            if len(run.batch) >= _BATCH:
                self._submit(run.batch, run.group)
                run.batch, run.group = [], Group()
        for key in run.waiting:
            # An id may name two messages, one of them written now: the other is looked at again.
            self._nodes.dirty.setdefault(key, self.memory.clock_us)
        for key in due:
            if (known := self._nodes.get(key)) is None or not known.events:
                self._nodes.dirty.pop(key, None)
        self._submit(run.batch, run.group)

    def _tell(self, key: str, run: _Pass) -> None:
        """Write the messages of one node, where they are due."""
        for message in self._nodes.messages([key], run.done):
            nodes = self._nodes.nodes_of(message)
            if not run.everything and self._due.settles(message, nodes):
                run.waiting.update(dict.fromkeys([node.key for node in nodes]))
                continue
            composed = compose(message, self._context)
            digests = [content_digest(draft.trace) for draft in composed.drafts]
            # From here on nothing fails for what the lines say.
            held_us = self._take(message, composed, digests, nodes, run)
            if held_us is not None:
                run.waiting.update(dict.fromkeys([node.key for node in nodes]))
                self._due.hold(nodes, held_us)
            self._due.told(message, nodes, run.show_us)

    # -- which documents

    def _take(self, message: Message, composed: Composed, digests: list[bytes], nodes: list[Node], run: _Pass) -> int | None:
        """Have the documents of a message written that have to be; until when others are held back."""
        documents = self._nodes.documents
        # What came to nothing is written only where something was told of it.
        told = [(d, digest) for d, digest in zip(composed.drafts, digests, strict=True) if not d.withheld or d.trace.id in documents]
        if composed.void or (run.last and not told):
            self.memory.forget(message)
        held_us: int | None = None
        for draft, digest in told:
            known = documents.get(draft.trace.id)
            if known is None and not run.final and draft.held_us is not None and run.show_us < draft.held_us:
                held_us = draft.held_us if held_us is None else min(held_us, draft.held_us)
                continue
            # A hit in a folder may be another scan's as well, which begins in its second: it stays needed for a while.
            taken = [pair for pair in draft.taken if pair[1].time_us <= self.memory.clock_us - PATIENCE_US]
            run.group.events += [(key, event, event.stored.get(key)) for key, event in chain(draft.events, taken)]
            changed = self._versioned(draft, digest, known)
            if changed is not None:
                run.batch.append(changed)
        if held_us is None and told:
            run.group.superseded += self._replaced(message, [draft for draft, _ in told], nodes)
        return held_us

    def _versioned(self, draft: Draft, digest: bytes, known: Written | None) -> Trace | None:
        """The document with its version, or None where the store has just this."""
        trace = draft.trace
        if known is not None and known.digest == digest and known.superseded == draft.withheld:
            return None
        version = REVISION * VERSION_STEP + len(trace.events)
        trace.version = version if known is None else max(version, known.version + 1)
        trace.ingested_ms = time.time_ns() // 1_000_000
        self.memory.wrote(trace, digest, {key for key, _ in draft.events})
        self._summary.traces += not draft.withheld
        return trace

    def _replaced(self, message: Message, drafts: list[Draft], nodes: list[Node]) -> Iterator[Trace]:
        """Documents of this message that what is known now has replaced."""
        for trace_id, known, bearing in self.memory.replaced(message, {draft.trace.id for draft in drafts}, nodes):
            same = [d.trace for d in drafts if _names(d.trace, known.named)] or [d.trace for d in drafts]
            known.version += 1
            known.superseded = True
            self._summary.superseded += 1
            yield Trace(
                id=trace_id,
                version=known.version,
                log_domain=self.memory.log_domain,
                time_ms=known.time_ms,
                last_event_ms=known.time_ms,
                visible_to=sorted({d for t in same for d in t.visible_to}),
                keys=bearing,
                superseded_by=sorted(t.id for t in same),
                ingested_ms=time.time_ns() // 1_000_000,
            )

    # -- to the store

    def _submit(self, batch: list[Trace], group: Group) -> None:
        """Hand a batch to the store; its group is settled when all that is under way by now is durable.

        For what a group needs may be on its way since before: then there is nothing to write for it, and it is not durable yet.
        """
        if batch:
            ticket = self._sink.submit(batch)
            self._under_way[ticket] = partial(self._acknowledged, ticket)
            self._tickets.add(ticket)
        if not (group.events or group.superseded):
            return
        if self._tickets:
            self._pending.append((set(self._tickets), group))
        else:
            self._settle(group)

    def _acknowledged(self, ticket: int) -> None:
        """A batch of its own is durable."""
        self._tickets.discard(ticket)
        for waits, _ in self._pending:
            waits.discard(ticket)
        ready = [group for waits, group in self._pending if not waits]
        self._pending = [(waits, group) for waits, group in self._pending if waits]
        for group in ready:
            self._settle(group)

    def _settle(self, group: Group) -> None:
        """The documents of a group are durable: their events need not be read again, and what they replaced may be marked so."""
        if group.superseded:
            # Until what they replaced says so too, the lines are needed: whoever reads on after a crash supersedes again.
            self._submit(group.superseded, Group(group.events))
            return
        self.memory.settle(group.events)


def _names(trace: Trace, named: str | None) -> bool:
    """Whether a trace is of the recipient that the client named so."""
    if named is None:
        return True
    return fold(named) in {fold(a) for a in (trace.original_recipient, trace.recipient) if a}
