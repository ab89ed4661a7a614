"""A writer: the process that has the store open, and writes for all who have an end of it."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Collection, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

import msgspec

from ingest.processes.channel import Channel
from ingest.processes.faults import fault_of
from ingest.processes.messages import (
    Alive,
    Call,
    Durable,
    Find,
    FoundTraces,
    FromWriter,
    Leave,
    Opened,
    Returned,
    StoreTold,
    Submit,
    ToWriter,
)
from ingest.sinks import Encoded, OpenSink
from mappings.trace import Trace

#: What may be called of a sink.
CALLED = frozenset(
    {
        "claim",
        "newest_ms",
        "note_progress",
        "note_loss",
        "flush",
        "retention",
        "retention_by_size",
        "read_again",
        "note_reading",
        "reading_of",
        "forget_readings",
    }
)
#: Batches that are committed before it is waited for that they are durable, where more of them are there.
_COMMITTED = 4
#: Seconds between two looks at what is durable, where the sink does not wait for that itself.
_LOOK_S = 0.02


class ServedSink(OpenSink, Protocol):
    """A sink that also takes what another process has encoded."""

    def take(self, documents: Sequence[Encoded], plain: Sequence[Trace]) -> int:
        """Take a batch for writing and give its ticket, as `submit` does."""
        ...


#: Opens a store; the first is set once a stop is asked for, the second is called while the store is waited for.
Opener = Callable[[threading.Event, Callable[[], None]], ServedSink]
End = Channel[FromWriter, ToWriter]


def serve(open_store: Opener, connections: Collection[Connection], stop: threading.Event) -> None:
    """Open a store, and write until the last end is closed or has left; what goes wrong is told at all ends."""
    ends = [End(connection, ToWriter) for connection in connections]
    server = _Server(ends)
    try:
        server.open(open_store, stop)
        server.run()
    except Exception as error:  # noqa: BLE001 - it ends this process, and is told
        server.tell(fault_of(error))
    finally:
        server.close()


class _Server:
    """The store and the ends of those who write to it."""

    def __init__(self, ends: list[End]) -> None:
        self._ends = ends
        #: Who is waited for: only he hears that the store is.
        self._served = ends[0]
        self._sink: ServedSink | None = None
        #: Tickets of the sink that are not durable, with whose they are and what they are there.
        self._under_way: dict[int, tuple[End, int]] = {}

    def open(self, open_store: Opener, stop: threading.Event) -> None:
        """Open the store, and say so to whoever started this process."""
        self._sink = open_store(stop, self._alive)
        self._send(self._ends[0], Opened(self._sink.notes))

    def run(self) -> None:
        """Take messages until nobody is left."""
        while self._ends:
            ready = wait([end.connection for end in self._ends], _LOOK_S if self._under_way else None)
            for end in [end for end in self._ends if end.connection in ready]:
                self._serve(end)
            if not ready or len(self._under_way) >= _COMMITTED:
                self._acknowledge()

    def tell(self, message: FromWriter) -> None:
        """Say something to all."""
        for end in self._ends:
            self._send(end, message)

    def close(self) -> None:
        """Let go of the store, and then of the ends: whoever waits for that knows by it."""
        if self._sink is not None:
            self._sink.close()
        for end in self._ends:
            end.close()

    @property
    def _store(self) -> ServedSink:
        assert self._sink is not None, "the store is open"  # noqa: S101 - a mistake of ours, not of the data
        return self._sink

    def _serve(self, end: End) -> None:
        """Do what one of them asks for; one who is gone without a word has left."""
        self._served = end
        try:
            message = end.receive()
        except (EOFError, OSError):
            message = Leave()
        if isinstance(message, Submit):
            ticket = self._store.take(message.documents, [pickle.loads(one) for one in message.plain])  # noqa: S301 - our own process
            self._under_way[ticket] = end, message.ticket
        elif isinstance(message, Find):
            self._send(end, FoundTraces(msgspec.msgpack.encode(self._store.find(message.keys))))
        elif isinstance(message, Call):
            self._call(end, message)
        else:
            self._leave(end)

    def _call(self, end: End, call: Call) -> None:
        """Call a method of the sink; what is flushed is told to be durable before."""
        assert call.method in CALLED  # noqa: S101
        value: Any = getattr(self._store, call.method)(*pickle.loads(call.arguments))  # noqa: S301 - our own process
        if call.method == "flush":
            self._acknowledge()
        self._send(end, Returned(pickle.dumps(value), self._told()))

    def _leave(self, end: End) -> None:
        """One is done: the last one waits until all is on the disk."""
        if len(self._ends) == 1:
            self._acknowledge()
            self._store.close()
            self._send(end, Returned(pickle.dumps(None), self._told()))
        self._ends.remove(end)
        self._under_way = {ticket: (whose, number) for ticket, (whose, number) in self._under_way.items() if whose is not end}
        end.close()

    def _acknowledge(self) -> None:
        """Say what is durable, to whose it is."""
        durable: dict[int, tuple[End, list[int]]] = {}
        for ticket in self._store.acknowledged():
            known = self._under_way.pop(ticket, None)
            if known is not None:
                durable.setdefault(id(known[0]), (known[0], []))[1].append(known[1])
        for end, tickets in durable.values():
            self._send(end, Durable(tickets, self._told()))

    def _told(self) -> StoreTold:
        return StoreTold(self._store.refused, self._store.older_than_kept, self._store.standing())

    def _alive(self) -> None:
        """The store is waited for: whoever waits for it is to know that nobody hangs."""
        self._send(self._served, Alive(StoreTold() if self._sink is None else self._told()))

    def _send(self, end: End, message: FromWriter) -> None:
        """Say something to one of them; who is gone is noticed when he is listened to."""
        try:
            end.send(message)
        except OSError:
            return
