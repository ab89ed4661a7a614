"""Reading with several processes, beside one: one log domain, two and four, the same lines in the same run.

`python -m bench.workers --lines 300000 --rounds 3`; with `--processes 1 2 3 5` others than those that the cores suggest.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from bench import traffic
from bench.measure import MAILTRACE, Run, checked, keep, parser, run, show, spread, table


def logs_of(folder: Path, domains: int, lines: int) -> list[Path]:
    """So many log domains' files with so many lines together."""
    files = []
    for number in range(domains):
        settings = traffic.Settings(seed=number + 1, host=f"mx{number + 1}")
        files.append(folder / f"{domains}-mx{number + 1}.log")
        with files[-1].open("w", encoding="utf-8") as file:
            file.writelines(islice(traffic.lines(settings), lines // domains))
    return files


def measured(work: Path, files: Sequence[Path], processes: int) -> Run:
    """Read files into a new store with so many processes."""
    data = work / "data"
    shutil.rmtree(data, ignore_errors=True)
    command = [MAILTRACE, "--data", str(data), "ingest", "--once", *map(str, files)]
    return checked(run(command, env={"MAILTRACE_PROCESSES": str(processes)}), f"ingest with {processes} processes")


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    given_by = parser("workers", __doc__)
    given_by.add_argument("--lines", type=int, default=300_000)
    given_by.add_argument("--rounds", type=int, default=3)
    given_by.add_argument("--domains", type=int, nargs="+", default=[1, 2, 4])
    given_by.add_argument("--processes", type=int, nargs="+", default=[1, 2, 3, 4])
    given = given_by.parse_args(argv)
    rows, figures = [], []
    with tempfile.TemporaryDirectory(prefix="bench-workers-") as folder:
        work = Path(folder)
        for domains in given.domains:
            files = logs_of(work, domains, given.lines)
            runs: dict[int, list[Run]] = {count: [] for count in given.processes}
            for _ in range(given.rounds):
                for count, done in runs.items():
                    done.append(measured(work, files, count))
            alone = runs[given.processes[0]]
            for count, done in runs.items():
                rows.append(
                    [
                        f"{domains}",
                        f"{count}",
                        spread([given.lines / one.wall_s for one in done], 0),
                        # Round by round, so that a machine that is slow for a while is slow for both.
                        spread([first.wall_s / one.wall_s for first, one in zip(alone, done, strict=True)], 2),
                        spread([one.cpu_s * 1e6 / given.lines for one in done], 0),
                    ]
                )
                figures.append(_figures(domains, count, done, alone))
            for file in files:
                file.unlink()
    title = f"{given.lines:,} lines, {given.rounds} rounds: median [least to greatest]"
    show(table(title, ["log domains", "processes", "lines/s", "of the first's speed", "CPU us a line, of all"], rows))
    keep(given.json, "workers", {"lines": given.lines, "runs": figures})
    return 0


def _figures(domains: int, processes: int, done: Sequence[Run], alone: Sequence[Run]) -> dict[str, Any]:
    """What is kept of some runs."""
    return {
        "log_domains": domains,
        "processes": processes,
        "wall_s": [one.wall_s for one in done],
        "cpu_s": [one.cpu_s for one in done],
        "times_the_first": median(first.wall_s / one.wall_s for first, one in zip(alone, done, strict=True)),
    }


if __name__ == "__main__":
    raise SystemExit(main())
