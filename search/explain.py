"""From a trace to a sentence: what it means, whose move it is, what comes next, what to tell the customer."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime

import msgspec

from mappings.codes import KnownError, Move, best_entry
from mappings.codes.advice import ADVICE, Advice
from mappings.codes.at_side import AUTOMATIC
from mappings.codes.outcomes import OWN_RULES, outcome_advice
from mappings.codes.reason import find_reason
from mappings.codes.side import ours_or_theirs, side_of
from mappings.codes.special import OWN_HOP
from mappings.facts import Attempted, Ruled
from mappings.log_words import Stage
from mappings.trace import Trace
from mappings.vocabulary import SEEN_AS, Disposition, Reason, Verdict
from search.stated import decided_by_store, stated

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
    #: The reason in one sentence, as it is meant here; None where the lines give none.
    reason_sentence: str | None
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
    entry = entry_of(trace, reason, temporary=temporary)
    source = _source(trace, entry.reason)
    said = entry.sentence if reason is not None else None
    other = _not_by_words(trace, entry.reason)
    if other is None:
        return _make(trace, entry.meaning, source, said, move=entry.move, next_step=entry.next_step, customer=entry.customer_text)
    move, customer = (other.move_delayed, other.delayed) if temporary else (other.move, other.refused)
    return _make(trace, entry.meaning, source, said, move=move, next_step=other.next_step_for(temporary), customer=customer)


def entry_of(trace: Trace, reason: Reason | None, *, temporary: bool) -> KnownError:
    """What is known of the reply that decided, at its side; the lines of the trace tell what it answers."""
    said = (trace.reply_code, trace.enhanced_code, trace.reply_text)
    return best_entry(*said, side=side_of(trace.disposition, trace.reply_by), reason=reason, temporary=temporary, stage=_stage(trace))


def _stage(trace: Trace) -> Stage | None:
    """What the reply that decided was the answer to, where its line says so."""
    decided = next((line.fact for line in stated(trace) if line.event.hash == trace.decided), None) if trace.decided else None
    match decided:
        case Ruled():
            return decided.stage
        case Attempted():
            return decided.reply.stage
        case _:
            return None


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
    said = trace.reason.sentence if trace.reason is not None and trace.reason is not Reason.UNKNOWN else None
    return _make(trace, meaning, source, said, move=advice.move, next_step=advice.next_step, customer=advice.refused + _besides(trace))


def _expired(trace: Trace) -> Explanation:
    """Given up: the last answer says why, and who can change that."""
    last = entry_of(trace, None, temporary=False)
    advice = ADVICE[Reason.EXPIRED]
    meaning = Disposition.EXPIRED.sentence
    if last.reason in (Reason.UNKNOWN, Reason.EXPIRED):
        return _make(trace, meaning, "disposition", None, move=advice.move, next_step=advice.next_step, customer=advice.refused)
    other = _not_by_words(trace, last.reason)
    move, next_step = (last.move, last.next_step) if other is None else (other.move, other.next_step)
    meaning = f"{meaning} The last try ended with: {last.meaning}"
    said = last.sentence if trace.reason not in (None, Reason.EXPIRED) else None
    return _make(trace, meaning, _source(trace, last.reason), said, move=move, next_step=next_step, customer=advice.refused)


def _not_by_words(trace: Trace, reason: Reason) -> Advice | None:
    """The advice where more than the reply tells who can act: nobody wrote the message, or the server that did not answer is ours."""
    if trace.sender == "" and reason in AUTOMATIC:
        return AUTOMATIC[reason]
    if trace.disposition in (Disposition.REJECTED, Disposition.TEMPFAILED) and trace.reply_by != "remote":
        return None
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
    said = (trace.reply_code, trace.enhanced_code, trace.reply_text)
    side = side_of(trace.disposition, trace.reply_by)
    finding = find_reason(*said, side=side, stage=_stage(trace))
    return _SOURCES[finding.source] if ours_or_theirs(finding.reason, side) is reason else "reason"


def _make(trace: Trace, meaning: str, source: str, reason: str | None, *, move: Move, next_step: str, customer: str) -> Explanation:
    """The explanation, with the customer's sentence about this very message."""
    return Explanation(
        code=trace.reply_code,
        enhanced=trace.enhanced_code,
        meaning=meaning,
        move=move,
        move_sentence=move.sentence,
        next_step=next_step,
        customer_text=which_message(trace) + customer.removeprefix(_OPENING),
        reason_sentence=reason,
        source=source,
    )


def which_message(trace: Trace) -> str:
    """The message as its sender and recipient know it: addresses as they were written, and the time."""
    words = "The automatic message" if trace.sender == "" else _OPENING
    if trace.sender:
        words += f" from {_printable(trace.sender)}"
    recipient = trace.original_recipient or trace.recipient
    if recipient:
        words += f" to {_printable(recipient)}"
    return words + in_words(trace.time_ms, " of")


def in_words(time_ms: int, before: str) -> str:
    """The time in words, UTC, behind a word; empty where the number is no time."""
    try:
        at = datetime.fromtimestamp(time_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return ""
    return f"{before} {at.day} {_MONTHS[at.month - 1]} {at.year} at {at.hour:02}:{at.minute:02} UTC"


def _printable(text: str) -> str:
    """Text from strangers, fit for a sentence."""
    short = text if len(text) <= _LONGEST_ADDRESS else text[:_LONGEST_ADDRESS] + "…"
    return "".join(character if character.isprintable() else "?" for character in short)
