"""Which line of a process came first in a second: the order that stamps of whole seconds do not tell."""

from __future__ import annotations

from ingest.lines import SECOND, Line

#: So long, in seconds of the log, the lines of a process are known after it wrote last.
_KEPT_S = 60


class Numbers:
    """The number of each line among those of its process in its second.

    Only whole-second stamps need one: finer stamps tell the order themselves, also where lines come out of order. Lines of a process that
    is not known have none.
    """

    def __init__(self) -> None:
        #: The second in which a process wrote last, and its lines there; those that wrote last stand last.
        self._known: dict[tuple[str, str, int], tuple[int, dict[str, int]]] = {}

    def of(self, line: Line, digest: str) -> int:
        """The line's number; the same line has the same number however often it is read."""
        if line.fine or not line.pid:
            return 0
        process, second = (line.host, line.program, line.pid), line.time_us // SECOND
        known = self._known.get(process)
        if known is None or known[0] != second:
            self._known.pop(process, None)
            known = self._known[process] = (second, {})
        return known[1].setdefault(digest, len(known[1]))

    def next(self, line: Line) -> int:
        """The number that the next line of this process in this second gets."""
        second, known = self._known.get((line.host, line.program, line.pid), (0, {}))
        return len(known) if not line.fine and second == line.time_us // SECOND else 0

    def forget(self, clock_us: int) -> None:
        """Let go of processes that wrote nothing for a while."""
        floor = clock_us // SECOND - _KEPT_S
        while self._known and next(iter(self._known.values()))[0] < floor:
            del self._known[next(iter(self._known))]
