"""Key look-ups: each key of a trace as a 64-bit number, in one sorted table.

Queue ids are kept without their host, so that a search by queue id and a look-up by key are served by the same rows. A number
can stand for two texts, so whoever finds a trace by it compares the trace itself.
"""

from __future__ import annotations

from hashlib import blake2b

from mappings import keys
from mappings.patterns import quarantine_forms
from mappings.trace import Trace


def term(key: str) -> int:
    """The number of a key as `mappings.keys` writes it, in SQLite's signed 64 bits."""
    return _number(_plain(key))


def _plain(key: str) -> str:
    """The key without the host of a queue id."""
    return "q:" + keys.queue_id_of(key) if key.startswith("q:") else key


def _number(key: str) -> int:
    """64 bits of a hash."""
    return int.from_bytes(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


def queue_term(queue_id: str) -> int:
    """The number under which a queue id of any host is found."""
    return term(f"q:/{queue_id}")


def terms_of(trace: Trace) -> set[int]:
    """All numbers under which a trace is found."""
    found = set(map(_plain, trace.keys))
    found.update("q:" + keys.queue_id_of(queue_id) for queue_id in trace.queue_ids)
    if trace.message_id is not None:
        found.add(keys.message_id(trace.message_id))
    if trace.quarantine_id is not None:
        found.update(map(keys.quarantine, quarantine_forms(trace.quarantine_id)))
    return set(map(_number, found))
