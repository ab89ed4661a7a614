"""Links: how the lines of one hop name the next; scans and loose lines, and what a message is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from ingest.correlate.event import SECOND, Event, order
from ingest.correlate.life import Life
from ingest.correlate.link import Link, hop_of
from mappings import keys
from mappings.address import is_loopback, local_of
from mappings.facts import Attempted, Identified, Infected, Inspected, Judged, Passed, Received, Release, Ruled, Scanned

#: Two lines without a common id join only when their stamps lie at most this far apart.
REACH_US = 600 * SECOND
#: Filter log ids repeat after a restart: they join within this time only.
LOG_ID_REACH_US = 30 * SECOND
#: A filter's result and the queue file that the mail server refused it join by Message-ID within this time only.
REFUSED_REACH_US = 30 * SECOND
#: Stamps of whole seconds may stand up to this far before what caused them.
SLACK_US = SECOND


class Within(NamedTuple):
    """Which addresses are inside the log domain: a hand-over to or from one is a hop within; and how far lines may lie apart."""

    filters: frozenset[str]
    reach_us: int = REACH_US
    #: Whether the log domain has several hosts: a filter on one may name a queue file on another.
    several: bool = False
    #: Names of rules and boxes of the configuration that keep mail back.
    quarantines: re.Pattern[str] | None = None

    def keeps(self, attempt: Attempted) -> bool:
        """Whether a delivery is one into a quarantine: only the names in Exim's configuration say so, a router's, a transport's, a box'."""
        if self.quarantines is None or (attempt.router is None and attempt.transport is None) or attempt.status != "sent":
            return False
        box = local_of(attempt.recipient) if attempt.original is not None else None
        return any(name is not None and self.quarantines.search(name) for name in (attempt.router, attempt.transport, box))

    def takes(self, attempt: Attempted) -> bool:
        """Whether a delivery goes to a filter: by where it goes, or by how it is answered."""
        return attempt.filtered or (self.holds(attempt.relay_ip) and not attempt.stored)

    def holds(self, address: str | None) -> bool:
        """Whether an address is a filter's or loopback."""
        return address is not None and (is_loopback(address) or address in self.filters)


class Scan:
    """One run of a filter: its events, and what they say."""

    kind = "scan"

    __slots__ = (
        "beside",
        "end_us",
        "events",
        "given",
        "host",
        "inspected",
        "key",
        "links",
        "log_ids",
        "mail_id",
        "releases",
        "results",
        "start_us",
    )

    def __init__(self, key: str, host: str, events: list[Event]) -> None:
        self.key = key
        self.host = host
        self.mail_id = key[2:] if key.startswith("m:") else None
        self.events = sorted(events, key=order)
        # A document gives a hit in its folder back as one of its lines: when the scan began, only its own tell.
        own = [e for e in self.events if not isinstance(e.fact, Infected)] or self.events
        self.start_us = own[0].time_us if own else 0
        self.end_us = own[-1].time_us if own else 0
        self.results: list[Event] = []
        self.inspected: list[Event] = []
        self.given: list[Event] = []
        self.releases: list[Event] = []
        self.links: list[Link] = []
        self.log_ids: list[str] = []
        for event in self.events:
            self._take(event)
        results = [e.fact for e in self.results if isinstance(e.fact, Scanned)]
        #: Whether it looked at the message beside the queue (amavis as a milter): the mail server does what it says.
        self.beside = bool(results) and all(f.milter or any(a.startswith("Accepted") for a in f.actions) for f in results)

    def _take(self, event: Event) -> None:
        """Sort one event in, with the links that it makes."""
        fact, at = event.fact, event.time_us
        match fact:
            case Scanned():
                self.results.append(event)
                if fact.origin_queue_id:
                    self.links.append(Link("scan_of", keys.queue(event.host, fact.origin_queue_id), at))
                self.links.extend(Link("next", keys.queue(event.host, i), at) for i in fact.next_ids)
                if fact.category.startswith("MTA") and fact.message_id:
                    self.links.append(Link("refused", keys.message_id(fact.message_id), at))
                self._log(event, fact.log_id)
            case Inspected():
                self.inspected.append(event)
                self._log(event, fact.log_id)
            case Passed():
                self.given.append(event)
                if fact.next_id and fact.how in {"forward", "release"}:
                    self.links.append(Link("next" if fact.how == "forward" else "release", keys.queue(event.host, fact.next_id), at))
                self._log(event, fact.log_id)
            case Release():
                self.releases.append(event)
            case Ruled():
                self.inspected.append(event)
            case _:
                pass

    def _log(self, event: Event, log_id: str | None) -> None:
        """The filter's log id, which ties lines without mail id and the mail server's reply to the scan."""
        if log_id:
            self.log_ids.append(log_id)
            self.links.append(Link("log", keys.log_id(event.host, log_id), event.time_us))


class Loose:
    """Events that belong to a journey by a weak id only: a filter's log id, a client's port; or a refusal without any id."""

    __slots__ = ("end_us", "events", "host", "key", "kind", "links", "start_us")

    def __init__(self, key: str, host: str, events: list[Event]) -> None:
        self.key = key
        self.host = host
        self.kind = {"h": "refusal", "p": "peer", "l": "log", "f": "folder", "j": "judged", "q": "task"}[key[0]]
        self.events = sorted(events, key=order)
        self.start_us = self.events[0].time_us
        self.end_us = self.events[-1].time_us
        self.links: list[Link] = []
        for event in self.events:
            fact = event.fact
            if self.kind == "refusal" and isinstance(fact, Ruled) and fact.client_port and fact.client_ip and fact.source == "screen":
                self.links.append(Link("peer", keys.peer(event.host, fact.client_ip, fact.client_port), event.time_us))
            elif self.kind == "task":
                self.links.append(Link("task", key, event.time_us))
            elif self.kind in {"judged", "folder"}:
                # Each line is a node: by this it is found.
                self.links.append(Link("own", hop_of(key), event.time_us))
            elif isinstance(fact, Inspected) and fact.folder:
                self.links.append(Link("folder", keys.folder(event.host, fact.folder), event.time_us))


Part = Life | Scan | Loose


def link_life(life: Life, within: Within, *, judged: bool) -> None:
    """Set the links that the lines of a queue file make; `judged` where a filter may name it by its Message-ID only."""
    for event in life.events:
        fact, at = event.fact, event.time_us
        match fact:
            case Attempted(status="sent", next_id=str(next_id)):
                if fact.forwarded:
                    life.links.append(Link("forwarded", keys.queue(event.host, next_id), at))
                elif within.takes(fact):
                    life.links.append(Link("relay", keys.queue(event.host, next_id), at))
            case Received():
                if fact.origin_queue_id and within.holds(fact.client_ip):
                    life.links.append(Link("origin", keys.queue(event.host, fact.origin_queue_id), at))
                if fact.requeued_from:
                    life.links.append(Link("requeue", keys.queue(event.host, fact.requeued_from), at))
            case Identified(resent=True) if _entered_here(life, within):
                kept = kept_mail_id(fact.message_id)
                if kept:
                    life.links.append(Link("resent", keys.scan(kept), at))
            case _:
                pass
        log_id = getattr(fact, "log_id", None)
        if log_id and isinstance(fact, Attempted | Ruled | Judged) and (not isinstance(fact, Attempted) or within.takes(fact)):
            life.links.append(Link("answered", keys.log_id(event.host, log_id), at))

    if judged and life.complete_us is not None:
        # In reception from its beginning to its end.
        since, until = life.first_us - SLACK_US, life.complete_us + SLACK_US
        life.links.extend(Link("judged", keys.judged(i.message_id), until, since) for i in life.identified if i.message_id and not i.resent)
    if life.received is not None and within.holds(life.received.client_ip) and life.removed is None:
        for event in life.rules:
            if isinstance(event.fact, Ruled) and event.fact.action == "reject" and not event.fact.of_one:
                life.links.extend(
                    Link("refused", keys.message_id(i.message_id), event.time_us) for i in life.identified if i.message_id and not i.resent
                )
    life.hows = frozenset(link.how for link in life.links)


def _entered_here(life: Life, within: Within) -> bool:
    """Whether a queue file came by loopback and from no client behind it: a stranger may send any Resent-Message-ID."""
    received = life.received
    return received is not None and within.holds(received.client_ip) and received.origin_queue_id is None


def kept_mail_id(resent: str) -> str | None:
    """The mail id of the kept message in `M1-M2@host`, amavis' Resent-Message-ID; both ids have the same length."""
    local = resent.partition("@")[0]
    middle = len(local) // 2
    return local[:middle] if len(local) % 2 == 1 and local[middle] == "-" and middle >= 8 else None


def notice_mail_id(message: str) -> str | None:
    """The mail id of the scan that a notice of amavis is about: its Message-ID is `VA`, `VS`, `SS` or `DSN` + mail id + `@host`."""
    local = message.partition("@")[0]
    for prefix in ("DSN", "VA", "VS", "SS"):
        if local.startswith(prefix) and len(local) - len(prefix) in range(8, 25):
            return local[len(prefix) :]
    return None


@dataclass(slots=True)
class Message:
    """The parts of one message: its queue files' lives, its scans, and what belongs to them; with the hand-overs between them."""

    lives: list[Life] = field(default_factory=list)
    scans: list[Scan] = field(default_factory=list)
    loose: list[Loose] = field(default_factory=list)
    #: Hits of a virus scanner in the folder of a scan, by the scan's key; each with the folder's key.
    hits: dict[str, list[tuple[str, Event]]] = field(default_factory=dict)
    #: (from, to, how): hand-overs, from the earlier hop to the later one.
    edges: list[tuple[Part, Part, str]] = field(default_factory=list)
    #: Keys of queue files that are not seen, and that too many name for it to be the beginning of one message.
    crowded: set[str] = field(default_factory=set)

    @property
    def closed(self) -> bool:
        """Whether nothing more is to be expected of it."""
        return all(life.closed or life.probe for life in self.lives)

    @property
    def parts(self) -> list[Part]:
        """All of it."""
        return [*self.lives, *self.scans, *self.loose]
