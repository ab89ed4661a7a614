"""A question in words: the sentence over every result, which names who, which side and which time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from search.engines import Total
from search.http.pages.clock import Clock
from search.http.pages.hostile import plain
from search.http.pages.question import RANGES, Question, range_of
from search.language.words import described
from search.times import DAYS

#: So many alternatives are named; the rest is counted.
_NAMED = 3
_SIDES = (("sender", "from"), ("recipient", "to"), ("address", "from or to"))
_OTHERS = (
    ("domain", "of the domain"),
    ("customer", "of the customer"),
    ("quarantine_id", "with the quarantine ID"),
    ("message_id", "with the Message-ID"),
    ("queue_id", "with the queue ID"),
    ("client", "sent by"),
    ("relay", "handed to"),
    ("code", "with the error code"),
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


def counted(total: Total) -> str:
    """A number of messages in words: `37 messages`, `More than 10,000 messages`."""
    if total.relation != "eq":
        return f"More than {total.value:,} messages"
    return "1 message" if total.value == 1 else f"{total.value:,} messages"


def who(question: Question) -> list[SentencePart]:
    """Whose mail was asked for, and on which side: ` to anna@example.com`; empty where it is everybody's."""
    parts: list[SentencePart] = []
    for name, words in (*_SIDES, *_OTHERS):
        values = question.values(name)
        if values:
            null = name in dict(_SIDES) and values == ("<>",)
            parts += [own(f" {words} {'the null sender ' if null else ''}"), *_either(values)]
    if question.read_as:
        parts += [own(" about "), value(question.read_as)]
    elif question.query.tree is not None:
        parts += [own(", where "), value(described(question.query.tree))]
    return parts


def _either(values: Sequence[str]) -> list[SentencePart]:
    """Alternatives: `a, b or c`."""
    shown = list(values) if len(values) <= _NAMED + 1 else list(values[:_NAMED])
    parts: list[SentencePart] = []
    for number, one in enumerate(shown):
        if number:
            parts.append(own(" or " if number == len(shown) - 1 == len(values) - 1 else ", "))
        # A domain is asked for as `@example.com`, and said without the mark.
        parts.append(value(one.removeprefix("@") or one))
    if len(shown) < len(values):
        parts.append(own(f" or {len(values) - len(shown):,} more"))
    return parts


def when(question: Question, clock: Clock) -> str:
    """Which time was asked for: ` in the last 24 hours`, ` between 23 Nov 08:15 and 24 Nov 08:15 CET`."""
    chosen = range_of(question.items)
    for word, _, words in RANGES:
        if chosen == word:
            # A link of somebody else may mean the today of another zone.
            elsewhere = [zone for zone in question.values("tz") if zone != clock.name]
            return f" {words}" + (f" ({elsewhere[0]})" if elsewhere and word in DAYS else "")
    since, until = question.query.since_ms, question.query.until_ms
    if since is None and until is None:
        return ""
    if until is None:
        return f" since {_moment(since or 0, clock)}"
    if since is None:
        return f" before {_moment(until, clock)}"
    begin, end = clock.at(since), clock.at(until)
    zone = f" {begin.zone}" if begin.zone != end.zone else ""
    return f" between {begin.short}{zone} and {end.short} {end.zone}"


def _moment(time_ms: int, clock: Clock) -> str:
    moment = clock.at(time_ms)
    return f"{moment.short} {moment.zone}"


def headline(question: Question, total: Total, clock: Clock) -> list[SentencePart]:
    """The sentence over a result: `37 messages to anna@example.com in the last 24 hours`."""
    time = when(question, clock) or " in everything that is kept"
    return [own(counted(total) if total.value else "Nothing found"), *who(question), own(time)]
