"""The terminal: how wide it is, whether it takes colours, and how text gets onto it."""

from __future__ import annotations

import os
from typing import TextIO

from rich.console import Console
from rich.text import Text

from mappings.vocabulary import Disposition, Verdict
from search.safe import safe

#: Colours say how much attention a word needs, never anything that the word itself does not say.
_STYLES = {
    Disposition.DELIVERED: "green",
    Disposition.RELEASED: "green",
    Disposition.EXPANDED: "green",
    Disposition.IN_PROGRESS: "cyan",
    Disposition.DEFERRED: "yellow",
    Disposition.TEMPFAILED: "yellow",
    Disposition.HELD: "yellow",
    Disposition.QUARANTINED: "magenta",
    Disposition.BOUNCED: "red",
    Disposition.EXPIRED: "red",
    Disposition.REJECTED: "red",
}


def style_of(disposition: Disposition) -> str:
    """Choose the colour of a disposition."""
    return _STYLES.get(disposition, "")


def is_clean(disposition: Disposition, verdict: Verdict) -> bool:
    """Whether the filter found nothing and nothing kept it."""
    return verdict is Verdict.CLEAN and disposition in (Disposition.DELIVERED, Disposition.EXPANDED, Disposition.IN_PROGRESS)


class PipeConsole(Console):
    """A console that lets a closed pipe be seen: what it means for the exit code is decided in one place."""

    def on_broken_pipe(self) -> None:
        """Raise the error that is being handled once more."""
        raise BrokenPipeError


class Screen:
    """Writes lines of text to a stream; colours, and cutting to a width, only where it is a terminal."""

    def __init__(self, stream: TextIO) -> None:
        """Look at the stream; `NO_COLOR` and `COLUMNS` count as they do everywhere."""
        self.terminal = stream.isatty()
        self._console = PipeConsole(
            file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True, force_terminal=self.terminal, legacy_windows=False
        )
        told = os.environ.get("COLUMNS", "")
        self.width: int | None = int(told) if told.isdecimal() and int(told) else self._console.width if self.terminal else None

    def line(self, text: str = "", style: str = "") -> None:
        """Write a line; characters that a terminal would obey are made visible."""
        self._console.print(Text(safe(text), style=style), soft_wrap=True)

    def styled(self, *parts: tuple[str, str]) -> None:
        """Write a line of parts, each with its colour."""
        self._console.print(Text.assemble(*((safe(text), style) for text, style in parts)), soft_wrap=True)

    def paragraph(self, text: str, indent: str = "", style: str = "") -> None:
        """Write text broken to the width, indented; not broken where there is no width to keep to."""
        if self.width is None:
            self.line(indent + text, style)
            return
        room = max(self.width - len(indent), 20)
        for piece in Text(safe(text), style=style).wrap(self._console, room):
            piece.rstrip()
            self._console.print(Text(indent) + piece, soft_wrap=True)
