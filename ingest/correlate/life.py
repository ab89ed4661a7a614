"""Lives: the uses of a queue id that comes back, told apart on the whole set of its events; and what one life says.

A new life begins only at a second `client=` or `uid=`, or, for mail without client, at a `message-id=` after `removed`. Ids
that hold their time (Postfix' long ids) name one message for ever.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from ingest.correlate.event import SECOND, Event, order
from ingest.correlate.link import Link
from ingest.queue_ids import time_in_id
from mappings.facts import (
    Administered,
    Attempted,
    Connected,
    Expired,
    Identified,
    Infected,
    Judged,
    Noticed,
    Passed,
    Queued,
    Received,
    Removed,
    Ruled,
    Signed,
)


def bears(event: Event, queue_id: str) -> bool:
    """Whether the line itself bears this queue id; else it was given to the queue file by a session or its cause."""
    return getattr(event.fact, "queue_id", None) == queue_id


def split(events: list[Event], queue_id: str) -> list[list[Event]]:
    """The events of one queue id by life, each in canonical order."""
    events.sort(key=order)
    own = [e for e in events if bears(e, queue_id)]
    starts = [] if time_in_id(queue_id) is not None else _starts(own)
    if len(starts) < 2:
        return [events]
    lives: list[list[Event]] = [[] for _ in starts]
    times = [e.time_us for e in starts]
    started: dict[int, int] = {}
    for index, start in enumerate(starts):
        started.setdefault(id(start), index)
    named = _named(own, times)
    removed = [False] * len(starts)
    for event in own:
        index = max(bisect_right(times, event.time_us) - 1, 0)
        if isinstance(event.fact, Judged):
            index = _looked_at(event, times, named)
        elif id(event) in started:
            index = started[id(event)]
        elif index and not removed[index - 1] and _ends_before(event, starts[index]):
            index -= 1
        removed[index] = removed[index] or isinstance(event.fact, Removed)
        lives[index].append(event)
    for event in events:
        if not bears(event, queue_id):
            after = bisect_left(times, event.time_us)
            near = [i for i in (after - 1, after) if 0 <= i < len(times)]
            lives[bisect_left(times, min((times[i] for i in near), key=lambda t: abs(t - event.time_us)))].append(event)
    return [sorted(life, key=order) for life in lives if life]


def _named(own: Sequence[Event], times: Sequence[int]) -> dict[str, list[int]]:
    """The lives in which each Message-ID stands, in their order."""
    found: dict[str, list[int]] = {}
    for event in own:
        index = bisect_right(times, event.time_us) - 1
        if isinstance(event.fact, Identified) and index >= 0:
            found.setdefault(event.fact.message_id, []).append(index)
    return found


def _looked_at(event: Event, times: Sequence[int], named: dict[str, list[int]]) -> int:
    """Which life a filter's result is about: of those that had begun by then, the one with its Message-ID, else the last.

    Its stamp may have whole seconds where the mail server's are finer, so it may stand before what it is about.
    """
    until = event.time_us + (0 if event.fine else SECOND - 1)
    last = max(bisect_right(times, until) - 1, 0)
    message_id = getattr(event.fact, "message_id", None)
    mine = named.get(message_id, []) if message_id else []
    before = bisect_right(mine, last)
    return mine[before - 1] if before else last


def _ends_before(event: Event, start: Event) -> bool:
    """Whether an event ends the life before, though it stands in the second in which the next one begins.

    Inside one whole second only the sense tells: what ends a life belongs to the one that has no end yet.
    """
    blurred = event.second == start.second and not (event.fine and start.fine)
    return blurred and isinstance(event.fact, Removed | Attempted | Expired | Noticed)


def _starts(own: Sequence[Event]) -> list[Event]:
    """The events that begin a life."""
    starts: list[Event] = []
    removed = False
    for event in own:
        fact = event.fact
        if isinstance(fact, Received):
            last = starts[-1] if starts else None
            if last is not None and isinstance(last.fact, Identified) and last.second == event.second and not (last.fine and event.fine):
                # Inside one whole second `message-id=` may stand before its own `client=`.
                starts[-1] = event
            else:
                starts.append(event)
            removed = False
        elif isinstance(fact, Identified) and removed and not fact.resent:
            starts.append(event)
            removed = False
        elif isinstance(fact, Removed):
            removed = True
    if starts and any(isinstance(e.fact, Removed) and e.time_us < starts[0].time_us for e in own):
        # Lines of an earlier life whose beginning was not read.
        starts.insert(0, own[0])
    return starts


class Life:
    """One use of a queue id: its events, and the facts in them by kind."""

    kind = "queue"

    __slots__ = (
        "administered",
        "attempts",
        "causes",
        "complete_us",
        "end_us",
        "events",
        "expired",
        "host",
        "hows",
        "identified",
        "infected",
        "judged",
        "key",
        "links",
        "log_ids",
        "lost",
        "milter_rules",
        "noticed",
        "others",
        "probe",
        "queue_id",
        "queued",
        "received",
        "removed",
        "rules",
        "rules_of_all",
        "signed",
        "start_us",
        "tls",
    )

    def __init__(self, key: str, host: str, queue_id: str, events: list[Event]) -> None:
        self.key = key
        self.host = host
        self.queue_id = queue_id
        self.events = events
        # The first stamp is the mail server's: a filter's may be coarser, and its file may be read later.
        borne = [e for e in events if bears(e, queue_id)] or events
        own = [e.time_us for e in borne if not isinstance(e.fact, Judged)] or [e.time_us for e in borne]
        self.start_us = min(own, default=0)
        self.end_us = max(own, default=0)
        self.received: Received | None = None
        self.identified: list[Identified] = []
        self.queued: Queued | None = None
        self.attempts: list[Event] = []
        #: All but the attempts: what is the message's, not one recipient's.
        self.others: list[Event] = [e for e in events if not isinstance(e.fact, Attempted)]
        self.rules: list[Event] = []
        #: Those of a milter, and those that are not about one recipient.
        self.milter_rules: list[Event] = []
        self.rules_of_all: list[Event] = []
        self.noticed: list[Event] = []
        self.causes: list[Event] = []
        self.administered: list[Event] = []
        self.signed: list[Event] = []
        self.judged: list[Event] = []
        self.infected: list[Event] = []
        self.removed: Removed | None = None
        #: When the message was complete or refused: the end of its reception.
        self.complete_us: int | None = None
        self.expired = False
        self.lost: Event | None = None
        self.tls: str | None = None
        self.links: list[Link] = []
        #: In which ways its links name others: there may be a link for each of many recipients.
        self.hows: frozenset[str] = frozenset()
        for event in events:
            self._take(event)
        #: An address-verification probe looks like a message and is none.
        self.probe = any(
            isinstance(e.fact, Attempted) and e.fact.status.startswith(("deliverable", "undeliverable")) for e in self.attempts
        )

    def _take(self, event: Event) -> None:
        """Sort one event in."""
        match event.fact:
            case Received(queue_id=None):
                if self.received is None:
                    self.received = event.fact
            case Received(queue_id=str(queue_id)) if queue_id != self.queue_id:
                # A message that was made for this one.
                self.noticed.append(event)
            case Received():
                self._begin(event, event.fact)
            case Identified():
                self.identified.append(event.fact)
            case Queued():
                self.queued = self.queued or event.fact
                self._complete(event)
            case Judged():
                self.judged.append(event)
            case Infected():
                self.infected.append(event)
            case Attempted():
                self.attempts.append(event)
            case Ruled():
                self.rules.append(event)
                if event.fact.source == "milter":
                    self.milter_rules.append(event)
                if not event.fact.of_one:
                    self.rules_of_all.append(event)
                self._identify(event.fact.message_id)
                if event.fact.action == "reject" and not event.fact.of_one:
                    self._complete(event)
            case Noticed(queue_id=parent):
                (self.noticed if parent == self.queue_id else self.causes).append(event)
            case Passed():
                self.causes.append(event)
            case Administered():
                self.administered.append(event)
            case Removed():
                # Exim says of a message that was deleted that it is done, too.
                self.removed = event.fact if self.removed is None or not self.removed.by_admin else self.removed
            case Expired():
                self.expired = True
            case Signed():
                self.signed.append(event)
            case Connected(step="tls"):
                self.tls = event.fact.detail
            case Connected(step="lost"):
                self.lost = event
            case _:
                pass

    def _begin(self, event: Event, fact: Received) -> None:
        """The line that begins it; where it comes when the message is complete, it says all that others say later."""
        self.received = fact
        self._identify(fact.message_id)
        self.tls = self.tls or fact.tls
        if fact.size is not None:
            self.queued = self.queued or Queued(self.queue_id, fact.sender or "", fact.size, len(fact.recipients))
            self._complete(event)

    def _identify(self, message_id: str | None) -> None:
        """Note a Message-ID that stands in a line about something else."""
        if message_id and all(known.message_id != message_id for known in self.identified):
            self.identified.append(Identified(self.queue_id, message_id))

    def _complete(self, event: Event) -> None:
        """Note when the message was complete."""
        self.complete_us = event.time_us if self.complete_us is None else min(self.complete_us, event.time_us)

    @property
    def closed(self) -> bool:
        """Whether nothing more is to be expected: removed, refused or broken off."""
        if self.removed is not None:
            return True
        if self.queued is not None:
            return False
        return self.lost is not None or any(
            isinstance(e.fact, Ruled) and e.fact.action in {"reject", "discard"} and e.fact.stage not in {"RCPT", "PRDR"}
            for e in self.rules
        )

    @property
    def first_us(self) -> int:
        """First sight: the time that the id holds, else the first stamp of a line that bears it."""
        held = time_in_id(self.queue_id)
        return self.start_us if held is None else held
