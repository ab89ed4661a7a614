"""Deliveries that are none of the recipient's mail, by the names that administrators give to what makes them.

Only a second hint: of two copies of one recipient a failure stays whatever they are called (`ingest/telling/tries.py`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: Answers for whoever is away, or asks the sender back: such a thing runs beside a mailbox.
_AWAY = r"vacation|out[-_ ]?of[-_ ]?office|boxtrapper"
#: Any automatic answer, as routers, transports, services and commands for them are called.
_ANSWERS = re.compile(rf"{_AWAY}|auto[-_ ]?(?:re(?:pl[ay]|spon)|answer)", re.IGNORECASE)
_FOR_AWAY = re.compile(_AWAY, re.IGNORECASE)
#: A copy for others.
_ARCHIVES = re.compile(r"archiv|journal|(?<![a-z])bcc(?![a-z])", re.IGNORECASE)
#: Something of all of them: most names have nothing of it, and need not be looked at one by one.
_ANY = re.compile(rf"{_AWAY}|auto|archiv|journal|bcc", re.IGNORECASE)


class SideCopy(NamedTuple):
    """Whether a delivery is an automatic answer, or less than one of the recipient's own copy, as `Attempted` says it."""

    automatic: bool = False
    aside: bool = False


_NONE = SideCopy()


def side_copy(*names: str | None, command: str | None = None) -> SideCopy:
    """What the names of a configuration, and of a command that took the message, tell of a delivery.

    A command that answers by itself may be all that an address leads to: that it took the message counts where nothing else is said.
    """
    told = [name for name in (*names, command) if name]
    if _ANY.search("\n".join(told)) is None:
        return _NONE
    automatic = any(map(_ANSWERS.search, filter(None, names))) or (command is not None and _FOR_AWAY.search(command) is not None)
    answers = command is not None and _ANSWERS.search(command) is not None
    return SideCopy(automatic, not automatic and (answers or any(map(_ARCHIVES.search, told))))
