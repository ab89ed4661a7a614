"""An engine that looks at most once a second how far the logs have been read: every search tells it, and few have anything new to tell."""

from __future__ import annotations

import time

from search.engines import Engine, StoreState

#: Seconds for which it is taken from memory.
LIFE_S = 1.0


class Remembering:
    """An engine that answers as another one does. Safe for several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: tuple[float, StoreState] | None = None
        self.search = engine.search
        self.walk = engine.walk
        self.count = engine.count
        self.get = engine.get
        self.find = engine.find
        self.codes_seen = engine.codes_seen
        self.over_time = engine.over_time
        self.by_domain = engine.by_domain
        self.tally = engine.tally
        self.bounds = engine.bounds
        self.top = engine.top
        self.tally_over_time = engine.tally_over_time
        self.lacking = engine.lacking
        self.close = engine.close

    def state(self) -> StoreState:
        """What the store holds, or held less than a second ago; of an empty one that is never remembered."""
        known, now = self._known, time.monotonic()
        if known is not None and now - known[0] < LIFE_S:
            return known[1]
        found = self._engine.state()
        self._known = (now, found) if found.oldest_ms is not None else None
        return found
