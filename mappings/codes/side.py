"""Who answered whom: the same words have another cause, another mover and another sentence at each side."""

from __future__ import annotations

from enum import StrEnum

from mappings.vocabulary import Disposition, Reason


class Side(StrEnum):
    """Between whom something was said."""

    #: Our server, or a filter of ours, to whoever handed the message in.
    CLIENT = "client"
    #: Another server to ours, which wanted to hand the message on.
    SERVER = "server"
    #: Our own program of its own work; nobody else said anything.
    OWN = "own"


#: Whose fault a fault of the system is that speaks.
_FAULTS = {Side.CLIENT: Reason.LOCAL_SYSTEM, Side.OWN: Reason.LOCAL_SYSTEM, Side.SERVER: Reason.REMOTE_SYSTEM}
_OF_SYSTEMS = frozenset({Reason.LOCAL_SYSTEM, Reason.REMOTE_SYSTEM})
_IN_DIALOGUE = frozenset({Disposition.REJECTED, Disposition.TEMPFAILED})


def side_of(disposition: Disposition, by: str | None) -> Side | None:
    """The side of a reply that decided a fate; `by` says whose it is (`remote`, `filter`, `local`). None where the lines do not tell."""
    if by == "remote":
        return Side.SERVER
    if disposition in _IN_DIALOGUE:
        return Side.CLIENT
    return Side.OWN if by == "local" else None


def ours_or_theirs(reason: Reason, side: Side | None) -> Reason:
    """The reason, with a fault of a system given to the side that speaks."""
    return _FAULTS[side] if side is not None and reason in _OF_SYSTEMS else reason
