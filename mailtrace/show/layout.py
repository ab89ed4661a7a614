"""Columns that fit the width of a terminal: plain text in, plain cells out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

GAP = "  "
_CUT = "…"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its title, and the least width it may be cut to; 0 is never cut."""

    title: str
    least: int = 0


def cut(text: str, width: int) -> str:
    """Cut a text to a number of terminal cells, with an ellipsis where something is missing."""
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + _CUT


def fit(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> list[list[str]]:
    """Lay out a table, its titles first: every cell cut and padded to its column; None is any width."""
    widths = [max([cell_len(column.title), *(cell_len(row[i]) for row in rows)]) for i, column in enumerate(columns)]
    least = [min(wide, column.least or wide) for wide, column in zip(widths, columns, strict=True)]
    # The widest gives way first, a cell at a time, so that a long address does not cost a short one anything.
    while width is not None and sum(widths) + len(GAP) * (len(widths) - 1) > width:
        give = [i for i in range(len(widths)) if widths[i] > least[i]]
        if not give:
            break
        widths[max(give, key=widths.__getitem__)] -= 1
    table = [[column.title for column in columns], *rows]
    return [[set_cell_size(cut(cell, wide), wide) for cell, wide in zip(row, widths, strict=True)] for row in table]
