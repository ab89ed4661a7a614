"""The list of columns as it is chosen: each with its links to the left, to the right and away, and what can be added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from search.http.pages.columns import CHOICE, USUAL, ListColumn, in_address, others
from search.http.pages.question import Items, Question
from search.scope import Scope


@dataclass(frozen=True, slots=True)
class ColumnEntry:
    """A column that is shown: the addresses that move it and take it away; empty where that cannot be."""

    column: ListColumn
    left: str
    right: str
    gone: str


@dataclass(frozen=True, slots=True)
class Chooser:
    """Everything about the choice of columns."""

    entries: tuple[ColumnEntry, ...]
    others: tuple[ListColumn, ...]
    #: The address with the usual ones.
    usual: str
    #: What the form sends along.
    kept: Items
    #: The choice, as a browser keeps it.
    value: str


def chooser_of(question: Question, columns: Sequence[ListColumn], scope: Scope) -> Chooser:
    """The choice of the columns of a question."""

    def address(changed: Sequence[ListColumn]) -> str:
        return question.with_values(**{CHOICE: in_address(changed)})

    def moved(number: int, to: int) -> str:
        if not 0 <= to < len(columns):
            return ""
        order = [one for at, one in enumerate(columns) if at != number]
        return address([*order[:to], columns[number], *order[to:]])

    entries = tuple(
        ColumnEntry(one, moved(at, at - 1), moved(at, at + 1), address([*columns[:at], *columns[at + 1 :]]) if len(columns) > 1 else "")
        for at, one in enumerate(columns)
    )
    return Chooser(entries, tuple(others(columns, scope)), address(USUAL), question.items, in_address(columns))
