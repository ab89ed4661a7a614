"""Python's cyclic collector, as reading logs needs it."""

from __future__ import annotations

import gc


def calm_collector() -> None:
    """Look for cycles seldom: joining makes many objects that live for a while and hardly any cycle.

    The collector's usual pace costs a third of the time of reading a backlog (`docs/performance.md`).
    """
    gc.freeze()
    gc.set_threshold(2_000_000, 20, 100)
