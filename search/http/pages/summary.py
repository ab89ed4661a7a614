"""The first lines of the Email Report: the headline of the banner, and the sentence that says what became of the mail."""

from __future__ import annotations

import re

from mappings.locales import Book
from mappings.vocabulary import Disposition, Reason, Verdict
from search.answers import ReportAnswer, TraceAnswer
from search.http.pages.clock import Clock, Moment
from search.http.pages.rows import PASSED
from search.http.pages.sentence import SentencePart, own, value
from search.http.pages.words import DISPOSITIONS, FOUND, REASONS, VERDICTS
from search.later import failed_elsewhere, outcome_of

_KEPT = {
    Reason.VIRUS: "virus found",
    Reason.SPAM: "spam found",
    Reason.CONTENT: "content not allowed",
    Reason.ATTACHMENT: "attachment not allowed",
}
_FOUND_BY_VERDICT = {
    Verdict.VIRUS: "a virus",
    Verdict.SPAM: "spam",
    Verdict.BANNED: "a file that is not allowed",
    Verdict.CONTENT: "content that is not allowed",
    Verdict.BAD_HEADER: "a header that breaks the rules",
}
_MARKED = (Verdict.SPAM, Verdict.SUSPECT, Verdict.BULK, Verdict.PHISH)
_SERVER = re.compile(r"(.*?)\[([^\]]*)\](?::[0-9]+)?").fullmatch


def headline(trace: TraceAnswer, book: Book) -> str:
    """What stands behind the outcome in the banner: `clean`, `virus found`, `mailbox full`; empty where there is nothing to say."""
    if trace.disposition in PASSED:
        score = f" ({book.number(trace.score)})" if trace.verdict in _MARKED and trace.score is not None else ""
        return book.say(VERDICTS[trace.verdict]) + score
    if trace.disposition is Disposition.QUARANTINED:
        return book.say(_KEPT.get(trace.reason or Reason.UNKNOWN) or VERDICTS[trace.verdict])
    if trace.reason in (None, Reason.UNKNOWN, Reason.EXPIRED):
        return ""
    return book.say(REASONS[trace.reason])


def headline_of(report: ReportAnswer, book: Book) -> str:
    """The same of a report, which also knows how it went on: what came to a bad end at the next server is no good news."""
    failed = failed_elsewhere(report.later)
    if failed is None:
        return headline(report.trace, book)
    return book.say("at the next server: {outcome}", outcome=book.say(DISPOSITIONS[failed.disposition].label))


def is_clean(trace: TraceAnswer) -> bool:
    """Whether the filter found nothing and nothing kept it."""
    return trace.verdict is Verdict.CLEAN and trace.disposition in PASSED


def server_of(relay: str | None) -> tuple[str, str] | None:
    """Name and address of the server that took or refused it; None where it is an agent of our own."""
    found = _SERVER(relay or "")
    return None if found is None else (found[1] or found[2], found[2])


def decided_at(report: ReportAnswer, clock: Clock) -> Moment:
    """When the fate was decided, as far as the lines say it."""
    step = next((step for step in report.timeline if step.decides), None)
    return clock.of(step.time if step is not None else report.trace.last_event)


def sentence(report: ReportAnswer, clock: Clock) -> list[SentencePart]:
    """What became of the message, when and why."""
    trace = report.trace
    at = decided_at(report, clock).in_words
    to = [own("The message"), *([own(" to "), value(trace.recipient or "<>")] if trace.recipient is not None else [])]
    told = report.sender_notified
    match trace.disposition:
        case Disposition.DELIVERED | Disposition.RELEASED:
            return _delivered(report, to, at)
        case Disposition.EXPANDED:
            if any(step.decides and step.kind == "filed" for step in report.timeline):
                return [*to, own(f" was sent on to another address by a rule of the mailbox owner on {at}.")]
            subject = value(trace.recipient) if trace.recipient else own("The address")
            return [subject, own(f" is a list or an alias: on {at} the message went on to the addresses behind it.")]
        case Disposition.IN_PROGRESS:
            return [*to, own(f" is with us and not finished. The last step was on {at}.")]
        case Disposition.DEFERRED:
            made = trace.attempts or any(step.decides for step in report.timeline)
            tried = f" {_tries(trace)}the last on {at}." if made else ""
            return [*to, own(" could not be delivered yet"), *_because(trace), own(f".{tried}{_AGAIN}")]
        case Disposition.TEMPFAILED:
            again = f"It came again later, and {outcome_of(report.later)}." if report.later is not None else _LATER
            return [*to, own(" was turned away for now"), *_because(trace), own(f" on {at}. {again}")]
        case Disposition.HELD:
            return [*to, own(" was put on hold"), *_because(trace), own(f" on {at}, and waits until somebody lets it go.")]
        case Disposition.QUARANTINED:
            end = " It was not delivered, and the sender was told." if told else " It was not delivered, and the sender was not told."
            return [own("The filter found "), *_found(trace), own(" in the message to "), *to[2:], own(f" on {at} and kept it.{end}")]
        case Disposition.BOUNCED:
            return [*to, own(" was refused for good"), *_by(trace), *_because(trace), own(f" on {at}{_told(told)}.")]
        case Disposition.EXPIRED:
            waited = _span(report, clock)
            return [*to, own(f" could not be delivered for {waited} and was given up on {at}{_told(told)}.")]
        case Disposition.REJECTED:
            refused = [*to, own(" was refused before we accepted it"), *_because(trace)]
            return [*refused, own(f" on {at}. The sending server was told at once.")]
        case Disposition.DISCARDED:
            if any(step.decides and step.kind == "filed" for step in report.timeline):
                return [*to, own(f" was thrown away by a rule of the mailbox owner on {at}. Nobody was told.")]
            return [*to, own(" was thrown away"), *_because(trace), own(f" on {at}. Nobody was told.")]
        case Disposition.DELETED:
            return [*to, own(f" was deleted by an administrator on {at}.")]
        case Disposition.ABORTED:
            return [own("The connection ended before the message"), *to[1:], own(f" was handed over, on {at}.")]
        case Disposition.UNKNOWN:
            return [own("The logs end before the fate of the message"), *to[1:], own(f" is known. It was last seen on {at}.")]


_AGAIN = " Delivery is tried again by itself."
_LATER = "The sending server was asked to come back later."


def _delivered(report: ReportAnswer, to: list[SentencePart], at: str) -> list[SentencePart]:
    """Where it was delivered, what the filter said, and how it went on at the next server."""
    trace, later = report.trace, report.later
    scanned = " was scanned, found clean, and" if is_clean(trace) else ""
    if trace.disposition is Disposition.RELEASED:
        scanned = " was kept in quarantine, then released, and"
    kept = "was " if not scanned else ""
    server = server_of(trace.relay)
    if server is None:
        parts = [*to, own(f"{scanned} {kept}delivered to the mailbox on {at}.")]
    else:
        taken = [own(f"{scanned} {kept}accepted by "), value(server[0], strong=True), own(f" on {at}.")]
        parts = [*to, *taken, own(f" {_there(report)}" if later is not None else " What happened there is not in our logs.")]
    if trace.verdict in _MARKED:
        score = f" with a score of {trace.score:g}" if trace.score is not None else ""
        parts.append(own(f" The filter {VERDICTS[trace.verdict].replace('marked', 'marked it')}{score}."))
    return parts


def _there(report: ReportAnswer) -> str:
    """How it went on at the next server; why, where it came to a bad end and that is known."""
    assert report.later is not None  # noqa: S101 - asked by the caller
    reason = report.explanation.reason_sentence if failed_elsewhere(report.later) else None
    return f"There it {outcome_of(report.later)}{f': {reason[0].lower()}{reason[1:]}' if reason else '.'}"


def _found(trace: TraceAnswer) -> list[SentencePart]:
    """What the filter found, with its own detail."""
    words = FOUND.get(trace.reason or Reason.UNKNOWN) or _FOUND_BY_VERDICT.get(trace.verdict, "something that a rule does not allow")
    if not trace.detail:
        return [own(words)]
    return [own(f"{words}, "), value(trace.detail, strong=True), own(",")]


def _because(trace: TraceAnswer) -> list[SentencePart]:
    """The reason in brackets, where the lines tell it."""
    if trace.reason in (None, Reason.UNKNOWN, Reason.EXPIRED):
        return []
    words = REASONS[trace.reason]
    if trace.detail:
        return [own(f" ({words}: "), value(trace.detail), own(")")]
    return [own(f" ({words})")]


def _by(trace: TraceAnswer) -> list[SentencePart]:
    """The server that refused it, where it is one beyond us."""
    server = server_of(trace.relay)
    if server is None or trace.return_code is None or trace.return_code.by != "remote":
        return []
    return [own(" by "), value(server[0], strong=True)]


def _tries(trace: TraceAnswer) -> str:
    if not trace.attempts:
        return "It was tried, "
    return "1 attempt, " if trace.attempts == 1 else f"{trace.attempts:,} attempts, "


def _told(told: bool) -> str:
    return ", and the sender was told" if told else ""


def _span(report: ReportAnswer, clock: Clock) -> str:
    """How long it was tried, in words."""
    seconds = (decided_at(report, clock).utc - clock.of(report.trace.time).utc).total_seconds()
    for length, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= length:
            number = round(seconds / length)
            return f"{number} {name}" if number == 1 else f"{number} {name}s"
    return "some time"
