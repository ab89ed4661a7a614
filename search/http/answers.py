"""What the API answers beside what the query layer does: links, counts by domain, words."""

from __future__ import annotations

import msgspec

from mappings.codes import Move
from mappings.vocabulary import Direction, Disposition, Reason, Verdict
from search.answers import SearchAnswer
from search.http.audit import Entry


class TracesAnswer(SearchAnswer, frozen=True, kw_only=True):
    """One page of traces, newest first, and how far it can be trusted."""

    #: Address of the next page, or None at the end; the same stands in the header `Link`.
    next_url: str | None
    #: What the question asks, in words.
    question: str
    #: Milliseconds that it took.
    took_ms: float


class DomainAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The mail of one domain: one count is one recipient's copy."""

    domain: str
    customer: str | None
    total: int
    counts: dict[Disposition, int]


class DomainsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The domains that the caller sees, most mail first."""

    since: str | None
    until: str | None
    #: `received`: by the recipient's domain. `sent`: by the sender's, where mail really came from that side.
    side: str
    domains: list[DomainAnswer]
    #: False where a part of the store is missing or damaged; `warnings` then says of which time.
    complete: bool = True
    warnings: list[str] = []


class Word(msgspec.Struct, frozen=True):
    """A closed word, and what it means."""

    word: str
    sentence: str


class VocabularyAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The closed words of the answers."""

    disposition: list[Word]
    verdict: list[Word]
    reason: list[Word]
    direction: list[Word]
    #: Whose move it is.
    move: list[Word]


class HealthAnswer(msgspec.Struct, frozen=True):
    """Whether the service can answer."""

    status: str


class AuditAnswer(msgspec.Struct, frozen=True):
    """Entries of the audit log, newest first; `next` is the `before` of the page after."""

    entries: list[Entry]
    next: str | None


def vocabulary() -> VocabularyAnswer:
    """All closed words."""
    return VocabularyAnswer(
        disposition=[Word(one.value, one.sentence) for one in Disposition],
        verdict=[Word(one.value, one.sentence) for one in Verdict],
        reason=[Word(one.value, one.sentence) for one in Reason],
        direction=[Word(one.value, one.sentence) for one in Direction],
        move=[Word(one.value, one.sentence) for one in Move],
    )
