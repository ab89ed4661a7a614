"""A million generated lines, read whole by either build and by several processes: every document is that of one process, pure Python.

Eight hosts in one file, in the order of time, as a central log server has them, and the same lines in a file for each host.

    make compiled; PYTHONPATH=tests python -m soak.whole --lines 1000000
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import islice
from pathlib import Path

import msgspec
from canonical import each_document
from stores import Embedded

from soak.killing import end_with_us
from soak.site import Site

_START_S = 1_741_000_000
_HOSTS = 8
#: Where `make compiled` puts the compiled build.
_COMPILED = Path(".venv-compiled/bin/mailtrace")
_TO_SHOW = 5
#: The identity of all that a document says, by the document's id.
Sums = dict[str, bytes]


def write(folder: Path, lines: int, seed: int) -> tuple[Path, list[Path]]:
    """The lines in one file, and host by host."""
    together = folder / "together" / "mail.log"
    apart = [folder / "apart" / f"mx{number + 1}.log" for number in range(_HOSTS)]
    for one in (together, apart[0]):
        one.parent.mkdir()
    files = {path.stem: path.open("w", encoding="utf-8") for path in apart}
    with together.open("w", encoding="utf-8") as whole:
        for _, text in islice(Site(seed, _START_S, hosts=_HOSTS, busy=4, rate=10.0, lacking=0.02).lines(), lines):
            whole.write(text)
            files[text.split(" ", 2)[1]].write(text)
    for file in files.values():
        file.close()
    return together, apart


def sums(data: Path, program: Sequence[str], processes: int, files: Sequence[Path]) -> Sums:
    """What a build with so many processes makes of files."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAILTRACE_")}
    settings = {"MAILTRACE_DATA": str(data), "MAILTRACE_PROCESSES": str(processes), "TZ": "UTC"}
    subprocess.run(
        [*program, "ingest", "--once", *map(str, files)], env=inherited | settings, check=True, stderr=subprocess.DEVNULL, cwd=data.parent
    )
    found = each_document(Embedded(data / "store"))
    return {one: blake2b(msgspec.json.encode(document, order="deterministic"), digest_size=16).digest() for one, document in found}


def runs(together: Path, apart: list[Path]) -> Iterator[tuple[str, list[str], int, list[Path]]]:
    """What is compared: its name, the program, how many processes, and the files. The first is what all others are held against."""
    pure = [sys.executable, "-P", "-m", "mailtrace"]
    yield "pure, 1 process", pure, 1, [together]
    yield "pure, 3 processes", pure, 3, [together]
    yield "pure, 5 processes, a file for each host", pure, 5, apart
    if _COMPILED.exists():
        yield "compiled, 1 process", [str(_COMPILED.absolute())], 1, [together]
        yield "compiled, 4 processes, a file for each host", [str(_COMPILED.absolute())], 4, apart


def main(argv: Sequence[str] | None = None) -> int:
    """Read, compare, and print; the exit code is 1 where a document is not the same, or the compiled build is not there."""
    parser = argparse.ArgumentParser(prog="python -m soak.whole", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args(argv)
    end_with_us()
    differing = 0
    first: Sums = {}
    with tempfile.TemporaryDirectory(prefix="soak-whole-") as folder:
        together, apart = write(Path(folder), given.lines, given.seed)
        print(f"{given.lines:,} lines of {_HOSTS} hosts, seed {given.seed}", flush=True)
        for number, (name, program, processes, files) in enumerate(runs(together, apart)):
            began = time.monotonic()
            found = sums(Path(folder) / f"data-{number}", program, processes, files)
            first = first or found
            others = sorted(one for one in first.keys() | found.keys() if first.get(one) != found.get(one))
            differing += len(others)
            took = time.monotonic() - began
            print(f"{name}: {len(found):,} documents, {len(others):,} differ; {took:,.0f} s{_some(others)}", flush=True)
    if not _COMPILED.exists():
        print("The compiled build is not here; make compiled makes it.")
    return int(differing > 0 or not first or not _COMPILED.exists())


def _some(others: Sequence[str]) -> str:
    """The first ids of documents that differ."""
    return f": {', '.join(others[:_TO_SHOW])}" if others else ""


if __name__ == "__main__":
    sys.exit(main())
