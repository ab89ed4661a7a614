"""What somebody deleted from a cluster's store, as answers tell it."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from mappings.elasticsearch.catalog import ClusterCatalog
from mappings.elasticsearch.faults import StoreRefused
from mappings.elasticsearch.names import END_OF_TIME
from mappings.elasticsearch.ranges import Range
from search.query import Query

#: Seconds for which what was found to be deleted is believed.
_BELIEVED_S = 10.0


class Lost:
    """What somebody deleted from the store, looked up now and then. Safe for several threads."""

    def __init__(self, catalog: ClusterCatalog) -> None:
        self._catalog = catalog
        self._guard = threading.Lock()
        self._looked = float("-inf")
        self._ranges: list[Range] = []

    def told(self, query: Query) -> list[str]:
        """What is missing in the answer to a question, in sentences."""
        with self._guard:
            if time.monotonic() >= self._looked + _BELIEVED_S:
                # Who may only ask the alias may not know.
                with suppress(StoreRefused):
                    self._ranges = self._catalog.lost()
                self._looked = time.monotonic()
            ranges = self._ranges
        since, until = query.since_ms or 0, END_OF_TIME if query.until_ms is None else query.until_ms
        return [one.lost() for one in ranges if one.lower_ms < until and since < one.upper_ms]
