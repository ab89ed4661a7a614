"""Tries to deliver one recipient's copy, and which of them says most."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ingest.joining.event import LiveEvent
from ingest.joining.life import Life
from ingest.joining.parts import Part
from mappings.address import domain_of, is_loopback, is_neighbour
from mappings.codes import reason_of
from mappings.codes.side import side_of
from mappings.facts import Attempted
from mappings.log_words import Status
from mappings.vocabulary import Disposition, Reason

#: An automatic answer is no delivery of the message: any other try says more. A copy that was forwarded, or thrown away, says less than
#: one delivered.
_AUTOMATIC, _LESS = 0.5, 0.5
#: A copy for others says less than anything of the recipient's own, and more than an automatic answer.
_ASIDE = 0.7
#: What is a fault of ours where what answers, or does not, is ours.
_FAULTS = frozenset({Reason.REMOTE_SYSTEM, Reason.CONNECTION, Reason.DNS, Reason.RECIPIENT_DOMAIN})
#: Whom Postfix did not find, or did not reach: a name, an address and a port.
_SOUGHT = re.compile(
    r"(?:Name service error for name=|unable to look up host |connect to )([^\s\[\]:]{1,255})(?:\[([0-9a-fA-F.:]{3,45})\]:([0-9]{1,5}))?"
)
_FAILED = frozenset({Status.BOUNCED, Status.EXPIRED})
_FOR_DELIVERY = " Message accepted for delivery"
_RANK = {Status.DEFERRED: 1.0, Status.EXPIRED: 2.0, Status.BOUNCED: 3.0, Status.SENT: 4.0}


class Try(NamedTuple):
    """One try: what it says, and its line."""

    fact: Attempted
    event: LiveEvent


def tries_of(events: Iterable[LiveEvent]) -> list[Try]:
    """The tries among some events."""
    return [Try(e.fact, e) for e in events if isinstance(e.fact, Attempted)]


def strongest(tries: list[Try]) -> Try | None:
    """The strongest try; of equally strong ones the last that was made: what our own cache answered overwrites no real answer.

    Where several copies were made for one recipient, a delivery of one does not outweigh that another failed, or still waits.
    """
    if len(tries) < 2:
        return tries[0] if tries else None
    best = _strongest(tries)
    if best is not None and best.fact.status is Status.SENT and not (best.fact.forwarded or best.fact.automatic or best.fact.aside):
        return _strongest(_failing_beside(best, tries)) or best
    return best


def _strongest(tries: list[Try]) -> Try | None:
    """The same, whatever copy each is of."""
    best: Try | None = None
    known = -1.0
    for one in tries:
        rank = _rank(one.fact)
        if rank > known or (rank == known and best is not None and not (one.fact.skipped and not best.fact.skipped)):
            best, known = one, rank
    return best


def _failing_beside(done: Try, tries: list[Try]) -> list[Try]:
    """What was tried in the same queue file for other copies than the one that was delivered, and did not come to be.

    For one copy nothing is tried after it was delivered, and it is not delivered after it failed; but it may have been put off before.
    """
    beside = [one for one in tries if one.fact.queue_id == done.fact.queue_id and _is_other_copy(one.fact, done.fact)]
    delivered = {_way(one.fact) for one in beside if one.fact.status is Status.SENT}
    later = set(tries[tries.index(done) + 1 :])
    waiting = [one for one in beside if one.fact.status is Status.DEFERRED and one in later and _way(one.fact) not in delivered]
    return [one for one in beside if one.fact.status in _FAILED] + waiting


def _is_other_copy(fact: Attempted, other: Attempted) -> bool:
    """Whether two tries are of different copies: rules of the configuration that have different names, or agents of the host, took them."""
    if fact.automatic or fact.aside:
        return False
    ways = _way(fact), _way(other)
    return None not in ways and ways[0] != ways[1]


def _way(fact: Attempted) -> tuple[str | None, ...] | None:
    """By what a copy was delivered; None where the lines do not tell."""
    if fact.router is not None or fact.transport is not None:
        return fact.router, fact.transport
    return (fact.relay,) if fact.relay is not None and fact.relay_ip is None else None


def is_submission(fact: Attempted, path: Sequence[Part]) -> bool:
    """Whether Sendmail's submission program gave it to the server of its host, which answers in its own words: no filter is between."""
    life = next((part for part in path if isinstance(part, Life) and part.queue_id == fact.queue_id), None)
    if life is None or not fact.reply.text.endswith(_FOR_DELIVERY):
        return False
    return (life.received is not None and life.received.submitted) or life.is_notice


def reason_of_try(one: Try | None) -> Reason:
    """Why a delivery failed."""
    if one is None:
        return Reason.UNKNOWN
    reply = one.fact.reply
    reason = reason_of(reply.code, reply.enhanced, reply.text, side=side_of(Disposition.BOUNCED, one.fact.by), stage=reply.stage)
    put_off = reason is Reason.PROTOCOL and one.fact.status is Status.DEFERRED
    return Reason.LOCAL_SYSTEM if (put_off or reason in _FAULTS) and _is_ours(one.fact) else reason


def _is_ours(fact: Attempted) -> bool:
    """Whether what took part in a try, or should have, is on this host or beside it, and no server of others.

    It listens on a socket, which has a path, on loopback, or at a private address at a port of its own; or nobody else can have its name.
    """
    if fact.relay_ip is not None:
        return is_loopback(fact.relay_ip) or is_neighbour(fact.relay_ip, fact.relay_port)
    if fact.relay is not None:
        return "[" in fact.relay and "/" in fact.relay
    sought = _SOUGHT.search(fact.reply.text)
    if sought is None or sought[1].lower() == domain_of(fact.recipient):
        return False
    return "." not in sought[1] or (sought[2] is not None and is_neighbour(sought[2], int(sought[3])))


def _rank(fact: Attempted) -> float:
    """How strong a try is as a fact."""
    if fact.automatic:
        return _AUTOMATIC
    if fact.aside:
        return _ASIDE
    return _RANK.get(fact.status, 0.0) - (_LESS if fact.forwarded or fact.discarded else 0.0)
