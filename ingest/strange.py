"""Lines of programs that are read, behind a header that is not known: they are named, so that nobody takes them for no mail log."""

from __future__ import annotations

import re

from ingest.formats import format_of
from ingest.summary import StrangeHeader

#: So far into a line a header reaches at most.
_REACH = 300
_SHOWN = 200
_TAG = re.compile(r"(?<![\w./@-])([A-Za-z][\w.-]{0,60}(?:/[\w.-]{1,60}){0,3})(?:\[\d{1,10}\])?: ", re.ASCII)


def strange(text: str) -> StrangeHeader | None:
    """The header of a line that could not be read, where a program that is read wrote what follows; None where none did."""
    for found in _TAG.finditer(text[:_REACH]):
        tag = found[1]
        if format_of(tag, tag.rpartition("/")[2]) is not None:
            return StrangeHeader(text[: found.start()], tag, text[:_SHOWN])
    return None
