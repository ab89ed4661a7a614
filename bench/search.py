"""How long answers take: each kind of question, asked of stores of so many traces, with values that are in them.

Values are drawn from traces of all times and people, so frequent ones are asked for more often, as in life. With several sizes the stores
are there at the same time, and the answer times of each are set in relation to those of the first. `--elasticsearch` asks a cluster of
one node on the same machine.
"""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from bench import documents, traffic
from bench.measure import keep, parser, percentile, show, table
from bench.server import elasticsearch, post, settled
from ingest.sinks.embedded import EmbeddedSink
from ingest.sinks.embedded_copies import CopyRules
from mailtrace import MailTrace, Query, asking
from mailtrace.settings import Elasticsearch
from mailtrace.stores import embedded_folder, is_cluster
from mailtrace.writing import open_sink
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


#: A store as settings name it: its address, and what is set of a cluster.
Place = tuple[str, Elasticsearch]


def filled(place: Place, count: int, sample: list[Trace], *, start: datetime = traffic.START) -> list[Trace]:
    """Write a store of so many traces, of 60 days from the start; gives some of them, over the whole range.

    The files of an embedded one have their columnar copies, so that none is made while it is measured.
    """
    chosen: list[Trace] = []
    every = max(1, count // 2000)
    number = 0
    began = time.monotonic()
    with closing(open_sink(*place)) as sink:
        for batch in documents.batches(documents.traces(count, sample=sample, start=start)):
            sink.submit(batch)
            sink.acknowledged()
            chosen += [
                trace for i, trace in enumerate(batch, number) if i % every == 0 or (trace.quarantine_id and i % (every // 8 + 1) == 0)
            ]
            number += len(batch)
            if number % 500_000 < documents.BATCH:
                show(f"{number:,} of {count:,} traces written, {number / (time.monotonic() - began):,.0f}/s")
        sink.flush()
    if not is_cluster(place[0]):
        with closing(EmbeddedSink(embedded_folder(place[0]), copies=CopyRules(by_itself=False))) as embedded:
            embedded.make_copies()
    return chosen


def _values(name: str, chosen: list[Trace], random: Random) -> Iterator[Trace]:
    """Draw traces whose values are asked for."""
    fitting = [t for t in chosen if t.quarantine_id] if name == "quarantine id" else [t for t in chosen if t.sender and t.recipient]
    while True:
        yield random.choice(fitting or chosen)


def asked(mail: MailTrace, chosen: list[Trace]) -> dict[str, dict[str, float]]:
    """Ask every kind of question, after a few of each that do not count."""
    figures: dict[str, dict[str, float]] = {}
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
    return figures


@contextmanager
def _places(cluster: bool, heap: str, sizes: Sequence[int]) -> Iterator[list[Place]]:
    """Give a place for a store of each size."""
    if not cluster:
        with tempfile.TemporaryDirectory(prefix="bench-search-") as folder:
            yield [(f"sqlite:{Path(folder)}/store-{size}", Elasticsearch()) for size in sizes]
        return
    with elasticsearch(heap=heap) as address:
        yield [(address, Elasticsearch(prefix=f"bench-{size}")) for size in sizes]


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    given_by = parser("search", __doc__)
    given_by.add_argument("--traces", type=int, nargs="+", default=[1_000_000], help="how many; several for a store of each size")
    given_by.add_argument("--sample", type=int, default=60_000, help="lines of traffic that the traces are made from")
    given_by.add_argument("--elasticsearch", action="store_true", help="ask an Elasticsearch, not the embedded store")
    given_by.add_argument("--heap", default="2g", help="memory of that Elasticsearch for its own use")
    given_by.add_argument("--rounds", type=int, default=1, help="how often all is asked; the figures are medians")
    given = given_by.parse_args(argv)
    sample = documents.made(given.sample)
    rounds: dict[int, list[dict[str, dict[str, float]]]] = {size: [] for size in given.traces}
    with _places(given.elasticsearch, given.heap, given.traces) as places:
        chosen = [filled(place, size, sample) for place, size in zip(places, given.traces, strict=True)]
        if given.elasticsearch:
            # What the server does after writing is over before it is asked.
            settled(places[0][0])
        # What was written is held here, and nobody who only asks has it: Python need not look through it for cycles.
        gc.collect()
        gc.freeze()
        for _ in range(given.rounds):
            for place, size, some in zip(places, given.traces, chosen, strict=True):
                with asking(*place) as mail:
                    rounds[size].append(asked(mail, some))
        sizes = [_bytes(place) / size for place, size in zip(places, given.traces, strict=True)]
    figures = {size: _medians(rounds[size]) for size in given.traces}
    kind = "Elasticsearch" if given.elasticsearch else "the embedded store"
    for number, size in enumerate(given.traces):
        rows = _rows(figures[size], None if number == 0 else figures[given.traces[0]])
        head = ["question", "asked", "p50 ms", "p95 ms", "most ms"]
        title = f"{kind}: {size:,} traces, {sizes[number]:,.0f} bytes each, warm, whole answers of the Python API"
        show(table(title, head if number == 0 else [*head, "p95 of the first"], rows))
    keep(given.json, "search-elasticsearch" if given.elasticsearch else "search", {"traces": given.traces, "questions": figures})
    return 0


def _medians(rounds: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """The median of each figure over the rounds."""
    return {name: {key: median(one[name][key] for one in rounds) for key in rounds[0][name]} for name in rounds[0]}


def _rows(figures: dict[str, dict[str, float]], first: dict[str, dict[str, float]] | None) -> list[list[str]]:
    """A row for each question."""
    return [
        [
            name,
            f"{f['asked']:g}",
            *(f"{f[key]:,.2f}" for key in ("p50_ms", "p95_ms", "max_ms")),
            *([f"{f['p95_ms'] / first[name]['p95_ms']:.2f}"] if first is not None else []),
        ]
        for name, f in figures.items()
    ]


def _bytes(place: Place) -> int:
    """What a store takes on disk."""
    address, cluster = place
    if address.startswith("sqlite:"):
        return sum(f.stat().st_size for f in Path(address.removeprefix("sqlite:")).iterdir())
    stats: Any = post(f"{address}/{cluster.prefix}-traces-*/_stats/store", method="GET")
    return int(stats["_all"]["primaries"]["store"]["size_in_bytes"])


if __name__ == "__main__":
    raise SystemExit(main())
