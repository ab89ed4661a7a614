"""What a part of the store that is missing or damaged means for an answer, in a sentence."""

from __future__ import annotations

from mappings.embedded.catalog import END_OF_TIME, NAME, Gap
from search.times import utc_words


def lacking_sentence(gap: Gap, *, whole: bool) -> str:
    """Say which mail an answer lacks; to who sees the `whole` store also which file it was, and what to do."""
    if gap.file == NAME:
        told = "The list of the store's files cannot be read, so mail may be lacking."
        return f"{told} {gap.file} {gap.why}; the next `mailtrace ingest` or `run` makes it anew." if whole else told
    told = f"Mail from {utc_words(gap.lower_ms)} {_until(gap.upper_ms)} is lacking: its part of the store cannot be read."
    return f"{told} {gap.file} {gap.why}; `mailtrace doctor` says what to do." if whole else told


def _until(upper_ms: int) -> str:
    """The end of a range."""
    return "on" if upper_ms >= END_OF_TIME else f"to {utc_words(upper_ms)}"
