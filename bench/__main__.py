"""All benchmarks at sizes that take some minutes together; each can be run alone and larger: `python -m bench.ingest --help`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.measure import machine, show

#: Each runs as its own process, so that none measures what another has left in memory. The second list is the large sizes.
#: What stands behind a hyphen in a name is no part of the module's. The last two need what the tests' Elasticsearch needs.
PLAN = (
    ("commands", ["--rounds", "9"], ["--rounds", "31"]),
    ("ingest", ["--lines", "200000", "--rounds", "3"], ["--lines", "1000000", "--rounds", "3"]),
    ("growth", ["--lines", "50000", "200000"], ["--lines", "50000", "400000", "1000000", "4000000"]),
    ("workers", ["--lines", "200000", "--rounds", "2"], ["--lines", "1000000"]),
    ("families", ["--lines", "60000", "--rounds", "3"], ["--lines", "300000", "--rounds", "3"]),
    ("shared_keys", ["--messages", "500"], ["--messages", "2000"]),
    ("recipients", ["--recipients", "1000", "4000"], ["--recipients", "3000", "12000", "48000"]),
    ("stages", ["--lines", "100000"], ["--lines", "400000"]),
    ("store", ["--traces", "60000", "--rounds", "3", "--sample", "30000"], ["--traces", "400000"]),
    ("wire", ["--lines", "20000"], ["--lines", "200000", "--server"]),
    ("search", ["--traces", "100000", "--sample", "30000"], ["--traces", "1000000"]),
    ("export", ["--traces", "100000"], ["--traces", "1000000"]),
    ("counts", ["--traces", "60000", "--sample", "30000", "--rounds", "2"], ["--traces", "1000000", "--no-rows"]),
    ("following", ["--messages", "30"], ["--messages", "60"]),
    (
        "load",
        ["--traces", "50000", "--sample", "30000", "--rate", "50", "--seconds", "10", "--no-limit"],
        ["--traces", "1000000", "--rate", "200", "--seconds", "60"],
    ),
    (
        "pages",
        ["--traces", "50000", "--sample", "30000", "--seconds", "10"],
        ["--traces", "1000000", "--seconds", "60"],
    ),
    ("page_cost", ["--traces", "50000", "--sample", "30000", "--pages", "100"], ["--traces", "1000000"]),
    ("cluster", ["--lines", "60000", "--rounds", "2"], ["--lines", "300000"]),
    (
        "search-elasticsearch",
        ["--elasticsearch", "--traces", "20000", "100000", "--sample", "30000"],
        ["--elasticsearch", "--traces", "1000000", "5000000", "--rounds", "3"],
    ),
)


def main() -> int:
    """Run them all; the result is that of the first that failed."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--large", action="store_true", help="a million lines and traces; takes half an hour or so")
    parser.add_argument("--only", action="append", choices=[name for name, _, _ in PLAN], help="only this one (repeatable)")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    given = parser.parse_args()
    about = machine()
    hardware = f"{about['cores']} cores, {about['processor']}, {about['memory_gb']} GB"
    show(f"{about['date']}, {hardware}, Python {about['python']}, load {about['load']}")
    figures, worst = [], 0
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name, small, large in PLAN:
            if given.only and name not in given.only:
                continue
            show(f"\n== {name}")
            kept = Path(folder) / f"{name}.json"
            code = subprocess.run(
                [sys.executable, "-m", f"bench.{name.partition('-')[0]}", *(large if given.large else small), "--json", str(kept)],
                check=False,
            ).returncode
            worst = worst or code
            if kept.exists():
                figures.append(json.loads(kept.read_text(encoding="utf-8")))
    if given.json is not None:
        given.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return worst


if __name__ == "__main__":
    raise SystemExit(main())
