"""Rspamd's own files: `#PID(WORKER) ` before the text, or lines of JSON (`log_json`)."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from ingest.clock import SECOND
from ingest.framing.own import Own, OwnFrame, OwnJson

#: `#100(rspamd_proxy) <dce430>; proxy; ...`.
_WORKER = re.compile(r"(?:\[[a-z]{1,8}\] )?#(\d{1,10})\([^()]{0,64}\) ", re.ASCII)
_PID = re.compile(r"\d{1,10}", re.ASCII)
#: No number of seconds beyond it is a time.
_LATEST = 253_402_300_800


class _Entry(msgspec.Struct):
    """What is of use in a line of JSON for its frame; its words are read with the others."""

    time: Any = msgspec.field(name="ts", default=None)
    worker: Any = msgspec.field(name="worker_type", default=None)
    pid: Any = None


_ENTRY = msgspec.json.Decoder(_Entry)


def _dated(text: str) -> Own | None:
    """Behind `2026-11-24 04:04:02 `."""
    worker = _WORKER.match(text)
    return None if worker is None else Own("rspamd", int(worker[1]), text[worker.end() :])


def _json(text: str) -> OwnJson | None:
    """With its time in seconds since 1970."""
    try:
        entry = _ENTRY.decode(text.encode("utf-8", "surrogateescape"))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    if type(entry.time) not in {int, float} or not 0 < entry.time < _LATEST or entry.worker is None:
        return None
    pid = str(entry.pid)
    own = Own("rspamd", int(pid) if _PID.fullmatch(pid) is not None else 0, text)
    return OwnJson(round(entry.time * SECOND), isinstance(entry.time, float), own)


FRAME = OwnFrame(dated=_dated, json=_json)
