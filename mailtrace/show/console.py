"""Text with colours, and broken to a width, for somebody who looks at it: what it needs takes longer to load than to find an answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.text import Text


class PipeConsole(Console):
    """A console that lets a closed pipe be seen: what it means for the exit code is decided in one place."""

    def on_broken_pipe(self) -> None:
        """Raise the error that is being handled once more."""
        raise BrokenPipeError


class Coloured:
    """Writes safe text; colours only where it is a terminal."""

    def __init__(self, stream: TextIO, *, terminal: bool) -> None:
        self._console = PipeConsole(
            file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True, force_terminal=terminal, legacy_windows=False
        )

    @property
    def width(self) -> int:
        """How many cells a line of the terminal has."""
        return self._console.width

    def line(self, parts: Iterable[tuple[str, str]]) -> None:
        """Write a line of parts, each with its colour."""
        self._console.print(Text.assemble(*parts), soft_wrap=True)

    def paragraph(self, text: str, indent: str, style: str, width: int) -> None:
        """Write text broken to a width, indented."""
        room = max(width - len(indent), 20)
        for piece in Text(text, style=style).wrap(self._console, room):
            piece.rstrip()
            self._console.print(Text(indent) + piece, soft_wrap=True)
