"""Whom a sentence is for: whose side the reader is on, his language, and the zone of his times."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import StrEnum

from mappings.address import normalise_domain
from mappings.locales import ENGLISH, Book, Saying, Voice, book
from mappings.trace import Trace
from mappings.vocabulary import Direction
from search.scope import EVERYTHING, Scope


class Reader(StrEnum):
    """Who reads it."""

    #: Whoever sent it, or runs the sender's domain.
    SENDER = "sender"
    #: Whoever should get it, or runs the recipient's domain.
    RECIPIENT = "recipient"
    #: Who runs this mail system, and passes the sentence on in its name.
    OPERATOR = "operator"
    #: Somebody who was sent a link: nothing is known of him.
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Speech:
    """In which language, for whom, in which zone. Without a reader, the scope tells who it is: who sees everything is the operator."""

    book: Book = field(default_factory=lambda: book(ENGLISH))
    reader: Reader | None = None
    scope: Scope = EVERYTHING
    zone: tzinfo = UTC

    @property
    def operates(self) -> bool:
        """Whether it is the operator who reads it: nobody else reads what the operator does, and with which programs."""
        return self.scope.domains is None if self.reader is None else self.reader is Reader.OPERATOR

    @property
    def plain(self) -> bool:
        """Whether it is said in the operator's own words, which are English."""
        return self.operates and self.book.code == ENGLISH

    def voice(self, trace: Trace, saying: Saying) -> Voice:
        """How it is said of this trace."""
        reader = self.reader or (Reader.OPERATOR if self.operates else side_in(trace, saying, self.scope))
        return Voice(self.book, _readers(reader, trace, saying), self.zone)

    def unasked(self) -> Voice:
        """How it is said of no trace, such as of a code."""
        return Voice(self.book, ("operator", "sender") if self.operates else ())


IN_ENGLISH = Speech()


def side_in(trace: Trace, saying: Saying, scope: Scope) -> Reader:
    """On whose side a caller with this scope is; of mail between his own domains, on the side that the cause is about."""
    sends = _owns(scope, trace.sender_domain)
    receives = _owns(scope, trace.recipient_domain) or _owns(scope, _domain(trace.original_recipient))
    if sends and receives:
        return _about(saying)
    return Reader.SENDER if sends else Reader.RECIPIENT if receives else Reader.LINK


def _readers(reader: Reader, trace: Trace, saying: Saying) -> tuple[str, ...]:
    """By whom the texts are chosen; the operator passes them on to his own customer, on the side that the direction tells."""
    if reader is Reader.LINK:
        return ()
    if reader is not Reader.OPERATOR:
        return (reader,)
    if trace.direction is Direction.INTERNAL:
        return (Reader.OPERATOR, _about(saying))
    return (Reader.OPERATOR, Reader.RECIPIENT if trace.direction is Direction.INBOUND else Reader.SENDER)


def _about(saying: Saying) -> Reader:
    """The side that a cause is about: the recipient's, where the recipient's side reads it in words of its own."""
    texts = book(ENGLISH).parts.get(f"cause.{saying.cause}", {})
    return Reader.RECIPIENT if Reader.RECIPIENT in texts and Reader.SENDER not in texts else Reader.SENDER


def _owns(scope: Scope, domain: str | None) -> bool:
    return bool(domain) and (scope.domains is None or domain in scope.domains)


def _domain(address: str | None) -> str | None:
    """The domain of an address, as scopes have it."""
    return normalise_domain(address.rpartition("@")[2]) if address and "@" in address else None
