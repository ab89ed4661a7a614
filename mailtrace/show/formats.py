"""The programs whose logs are read, in the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from ingest.formats import Format
from mailtrace.show.screen import Screen


def show_formats(screen: Screen, known: Iterable[Format]) -> None:
    """Show each with its releases and a line."""
    for one in known:
        helps = " (known; the mail server's lines say the same)" if one.helper else ""
        screen.styled((one.title, "bold"), (f"  {one.versions}", ""), (f"  --format {one.name}{helps}", "dim"))
        screen.paragraph(one.example, "  | ", "dim")
    screen.line()
    screen.line("Through syslog in any form (RFC 3164, RFC 3339 stamps, RFC 5424), from journald, or in the program's own file;")
    screen.line("also as containers, collectors and searches hand lines on.")
