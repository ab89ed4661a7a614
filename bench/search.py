"""How long answers take: each kind of question, asked of a store of so many traces, with values that are in it.

Values are drawn from traces of all times and people, so frequent ones are asked for more often, as in life.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

from bench import documents
from bench.measure import keep, parser, percentile, show, table
from ingest.sinks.embedded import EmbeddedSink
from mailtrace import MailTrace, Query, asking
from mappings.trace import Trace

Ask = Callable[[MailTrace, Trace], object]
_DAY_MS = 86_400_000


def _search(limit: int = 50, **criteria: str | int) -> Callable[[MailTrace], object]:
    """Ask for one page."""
    query = Query(**{k: v if isinstance(v, int) else (v,) for k, v in criteria.items()})  # type: ignore[arg-type]  # checked by Query
    return lambda mail: mail.search(query, limit=limit)


def _deep(mail: MailTrace, _: Trace) -> object:
    """Turn pages of the newest mail, and take the time of the twentieth."""
    cursor = None
    for _number in range(20):
        answer = mail.search(Query(disposition=("delivered",)), limit=50, cursor=cursor)
        cursor = answer.next
    return answer


#: Name of the question, how often it is asked, and how.
QUESTIONS: tuple[tuple[str, int, Ask], ...] = (
    ("sender", 200, lambda m, t: _search(sender=t.sender or "x@y.example")(m)),
    ("recipient", 200, lambda m, t: _search(recipient=t.recipient or "x@y.example")(m)),
    ("sender or recipient", 200, lambda m, t: _search(address=t.recipient or "x@y.example")(m)),
    ("sender and recipient", 200, lambda m, t: _search(sender=t.sender or "x@y.example", recipient=t.recipient or "x@y.example")(m)),
    ("recipient's domain", 100, lambda m, t: _search(recipient=t.recipient_domain or "y.example")(m)),
    (
        "recipient's domain, 30 days",
        100,
        lambda m, t: _search(
            recipient=t.recipient_domain or "y.example", since_ms=t.time_ms - 15 * _DAY_MS, until_ms=t.time_ms + 15 * _DAY_MS
        )(m),
    ),
    ("quarantine id", 100, lambda m, t: _search(quarantine_id=t.quarantine_id or "a/spam-none")(m)),
    ("Message-ID", 200, lambda m, t: _search(message_id=t.message_id or "none@example.org")(m)),
    ("queue id", 200, lambda m, t: _search(queue_id=(t.queue_ids or ["0000000000"])[0])(m)),
    ("report by id", 100, lambda m, t: m.report(t.id)),
    ("narrow prefix", 60, lambda m, t: _search(sender=f"{(t.sender or 'ann@')[:-4]}*")(m)),
    ("prefix anna*", 30, lambda m, t: _search(sender="anna*")(m)),
    ("common substring *meyer*", 30, lambda m, t: _search(recipient="*meyer*")(m)),
    ("rare substring *rossi*", 10, lambda m, t: _search(recipient="*rossi*")(m)),
    ("absent substring", 5, lambda m, t: _search(recipient="*zzqx*")(m)),
    ("reply code 5.1.1", 30, lambda m, t: _search(code="5.1.1")(m)),
    ("bounced, newest", 30, lambda m, t: _search(disposition="bounced")(m)),
    ("everything, newest", 30, lambda m, t: _search()(m)),
    ("page of 1,000", 30, lambda m, t: _search(1000, recipient=t.recipient_domain or "y.example")(m)),
    ("pages 1 to 20", 10, _deep),
    ("count of a domain", 10, lambda m, t: m.count(Query(recipient=(t.recipient_domain or "y.example",)))),
    ("count of bounced", 5, lambda m, t: m.count(Query(disposition=("bounced",)))),
    ("codes seen", 3, lambda m, t: m.errors(seen=True)),
)


def filled(folder: Path, count: int, sample: list[Trace]) -> list[Trace]:
    """Write a store of so many traces; gives some of them, over the whole range."""
    chosen: list[Trace] = []
    every = max(1, count // 2000)
    sink = EmbeddedSink(folder)
    number = 0
    for batch in documents.batches(documents.traces(count, sample=sample)):
        sink.submit(batch)
        sink.acknowledged()
        chosen += [trace for i, trace in enumerate(batch, number) if i % every == 0 or (trace.quarantine_id and i % (every // 8 + 1) == 0)]
        number += len(batch)
    sink.flush()
    sink.close()
    return chosen


def _values(name: str, chosen: list[Trace], random: Random) -> Iterator[Trace]:
    """Draw traces whose values are asked for."""
    fitting = [t for t in chosen if t.quarantine_id] if name == "quarantine id" else [t for t in chosen if t.sender and t.recipient]
    while True:
        yield random.choice(fitting or chosen)


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    given_by = parser("search", __doc__)
    given_by.add_argument("--traces", type=int, default=1_000_000)
    given_by.add_argument("--sample", type=int, default=60_000, help="lines of traffic that the traces are made from")
    given = given_by.parse_args(argv)
    figures: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-search-") as folder:
        chosen = filled(Path(folder) / "store", given.traces, documents.made(given.sample))
        with asking(f"sqlite:{folder}/store") as mail:
            for name, times, ask in QUESTIONS:
                drawn = _values(name, chosen, Random(name))
                took = []
                for warm in (True, False):
                    for trace, _ in zip(drawn, range(min(5, times) if warm else times), strict=False):
                        began = time.perf_counter()
                        ask(mail, trace)
                        if not warm:
                            took.append((time.perf_counter() - began) * 1000)
                figures[name] = {"asked": times, "p50_ms": percentile(took, 0.5), "p95_ms": percentile(took, 0.95), "max_ms": max(took)}
    rows = [[name, str(f["asked"]), *(f"{f[key]:,.2f}" for key in ("p50_ms", "p95_ms", "max_ms"))] for name, f in figures.items()]
    show(
        table(f"{given.traces:,} traces, warm, whole answers of the Python API", ["question", "asked", "p50 ms", "p95 ms", "most ms"], rows)
    )
    keep(given.json, "search", {"traces": given.traces, "questions": figures})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
