r"""Bytes that a program writes as octal escapes, `\303\274` for `ü`."""

from __future__ import annotations

import re

_OCTAL = re.compile(r"(?:\\[0-3][0-7]{2})+")


def plain(text: str) -> str:
    r"""The text with bytes that stand as octal escapes (`\303\274`) read as UTF-8, and as they are where they are none."""
    return _OCTAL.sub(bytes_in, text) if "\\" in text else text


def bytes_in(found: re.Match[str]) -> str:
    """A run of octal escapes as text; as it is where it is none, or not to be shown."""
    raw = bytes(int(digits, 8) for digits in found[0].split("\\")[1:])
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return found[0]
    return text if text.isprintable() else found[0]
