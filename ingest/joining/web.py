"""What gathering asks of memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from ingest.joining.names import Mention
from ingest.joining.parts import Part
from ingest.joining.within import Within


class Web(Protocol):
    """What is known of all nodes: their parts, and who names whom."""

    @property
    def within(self) -> Within:
        """Which addresses are inside."""
        ...

    def parts_of(self, key: str) -> Sequence[Part]:
        """The parts of the node with this key, empty where it is not known or only named."""
        ...

    def near(self, key: str, since_us: int, until_us: int) -> Iterator[Mention]:
        """The mentions of this key within a span of time, also where a line of another host of the log domain names it."""
        ...

    def crowded(self, key: str, time_us: int, gap_us: int) -> bool:
        """Whether more parts name a key at about this time than a weak name can tell apart."""
        ...
