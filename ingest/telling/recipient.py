"""A recipient of a message, on its way over the hops."""

from __future__ import annotations

from typing import Any

import msgspec

from ingest.joining.event import LiveEvent
from ingest.joining.parts import Part, Scan
from mappings.address import fold
from mappings.facts import Scanned

#: Named and final address as they are compared: what makes recipients different.
Pair = tuple[str | None, str | None]
_NOBODY: Pair = (None, None)


class Recipient(msgspec.Struct, eq=False):
    """One recipient of one message."""

    #: As the client named it, and as it is in the last hop; None where no line names it.
    named: str | None
    final: str | None
    pair: Pair
    #: Queue files and scans on its way, in order.
    path: list[Part]
    #: Deliveries tried for it in the last hop, and over all hops those that handed on to the next one.
    attempts: list[LiveEvent] = []
    handed: list[LiveEvent] = []
    #: Deliveries tried, hand-overs within the log domain not counted.
    tries: int = 0
    #: The filter's result for it, the last one where there are several.
    result: Scanned | None = None
    scan: Scan | None = None
    #: The line that refused this recipient in the dialogue.
    refusal: LiveEvent | None = None
    #: What became of the copy that an operator released.
    released: Recipient | None = None

    @property
    def names(self) -> set[str]:
        """Its addresses, as they are compared."""
        return {one for one in self.pair if one is not None}


def recipient(named: str | None, path: list[Part], **more: Any) -> Recipient:
    """A recipient of whom one address is known, or none."""
    folded = None if named is None else fold(named)
    return Recipient(named, named, (folded, folded), path, **more)
