"""The page of results under load: so many searches a second as people make them, at a store of a million, while `mailtrace run` reads on.

Each answer is a whole page as a browser asks for it, compressed, with its rows, its chart and how far the logs are read. Other readers hold
lists open to which new rows come by themselves. Last, what a first visit takes over the wire.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

from bench import documents
from bench.load import Kind, Load, Service, beside_ingesting, drawn, growing
from bench.measure import keep, parser, show, table
from bench.search import filled
from bench.visitors import Asked, Visitors
from mailtrace import TraceAnswer
from mailtrace.settings import Elasticsearch

#: The goals: so slow may 95 of a hundred pages be, and so much may a first visit weigh.
GOAL_MS, GOAL_BYTES = 150.0, 60_000
#: The store's mail reaches up to now.
_DAYS = 60
_LINKED = re.compile(rb'(?:href|src)="([^"]+\.(?:css|js|svg)[^"#]*)')

KINDS = (
    Kind("sender", 15, lambda t: [("sender", t.sender)]),
    Kind("recipient, 7 days", 20, lambda t: [("recipient", t.recipient), ("since", "7d")]),
    Kind("domain, 30 days", 15, lambda t: [("recipient", (t.recipient or "").partition("@")[2]), ("since", "30d")]),
    Kind("a word", 15, lambda t: [("query", (t.sender or "").partition("@")[0]), ("since", "7d")]),
    Kind("outcomes, a day", 15, lambda t: [("disposition", "bounced"), ("disposition", "deferred"), ("since", "24h")]),
    Kind("Message-ID", 10, lambda t: [("message_id", t.message_id)]),
    Kind("everything, 7 days", 10, lambda t: [("since", "7d")]),
)


def questions(values: Sequence[TraceAnswer], random: Random) -> Iterator[Asked]:
    """Draw questions without end."""
    kinds = [kind for kind in KINDS for _ in range(kind.share)]
    while True:
        kind = random.choice(kinds)
        assert kind.parameters is not None
        yield Asked(kind.name, f"/trace?{urlencode(list(kind.parameters(random.choice(values))))}")


async def weighed(service: Service, page: Asked) -> list[tuple[str, int]]:
    """What a first visit takes over the wire, compressed, bodies alone: the page and each file that it names."""
    visitors = Visitors(service.host, service.port, service.token)
    try:
        _, plain = await Visitors(service.host, service.port, service.token, encoding="identity").ask(page.path)
        paths = [page.path, *dict.fromkeys(found.decode() for found in _LINKED.findall(plain))]
        return [(path.partition("?")[0], len((await visitors.ask(path))[1])) for path in paths]
    finally:
        visitors.close()


@asynccontextmanager
async def watching(service: Service, number: int) -> AsyncIterator[None]:
    """So many readers have a list open, to which new rows come."""
    head = f"GET /trace/live?since=1h HTTP/1.1\r\nHost: {service.host}\r\nAuthorization: Bearer {service.token}\r\n\r\n"
    tasks = []
    for _ in range(number):
        reader, writer = await asyncio.open_connection(service.host, service.port)
        writer.write(head.encode())
        tasks.append(asyncio.create_task(_drain(reader, writer)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _drain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read what comes, to the end."""
    try:
        while await reader.read(65_536):
            pass
    finally:
        writer.close()


async def measured(service: Service, values: Sequence[TraceAnswer], given: argparse.Namespace, log: Path) -> dict[str, Any]:
    """The rate, while the log grows; then the weight."""
    async with growing(log, given.messages), watching(service, given.watchers):
        load = Load(service, questions(values, Random(7)))
        try:
            await load.warm(min(10.0, given.seconds), min(5.0, given.rate))
            title = f"{given.traces:,} traces, the ingester at {given.messages:g} messages a second, {given.watchers} live lists"
            _, figures = await load.stage(given.rate, given.seconds, title)
        finally:
            load.close()
    each = figures["cores"]["service"] * given.seconds / max(figures["asked"], 1) * 1000
    show(f"CPU of the service a page: {each:.1f} ms; p95 {figures['p95_ms']:.0f} ms (goal {GOAL_MS:g})")
    weights = await weighed(service, next(questions(values, Random(11))))
    together = sum(size for _, size in weights)
    show(table("A first visit, bytes over the wire", ["file", "bytes"], [[path, f"{size:,}"] for path, size in weights]))
    show(f"{together:,} bytes together (goal {GOAL_BYTES:,})")
    return {**figures, "service_cpu_ms_a_page": each, "first_visit": dict(weights), "first_visit_bytes": together}


def filled_up_to_now(store: Path, count: int, sample: int) -> None:
    """Make a store whose mail reaches up to now."""
    began = datetime.now(UTC) - timedelta(days=_DAYS)
    filled((f"sqlite:{store}", Elasticsearch()), count, documents.made(sample), start=began)


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    given_by = parser("pages", __doc__)
    given_by.add_argument("--traces", type=int, default=1_000_000, help="how many are in the store")
    given_by.add_argument("--sample", type=int, default=60_000, help="lines of traffic that the traces are made from")
    given_by.add_argument("--rate", type=float, default=50.0, help="pages a second")
    given_by.add_argument("--seconds", type=float, default=60.0, help="how long the rate is held")
    given_by.add_argument("--watchers", type=int, default=10, help="lists that are open for new rows")
    given_by.add_argument("--messages", type=float, default=20.0, help="messages a second that are written to the log")
    given_by.add_argument("--data", type=Path, help="keep the store in this folder, and take it from there if it is there")
    given = given_by.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="bench-pages-") as folder:
        data = given.data or Path(folder) / "data"
        log = Path(folder) / "mail.log"
        if not (data / "store").exists():
            filled_up_to_now(data / "store", given.traces, given.sample)
        store = f"sqlite:{data}/store"
        values = drawn(store, Random(5))
        figures = beside_ingesting(data, log, lambda service: measured(service, values, given, log))
    keep(given.json, "pages", {"traces": given.traces, **figures})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
