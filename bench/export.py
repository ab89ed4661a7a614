"""How fast a whole result is written into a file, in each form, and that memory does not grow with it."""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

from bench import documents
from bench.measure import keep, parser, show, table
from ingest.sinks.embedded import EmbeddedSink
from mailtrace import Query, asking
from mailtrace.exporting import Export

FORMS = ("csv", "jsonl")


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    given_by = parser("export", __doc__)
    given_by.add_argument("--traces", type=int, default=200_000)
    given_by.add_argument("--sample", type=int, default=30_000, help="lines of traffic that the traces are made from")
    given = given_by.parse_args(argv)
    rows: list[dict[str, float | str]] = []
    with tempfile.TemporaryDirectory(prefix="bench-export-") as name:
        folder = Path(name)
        sink = EmbeddedSink(folder / "store")
        for batch in documents.batches(documents.traces(given.traces, sample=documents.made(given.sample), seed=1)):
            sink.submit(batch)
        sink.flush()
        sink.close()
        rows = [_written(folder, form) for form in FORMS]
    show(table(f"{given.traces:,} traces", list(rows[0]), [[_shown(value) for value in row.values()] for row in rows]))
    keep(given.json, "export", {"traces": given.traces, "forms": rows})
    return 0


def _written(folder: Path, form: str) -> dict[str, float | str]:
    """Write everything in one form."""
    before, began, cpu_began = _memory_mb(), time.perf_counter(), time.process_time()
    with asking(f"sqlite:{folder / 'store'}") as mail:
        count = Export(folder / f"mail.{form}", form, "", 0, resume=False).write(mail, Query(), lambda _: None)
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu_began
    grown = _memory_mb() - before
    return {"form": form, "rows/s": count / wall, "rows a second of CPU": count / cpu, "memory grown, MB": grown}


def _memory_mb() -> float:
    """The most memory that the process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _shown(value: float | str) -> str:
    """A cell."""
    return value if isinstance(value, str) else f"{value:,.0f}"


if __name__ == "__main__":
    raise SystemExit(main())
