"""The sentence that a support person reads first: what became of the mail, when, and why."""

from __future__ import annotations

from mappings.facts import Attempted, Passed, Ruled
from mappings.trace import Event, Trace
from mappings.vocabulary import Disposition, Reason, Verdict
from search.explain import explain
from search.journey import deciding
from search.later import Later, failed_elsewhere, outcome_of
from search.stated import decided_by_store, folders, stated
from search.times import utc_words

#: What the filter found, as it stands in "the filter found ...".
_FOUND = {
    Reason.VIRUS: "malware",
    Reason.SPAM: "spam",
    Reason.CONTENT: "content that is not allowed",
    Reason.ATTACHMENT: "an attachment that is not allowed",
    Reason.POLICY: "something that a rule does not allow",
}
_FOUND_BY_VERDICT = {
    Verdict.VIRUS: _FOUND[Reason.VIRUS],
    Verdict.SPAM: _FOUND[Reason.SPAM],
    Verdict.CONTENT: _FOUND[Reason.CONTENT],
    Verdict.BANNED: _FOUND[Reason.ATTACHMENT],
    Verdict.BAD_HEADER: "a header that breaks the rules",
    Verdict.OVERSIZED: "that it is too large",
    Verdict.UNCHECKED: "parts that it could not look into",
    Verdict.PHISH: "phishing",
    Verdict.BULK: "bulk mail",
}


def summary(trace: Trace, later: Later | None = None) -> str:
    """One sentence: the outcome, its time, its cause; of what was refused for now, how a later try ended.

    What came to a bad end at a next server whose lines are here was not delivered: the sentence is that server's.
    """
    there = later.there if later is not None and failed_elsewhere(later.by) else None
    sentence = f"{_outcome(trace, _decided(trace))}{_addition(trace)}"
    if there is not None:
        ended = _outcome(there, _decided(there))
        sentence = f"Passed on{_to_next(trace)} on {_decided(trace)}, and there {ended[0].lower()}{ended[1:]}{_addition(there)}"
    elif later is not None and trace.disposition is Disposition.TEMPFAILED:
        sentence += f"; it came again later, and {outcome_of(later.by)}"
    return sentence if sentence.endswith(".") else f"{sentence}."


def _decided(trace: Trace) -> str:
    """When its outcome was decided, in words."""
    decided = deciding(trace) or _replied(trace)
    return utc_words(decided.time_us // 1000 if decided is not None else trace.last_event_ms)


def _to_next(trace: Trace) -> str:
    """To which server it was passed on; only a server has an address in its name, others are our own delivery agents."""
    return f" to {trace.relay}" if trace.relay and "[" in trace.relay else ""


def _replied(trace: Trace) -> Event | None:
    """Of a document before revision 4, which names no line that decided, the last line that bears its reply: when that was said."""
    if trace.hops or not (trace.reply_text or trace.enhanced_code):
        return None
    said = (trace.reply_text or "", trace.enhanced_code)
    replies = ((line.event, line.fact.reply) for line in stated(trace) if isinstance(line.fact, Attempted | Ruled | Passed))
    return next((event for event, reply in reversed([*replies]) if reply is not None and (reply.text, reply.enhanced) == said), None)


def _outcome(trace: Trace, at: str) -> str:
    """Give the outcome and its cause, without what is added at the end."""
    # Only a server has an address in its name; others are the names of our own delivery agents.
    relay = f" by {trace.relay}" if trace.relay and "[" in trace.relay else ""
    because = f": {reason}" if (reason := _reason(trace)) else ""
    match trace.disposition:
        case Disposition.DELIVERED:
            return f"Delivered on {at}: accepted{relay}" if relay else f"Delivered on {at}"
        case Disposition.EXPANDED:
            if decided_by_store(trace):
                return f"Expanded on {at}: a rule of the mailbox owner sent it on to another address"
            return f"Expanded on {at}: the address stands for others, and the message went on to them"
        case Disposition.RELEASED:
            return f"Released and delivered on {at}: the filter had kept it because it found {_found(trace)}"
        case Disposition.IN_PROGRESS:
            return f"In progress: the message is with us and not finished; the last step was on {at}"
        case Disposition.DEFERRED:
            return f"Deferred{because}; {tries(trace, at)}, and delivery is tried again by itself"
        case Disposition.TEMPFAILED:
            return f"Refused for now on {at}{because}; the sending server was asked to come back later"
        case Disposition.HELD:
            return f"Held on {at}{because or ': it waits in the queue until somebody lets it go'}"
        case Disposition.QUARANTINED:
            return f"Quarantined on {at}: the filter found {_found(trace)} and kept it"
        case Disposition.BOUNCED:
            return f"Bounced on {at}, refused for good{relay}{because}"
        case Disposition.EXPIRED:
            return f"Expired on {at}, given up after too long a time in the queue{because}"
        case Disposition.REJECTED:
            return f"Rejected on {at} before it was accepted{because}; the sending server was told at once"
        case Disposition.DISCARDED:
            own = ": a rule of the mailbox owner threw it away" if decided_by_store(trace) else None
            return f"Discarded on {at} after it was accepted{own or because}"
        case Disposition.DELETED:
            return f"Deleted on {at}: an administrator removed it from the queue"
        case Disposition.ABORTED:
            return f"Aborted on {at}: the connection ended before the message was handed over"
        case Disposition.UNKNOWN:
            return f"Not known: the log ends before the fate of this message; it was last seen on {at}"


def _addition(trace: Trace) -> str:
    """Tell what goes with the outcome: marks of the filter, a kept copy, the sender's notice."""
    added = ""
    if trace.disposition is Disposition.DELIVERED:
        if places := folders(trace):
            added += f", and put into {' and '.join(f'“{place}”' for place in places)}"
        if trace.verdict in (Verdict.SPAM, Verdict.SUSPECT, Verdict.BULK, Verdict.PHISH):
            score = f" with a score of {trace.score:g}" if trace.score is not None else ""
            added += f"; the filter took it for {_TAKEN_FOR[trace.verdict]}{score}"
        if trace.quarantine_id:
            added += f"; the filter kept a copy ({trace.quarantine_id})"
    if trace.sender_notified and trace.disposition in (Disposition.BOUNCED, Disposition.EXPIRED, Disposition.QUARANTINED):
        added += "; the sender was told"
    return added


_TAKEN_FOR = {
    Verdict.SPAM: "spam",
    Verdict.SUSPECT: "spam-like mail",
    Verdict.BULK: "bulk mail",
    Verdict.PHISH: "phishing",
}


def tries(trace: Trace, at: str) -> str:
    """How often it was tried, and when last."""
    if not trace.attempts:
        return f"the last on {at}" if deciding(trace) is not None else "no delivery was tried yet"
    return f"{'1 attempt' if trace.attempts == 1 else f'{trace.attempts:,} attempts'}, the last on {at}"


def _found(trace: Trace) -> str:
    """Tell what the filter found, with its own detail."""
    found = _FOUND.get(trace.reason) if trace.reason else None
    found = found or _FOUND_BY_VERDICT.get(trace.verdict, "something that a rule does not allow")
    return f"{found} ({trace.detail})" if trace.detail else found


def _reason(trace: Trace) -> str | None:
    """Give the reason within a sentence: `there is no such mailbox`; None where the lines do not say it."""
    # That it expired, its outcome says already.
    if trace.reason is None or trace.reason in (Reason.UNKNOWN, Reason.EXPIRED):
        return None
    sentence = (explain(trace).reason_sentence or trace.reason.sentence).rstrip(".")
    sentence = sentence[0].lower() + sentence[1:]
    return f"{sentence} ({trace.detail})" if trace.detail else sentence
