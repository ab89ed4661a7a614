"""Facts as documents of earlier revisions keep them, with what formats say of the same lines now.

Before revision 4 a fact had the vendor's words only. A journey that is looked up in the store is told anew from these facts, and what
their words mean is known here, and not where facts are joined.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from ingest.formats import amavis, exim, rspamd, spamassassin
from ingest.formats.exim.refusal import logs_score
from ingest.formats.made_ids import identified
from ingest.formats.postfix.dialogue import in_own_words
from ingest.formats.replies import filter_answer, next_id_in
from mappings.facts import Administered, Attempted, Fact, Identified, Judged, Ruled, Scanned, fact_of
from mappings.log_words import Action, By, Decider, Status
from mappings.trace import VERSION_STEP

#: Documents from this revision on need nothing.
_CURRENT = 6


def fact_in(kind: str, fields: dict[str, Any], version: int) -> Fact:
    """The fact that a document of this version keeps; raises as `mappings.facts.fact_of` does."""
    fact = fact_of(kind, fields)
    if version >= _CURRENT * VERSION_STEP:
        return fact
    known = _BROUGHT_UP.get(type(fact))
    return fact if known is None else known(fact)


def _scanned(fact: Scanned) -> Fact:
    return amavis.in_our_words(fact)


def _judged(fact: Judged) -> Fact:
    return spamassassin.in_our_words(fact) if fact.filter == "spamassassin" else rspamd.in_our_words(fact)


def _attempted(fact: Attempted) -> Fact:
    if fact.by is not By.REMOTE:
        return fact
    verdict, detail, did = filter_answer(fact.reply.text)
    next_id = fact.next_id or (next_id_in(fact.reply.text) if fact.status is Status.SENT else None)
    return replace(fact, verdict=verdict, detail=detail, did=did, next_id=next_id)


def _identified(fact: Identified) -> Fact:
    return identified(fact.queue_id, fact.message_id, resent=fact.resent)


def _ruled(fact: Ruled) -> Fact:
    if fact.source is Decider.PROXY and fact.reply is not None:
        verdict, detail, did = filter_answer(fact.reply.text)
        took, own = (fact.reply.code or 0) // 100 == 2, in_own_words(fact.reply.text)
        return replace(fact, verdict=verdict, detail=detail, did=did if took else None, own=own)
    if fact.source is Decider.ACL and fact.action is Action.WARN:
        return replace(fact, scored=logs_score(fact.text))
    return fact


def _administered(fact: Administered) -> Fact:
    return exim.in_our_words(fact)


_BROUGHT_UP: dict[type[Fact], Callable[[Any], Fact]] = {
    Scanned: _scanned,
    Judged: _judged,
    Attempted: _attempted,
    Identified: _identified,
    Ruled: _ruled,
    Administered: _administered,
}
