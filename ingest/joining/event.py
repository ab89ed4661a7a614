"""An event: one fact that a line (or record) states, with the ids by which it finds its way.

Its identity is program, process, text and second of the line, and the number of the fact in it: the same wherever it is read.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from operator import attrgetter

from ingest.clock import SECOND
from ingest.framing.line import Line
from ingest.joining.places import Place
from ingest.joining.route import route_of
from ingest.joining.way import Route
from ingest.joining.within import Within
from mappings import trace
from mappings.facts import Fact, Received, Removed, Unread

#: Where neither the stamps nor the process tell the order, a journey is told in its own: what begins it, what ends it.
_FIRST: dict[type[Fact], int] = {Received: -1, Removed: 9}

#: Stamp, host, program, process, number in its second, rank of what it says, identity.
Order = tuple[int, str, str, int, int, int, str]


class LiveEvent:
    """One fact of one line."""

    __slots__ = (
        "digest",
        "fact",
        "file",
        "fine",
        "host",
        "kept",
        "lacking",
        "number",
        "order",
        "owners",
        "pid",
        "places",
        "program",
        "raw",
        "route",
        "stored",
        "time_us",
        "twin",
        "within",
    )

    def __init__(self, line: Line, fact: Fact, digest: str, within: Within) -> None:
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
        self.within = within
        #: Out of a document: an earlier release may have read the line, and understood it otherwise.
        self.kept = False
        self.route: Route = route_of(self)
        self.order: Order = (line.time_us, line.host, line.program, line.pid, line.number, _FIRST.get(type(fact), 0), digest)
        #: Keys of the nodes that hold it.
        self.owners: dict[str, None] = {}
        #: Those of them whose documents do not have it durably yet. While there are any, its places are held.
        self.lacking: set[str] = set()
        self.places: list[Place] = []
        #: The line as documents keep it, by node: made once, for many documents may hold it.
        self.stored: dict[str, trace.Event] = {}
        #: The same line as a document had it, where this one was read before that was known.
        self.twin: LiveEvent | None = None

    @property
    def second(self) -> int:
        """The whole second of the stamp."""
        return self.time_us // SECOND

    def bears(self, key: str) -> bool:
        """Whether the line itself bears the id of this queue file; else it was given to it by a session or its cause."""
        return self.route.queue == key

    # -- the same line read twice

    def take(self, other: LiveEvent) -> bool:
        """Take over what another reading of the same line knows better; True where that changes anything."""
        changed = False
        if other.fine and not self.fine:
            self.time_us, self.fine, self.number, changed = other.time_us, True, 0, True
        elif not self.fine and other.number > self.number:
            self.number, changed = other.number, True
        # The same record, seen to a later continuation line, or by a later release; or an earlier reading failed on it, of which nothing is
        # taken over.
        longer = len(other.raw) - len(self.raw)
        better = other.fact != self.fact and (longer > 0 or (longer == 0 and self.kept and not other.kept))
        if not isinstance(other.fact, Unread) and (better or isinstance(self.fact, Unread)):
            self.raw, self.fact, self.kept, changed = other.raw, other.fact, other.kept, True
        if changed:
            self._work_out()
        return changed

    def state(self, fact: Fact) -> None:
        """Have it say something else."""
        self.fact = fact
        self._work_out()

    def _work_out(self) -> None:
        """What follows from fact and stamp."""
        self.route = route_of(self)
        rank = _FIRST.get(type(self.fact), 0)
        self.order = (self.time_us, self.host, self.program, self.pid, self.number, rank, self.digest)
        self.stored.clear()

    # -- the places of its line

    def hold(self, place: Place) -> None:
        """The line stands at this place, which must be read again while a document lacks the event."""
        place.holders.add(self)
        if place not in self.places:
            self.places.append(place)

    def let_go(self) -> None:
        """Its places need not be read again."""
        for place in self.places:
            place.holders.discard(self)
        self.places.clear()

    def give_up(self, place: Place) -> None:
        """Need the line at this place no more."""
        place.holders.discard(self)
        if place in self.places:
            self.places.remove(place)


#: Canonical order: by stamp, and inside one whole second of one process as it wrote. Between processes equal stamps have none.
in_order: Callable[[LiveEvent], Order] = attrgetter("order")
by_time: Callable[[LiveEvent], int] = attrgetter("time_us")


def digest_of(log_domain: str, line: Line) -> str:
    """Identity of a line, and of its first fact: 80 bits over log domain, program, process, text and second."""
    text = f"{log_domain}\x1f{line.host}\x1f{line.program}\x1f{line.pid}\x1f{line.time_us // SECOND}\x1f{line.head or line.text}"
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=10).hexdigest()


def digest_of_fact(line: str, number: int) -> str:
    """Identity of another fact of a line, of the line's."""
    return blake2b(f"{line}\x1f{number}".encode(), digest_size=10).hexdigest() if number else line


def from_document(stored: trace.Event, fact: Fact, within: Within) -> LiveEvent:
    """The event that a document keeps, whose fact is given."""
    line = Line(
        stored.time_us, stored.fine, stored.host, stored.program, stored.program, stored.pid, "", stored.raw, stored.file, stored.number
    )
    event = LiveEvent(line, fact, stored.hash, within)
    event.kept = True
    return event
