"""The embedded store alone: traces made beforehand, written in batches as the ingester hands them over."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bench import documents
from bench.measure import keep, parser, percentile, show, spread, table
from ingest.sinks.embedded import EmbeddedSink


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    given_by = parser("store", __doc__)
    given_by.add_argument("--traces", type=int, default=200_000, help="for each round")
    given_by.add_argument("--rounds", type=int, default=3)
    given_by.add_argument("--sample", type=int, default=60_000, help="lines of traffic that the traces are made from")
    given = given_by.parse_args(argv)
    sample = documents.made(given.sample)
    rows: list[dict[str, float]] = []
    for round_number in range(given.rounds):
        with tempfile.TemporaryDirectory(prefix="bench-store-") as folder:
            stream = documents.traces(given.traces, sample=sample, seed=round_number)
            rows.append(_written(Path(folder), given.traces, documents.batches(stream)))
    show(
        table(
            f"{given.traces:,} traces a round, batches of {documents.BATCH:,}, {given.rounds} rounds: median [least to greatest]",
            ["figure", "value"],
            [[name, spread([row[name] for row in rows], 0)] for name in rows[0]],
        )
    )
    keep(given.json, "store", {"traces": given.traces, "rounds": rows})
    return 0


def _written(folder: Path, count: int, batches: documents.Batches) -> dict[str, float]:
    """Write all batches to a new store; only the writing is timed, and the closing."""
    sink = EmbeddedSink(folder / "store")
    waits: list[float] = []
    cpu = 0.0
    for batch in batches:
        began, cpu_began = time.perf_counter(), time.process_time()
        sink.submit(batch)
        sink.acknowledged()
        cpu += time.process_time() - cpu_began
        waits.append(time.perf_counter() - began)
    began, cpu_began = time.perf_counter(), time.process_time()
    sink.flush()
    sink.close()
    cpu += time.process_time() - cpu_began
    wall = sum(waits) + time.perf_counter() - began
    size = sum(f.stat().st_size for f in (folder / "store").iterdir())
    return {
        "traces/s": count / wall,
        "CPU us a trace": cpu * 1e6 / count,
        "bytes a trace": size / count,
        "batch p95 ms": percentile(waits, 0.95) * 1000,
        "longest batch ms": max(waits) * 1000,
    }


if __name__ == "__main__":
    raise SystemExit(main())
