"""One message of very many recipients: CPU and memory of reading it, each size in a process of its own."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

from bench.measure import keep, parser, show, table
from ingest.options import IngestOptions
from ingest.pipeline import Ingest
from ingest.sinks.embedded import EmbeddedSink

_ID = "4D2A31C0FFEE"
_REPLY = "relay=mx.example.net[198.51.100.9]:25, delay=0.5, delays=0.1/0/0.2/0.2, dsn=2.0.0, status=sent (250 2.0.0 Ok)"
#: Deliveries in one second of the log.
_A_SECOND = 100


def lines(recipients: int) -> Iterator[str]:
    """One queue file, with a line for each recipient."""
    yield _line(0, f"smtpd[5]: {_ID}: client=mail.sender.example[203.0.113.5]")
    yield _line(0, f"cleanup[6]: {_ID}: message-id=<a1@client.example>")
    yield _line(1, f"qmgr[7]: {_ID}: from=<news@sender.example>, size=500, nrcpt={recipients} (queue active)")
    for number in range(recipients):
        yield _line(2 + number // _A_SECOND, f"smtp[8]: {_ID}: to=<r{number}@example{number % 50}.net>, {_REPLY}")
    yield _line(3 + recipients // _A_SECOND, f"qmgr[7]: {_ID}: removed")


def _line(second: int, text: str) -> str:
    return f"2026-11-24T{3 + second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.000000+00:00 mx1 postfix/{text}\n"


def read(recipients: int) -> dict[str, float]:
    """Read it into a new store: seconds of CPU, megabytes at the peak, documents written."""
    with tempfile.TemporaryDirectory(prefix="bench-recipients-") as folder:
        work = Path(folder)
        log = work / "mail.log"
        log.write_text("".join(lines(recipients)), encoding="utf-8")
        began = time.process_time()
        sink = EmbeddedSink(work / "store")
        summary = Ingest(IngestOptions((str(log),), timezone=UTC), sink, work / "data").run_once()
        sink.close()
        cpu_s = time.process_time() - began
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"recipients": recipients, "cpu_s": cpu_s, "peak_mb": peak_mb, "written": summary.traces}


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    given_by = parser("recipients", __doc__)
    given_by.add_argument("--recipients", type=int, nargs="+", default=[3_000, 12_000, 48_000])
    given_by.add_argument("--one", type=int, help="read one size in this process, and print it as JSON")
    given = given_by.parse_args(argv)
    if given.one is not None:
        show(json.dumps(read(given.one)))
        return 0
    found = []
    for count in given.recipients:
        done = subprocess.run([sys.executable, "-m", "bench.recipients", "--one", str(count)], capture_output=True, text=True, check=True)
        found.append(json.loads(done.stdout))
    rows = [[f"{one['recipients']:,}", f"{one['cpu_s']:.1f}", f"{one['peak_mb']:,.0f}", f"{one['written']:,}"] for one in found]
    show(table("One message", ["recipients", "CPU, s", "peak MB", "documents written"], rows))
    keep(given.json, "recipients", {"sizes": found})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
