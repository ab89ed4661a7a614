"""Realistic mail traffic as log lines of Postfix with amavis behind its queue: the same seed gives the same bytes.

Every message is written when it arrives, also what happens to it later; a heap puts the lines of all messages in the order of time,
so that the work of many processes interleaves. Run it alone: `python -m bench.traffic FILE --lines 1000000`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import heappop
from itertools import islice
from pathlib import Path
from random import Random

from bench.messages import Lines, Mail
from bench.processes import SECOND

#: When the log begins: some days before most runs, for a stamp ahead of the clock moves nothing.
START = datetime(2025, 3, 3, 8, 0, 0, tzinfo=UTC)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the traffic is like."""

    seed: int = 1
    #: Messages a second.
    rate: float = 20.0
    host: str = "mx1"
    start: datetime = START
    #: `rfc3339` or `traditional`.
    stamps: str = "rfc3339"
    long_ids: bool = False
    #: Whether the server logs the subjects.
    subjects: bool = False


def lines(settings: Settings) -> Iterator[str]:
    """Give lines without end, in the order of time, each with its newline."""
    random = Random(settings.seed)
    pending: Lines = []
    mail = Mail(random, pending, long_ids=settings.long_ids, subjects=settings.subjects)
    now = int(settings.start.timestamp()) * SECOND
    traditional = settings.stamps == "traditional"
    second, front, end = -1, "", f" {settings.host} " if traditional else f"+00:00 {settings.host} "
    while True:
        now += int(random.expovariate(settings.rate) * SECOND) + 1
        while pending and pending[0][0] < now:
            time_us, _, text = heappop(pending)
            if time_us // SECOND != second:
                second = time_us // SECOND
                front = _front(second, traditional=traditional)
            yield f"{front}{end}{text}\n" if traditional else f"{front}{time_us % SECOND:06d}{end}{text}\n"
        mail.arrives(now)


def _front(second: int, *, traditional: bool) -> str:
    """The part of a stamp that all lines of one second share."""
    when = datetime.fromtimestamp(second, UTC)
    if traditional:
        return f"{_MONTHS[when.month - 1]} {when.day:2d} {when:%H:%M:%S}"
    return f"{when:%Y-%m-%dT%H:%M:%S}."


def write(path: Path, count: int, settings: Settings) -> int:
    """Write so many lines to a file; gives its size in bytes."""
    with path.open("w", encoding="utf-8", newline="\n", buffering=1 << 20) as file:
        file.writelines(islice(lines(settings), count))
    return path.stat().st_size


def main(argv: list[str] | None = None) -> int:
    """Write traffic to a file."""
    parser = argparse.ArgumentParser(prog="python -m bench.traffic", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", type=Path)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=20.0, help="messages a second")
    parser.add_argument("--host", default="mx1")
    parser.add_argument("--stamps", choices=("rfc3339", "traditional"), default="rfc3339")
    parser.add_argument("--long-ids", action="store_true", help="long queue ids")
    parser.add_argument("--subjects", action="store_true", help="the server logs subjects")
    given = parser.parse_args(argv)
    settings = Settings(given.seed, given.rate, given.host, START, given.stamps, given.long_ids, given.subjects)
    size = write(given.file, given.lines, settings)
    sys.stdout.write(f"{given.lines:,} lines, {size / 1e6:,.1f} MB: {given.file}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
