"""What differs, in the terminal: a table, and the same as rows for CSV."""

from __future__ import annotations

from mailtrace.amounts import counted
from mailtrace.show.counts import value_in_words
from mailtrace.show.layout import GAP, Column, fit
from mailtrace.show.screen import Screen
from search.differing import Differences
from search.engines import Value

DIFFERING_COLUMNS = ("by", "value", "count", "share", "elsewhere", "share_elsewhere", "score", "query")


def show_differing(screen: Screen, found: Differences) -> None:
    """Show what differs, the most telling first."""
    of = f"{counted(found.total, 'trace')}, compared with {found.elsewhere:,} others."
    if not found.values:
        screen.line(f"Nothing differs. {of}")
        return
    columns = [Column("Field", 12), Column("Value", 20), Column("Here"), Column(""), Column("Elsewhere"), Column("")]
    rows = [
        [one.by, value_in_words(one.value), f"{one.count:,}", f"{one.share:.1%}", f"{one.elsewhere:,}", f"{one.share_elsewhere:.1%}"]
        for one in found.values
    ]
    title, *table = fit(columns, rows, screen.width)
    screen.line(GAP.join(title).rstrip(), "bold")
    for row in table:
        screen.line(GAP.join(row).rstrip())
    screen.line()
    screen.line(of)


def differing_rows(found: Differences) -> list[list[Value]]:
    """What differs as rows."""
    return [[getattr(one, name) for name in DIFFERING_COLUMNS] for one in found.values]
