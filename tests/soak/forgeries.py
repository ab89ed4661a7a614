"""Forgeries by the million: `PYTHONPATH=tests python -m soak.forgeries --count N [--seed S] [--workers W]`.

It prints the seed, each forgery that was believed, and the count; the exit code is 1 where there was one.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from itertools import islice

from formats.forging import believed, forgeries, told

_MOST_TOLD = 20


def tried(task: tuple[int, int]) -> list[str]:
    """So many forgeries of one seed: those that were believed, in words."""
    seed, count = task
    found = []
    for shape, texts in islice(forgeries(seed), count):
        wrong = believed(shape, texts)
        if wrong:
            found.append(told(shape, texts, wrong))
    return found


def main() -> int:
    """Try them on several cores, in pieces of one seed each."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=1_000_000)
    options.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000_000)
    options.add_argument("--workers", type=int, default=multiprocessing.cpu_count())
    given = options.parse_args()
    print(f"seed {given.seed}")
    piece = 20_000
    tasks = [(given.seed + number, min(piece, given.count - number * piece)) for number in range(-(-given.count // piece))]
    wrong = 0
    with multiprocessing.Pool(given.workers) as pool:
        for found in pool.imap_unordered(tried, tasks):
            for one in found[: max(0, _MOST_TOLD - wrong)]:
                print(one)
            wrong += len(found)
    print(f"{given.count:,} forgeries, {wrong:,} believed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
