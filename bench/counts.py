"""Counting in the embedded store: the same questions asked of columnar copies and of the rows, and what the copies cost.

Every field is counted by, and mail over time, each with each filter. CPU of the asking process is told beside the time that passes: on a
busy machine it is the figure to trust.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC
from pathlib import Path

from bench import documents
from bench.measure import keep, parser, percentile, show, table
from ingest.sinks.embedded import EmbeddedSink
from ingest.sinks.embedded_copies import CopyRules
from mappings.embedded import columnar
from mappings.trace import Trace
from search.counting import CountsAsked, countable
from search.engines.embedded import EmbeddedEngine
from search.query import Query
from search.service import MailTrace

#: Copies are made when they are asked for, of every file.
_BY_HAND = CopyRules(least=1, lacking=0, share=0.0, by_itself=False)
#: Of so many traces one is written once more: enough for new copies.
_LATE = 33
_FILTERS: dict[str, Query] = {
    "everything": Query(),
    "bounced or deferred": Query(disposition=("bounced", "deferred")),
    "sender *rossi*": Query(sender=("*rossi*",)),
    "code 5xx": Query(code=("5xx",)),
    "a network": Query(client=("10.0.0.0/8",)),
    "words and numbers": Query(query='reply: "user unknown" or not (size > 5000 and score < 1)'),
}
#: A time for each kind of question, in milliseconds: wall and CPU.
_Took = dict[str, list[tuple[float, float]]]


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    given_by = parser("counts", __doc__)
    given_by.add_argument("--traces", type=int, default=1_000_000)
    given_by.add_argument("--sample", type=int, default=60_000, help="lines of traffic that the traces are made from")
    given_by.add_argument("--rounds", type=int, default=3)
    given_by.add_argument("--store", type=Path, help="a store that is there already; copies are made of what lacks one")
    given_by.add_argument("--no-rows", action="store_true", help="ask the copies alone: the rows of a large store take long")
    given = given_by.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="bench-counts-") as folder:
        store = given.store or Path(folder) / "store"
        figures = _copied(store, given.traces) if given.store else _written(store, given.traces, documents.made(given.sample))
        show(table(f"{given.traces:,} traces", ["figure", "value"], [[name, f"{value:,.1f}"] for name, value in figures.items()]))
        copies = _asked(store, given.rounds)
        rows = {} if given.no_rows else _asked(store, 1, able=False)
    listed = [_row(name, took, rows.get(name)) for name, took in copies.items()]
    head = ["counted by", "p50 ms", "p95 ms", "CPU p50", "CPU p95", "rows: CPU p95", "ratio"]
    show(table(f"{len(_FILTERS)} filters, {given.rounds} rounds, warm, whole answers of the Python API", head, listed))
    keep(given.json, "counts", {"traces": given.traces, "figures": figures, "copies": copies, "rows": rows})
    return 0


def _written(store: Path, count: int, sample: list[Trace]) -> dict[str, float]:
    """Write the traces; then some of them once more, as late lines do, without copies and with the changes noted for one.

    Then the copies are made anew: all of the rows, and once more where some are newer.
    """
    with closing(EmbeddedSink(store)) as sink:
        cpu = _cpu_of(lambda: _submit(sink, documents.batches(documents.traces(count, sample=sample))))
    late = [trace for number, trace in enumerate(documents.traces(count, sample=sample)) if number % _LATE == 0]
    figures = {"writing: CPU us a trace": cpu * 1e6 / count}
    with closing(EmbeddedSink(store)) as sink:
        cpu = _cpu_of(lambda: _submit(sink, documents.batches(iter(late))))
        figures["late, without copies: CPU us a trace"] = cpu * 1e6 / len(late)
    figures |= _copied(store, count)
    with closing(EmbeddedSink(store, copies=_BY_HAND)) as sink:
        cpu = _cpu_of(lambda: _submit(sink, documents.batches(iter(late))))
        figures["late, with copies: CPU us a trace"] = cpu * 1e6 / len(late)
        cpu = _children_cpu(sink.make_copies)
        figures["copies, where some traces are newer: CPU us a trace"] = cpu * 1e6 / count
    return figures


def _submit(sink: EmbeddedSink, batches: documents.Batches) -> None:
    """Write batches."""
    for batch in batches:
        sink.submit(batch)
        sink.acknowledged()


def _copied(store: Path, count: int) -> dict[str, float]:
    """Make every copy anew."""
    for copy in store.glob(f"*{columnar.SUFFIX}*"):
        copy.unlink()
    with closing(EmbeddedSink(store, copies=_BY_HAND)) as sink:
        cpu = _children_cpu(sink.make_copies)
    size = sum(copy.stat().st_size for copy in store.glob(f"*{columnar.SUFFIX}*"))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"copies: CPU us a trace": cpu * 1e6 / count, "copies: bytes a trace": size / count, "copies: peak MB": peak}


def _children_cpu(do: Callable[[], object]) -> float:
    """The CPU time of the processes that doing it starts, in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    do()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _questions() -> Iterator[tuple[str, CountsAsked]]:
    """Everything that is counted."""
    for word in countable():
        yield word, CountsAsked(word)
    yield "time", CountsAsked("time")
    yield "time, by the hour", CountsAsked("time", interval="1h")
    yield "time, then disposition", CountsAsked("time", then="disposition")
    yield "recipient_domain, then disposition", CountsAsked("recipient_domain", then="disposition")
    yield "relay, percentiles of size", CountsAsked("relay", of="size", percentiles=(50.0, 95.0))


def _asked(store: Path, rounds: int, *, able: bool = True) -> _Took:
    """Ask everything with every filter, after one time that does not count."""
    found: _Took = {}
    with closing(EmbeddedEngine(store, copies=able)) as engine, MailTrace(engine) as mail:
        for name, asked in _questions():
            for query in _FILTERS.values():
                for number in range(rounds + able):
                    began, cpu = time.perf_counter(), time.process_time()
                    mail.counts(asked, query, zone=UTC)
                    took = ((time.perf_counter() - began) * 1e3, (time.process_time() - cpu) * 1e3)
                    if number or not able:
                        found.setdefault(name, []).append(took)
    return found


def _row(name: str, copies: list[tuple[float, float]], rows: list[tuple[float, float]] | None) -> list[str]:
    """A row of the table."""
    wall, cpu = [took for took, _ in copies], [took for _, took in copies]
    # The dearest questions are those that copies are for: what an index answers, rows answer as fast.
    beside = percentile([took for _, took in rows], 0.95) if rows else None
    told = ["", ""] if beside is None else [f"{beside:,.0f}", f"{beside / percentile(cpu, 0.95):,.1f}"]
    return [name, *(f"{percentile(of, share):,.0f}" for of in (wall, cpu) for share in (0.5, 0.95)), *told]


def _cpu_of(do: Callable[[], None]) -> float:
    """The CPU time of doing it, of this process, in seconds."""
    began = time.process_time()
    do()
    return time.process_time() - began


if __name__ == "__main__":
    raise SystemExit(main())
