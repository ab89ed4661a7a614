"""The page `docs/errors.md`: every code that is known, from the tables. `python -m mappings.codes.page > docs/errors.md`."""

from __future__ import annotations

import sys

from mappings.codes.basic import BASIC
from mappings.codes.enhanced import ENHANCED
from mappings.codes.entry import Entry, Move
from mappings.codes.find import basic_entry, enhanced_entry, entries
from mappings.vocabulary import Reason

_HEAD = """# Errors

What mail servers answer, what it means, whose move it is, and what to tell the customer. `mailtrace errors 550`, `mailtrace errors 5.1.1`
and `mailtrace errors "550 5.1.1"` show the same in the terminal.

This page is made from the tables in `mappings/codes` (`python -m mappings.codes.page > docs/errors.md`); a test compares.

A code that begins with 4 means: for now; the sending server tries again by itself. One that begins with 5 means: for good.
Providers use the codes freely, so where the text of a reply clearly says something else (a block list, a full mailbox,
greylisting), the text is believed; where it says nothing, the code is.
"""


def errors_page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_moves(), *_common(), *_reasons(), *_basic(), *_enhanced()]) + "\n"


def _moves() -> list[str]:
    """Who may have to act."""
    return ["## Whose move it is", "", "| Word | Who |", "|---|---|", *(f"| `{move}` | {move.sentence} |" for move in Move), ""]


def _common() -> list[str]:
    """The most common errors, each with everything that is known."""
    lines = ["## The most common errors", ""]
    for entry in entries():
        lines += [f"### {entry.code} {entry.enhanced}", "", entry.meaning, "", *_details(entry), ""]
    return lines


def _details(entry: Entry) -> list[str]:
    """What to do about an error, and what to say."""
    return [
        f"- Reason: `{entry.reason}`",
        f"- Move: `{entry.move}`",
        f"- Next step: {entry.next_step}",
        f'- To the customer: "{entry.customer_text}"',
    ]


def _reasons() -> list[str]:
    """The closed list of reasons."""
    return ["## Reasons", "", "| Word | Meaning |", "|---|---|", *(f"| `{reason}` | {reason.sentence} |" for reason in Reason), ""]


def _basic() -> list[str]:
    """All basic codes."""
    lines = ["## Basic reply codes", "", "| Code | Meaning | Move | Next step |", "|---|---|---|---|"]
    for entry in map(basic_entry, BASIC):
        act = ("", "") if (entry.code or 0) < 400 else (f"`{entry.move}`", entry.next_step)
        lines.append(f"| {entry.code} | {entry.meaning} | {act[0]} | {act[1]} |")
    return [*lines, ""]


def _enhanced() -> list[str]:
    """All registered enhanced codes, without their class."""
    lines = ["## Enhanced status codes", "", "X is 2 (done), 4 (for now) or 5 (for good); the classes that make sense are named.", ""]
    lines += ["| Code | Classes | Meaning | Reason | Move | Next step |", "|---|---|---|---|---|---|"]
    for (subject, detail), status in ENHANCED.items():
        kind = status.classes[-1]
        entry = enhanced_entry(f"{kind}.{subject}.{detail}")
        classes = ", ".join(str(one) for one in status.classes)
        act = ("", "", "") if kind == 2 else (f"`{entry.reason}`", f"`{entry.move}`", entry.next_step)
        lines.append(f"| X.{subject}.{detail} | {classes} | {status.meaning} | {act[0]} | {act[1]} | {act[2]} |")
    return lines


if __name__ == "__main__":
    sys.stdout.write(errors_page())
