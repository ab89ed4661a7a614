"""Whether a line costs more, and memory grows, as the log does: beginnings of one log of several hosts, each read whole into a new store.

`python -m bench.growth --lines 50000 400000 1000000 --hosts 8`, or one busy host: `--hosts 1 --rate 200`.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from heapq import merge
from itertools import islice
from pathlib import Path
from statistics import median

from bench import traffic
from bench.measure import ALONE, MAILTRACE, Run, checked, keep, parser, run, show, spread, table

#: A stamp as far as it puts lines in order.
_STAMP = 26


def lines_of(hosts: int, rate: float) -> Iterator[str]:
    """The lines of several hosts in the order of time, each host with so many messages a second."""
    made = [traffic.lines(traffic.Settings(seed=number + 1, host=f"mx{number + 1}", rate=rate)) for number in range(hosts)]
    return merge(*made, key=lambda line: line[:_STAMP])


def beginnings(folder: Path, sizes: list[int], hosts: int, rate: float) -> list[Path]:
    """A log for each size; each begins as the next longer one does."""
    lines = lines_of(hosts, rate)
    files: list[Path] = []
    for size in sizes:
        before = sizes[len(files) - 1] if files else 0
        path = folder / f"{size}.log"
        if files:
            shutil.copyfile(files[-1], path)
        with path.open("a", encoding="utf-8", newline="\n", buffering=1 << 20) as file:
            file.writelines(islice(lines, size - before))
        files.append(path)
    return files


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    given_by = parser("growth", __doc__)
    given_by.add_argument("--lines", type=int, nargs="+", default=[50_000, 400_000, 1_000_000], help="sizes, the smallest first")
    given_by.add_argument("--hosts", type=int, default=8)
    given_by.add_argument("--rate", type=float, default=20.0, help="messages a second of each host")
    given_by.add_argument("--rounds", type=int, default=1)
    given = given_by.parse_args(argv)
    sizes = sorted(given.lines)
    runs: dict[int, list[Run]] = {size: [] for size in sizes}
    with tempfile.TemporaryDirectory(prefix="bench-growth-") as folder:
        data = Path(folder) / "data"
        files = beginnings(Path(folder), sizes, given.hosts, given.rate)
        for _ in range(given.rounds):
            for size, file in zip(sizes, files, strict=True):
                shutil.rmtree(data, ignore_errors=True)
                done = run([MAILTRACE, "--data", str(data), "ingest", "--once", str(file)], env=ALONE)
                runs[size].append(checked(done, "ingest"))
    first = runs[sizes[0]]
    rows = [
        [
            f"{size:,}",
            spread([one.cpu_s * 1e6 / size for one in done], 1),
            # Round by round, so that a machine that is slow for a while is slow for all.
            spread([one.cpu_s / size / (least.cpu_s / sizes[0]) for least, one in zip(first, done, strict=True)], 2),
            spread([one.peak_mb for one in done], 0),
            spread([size / one.wall_s for one in done], 0),
        ]
        for size, done in runs.items()
    ]
    title = f"{given.hosts} hosts, {given.rate:g} messages a second each, {given.rounds} rounds: median [least to greatest]"
    show(table(title, ["lines", "CPU us a line", "of the first's", "peak MB", "lines/s"], rows))
    figures = [
        {"lines": size, "cpu_us_a_line": [one.cpu_s * 1e6 / size for one in done], "peak_mb": [one.peak_mb for one in done]}
        | {"cpu_of_the_first": median(one.cpu_s / size for one in done) / median(one.cpu_s / sizes[0] for one in first)}
        for size, done in runs.items()
    ]
    keep(given.json, "growth", {"hosts": given.hosts, "rate": given.rate, "runs": figures})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
