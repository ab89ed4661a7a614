"""The tag of a line of syslog in its parts."""

from __future__ import annotations

import re
from typing import NamedTuple

_MAX_PID_DIGITS = 10
#: Of so many tags what is known of each is kept; a file has few.
MAX_TAGS = 4096
_MAX_TAG = 256

#: `postfix/smtpd[558]: `.
TAG = r"[A-Za-z][A-Za-z0-9_./@-]{0,100}\[\d{1,10}\]: "
#: `dovecot: `, a tag that names no process.
NAME = r"[a-z][A-Za-z0-9_/.-]{0,100}: "
TAGGED = re.compile(TAG, re.ASCII)
NAMED = re.compile(NAME, re.ASCII)


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


class Tags(dict[str, TagParts]):
    """The tags of a file's lines by their words, as most come again; `read` keeps those that it has not seen before."""

    def read(self, token: str) -> TagParts | None:
        """The parts of `tag[pid]:`, or None where the token is no tag."""
        if not token.endswith(":") or len(token) < 2:
            return None
        tag = tag_of(token[:-1])
        if len(token) <= _MAX_TAG:
            if len(self) >= MAX_TAGS:
                self.clear()
            self[token] = tag
        return tag
