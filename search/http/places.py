"""How many questions may be under way: what comes beyond that is told so at once, instead of waiting long."""

from __future__ import annotations

import asyncio
from collections import Counter

#: Questions that wait or are worked on. Two threads answer one in a few milliseconds, so the last one waits some tenths of a second.
MOST = 128
#: So many of one caller's, so that one program does not take all places; and of all who have no token (they ask for `/readyz`).
MOST_OF_ONE, MOST_OF_NOBODY = 96, 8
#: Exports that are under way: each holds some rows in memory until its client has taken them.
MOST_EXPORTS = 128
#: Streams of new traces, and how many of one caller's.
MOST_LIVE, MOST_LIVE_OF_ONE = 64, 16
#: Seconds after which a place is worth asking for again.
RETRY_S = 1
#: The same for following what comes.
CROWDED_S = 30


class Places:
    """The places. For one thread, that of the event loop."""

    def __init__(self) -> None:
        self._held: Counter[str] = Counter()
        #: Exports that have begun and not ended.
        self.exports = 0
        self._live: Counter[str] = Counter()
        self._ending = asyncio.Event()

    def __len__(self) -> int:
        """How many are taken."""
        return self._held.total()

    def take(self, who: str) -> bool:
        """Take a place for a caller, or for nobody (""); False where there is none."""
        if len(self) >= MOST or self._held[who] >= (MOST_OF_ONE if who else MOST_OF_NOBODY):
            return False
        self._held[who] += 1
        return True

    def give_back(self, who: str) -> None:
        """A question was answered."""
        self._held[who] -= 1
        if not self._held[who]:
            del self._held[who]

    def follow(self, who: str) -> bool:
        """Take a place among those who follow what comes; False where there is none."""
        if self._live.total() >= MOST_LIVE or self._live[who] >= MOST_LIVE_OF_ONE:
            return False
        self._live[who] += 1
        return True

    def leave(self, who: str) -> None:
        """Somebody follows no more."""
        self._live[who] -= 1
        if not self._live[who]:
            del self._live[who]

    def end(self) -> None:
        """The service ends: nothing new is waited for."""
        self._ending.set()

    async def ended_within(self, seconds: float) -> bool:
        """Wait so long; tells at once when the service ends."""
        try:
            await asyncio.wait_for(self._ending.wait(), seconds)
        except TimeoutError:
            return False
        return True
