"""A million rows exported, killed twenty times and resumed: the file equals the store. Rows a second and memory are measured on the way.

Each process is killed without a word at some moment, and the next one goes on with `--resume`; then all of it is written once more in one
go, which must be the same file.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench import documents
from ingest.sinks.embedded import EmbeddedSink
from mappings.trace import Trace

_PROGRAM = "import sys; from mailtrace.cli import main; sys.exit(main())"
#: The ids of a file, in their order, whatever else a row holds.
_ID = {"csv": slice(0, 26), "jsonl": slice(7, 33)}


def filled(store: Path, traces: int, sample: int = 20_000) -> list[str]:
    """Write so many traces into a store; their ids, newest first."""
    ids: list[str] = []
    sink = EmbeddedSink(store)
    for batch in documents.batches(documents.traces(traces, sample=documents.made(sample), seed=1)):
        sink.submit(batch)
        ids += [_id(trace) for trace in batch]
    sink.flush()
    sink.close()
    return sorted(set(ids), reverse=True)


def _id(trace: Trace) -> str:
    return trace.id


def started(store: Path, target: Path, form: str) -> subprocess.Popen[bytes]:
    """Begin an export, or go on with it."""
    words = ["--store", f"sqlite:{store}", "search", "--format", form, "--output", str(target), "--resume"]
    return subprocess.Popen([sys.executable, "-c", _PROGRAM, *words], stderr=subprocess.DEVNULL)


def killed(store: Path, target: Path, kills: int, rows: int, chance: random.Random) -> int:
    """Export in the form that the file is named by, with so many kills on the way; how many there were."""
    part, form, done = target.with_name(f"{target.name}.part"), target.suffix[1:], 0
    while not target.exists():
        process = started(store, target, form)
        if done < kills:
            # Somewhere on the way to where the next kill is due: the size of the part tells how far it is.
            begun = part.stat().st_size if part.exists() else 0
            goal = begun + rows * 300 // (kills + 1) * chance.random()
            while process.poll() is None and (not part.exists() or part.stat().st_size <= goal):
                time.sleep(0.01)
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                done += 1
        process.wait()
    return done


def whole(store: Path, target: Path, form: str) -> tuple[float, float]:
    """Export in one go: seconds, and the most memory in MB, of the program alone and not of what started it."""
    began, most = time.monotonic(), 0
    process = started(store, target, form)
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        most = max([most, *(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))])
        time.sleep(0.1)
    return time.monotonic() - began, most / 1024


def main(argv: Sequence[str] | None = None) -> int:
    """Export, and compare."""
    parser = argparse.ArgumentParser(
        prog="python -m soak.export", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(argv)
    chance, wrong = random.Random(given.seed), 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ids = filled(folder / "store", given.rows)
        for form in ("csv", "jsonl"):
            seconds, megabytes = whole(folder / "store", folder / f"whole.{form}", form)
            kills = killed(folder / "store", folder / f"pieces.{form}", given.kills, len(ids), chance)
            one, other = ((folder / f"{which}.{form}").read_bytes() for which in ("whole", "pieces"))
            found = [line[_ID[form]].decode() for line in one.splitlines()[form == "csv" :]]
            right = one == other and found == ids
            wrong += not right
            print(
                f"{form}: {len(ids):,} rows, {len(ids) / seconds:,.0f} rows/s, at most {megabytes:.0f} MB;"
                f" {kills} kills: {'the same file' if right else 'NOT the same'}",
                flush=True,
            )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
