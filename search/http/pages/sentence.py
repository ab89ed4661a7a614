"""A question in words: the sentence over every result, which names who, which side and which time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mappings.locales import Book, pieces_of
from search.engines import Total
from search.http.pages.clock import Clock
from search.http.pages.hostile import plain
from search.http.pages.question import RANGES, Question, range_of
from search.language.words import described
from search.times import DAYS

#: So many alternatives are named; the rest is counted.
_NAMED = 3
#: What is said of the null sender, by the side that is asked for.
_NULL = {
    "sender": "from the null sender {values}",
    "recipient": "to the null sender {values}",
    "address": "from or to the null sender {values}",
}
_CRITERIA = (
    ("sender", "from {values}"),
    ("recipient", "to {values}"),
    ("address", "from or to {values}"),
    ("domain", "of the domain {values}"),
    ("customer", "of the customer {values}"),
    ("quarantine_id", "with the quarantine ID {values}"),
    ("message_id", "with the Message-ID {values}"),
    ("queue_id", "with the queue ID {values}"),
    ("client", "sent by {values}"),
    ("relay", "handed to {values}"),
    ("code", "with the error code {values}"),
)


@dataclass(frozen=True, slots=True)
class SentencePart:
    """A part of a sentence: our own words, or somebody's value, which is set apart from them."""

    text: str
    value: bool = False
    #: Whether the value stands out.
    strong: bool = False


def own(text: str) -> SentencePart:
    """Our own words."""
    return SentencePart(text)


def value(text: str, *, strong: bool = False) -> SentencePart:
    """Somebody's value."""
    return SentencePart(text, value=True, strong=strong)


def as_text(parts: Iterable[SentencePart]) -> str:
    """The sentence for a place that takes plain text only, such as the title of a page."""
    return "".join(plain(part.text, longest=200) if part.value else part.text for part in parts)


def said(pattern: str, **parts: Sequence[SentencePart]) -> list[SentencePart]:
    """A phrase as the parts of a sentence, with what stands in its places."""
    return [
        one
        for number, piece in enumerate(pieces_of(pattern))
        for one in ((parts[piece] if piece in parts else [own(f"{{{piece}}}")]) if number % 2 else [own(piece)] if piece else [])
    ]


def spaced(*parts: Sequence[SentencePart]) -> list[SentencePart]:
    """Parts of a sentence one after another, those that are empty left out."""
    found: list[SentencePart] = []
    for part in filter(None, parts):
        # A part that goes on behind a comma stands by itself.
        blank = [own(" ")] if found and not part[0].text.startswith(",") else []
        found += [*blank, *part]
    return found


def counted(total: Total, book: Book) -> str:
    """A number of messages in words: `37 messages`, `More than 10,000 messages`."""
    if total.relation != "eq":
        return book.say("More than {number} messages", number=total.value)
    return book.say("{count} messages", count=total.value)


def who(question: Question, book: Book) -> list[SentencePart]:
    """Whose mail was asked for, and on which side: `to anna@example.com`; empty where it is everybody's."""
    parts: list[list[SentencePart]] = []
    for name, phrase in _CRITERIA:
        values = question.values(name)
        if values:
            null = name in _NULL and values == ("<>",)
            parts.append(said(book.phrase(_NULL[name] if null else phrase), values=_either(values, book)))
    if question.read_as:
        parts.append(said(book.phrase("about {values}"), values=[value(book.told(question.read_as))]))
    elif question.query.tree is not None:
        parts.append(said(book.phrase(", where {words}"), words=[value(described(question.query.tree, book.say))]))
    return spaced(*parts)


def _either(values: Sequence[str], book: Book) -> list[SentencePart]:
    """Alternatives: `a, b or c`."""
    shown = list(values) if len(values) <= _NAMED + 1 else list(values[:_NAMED])
    parts: list[SentencePart] = []
    for number, one in enumerate(shown):
        if number:
            parts.append(own(f" {book.say('or')} " if number == len(shown) - 1 == len(values) - 1 else ", "))
        # A domain is asked for as `@example.com`, and said without the mark.
        parts.append(value(one.removeprefix("@") or one))
    if len(shown) < len(values):
        parts.append(own(f" {book.say('or {number} more', number=len(values) - len(shown))}"))
    return parts


def when(question: Question, clock: Clock) -> str:
    """Which time was asked for: `in the last 24 hours`, `between 23 Nov 08:15 and 24 Nov 08:15 CET`."""
    say = clock.book.say
    chosen = range_of(question.items)
    for word, _, words in RANGES:
        if chosen == word:
            # A link of somebody else may mean the today of another zone.
            elsewhere = [zone for zone in question.values("tz") if zone != clock.name]
            return say(words) + (f" ({elsewhere[0]})" if elsewhere and word in DAYS else "")
    since, until = question.query.since_ms, question.query.until_ms
    if since is None and until is None:
        return ""
    if until is None:
        return say("since {time}", time=_moment(since or 0, clock))
    if since is None:
        return say("before {time}", time=_moment(until, clock))
    begin, end = clock.at(since), clock.at(until)
    zone = f" {begin.zone}" if begin.zone != end.zone else ""
    return say("between {begin} and {end}", begin=f"{begin.short}{zone}", end=f"{end.short} {end.zone}")


def _moment(time_ms: int, clock: Clock) -> str:
    moment = clock.at(time_ms)
    return f"{moment.short} {moment.zone}"


def time_of(question: Question, clock: Clock) -> str:
    """The same, also where no time was asked for."""
    return when(question, clock) or clock.book.say("in everything that is kept")


def headline(question: Question, total: Total, clock: Clock) -> list[SentencePart]:
    """The sentence over a result: `37 messages to anna@example.com in the last 24 hours`."""
    book = clock.book
    return beginning(counted(total, book) if total.value else book.say("Nothing found"), question, clock)


def beginning(words: str, question: Question, clock: Clock) -> list[SentencePart]:
    """What was asked for behind the words for what it is of."""
    return spaced([own(words)], who(question, clock.book), [own(time_of(question, clock))])


def search_in_words(question: Question, clock: Clock, about: str = "") -> list[SentencePart]:
    """A search: `Messages to anna@example.com today`; `about` is what was pasted."""
    book = clock.book
    pasted = said(book.phrase("about {values}"), values=[value(about)]) if about else []
    time = when(question, clock)
    parts = spaced(who(question, book), pasted, [own(time)] if time else [])
    return spaced([own(book.say("Messages"))], parts) if parts else [own(book.say("All messages"))]
