"""The id of a trace: 48 bits of milliseconds, then 80 bits of a hash; 26 characters of Crockford's base32.

Never random and never from the time of reading, so a line that is read again makes the same id. It sorts in time, so it is
the cursor of a search as well.
"""

from __future__ import annotations

import re
from hashlib import blake2b

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
#: Two characters for each ten bits, and the digits as `int` reads base 32.
_PAIRS = [left + right for left in _ALPHABET for right in _ALPHABET]
_DIGITS = str.maketrans(_ALPHABET, "0123456789abcdefghijklmnopqrstuv")
_ID = re.compile(rf"[0-7][{_ALPHABET}]{{25}}", re.ASCII)


def trace_id(time_ms: int, log_domain: str, first: str, named: str, final: str) -> str:
    """Id of the trace first seen at `time_ms`, of the message whose first hop is `first` (a key), for one recipient."""
    parts = f"{log_domain}\x1f{first}\x1f{named}\x1f{final}".encode("utf-8", "surrogateescape")
    tail = int.from_bytes(blake2b(parts, digest_size=10).digest(), "big")
    return encode((max(time_ms, 0) & 0xFFFF_FFFF_FFFF) << 80 | tail)


def encode(number: int) -> str:
    """128 bits as 26 characters."""
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


def to_bytes(trace: str) -> bytes:
    """The id as 16 bytes, in the same order; raises `ValueError` where it is not an id."""
    if _ID.fullmatch(trace) is None:
        raise ValueError("an id has 26 characters of 0-9 and a-z without i, l, o and u, and begins with 0 to 7")
    return int(trace.translate(_DIGITS), 32).to_bytes(16, "big")


def from_bytes(value: bytes) -> str:
    """The id of these 16 bytes."""
    return encode(int.from_bytes(value, "big"))


def time_ms_in(key: bytes) -> int:
    """The time in the bytes of an id, in milliseconds since 1970 UTC."""
    return int.from_bytes(key[:6], "big")


def time_ms_of(trace: str) -> int:
    """The time of first sight that the id holds."""
    return time_ms_in(to_bytes(trace))


def smallest(time_ms: int) -> str:
    """The smallest id of a time: the bound of a time range."""
    return encode((max(time_ms, 0) & 0xFFFF_FFFF_FFFF) << 80)
