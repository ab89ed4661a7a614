"""Loss of power at many moments of recorded runs: `python -m power.loss --moments 200 --seed 1` (with `tests` on the path)."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from random import Random

from canonical import Documents, difference, documents
from reading import Place, read
from stores import Embedded

from power.disk import Disk, Record, recorded
from power.writer import FORM

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
#: Moments of one recorded run; the next ones are of another run.
_OF_A_RUN = 25
_WAYS = ("nothing", "chance")


@dataclass(frozen=True, slots=True)
class Moment:
    """When the power goes: after so many records; what was not synced is lost, or left to chance."""

    after: int
    way: str
    seed: int


@dataclass(frozen=True, slots=True)
class Run:
    """A recorded run, and the logs that it read."""

    records: list[Record]
    logs: Path


def compiled(folder: Path) -> Path:
    """The recorder, made with the system's compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    assert compiler is not None, "a C compiler is needed to record what the program writes; on Debian: apt-get install gcc libc6-dev"
    library = folder / "record.so"
    command = [compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(library), str(_HERE / "record.c"), "-lpthread"]
    subprocess.run(command, check=True, timeout=60)
    return library


def run(folder: Path, library: Path, seed: int, *, careless: bool = False) -> Run:
    """Let the writer read a log that grows, and record what it does to its disk."""
    disk, log = folder / "disk", folder / "record"
    disk.mkdir(parents=True)
    environ = {
        **os.environ,
        "LD_PRELOAD": str(library),
        "RECORD_BELOW": str(disk.resolve()),
        "RECORD_TO": str(log),
        "PYTHONPATH": os.pathsep.join((str(_ROOT), str(_HERE.parent))),
    }
    data = disk.resolve() / "data"
    command = [sys.executable, "-m", "power.writer", str(data), str(folder / "logs"), str(seed), *(["careless"] if careless else [])]
    subprocess.run(command, env=environ, cwd=_ROOT, check=True, timeout=120)
    return Run(recorded(log), folder / "logs")


def moments(of: Run, rng: Random, number: int) -> list[Moment]:
    """Moments at random, half of them just before or after positions were kept: that is where a promise can be broken."""
    kept = [record.number for record in of.records if record.kind == "r" and record.other.endswith("positions.json")]
    last = of.records[-1].number
    found = []
    for count in range(number):
        near = rng.choice(kept) + rng.randrange(-2, 6) if count % 2 and kept else rng.randrange(1, last + 1)
        found.append(Moment(min(max(near, 1), last), _WAYS[count // 2 % 2], rng.randrange(1 << 32)))
    return found


def after(of: Run, moment: Moment, folder: Path) -> Documents:
    """The documents after a loss of power at a moment and an undisturbed reading."""
    folder.mkdir(parents=True)
    rng = Random(moment.seed) if moment.way == "chance" else None
    Disk(of.records[: moment.after]).left(rng, folder)
    data = folder / "data"
    place = Place(of.logs, data, Embedded(data / "store"))
    read(place, sorted(of.logs.iterdir()))
    return documents(place.store)


def plain(folder: Path) -> Documents:
    """The documents of one undisturbed reading."""
    place = Place(folder / "logs", folder / "data", Embedded(folder / "data" / "store"))
    read(place, FORM.unpacked(place.logs))
    return documents(place.store)


def main() -> int:
    """Try moments, and print what came out."""
    given_by = argparse.ArgumentParser(prog="python -m power.loss", description=(__doc__ or "").splitlines()[0])
    given_by.add_argument("--moments", type=int, default=200)
    given_by.add_argument("--seed", type=int, default=int(time.time()))
    given = given_by.parse_args()
    rng = Random(given.seed)
    failed: Counter[str] = Counter()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="power-") as name:
        folder = Path(name)
        expected, library = plain(folder / "plain"), compiled(folder)
        for number in range(0, given.moments, _OF_A_RUN):
            of = run(folder / f"run-{number}", library, rng.randrange(1 << 32))
            for count, moment in enumerate(moments(of, rng, min(_OF_A_RUN, given.moments - number))):
                told = difference(expected, after(of, moment, folder / f"run-{number}" / f"left-{count}"))
                if told:
                    failed[moment.way] += 1
                    print(f"{moment} of {len(of.records)}: {told}", flush=True)
            shutil.rmtree(folder / f"run-{number}")
    took = time.monotonic() - began
    print(f"Loss of power at {given.moments} moments (seed {given.seed}), {took:.0f} s: {failed.total()} with lost or changed documents.")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
