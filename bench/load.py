"""The service under load: searches and reports at a set rate from this process, while `mailtrace run` follows a log that grows.

Questions come at random times, so many a second on average, whether or not earlier ones were answered; each time is counted from the moment
at which the question was due. Then the same beside clients that hardly read, and then faster, until it is too slow.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

from bench import documents, traffic
from bench.following import Writing
from bench.measure import MAILTRACE, keep, parser, percentile, show, table
from bench.search import filled
from bench.visitors import Asked, Tally, Visitors
from mailtrace import Query, TraceAnswer, asking
from mailtrace.settings import Elasticsearch

_DAY_MS = 86_400_000
_ADDRESS = re.compile(r"Mail Trace is at http://([\d.]+):(\d+)/")
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
#: The goal: so slow may 95 of a hundred answers be.
GOAL_MS = 100.0
#: By how much the rate goes up, and for how long each is held, in the search for the limit.
_STEP, _STEP_S, _MOST_STEPS = 1.25, 15.0, 12

Parameters = Sequence[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of question: its share in the whole, and its parameters with the values of a trace; None is asked for the report."""

    name: str
    share: int
    parameters: Callable[[TraceAnswer], Parameters] | None


def _time(trace: TraceAnswer, days: int) -> str:
    """A time so many days from a trace."""
    return datetime.fromtimestamp(_ms(trace) / 1000 + days * _DAY_MS / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _ms(trace: TraceAnswer) -> int:
    """When a trace was first seen."""
    return int(datetime.fromisoformat(trace.time).timestamp() * 1000)


KINDS = (
    Kind("sender", 20, lambda t: [("sender", t.sender)]),
    Kind("recipient", 25, lambda t: [("recipient", t.recipient)]),
    Kind("sender and recipient", 15, lambda t: [("sender", t.sender), ("recipient", t.recipient)]),
    Kind("quarantine id", 10, lambda t: [("quarantine_id", t.quarantine_id)]),
    Kind(
        "domain in 30 days",
        10,
        lambda t: [("recipient", (t.recipient or "").partition("@")[2]), ("since", _time(t, -15)), ("until", _time(t, 15))],
    ),
    Kind("Message-ID", 10, lambda t: [("message_id", t.message_id)]),
    Kind("report", 10, None),
)


def questions(values: Sequence[TraceAnswer], random: Random, pages: bool) -> Iterator[Asked]:
    """Draw questions without end; with pages, every third is asked of the page."""
    kinds = [kind for kind in KINDS for _ in range(kind.share)]
    fitting = {kind.name: values for kind in kinds} | {"quarantine id": [one for one in values if one.quarantine_id]}
    while True:
        kind = random.choice(kinds)
        trace = random.choice(fitting[kind.name])
        page = pages and random.randrange(3) == 0
        where = ("/trace" if page else "/api/v1/traces") + ("" if kind.parameters else f"/{trace.id}")
        asked = urlencode([(name, value) for name, value in kind.parameters(trace) if value is not None]) if kind.parameters else ""
        yield Asked(f"{kind.name}, page" if page else kind.name, f"{where}?{asked}" if asked else where)


def drawn(store: str, random: Random) -> list[TraceAnswer]:
    """Take traces whose values are asked for, of all times; a tenth of them were kept back."""
    found: list[TraceAnswer] = []
    with asking(store) as mail:
        newest, oldest = mail.freshness().newest, mail.freshness().oldest
        assert newest is not None
        assert oldest is not None
        first, last = (int(datetime.fromisoformat(one).timestamp() * 1000) for one in (oldest, newest))
        for number in range(110):
            words = ("quarantined",) if number >= 100 else ()
            until_ms = random.randrange(first, last) if number else last + 1
            some = mail.search(Query(until_ms=until_ms, disposition=words), limit=25).traces
            found += [one for one in some if one.sender and one.recipient and one.message_id]
    return found


class Service:
    """`mailtrace run` on a log, which this process writes as time goes by."""

    def __init__(self, child: subprocess.Popen[str], said: list[str], host: str, port: int, token: str) -> None:
        self._child = child
        self.said = said
        self.host, self.port, self.token = host, port, token

    def cpu_s(self) -> tuple[float, float]:
        """Seconds of CPU that the service, with those that help it, and the ingester have used."""
        return sum(_cpu_s(pid) for pid in _below(self._child.pid)), _cpu_s(self._child.pid)


def _below(parent: int) -> Iterator[int]:
    """The processes that one has started, and those that they have."""
    for one in Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split():
        yield int(one)
        yield from _below(int(one))


def _cpu_s(pid: int) -> float:
    """Seconds of CPU of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def _machine_cpu_s() -> float:
    """Seconds of CPU that everything on this machine has used, and what its host took away."""
    ticks = [int(one) for one in Path("/proc/stat").read_text(encoding="ascii").partition("\n")[0].split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) * _TICK_S


@contextmanager
def running(data: Path, log: Path) -> Iterator[Service]:
    """Give the service, when it listens."""
    env = {**os.environ, "MAILTRACE_DATA": str(data), "MAILTRACE_KEEP": "forever", "MAILTRACE_HTTP_PORT": "0"}
    made = [MAILTRACE, "token", "create", f"bench-{time.time_ns()}", "--role", "admin"]
    token = subprocess.run(made, env=env, check=True, capture_output=True, text=True).stdout.strip()
    said: list[str] = []
    found: list[re.Match[str]] = []
    with subprocess.Popen([MAILTRACE, "run", str(log)], env=env, stderr=subprocess.PIPE, text=True) as child:

        def listen() -> None:
            for line in child.stderr or ():
                said.append(line)
                found.extend(_ADDRESS.finditer(line))

        listening = threading.Thread(target=listen, daemon=True)
        listening.start()
        try:
            until = time.monotonic() + 60
            while not found:
                if child.poll() is not None or time.monotonic() > until:
                    raise SystemExit(f"the service did not start: {''.join(said).strip()[-500:]}")
                time.sleep(0.05)
            yield Service(child, said, found[0][1], int(found[0][2]), token)
            child.send_signal(signal.SIGTERM)
            child.wait(60)
        finally:
            if child.poll() is None:
                child.kill()
            # It hears until the last of the processes ends: only then may its pipe be closed.
            listening.join(60)


class Load:
    """Stages of load on one service."""

    def __init__(self, service: Service, asked: Iterator[Asked]) -> None:
        self._service = service
        self._visitors = Visitors(service.host, service.port, service.token)
        self._random = Random(7)
        self._questions = asked

    async def warm(self, seconds: float, rate: float = 30.0) -> None:
        """Ask slowly for a while; what does not answer ends the benchmark before it is measured."""
        tally = await self._visitors.visit(self._questions, rate, seconds, self._random)
        if errors := tally.all_errors():
            raise SystemExit(f"the service does not answer as it should: {Counter(errors)}")

    async def stage(self, rate: float, seconds: float, title: str | None) -> tuple[Tally, dict[str, Any]]:
        """Hold a rate, and say what it cost."""
        own, (service, ingester), machine, began = time.process_time(), self._service.cpu_s(), _machine_cpu_s(), time.perf_counter()
        tally = await self._visitors.visit(self._questions, rate, seconds, self._random)
        took = time.perf_counter() - began
        now_service, now_ingester = self._service.cpu_s()
        used = {"service": now_service - service, "ingester": now_ingester - ingester, "clients": time.process_time() - own}
        used["others"] = _machine_cpu_s() - machine - sum(used.values())
        figures: dict[str, Any] = {
            "rate": rate,
            "seconds": seconds,
            "asked": len(tally.late_ms),
            "errors": len(tally.all_errors()),
            "p95_ms": tally.p95_ms(),
            "cores": {who: value / took for who, value in used.items()},
            "sent_late_p99_ms": percentile(tally.late_ms or [0.0], 0.99),
            "kinds": {kind: _figures(tally, kind) for kind in sorted({*tally.took_ms, *tally.errors})},
        }
        if title is not None:
            show(table(f"{title}, {rate:g} a second for {seconds:g} s", _HEAD, _rows(tally)))
            show(_cost(figures))
            if errors := tally.all_errors():
                show(f"errors: {dict(Counter(errors))}")
        return tally, figures

    async def beside_slow(self, number: int, rate: float, seconds: float) -> dict[str, Any]:
        """Hold a rate while so many clients read an export a few bytes a second."""
        dawdlers = await self._visitors.dawdle(["/api/v1/traces"] * number, "application/x-ndjson")
        # They have begun to get their answers, and are behind.
        await asyncio.sleep(10)
        _, figures = await self.stage(rate, seconds, f"Beside {number} clients that read 16 bytes a second")
        reading = sum(1 for one in dawdlers if one.received and not one.ended)
        for one in dawdlers:
            await one.stop()
        show(f"{reading} of {number} slow clients were still reading at the end")
        return {**figures, "slow_clients": number, "slow_clients_still_reading": reading}

    async def limit(self, rate: float) -> list[dict[str, Any]]:
        """Go faster until it is too slow, or fails."""
        tried = []
        for _ in range(_MOST_STEPS):
            rate *= _STEP
            tally, figures = await self.stage(round(rate), _STEP_S, None)
            tried.append(figures)
            show(f"{round(rate):5d}/s: p95 {tally.p95_ms():,.1f} ms, {figures['errors']} errors; {_cost(figures)}")
            if figures["errors"] or tally.p95_ms() > GOAL_MS:
                break
        return tried

    def close(self) -> None:
        """Close all connections."""
        self._visitors.close()


_HEAD = ["question", "asked", "p50 ms", "p95 ms", "p99 ms", "most ms", "errors"]


def _figures(tally: Tally, kind: str) -> dict[str, float]:
    """The figures of one kind."""
    took = tally.took_ms.get(kind) or [float("nan")]
    errors = len(tally.errors.get(kind, ()))
    shares = {f"p{round(share * 100)}_ms": percentile(took, share) for share in (0.5, 0.95, 0.99)}
    return {"asked": len(tally.took_ms.get(kind, ())) + errors, **shares, "max_ms": max(took), "errors": errors}


def _rows(tally: Tally) -> list[list[str]]:
    """A row for each kind, and one for all."""
    whole = Tally({"all": tally.all_ms()}, {"all": tally.all_errors()})
    figures = [(kind, _figures(tally, kind)) for kind in sorted({*tally.took_ms, *tally.errors})] + [("all", _figures(whole, "all"))]
    times = ("p50_ms", "p95_ms", "p99_ms", "max_ms")
    return [[kind, f"{one['asked']:g}", *(f"{one[key]:,.1f}" for key in times), f"{one['errors']:g}"] for kind, one in figures]


def _cost(figures: dict[str, Any]) -> str:
    """What the processes used, in cores."""
    cores = ", ".join(f"{who} {value:.2f}" for who, value in figures["cores"].items())
    return f"cores used: {cores}; questions sent late by at most {figures['sent_late_p99_ms']:.1f} ms (p99)"


async def measured(service: Service, values: Sequence[TraceAnswer], given: argparse.Namespace, log: Path) -> dict[str, Any]:
    """All stages, while the log grows."""
    async with growing(log, given.messages):
        load = Load(service, questions(values, Random(7), given.pages))
        try:
            await load.warm(min(10.0, given.seconds))
            _, alone = await load.stage(
                given.rate, given.seconds, f"{given.traces:,} traces, the ingester at {given.messages:g} messages a second"
            )
            figures: dict[str, Any] = {"alone": alone}
            if given.slow:
                figures["beside_slow"] = await load.beside_slow(given.slow, given.rate, given.seconds)
            if not given.no_limit:
                figures["limit"] = await load.limit(given.rate)
        finally:
            load.close()
    return figures


@asynccontextmanager
async def growing(log: Path, messages: float) -> AsyncIterator[None]:
    """Write so many messages a second to a log meanwhile."""
    with log.open("a", encoding="utf-8") as file:
        now = datetime.now(UTC).replace(microsecond=0)
        writing = Writing(file, traffic.lines(traffic.Settings(rate=messages, start=now, seed=time.time_ns())), 0, 1)
        task = asyncio.create_task(_grow(writing))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _grow(writing: Writing) -> None:
    """Write the lines whose time has come."""
    while True:
        writing.go_on()
        await asyncio.sleep(0.05)


def beside_ingesting(data: Path, log: Path, measure: Callable[[Service], Coroutine[Any, Any, dict[str, Any]]]) -> dict[str, Any]:
    """What is measured of a service while it reads a log into its store, and how much it wrote; where that is nothing, it ends."""
    store = f"sqlite:{data}/store"
    log.touch()
    with asking(store) as mail:
        before = mail.count()
    with running(data, log) as service:
        figures = asyncio.run(measure(service))
    with asking(store) as mail:
        written = mail.count() - before
    show(f"{written:,} traces were read and stored meanwhile")
    if not written:
        raise SystemExit(f"the ingester wrote nothing: {''.join(service.said).strip()[-500:]}")
    return {"written_meanwhile": written, **figures}


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    given_by = parser("load", __doc__)
    given_by.add_argument("--traces", type=int, default=1_000_000, help="how many are in the store")
    given_by.add_argument("--sample", type=int, default=60_000, help="lines of traffic that the traces are made from")
    given_by.add_argument("--rate", type=float, default=200.0, help="questions a second")
    given_by.add_argument("--seconds", type=float, default=60.0, help="how long the rate is held")
    given_by.add_argument("--slow", type=int, default=50, help="clients that read an export a few bytes a second")
    given_by.add_argument("--messages", type=float, default=20.0, help="messages a second that are written to the log")
    given_by.add_argument("--pages", action="store_true", help="ask every third question of the pages in place of the API")
    given_by.add_argument("--no-limit", action="store_true", help="do not look for the rate at which it becomes too slow")
    given_by.add_argument("--data", type=Path, help="keep the store in this folder, and take it from there if it is there")
    given = given_by.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="bench-load-") as folder:
        data = given.data or Path(folder) / "data"
        store, log = f"sqlite:{data}/store", Path(folder) / "mail.log"
        if not (data / "store").exists():
            filled((store, Elasticsearch()), given.traces, documents.made(given.sample))
        values = drawn(store, Random(5))
        figures = beside_ingesting(data, log, lambda service: measured(service, values, given, log))
    keep(given.json, "load", {"traces": given.traces, **figures})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
