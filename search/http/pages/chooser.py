"""The list of columns as it is chosen: each with its links to the left, to the right and away, and what can be added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from mappings.locales import Books
from search.http.pages.columns import CHOICE, USUAL, ListColumn, chosen, in_address, kept, others
from search.http.pages.form import Choice
from search.http.pages.page_request import PageRequest
from search.http.pages.question import Items, Question
from search.http.pages.words import sentence_case
from search.scope import Scope
from search.sorting import Sort

#: Stands in an address where columns will be.
_PLACE: Final = "\x00"


@dataclass(frozen=True, slots=True)
class ColumnEntry:
    """A column that is shown: the addresses that move it and take it away; empty where that cannot be."""

    column: ListColumn
    left: str
    right: str
    gone: str


@dataclass(frozen=True, slots=True)
class ColumnHead:
    """The head of a column: the address in its order, or in the opposite one where rows come so; empty where it has none."""

    column: ListColumn
    address: str = ""
    #: As `aria-sort` has it; empty where rows come in another order.
    sorted: str = ""


@dataclass(frozen=True, slots=True)
class Chooser:
    """Everything about the choice of columns."""

    heads: tuple[ColumnHead, ...]
    entries: tuple[ColumnEntry, ...]
    #: The orders of rows: word, words, and whether it is the one that is shown.
    sorts: tuple[Choice, ...]
    #: The columns that can be added.
    others: tuple[Choice, ...]
    #: The address with the usual ones.
    usual: str
    #: What the form sends along.
    kept: Items
    #: The choice, as a browser keeps it.
    value: str


def chooser_of(page: PageRequest, question: Question, columns: tuple[ListColumn, ...], scope: Scope) -> Chooser:
    """The choice of the columns of a question."""
    before, _, behind = question.with_values(**{CHOICE: _PLACE}).partition(quote(_PLACE))

    def address(changed: Sequence[ListColumn]) -> str:
        return f"{before}{quote(in_address(changed), safe='')}{behind}"

    def moved(number: int, to: int) -> str:
        if not 0 <= to < len(columns):
            return ""
        order = [one for at, one in enumerate(columns) if at != number]
        return address([*order[:to], columns[number], *order[to:]])

    entries = tuple(
        ColumnEntry(one, moved(at, at - 1), moved(at, at + 1), address([*columns[:at], *columns[at + 1 :]]) if len(columns) > 1 else "")
        for at, one in enumerate(columns)
    )
    heads = tuple(head_of(question, one) for one in columns)
    sorts = tuple(Choice(one.value, sentence_case(page.book.say(one.words)), one is question.query.sort) for one in Sort)
    more = _others(page.site.books, page.lang, columns, scope.domains is None)
    return Chooser(heads, entries, sorts, more, address(USUAL), question.items, in_address(columns))


@lru_cache(maxsize=256)
def _others(books: Books, lang: str, columns: tuple[ListColumn, ...], whole: bool) -> tuple[Choice, ...]:
    """The columns that can be added to these, for who sees all mail, or not; by their heads in a language."""
    book = books[lang]
    return tuple(Choice(one.name, book.say(one.label), False) for one in others(columns, book, whole=whole))


def head_of(question: Question, column: ListColumn) -> ColumnHead:
    """The head of a column in the list of a question."""
    now = question.query.sort
    if column.sort is None:
        return ColumnHead(column)
    if column.sort is Sort.OLDEST and now is Sort.NEWEST:
        return ColumnHead(column, question.with_values(sort=Sort.OLDEST.value), "descending")
    if now is column.sort:
        return ColumnHead(column, question.with_values(sort=None), "ascending" if now is Sort.OLDEST else "descending")
    return ColumnHead(column, question.with_values(sort=None if column.sort is Sort.OLDEST else column.sort.value))


def columns_of(page: PageRequest, items: Items) -> tuple[ListColumn, ...]:
    """The columns of a list: those of the address, else those that the browser kept, else the usual ones."""
    listed = next((value for name, value in items if name == CHOICE), "")
    return chosen(listed) if listed else kept(page.request.cookies.get(CHOICE, "").replace("~", ","))
