"""What one command costs that has little to do: CPU of each beside Python itself, from its start to its end.

Nearly all of it is loading code, so this is where a command shows that loads what it does not use.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from bench.measure import MAILTRACE, checked, keep, parser, run, show, spread, table


def main() -> int:
    """Measure each."""
    given_by = parser("commands", __doc__)
    given_by.add_argument("--rounds", type=int, default=15, help="runs of each (15)")
    given = given_by.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-commands-") as folder:
        data = str(Path(folder) / "data")
        checked(run([MAILTRACE, "--data", data, "demo"]), "reading the bundled log")
        found = subprocess.run(
            [MAILTRACE, "--data", data, "search", "--limit", "1", "--format", "jsonl"], capture_output=True, text=True, check=True
        )
        empty = Path(folder) / "mail.log"
        empty.touch()
        programs = _programs(data, json.loads(found.stdout)["id"], str(empty))
        cpu_ms: dict[str, list[float]] = {name: [] for name in programs}
        # In turns, so that what else the machine does meets all of them alike.
        for _ in range(given.rounds):
            for name, program in programs.items():
                cpu_ms[name].append(checked(run(program), name).cpu_s * 1000)
    floor = median(cpu_ms["python -c pass"])
    rows = [(name, spread(times, 0), f"{median(times) - floor:,.0f}") for name, times in cpu_ms.items()]
    show(table("Commands", ("program", "CPU ms", "more than Python"), rows))
    keep(given.json, "commands", {"cpu_ms": cpu_ms})
    return 0


def _programs(data: str, trace_id: str, empty: str) -> dict[str, Sequence[str]]:
    """What is run, by the name under which it is shown; the first two are what nobody can be below."""
    at = ["--data", data]
    told = {
        "--version": ["--version"],
        "--help": ["--help"],
        "errors 550": ["errors", "550"],
        "errors": ["errors"],
        "formats": ["formats"],
        "search": ["search", "--limit", "10", *at],
        "search, as JSON": ["search", "--limit", "10", "--format", "json", *at],
        "report": ["report", trace_id, *at],
        "token list": ["token", "list", *at],
        "audit verify": ["audit", "verify", *at],
        "retention": ["retention", "--keep", "forever", *at],
        "doctor": ["doctor", *at],
        "ingest --help": ["ingest", "--help"],
        "ingest --once, of an empty log": ["ingest", "--once", empty, *at],
    }
    return {
        "python -c pass": [sys.executable, "-c", "pass"],
        'python -c "import cyclopts, msgspec"': [sys.executable, "-c", "import cyclopts, msgspec"],
        "import mailtrace": [sys.executable, "-c", "import mailtrace"],
        **{name: [MAILTRACE, *words] for name, words in told.items()},
    }


if __name__ == "__main__":
    raise SystemExit(main())
