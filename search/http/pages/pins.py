"""What a reader has pinned: parts of a question that each new search in his browser asks as well. A cookie keeps them."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Final

#: The name of the cookie, and of the field of the form.
PINS: Final = "pins"
#: So many are kept, and so long may one be: a cookie is sent with each request.
_MOST, _LONGEST = 8, 300


def pinned(cookie: str) -> tuple[str, ...]:
    """The parts that a cookie keeps; none where it is none of ours."""
    try:
        text = urlsafe_b64decode(cookie.encode("ascii")).decode("utf-8")
    except (UnicodeError, binascii.Error):
        return ()
    return tuple(filter(_can_be_kept, text.split("\n")))[:_MOST]


def turned(parts: Sequence[str], part: str) -> tuple[str, ...]:
    """The parts without this one where it is among them, else with it; the oldest goes where they are too many."""
    if part in parts:
        return tuple(one for one in parts if one != part)
    return (*parts, *filter(_can_be_kept, [part]))[-_MOST:]


def as_cookie(parts: Sequence[str]) -> str:
    """What a cookie keeps of these."""
    return urlsafe_b64encode("\n".join(parts).encode()).decode("ascii")


def _can_be_kept(part: str) -> bool:
    return bool(part) and part.isprintable() and len(part) <= _LONGEST
