"""Times and sizes as people write them: `90d`, `12h`, `20GB`; and how numbers are shown to them."""

from __future__ import annotations

import re

import msgspec

from mailtrace.problems import WrongUsage

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}
_BYTES = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
_AMOUNT = re.compile(r"(\d{1,9}(?:\.\d{1,3})?) ?([A-Za-z]{1,3})")


class Keep(msgspec.Struct, frozen=True):
    """How long, or how much, is kept: one of the two, or neither (everything)."""

    seconds: int | None = None
    bytes: int | None = None


def parse_keep(text: str) -> Keep:
    """Read a retention: `90d`, `12w`, `20GB`, or `forever`."""
    if text == "forever":
        return Keep()
    match = _AMOUNT.fullmatch(text.strip())
    if match:
        number, unit = float(match[1]), match[2]
        if unit in _SECONDS and number > 0:
            return Keep(seconds=int(number * _SECONDS[unit]))
        if unit.upper() in _BYTES and number > 0:
            return Keep(bytes=int(number * _BYTES[unit.upper()]))
    raise WrongUsage(f"cannot keep {text!r}: say how long (90d, 12w, 24h), how much (20GB, 500MB), or forever")


def shown_bytes(number: float) -> str:
    """A size for people: `1.4 MB`."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if number >= factor:
            return f"{number / factor:.1f} {unit}"
    return f"{int(number)} bytes"


def counted(number: int, one: str, many: str = "") -> str:
    """A number with its noun: `1 trace`, `1,204 traces`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
