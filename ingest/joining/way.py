"""The way of an event: which nodes hold it, what it names beside, and what it is in its session."""

from __future__ import annotations

from enum import IntEnum

import msgspec

from mappings.links import Named


class SessionRole(IntEnum):
    """What a line is in its session."""

    OPEN = 0
    #: Given to every journey that begins in the session.
    COMMON = 1
    #: Given to the next journey.
    AHEAD = 2
    #: A journey begins.
    BEGIN = 3
    #: Given to the last journey.
    BEHIND = 4
    CLOSE = 5
    #: Lines are missing here: whose the rest of the session is, is not known.
    GAP = 6


class Route(msgspec.Struct, frozen=True, gc=False):
    """The way of one event."""

    #: Keys of the nodes that hold it.
    owners: tuple[str, ...] = ()
    #: The queue file whose id the line itself bears.
    queue: str | None = None
    #: What it names beside, where that is to be followed.
    names: tuple[Named, ...] = ()
    #: Journeys that it names beside its own: looked up where they are not in memory.
    mentions: tuple[str, ...] = ()
    #: Ids of its own that are no node's name: new where the line begins something, else looked up.
    own: tuple[str, ...] = ()
    #: Every id that the line bears or names, as keys: by each of them its journey is found again.
    ids: tuple[str, ...] = ()
    #: Whether the line begins something, so that its own id is new at the front of the log.
    begins: bool = False
    #: A node that held the event while only the first piece of its record was read.
    formerly: str | None = None
    role: SessionRole | None = None
    #: Ids by which a mail store may have told of it alone: looked up unless the line is so new that none can have been read before.
    told_alone: tuple[str, ...] = ()
