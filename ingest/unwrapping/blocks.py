"""Entries that stand in several lines of a file: joined to one line before anything else is asked of them.

Source: https://systemd.io/JOURNAL_EXPORT_FORMATS/ and the manual of `journalctl`; other tools print JSON over several lines too.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Protocol

from ingest.framing.stamps import iso_stamp
from ingest.unwrapping.headers import full
from ingest.unwrapping.stamped import moment_of

#: An entry longer than this is none.
_LONGEST = 1 << 20
_LENGTH = 8

_EXPORTED = re.compile(r"__(?:CURSOR|REALTIME_TIMESTAMP)=")
_VERBOSE = re.compile(r"[^\W\d_]{1,8}\.? \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} \S{1,10} \[s=[0-9a-f]{32};")
_FIELD = re.compile(r" {4}([A-Z0-9_]{1,64})=(.*)", re.DOTALL)
_NUMBER = re.compile(r"t=([0-9a-f]{1,16})(?:;|\])")
_TIME = "__REALTIME_TIMESTAMP"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: Zones lie apart by this.
_ZONES_US = 900 * 1_000_000


class Block(Protocol):
    """An entry while its lines are read."""

    def add(self, text: str) -> bool:
        """Take the next line; False where it is none of this entry, which has ended before it."""
        ...

    @property
    def whole(self) -> bool:
        """Whether it has ended, so that the next line begins something else."""
        ...

    def line(self) -> str | None:
        """It as one line; None where it says nothing."""
        ...


class Pretty:
    """A record of JSON over several lines, from `{` to `}`."""

    def __init__(self) -> None:
        self._lines = ["{"]
        self._size = 0
        self.whole = False

    def add(self, text: str) -> bool:
        """Take the next line."""
        self.whole = text.rstrip() in {"}", "},"}
        self._size += len(text)
        if self._size > _LONGEST:
            return False
        self._lines.append("}" if self.whole else text)
        return True

    def line(self) -> str | None:
        """The record in one line."""
        return "".join(self._lines) if self.whole else None


class Exported:
    """`NAME=value` in each line up to an empty one; a value of several lines stands behind its name and length."""

    def __init__(self, first: str) -> None:
        self._fields: dict[str, str] = {}
        self._binary: tuple[str, bytes] | None = None
        self._size = 0
        self.whole = False
        self.add(first)

    def add(self, text: str) -> bool:
        """Take the next line."""
        self._size += len(text)
        if self._size > _LONGEST:
            return False
        if self._binary is not None:
            name, data = self._binary
            data += text.encode("utf-8", "surrogateescape") + b"\n"
            length = int.from_bytes(data[:_LENGTH], "little")
            self._binary = (name, data)
            if len(data) > _LENGTH + length:
                self._fields.setdefault(name, data[_LENGTH : _LENGTH + length].decode("utf-8", "surrogateescape"))
                self._binary = None
            return True
        name, sign, value = text.partition("=")
        if sign:
            self._fields.setdefault(name, value)
        elif text:
            self._binary = (text, b"")
        else:
            self.whole = True
        return True

    def line(self) -> str | None:
        """The entry as a line of syslog."""
        return _entry(self._fields)


class Verbose:
    """A header with the cursor, and all fields below it, indented."""

    def __init__(self, first: str) -> None:
        self._fields = {_TIME: _shown(first)}
        self._last = ""
        self.whole = False

    def add(self, text: str) -> bool:
        """Take the next line."""
        field = _FIELD.match(text)
        if field is not None:
            self._last = field[1]
            self._fields.setdefault(field[1], field[2])
        elif text.startswith("     ") and len(self._fields.get(self._last, "")) < _LONGEST:
            self._fields[self._last] = f"{self._fields.get(self._last, '')}\n{text.lstrip()}"
        else:
            return False
        return True

    def line(self) -> str | None:
        """The entry as a line of syslog."""
        return _entry(self._fields)


def begun(text: str) -> Block | None:
    """The entry that begins with a line, where one of several lines does."""
    if text.rstrip() in {"{", "[{", ",{"}:
        return Pretty()
    if text.startswith("__") and _EXPORTED.match(text) is not None:
        return Exported(text)
    if "[s=" in text and _VERBOSE.match(text) is not None:
        return Verbose(text)
    return None


def _shown(header: str) -> str:
    """The time of an entry: its header has it as a number in the cursor, and in words, whose zone may be one that nobody knows."""
    words = (full(header) or "").partition(" ")[0]
    stamp, number = iso_stamp(words), _NUMBER.search(header)
    if stamp is None or number is None:
        return words
    wall = datetime(stamp.year or 1, stamp.month, stamp.day, stamp.hour, stamp.minute, stamp.second, stamp.microsecond, tzinfo=UTC)
    micros = int(number[1], 16)
    return str(micros) if (micros - (wall - _EPOCH) // _MICROSECOND) % _ZONES_US == 0 else words


def _entry(fields: dict[str, str]) -> str | None:
    """An entry of the journal as a line of syslog."""
    moment, message = moment_of(fields.get(_TIME, "")), fields.get("MESSAGE")
    if moment is None or message is None:
        return None
    tag = fields.get("SYSLOG_IDENTIFIER") or fields.get("_COMM") or ""
    pid = fields.get("SYSLOG_PID") or fields.get("_PID") or ""
    host = fields.get("_HOSTNAME", "-")
    return f"{moment} {host} {tag}[{pid}]: {message}" if pid else f"{moment} {host} {tag}: {message}"
