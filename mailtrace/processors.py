"""How many processors there are for us."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CPU_LIMIT = Path("/sys/fs/cgroup/cpu.max")


def processors() -> int:
    """The processors that this process may use: those of its set, and no more than the limit of its control group (cgroup v2) allows."""
    allowed = len(os.sched_getaffinity(0))
    try:
        quota, period = _CPU_LIMIT.read_text().split()
        return min(allowed, max(1, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError, ZeroDivisionError):
        # There is no limit, or none is told.
        return allowed
