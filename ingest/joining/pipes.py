"""Pipes: a program of this host takes a message out of one queue file, and hands it in again as another one, as filters behind a pipe do.

So do those on loopback that answer with words of their own (encryption, disclaimers). No line names the other queue file. But host,
Message-ID, sender and recipients are the same, and the second is handed in on the host while the program has the first. A list, a forward
or an automatic answer is made in the same way, and has another sender or other recipients. The Message-ID is its sender's word, so it joins
only where it can mean one thing: there is one queue file before, and one behind it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ingest.joining.event import LiveEvent
from ingest.joining.life import Life
from ingest.joining.parts import Edge, Part
from ingest.joining.programs import PIPED_REACH_US, comes_from_program, goes_to_program, names_of, recipients_by_names, time_at_program
from ingest.joining.web import Web
from mappings.address import fold, local_of
from mappings.facts import Attempted, Queued, Received
from mappings.links import How

#: What the null sender is called on a command line.
_NULL_SENDERS = frozenset({"", "mailer-daemon"})


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
    wanted = recipients_by_names(put)
    found: list[LiveEvent] = []
    had: set[str] = set()
    for event in given.attempts:
        if goes_to_program(event.fact):
            since, until = time_at_program(given, event)
            names = names_of(event)
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
        for mention in web.near(target, given.start_us, given.end_us + PIPED_REACH_US):
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
