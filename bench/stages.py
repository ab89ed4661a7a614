"""Where the time of reading goes: the share of CPU of each stage, by sampling the main thread's stack.

A sample belongs to the innermost module that a stage owns, so what a stage calls elsewhere counts as its own. Beside it stands how many
calls, of our functions and of the interpreter's, one trace takes: a figure that no busy machine changes.
"""

from __future__ import annotations

import gc
import signal
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC
from pathlib import Path
from types import FrameType
from typing import Any

from bench import traffic
from bench.documents import Kept
from bench.measure import keep, parser, show, table
from ingest.options import IngestOptions
from ingest.pipeline import Ingest
from ingest.sinks.embedded import EmbeddedSink
from mailtrace.collector import calm_collector

#: Stages by the folders and modules that are theirs; the first that fits counts.
STAGES = (
    ("read", ("/ingest/tail/",)),
    ("frame", ("/ingest/source.py", "/ingest/framing/", "/ingest/records.py")),
    ("parse", ("/ingest/formats/",)),
    ("join", ("/ingest/joining/", "/ingest/memory/", "/mappings/facts/")),
    ("tell and write", ("/ingest/telling/", "/ingest/writer.py")),
    ("encode and store", ("/ingest/sinks/", "/mappings/embedded/")),
    ("the rest of the pipeline", ("/ingest/",)),
)
_INTERVAL_S = 0.001


class Sampler:
    """Counts, while it is on, in which stage the main thread is and how long the cyclic collector runs."""

    def __init__(self) -> None:
        self.samples: Counter[str] = Counter()
        self.collecting_s = 0.0
        self._began = 0.0
        self._stage_of: dict[str, str | None] = {}

    def __enter__(self) -> Sampler:
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, _INTERVAL_S, _INTERVAL_S)
        gc.callbacks.append(self._collecting)
        return self

    def __exit__(self, *_: object) -> None:
        gc.callbacks.remove(self._collecting)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, signal.SIG_IGN)

    def _sample(self, _: int, frame: FrameType | None) -> None:
        """Count one sample."""
        while frame is not None:
            stage = self._stage(frame.f_code.co_filename)
            if stage is not None:
                self.samples[stage] += 1
                return
            frame = frame.f_back
        self.samples["outside"] += 1

    def _stage(self, file: str) -> str | None:
        """The stage that a module belongs to."""
        if file not in self._stage_of:
            self._stage_of[file] = next((name for name, parts in STAGES if any(part in file for part in parts)), None)
        return self._stage_of[file]

    def _collecting(self, phase: str, _: dict[str, int]) -> None:
        """Add up the time of the cyclic collector."""
        now = time.thread_time()
        if phase == "start":
            self._began = now
        else:
            self.collecting_s += now - self._began


def calls_a_trace(work: Path, lines: int) -> float:
    """Calls that reading takes for each trace, its fixed costs included; into a store that keeps the traces in memory."""
    log = work / "calls.log"
    traffic.write(log, lines, traffic.Settings())
    calls = 0

    def count(frame: FrameType, event: str, given: Any) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    ingest = Ingest(IngestOptions(paths=(str(log),), timezone=UTC), Kept(), work / "calls")
    sys.setprofile(count)
    try:
        summary = ingest.run_once()
    finally:
        sys.setprofile(None)
    return calls / max(summary.traces, 1)


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    given_by = parser("stages", __doc__)
    given_by.add_argument("--lines", type=int, default=200_000)
    given_by.add_argument("--rate", type=float, default=20.0, help="messages a second in the log")
    given = given_by.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="bench-stages-") as folder:
        work = Path(folder)
        log = work / "mail.log"
        traffic.write(log, given.lines, traffic.Settings(rate=given.rate))
        sink = EmbeddedSink(work / "store")
        calm_collector()
        whole, main_thread = time.process_time(), time.thread_time()
        with Sampler() as sampler:
            summary = Ingest(IngestOptions(paths=(str(log),), timezone=UTC), sink, work / "data").run_once()
        main_s = time.thread_time() - main_thread
        other_s = time.process_time() - whole - main_s
        sink.close()
        calls = calls_a_trace(work, min(given.lines, 20_000))
    count = sum(sampler.samples.values())
    shares = {name: sampler.samples[name] / max(count, 1) for name, _ in (*STAGES, ("outside", ()))}
    rows = [
        [name, f"{share:.1%}", f"{share * main_s * 1e6 / given.lines:.1f}", f"{share * main_s * 1e6 / max(summary.traces, 1):.0f}"]
        for name, share in shares.items()
    ]
    rows.append(["together", "100 %", f"{main_s * 1e6 / given.lines:.1f}", f"{main_s * 1e6 / max(summary.traces, 1):.0f}"])
    show(table(f"{given.lines:,} lines, {summary.traces:,} traces, {count:,} samples", ["stage", "CPU", "us a line", "us a trace"], rows))
    show(f"The cyclic collector took {sampler.collecting_s / main_s:.1%} of it, in whatever stage it ran.")
    show(f"Other threads took {other_s:.2f} s besides.")
    show(f"A trace takes {calls:,.0f} calls, of our functions and of the interpreter's.")
    keep(
        given.json,
        "stages",
        {"lines": given.lines, "traces": summary.traces, "cpu_s": main_s, "other_threads_s": other_s}
        | {"collector_s": sampler.collecting_s, "shares": shares, "calls_a_trace": calls},
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
