"""The shape of a reply: its text without what differs from message to message, so that equal causes can be counted.

Addresses, ids, numbers, hosts and links are replaced by what they are. Words stay, so that two causes stay two.
"""

from __future__ import annotations

import re
from functools import lru_cache

#: A shape is read by people, and counted.
LONGEST = 200
_PARTS = re.compile(
    r"(?P<link>\bhttps?://[^\s<>\"')]+)"
    r"|(?P<address><[^<>\s]*@[^<>\s]*>|[^\s<>()\[\]\"',;:]+@[^\s<>()\[\]\"',;:]+)"
    r"|(?P<time>\b\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?Z?)?\b|\b\d{1,2}:\d\d:\d\d\b)"
    r"|(?P<ip>(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*\w)|(?<![\w:])(?:[0-9A-Fa-f]{1,4}:){2,7}[0-9A-Fa-f:]*[0-9A-Fa-f](?!\w))"
    # A status code is said in the reply again, and no number.
    r"|(?P<code>(?<![\w.])[245]\.\d{1,3}\.\d{1,3}(?![\w.]*\w))"
    r"|(?P<host>(?<![\w.-])(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}(?![\w-]))"
    r"|(?P<id>(?<![\w-])(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Za-z])[\w+/=-]{8,}(?![\w-]))"
    r"|(?P<number>(?<![\w.])\d+(?:[.,]\d+)*(?!\w))",
    re.ASCII,
)
_KEPT = "code"
#: What a part has that differs. Most words have none of it, and need not be looked at letter by letter.
_TELLING = re.compile(r"[0-9@./]")


def shape_of(text: str) -> str | None:
    """The shape of a reply's text; None where nothing is left of it."""
    words = text[: 4 * LONGEST].split()
    shape = " ".join([_shape_of_word(word) if _TELLING.search(word) else word for word in words])
    # A day and its time are one.
    return shape.replace("<time> <time>", "<time>")[:LONGEST] or None


@lru_cache(maxsize=4096)
def _shape_of_word(word: str) -> str:
    """A word, with what differs in it replaced; servers say the same words again and again."""
    return _PARTS.sub(_instead, word)


def _instead(found: re.Match[str]) -> str:
    """What stands for a part."""
    return found[0] if found.lastgroup == _KEPT else f"<{found.lastgroup}>"
