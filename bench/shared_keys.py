"""What one value costs that many messages share, for each kind of key, next to the same log with a value for each message.

`python -m bench.shared_keys --messages 2000` reads each log with so many messages, twice and four times as many, into a new store.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from bench.crowds import CROWDS, log
from bench.ingest import traces_of
from bench.measure import MAILTRACE, Run, checked, keep, parser, run, show, table

#: A run that takes longer is ended: so many seconds of CPU.
_LONGEST_S = 120


def _read(work: Path, name: str, count: int, *, shared: bool) -> tuple[int, Run | None]:
    """Read a log into a new store; no run where that takes too long."""
    file = work / "mail.log"
    lines = 0
    with file.open("w", encoding="utf-8") as out:
        for line in log(CROWDS[name], count, shared=shared):
            out.write(line)
            lines += 1
    with tempfile.TemporaryDirectory(dir=work) as data:
        # `ulimit` in a shell of its own, so that what never ends does.
        command = [
            "sh",
            "-c",
            f'ulimit -t {_LONGEST_S}; exec "$@"',
            "sh",
            MAILTRACE,
            "--data",
            data,
            "ingest",
            "--once",
            "--timezone",
            "UTC",
        ]
        done = run([*command, str(file)])
    # Ended by the limit's signal; any other end that is not in order is a fault (`checked`), and no measure of time.
    return lines, None if done.code < 0 else done


def measured(name: str, count: int, work: Path) -> list[dict[str, Any]]:
    """Read the logs of one kind of key."""
    found = []
    for times in (1, 2, 4):
        row: dict[str, Any] = {"key": name, "messages": count * times}
        for shared in (False, True):
            lines, done = _read(work, name, count * times, shared=shared)
            if done is None:
                row["shared" if shared else "apart"] = None
                continue
            checked(done, name)
            row["shared" if shared else "apart"] = {
                "lines": lines,
                "traces": traces_of(done.said),
                "cpu_s": round(done.cpu_s, 2),
                "us_a_line": round(done.cpu_s * 1e6 / lines, 1),
                "peak_mb": round(done.peak_mb),
            }
        found.append(row)
        if row["shared"] is None:
            break
    return found


def _shown(row: dict[str, Any], first: dict[str, Any]) -> list[str]:
    """A row of the table."""
    apart, shared = row["apart"], row["shared"]
    if shared is None or apart is None:
        return [row["key"], f"{row['messages']:,}", "", f"more than {_LONGEST_S}", "", "", ""]
    grown = shared["cpu_s"] / first["shared"]["cpu_s"]
    return [
        row["key"],
        f"{row['messages']:,}",
        f"{apart['cpu_s']:.2f}",
        f"{shared['cpu_s']:.2f}",
        f"{shared['us_a_line'] / apart['us_a_line']:.2f}",
        f"{grown:.1f}",
        f"{shared['peak_mb']:,}",
    ]


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    given_by = parser("shared_keys", __doc__)
    given_by.add_argument("--messages", type=int, default=1000, help="messages of the smallest log")
    given_by.add_argument("--only", action="append", choices=sorted(CROWDS), help="only this kind of key (repeatable)")
    given = given_by.parse_args(argv)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as work:
        for name in given.only or CROWDS:
            rows += measured(name, given.messages, Path(work))
    first = {row["key"]: row for row in reversed(rows)}
    head = ["shared", "messages", "CPU s, a value each", "CPU s, one value", "a line, of the other's", "times the first", "peak MB"]
    show(table("One value that all messages share", head, [_shown(row, first[row["key"]]) for row in rows]))
    keep(given.json, "shared_keys", {"rows": json.loads(json.dumps(rows))})
    return int(any(row["shared"] is None for row in rows))


if __name__ == "__main__":
    raise SystemExit(main())
