"""In which order rows come: by time, whole; or by a number, the first thousand."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from search.query_error import QueryError, nearest

#: So many rows are listed by a number: an order that no index keeps is made anew for each question.
MOST_RANKED: Final = 1_000


class Sort(StrEnum):
    """An order of rows; of two that are alike in a number the newer comes first, and what has no number comes last."""

    NEWEST = "newest"
    OLDEST = "oldest"
    SIZE = "size"
    DELAY = "delay"
    SCORE = "score"

    @property
    def field(self) -> str | None:
        """The field of numbers by which rows are ranked, the greatest first; None where they come by time."""
        return None if self in (Sort.NEWEST, Sort.OLDEST) else self.value

    @property
    def words(self) -> str:
        """The order in words."""
        return f"{self.value} first" if self.field is None else f"by {self.value}, the greatest first"


#: What the API and the options say of it.
SENTENCE: Final = (
    f"Order of the rows: {', '.join(Sort)}. By time they come to the end; by size, delay or score the greatest {MOST_RANKED:,} are listed."
)


def sort_of(word: str) -> Sort:
    """The order that a word names; raises `QueryError`."""
    try:
        return Sort(word.strip().lower())
    except ValueError:
        raise QueryError(
            f"rows cannot be sorted by “{word[:60]}”", field="sort", hint=nearest(word, Sort) or f"it is one of {', '.join(Sort)}"
        ) from None


def ranked_note(sort: Sort) -> str:
    """What to know where more fit than are listed."""
    return f"More than {MOST_RANKED:,} fit: sorted by {sort.value}, the first {MOST_RANKED:,} are listed. Narrow the question for others."
