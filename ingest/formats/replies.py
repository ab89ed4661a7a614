"""Ids in the replies of mail servers: the name that the next server gave a message."""

from __future__ import annotations

import re

from ingest.queue_ids import EXIM_ID

#: Postfix, amavis, Sendmail's kin, and Exim.
_NEXT = re.compile(rf"\bqueued as ([0-9A-Za-z-]+)|\bid=({EXIM_ID})(?![0-9A-Za-z-])")


def next_id_in(text: str) -> str | None:
    """The queue id in a reply that took a message; of several the last one, for a filter repeats the next server's behind its own."""
    found = _NEXT.findall(text)
    return (found[-1][0] or found[-1][1]) if found else None
