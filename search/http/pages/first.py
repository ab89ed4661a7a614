"""What the Mail Trace page shows before anything is asked: the last searches, what waits, and what was kept today."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode

from mappings.vocabulary import Disposition
from search.engines import Total
from search.http.pages.columns import USUAL
from search.http.pages.page_request import PageRequest
from search.http.pages.question import BOX, SHOWN, Items, asked, folded, outcomes_in_words
from search.http.pages.rows import TraceRow, row_of
from search.http.pages.sentence import SentencePart, own, search_in_words
from search.http.pages.words import GROUPS
from search.query import QueryError
from search.service import MailTrace

#: So many of each are shown.
_ROWS: Final = 5
_SEARCHES: Final = 6
_WAITING: Final = tuple(member.value for group in GROUPS if group.key == "waiting" for member in group.members)
_KEPT: Final = (Disposition.QUARANTINED.value, Disposition.HELD.value)


@dataclass(frozen=True, slots=True)
class LastSearch:
    """A search that was asked before: in words, and its address."""

    words: list[SentencePart]
    address: str


@dataclass(frozen=True, slots=True)
class Glance:
    """Some messages at a glance, the newest of them in rows."""

    title: str
    #: What is said where there are none.
    none: str
    total: Total
    rows: list[TraceRow]
    address: str


@dataclass(frozen=True, slots=True)
class FirstVisit:
    """Everything that is shown."""

    searches: list[LastSearch]
    glances: list[Glance]


def first_visit(page: PageRequest, mail: MailTrace) -> FirstVisit:
    """What is shown to a reader who has not asked anything yet."""
    waiting = _glance(page, mail, "What waits", "Nothing waits.", [("disposition", word) for word in _WAITING])
    today = [*(("disposition", word) for word in _KEPT), ("since", "today")]
    return FirstVisit(list(_searches(page, mail)), [waiting, _glance(page, mail, "Kept today", "Nothing was kept today.", today)])


def _glance(page: PageRequest, mail: MailTrace, title: str, none: str, given: Sequence[tuple[str, str]]) -> Glance:
    """The newest messages of a question."""
    items = folded(tuple(given), page.clock, page.site.zone)
    question = asked(items, page.site, page.reader, mail)
    found = mail.speaking(page.lang).table([column.field.name for column in USUAL], question.query, limit=_ROWS, trying=False)
    rows = [row_of(one, USUAL, values, page.clock, mail.scope) for one, values in zip(found.answer.traces, found.rows, strict=True)]
    return Glance(title, none, found.answer.total, rows, question.address())


def _searches(page: PageRequest, mail: MailTrace) -> Iterator[LastSearch]:
    """The last searches of this caller, each once, the latest first."""
    seen: set[str] = set()
    for entry in page.site.audit.recent(page.reader.name, "search"):
        path, _, given = entry.question.partition("?")
        items = tuple(item for item in parse_qsl(given) if item[0] not in ("cursor", "limit", *SHOWN))
        address = urlencode(items)
        if path != "/trace" or not items or address in seen or entry.status != 200:
            continue
        seen.add(address)
        words = _in_words(page, mail, items)
        if words:
            yield LastSearch(words, address)
        if len(seen) == _SEARCHES:
            return


def _in_words(page: PageRequest, mail: MailTrace, items: Items) -> list[SentencePart]:
    """A search in words; nothing where it cannot be asked any more."""
    pasted = [text for name, text in items if name == BOX]
    try:
        question = asked(tuple(item for item in items if item[0] != BOX), page.site, page.reader, mail)
    except QueryError:
        return []
    words = search_in_words(question, page.clock, " ".join(pasted)[:200])
    outcomes = question.values("disposition")
    return [*words, own(f", {outcomes_in_words(outcomes, page.book)}")] if outcomes else words
