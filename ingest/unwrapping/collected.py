"""Records of JSON in which collectors keep a line: Docker's json-file, Filebeat, Fluent Bit, Vector, rsyslog's and syslog-ng's templates.

All say the same few things under names of their own; what they say is found by the meaning of the name, whoever wrote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from ingest.framing.stamps import BSD
from ingest.framing.tag import TAG
from ingest.unwrapping.stamped import STAMP, moment_of, stamped, tagged, within

#: Names as they are once folded (`_folded`), the one that says it best first.
_TEXTS = ("log", "message", "msg", "event.original", "short_message", "line", "body")
_TIMES = (
    "source_realtime_timestamp",
    "realtime_timestamp",
    "time",
    "timestamp",
    "timereported",
    "date",
    "datetime",
    "ts",
    "timegenerated",
    "r_isodate",
    "stamped before",
)
#: Asked last of all, and a name that no record has.
_STAMPED_BEFORE = _TIMES[-1]
_HOSTS = ("host", "hostname", "host.hostname", "host.name", "log.syslog.hostname", "syslog.hostname", "sysloghost", "fromhost", "logsource")
_TAGS = (
    "syslogtag",
    "syslog_tag",
    "syslog_identifier",
    "identifier",
    "ident",
    "appname",
    "app_name",
    "log.syslog.appname",
    "process.program",
    "program",
    "programname",
    "process.name",
)
#: Names of tags that are as often a file's or a stream's.
_LOOSE_TAGS = ("source", "tag")
_PIDS = ("syslog_pid", "procid", "log.syslog.procid", "process.pid", "pid", "syslog.procid")
#: What journald keeps of an entry itself: framing knows it as it is.
_JOURNAL = ("__REALTIME_TIMESTAMP", "MESSAGE")
_DEEP = 4
_DECODER = msgspec.json.Decoder(dict[str, Any])
_STRING = msgspec.json.Decoder(str)
#: What a search found in Elasticsearch has the record within.
_HIT = "_source"
#: A line with a header of syslog.
_HEADED = re.compile(rf"{STAMP}\S{{0,40}} (?:\S{{1,255}} )?{TAG}")
_NAME = re.compile(r"([^\s\[\]:]{1,200})(?:\[(\d{1,10})\])?:?", re.ASCII)
_HOST = re.compile(r"[^\s\[\]:<>]{1,255}|[0-9A-Fa-f:]{2,45}")


class Part(NamedTuple):
    """A piece of a line that came in several; the last one ends it."""

    #: Whose pieces belong together.
    stream: str
    moment: str
    text: str
    more: bool


def collected(text: str, *, moment: str | None = None) -> str | Part | None:
    """`{"message": "...", ...}`: the line in a record, with the header that the record gives where it has none of its own.

    `moment` is the stamp that stands before the record, for one that has none.
    """
    if not text.startswith("{"):
        return None
    try:
        record = _DECODER.decode(text.encode("utf-8", "surrogateescape"))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    hit = record.get(_HIT)
    record = hit if isinstance(hit, dict) else record
    if all(name in record for name in _JOURNAL):
        return None
    return line_of(record if moment is None else {_STAMPED_BEFORE: moment, **record})


def quoted(text: str) -> str | None:
    """`"Jan 25 21:25:22 mx1 ..."`: a line as a string of JSON, as `jq` gives it."""
    if not text.startswith('"') or not text.rstrip(",").endswith('"'):
        return None
    try:
        line = _STRING.decode(text.rstrip(",").encode("utf-8", "surrogateescape"))
    except (msgspec.MsgspecError, ValueError):
        return None
    return line.removesuffix("\n").removesuffix("\r") if stamped(line) or line.startswith("{") else None


def line_of(record: dict[str, Any]) -> str | Part | None:
    """The line of a record; None where it holds none."""
    fields = dict(_folded(record, "", _DEEP))
    said = _first(fields, _TEXTS)
    if said is None:
        return None
    moment = next((found for name in _TIMES if (found := moment_of(fields.get(name))) is not None), None) or _traditional(fields)
    if moment is not None and set(record) <= _DOCKERS and isinstance(record.get("log"), str):
        # Docker cuts a long line into records, and only the last one ends with the newline.
        return Part(str(record.get("stream", "")), moment, said.removesuffix("\n").removesuffix("\r"), more=not said.endswith("\n"))
    said = said.removesuffix("\n").removesuffix("\r").removeprefix(" ")
    tag = None if _HEADED.match(said) is not None else _NAME.fullmatch(_first(fields, _TAGS) or "")
    if tag is None and said.startswith("{"):
        return said
    if moment is None:
        return said if stamped(said) else None
    if tag is None and stamped(said):
        return within(moment, said)
    host = _first(fields, _HOSTS)
    header = f"{moment} {host} " if host is not None and _HOST.fullmatch(host) is not None else f"{moment} "
    tag = tag or _NAME.fullmatch(_first(fields, _LOOSE_TAGS) or "")
    if tagged(said):
        return header + said
    if tag is None:
        return said
    pid = tag[2] or _number(fields)
    return f"{header}{tag[1]}[{pid}]: {said}" if pid else f"{header}{tag[1]}: {said}"


#: All that a record of Docker's json-file has.
_DOCKERS = frozenset({"log", "stream", "time", "attrs"})


def _folded(record: dict[str, Any], prefix: str, deep: int) -> Iterator[tuple[str, Any]]:
    """All fields of a record by their names without case and marks, those of records within behind a dot; the first of a name counts."""
    for name, value in reversed(record.items()):
        folded = prefix + name.lower().lstrip("@_").replace("-", "_")
        if isinstance(value, dict):
            if deep:
                yield from _folded(value, f"{folded}.", deep - 1)
        elif value is not None:
            yield folded, value


def _first(fields: dict[str, Any], names: tuple[str, ...]) -> str | None:
    """The first of these fields that is a text."""
    return next((value for name in names if isinstance(value := fields.get(name), str) and value), None)


def _traditional(fields: dict[str, Any]) -> str | None:
    """A time as traditional syslog writes it, without year and zone."""
    return next((value for name in _TIMES if isinstance(value := fields.get(name), str) and BSD.match(f"{value} ") is not None), None)


def _number(fields: dict[str, Any]) -> str:
    """The number of the process, where a field has it."""
    values = (str(fields.get(name, "")) for name in _PIDS)
    return next((value for value in values if value.isascii() and value.isdecimal() and len(value) <= len("4294967295")), "")
