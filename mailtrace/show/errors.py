"""Error codes in the terminal: the list of the most common ones, and what there is to say about one."""

from __future__ import annotations

from collections.abc import Sequence

from mailtrace.amounts import counted
from mailtrace.show.layout import GAP, Column, fit
from mailtrace.show.screen import Screen
from search.error_answer import ErrorAnswer

_MOST_ENTRIES = 12


def show_error_list(screen: Screen, errors: Sequence[ErrorAnswer]) -> None:
    """Show the list: code, what it means, whose move it is, and how often it was seen where that was counted."""
    seen = any(one.seen is not None for one in errors)
    columns = [Column("Code"), Column("Meaning", 20), Column("Whose move"), *([Column("Seen")] if seen else [])]
    rows = [[codes(one), one.meaning, one.move.value.replace("_", " "), *([f"{one.seen or 0:,}"] if seen else [])] for one in errors]
    title, *table = fit(columns, rows, screen.width)
    screen.line(GAP.join(title).rstrip(), "bold")
    for row in table:
        screen.line(GAP.join(row).rstrip())
    screen.line()
    screen.line("One explained: mailtrace errors CODE. Messages that ended so: mailtrace search --code CODE.", "dim")


def show_explained(screen: Screen, errors: Sequence[ErrorAnswer]) -> None:
    """Show everything that is known about a code, which may stand for several errors."""
    for number, one in enumerate(errors[:_MOST_ENTRIES]):
        if number:
            screen.line()
        screen.line(codes(one) or "Without code", "bold")
        told = [
            ("Meaning", one.meaning),
            ("Reason", f"{one.reason.value}: {one.reason.sentence}"),
            ("Whose move", one.move_sentence),
            ("Next step", one.next_step),
            ("For the customer", one.customer_text),
            ("Seen", counted(one.seen, "trace") if one.seen is not None else ""),
        ]
        for name, text in told:
            if text:
                screen.paragraph(f"{name}: {text}", "  ")
    if len(errors) > _MOST_ENTRIES:
        screen.line()
        screen.line(f"{counted(len(errors) - _MOST_ENTRIES, 'more error')} of this class; ask for one, such as {codes(errors[-1])}.")


def codes(one: ErrorAnswer) -> str:
    """Write both codes of an error."""
    return " ".join(str(part) for part in (one.code, one.enhanced) if part is not None)
