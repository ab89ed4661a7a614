"""A life: one use of a queue id, and what its lines say by kind.

Ids that hold their time name one message for ever; of the others `lives.py` tells apart when they are used anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ingest.joining.event import LiveEvent
from ingest.joining.links import Link
from ingest.queue_ids import believed_time
from mappings.authentication import AuthCheck
from mappings.facts import (
    Administered,
    Attempted,
    Connected,
    Expired,
    Fact,
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
from mappings.keys import queue_id_of
from mappings.links import How
from mappings.log_words import Action, Contact, Decider, Stage, Status

_PROBES = frozenset({Status.DELIVERABLE, Status.UNDELIVERABLE})
#: What ends a message in the dialogue, at other stages than a recipient's.
_ENDING = frozenset({Action.REJECT, Action.DISCARD})
_OF_A_RECIPIENT = frozenset({Stage.RCPT, Stage.PRDR})


class Life:
    """One use of a queue id: its events in canonical order, and the facts in them by kind."""

    __slots__ = (
        "administered",
        "answered",
        "attempts",
        "causes",
        "checks",
        "closed",
        "complete_us",
        "end_us",
        "events",
        "expired",
        "first_us",
        "host",
        "hows",
        "identified",
        "infected",
        "judged",
        "key",
        "links",
        "lost",
        "milter_rules",
        "noticed",
        "number",
        "others",
        "probe",
        "queue_id",
        "queued",
        "received",
        "removed",
        "rules",
        "rules_of_all",
        "start_us",
        "tls",
    )

    def __init__(self, key: str, host: str, events: list[LiveEvent], number: int = 0) -> None:
        self.key = key
        #: Which of the lives of its id it is.
        self.number = number
        self.host = host
        self.queue_id = queue_id_of(key)
        self.events = events
        self.received: Received | None = None
        self.identified: list[Identified] = []
        self.queued: Queued | None = None
        self.attempts: list[LiveEvent] = []
        #: All but the attempts: what is the message's, not one recipient's.
        self.others: list[LiveEvent] = []
        self.rules: list[LiveEvent] = []
        #: Those of a milter, and those that are not about one recipient.
        self.milter_rules: list[LiveEvent] = []
        self.rules_of_all: list[LiveEvent] = []
        self.noticed: list[LiveEvent] = []
        self.causes: list[LiveEvent] = []
        self.administered: list[LiveEvent] = []
        self.judged: list[LiveEvent] = []
        self.infected: list[Infected] = []
        #: What came of authenticating it, by what stands beside the filters.
        self.checks: list[AuthCheck] = []
        self.removed: LiveEvent | None = None
        self.expired: LiveEvent | None = None
        self.lost: LiveEvent | None = None
        #: When the message was complete or refused: the end of its reception.
        self.complete_us: int | None = None
        self.tls: str | None = None
        #: An address-verification probe looks like a message and is none.
        self.probe = False
        self.links: list[Link] = []
        #: The lines that have an answer of a filter, on whichever host, by its log id.
        self.answered: dict[str, list[LiveEvent]] = {}
        #: In which ways its links name others: there may be a link for each of many recipients.
        self.hows: frozenset[How] = frozenset()
        for event in events:
            fact = event.fact
            if type(fact) is Attempted:
                self.attempts.append(event)
                if fact.status in _PROBES:
                    self.probe = True
            else:
                self.others.append(event)
                take = _TAKE.get(type(fact))
                if take is not None:
                    take(self, event, fact)
        self.start_us, self.end_us = _span(events, key)
        #: First sight: the time that the id holds, where that can be, else the first stamp of a line that bears it.
        held = believed_time(self.queue_id, self.start_us)
        self.first_us = self.start_us if held is None else held
        #: Whether nothing more is to be expected: removed, refused or broken off.
        self.closed = self._is_closed()

    def __repr__(self) -> str:
        """Its name."""
        return f"<{self.key}#{self.number}>"

    def _is_closed(self) -> bool:
        """Whether it was removed, refused or broken off."""
        if self.removed is not None:
            return True
        return self.queued is None and (self.lost is not None or self.refused)

    @property
    def refused(self) -> bool:
        """Whether the whole message was refused or thrown away in the dialogue."""
        rules = (event.fact for event in self.rules)
        return any(isinstance(r, Ruled) and r.action in _ENDING and r.stage not in _OF_A_RECIPIENT for r in rules)

    @property
    def deleted(self) -> bool:
        """Whether an administrator deleted it from the queue."""
        return self.removed is not None and isinstance(self.removed.fact, Removed) and self.removed.fact.by_admin

    @property
    def is_notice(self) -> bool:
        """Whether another queue file says that this one is a notice about it: then nobody is its sender."""
        return any(isinstance(event.fact, Noticed) for event in self.causes)

    @property
    def message_ids(self) -> list[str]:
        """The Message-IDs that its lines name, but those that it had before it was sent anew; each once, in their order."""
        return list(dict.fromkeys(known.message_id for known in self.identified if known.message_id and not known.resent))

    @property
    def nameless(self) -> bool:
        """Whether its lines say that it has no Message-ID: one that says all of a message would have it."""
        named = [known.message_id for known in self.identified if not known.resent]
        return not any(named) if named else self.received is not None and self.received.size is not None

    def identify(self, message_id: str | None) -> None:
        """Note a Message-ID that stands in a line about something else."""
        if message_id and all(known.message_id != message_id for known in self.identified):
            self.identified.append(Identified(self.queue_id, message_id))

    def complete(self, event: LiveEvent) -> None:
        """Note when the message was complete."""
        self.complete_us = event.time_us if self.complete_us is None else min(self.complete_us, event.time_us)


def _span(events: list[LiveEvent], key: str) -> tuple[int, int]:
    """First and last stamp of the mail server's own lines: a filter's may be coarser, and its file may be read later."""
    borne = [e for e in events if e.route.queue == key] or events
    own = [e.time_us for e in borne if type(e.fact) is not Judged] or [e.time_us for e in borne]
    return (min(own), max(own)) if own else (0, 0)


# -- what a fact says of the life whose line it is


def _received(life: Life, event: LiveEvent, fact: Received) -> None:
    """The line that begins it; where it comes when the message is complete, it says all that others say later."""
    if fact.queue_id is None:
        life.received = life.received or fact
        return
    if fact.queue_id != life.queue_id:
        # A message that was made for this one.
        life.noticed.append(event)
        return
    life.received = fact
    life.identify(fact.message_id)
    life.tls = life.tls or fact.tls
    if fact.size is not None:
        life.queued = life.queued or Queued(life.queue_id, fact.sender or "", fact.size, len(fact.recipients))
        life.complete(event)


def _ruled(life: Life, event: LiveEvent, fact: Ruled) -> None:
    life.rules.append(event)
    if fact.source is Decider.MILTER:
        life.milter_rules.append(event)
    life.identify(fact.message_id)
    if fact.action is Action.ABORT:
        # The transaction that bears its id broke off, where nobody refused it before.
        life.lost = life.lost if life.refused else event
    elif not fact.of_one:
        life.rules_of_all.append(event)
        if fact.action is Action.REJECT and fact.source is Decider.MILTER:
            # Some write that they have the whole message before filters look at it: they had it then.
            life.complete_us = max(life.complete_us or event.time_us, event.time_us)
        elif fact.action is Action.REJECT:
            life.complete(event)


def _queued(life: Life, event: LiveEvent, fact: Queued) -> None:
    life.queued = life.queued or fact
    life.complete(event)


def _signed(life: Life, event: LiveEvent, fact: Signed) -> None:
    life.checks += fact.checks


def _noticed(life: Life, event: LiveEvent, fact: Noticed) -> None:
    (life.noticed if fact.queue_id == life.queue_id else life.causes).append(event)


def _removed(life: Life, event: LiveEvent, fact: Removed) -> None:
    # Of a message that was deleted it may be said that it is done, too.
    if life.removed is None or not life.deleted:
        life.removed = event


def _connected(life: Life, event: LiveEvent, fact: Connected) -> None:
    if fact.step is Contact.TLS:
        life.tls = fact.detail
    elif fact.step is Contact.LOST:
        life.lost = event
    elif fact.step is Contact.LEFT and not life.refused:
        life.lost = life.lost or event


def _expired(life: Life, event: LiveEvent, fact: Expired) -> None:
    life.expired = event


_TAKE: dict[type[Fact], Callable[[Life, LiveEvent, Any], None]] = {
    Received: _received,
    Identified: lambda life, event, fact: life.identified.append(fact),
    Ruled: _ruled,
    Queued: _queued,
    Noticed: _noticed,
    Signed: _signed,
    Removed: _removed,
    Connected: _connected,
    Expired: _expired,
    Passed: lambda life, event, fact: life.causes.append(event),
    Administered: lambda life, event, fact: life.administered.append(event),
    Judged: lambda life, event, fact: life.judged.append(event),
    Infected: lambda life, event, fact: life.infected.append(fact),
}
