"""Which line of a process came first in a second: the order that stamps of whole seconds do not tell."""

from __future__ import annotations

from ingest.clock import NUMBERED_US, SECOND
from ingest.framing.line import Line


class Numbers:
    """The number of each line among those of its process in its second.

    Only whole-second stamps need one: finer stamps tell the order themselves, also where lines come out of order. Lines of a process that
    is not known have none.
    """

    def __init__(self) -> None:
        #: The second in which a process wrote last, the log's clock then, and its lines there; those that wrote last stand last.
        self._known: dict[tuple[str, str, int], tuple[int, int, dict[str, int]]] = {}

    def of(self, line: Line, digest: str, clock_us: int) -> int:
        """The line's number; the same line has the same number however often it is read. `clock_us` is the log's clock."""
        if line.fine or not line.pid:
            return 0
        process, second = (line.host, line.program, line.pid), line.time_us // SECOND
        known = self._known.get(process)
        if known is None or known[0] != second:
            self._known.pop(process, None)
            known = self._known[process] = (second, clock_us, {})
        return known[2].setdefault(digest, len(known[2]))

    def next(self, line: Line) -> int:
        """The number that the next line of this process in this second gets."""
        second, _, known = self._known.get((line.host, line.program, line.pid), (0, 0, {}))
        return len(known) if not line.fine and second == line.time_us // SECOND else 0

    def forget(self, clock_us: int) -> None:
        """Let go of processes that wrote nothing for a while."""
        # By the log's clock: one stamp far ahead keeps nothing.
        floor = clock_us - NUMBERED_US
        while self._known and next(iter(self._known.values()))[1] < floor:
            del self._known[next(iter(self._known))]
