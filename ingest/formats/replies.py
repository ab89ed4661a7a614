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


#: Dovecot by LMTP, also behind a proxy of its own: `<user@example.net> SESSION Saved`.
_STORED = re.compile(r"<[^<>\s]{1,320}> [0-9A-Za-z+/:=.-]{1,64} Saved$")


def stored_by(text: str) -> bool:
    """Whether a reply says that the message is in a mailbox now."""
    return _STORED.match(text) is not None


#: The log id of the filter that answered (amavis: `id=00361-05-7`); Exim's own ids look alike and are none.
_LOG_ID = re.compile(rf"\bid=(?!{EXIM_ID}(?![0-9A-Za-z-]))([0-9A-Za-z]+-[0-9]+(?:-[0-9]+)*)(?![0-9A-Za-z-])")


def log_id_in(text: str) -> str | None:
    """The filter's log id in its reply."""
    found = _LOG_ID.search(text)
    return found[1] if found else None
