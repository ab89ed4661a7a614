"""Memory under a log that never ends anything, with the times that a service has: `PYTHONPATH=tests python -m soak.memory`."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from crowds.endless import Following
from reading import USUAL

_PAGE = os.sysconf("SC_PAGE_SIZE")


def _memory_mb() -> float:
    """What this process has in memory now."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE / 1e6


def main() -> int:
    """Read, rotate, and print what is held; 1 where the last third holds a tenth more than the one before."""
    parser = argparse.ArgumentParser(prog="python -m soak.memory", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rate", type=float, default=2000.0, help="messages a second of the log")
    parser.add_argument("--seconds", type=int, default=900, help="seconds of the log for each of the three parts")
    given = parser.parse_args()
    held = []
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, Following(Path(folder) / "logs", USUAL) as following:
        for part in range(3):
            for _ in range(0, given.seconds, 30):
                following.write(int(given.rate * 30), given.rate)
            following.rotate()
            held.append(following.held())
            done = following.ingest.summary
            sys.stdout.write(
                f"{(part + 1) * given.seconds} s of the log, {done.lines:,} lines, {done.traces:,} traces: {held[-1]:,} blocks,"
                f" {_memory_mb():,.0f} MB\n"
            )
            sys.stdout.flush()
    return int(held[2] > 1.1 * held[1])


if __name__ == "__main__":
    raise SystemExit(main())
