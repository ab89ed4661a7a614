"""Text of strangers made safe to show: a log line can hold any byte, also those that a terminal or a spreadsheet obeys."""

from __future__ import annotations

import unicodedata

#: Cc control, Cf format (bidi marks, zero width), Cs surrogates (bytes that were no UTF-8), Co private, Cn unassigned,
#: Zl and Zp line and paragraph separators.
_HOSTILE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
#: With one of these as its first character a spreadsheet takes a cell for a formula (also behind blanks).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def safe(text: str) -> str:
    r"""Replace every character that a terminal could obey by its escape, such as `\x1b`; what is left is one line."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(character) if unicodedata.category(character) in _HOSTILE else character for character in text)


def csv_cell(text: str) -> str:
    """Keep a spreadsheet from taking a cell for a formula: a `'` in front of what begins like one."""
    return f"'{text}" if text.startswith(_FORMULA) or text.lstrip(" ").startswith(_FORMULA) else text


def printable_json(encoded: bytes) -> str:
    """JSON with DEL, the C1 controls and format characters escaped too, which JSON allows and a terminal obeys."""
    text = encoded.decode()
    if text.isascii() and "\x7f" not in text:
        return text
    return "".join(_json_escape(character) if not character.isprintable() and character != "\n" else character for character in text)


def _escape(character: str) -> str:
    r"""Write one character as `\xNN`, `\uNNNN` or `\UNNNNNNNN`; a byte that was no UTF-8 as that byte."""
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(character: str) -> str:
    r"""Write one character as JSON's `\uNNNN`, above U+FFFF as a pair of surrogates."""
    code = ord(character)
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
