"""The Email Report as the page shows it: everything in words, in the order in which it is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from mappings import patterns
from mappings.locales import Book
from mappings.vocabulary import FILTERS, Direction, Verdict
from search.answers import FilterResult, RelatedTrace, ReportAnswer, ReturnCode, TraceAnswer
from search.http.pages import journey
from search.http.pages.clock import Clock, Moment
from search.http.pages.rows import named
from search.http.pages.sentence import SentencePart, own, value
from search.http.pages.summary import headline_of, is_clean, sentence, server_of
from search.http.pages.words import DIRECTIONS, DISPOSITIONS, SAID_BY, VERDICT_NAMES, Badge, sentence_case, without_mover
from search.later import failed_elsewhere

#: How a related trace is related, in words.
RELATIONS = {
    "notice": "The notice to the sender",
    "notice_of": "The message that this is the notice of",
    "release": "The message as it was released",
    "release_of": "The message as it was kept",
    "recipient": "The same message to another recipient",
    "next_hop": "The same message at the next server",
    "previous_hop": "The same message at the server before",
    "same_message_id": "A message with the same Message-ID",
    "copy": "A copy that was sent on, or what it is a copy of",
    "later_try": "The later try",
    "earlier_try": "The earlier try",
}


@dataclass(frozen=True, slots=True)
class NamedValue:
    """A name and its value; `mono` for ids."""

    name: str
    value: str
    note: str = ""
    mono: bool = False
    moment: Moment | None = None


@dataclass(frozen=True, slots=True)
class Tests:
    """The tests of a filter that met, under a title; each a fact."""

    title: str
    facts: list[NamedValue]


@dataclass(frozen=True, slots=True)
class RelatedLine:
    """A related trace."""

    how: str
    path: str
    words: list[SentencePart]
    outcome: str


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the page shows."""

    id: str
    word: Badge
    #: How it ended, which a next server may have told.
    end: Badge
    headline: str
    clean: bool
    summary: list[SentencePart]
    code: str
    reply: str
    code_path: str
    said_by: list[SentencePart]
    inferred: bool
    meaning: str
    move: str
    move_sentence: str
    next_step: str
    #: Its lines.
    customer_text: list[str]
    boxes: list[journey.Box]
    parts: list[journey.HopSteps]
    raw: list[str]
    related: list[RelatedLine]
    facts: list[NamedValue]
    scan: list[NamedValue]
    tests: list[Tests]
    incomplete: bool
    warnings: list[str]
    title: str
    #: For the links to other mail: what can be asked for with a plain value.
    sender: str | None = None
    recipient: str | None = None
    stacked: bool = field(default=False)


def report_of(report: ReportAnswer, clock: Clock, *, customer_text: str, operator: bool) -> Report:
    """The page of a report; with the text for the customer in a language of its own, and in the operator's own words or not."""
    trace, explained = report.trace, report.explanation
    word = DISPOSITIONS[trace.disposition]
    code = trace.return_code
    codes = _codes(code)
    boxes = journey.way(report, clock.book)
    meaning = explained.meaning if operator else explained.reason_sentence or explained.meaning
    failed = failed_elsewhere(report.later)
    return Report(
        id=trace.id,
        word=word,
        end=word if failed is None else DISPOSITIONS[failed.disposition],
        headline=headline_of(report, clock.book),
        clean=is_clean(trace) and failed is None,
        summary=sentence(report, clock) if operator else [own(report.summary)],
        code=codes,
        reply=_reply(code, codes),
        code_path=_code_path(trace),
        said_by=_said_by(report, clock.book),
        inferred=code is not None and code.inferred,
        meaning=clock.localised(meaning),
        move=explained.move_word,
        move_sentence=without_mover(explained.move_sentence),
        next_step=clock.book.told(explained.next_step),
        customer_text=customer_text.split("\n"),
        boxes=boxes,
        parts=journey.steps(report, clock),
        raw=[step.raw for step in report.timeline if step.raw is not None],
        related=[_line(one, clock) for one in report.related],
        facts=facts(trace, clock),
        scan=_scan(report, clock.book),
        tests=[_tests(one, clock.book) for one in report.filters if one.symbols],
        incomplete=trace.incomplete,
        warnings=[clock.localised(warning) for warning in report.warnings if not (trace.incomplete and "not seen" in warning)],
        title=clock.book.say(
            "{outcome}: from {sender} to {recipient}",
            outcome=clock.book.say(word.label),
            sender=named(trace.sender, clock.book),
            recipient=named(trace.recipient, clock.book),
        ),
        sender=_plain(trace.sender),
        recipient=_plain(trace.recipient),
        stacked=len(boxes) > journey.MOST_BOXES,
    )


def _plain(address: str | None) -> str | None:
    """An address that can be asked for as it is."""
    if not address or patterns.is_pattern(address) or patterns.has_unprintable(address) is not None or len(address) > 320:
        return None
    return address


def _codes(code: ReturnCode | None) -> str:
    """Both codes of the reply."""
    return "" if code is None else " ".join(str(part) for part in (code.code, code.enhanced) if part is not None)


def _reply(code: ReturnCode | None, codes: str) -> str:
    """The text of the reply, without its own codes where they stand before it already."""
    text = (code.text or "") if code is not None else ""
    return text.removeprefix(codes).lstrip() if codes else text


def _code_path(trace: TraceAnswer) -> str:
    """The page about the code, where a refusal decided."""
    error = trace.error
    return "" if error is None else error.enhanced or (str(error.code) if error.code is not None else "")


def _said_by(report: ReportAnswer, book: Book) -> list[SentencePart]:
    """Whose reply it is: `the next server (mx.example.net, 192.0.2.50)`."""
    code, trace = report.trace.return_code, report.trace
    if code is None or code.by not in SAID_BY:
        return []
    words = book.say(SAID_BY[code.by])
    if code.by == "remote":
        server = server_of(trace.relay)
        if server is None:
            return [own(words)]
        name, ip = server
        return [own(f"{words} ("), value(name if name == ip else f"{name}, {ip}"), own(")")]
    kinds = ("scan",) if code.by == "filter" else ("queue", "refusal", "connection")
    hop = next((hop for hop in reversed(report.hops) if hop.kind in kinds), None)
    if hop is None:
        return [own(words)]
    return [own(f"{words} ("), value(book.say("{program} on {host}", program=journey.product(hop.programs), host=hop.host)), own(")")]


def facts(trace: TraceAnswer, clock: Clock) -> list[NamedValue]:
    """What is known of the message, in the order in which people ask for it."""
    at, say = clock.of(trace.time), clock.book.say
    server = trace.sending_server
    name = server.name if server.name and server.name != "unknown" else None
    helo = say("said HELO {name}", name=server.helo) if server.helo else ""
    notes = ", ".join(part for part in ((server.ip or "") if name else "", helo) if part)
    original = trace.original_recipient if trace.original_recipient not in (None, trace.recipient) else None
    found = [
        NamedValue("Date", at.full, at.in_utc, moment=at),
        NamedValue("Sender", _shown(trace.sender), say("null sender") if trace.sender == "" else ""),
        NamedValue("Header From", trace.header_from or ""),
        NamedValue("Recipient", _shown(trace.recipient), say("sent to {address}", address=original) if original else ""),
        NamedValue("Sending server", name or server.ip or "", notes),
        NamedValue("Subject", trace.subject or ""),
        NamedValue("Quarantine ID", trace.quarantine_id or "", mono=True),
        NamedValue("Message-ID", f"<{trace.message_id}>" if trace.message_id else "", mono=True),
        NamedValue("Size", size(trace.size, clock.book) if trace.size is not None else ""),
        NamedValue("Direction", DIRECTIONS[trace.direction] if trace.direction is not Direction.UNKNOWN else ""),
        NamedValue("Next server", trace.relay or ""),
        NamedValue("Attempts", clock.book.number(trace.attempts) if trace.attempts > 1 else ""),
        NamedValue("Logged on", trace.host),
        NamedValue("Queue IDs" if len(trace.queue_ids) > 1 else "Queue ID", ", ".join(trace.queue_ids), mono=True),
        NamedValue("Trace ID", trace.id, mono=True),
    ]
    return [fact for fact in found if fact.value]


def _shown(address: str | None) -> str:
    """An envelope address."""
    return "<>" if address == "" else address or ""


def _scan(report: ReportAnswer, book: Book) -> list[NamedValue]:
    """What the filter said."""
    trace = report.trace
    if trace.verdict is Verdict.NOT_SCANNED:
        return [NamedValue("Verdict", VERDICT_NAMES[trace.verdict], book.say("No line of a filter belongs to this recipient."))]
    scans = [hop for hop in report.hops if hop.kind == "scan"]
    filters = [FILTERS.get(one.filter, one.filter) for one in report.filters]
    where = ", ".join(
        dict.fromkeys([*(book.say("{program} on {host}", program=journey.product(hop.programs), host=hop.host) for hop in scans), *filters])
    )
    results = "; ".join(
        dict.fromkeys([*(hop.result for hop in scans if hop.result), *(one.action for one in report.filters if one.action)])
    )
    required = next((one.required for one in report.filters if one.required is not None), None)
    forced = next((book.say("whatever the score, as {name} says", name=one.forced_by) for one in report.filters if one.forced_by), "")
    score = book.number(trace.score) if trace.score is not None else book.say("not computed")
    found = [
        NamedValue("Verdict", VERDICT_NAMES[trace.verdict], book.say(trace.verdict.sentence)),
        NamedValue("Found", trace.detail or ""),
        NamedValue("Filter", where),
        NamedValue("In its own words", results, forced),
        NamedValue(
            "Spam score", score, book.say("of {number}", number=required) if trace.score is not None and required is not None else ""
        ),
    ]
    return [fact for fact in found if fact.value]


def _tests(one: FilterResult, book: Book) -> Tests:
    """The tests of one filter, in its own order."""
    symbols = one.symbols or []
    title = f"{FILTERS.get(one.filter, one.filter)}: {book.say('{count} tests met', count=len(symbols))}"
    return Tests(title, [NamedValue(s.name, _points(s.score, book), "; ".join(s.options)) for s in symbols])


def _points(score: float | None, book: Book) -> str:
    """What a test adds to the score."""
    return book.say("met") if score is None else f"{'+' if score > 0 else ''}{book.number(score)}" if score else "0"


def _line(related: RelatedTrace, clock: Clock) -> RelatedLine:
    """One related trace in words."""
    at = clock.of(related.time)
    words = [value(named(related.recipient, clock.book)), own(f", {at.day} {at.time}")]
    sure = "" if related.confidence == "certain" else f", {clock.book.say(related.confidence)}: {clock.book.told(related.evidence)}"
    how = RELATIONS.get(related.how, sentence_case(related.how.replace("_", " ")))
    return RelatedLine(how, related.id, words, clock.book.say(DISPOSITIONS[related.disposition].label.lower()) + sure)


def size(number: int, book: Book) -> str:
    """A size in bytes as people write it: `560 bytes`, `1.9 kB`."""
    if number < 1_000:
        return book.say("{count} bytes", count=number)
    scaled = float(number)
    for unit in ("kB", "MB", "GB", "TB"):
        scaled /= 1_000
        if scaled < 999.5 or unit == "TB":
            break
    return f"{book.number(scaled, 1) if scaled < 100 else book.number(round(scaled))} {unit}"
