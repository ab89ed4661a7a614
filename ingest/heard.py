"""When lines came: of a file, and of each host that writes into it, the times between which nothing came."""

from __future__ import annotations

from mappings.rhythm import LEAST_GAP_MS

_GAP_US = LEAST_GAP_MS * 1000


class Heard:
    """The stamps of lines in microseconds since 1970 UTC; only those that are later than all before count."""

    __slots__ = ("first_us", "gaps", "joined", "last_us")

    def __init__(self) -> None:
        self.first_us = 0
        self.last_us = 0
        #: Quiet times, the begin and the end of each, until somebody takes them.
        self.gaps: list[tuple[int, int]] = []
        #: The first line was held against the last one of the file before.
        self.joined = False

    def at(self, time_us: int) -> None:
        """A line came."""
        self.first_us = self.first_us or time_us
        if self.last_us and time_us - self.last_us >= _GAP_US:
            self.gaps.append((self.last_us, time_us))
        self.last_us = max(self.last_us, time_us)

    def anew(self) -> None:
        """All times before were of another zone."""
        self.last_us = 0
