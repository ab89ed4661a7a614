"""The rows of a result: what stands in each cell, and the name of its link to the report."""

from __future__ import annotations

from dataclasses import dataclass

from mappings.vocabulary import Disposition, Reason, Verdict
from search.answers import ErrorCode, TraceAnswer
from search.http.pages.clock import Clock, Moment
from search.http.pages.hostile import plain
from search.http.pages.words import DISPOSITIONS, REASONS, VERDICTS, Badge, sentence_case

_MARKED = (Verdict.SPAM, Verdict.SUSPECT, Verdict.BULK, Verdict.PHISH)
#: Where a copy went on its way, so that the verdict says more than a reason.
PASSED = frozenset({Disposition.DELIVERED, Disposition.EXPANDED, Disposition.RELEASED, Disposition.IN_PROGRESS})


@dataclass(frozen=True, slots=True)
class Why:
    """The line below an outcome: our words, and the detail of the filter or server."""

    words: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """An error code: as it is shown, the page about it, and what it means in short and in full."""

    text: str
    path: str
    short: str
    meaning: str


@dataclass(frozen=True, slots=True)
class TraceRow:
    """One trace in the table."""

    id: str
    moment: Moment
    server: str | None
    ip: str | None
    sender: str | None
    subject: str | None
    recipient: str | None
    original: str | None
    word: Badge
    why: Why | None
    code: Code | None
    #: Name of the link to the report.
    label: str


def row_of(trace: TraceAnswer, clock: Clock) -> TraceRow:
    """The row of one trace."""
    moment = clock.of(trace.time)
    word = DISPOSITIONS[trace.disposition]
    server = trace.sending_server
    name = server.name if server.name and server.name != "unknown" else server.helo or server.name
    original = trace.original_recipient if trace.original_recipient != trace.recipient else None
    return TraceRow(
        id=trace.id,
        moment=moment,
        server=name or server.ip,
        ip=server.ip if name else None,
        sender=trace.sender,
        subject=trace.subject,
        recipient=trace.recipient,
        original=original,
        word=word,
        why=why(trace),
        code=None if trace.error is None else code_of(trace.error),
        label=f"Email Report: {word.label}, from {named(trace.sender)}, {moment.day} {moment.time}",
    )


def named(address: str | None) -> str:
    """An address within a label."""
    if address is None:
        return "unknown"
    return plain(address, longest=200) or "<>"


def why(trace: TraceAnswer) -> Why | None:
    """Why it is not delivered, or what the filter marked it as; None where there is nothing to say."""
    if trace.disposition in PASSED:
        if trace.verdict in _MARKED:
            score = f" ({trace.score:g})" if trace.score is not None else ""
            return Why(sentence_case(VERDICTS[trace.verdict]) + score)
        return None
    if trace.reason is None or trace.reason is Reason.UNKNOWN:
        return Why("", trace.detail) if trace.detail else None
    words = sentence_case(REASONS[trace.reason])
    if trace.detail:
        return Why(f"{words}: ", trace.detail)
    if trace.reason is Reason.SPAM and trace.score is not None:
        return Why(f"{words}: score {trace.score:g}")
    return Why(words)


def code_of(error: ErrorCode) -> Code | None:
    """The code of a refusal; None where the reply has none."""
    text = " ".join(str(part) for part in (error.code, error.enhanced) if part is not None)
    if not text:
        return None
    return Code(text, error.enhanced or str(error.code), short_meaning(error.meaning), error.meaning)


def short_meaning(meaning: str) -> str:
    """The beginning of a meaning, as far as it says something by itself."""
    for mark in (":", ". ", ", mostly"):
        head, found, _ = meaning.partition(mark)
        if found and len(head) > 12:
            meaning = head
    return meaning.rstrip(".")
