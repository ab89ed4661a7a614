r"""Text of strangers as a page shows it: escaped by the templates, and here cut, and freed of what would not be seen for what it is.

Control and direction marks are drawn as a small box with their number, bytes that are no text as `\xNN`. What is drawn as a box in the
page stands in brackets in a `title`, a label or a page's title, which take plain text only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Final

from markupsafe import Markup

#: A longer value is cut; what is left out is counted, and linked as plain text.
LONGEST: Final = 2_000
#: The same in a list, where the report has more of it; the longest address has 320 characters.
LONGEST_IN_LIST: Final = 400
#: C0 and C1 controls, zero-width and direction marks, line and paragraph separators, tags, lone surrogates.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
#: A line may end before an `@` and behind these.
_BREAK: Final = "<wbr>"
_BREAKS = re.compile(r"(?<=[.+=\-_])(?=.)|(?<=.)(?=@)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a value: plain text, or the name of a character that is drawn as a box."""

    text: str
    boxed: bool = False
    #: Whether a line may end behind it.
    breaks: bool = False


def pieces(value: str, *, breaking: bool = False, longest: int = LONGEST) -> list[Piece]:
    """The parts of a value in their order, at most so many characters of it; `breaking` where lines may end as in an address."""
    found: list[Piece] = []
    for text, boxed in _parts(value[:longest]):
        if boxed or not breaking:
            found.append(Piece(text, boxed))
            continue
        *front, last = _BREAKS.split(text)
        found += [Piece(one, breaks=True) for one in front]
        found.append(Piece(last))
    return found


def shown(value: str, breaking: bool = False, longest: int = LONGEST) -> Markup:
    """A value as it stands in a page, set apart from what is around it."""
    return _shown(value[:longest], breaking)


@lru_cache(maxsize=8_192)
def _shown(value: str, breaking: bool) -> Markup:
    """The same, remembered: in a list the same values come again and again."""
    parts = [
        f'<span class="boxed">{escape(one.text)}</span>' if one.boxed else f"{escape(one.text)}{_BREAK if one.breaks else ''}"
        for one in pieces(value, breaking=breaking)
    ]
    return Markup(f"<bdi>{''.join(parts)}</bdi>")  # noqa: S704 - of what is escaped


def left_out(value: str, longest: int = LONGEST) -> int:
    """How many characters of a value are not shown."""
    return max(len(value) - longest, 0)


def plain(value: str, *, longest: int = LONGEST) -> str:
    """The same value for a place that takes plain text only."""
    if len(value) <= longest and _HIDDEN.search(value) is None:
        return value
    text = "".join(f"[{text}]" if boxed else text for text, boxed in _parts(value[:longest]))
    return text if len(value) <= longest else f"{text}… {len(value) - longest:,} more characters"


def _parts(value: str) -> Iterator[tuple[str, bool]]:
    """Runs of plain text, and the names of what is not plain."""
    at = 0
    for found in _HIDDEN.finditer(value):
        if found.start() > at:
            yield value[at : found.start()], False
        code = ord(found[0])
        # A byte that was no UTF-8 is kept as a lone surrogate of this range.
        yield (f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"U+{code:04X}"), True
        at = found.end()
    if at < len(value):
        yield value[at:], False
