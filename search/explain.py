"""From a trace to a sentence: what it means, whose move it is, what comes next, what to tell the customer."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime

import msgspec

from mappings.codes import Move, best_entry
from mappings.codes.advice import ADVICE, Advice
from mappings.codes.outcomes import OWN_RULES, REFUSED_BY_US, outcome_advice
from mappings.codes.reason import find_reason
from mappings.codes.special import OWN_HOP
from mappings.trace import Trace
from mappings.vocabulary import SEEN_AS, Disposition, Reason, Verdict
from search.stated import decided_by_store

_BY_REPLY = {
    Disposition.BOUNCED: False,
    Disposition.REJECTED: False,
    Disposition.EXPIRED: False,
    Disposition.DEFERRED: True,
    Disposition.TEMPFAILED: True,
}
_SOURCES = {"text": "text", "enhanced": "code", "code": "code", "nothing": "disposition"}
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_OPENING = "The message"
_LONGEST_ADDRESS = 200


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What a trace means to somebody who has to act on it or pass it on."""

    code: int | None
    enhanced: str | None
    meaning: str
    move: Move
    move_sentence: str
    next_step: str
    #: Can be passed on as it is: plain words, no ids, no names of our servers.
    customer_text: str
    #: What the meaning was taken from: `disposition`, `reason`, `code` or `text`.
    source: str


def explain(trace: Trace) -> Explanation:
    """The explanation of this trace; always answers."""
    temporary = _BY_REPLY.get(trace.disposition)
    if temporary is None:
        return _by_outcome(trace)
    if trace.disposition is Disposition.EXPIRED:
        return _expired(trace)
    reason = trace.reason if trace.reason is not None and trace.reason is not Reason.UNKNOWN else None
    entry = best_entry(trace.reply_code, trace.enhanced_code, trace.reply_text, by=trace.reply_by, reason=reason, temporary=temporary)
    source = _source(trace, entry.reason)
    ours = _our_own(trace, entry.reason)
    if ours is None:
        return _make(trace, entry.meaning, source, move=entry.move, next_step=entry.next_step, customer=entry.customer_text)
    move, customer = (ours.move_delayed, ours.delayed) if temporary else (ours.move, ours.refused)
    return _make(trace, entry.meaning, source, move=move, next_step=ours.next_step_for(temporary), customer=customer)


def _by_outcome(trace: Trace) -> Explanation:
    """Where no refusing reply decided: kept, held, thrown away, delivered, under way."""
    own = OWN_RULES.get(trace.disposition) if decided_by_store(trace) else None
    advice = own or outcome_advice(trace.disposition, trace.reason)
    meaning = trace.disposition.sentence
    source = "disposition"
    if trace.reason is not None and trace.reason is not Reason.UNKNOWN:
        meaning = f"{meaning} {trace.reason.sentence}"
        source = "reason"
    if trace.detail and trace.disposition in (Disposition.QUARANTINED, Disposition.DISCARDED, Disposition.HELD):
        meaning = f"{meaning} Detail: {_printable(trace.detail)}."
    return _make(trace, meaning, source, move=advice.move, next_step=advice.next_step, customer=advice.refused + _besides(trace))


def _expired(trace: Trace) -> Explanation:
    """Given up: the last answer says why, and who can change that."""
    last = best_entry(trace.reply_code, trace.enhanced_code, trace.reply_text, by=trace.reply_by, temporary=False)
    advice = ADVICE[Reason.EXPIRED]
    meaning = Disposition.EXPIRED.sentence
    if last.reason in (Reason.UNKNOWN, Reason.EXPIRED):
        return _make(trace, meaning, "disposition", move=advice.move, next_step=advice.next_step, customer=advice.refused)
    ours = _our_own(trace, last.reason)
    move, next_step = (last.move, last.next_step) if ours is None else (ours.move, ours.next_step)
    meaning = f"{meaning} The last try ended with: {last.meaning}"
    return _make(trace, meaning, _source(trace, last.reason), move=move, next_step=next_step, customer=advice.refused)


def _our_own(trace: Trace, reason: Reason) -> Advice | None:
    """The advice where the server that refused or did not answer is ours."""
    if trace.disposition in (Disposition.REJECTED, Disposition.TEMPFAILED) and trace.reply_by != "remote":
        return REFUSED_BY_US.get(reason)
    if reason in (Reason.CONNECTION, Reason.REMOTE_SYSTEM, Reason.LOCAL_SYSTEM) and _is_loopback(trace):
        return OWN_HOP
    return None


def _is_loopback(trace: Trace) -> bool:
    """Whether the next server is on the same machine, such as a content filter."""
    text = trace.relay_ip or ""
    if not text:
        # A connection that never stood has no relay; then the server's own words name it.
        return (trace.reply_text or "").startswith(("connect to 127.", "connect to localhost", "connect to ::1", "conversation with 127."))
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def _besides(trace: Trace) -> str:
    """What else the customer should know about it."""
    if trace.disposition is Disposition.QUARANTINED and trace.sender_notified:
        return " The sender has been told that it was not delivered."
    if trace.disposition is Disposition.DELIVERED:
        seen = SEEN_AS.get(trace.reason) if trace.reason is not None else None
        if trace.verdict in (Verdict.SPAM, Verdict.SUSPECT, Verdict.BULK):
            return " The mail filter marked it as possible advertising."
        if trace.quarantine_id and seen is not None:
            return " The mail filter also kept a copy of it."
    return ""


def _source(trace: Trace, reason: Reason) -> str:
    """What the meaning was taken from."""
    finding = find_reason(trace.reply_code, trace.enhanced_code, trace.reply_text)
    return _SOURCES[finding.source] if finding.reason is reason else "reason"


def _make(trace: Trace, meaning: str, source: str, *, move: Move, next_step: str, customer: str) -> Explanation:
    """The explanation, with the customer's sentence about this very message."""
    return Explanation(
        code=trace.reply_code,
        enhanced=trace.enhanced_code,
        meaning=meaning,
        move=move,
        move_sentence=move.sentence,
        next_step=next_step,
        customer_text=_which_message(trace) + customer.removeprefix(_OPENING),
        source=source,
    )


def _which_message(trace: Trace) -> str:
    """The message as its sender and recipient know it: addresses as they were written, and the time."""
    words = "The automatic message" if trace.sender == "" else _OPENING
    if trace.sender:
        words += f" from {_printable(trace.sender)}"
    recipient = trace.original_recipient or trace.recipient
    if recipient:
        words += f" to {_printable(recipient)}"
    return words + _when(trace.time_ms)


def _when(time_ms: int) -> str:
    """The time in words, UTC; empty where the number is no time."""
    try:
        at = datetime.fromtimestamp(time_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return ""
    return f" of {at.day} {_MONTHS[at.month - 1]} {at.year} at {at.hour:02}:{at.minute:02} UTC"


def _printable(text: str) -> str:
    """Text from strangers, fit for a sentence."""
    short = text if len(text) <= _LONGEST_ADDRESS else text[:_LONGEST_ADDRESS] + "…"
    return "".join(character if character.isprintable() else "?" for character in short)
