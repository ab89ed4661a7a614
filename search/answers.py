"""What an answer looks like: one trace, a page of a search, an Email Report, as they stand in JSON.

Times are RFC 3339 in UTC with milliseconds and `Z`. The names are the contract with other programs: fields are added, never
renamed.
"""

from __future__ import annotations

from itertools import zip_longest

import msgspec

from mappings.authentication import AuthResult
from mappings.locales import Book
from mappings.trace import Trace
from mappings.vocabulary import Direction, Disposition, Reason, Verdict
from search.engines import Total
from search.explain import Explanation, entry_of
from search.scope import EVERYTHING, Scope
from search.speech import Speech
from search.times import utc
from search.view import View

#: Where the word itself says that a reply refused; for kept, held and discarded mail the reason speaks.
REFUSED = frozenset(
    {Disposition.BOUNCED, Disposition.EXPIRED, Disposition.REJECTED, Disposition.TEMPFAILED, Disposition.DEFERRED},
)


class SendingServer(msgspec.Struct, frozen=True):
    """The server that handed the message to the first hop."""

    name: str | None
    ip: str | None
    helo: str | None


class ReturnCode(msgspec.Struct, frozen=True):
    """The reply that decided the fate, and whose it is: `remote`, `filter` or `local`."""

    code: int | None
    enhanced: str | None
    text: str | None
    by: str | None
    inferred: bool


class ErrorCode(msgspec.Struct, frozen=True):
    """The code of a refusing reply, with its meaning."""

    code: int | None
    enhanced: str | None
    meaning: str


class Delay(msgspec.Struct, frozen=True):
    """Seconds, as the program says them that tried last: since its server had the message, and parts of it."""

    total: float | None
    before_queue: float | None
    in_queue: float | None
    connection: float | None
    transmission: float | None


class SymbolScore(msgspec.Struct, frozen=True):
    """A test of a filter that met, and what it adds to the score."""

    name: str
    score: float | None


class Authentication(msgspec.Struct, frozen=True):
    """What came of SPF, DKIM, DMARC and ARC (RFC 8601), and for which domain."""

    spf: AuthResult | None
    dkim: AuthResult | None
    dmarc: AuthResult | None
    arc: AuthResult | None
    spf_domain: str | None
    dkim_domain: str | None
    dmarc_domain: str | None


class TraceAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One trace as it is answered: what happened to one message for one recipient."""

    id: str
    time: str
    last_event: str
    host: str
    sending_server: SendingServer
    sender: str | None
    header_from: str | None
    recipient: str | None
    original_recipient: str | None
    disposition: Disposition
    verdict: Verdict
    reason: Reason | None
    detail: str | None
    quarantine_id: str | None
    return_code: ReturnCode | None
    error: ErrorCode | None
    message_id: str | None
    subject: str | None
    size: int | None
    score: float | None
    queue_ids: list[str]
    direction: Direction
    relay: str | None
    attempts: int
    incomplete: bool
    #: Who logged in to send it.
    user: str | None
    #: Protocol and cipher of the incoming connection.
    tls: str | None
    delay: Delay | None
    first_try: str | None
    last_try: str | None
    symbols: list[SymbolScore]
    auth: Authentication | None
    #: Where a mail store put it.
    mailbox: str | None
    folder: str | None
    #: Name of a part that is forbidden.
    file: str | None


class NearValue(msgspec.Struct, frozen=True):
    """A value that there is, in place of one of which there is nothing: in which criterion, what was asked, and how much it finds."""

    criterion: str
    asked: str
    value: str
    total: Total


class SearchAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One page of traces, newest first, and how far it can be trusted."""

    traces: list[TraceAnswer]
    #: Cursor of the next page, or None at the end.
    next: str | None
    total: Total
    #: The time range that was searched; None is open.
    since: str | None
    until: str | None
    #: Up to which log time each source has been read.
    as_of: dict[str, str]
    #: False where a part of the store did not answer, or lines of this time went before they were read.
    complete: bool
    #: What to know about the answer; where it is empty: why.
    warnings: list[str]
    #: Where it is empty: addresses and domains that there are, near those that were asked for; left out where there are none.
    did_you_mean: list[NearValue] = []


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the journey: when, who wrote it, what it says in words, and the line itself."""

    time: str
    #: False where the stamp has whole seconds only.
    fine: bool
    host: str
    program: str
    pid: int
    #: The hop it belongs to: `Hop.id`.
    hop: str
    queue_id: str | None
    kind: str
    words: str
    #: The recipients that the line names, as far as the caller may see them.
    recipients: list[str]
    #: The line as it was read; None where the caller may not see it, or it is not kept.
    raw: str | None
    #: The file in which it was first read; None for callers who see a part of the mail only.
    file: str | None
    #: Whether it is the line that decided the fate.
    decides: bool


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of the way: a queue file, a filter's scan, or a refusal without an id."""

    id: str
    #: `queue`, `scan`, `connection` or `refusal`.
    kind: str
    host: str
    programs: list[str]
    queue_id: str | None
    mail_id: str | None
    begin: str
    end: str
    #: The server that handed it over, where a line of this hop names it.
    client: str | None
    #: Whether its queue file was removed; None where it has none.
    removed: bool | None
    #: The filter's own words and score, where the hop is a scan.
    result: str | None
    score: float | None
    #: The earlier hop that it came from, what says so, and how sure that is: `certain`, `likely`, `guessed`.
    follows: str | None
    evidence: str | None
    confidence: str | None


class Symbol(msgspec.Struct, frozen=True, kw_only=True):
    """A test of a filter that met: what it adds to the score, and what it met with."""

    name: str
    score: float | None
    options: list[str]


class FilterResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a filter said that looked at the message beside the queue: as a milter, or asked by the mail server."""

    #: `rspamd`, `spamassassin`.
    filter: str
    time: str
    #: What it asked the mail server for, in its own word; None where it only judges.
    action: str | None
    score: float | None
    #: The score at which it asks for a refusal, or takes the message for spam.
    required: float | None
    #: The module or rule that forced the action whatever the score.
    forced_by: str | None
    #: The tests that met; None where the caller may not see them: as the line itself, they may quote what is not his.
    symbols: list[Symbol] | None


class RelatedTrace(msgspec.Struct, frozen=True, kw_only=True):
    """A trace that has to do with the reported one, and what says so."""

    id: str
    how: str
    recipient: str | None
    disposition: Disposition
    time: str
    host: str
    evidence: str
    #: `certain`, `likely` or `guessed`.
    confidence: str


class ReportAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The Email Report: the answer, a sentence to pass on, and the evidence."""

    trace: TraceAnswer
    summary: str
    customer_text: str
    explanation: Explanation
    timeline: list[Step]
    hops: list[Hop]
    related: list[RelatedTrace]
    #: What filters beside the queue said, in the order of time.
    filters: list[FilterResult]
    #: What the report does not hold, and why.
    warnings: list[str]
    #: Whether a notice told the sender that it was not delivered.
    sender_notified: bool
    #: What the next server called the message, by the reply that took it.
    next_ids: list[str]
    #: How it went on: the trace of a next server, of a release or of a later try that tells its end; None where nothing tells it.
    later: RelatedTrace | None = None


def trace_answer(trace: Trace, scope: Scope = EVERYTHING, view: View | None = None, book: Book | None = None) -> TraceAnswer:
    """One trace as it is answered to a caller with this scope: in what others wrote he reads no address of somebody else.

    `view` is what he may read of it, where that is known already; `book` is in what language what its code means is told, else English.
    """
    view = view or View.of(trace, scope)
    return TraceAnswer(
        id=trace.id,
        time=utc(trace.time_ms),
        last_event=utc(trace.last_event_ms),
        host=trace.host,
        sending_server=SendingServer(view.text(trace.client_name), trace.client_ip, view.text(trace.client_helo)),
        sender=trace.sender,
        header_from=trace.header_from,
        recipient=trace.recipient,
        original_recipient=trace.original_recipient,
        disposition=trace.disposition,
        verdict=trace.verdict,
        reason=trace.reason,
        detail=view.text(trace.detail),
        quarantine_id=view.place(trace.quarantine_id),
        return_code=_return_code(trace, view),
        error=_error(trace, Speech(book, scope=scope) if book is not None else Speech(scope=scope)),
        message_id=trace.message_id,
        subject=view.text(trace.subject),
        size=trace.size,
        score=trace.score,
        queue_ids=trace.queue_ids,
        direction=trace.direction,
        relay=view.text(trace.relay),
        attempts=trace.attempts,
        incomplete=trace.incomplete,
        user=view.of_side(trace.sender_domain, trace.authenticated_as),
        tls=trace.tls,
        delay=_delay(trace),
        first_try=None if trace.first_try_ms is None else utc(trace.first_try_ms),
        last_try=None if trace.last_try_ms is None else utc(trace.last_try_ms),
        symbols=[SymbolScore(name, score) for name, score in zip_longest(trace.symbols, trace.symbol_scores)],
        auth=_authentication(trace),
        mailbox=view.of_side(trace.recipient_domain, trace.mailbox),
        folder=view.of_side(trace.recipient_domain, trace.folder),
        file=view.text(trace.file),
    )


def _delay(trace: Trace) -> Delay | None:
    """How long it took; None where no line says so."""
    parts = (trace.delay, trace.delay_before_queue, trace.delay_in_queue, trace.delay_connection, trace.delay_transmission)
    return None if all(part is None for part in parts) else Delay(*parts)


def _authentication(trace: Trace) -> Authentication | None:
    """What was checked; None where no line says so."""
    results = (trace.spf, trace.dkim, trace.dmarc, trace.arc)
    if all(result is None for result in results):
        return None
    return Authentication(*results, trace.spf_domain, trace.dkim_domain, trace.dmarc_domain)


def _answered(trace: Trace) -> bool:
    """Whether a reply is known at all."""
    return trace.reply_code is not None or trace.enhanced_code is not None or bool(trace.reply_text)


def _return_code(trace: Trace, view: View) -> ReturnCode | None:
    """Give the reply that decided, or None where nothing of it is known."""
    if not _answered(trace):
        return None
    return ReturnCode(trace.reply_code, trace.enhanced_code, view.text(trace.reply_text), trace.reply_by, trace.reply_inferred)


def _error(trace: Trace, speech: Speech) -> ErrorCode | None:
    """Give the code and its meaning, only where a refusing reply decided; who is not the operator reads the cause as he is told it."""
    if trace.disposition not in REFUSED or not _answered(trace):
        return None
    # Of mail that was given up, the last reply says why, not the reason "expired".
    reason = None if trace.reason is Reason.UNKNOWN or trace.disposition is Disposition.EXPIRED else trace.reason
    temporary = trace.disposition in (Disposition.DEFERRED, Disposition.TEMPFAILED)
    entry = entry_of(trace, reason, temporary=temporary)
    meaning = entry.meaning if speech.plain else speech.voice(trace, entry.saying).cause(entry.saying)
    return ErrorCode(trace.reply_code, trace.enhanced_code, meaning)
