"""The terminal: how wide it is, whether it takes colours, and how text gets onto it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TextIO

from mappings.vocabulary import Disposition, Verdict
from search.safe import safe

if TYPE_CHECKING:
    from mailtrace.show.console import Coloured

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


class Screen:
    """Writes lines of text to a stream; colours, and cutting to a width, only where it is a terminal."""

    def __init__(self, stream: TextIO) -> None:
        """Look at the stream; `NO_COLOR` and `COLUMNS` count as they do everywhere."""
        self.terminal = stream.isatty()
        self._stream = stream
        told = os.environ.get("COLUMNS", "")
        self.width: int | None = int(told) if told.isdecimal() and int(told) else None
        self._shown: Coloured | None = None
        if self.terminal or self.width is not None:
            from mailtrace.show.console import Coloured  # noqa: PLC0415 - what goes into a pipe as it is needs none of it

            self._shown = Coloured(stream, terminal=self.terminal)
            self.width = self.width or self._shown.width

    def line(self, text: str = "", style: str = "") -> None:
        """Write a line; characters that a terminal would obey are made visible."""
        self.styled((text, style))

    def styled(self, *parts: tuple[str, str]) -> None:
        """Write a line of parts, each with its colour."""
        seen = [(safe(text), style) for text, style in parts]
        if self._shown is not None:
            self._shown.line(seen)
            return
        self._stream.write("".join(text for text, _ in seen) + "\n")
        # Whoever waits for a line gets it, and a pipe that nobody reads any more is noticed here.
        self._stream.flush()

    def paragraph(self, text: str, indent: str = "", style: str = "") -> None:
        """Write text broken to the width, indented; not broken where there is no width to keep to."""
        if self._shown is None or self.width is None:
            self.line(indent + text, style)
        else:
            self._shown.paragraph(safe(text), indent, style, self.width)
