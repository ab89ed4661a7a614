"""An event: one line (or record) and the fact that it states."""

from __future__ import annotations

from hashlib import blake2b
from typing import Protocol

from ingest.framing.line import SECOND, Line
from mappings import trace
from mappings.facts import Fact, Received, Removed, Unread, fact_of

__all__ = ["SECOND", "Event", "Slot", "digest_of", "from_document", "order"]

#: Where neither the stamps nor the process tell the order, a journey is told in its own: what begins it, what ends it.
_FIRST: dict[type[Fact], int] = {Received: -1, Removed: 9}


class Holder(Protocol):
    """What needs the lines of a place: an event, or the session of a process."""

    def give_up(self, slot: Slot) -> None:
        """Need the lines of this place no more, though no document holds them."""
        ...


class Slot:
    """A place in a file, a second of its log: what still needs its lines. The low-water mark is the first one in need."""

    __slots__ = ("holders", "offset", "pins", "reached_us", "time_us", "year")

    def __init__(self, offset: int, time_us: int, reached_us: int, year: int | None) -> None:
        self.offset = offset
        self.time_us = time_us
        #: The greatest stamp of the file when this place was read: its age is how much further the file is now.
        self.reached_us = reached_us
        self.year = year
        #: How many hold one of its lines that is not with its journey yet.
        self.pins = 0
        #: What is lost if its lines are not read again.
        self.holders: set[Holder] = set()

    @property
    def needed(self) -> bool:
        """Whether its lines must be read again after a crash."""
        return self.pins > 0 or bool(self.holders)


class Event:
    """One line of the log domain. Its identity is program, process, text and second: the same wherever it is read."""

    __slots__ = (
        "digest",
        "documented",
        "fact",
        "file",
        "fine",
        "host",
        "ids",
        "needs",
        "number",
        "owners",
        "people",
        "pid",
        "pins",
        "place",
        "program",
        "raw",
        "time_us",
        "twin",
    )

    def __init__(self, line: Line, fact: Fact, digest: str) -> None:
        self.time_us = line.time_us
        self.fine = line.fine
        self.host = line.host
        self.program = line.program
        self.pid = line.pid
        self.number = line.number
        self.digest = digest
        self.fact = fact
        self.raw = line.raw
        self.file = line.file
        #: Keys of the nodes that hold it.
        self.owners: dict[str, None] = {}
        #: Places in files that must be read again if this event is lost.
        self.pins: list[Slot] = []
        #: How many nodes' documents do not hold it durably yet.
        self.needs = 0
        #: The ids of its line, and the line as documents keep it for a node: made once, for many documents may hold it.
        self.ids: tuple[str, ...] | None = None
        self.documented: dict[str, trace.Event] = {}
        #: The recipients that it lists, as they are compared (`ingest.correlate.rows.people_of`).
        self.people: frozenset[str] | None = None
        #: Its place in the canonical order (`order`).
        self.place: Place | None = None
        #: The same line as a document had it, where this one was read before that was known.
        self.twin: Event | None = None

    @property
    def second(self) -> int:
        """The whole second of the stamp."""
        return self.time_us // SECOND

    def take(self, other: Event) -> bool:
        """Take over what another reading of the same line knows better; True where that changes anything."""
        changed = False
        if other.fine and not self.fine:
            self.time_us, self.fine, self.number, changed = other.time_us, True, 0, True
        elif not self.fine and other.number > self.number:
            self.number, changed = other.number, True
        # The same record, seen to a later continuation line; or an earlier reading failed on it, of which nothing is taken over.
        further = len(other.raw) > len(self.raw) and other.fact != self.fact
        if not isinstance(other.fact, Unread) and (further or isinstance(self.fact, Unread)):
            self.raw, self.fact, changed = other.raw, other.fact, True
        if changed:
            self.forget()
        return changed

    def forget(self) -> None:
        """What was worked out of its fact and stamp is to be worked out anew."""
        self.ids = self.place = self.people = None
        self.documented.clear()

    def pin(self, slot: Slot) -> None:
        """The line at `slot` holds this event, and must be read again while anything needs it."""
        slot.holders.add(self)
        if slot not in self.pins:
            self.pins.append(slot)

    def release(self) -> None:
        """One need less; with none left its places need not be read again."""
        self.needs -= 1
        if self.needs <= 0:
            self.unpin()

    def unpin(self) -> None:
        """Its places need not be read again."""
        for slot in self.pins:
            slot.holders.discard(self)
        self.pins.clear()

    def give_up(self, slot: Slot) -> None:
        """Need the line at this place no more."""
        slot.holders.discard(self)
        if slot in self.pins:
            self.pins.remove(slot)


#: Stamp, host, program, process, number in its second, rank of what it says, identity.
Place = tuple[int, str, str, int, int, int, str]


def order(event: Event) -> Place:
    """Canonical order: by stamp, and inside one whole second of one process as it wrote. Between processes equal stamps have none."""
    if event.place is None:
        rank = _FIRST.get(type(event.fact), 0)
        event.place = (event.time_us, event.host, event.program, event.pid, event.number, rank, event.digest)
    return event.place


def digest_of(log_domain: str, line: Line) -> str:
    """Identity of a line: 80 bits over log domain, program, process, text and second."""
    text = f"{log_domain}\x1f{line.host}\x1f{line.program}\x1f{line.pid}\x1f{line.time_us // SECOND}\x1f{line.head or line.text}"
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=10).hexdigest()


def from_document(stored: trace.Event) -> Event:
    """The event that a document keeps; raises as `ingest.events.fact_of` does."""
    line = Line(
        stored.time_us, stored.fine, stored.host, stored.program, stored.program, stored.pid, "", stored.raw, stored.file, stored.number
    )
    return Event(line, fact_of(stored.kind, stored.fields), stored.hash)
