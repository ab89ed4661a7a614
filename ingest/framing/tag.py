"""The tag of a line of syslog in its parts."""

from __future__ import annotations

from typing import NamedTuple

_MAX_PID_DIGITS = 10


class TagParts(NamedTuple):
    """The tag without its process, its last part, and the process; 0 where none is named."""

    tag: str
    program: str
    pid: int


NO_TAG = TagParts("", "", 0)


def tag_of(text: str) -> TagParts:
    """`postfix/smtpd[325]` in its parts."""
    tag, pid = text, 0
    if text.endswith("]"):
        before, bracket, number = text[:-1].rpartition("[")
        if bracket and before:
            tag, pid = before, number_of(number)
    return TagParts(tag, tag.rpartition("/")[2] or tag, pid)


def number_of(text: str) -> int:
    """The number of a process; 0 where it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _MAX_PID_DIGITS else 0
