"""The order in which a document tells what happened: by stamp, and inside one second as it went.

Stamps of whole seconds have no order but that in which each process wrote. For everything else the kind of what is said tells it: a queue
file begins before anything is done with it, and is removed last; the next one begins before the one before it is said to be handed
over, for a server logs that when it was answered. Nothing is decided by this order: it is for reading
([0005](../../docs/decisions/0005-order-inside-a-second.md)).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from functools import partial
from heapq import merge
from itertools import groupby

from ingest.joining.event import LiveEvent
from mappings import keys
from mappings.facts import (
    Administered,
    Attempted,
    Connected,
    Expired,
    Fact,
    Identified,
    Noticed,
    Passed,
    Queued,
    Received,
    Release,
    Removed,
    Ruled,
    Scanned,
    Screened,
)
from mappings.keys import KeyKind
from mappings.log_words import Contact, Decider, Handling, Status
from mappings.trace import HopLink

#: An event, and the key of the node that holds it for a document.
Held = tuple[str, LiveEvent]


class _Step(IntEnum):
    """What happens to a message at a hop, in this order."""

    #: Another hop makes this one.
    CAUSED = 0
    CONNECTED = 1
    RECEIVED = 2
    RULED = 3
    IDENTIFIED = 4
    QUEUED = 5
    FILTERED = 6
    #: It is put into the queue anew, as another file.
    REQUEUED = 7
    #: From here on the message leaves the hop.
    ASKED_FOR = 8
    JUDGED = 9
    GIVEN_ON = 10
    SET_FREE = 11
    TRIED = 12
    TRIED_LAST = 13
    EXPIRED = 14
    HANDLED = 15
    NOTICED = 16
    BROKEN_OFF = 17
    REMOVED = 18


_STEPS: dict[type[Fact], _Step] = {
    Screened: _Step.CONNECTED,
    Connected: _Step.CONNECTED,
    Received: _Step.RECEIVED,
    Ruled: _Step.RULED,
    Identified: _Step.IDENTIFIED,
    Queued: _Step.QUEUED,
    Release: _Step.ASKED_FOR,
    Scanned: _Step.JUDGED,
    Passed: _Step.GIVEN_ON,
    Attempted: _Step.TRIED,
    Expired: _Step.EXPIRED,
    Administered: _Step.HANDLED,
    Noticed: _Step.NOTICED,
    Removed: _Step.REMOVED,
}
_UNDECIDED = frozenset({Status.DEFERRED, Status.OTHER})
_BROKEN_OFF = frozenset({Contact.LOST, Contact.TIMEOUT, Contact.DISCONNECT})
#: Where on the way of the message a hop begins, and where the message leaves it.
_Station = tuple[int, int]
_Rank = tuple[int, _Step]


def as_it_went(held: Iterable[Held], hops: Sequence[HopLink]) -> list[Held]:
    """Events in the order in which they are told; `hops` are those of the document, in their order."""
    ordered = sorted(held, key=lambda one: (one[1].order, one[0]))
    if len({event.time_us for _, event in ordered if event.fine}) == len(ordered):
        return ordered
    stations = _stations(hops)
    return [one for _, second in groupby(ordered, lambda one: one[1].second) for one in _second_of(list(second), stations)]


def _second_of(held: list[Held], stations: dict[str, _Station]) -> Iterator[Held]:
    """What happened in one second: what has an order of its own keeps it, and of what may come next the first by its rank does."""
    # No function within this one: where it is compiled that is a circle, which keeps the lines.
    rank = partial(_rank_of, stations)
    processes: dict[tuple[str, str, int, str], list[Held]] = {}
    for key, event in held:
        # Finer stamps are one order, and the lines of a known process another; a line of an unknown one stands alone.
        process = ("", "", 0, "") if event.fine else (event.host, event.program, event.pid, "" if event.pid else event.digest)
        processes.setdefault(process, []).append((key, event))
    for lines in processes.values():
        # A line may say several things.
        lines.sort(key=lambda one: (one[1].time_us, one[1].number, rank(one)))
    return merge(*processes.values(), key=rank)


def _rank_of(stations: dict[str, _Station], held: Held) -> _Rank:
    """The rank of an event that is held for the id of a hop."""
    return _rank(*held, stations)


def _stations(hops: Sequence[HopLink]) -> dict[str, _Station]:
    """For each id of a hop where on the way the message comes into it, and where it leaves it.

    It leaves a queue file when it has come into the next one, and a filter before the queue file that asked it.
    """
    found: dict[str, _Station] = {}
    queues = -1
    for hop in hops:
        is_queue = keys.kind_of(hop.id) is KeyKind.QUEUE
        queues += is_queue
        station = (2 * queues + (not is_queue), 2 * queues + 3)
        found.update(dict.fromkeys((hop.id, *hop.same), station))
    return found


def _rank(key: str, event: LiveEvent, stations: dict[str, _Station]) -> _Rank:
    """Where on the way of its message an event stands."""
    entered, left = stations.get(keys.in_documents(key), (0, 3))
    step = _step_of(key, event.fact)
    return left if step > _Step.REQUEUED else entered, step


def _step_of(key: str, fact: Fact) -> _Step:
    """What an event is in the course of its hop."""
    match fact:
        case Noticed() | Passed() | Received() if _is_of_another(fact, key):
            return _Step.NOTICED if isinstance(fact, Received) else _Step.CAUSED
        case Connected(step=contact) if contact in _BROKEN_OFF:
            return _Step.BROKEN_OFF
        case Ruled(source=Decider.ADMIN):
            return _Step.HANDLED
        case Ruled(queue_id=None):
            # Said in the dialogue, before there was a queue file.
            return _Step.CONNECTED
        case Administered(action=Handling.RELEASE):
            return _Step.SET_FREE
        case Administered(action=Handling.REQUEUE):
            return _Step.REQUEUED
        case Attempted(status=status) if status not in _UNDECIDED:
            return _Step.TRIED_LAST
    return _STEPS.get(type(fact), _Step.FILTERED)


def _is_of_another(fact: Noticed | Passed | Received, key: str) -> bool:
    """Whether a line in a queue file's node is that of another hop, which made it or was made of it."""
    if keys.kind_of(key) is not KeyKind.QUEUE:
        return False
    return isinstance(fact, Passed) or fact.queue_id not in {None, keys.queue_id_of(key)}
