"""Links: how the lines of one hop name the next, and which lives and scans belong to one message.

A link is followed in both directions, and only where both ends allow it: a hand-over to a filter leads to a queue file that a
re-injection address brought (a relay's `queued as` elsewhere is a stranger's id), and of an id that came back, the life in
reception at that moment is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from ingest.correlate.event import SECOND, Event, order
from ingest.correlate.life import Life
from ingest.correlate.link import Link
from ingest.events import Attempted, Identified, Infected, Inspected, Judged, Passed, Received, Release, Ruled, Scanned
from mappings import keys
from mappings.address import is_loopback, local_of

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
        self.start_us = self.events[0].time_us if self.events else 0
        self.end_us = self.events[-1].time_us if self.events else 0
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
        life.links.extend(
            Link("judged", keys.judged(i.message_id), life.complete_us) for i in life.identified if i.message_id and not i.resent
        )
    if life.received is not None and within.holds(life.received.client_ip) and life.removed is None:
        for event in life.rules:
            if isinstance(event.fact, Ruled) and event.fact.action == "reject" and not event.fact.of_one:
                life.links.extend(
                    Link("refused", keys.message_id(i.message_id), event.time_us) for i in life.identified if i.message_id and not i.resent
                )


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

    @property
    def closed(self) -> bool:
        """Whether nothing more is to be expected of it."""
        return all(life.closed or life.probe for life in self.lives)

    @property
    def parts(self) -> list[Part]:
        """All of it."""
        return [*self.lives, *self.scans, *self.loose]


class Web(Protocol):
    """What is known of all nodes: their parts, and who names whom."""

    @property
    def within(self) -> Within:
        """Which addresses are inside."""
        ...

    def parts_of(self, key: str) -> Sequence[Part]:
        """The parts of the node with this key, empty where it is not known or only named."""
        ...

    def named_by(self, key: str) -> Sequence[str]:
        """Keys of the nodes that name this key."""
        ...

    def means(self, target: str, key: str) -> bool:
        """Whether a name is this key's, also where a line of another host of the log domain says it."""
        ...


def gather(start: Part, web: Web) -> Message:
    """The message that a part belongs to: everything that links lead to, in both directions."""
    message = Message()
    seen: set[int] = set()
    waiting: list[Part] = [start]
    edges: set[tuple[int, int, str]] = set()
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        if isinstance(part, Life):
            message.lives.append(part)
        elif isinstance(part, Scan):
            message.scans.append(part)
        else:
            message.loose.append(part)
        for source, target, how in _neighbours(part, web):
            other = target if source is part else source
            waiting.append(other)
            mark = (id(source), id(target), how)
            if mark not in edges:
                edges.add(mark)
                message.edges.append((source, target, how))
    message.lives.sort(key=lambda p: (p.first_us, p.key, p.start_us))
    message.scans.sort(key=lambda p: (p.start_us, p.key))
    message.loose.sort(key=lambda p: (p.start_us, p.key))
    _claim_hits(message, web)
    return message


def _claim_hits(message: Message, web: Web) -> None:
    """Give each scan the hits in its folder: one scan after the other uses it, so time and the virus' name must fit as well."""
    for scan in message.scans:
        found = " ".join(e.fact.detail or "" for e in scan.results if isinstance(e.fact, Scanned) and e.fact.category == "INFECTED")
        own = [t for s, t, _ in message.edges if s is scan and isinstance(t, Loose) and t.kind == "log"]
        if not found:
            continue
        start = min(scan.start_us, *(p.start_us for p in own), scan.start_us)
        end = max(scan.end_us, *(p.end_us for p in own), scan.end_us)
        for link in (link for p in own for link in p.links if link.how == "folder"):
            for part in web.parts_of(link.target):
                for event in part.events:
                    fact = event.fact
                    if isinstance(fact, Infected) and fact.virus in found and start // SECOND <= event.second <= end // SECOND:
                        message.hits.setdefault(scan.key, []).append((part.key, event))


def _neighbours(part: Part, web: Web) -> Iterator[tuple[Part, Part, str]]:
    """The hand-overs that a part takes part in, as (from, to, how)."""
    for link in part.links:
        if link.how == "folder":
            continue
        yield from _follow(part, link, web)
    for key in web.named_by(part.key):
        for other in web.parts_of(key):
            if other is part:
                continue
            for link in other.links:
                named = link.target == part.key or (web.within.several and web.means(link.target, part.key))
                if named and link.how != "folder":
                    for found in _follow(other, link, web):
                        if part in found[:2]:
                            yield found


def _follow(part: Part, link: Link, web: Web) -> Iterator[tuple[Part, Part, str]]:
    """Where one link leads, as (from, to, how) in the direction of the mail."""
    parts = web.parts_of(link.target)
    if link.how in {"log", "answered", "peer"}:
        reach = web.within.reach_us if link.how == "peer" else min(LOG_ID_REACH_US, web.within.reach_us)
        for other in (*parts, *_others(part, link, web, reach)):
            # An id of this kind ties lines to one scan or connection, never two messages to each other.
            if (
                other.kind == part.kind
                or _other_scan(part, other, web)
                or not other.start_us - reach <= link.time_us <= other.end_us + reach
            ):
                continue
            yield (other, part, link.how) if isinstance(other, Life) else (part, other, link.how)
        return
    if link.how == "refused":
        yield from _refused(part, link, web)
        return
    if link.how == "task":
        owner = _task_of(part, parts, web.within) if isinstance(part, Loose) else None
        if owner is not None:
            yield (owner, part, link.how)
            return
        # Without the mail server's lines, all results for an id are of one message.
        orphans = (p for p in parts if isinstance(p, Loose) and p is not part and _task_of(p, parts, web.within) is None)
        yield from ((part, other, "ghost") for other in orphans)
        return
    if link.how == "judged":
        yield from ((part, other, link.how) for other in parts if isinstance(other, Loose) and _judged(other, web) is part)
        return
    if not parts:
        # Named and never seen: what names it within reach belongs together all the same.
        for other in _others(part, link, web, web.within.reach_us):
            yield (part, other, "ghost")
        return
    chosen = parts[0] if isinstance(parts[0], Scan) else _at(parts, link, web.within)
    if chosen is None or chosen is part:
        return
    if link.how in {"origin", "requeue", "scan_of", "resent"}:
        yield (chosen, part, link.how)
    else:
        yield (part, chosen, link.how)


def _other_scan(part: Part, other: Part, web: Web) -> bool:
    """Whether a queue file and a scan that share a filter's log id do not belong together, for such ids come back.

    A scan that names its queue file belongs to no other; of several scans, a reply means the nearest.
    """
    life, scan = (part, other) if isinstance(part, Life) else (other, part)
    if not isinstance(life, Life) or not isinstance(scan, Scan):
        return False
    named = {link.target for link in scan.links if link.how == "scan_of"}
    if named and life.key not in named and any(web.parts_of(key) for key in named):
        return True
    for link in life.links:
        if link.how == "answered":
            rivals = [p for key in web.named_by(link.target) for p in web.parts_of(key) if isinstance(p, Scan)]
            mine = [p for p in rivals if any(o.target == link.target for o in p.links)]
            if scan in mine and min(mine, key=lambda p: (abs(p.end_us - link.time_us), p.key)) is not scan:
                return True
    return False


def _refused(part: Part, link: Link, web: Web) -> Iterator[tuple[Part, Part, str]]:
    """A filter's result and the queue file behind it that the mail server refused: no line names the other but by Message-ID.

    That alone joins only where it can mean one thing: exactly one such queue file and one such result at that moment.
    """
    near = [*_others(part, link, web, REFUSED_REACH_US)]
    scans = [p for p in (part, *near) if isinstance(p, Scan)]
    lives = [p for p in (part, *near) if isinstance(p, Life)]
    if len(scans) == 1 and len(lives) == 1:
        yield scans[0], lives[0], "next"


def _task_of(task: Loose, parts: Sequence[Part], within: Within) -> Life | None:
    """The life of a queue id on another host that a filter's result is about: with its Message-ID, else in reception at that moment."""
    event = task.events[0]
    until = event.time_us + (0 if event.fine else SECOND - 1)
    near = [p for p in parts if isinstance(p, Life) and p.start_us <= until and event.time_us - p.end_us <= within.reach_us]
    named = getattr(event.fact, "message_id", None)
    mine = [life for life in near if named and any(i.message_id == named for i in life.identified)]
    return max(mine or near, key=lambda life: (life.start_us, life.key), default=None)


def _judged(result: Loose, web: Web) -> Life | None:
    """The message that a filter's result is about, which names it by its Message-ID only.

    That alone joins only to a message in reception at that moment, and only where exactly one has it.
    """
    blur = 0 if result.events[0].fine else SECOND - 1
    near = [
        life
        for key in web.named_by(result.key)
        for life in web.parts_of(key)
        if isinstance(life, Life)
        and life.complete_us is not None
        and any(link.target == result.key for link in life.links)
        and life.first_us - SLACK_US <= result.start_us + blur
        and result.start_us <= life.complete_us + SLACK_US
    ]
    return near[0] if len(near) == 1 else None


def _others(part: Part, link: Link, web: Web, reach: int) -> Iterator[Part]:
    """The other parts that name the same key at about the same time."""
    for key in web.named_by(link.target):
        for other in web.parts_of(key):
            if other is not part and any(o.target == link.target and abs(o.time_us - link.time_us) <= reach for o in other.links):
                yield other


def _at(parts: Sequence[Part], link: Link, within: Within) -> Life | None:
    """Of the lives of an id, the one that a link means: in reception at its moment, and of the right origin."""
    chosen: Life | None = None
    for life in parts:
        if not isinstance(life, Life):
            continue
        begun = life.start_us <= link.time_us + SLACK_US
        unseen = life.received is None and life.start_us - link.time_us <= within.reach_us
        if begun or (chosen is None and unseen):
            chosen = life
    if chosen is None or (chosen.removed is not None and link.time_us > chosen.end_us + within.reach_us):
        return None
    client = chosen.received
    if link.how in {"relay", "next", "release"} and client is not None and not within.holds(client.client_ip):
        return None
    if link.how == "forwarded" and client is not None and client.client_ip is not None:
        return None
    return chosen
