"""From a trace to what it means, whose move it is, what comes next, and what to tell the customer, for whoever reads it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from mappings.codes import KnownError, Move, best_entry
from mappings.codes.advice import ADVICE, Advice
from mappings.codes.at_side import AUTOMATIC
from mappings.codes.outcomes import OWN_RULES, outcome_advice
from mappings.codes.reason import find_reason
from mappings.codes.side import ours_or_theirs, side_of
from mappings.codes.special import OWN_HOP
from mappings.facts import Attempted, Ruled
from mappings.locales import Saying, Since, Subject
from mappings.log_words import Stage
from mappings.trace import Trace
from mappings.vocabulary import SEEN_AS, Disposition, Reason, Verdict
from search.speech import IN_ENGLISH, Speech
from search.stated import decided_by_store, stated

_BY_REPLY = {
    Disposition.BOUNCED: False,
    Disposition.REJECTED: False,
    Disposition.EXPIRED: False,
    Disposition.DEFERRED: True,
    Disposition.TEMPFAILED: True,
}
_SOURCES = {"text": "text", "enhanced": "code", "code": "code", "nothing": "disposition"}
#: So much of a detail that others wrote is told.
_LONGEST_DETAIL = 200


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """What a trace means to somebody who has to act on it or pass it on."""

    code: int | None
    enhanced: str | None
    meaning: str
    move: Move
    #: The same in a word or two, and in a sentence, for whoever reads it.
    move_word: str
    move_sentence: str
    next_step: str
    #: Can be passed on as it is: plain words, no ids, no names of our servers.
    customer_text: str
    #: The reason in one sentence, as it is meant here; None where the lines give none.
    reason_sentence: str | None
    #: What the meaning was taken from: `disposition`, `reason`, `code` or `text`.
    source: str


@dataclass(frozen=True, slots=True)
class FoundMeaning:
    """What a trace means, as its operator is told it, and what anybody else is told, in parts."""

    meaning: str
    source: str
    move: Move
    next_step: str
    saying: Saying
    #: The reason in one sentence, as it is meant here; None where the lines give none.
    reason: str | None = None


def explain(trace: Trace, speech: Speech = IN_ENGLISH) -> Explanation:
    """The explanation of this trace for whoever reads it; always answers."""
    return explained(trace, found_in(trace), speech)


def explained(trace: Trace, found: FoundMeaning, speech: Speech) -> Explanation:
    """What was found of a trace, for whoever reads it."""
    voice = speech.voice(trace, found.saying)
    subject = subject_of(trace)
    told = Explanation(
        code=trace.reply_code,
        enhanced=trace.enhanced_code,
        meaning=found.meaning,
        move=found.move,
        move_word=voice.mover(found.move),
        move_sentence=voice.who(found.move),
        next_step=found.next_step,
        customer_text=voice.customer_text(found.saying, subject),
        reason_sentence=found.reason,
        source=found.source,
    )
    if speech.plain:
        return told
    told = replace(told, meaning=voice.what(found.saying, subject), reason_sentence=voice.cause(found.saying))
    # What the operator does about it, and with which programs, is nothing for anybody else; it is told in English alone.
    return told if speech.operates else replace(told, next_step=voice.step(found.saying) or voice.who(Move.NOBODY))


def found_in(trace: Trace) -> FoundMeaning:
    """What the trace itself tells."""
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
        saying = _at_fate(trace, entry.saying.cause, entry.saying.step)
        return FoundMeaning(entry.meaning, source, entry.move, entry.next_step, saying, said)
    move, step = (other.move_delayed, other.step_delayed) if temporary else (other.move, other.step)
    return FoundMeaning(entry.meaning, source, move, other.next_step_for(temporary), _at_fate(trace, other.cause, step), said)


def _at_fate(trace: Trace, cause: str, step: str) -> Saying:
    """What is said of a reply; where another server put it off, it is that one which comes again."""
    if trace.disposition is Disposition.TEMPFAILED:
        step = _COMES_AGAIN.get(step, step)
    return Saying(trace.disposition, cause, step, _besides(trace))


#: What is said of mail that we try again, and of mail that another server does.
_COMES_AGAIN = {"wait": "comes_again", "ours_wait": "ours_comes_again"}


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


def _by_outcome(trace: Trace) -> FoundMeaning:
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
    saying = Saying(advice.fate or trace.disposition, advice.cause, advice.step, _besides(trace))
    return FoundMeaning(meaning, source, advice.move, advice.next_step, saying, said)


def _expired(trace: Trace) -> FoundMeaning:
    """Given up: the last answer says why, and who can change that."""
    last = entry_of(trace, None, temporary=False)
    advice = ADVICE[Reason.EXPIRED]
    meaning = Disposition.EXPIRED.sentence
    if last.reason in (Reason.UNKNOWN, Reason.EXPIRED):
        saying = Saying(trace.disposition, "", advice.step, _besides(trace))
        return FoundMeaning(meaning, "disposition", advice.move, advice.next_step, saying)
    other = _not_by_words(trace, last.reason)
    move, next_step, cause, step = (last.move, last.next_step, last.saying.cause, last.saying.step)
    if other is not None:
        move, next_step, cause, step = (other.move, other.next_step, other.cause, other.step)
    meaning = f"{meaning} The last try ended with: {last.meaning}"
    said = last.sentence if trace.reason not in (None, Reason.EXPIRED) else None
    return FoundMeaning(
        meaning, _source(trace, last.reason), move, next_step, Saying(trace.disposition, cause, step, _besides(trace)), said
    )


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


def _besides(trace: Trace) -> tuple[Since, ...]:
    """What else is to be known about it."""
    found: list[str] = []
    if trace.disposition in _TOLD and trace.sender_notified:
        found.append("told")
    if trace.disposition is Disposition.DELIVERED:
        seen = SEEN_AS.get(trace.reason) if trace.reason is not None else None
        if trace.verdict in (Verdict.SPAM, Verdict.SUSPECT, Verdict.BULK):
            found.append("marked")
        elif trace.quarantine_id and seen is not None:
            found.append("copied")
    return tuple(map(Since, found))


#: Where a notice to the sender tells that it was not delivered.
_TOLD = frozenset({Disposition.QUARANTINED, Disposition.BOUNCED, Disposition.EXPIRED})


def _source(trace: Trace, reason: Reason) -> str:
    """What the meaning was taken from."""
    said = (trace.reply_code, trace.enhanced_code, trace.reply_text)
    side = side_of(trace.disposition, trace.reply_by)
    finding = find_reason(*said, side=side, stage=_stage(trace))
    return _SOURCES[finding.source] if ours_or_theirs(finding.reason, side) is reason else "reason"


def subject_of(trace: Trace) -> Subject:
    """The message as its sender and recipient know it: addresses as they were written, and the time."""
    return Subject(trace.sender, trace.original_recipient or trace.recipient, trace.time_ms)


def _printable(text: str) -> str:
    """Text from strangers, fit for a sentence."""
    short = text if len(text) <= _LONGEST_DETAIL else text[:_LONGEST_DETAIL] + "…"
    return "".join(character if character.isprintable() else "?" for character in short)
