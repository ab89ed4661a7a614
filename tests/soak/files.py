"""Scripts on log files, as many as wanted: `PYTHONPATH=tests python -m soak.files --count 1000`.

Each run goes on where the last one ended (`.soak/files.json`), so that runs add up; `--seed` begins elsewhere and keeps nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

import structlog
from files.play import played
from files.scripts import made

STATE = Path(__file__).resolve().parents[2] / ".soak" / "files.json"
#: One script in so many is played against real processes.
_REAL = 25


def main() -> int:
    """Play scripts; the exit code is 1 where one of them ended wrong."""
    parser = argparse.ArgumentParser(prog="python -m soak.files")
    parser.add_argument("--count", type=int, default=1_000, help="how many scripts")
    parser.add_argument("--seed", type=int, help="the first seed; by default the one after the last run's")
    given = parser.parse_args()
    structlog.configure(processors=[], wrapper_class=structlog.make_filtering_bound_logger(50))
    state = json.loads(STATE.read_text()) if STATE.exists() else {"next": 1, "played": 0}
    first = state["next"] if given.seed is None else given.seed
    print(f"seeds {first} to {first + given.count - 1}", flush=True)
    began, kinds, wrong = time.monotonic(), Counter[str](), 0
    messages = told = unknown = 0
    for seed in range(first, first + given.count):
        script = made(seed)
        result = played(script, real=seed % _REAL == 0)
        kinds[script.kind] += 1
        messages, told, unknown = messages + result.messages, told + result.told, unknown + result.unknown
        for sentence in result.wrong:
            wrong += 1
            print(sentence, flush=True)
    print(
        f"{given.count} scripts, {messages} messages, {told} losses told, {unknown} lines that nobody could know of;"
        f" {wrong} wrong; {time.monotonic() - began:.0f} s"
    )
    print(", ".join(f"{kind}: {count}" for kind, count in kinds.most_common()))
    if given.seed is None:
        STATE.parent.mkdir(exist_ok=True)
        state = {"next": first + given.count, "played": state["played"] + given.count}
        STATE.write_text(json.dumps(state))
        print(f"{state['played']} in all runs")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
