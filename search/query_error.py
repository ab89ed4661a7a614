"""A bad question, in one clear sentence."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from mappings.faults import MailTraceError


class QueryError(MailTraceError, ValueError):
    """What is wrong with a question: the field, where in its value, and what would be right."""

    def __init__(self, message: str, *, field: str | None = None, position: int | None = None, hint: str | None = None) -> None:
        self.message = message
        self.field = field
        self.position = position
        self.hint = hint
        super().__init__(self.sentence)

    @property
    def sentence(self) -> str:
        """The whole in one sentence: field, what is wrong, where, and the hint."""
        where = f"{self.field}: " if self.field else ""
        at = f" (at character {self.position + 1})" if self.position else ""
        return f"{where}{self.message}{at}{f'; {self.hint}' if self.hint else ''}"


def nearest(word: str, words: Iterable[str]) -> str | None:
    """A hint that names the nearest of these words, where one is near."""
    close = difflib.get_close_matches(word.lower().replace("-", "_"), list(words), n=1, cutoff=0.6)
    return f"did you mean “{close[0]}”?" if close else None
