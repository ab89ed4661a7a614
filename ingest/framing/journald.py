"""An entry of `journalctl -o json`."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec


class _Fields(msgspec.Struct):
    """What is of use in an entry: each a string, a list of bytes or of strings, or null."""

    time: Any = msgspec.field(name="__REALTIME_TIMESTAMP", default=None)
    host: Any = msgspec.field(name="_HOSTNAME", default=None)
    identifier: Any = msgspec.field(name="SYSLOG_IDENTIFIER", default=None)
    pid: Any = msgspec.field(name="_PID", default=None)
    syslog_pid: Any = msgspec.field(name="SYSLOG_PID", default=None)
    message: Any = msgspec.field(name="MESSAGE", default=None)


_FIELDS = msgspec.json.Decoder(_Fields)


class JournalEntry(NamedTuple):
    """An entry as text; the time is in microseconds since 1970 UTC."""

    time_us: int
    host: str
    identifier: str
    #: As the program gave it to syslog, and as the system saw it.
    pids: tuple[str, str]
    message: str


def entry_of(text: str) -> JournalEntry | None:
    """The entry that a line holds; None where it is none."""
    try:
        fields = _FIELDS.decode(text.encode("utf-8", "surrogateescape"))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    stamp = _words(fields.time)
    if not stamp.isascii() or not stamp.isdecimal() or len(stamp) > 17:
        return None
    pids = (_words(fields.syslog_pid), _words(fields.pid))
    return JournalEntry(int(stamp), _words(fields.host), _words(fields.identifier), pids, _words(fields.message))


def _words(value: object) -> str:
    """A field as text: it may be a string, a list of bytes, or several strings."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value:
        if all(isinstance(byte, int) and 0 <= byte <= 255 for byte in value):
            return bytes(value).decode("utf-8", "surrogateescape")
        return value[0] if isinstance(value[0], str) else ""
    return ""
