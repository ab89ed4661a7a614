"""Pipes: a program of this host takes a message out of one queue file, and hands it in again as another one, as filters behind a pipe do.

So do those on loopback that answer with words of their own (encryption, disclaimers). No line names the other queue file. But host,
Message-ID, sender and recipients are the same, and the second is handed in on the host while the program has the first. A list, a forward
or an automatic answer is made in the same way, and has another sender or other recipients. The Message-ID is its sender's word, so it joins
only where it can mean one thing: there is one queue file before, and one behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ingest.clock import SECOND
from ingest.joining.event import LiveEvent
from ingest.joining.life import Life
from ingest.joining.links import Link
from mappings import keys
from mappings.address import fold, is_loopback, local_of
from mappings.facts import Attempted, Fact, Identified, Queued, Received
from mappings.links import PIPED_REACH_S, How
from mappings.log_words import By, Status

if TYPE_CHECKING:
    from ingest.joining.gather import Web
    from ingest.joining.parts import Edge, Part

#: A program's own line may come before that of the queue file which it handed in.
_REACH_US = PIPED_REACH_S * SECOND
#: The facts by which it is seen that a message went to a program or came from one.
PASSING = frozenset[type[Fact]]({Received, Identified, Attempted})
#: What the null sender is called on a command line.
_NULL_SENDERS = frozenset({"", "mailer-daemon"})


def goes_to_program(fact: Fact) -> bool:
    """Whether a delivery was one to a program of this host, which says nothing but that it took it."""
    if not isinstance(fact, Attempted) or fact.status is not Status.SENT or fact.forwarded or fact.discarded or fact.automatic:
        return False
    if fact.by is By.LOCAL:
        return fact.relay is not None and fact.relay_ip is None
    here = fact.relay_ip is not None and is_loopback(fact.relay_ip)
    # What names its session is a mail store; others may speak LMTP and be a filter.
    return here and fact.session is None and fact.next_id is None and fact.log_id is None


def comes_from_program(fact: Fact | None) -> bool:
    """Whether a program of this host handed a message in: no client elsewhere or with a login did, and no line says what it was made of."""
    if not isinstance(fact, Received) or fact.queue_id is None or fact.user is not None:
        return False
    if not (fact.client_name is None if fact.client_ip is None else is_loopback(fact.client_ip)):
        return False
    return fact.made_for is None and not fact.names("")


def passes_program(fact: Fact) -> bool:
    """Whether a line tells of a message that a program of this host took or handed in."""
    return goes_to_program(fact) if isinstance(fact, Attempted) else comes_from_program(fact)


def message_ids(facts: Iterable[Fact]) -> list[str]:
    """The Message-IDs in some facts."""
    found = [f.message_id for f in facts if isinstance(f, Received) or (isinstance(f, Identified) and not f.resent)]
    return list(dict.fromkeys(one for one in found if one))


def links_of(life: Life) -> list[Link]:
    """By what a queue file is found at either end of a pipe: a key for each recipient, so that many mails of one Message-ID cost little."""
    named = life.message_ids
    if not named:
        return []
    links: list[Link] = []
    for event in life.attempts if life.complete_us is not None else ():
        if goes_to_program(event.fact):
            since, until = _had(life, event)
            links += [Link(How.PIPED, keys.piped(life.host, one, name), until, since, event) for one in named for name in _names(event)]
    if comes_from_program(life.received):
        for names in _recipients(life):
            links += [Link(How.SUBMITTED, keys.piped(life.host, one, name), life.start_us) for one in named for name in names]
    return links


def passages(life: Life, web: Web) -> Iterator[Edge]:
    """What a program made of a queue file, and of what it made it."""
    puts: dict[Life, None] = {life: None} if How.SUBMITTED in life.hows else {}
    for link in life.links:
        if link.how is How.PIPED and link.since_us is not None:
            found = (m.part for m in web.near(link.target, link.since_us, link.time_us) if m.how is How.SUBMITTED)
            puts.update((part, None) for part in found if isinstance(part, Life))
    for put in puts:
        given = _given(put, web)
        if given is not None and (put is life or given is life):
            yield given, put, How.PIPED, handed(given, put)[0]


def origin_of(part: Part, web: Web) -> Part:
    """The queue file of which a program made this one; itself where none did."""
    if not isinstance(part, Life) or How.SUBMITTED not in part.hows:
        return part
    return _given(part, web) or part


def handed(given: Life, put: Life) -> list[LiveEvent]:
    """The deliveries to a program that made a queue file: those to its recipients, while it was handed in; none where one lacks."""
    wanted = _recipients(put)
    found: list[LiveEvent] = []
    had: set[str] = set()
    for event in given.attempts:
        if goes_to_program(event.fact):
            since, until = _had(given, event)
            names = _names(event)
            if since <= put.start_us <= until and any(not names.isdisjoint(one) for one in wanted):
                found.append(event)
                had |= names
    return found if all(not had.isdisjoint(one) for one in wanted) else []


def _given(put: Life, web: Web) -> Life | None:
    """The one queue file of which a program made another one; None where it may be several, or may have become several."""
    targets = dict.fromkeys(link.target for link in put.links if link.how is How.SUBMITTED)
    if any(web.crowded(target, put.start_us, web.within.reach_us) for target in targets):
        return None
    found: dict[Life, None] = {}
    for target in targets:
        near = (m.part for m in web.near(target, put.start_us, put.start_us) if m.how is How.PIPED)
        found.update((part, None) for part in near if isinstance(part, Life) and _fits(part, put, web))
    given = next(iter(found)) if len(found) == 1 else None
    if given is None or (comes_from_program(given.received) and _fits(put, given, web) and not _begun_before(given, put)):
        return None
    for target in targets:
        for mention in web.near(target, given.start_us, given.end_us + _REACH_US):
            rival = mention.part
            if rival is not put and mention.how is How.SUBMITTED and isinstance(rival, Life) and _fits(given, rival, web):
                return None
    return given


def _fits(given: Life, put: Life, web: Web) -> bool:
    """Whether a program may have made one queue file of another."""
    if given is put or not _same_sender(given, put) or not handed(given, put):
        return False
    # The other way round: what was handed in went through a filter, and came back to be delivered.
    facts = [e.fact for e in put.attempts if isinstance(e.fact, Attempted)]
    back = given.received is not None and web.within.holds(given.received.client_ip) and any(map(web.within.takes, facts))
    return not back and all(fact.next_id != given.queue_id for fact in facts)


def _begun_before(one: Life, other: Life) -> bool:
    """Whether the lines of one process tell that a queue file began before another one, where both were handed in within one second."""
    first, second = (next(e for e in life.events if e.fact is life.received) for life in (one, other))
    return (first.program, first.pid) == (second.program, second.pid) and first.order < second.order


def _same_sender(given: Life, put: Life) -> bool:
    """Whether both have one sender; a program may have rewritten a name without a domain, or the null sender."""
    before, behind = _senders(given), _senders(put)
    if not before.isdisjoint(behind):
        return True
    return "" in before and any(one in _NULL_SENDERS or local_of(one) in _NULL_SENDERS for one in behind)


def _senders(life: Life) -> set[str]:
    said = [fact.sender for fact in (life.queued, life.received) if isinstance(fact, Queued | Received)]
    return {fold(sender) for sender in said if sender is not None}


def _had(life: Life, event: LiveEvent) -> tuple[int, int]:
    """From when to when a program had a message that was delivered to it: by how long that took, where the line says so."""
    since = life.complete_us or life.start_us
    taken = event.fact.delays.rpartition("/")[2] if isinstance(event.fact, Attempted) and event.fact.delays else ""
    if taken.replace(".", "", 1).isdecimal():
        since = max(since, event.time_us - int(float(taken) * SECOND) - SECOND)
    return (since if event.fine else since // SECOND * SECOND), event.time_us + _REACH_US


def _names(event: LiveEvent) -> frozenset[str]:
    """The names of the recipient of a delivery, as they are compared."""
    return frozenset(map(fold, event.fact.people()))


def _recipients(life: Life) -> list[frozenset[str]]:
    """The recipients of a queue file that lines name so far, each with all of its names."""
    listed = life.received.recipients if life.received is not None else []
    tried = dict.fromkeys(_names(e) for e in life.attempts)
    known = frozenset().union(*tried)
    return [*tried, *[frozenset({one}) for one in dict.fromkeys(map(fold, listed)) if one not in known]]
