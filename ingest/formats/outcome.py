"""What a format makes of a line: the facts that it states, or why there are none."""

from __future__ import annotations

from enum import Enum

from mappings.facts import Fact


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

#: A line states one fact, or several, in the order in which it names them: a list of recipients with one fate each.
Outcome = Fact | tuple[Fact, ...] | Silent
