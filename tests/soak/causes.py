"""What differs: causes planted among 50,000 traces, one a case, and how often each is ranked first; 95 of 100 are to be.

PYTHONPATH=tests python -m soak.causes --count 100
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from planted_causes import Cause, found_first, world

from ingest.sinks.embedded import EmbeddedSink
from search.differing import Differences
from search.engines.embedded import EmbeddedEngine
from search.service import MailTrace
from soak.ledger import Ledger

_BATCH = 2_000
_GOAL = 0.95


def case(seed: int, traces: int, folder: Path) -> tuple[Cause, Differences]:
    """A store with a cause in it, and what is found."""
    made, cause = world(seed, traces)
    with closing(EmbeddedSink(folder)) as sink:
        for at in range(0, len(made), _BATCH):
            sink.submit(made[at : at + _BATCH])
        sink.flush()
    with MailTrace(EmbeddedEngine(folder)) as mail:
        return cause, mail.differs(cause.query)


def main(argv: Sequence[str] | None = None) -> int:
    """Plant, ask, and print; the exit code is 1 where fewer than 95 of 100 were ranked first."""
    parser = argparse.ArgumentParser(
        prog="python -m soak.causes", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--traces", type=int, default=50_000)
    parser.add_argument("--seed", type=int, help="the first seed; by default the one behind the last run's")
    given = parser.parse_args(argv)
    ledger = Ledger.opened("causes")
    first = ledger.next_seed if given.seed is None else given.seed
    right = 0
    for seed in range(first, first + given.count):
        with tempfile.TemporaryDirectory() as folder:
            cause, found = case(seed, given.traces, Path(folder))
        fits = found_first(cause, found)
        right += fits
        said = "" if fits else f"{cause.kind} {cause.value}: " + ", ".join(f"{one.by} {one.value}" for one in found.values[:3])
        ledger.add(seed, {"causes": 1, "first": int(fits)}, said)
        print(f"seed {seed}: {cause.kind}, {'first' if fits else f'NOT first: {said}'}", flush=True)
    print(f"causes, seeds {first} to {first + given.count - 1}: {right} of {given.count} ranked first. {ledger.words()}")
    return 0 if right >= _GOAL * given.count else 1


if __name__ == "__main__":
    sys.exit(main())
