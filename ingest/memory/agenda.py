"""An agenda: what is to be looked at again, and when; so that nothing is looked at only to see that its time has not come."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush


class Agenda:
    """Keys by the time at which they are due; each has one time."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, str]] = []
        self._times: dict[str, int] = {}

    def __len__(self) -> int:
        """How many keys wait."""
        return len(self._times)

    def put(self, key: str, time_us: int) -> None:
        """Have a key looked at then, and not at the time that it had."""
        if self._times.get(key) != time_us:
            self._times[key] = time_us
            heappush(self._heap, (time_us, key))

    def drop(self, key: str) -> None:
        """A key is not to be looked at any more."""
        self._times.pop(key, None)

    def due(self, now_us: int) -> Iterator[str]:
        """The keys whose time has come, earliest first; they are on it no more. What is put meanwhile is asked for its new time."""
        while self._heap and self._heap[0][0] <= now_us:
            time_us, key = heappop(self._heap)
            # Another time was set since, or it was taken off.
            if self._times.get(key) == time_us:
                del self._times[key]
                yield key

    def all(self) -> list[str]:
        """All keys; they are on it no more."""
        found = list(self._times)
        self._times.clear()
        self._heap.clear()
        return found
