"""Reading logs into the embedded store, end to end, beside pflogsumm, grep and a plain reader in Go in the same run.

`python -m bench.ingest --lines 1000000 --rounds 3`; `bench.growth` has logs of several sizes.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

from bench import traffic
from bench.measure import ALONE, MAILTRACE, Run, checked, keep, parser, run, show, spread, table

_NAMES = {
    "grep": "two-pass grep of one sender's mail",
    "pflogsumm": "pflogsumm, totals only",
    "reader": "plain reader in Go, deliveries to a file",
}
_WROTE = re.compile(r"wrote ([\d,]+) trace")
_FROM = re.compile(r": from=<([^>]+)>, size=")
#: A small program that takes the same lines apart and joins them by queue id, and no more.
_READER = Path(__file__).with_name("reader.go")
#: Lines of a sender's mail, found as people do: its queue ids first, then every line that names one of them.
_GREP = 'grep -F "from=<$SENDER>" "$LOG" | grep -oE \' [0-9A-Za-z]{10,}: \' | sort -u > "$IDS"; grep -F -f "$IDS" "$LOG"'


def sender_of(log: Path, lines: int = 200_000) -> str:
    """A sender with neither many nor few messages in a log."""
    with log.open(encoding="utf-8") as file:
        seen = Counter(found[1] for line in islice(file, lines) if (found := _FROM.search(line)))
    ranked = [sender for sender, _ in seen.most_common(60)]
    return ranked[-1] if ranked else "nobody@example.org"


class Peers:
    """The programs that are run in turn on one log."""

    def __init__(self, log: Path, work: Path) -> None:
        self._log = log
        self._work = work
        self._pflogsumm = shutil.which("pflogsumm")
        self._reader = self._built()
        self._sender = sender_of(log)
        if self._pflogsumm is None:
            show("pflogsumm is not here, so it is left out; on Debian: apt-get install pflogsumm")

    def _built(self) -> str | None:
        """The reader in Go, built anew; None where Go is not here."""
        compiler = shutil.which("go")
        if compiler is None:
            show("Go is not here, so the plain reader is left out; on Debian: apt-get install golang-go")
            return None
        built = str(self._work / "reader")
        checked(run([compiler, "build", "-o", built, str(_READER)]), "go build")
        return built

    def reader(self) -> Run | None:
        """Have the plain reader write a line for each delivery."""
        if self._reader is None:
            return None
        return checked(run([self._reader, str(self._log), str(self._work / "deliveries.jsonl")]), "reader")

    def ingest(self) -> Run:
        """Read the log into a new store."""
        data = self._work / "data"
        shutil.rmtree(data, ignore_errors=True)
        return checked(run([MAILTRACE, "--data", str(data), "ingest", "--once", str(self._log)], env=ALONE), "ingest")

    def search(self) -> Run:
        """Ask the store that `ingest` made for all mail of a sender, starting the program anew."""
        return checked(
            run(
                [MAILTRACE, "--data", str(self._work / "data"), "search", "--sender", self._sender, "--limit", "1000", "--format", "jsonl"]
            ),
            "search",
        )

    def grep(self) -> Run:
        """Find all lines of a sender's mail in two passes."""
        given = {"SENDER": self._sender, "LOG": str(self._log), "IDS": str(self._work / "ids"), "LC_ALL": "C"}
        return checked(run(["sh", "-c", _GREP], env=given), "grep")

    def summary(self) -> Run | None:
        """Have pflogsumm add up the log."""
        if self._pflogsumm is None:
            return None
        return checked(run([self._pflogsumm, str(self._log)], env={"LC_ALL": "C"}), "pflogsumm")


def traces_of(said: str) -> int:
    """How many traces the program says it wrote; one that was written again counts again."""
    found = _WROTE.search(said)
    return int(found[1].replace(",", "")) if found else 0


def side_by_side(lines: int, rounds: int, settings: traffic.Settings, work: Path) -> dict[str, Any]:
    """Run all programs on one log, in turn."""
    log = work / "mail.log"
    size = traffic.write(log, lines, settings)
    peers = Peers(log, work)
    runs: dict[str, list[Run]] = {"ingest": [], "search": [], "grep": [], "pflogsumm": [], "reader": []}
    for _ in range(rounds):
        runs["ingest"].append(peers.ingest())
        runs["search"].append(peers.search())
        runs["grep"].append(peers.grep())
        if (summed := peers.summary()) is not None:
            runs["pflogsumm"].append(summed)
        if (read := peers.reader()) is not None:
            runs["reader"].append(read)
    traces = traces_of(runs["ingest"][0].said)
    store = sum(f.stat().st_size for f in (work / "data" / "store").iterdir())
    figures: dict[str, Any] = {
        "lines": lines,
        "bytes": size,
        "traces": traces,
        "rounds": rounds,
        "store_bytes_per_trace": round(store / max(traces, 1)),
        "cpu_us_per_trace": [round(r.cpu_s * 1e6 / max(traces, 1), 1) for r in runs["ingest"]],
        "runs": {
            name: {"wall_s": [round(r.wall_s, 3) for r in done], "cpu_s": [round(r.cpu_s, 3) for r in done]}
            | {"peak_mb": [round(r.peak_mb, 1) for r in done]}
            for name, done in runs.items()
        },
        # Round by round, so that a machine that is slow for a while is slow for both.
        "lines_per_cpu_second_of_pflogsumm": [p.cpu_s / i.cpu_s for i, p in zip(runs["ingest"], runs["pflogsumm"], strict=False)],
        "lines_per_cpu_second_of_reader": [r.cpu_s / i.cpu_s for i, r in zip(runs["ingest"], runs["reader"], strict=False)],
        "ingest_wall_in_greps": [i.wall_s / g.wall_s for i, g in zip(runs["ingest"], runs["grep"], strict=True)],
        "grep_wall_in_searches": [g.wall_s / s.wall_s for g, s in zip(runs["grep"], runs["search"], strict=True)],
    }
    _show(figures, runs)
    return figures


def _show(figures: dict[str, Any], runs: dict[str, list[Run]]) -> None:
    """Print what was measured side by side."""
    lines = figures["lines"]
    rows = [
        [
            _NAMES.get(name, name),
            spread([lines / r.wall_s for r in done], 0) if name != "search" else "",
            spread([r.wall_s for r in done], 2),
            spread([r.cpu_s for r in done], 2),
            spread([r.peak_mb for r in done], 0),
        ]
        for name, done in runs.items()
        if done
    ]
    of = f"{lines:,} lines, {figures['bytes'] / 1e6:,.0f} MB, {figures['traces']:,} traces"
    title = f"{of}, {figures['rounds']} rounds: median [least to greatest]"
    show(table(title, ["program", "lines/s", "wall s", "CPU s", "peak MB"], rows))
    per_second = [figures["traces"] / r.wall_s for r in runs["ingest"]]
    ratios = [
        ["traces/s", spread(per_second, 0)],
        ["CPU us a trace", spread(figures["cpu_us_per_trace"], 0)],
        ["bytes in the store a trace", f"{figures['store_bytes_per_trace']:,}"],
        ["lines per CPU second, of pflogsumm's", spread(figures["lines_per_cpu_second_of_pflogsumm"] or [0.0], 3)],
        ["lines per CPU second, of the plain reader's", spread(figures["lines_per_cpu_second_of_reader"] or [0.0], 3)],
        ["wall time of ingest, in two-pass greps", spread(figures["ingest_wall_in_greps"], 1)],
        ["wall time of one two-pass grep, in searches", spread(figures["grep_wall_in_searches"], 2)],
    ]
    show(table("In relation", ["figure", "median [least to greatest]"], ratios))


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    given_by = parser("ingest", __doc__)
    given_by.add_argument("--lines", type=int, default=1_000_000)
    given_by.add_argument("--rounds", type=int, default=3)
    given_by.add_argument("--rate", type=float, default=20.0, help="messages a second in the log")
    given_by.add_argument("--stamps", choices=("rfc3339", "traditional"), default="rfc3339")
    given_by.add_argument("--seed", type=int, default=1)
    given = given_by.parse_args(argv)
    settings = traffic.Settings(seed=given.seed, rate=given.rate, stamps=given.stamps)
    with tempfile.TemporaryDirectory(prefix="bench-ingest-") as folder:
        work = Path(folder)
        figures = side_by_side(given.lines, given.rounds, settings, work)
    keep(given.json, "ingest", figures)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
