"""A store that another process has open, as a sink of this one."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from ingest.processes.channel import Channel
from ingest.processes.faults import ProcessGoneError, raised
from ingest.processes.messages import (
    Alive,
    Call,
    Durable,
    EndedBy,
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
from ingest.sinks import Encoded, Standing
from ingest.sinks.embedded_file import encode
from mappings.embedded.catalog import Partition
from mappings.losses import Loss
from mappings.printable import printable
from mappings.readings import ReaderReadings
from mappings.trace import Trace

#: Batches that are under way at most: to read on while they are would hold journeys in memory for longer than is set.
_MOST = 4
_traces = msgspec.msgpack.Decoder(list[Trace]).decode


class StoreElsewhere:
    """One end of a writer (`ingest.processes.serving`). Safe for several threads, which wait for each other."""

    def __init__(self, connection: Connection, beat: Callable[[StoreTold], None]) -> None:
        self._end: Channel[ToWriter, FromWriter] = Channel(connection, FromWriter)
        #: Told while the store is waited for.
        self._beat = beat
        self._guard = threading.RLock()
        self._ticket = 0
        self._under_way: set[int] = set()
        self._durable: list[int] = []
        self.told = StoreTold()
        #: Further writers of the same store, of which each serves others.
        self.beside: Sequence[StoreElsewhere] = ()
        #: What was put in place at the beginning, in sentences.
        self.notes: list[str] = []

    def opened(self) -> None:
        """Wait until the store is open; raises why it cannot be."""
        while not isinstance(message := self._receive(), Opened):
            self._take(message)
        self.notes = list(message.notes)

    @property
    def refused(self) -> int:
        """Traces that the store refused, whoever submitted them."""
        return self.told.refused + sum(one.refused for one in self.beside)

    @property
    def older_than_kept(self) -> int:
        """Traces that were not taken because retention has dropped their range."""
        return self.told.older_than_kept + sum(one.older_than_kept for one in self.beside)

    def claim(self, log_domain: str) -> None:
        """Become the only writer of a log domain."""
        self._call("claim", log_domain)

    def submit(self, traces: Sequence[Trace]) -> int:
        """Send a batch and give its ticket; waits where too many are under way."""
        documents: list[Encoded] = []
        plain: list[bytes] = []
        for trace in traces:
            encoded = _encoded(trace)
            if encoded is None:
                plain.append(pickle.dumps(trace))
            else:
                documents.append(encoded)
        with self._guard:
            while len(self._under_way) >= _MOST:
                self._take(self._receive())
            self._ticket += 1
            self._under_way.add(self._ticket)
            self._send(Submit(self._ticket, documents, plain))
            return self._ticket

    def acknowledged(self) -> list[int]:
        """Tickets whose traces are all durable since the last call."""
        with self._guard:
            while self._end.has_message():
                self._take(self._receive())
            tickets, self._durable = self._durable, []
            return tickets

    def flush(self) -> None:
        """Wait until everything submitted is durable."""
        self._call("flush")

    def find(self, keys: Collection[str]) -> list[Trace]:
        """All traces, superseded ones too, that hold one of these keys, with their events; submitted ones included."""
        if not keys:
            return []
        with self._guard:
            self._send(Find(list(keys)))
            while not isinstance(message := self._receive(), FoundTraces):
                self._take(message)
            return _traces(message.traces)

    def newest_ms(self, log_domain: str) -> int | None:
        """The greatest `last_event_ms` of a log domain, or None where it has no trace."""
        newest: int | None = self._call("newest_ms", log_domain)
        return newest

    def note_progress(self, read_up_to_ms: Mapping[str, int]) -> None:
        """Keep, for each source (a log domain), up to which log time it has been read."""
        self._call("note_progress", dict(read_up_to_ms))

    def note_reading(self, readings: ReaderReadings) -> None:
        """Keep how reading stands, as a reader tells it."""
        self._call("note_reading", readings)

    def reading_of(self, reader: str) -> ReaderReadings | None:
        """What a reader told last; None where it told nothing."""
        told: ReaderReadings | None = self._call("reading_of", reader)
        return told

    def forget_readings(self, now_ms: int) -> None:
        """Forget readers that have been silent for long."""
        self._call("forget_readings", now_ms)

    def note_loss(self, loss: Loss) -> None:
        """Keep, durably when this returns, that something went before it was read."""
        self._call("note_loss", loss)

    def retention(self, keep_ms: int, now_ms: int) -> list[Partition]:
        """Delete the files whose traces are all older than `keep_ms`, and tell which."""
        dropped: list[Partition] = self._call("retention", keep_ms, now_ms)
        return dropped

    def retention_by_size(self, most_bytes: int) -> list[Partition]:
        """Delete the oldest files until the store has at most this size, and tell which."""
        dropped: list[Partition] = self._call("retention_by_size", most_bytes)
        return dropped

    def read_again(self, lower_ms: int, upper_ms: int) -> None:
        """All that came between these times has been read again."""
        self._call("read_again", lower_ms, upper_ms)

    def standing(self) -> Standing:
        """How the store stood when it was last heard of; any thread may ask."""
        known = [self.told.standing, *(one.standing() for one in self.beside)]
        return Standing(
            away=any(one.away for one in known),
            retries=sum(one.retries for one in known),
            waiting=sum(one.waiting for one in known),
            waiting_bytes=sum(one.waiting_bytes for one in known),
        )

    def note(self, told: StoreTold) -> None:
        """What another end was told of the same store."""
        self.told = told

    def close(self) -> None:
        """Let go of the store; whoever is the last one returns when it is closed."""
        for one in self.beside:
            one.close()
        with self._guard:
            try:
                self._end.send(Leave())
                while not isinstance(message := self._end.receive(), Returned):
                    if isinstance(message, EndedBy):
                        raise raised(message)
                self.told = message.told
            except (EOFError, OSError):
                return
            finally:
                self._end.close()

    def _call(self, method: str, *arguments: Any) -> Any:
        """Have a method of the sink called, and give its answer."""
        with self._guard:
            self._send(Call(method, pickle.dumps(arguments)))
            while not isinstance(message := self._receive(), Returned):
                self._take(message)
            self.told = message.told
            return pickle.loads(message.value)  # noqa: S301 - our own process

    def _take(self, message: FromWriter) -> None:
        """Note what is told beside answers; raises what the writer ended with."""
        if isinstance(message, Durable):
            self._under_way.difference_update(message.tickets)
            self._durable += message.tickets
            self.told = message.told
        elif isinstance(message, Alive):
            self.told = message.told
            self._beat(message.told)
        elif isinstance(message, EndedBy):
            raise raised(message)

    def _send(self, message: ToWriter) -> None:
        try:
            self._end.send(message)
        except OSError:
            # What it ended with may be there to be read.
            while True:
                self._take(self._receive())

    def _receive(self) -> FromWriter:
        try:
            return self._end.receive()
        except (EOFError, OSError) as error:
            raise ProcessGoneError("that writes the store") from error


def _encoded(trace: Trace) -> Encoded | None:
    """A trace made ready for its way; None where it cannot be, as the store will say."""
    try:
        try:
            return encode(trace)
        except UnicodeEncodeError:
            return encode(printable(trace))
    except (ValueError, TypeError, OverflowError):
        return None
