"""Tries to deliver one recipient's copy, and which of them says most."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ingest.joining.event import LiveEvent
from mappings.codes import reason_of
from mappings.codes.side import side_of
from mappings.facts import Attempted
from mappings.log_words import Status
from mappings.vocabulary import Disposition, Reason

#: An automatic answer is no delivery of the message: any other try says more. A copy that was forwarded says less than one delivered.
_AUTOMATIC, _FORWARDED = 0.5, 0.5
_RANK = {Status.DEFERRED: 1.0, Status.EXPIRED: 2.0, Status.BOUNCED: 3.0, Status.SENT: 4.0}


class Try(NamedTuple):
    """One try: what it says, and its line."""

    fact: Attempted
    event: LiveEvent


def tries_of(events: Iterable[LiveEvent]) -> list[Try]:
    """The tries among some events."""
    return [Try(e.fact, e) for e in events if isinstance(e.fact, Attempted)]


def strongest(tries: list[Try]) -> Try | None:
    """The strongest try; of equally strong ones the last that was made: what our own cache answered overwrites no real answer."""
    if len(tries) < 2:
        return tries[0] if tries else None
    best: Try | None = None
    known = -1.0
    for one in tries:
        rank = _rank(one.fact)
        if rank > known or (rank == known and best is not None and not (one.fact.skipped and not best.fact.skipped)):
            best, known = one, rank
    return best


def reason_of_try(one: Try | None) -> Reason:
    """Why a delivery failed."""
    if one is None:
        return Reason.UNKNOWN
    reply = one.fact.reply
    return reason_of(reply.code, reply.enhanced, reply.text, side=side_of(Disposition.BOUNCED, one.fact.by), stage=reply.stage)


def _rank(fact: Attempted) -> float:
    """How strong a try is as a fact."""
    if fact.automatic:
        return _AUTOMATIC
    return _RANK.get(fact.status, 0.0) - (_FORWARDED if fact.forwarded else 0.0)
