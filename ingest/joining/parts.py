"""Parts: what a message is made of. A node's events are the lives of a queue id, one scan of a filter, or a loose end.

A part has a name: the key of its node and its number among the node's parts. It is the same part until the events of its node change.
"""

from __future__ import annotations

from collections.abc import Iterator

from ingest.clock import NAMELESS_REACH_US, SECOND, SLACK_US
from ingest.joining.event import LiveEvent, by_time, in_order
from ingest.joining.life import Life
from ingest.joining.links import Link, named_by
from ingest.joining.lives import split
from ingest.joining.programs import links_of
from ingest.joining.within import Within
from mappings import keys
from mappings.address import fold, mailbox_of
from mappings.facts import Attempted, Fact, Filed, Infected, Judged, Passed, Ruled, Scanned
from mappings.keys import KeyKind
from mappings.links import How
from mappings.log_words import Action

#: Of what the lines of a part name, what leads on from it.
_OF_SCANS = frozenset({How.SCAN_OF, How.NEXT, How.PASSED, How.RELEASE, How.REFUSED, How.LOG})
_OF_LIVES = frozenset({How.RELAY, How.FORWARDED, How.REQUEUE, How.PUT_BACK, How.SPLIT, How.ANSWERED, How.FILED})
#: Of what came by loopback or from a filter only: what XFORWARD passes on is a filter's word (and a stranger may send any
#: Resent-Message-ID).
_OF_OURS = frozenset({How.ORIGIN})
#: What the line that begins a queue file names: such a line may stand with another message too, for which this one was made.
_OF_THE_BEGINNING = frozenset({How.ORIGIN, How.REQUEUE, How.PUT_BACK, How.SPLIT})
_OF_LOGS = frozenset({How.FOLDER})
#: The same of loose ends: of refusals, and of results for a queue file of another host, or for a Message-ID.
_OF_LOOSE = {
    KeyKind.LINE: frozenset({How.PEER, How.LISTED}),
    KeyKind.QUEUE: frozenset({How.ANSWERED}),
    KeyKind.JUDGED: frozenset({How.ANSWERED}),
    KeyKind.FOLDER: frozenset[How](),
}
#: The lines of one scan's results are written at once, its notices and quarantine before them.
_TOGETHER_US = 2 * SECOND
#: What the lines of a mail store are known by.
STORES = frozenset({KeyKind.DELIVERY, KeyKind.BOX})


class Scan:
    """One run of a filter: its events, and what they say. Its id is the filter's mail id, else the log id, which comes back."""

    __slots__ = ("beside", "end_us", "events", "given", "host", "key", "links", "number", "results", "start_us")

    def __init__(self, key: str, host: str, events: list[LiveEvent], number: int = 0) -> None:
        self.key = key
        self.number = number
        self.host = host
        self.events = events
        events.sort(key=in_order)
        # A document gives a hit in its folder back as one of its lines: when the scan began, only its own tell.
        own = [e for e in events if type(e.fact) is not Infected] or events
        self.start_us, self.end_us = own[0].time_us, own[-1].time_us
        self.results = [e for e in events if type(e.fact) is Scanned]
        #: What it handed to a server.
        self.given = [e for e in events if type(e.fact) is Passed]
        self.links = named_by(events, _OF_SCANS)
        results = facts_of(self)
        #: Whether it looked at the message beside the queue: the mail server does what it says.
        self.beside = bool(results) and all(result.milter for result in results)

    def __repr__(self) -> str:
        """Its name."""
        return f"<{self.key}#{self.number}>" if self.number else f"<{self.key}>"


def facts_of(scan: Scan) -> list[Scanned]:
    """The results of a scan, in order."""
    return [e.fact for e in scan.results if isinstance(e.fact, Scanned)]


class Loose:
    """Events that are no life and no scan: known by a weak id only (a log id, a port, a Message-ID), or by no id at all (a refusal)."""

    __slots__ = ("end_us", "events", "host", "key", "kind", "links", "number", "start_us")

    def __init__(self, key: str, host: str, events: list[LiveEvent], number: int = 0) -> None:
        self.key = key
        self.number = number
        self.host = host
        #: What its id is of; `QUEUE` is a filter's result for a queue file of another host.
        self.kind = keys.kind_of(key)
        self.events = sorted(events, key=in_order)
        self.start_us = self.events[0].time_us
        self.end_us = self.events[-1].time_us
        self.links = self._links()

    def __repr__(self) -> str:
        """Its name."""
        return f"<{self.key}#{self.number}>"

    def _links(self) -> list[Link]:
        """What its lines name; by `OWN` a line is found that is a node by itself."""
        if self.kind in STORES:
            boxes = {target: Link(how, target, e.time_us, None, e) for e in reversed(self.events) for how, target in e.route.names}
            return list(boxes.values())
        found = named_by(self.events, _OF_LOOSE.get(self.kind, _OF_LOGS))
        if self.kind in {KeyKind.JUDGED, KeyKind.FOLDER}:
            found += [Link(How.OWN, keys.in_documents(self.key), e.time_us, None, e) for e in self.events]
        elif self.kind is KeyKind.QUEUE:
            found += [Link(How.TASK, self.key, e.time_us, None, e) for e in self.events]
        return found


Part = Life | Scan | Loose


def make_parts(key: str, host: str, events: list[LiveEvent], within: Within, *, judged: bool) -> list[Part]:
    """The parts that the events of a node are; `judged` where a filter may name a message by its Message-ID only."""
    kind = keys.kind_of(key)
    if kind is KeyKind.QUEUE:
        if within.several and events and all(type(e.fact) is Judged for e in events):
            # A filter's own host: the queue file is on another one.
            return [Loose(key, host, [e], number) for number, e in enumerate(events)]
        lives = [Life(key, host, life, number) for number, life in enumerate(split(events, key))]
        for life in lives:
            _link(life, within, judged=judged)
        return list(lives)
    if kind is KeyKind.SCAN:
        return [Scan(key, host, events)]
    if kind in {KeyKind.JUDGED, KeyKind.FOLDER}:
        return [Loose(key, host, events)]
    if kind in STORES:
        return [Loose(key, host, e, number) for number, e in enumerate(_by_delivery(events, within.reach_us))]
    results = [e for e in events if isinstance(e.fact, Scanned)] if kind is KeyKind.LOG else []
    rest = [e for e in events if not isinstance(e.fact, Scanned)] if results else events
    loose: list[Part] = [Loose(key, host, e, number) for number, e in enumerate(_by_gap(rest, within.reach_us))]
    return [*loose, *[Scan(key, host, run, number) for number, run in enumerate(_runs(results), len(loose))]]


def _runs(results: list[LiveEvent]) -> list[list[LiveEvent]]:
    """Results that a log id is all they have of the scan, by scan: those of one are written together, and say the same of the message.

    Process and counter make a log id, so it comes back, after a restart within seconds.
    """
    results.sort(key=in_order)
    runs: list[list[LiveEvent]] = []
    for event in results:
        last = runs[-1] if runs else None
        if last is not None and event.time_us - last[-1].time_us <= _TOGETHER_US and _of_one_scan(last[-1].fact, event.fact):
            last.append(event)
        else:
            runs.append([event])
    return runs


def _of_one_scan(one: Fact, other: Fact) -> bool:
    """Whether two results may be of one scan: about one message, and of other recipients."""
    assert isinstance(one, Scanned)  # noqa: S101 - chosen so by the caller
    assert isinstance(other, Scanned)  # noqa: S101
    said = ((f.sender, f.origin_queue_id, f.message_id) for f in (one, other))
    alike = all(a == b or a is None or b is None for a, b in zip(*said, strict=True))
    return alike and {fold(address) for address in one.people()}.isdisjoint(map(fold, other.people()))


def _by_gap(events: list[LiveEvent], reach_us: int) -> list[list[LiveEvent]]:
    """Events of an id that comes back without a beginning of its own, apart where they lie further apart than lines may."""
    if not events:
        return []
    events.sort(key=by_time)
    groups = [[events[0]]]
    for event in events[1:]:
        if event.time_us - groups[-1][-1].time_us > reach_us:
            groups.append([])
        groups[-1].append(event)
    return groups


def _by_delivery(events: list[LiveEvent], reach_us: int) -> list[list[LiveEvent]]:
    """What a store did for each user with each message: one session may serve several, and its name may come back."""
    groups: dict[tuple[str, str | None], list[LiveEvent]] = {}
    last: dict[str, str | None] = {}
    for event in sorted(events, key=in_order):
        fact = event.fact
        user, named = (fact.recipient, fact.message_id) if isinstance(fact, Filed) else ("", None)
        # A line without a Message-ID goes with the one before it.
        known = named or last.get(user)
        if known is not None and (user, None) in groups:
            groups[user, known] = groups.pop((user, None)) + groups.get((user, known), [])
        last[user] = known
        groups.setdefault((user, known), []).append(event)
    parted = [part for group in groups.values() for part in _by_gap(group, reach_us)]
    return sorted(parted, key=lambda part: in_order(part[0]))


def _boxes(life: Life) -> Iterator[Link]:
    """The mailboxes to which a queue file's tries went, with its Message-IDs."""
    named = life.message_ids
    for event in life.attempts if named else ():
        fact = event.fact
        if not isinstance(fact, Attempted) or fact.skipped:
            continue
        local, domain = mailbox_of(fact.recipient)
        # A store may name the user alone.
        for mailbox in (local, f"{local}@{domain}") if domain is not None else (local,):
            yield from [Link(How.BOXED, keys.box(mailbox, one), event.time_us, None, event) for one in named]


def _link(life: Life, within: Within, *, judged: bool) -> None:
    """Set the links that the lines of a queue file make."""
    received = life.received
    ours = received is not None and within.holds(received.client_ip)
    hows = _OF_LIVES | _OF_OURS if ours else _OF_LIVES
    if ours and received is not None and received.origin_queue_id is None:
        hows |= {How.RESENT}
    links = life.links
    links += links_of(life)
    for event in life.events:
        for how, target in event.route.names:
            if how in hows and (how not in _OF_THE_BEGINNING or event.bears(life.key)):
                links.append(Link(how, target, event.time_us, None, event))
    if judged:
        if life.complete_us is not None:
            links += _looked_for(life, life.complete_us, within)
        links += _boxes(life)
    if ours and life.removed is None:
        links += _refused(life)
    if links:
        life.hows = frozenset([link.how for link in links])
        life.answered = _answers(links) if How.ANSWERED in life.hows else {}


def _looked_for(life: Life, complete_us: int, within: Within) -> list[Link]:
    """By its Message-ID, or by having none, a message is found by results that name nothing else, in reception and on its way."""
    since, until = min(life.first_us, life.start_us) - SLACK_US, complete_us + SLACK_US
    on_its_way = [e.time_us for e in life.attempts if isinstance(e.fact, Attempted) and not within.hands_over(e.fact)]
    last = max(on_its_way, default=complete_us - SLACK_US) + SLACK_US
    if life.nameless:
        reach = min(NAMELESS_REACH_US, within.reach_us)
        since, last = max(since, until - reach), min(last, complete_us + reach)
        received, checked = keys.nameless_between(since, until), keys.nameless_between(complete_us, last)
    else:
        received = checked = [keys.judged(message_id) for message_id in life.message_ids]
    links = [Link(How.JUDGED, target, until, since) for target in received]
    # Of a key of its own: a message may be on its way for days, and many with it.
    links += [Link(How.CHECKED, keys.message_id(keys.value_of(target)), last, complete_us) for target in checked if on_its_way]
    return links


def _answers(links: list[Link]) -> dict[str, list[LiveEvent]]:
    """The lines that have an answer of a filter, by its log id."""
    found: dict[str, list[LiveEvent]] = {}
    for link in links:
        if link.how is How.ANSWERED and link.line is not None:
            found.setdefault(keys.queue_id_of(link.target), []).append(link.line)
    return found


def _refused(life: Life) -> list[Link]:
    """By its Message-ID a queue file that the mail server refused is found by the filter that gave it on."""
    named = [i.message_id for i in life.identified if i.message_id and not i.resent]
    refusals = [e for e in life.rules_of_all if isinstance(e.fact, Ruled) and e.fact.action is Action.REJECT] if named else []
    return [Link(How.REFUSED, keys.message_id(message_id), e.time_us, None, e) for e in refusals for message_id in named]


#: (from, to, how, the line that says so): a hand-over from the earlier hop to the later one, or from a part to what is beside it.
Edge = tuple[Part, Part, How, LiveEvent | None]
