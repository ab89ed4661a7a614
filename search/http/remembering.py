"""What is remembered between questions, as it seldom changes: how far the logs have been read, and the counts of weeks that are over."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import tzinfo

from search.engines import Engine, Side, StoreState
from search.scope import Scope
from search.service import MailTrace
from search.unusual import Counts, weeks_before

#: Seconds for which it is taken from memory.
LIFE_S = 1.0
#: Seconds for which counts of other weeks are, and of how many domains in all.
WEEKS_LIFE_S = 900.0
MOST_DOMAINS = 100_000


class Remembering:
    """An engine that answers as another one does. Safe for several threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: tuple[float, StoreState] | None = None
        self.search = engine.search
        self.walk = engine.walk
        self.newest = engine.newest
        self.people = engine.people
        self.rows = engine.rows
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


class RememberedWeeks:
    """The counts of the weeks before, by who asked for which hours: pages ask for them again and again. Safe for several threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[Scope, int, int, Side], tuple[float, Sequence[Counts]]] = OrderedDict()
        self._lock = threading.Lock()

    def before(self, mail: MailTrace, since_ms: int, until_ms: int, zone: tzinfo, side: Side) -> Sequence[Counts]:
        """The counts by domain in the same hours of the weeks before, the latest first."""
        key, now = (mail.scope, since_ms, until_ms, side), time.monotonic()
        with self._lock:
            known = self._known.get(key)
        if known is not None and now - known[0] < WEEKS_LIFE_S:
            return known[1]
        found = weeks_before(mail, since_ms, until_ms, zone, side)
        with self._lock:
            self._known.pop(key, None)
            self._known[key] = (now, found)
            held = sum(_size(counts) for _, counts in self._known.values())
            while held > MOST_DOMAINS and len(self._known) > 1:
                _, (_, oldest) = self._known.popitem(last=False)
                held -= _size(oldest)
        return found


def _size(weeks: Sequence[Counts]) -> int:
    """How many counts are held; those of nothing take a place as well."""
    return 1 + sum(map(len, weeks))
