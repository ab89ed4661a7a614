"""What went to a program of this host, and what came from one: seen of one queue file, by its own lines.

Which of them are one message is told by `pipes`, of two queue files at a time.
"""

from __future__ import annotations

from collections.abc import Iterable

from ingest.clock import SECOND
from ingest.joining.event import LiveEvent
from ingest.joining.life import Life
from ingest.joining.links import Link
from mappings import keys
from mappings.address import fold, is_loopback
from mappings.facts import Attempted, Fact, Identified, Received
from mappings.links import PIPED_REACH_S, How
from mappings.log_words import By, Status

#: A program's own line may come before that of the queue file which it handed in.
PIPED_REACH_US = PIPED_REACH_S * SECOND
#: The facts by which it is seen that a message went to a program or came from one.
PASSING = frozenset[type[Fact]]({Received, Identified, Attempted})


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
            since, until = time_at_program(life, event)
            links += [Link(How.PIPED, keys.piped(life.host, one, name), until, since, event) for one in named for name in names_of(event)]
    if comes_from_program(life.received):
        for names in recipients_by_names(life):
            links += [Link(How.SUBMITTED, keys.piped(life.host, one, name), life.start_us) for one in named for name in names]
    return links


def time_at_program(life: Life, event: LiveEvent) -> tuple[int, int]:
    """From when to when a program had a message that was delivered to it: by how long that took, where the line says so."""
    since = life.complete_us or life.start_us
    taken = event.fact.delays.rpartition("/")[2] if isinstance(event.fact, Attempted) and event.fact.delays else ""
    if taken.replace(".", "", 1).isdecimal():
        since = max(since, event.time_us - int(float(taken) * SECOND) - SECOND)
    return (since if event.fine else since // SECOND * SECOND), event.time_us + PIPED_REACH_US


def names_of(event: LiveEvent) -> frozenset[str]:
    """The names of the recipient of a delivery, as they are compared."""
    return frozenset(map(fold, event.fact.people()))


def recipients_by_names(life: Life) -> list[frozenset[str]]:
    """The recipients of a queue file that lines name so far, each with all of its names."""
    listed = life.received.recipients if life.received is not None else []
    tried = dict.fromkeys(names_of(e) for e in life.attempts)
    known = frozenset().union(*tried)
    return [*tried, *[frozenset({one}) for one in dict.fromkeys(map(fold, listed)) if one not in known]]
