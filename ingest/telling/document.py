"""Documents: what a trace says of one recipient's copy, from what the message says and what became of it; its events come later."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.clock import SECOND
from ingest.joining.life import Life
from ingest.joining.within import Within
from ingest.telling.about import About
from ingest.telling.direction import direction_hint
from ingest.telling.measured import set_measured
from ingest.telling.outcome import Fate
from ingest.telling.ownership import Ownership
from ingest.telling.recipient import Recipient
from mappings.address import domain_of
from mappings.identity import trace_id
from mappings.log_words import By, Status
from mappings.trace import Trace
from mappings.vocabulary import Disposition, Reason

_NO_REASON = frozenset({Disposition.DELIVERED, Disposition.RELEASED, Disposition.IN_PROGRESS, Disposition.EXPANDED, Disposition.UNKNOWN})
#: What ends before a filter behind the queue sees anything.
IN_DIALOGUE = frozenset({Disposition.REJECTED, Disposition.TEMPFAILED, Disposition.ABORTED})


@dataclass(frozen=True, slots=True)
class Context:
    """What composing needs to know beside the events."""

    log_domain: str
    within: Within
    ownership: Ownership
    hold_back_us: int = 60 * SECOND
    keep_raw: bool = True
    keep_subjects: bool = True


def document_of(about: About, one: Recipient, fate: Fate, context: Context) -> Trace:
    """The document without its events: what the message says, and what became of this copy."""
    first, time_us, host = about.first
    named, final = one.pair
    recipient_domains = list(dict.fromkeys([d for d in (_domain(one.final), _domain(one.named)) if d]))
    trace = Trace(
        id=trace_id(time_us // 1000, context.log_domain, first, named or "", final or ""),
        version=0,
        log_domain=context.log_domain,
        time_ms=time_us // 1000,
        last_event_ms=0,
        host=host,
        client_name=about.client[0],
        client_ip=about.client[1],
        client_helo=about.helo,
        authenticated_as=about.user,
        tls=about.lives[0].tls if about.lives else None,
        sender=about.sender,
        sender_domain=about.sender_domain,
        header_from=about.header_from,
        header_from_domain=_domain(about.header_from),
        recipient=one.final,
        recipient_domain=_domain(one.final),
        message_id=about.message_id or None,
        subject=about.subject if context.keep_subjects else None,
        size=about.size,
        queue_ids=about.queue_ids if one.refusal is None or isinstance(about.root, Life) else [],
        attempts=one.tries + (one.released.tries if one.released else 0),
        related=about.related,
        hops=about.hops,
        incomplete=fate.incomplete or about.incomplete or _names_missing(about, one, fate),
    )
    if named is not None and final is not None and named != final:
        trace.original_recipient, trace.original_recipient_domain = one.named, _domain(one.named)
    _set_fate(trace, fate, one, context)
    _set_scores(trace, about, one, fate)
    _set_sides(trace, about, fate, recipient_domains, context)
    set_measured(trace, about, one, fate)
    return trace


def _names_missing(about: About, one: Recipient, fate: Fate) -> bool:
    """Whether no line says from whom it was, or to whom one was that was complete when it was refused."""
    whom = one.final is None and isinstance(about.root, Life) and fate.disposition in IN_DIALOGUE
    return about.sender is None or whom


def _domain(address: str | None) -> str | None:
    """The domain of an address, where there is one."""
    return domain_of(address) if address else None


def _set_fate(trace: Trace, fate: Fate, one: Recipient, context: Context) -> None:
    """What became of the copy, why, and by whose reply."""
    trace.disposition, trace.verdict, trace.detail = fate.disposition, fate.verdict, fate.detail
    trace.reason = None if fate.disposition in _NO_REASON else fate.reason or Reason.UNKNOWN
    trace.quarantine_id, trace.sender_notified = fate.quarantine_id, fate.notified
    trace.decided = fate.decided.digest if fate.decided is not None else None
    relay, reply = fate.relay, fate.reply
    if reply is not None:
        trace.reply_code, trace.enhanced_code, trace.reply_text = reply.code, reply.enhanced, reply.text or None
        by_filter = relay is not None and relay.by is By.REMOTE and context.within.takes(relay)
        trace.reply_by = By.FILTER if by_filter else fate.by
        trace.reply_inferred = reply.inferred
    if relay is not None:
        trace.relay, trace.relay_host, trace.relay_ip = relay.relay, relay.relay_name, relay.relay_ip
        if relay.next_id is not None and relay.status is Status.SENT:
            trace.next_ids = [relay.next_id]


def _set_scores(trace: Trace, about: About, one: Recipient, fate: Fate) -> None:
    """What filters say, in numbers and in their own words."""
    scores = [r.score for r in ([one.result] if one.result is not None else about.results) if r.score is not None]
    judged = fate.judgement.result if fate.judgement is not None else None
    if judged is not None:
        trace.required_score, trace.vendor = judged.required, judged.action
        scores += [judged.score] if judged.score is not None else []
    if one.result is not None:
        trace.vendor = one.result.vendor
    trace.score = scores[-1] if scores else None


def _set_sides(trace: Trace, about: About, fate: Fate, recipient_domains: list[str], context: Context) -> None:
    """Which way it went, and whose it is."""
    ours = context.ownership.came_from(about.sender_domain, about.client[1], submitted=about.submitted)
    hint = direction_hint(about, fate, recipient_domains)
    trace.direction, trace.direction_inferred = context.ownership.direction(about.sender_domain, recipient_domains, hint, ours=ours)
    trace.visible_to = sorted({*recipient_domains, *([about.sender_domain] if ours and about.sender_domain else [])})
