"""Key look-ups: each key of a trace as a 64-bit number, in one sorted table.

Queue ids are kept without their host, so that a search by queue id and a look-up by key are served by the same rows. A number
can stand for two texts, so whoever finds a trace by it compares the trace itself.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b

from mappings import keys
from mappings.patterns import quarantine_forms
from mappings.trace import Trace


@lru_cache(maxsize=65536)
def term(key: str) -> int:
    """The number of a key as `mappings.keys` writes it, in SQLite's signed 64 bits."""
    if key.startswith("q:"):
        key = "q:" + keys.queue_id_of(key)
    return int.from_bytes(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


def queue_term(queue_id: str) -> int:
    """The number under which a queue id of any host is found."""
    return term(f"q:/{queue_id}")


def terms_of(trace: Trace) -> set[int]:
    """All numbers under which a trace is found."""
    terms = {term(key) for key in trace.keys}
    for queue_id in trace.queue_ids:
        terms.add(queue_term(queue_id))
    if trace.message_id is not None:
        terms.add(term(keys.message_id(trace.message_id)))
    if trace.quarantine_id is not None:
        terms.update(term(keys.quarantine(form)) for form in quarantine_forms(trace.quarantine_id))
    return terms
