"""Where nothing was found: what is worth trying instead, each tried before it is offered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from mappings import patterns
from mappings.locales import Book
from mappings.patterns import Form
from search.answers import NearValue
from search.engines import Total
from search.http.pages.form import FILTERS
from search.http.pages.question import FIELDS, Items, Question, changed
from search.http.pages.sentence import SentencePart, own, said, value

_OF_DOMAIN: Final = (
    ("sender", "Search all mail from the domain {values}"),
    ("recipient", "Search all mail to the domain {values}"),
    ("address", "Search all mail from or to the domain {values}"),
)
_TEXTS = (*FIELDS, "domain", "client", "relay", "message_id", "queue_id")


@dataclass(frozen=True, slots=True)
class Offer:
    """Another question: its words, and its parameters."""

    words: list[SentencePart]
    items: Items
    #: How much it finds; None where it was not tried.
    total: Total | None = None


def offers(question: Question, domains: int, book: Book) -> list[Offer]:
    """Questions near this one, the nearest first; `domains` is how many the caller sees, 0 for all."""
    found: list[Offer] = []

    def offer(words: list[SentencePart], **values: str | tuple[str, ...] | None) -> None:
        found.append(Offer(words, tuple(changed(question.items, dict(values)))))

    sender, recipient = question.values("sender"), question.values("recipient")
    if sender and not recipient:
        offer(
            said(book.phrase("Search by Recipient: mail to {values}"), values=[value(question.value("sender"))]),
            sender=None,
            recipient=sender,
        )
    if recipient and not sender:
        offer(
            said(book.phrase("Search by Sender: mail from {values}"), values=[value(question.value("recipient"))]),
            recipient=None,
            sender=recipient,
        )
    if question.values("since") or question.values("until"):
        if question.value("since") in ("1h", "24h", "today", "7d"):
            offer([own(book.say("Search the last 30 days"))], since="30d", until=None)
        offer([own(book.say("Search everything that is kept"))], since=None, until=None, tz=None)
    if any(question.values(name) for name in FILTERS):
        offer([own(book.say("Search without the filters"))], **dict.fromkeys(FILTERS))
    for side, phrase in _OF_DOMAIN:
        whole = _domains(question.values(side))
        if whole:
            named = f" {book.say('or')} ".join(domain.removeprefix("@") for domain in whole)
            offer(said(book.phrase(phrase), values=[value(named)]), **{side: whole})
    if question.values("domain") or question.values("customer"):
        everywhere = (
            book.say("Search in all {number} of your domains", number=domains) if domains > 1 else book.say("Search in all domains")
        )
        offer([own(everywhere)], domain=None, customer=None)
    return found


def near_offers(question: Question, near: list[NearValue], book: Book) -> list[Offer]:
    """The same question with a value that there is in place of one of which there is nothing."""
    found = []
    for one in near:
        words = said(book.phrase("Did you mean {values}?"), values=[value(one.value)])
        if question.values(one.criterion) == (one.asked,):
            items = changed(question.items, {one.criterion: one.value})
        else:
            items = changed(question.items, {"query": question.value("query").replace(one.asked, one.value)})
        found.append(Offer(words, tuple(items), one.total))
    return found


def tried(listed: list[Offer], count: Callable[[Items], Total]) -> list[Offer]:
    """The offers that find something, with how much; what has wildcards is not tried, for it would look at much of the store again."""
    found = []
    for offer in listed:
        if not offer.items:
            # Nothing at all is asked by the page's first visit.
            continue
        if any(patterns.is_pattern(text) for name, text in offer.items if name in _TEXTS):
            found.append(offer)
        elif (total := count(offer.items)).value:
            found.append(Offer(offer.words, offer.items, total))
    return found


def _domains(values: tuple[str, ...]) -> tuple[str, ...]:
    """The domains of whole addresses; nothing where one is wider already."""
    asked = [patterns.asked_address(text) for text in values]
    exact = [one.value.rpartition("@")[2] for one in asked if one.form is Form.EXACT and "@" in one.value]
    return tuple(dict.fromkeys(f"@{domain}" for domain in exact if domain)) if len(exact) == len(values) else ()
