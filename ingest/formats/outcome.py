"""What a format makes of a line, when it is not a fact."""

from __future__ import annotations

from enum import Enum

from ingest.events import Fact


class Silent(Enum):
    """A line that yields no fact."""

    #: The program's format knows the line; it says nothing about a message.
    IGNORED = "ignored"
    #: The program is known, the line is not: counted, never an error.
    UNKNOWN = "unknown"
    #: What an administrator had the program write in words of his own, of which there is no list: counted apart.
    FREE = "free"


IGNORED = Silent.IGNORED
UNKNOWN = Silent.UNKNOWN
FREE = Silent.FREE

Outcome = Fact | Silent
