"""Drafts: the traces of a message before they have a version and are written."""

from __future__ import annotations

import msgspec

from ingest.telling.steps import Held
from mappings.address import fold
from mappings.trace import Trace


class Draft(msgspec.Struct, eq=False):
    """A trace as the events in memory tell it, and the events that it holds by node."""

    trace: Trace
    #: Stamp before which it is held back where it was never written; None is now.
    held_us: int | None
    events: list[Held]
    #: Events that it took over from nodes which no message owns: a virus scanner's hits in the folder of the filter.
    taken: list[Held] = []

    @property
    def names(self) -> set[str]:
        """The addresses of its recipient, as they are compared."""
        return {fold(one) for one in (self.trace.recipient, self.trace.original_recipient) if one is not None}

    @property
    def withheld(self) -> bool:
        """Whether it is to be shown to nobody: it came to nothing."""
        return bool(self.trace.superseded_by)


class Composed(msgspec.Struct, eq=False):
    """What one message comes to."""

    drafts: list[Draft] = []
    #: Its lines can matter no more though they make no document: an address probe.
    void: bool = False
