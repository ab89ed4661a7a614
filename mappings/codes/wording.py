"""Words that a reply holds: plain text with gaps, looked for in linear time whatever strangers write."""

from __future__ import annotations

#: Stands for whatever a reply has at this place.
GAP = "…"


def parts_of(words: str) -> tuple[str, ...]:
    """The pieces of text between the gaps."""
    return tuple(words.split(GAP))


def in_order(parts: tuple[str, ...], text: str) -> bool:
    """Whether the pieces follow one another in a simplified text."""
    at = 0
    for part in parts:
        at = text.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True
