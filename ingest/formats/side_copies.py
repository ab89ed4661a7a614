"""Deliveries that are none of the recipient's mail, by the names that administrators give to what makes them.

Only a second hint: of two copies of one recipient a failure stays whatever they are called (`ingest/telling/tries.py`).
"""

from __future__ import annotations

import re

#: An automatic answer, or a question to the sender, as routers, transports, services and commands for them are called.
_ANSWERS = re.compile(r"vacation|auto[-_ ]?(?:re(?:pl[ay]|spon)|answer)|out[-_ ]?of[-_ ]?office|boxtrapper", re.IGNORECASE)
#: A copy for others.
_ARCHIVES = re.compile(r"archiv|journal|(?<![a-z])bcc(?![a-z])", re.IGNORECASE)


def makes_answers(*names: str | None) -> bool:
    """Whether one of these names is that of something that answers by itself."""
    return any(name is not None and _ANSWERS.search(name) is not None for name in names)


def makes_archives(*names: str | None) -> bool:
    """Whether one of these names is that of something that keeps copies for others than the recipient."""
    return any(name is not None and _ARCHIVES.search(name) is not None for name in names)
