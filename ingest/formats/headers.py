"""Headers of a message as log lines quote them."""

from __future__ import annotations

import re
from email.errors import MessageError
from email.header import decode_header, make_header
from email.utils import parseaddr

from mappings.address import normalise

#: What an encoded word can hide: line ends, NUL, and halves of characters, which no store takes.
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def header_text(value: str) -> str:
    """A header's value with its RFC 2047 words decoded; as it is where they are damaged (Postfix cuts long headers)."""
    if "=?" not in value:
        return value
    try:
        decoded = str(make_header(decode_header(value.replace("?=? =?", "?= =?"))))
    except (MessageError, UnicodeError, LookupError, ValueError):
        return value
    return _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", decoded)


def header_address(value: str) -> str | None:
    """The address in a From header."""
    address = parseaddr(value)[1]
    return normalise(address) if address else None
