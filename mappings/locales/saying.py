"""A sentence for somebody: which message, what became of it, the cause, what happened since, the next step for whoever reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

import msgspec

from mappings.locales.book import ENGLISH, Book, book
from mappings.locales.writing import filled

_LONGEST_ADDRESS = 200
_LONGEST_ZONE = 5


class Since(msgspec.Struct, frozen=True):
    """What happened since: a key of `[since]`, how that ended (a key of `[ended]`) and why (of `[cause]`).

    `time_ms` is when, in milliseconds since 1970 UTC.
    """

    key: str
    ended: str = ""
    time_ms: int | None = None
    cause: str = ""


class Saying(msgspec.Struct, frozen=True):
    """What is to be said, in keys of the language files; in words by a `Voice`."""

    fate: str
    cause: str = ""
    step: str = "none"
    since: tuple[Since, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """The message as its sender and recipient know it; None where it is not known."""

    sender: str | None = None
    recipient: str | None = None
    #: Milliseconds since 1970 UTC.
    time_ms: int | None = None


NO_SUBJECT = Subject()


def _english() -> Book:
    return book(ENGLISH)


@dataclass(frozen=True, slots=True)
class Voice:
    """In which language something is said, to whom, and in which zone its times are."""

    book: Book = field(default_factory=_english)
    #: By whom a text is chosen that differs by reader, the first that has one.
    readers: tuple[str, ...] = ("operator", "sender")
    zone: tzinfo = UTC

    def customer_text(self, saying: Saying, subject: Subject = NO_SUBJECT) -> str:
        """The whole, to be passed on as it is, with the site's signature on a line of its own."""
        text = _joined(self.what(saying, subject), self.step(saying))
        return f"{text}\n{self.book.signature}" if self.book.signature else text

    def what(self, saying: Saying, subject: Subject = NO_SUBJECT) -> str:
        """What became of the message, why, and what happened since."""
        return self._said(lambda book: self._what(book, saying, subject))

    def cause(self, saying: Saying) -> str:
        """The cause as a sentence; what became of it, where there is no cause to tell."""
        return self._said(lambda book: _sentence(self._text(book, f"cause.{saying.cause}"))) if saying.cause else self.what(saying)

    def step(self, saying: Saying) -> str:
        """The next step of whoever reads it; empty where there is none."""
        return self._said(lambda book: self._text(book, f"step.{saying.step}"))

    def happened(self, since: Since) -> str:
        """Something that happened since, in a sentence."""
        return self._said(lambda book: self._since(book, since))

    def who(self, move: str) -> str:
        """Whose move it is, in a sentence for whoever reads it, not for whom he may pass the rest on to."""
        return self._said(lambda book: book.text(f"who.{move}", self.readers[:1]))

    def mover(self, move: str) -> str:
        """Whose move it is, in a word."""
        return self._said(lambda book: book.text(f"mover.{move}", self.readers[:1]))

    def _said(self, said: Callable[[Book], str]) -> str:
        """Something said in this language, whole; in the one to fall back to where a part is lacking."""
        try:
            return said(self.book)
        except KeyError:
            if self.book.fallback is None:
                raise
            return said(self.book.fallback)

    def _text(self, book: Book, key: str) -> str:
        return book.text(key, self.readers)

    def _what(self, book: Book, saying: Saying, subject: Subject) -> str:
        message, fate = self._message(book, subject), self._text(book, f"fate.{saying.fate}")
        cause = self._text(book, f"cause.{saying.cause}") if saying.cause else ""
        whole = "sentence.with_cause" if cause else "sentence.without_cause"
        sentence = filled(self._text(book, whole), message=message, fate=fate, cause=cause)
        return _joined(sentence, *(self._since(book, one) for one in saying.since))

    def _since(self, book: Book, since: Since) -> str:
        ended = self._text(book, f"ended.{since.ended}") if since.ended else ""
        when = self._when(book, since.time_ms) if since.time_ms is not None else ""
        cause = self._text(book, f"cause.{since.cause}") if since.cause else ""
        return filled(self._text(book, f"since.{since.key}"), ended=ended, when=when, cause=cause)

    def _message(self, book: Book, subject: Subject) -> str:
        """The message, by addresses as they were written, and its time."""
        words = book.text("message.automatic" if subject.sender == "" else "message.plain")
        if subject.sender:
            words += filled(book.text("message.from"), sender=_printable(subject.sender))
        if subject.recipient:
            words += filled(book.text("message.to"), recipient=_printable(subject.recipient))
        when = self._when(book, subject.time_ms) if subject.time_ms is not None else ""
        return words + (filled(book.text("message.of"), when=when) if when else "")

    def _when(self, book: Book, time_ms: int) -> str:
        """A moment as this language writes it; empty where the number is no time."""
        # Who only looks up a code needs no calendar.
        from babel.dates import format_datetime, get_timezone_name  # noqa: PLC0415

        try:
            at = datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(self.zone)
            written = format_datetime(at, book.when, tzinfo=self.zone, locale=book.locale)
            local = get_timezone_name(at, width="short", locale=book.locale)
        except (OverflowError, ValueError, OSError):
            return ""
        return f"{written} {_zone(at, str(local))}"


def _zone(at: datetime, local: str) -> str:
    """What the zone is called, in letters, as this language has it (`MEZ`) or as all know it; where it has none, by its distance."""
    name = at.tzname() or "UTC"
    if name == "UTC":
        return name
    short = next((one for one in (local, name) if one.isalpha() and one.isupper() and len(one) <= _LONGEST_ZONE), "")
    distance = f"{at:%z}"
    return short or f"UTC{distance[:3]}{'' if distance[3:5] == '00' else f':{distance[3:5]}'}"


def _joined(*sentences: str) -> str:
    return " ".join(sentence for sentence in sentences if sentence)


def _sentence(clause: str) -> str:
    """A clause as a sentence of its own."""
    return f"{clause[:1].upper()}{clause[1:]}."


def _printable(text: str) -> str:
    """Text from strangers, fit for a sentence."""
    short = text if len(text) <= _LONGEST_ADDRESS else text[:_LONGEST_ADDRESS] + "…"
    return "".join(character if character.isprintable() else "?" for character in short)
