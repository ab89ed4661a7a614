"""A bad question, in one clear sentence for each thing that is wrong with it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from mappings.faults import MailTraceError


class QueryError(MailTraceError, ValueError):
    """What is wrong with a question: the field, where in its value, and what would be right; `others` has what else is wrong."""

    def __init__(
        self,
        message: str,
        *,
        field: str | None = None,
        position: int | None = None,
        hint: str | None = None,
        kind: str = "bad-value",
        others: Sequence[QueryError] = (),
    ) -> None:
        self.message = message
        self.field = field
        self.position = position
        self.hint = hint
        #: For programs: `bad-value`, `bad-time`, `bad-query`, `unknown-parameter` or `repeated`.
        self.kind = kind
        self.others = tuple(others)
        super().__init__(" ".join(one.sentence for one in self.each))

    @property
    def each(self) -> tuple[QueryError, ...]:
        """Everything that is wrong."""
        return (self, *self.others)

    @property
    def sentence(self) -> str:
        """The whole in one sentence: field, what is wrong, where, and the hint."""
        where = f"{self.field}: " if self.field else ""
        at = f" (at character {self.position + 1})" if self.position else ""
        return f"{where}{self.message}{at}{f'; {self.hint}' if self.hint else ''}"


class Flaws:
    """What is found wrong, gathered, so that it is told at once."""

    def __init__(self) -> None:
        self._found: list[QueryError] = []

    @contextmanager
    def gathered(self) -> Iterator[None]:
        """What is raised inside is kept for later."""
        try:
            yield
        except QueryError as error:
            self._found += error.each

    def add(self, *errors: QueryError) -> None:
        """Something that is wrong."""
        self._found += errors

    def tell(self) -> None:
        """Raise what was found, each flaw once; nothing where nothing is wrong."""
        found = list({(one.field, one.message): one for one in self._found}.values())
        if found:
            first, *others = found
            raise QueryError(
                first.message, field=first.field, position=first.position, hint=first.hint, kind=first.kind, others=others
            ) from None


def nearest(word: str, words: Iterable[str]) -> str | None:
    """A hint that names the nearest of these words, where one is near."""
    close = difflib.get_close_matches(word.lower().replace("-", "_"), list(words), n=1, cutoff=0.6)
    return f"did you mean “{close[0]}”?" if close else None
