"""What a page of results costs one interpreter: CPU by kind of question, asked of the application itself, without a server and clients.

Where other programs share the cores, CPU is worth more than it is on a quiet machine, but two runs beside each other can be compared.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from random import Random
from statistics import fmean, median
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

from bench.load import drawn
from bench.measure import keep, parser, percentile, show, table
from bench.pages import filled_up_to_now, questions
from mailtrace.serving import site
from mailtrace.settings import Settings
from mailtrace.stores import open_engine
from search.http.app import application

#: Questions that are asked before it is measured.
_WARM = 40


class _Here(ThreadPoolExecutor):
    """Does everything in the thread that asks for it, so that nothing waits for the interpreter."""

    def submit(self, work: Callable[..., Any], /, *given: Any, **options: Any) -> Future[Any]:
        """Do it."""
        done: Future[Any] = Future()
        try:
            done.set_result(work(*given, **options))
        except BaseException as error:  # noqa: BLE001 - whoever waits for it hears of it
            done.set_exception(error)
        return done


async def asked(application: Any, path: str) -> None:
    """Ask for a page as a browser does, to where it is."""
    path, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(b"host", b"localhost"), (b"accept-encoding", b"gzip"), (b"cookie", b"mailtrace_visit=bench")],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "state": {},
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await application(scope, receive, send)
    if sent[0]["status"] == 303:
        await asked(application, dict(sent[0]["headers"])[b"location"].decode())
    elif sent[0]["status"] != 200:
        raise SystemExit(f"{path}?{query} is answered with {sent[0]['status']}")


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    given_by = parser("page_cost", __doc__)
    given_by.add_argument("--traces", type=int, default=1_000_000, help="how many are in the store")
    given_by.add_argument("--sample", type=int, default=60_000, help="lines of traffic that the traces are made from")
    given_by.add_argument("--pages", type=int, default=300, help="how many pages are asked for")
    given_by.add_argument("--data", type=Path, help="keep the store in this folder, and take it from there if it is there")
    given = given_by.parse_args(argv)
    took: defaultdict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="bench-page-cost-") as folder, patch("search.http.app.ThreadPoolExecutor", _Here):
        data = given.data or Path(folder) / "data"
        if not (data / "store").exists():
            filled_up_to_now(data / "store", given.traces, given.sample)
        settings = Settings(data=f"{folder}/own", store=f"sqlite:{data}/store")
        engine = open_engine(settings.store, settings.elasticsearch)
        app = application(site(settings, engine))
        loop = asyncio.new_event_loop()
        loop.set_default_executor(_Here())
        pages = questions(drawn(settings.store, Random(5)), Random(3))
        for page in islice(pages, _WARM):
            loop.run_until_complete(asked(app, page.path))
        # As `mailtrace serve` does.
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        for page in islice(pages, given.pages):
            began = time.process_time()
            loop.run_until_complete(asked(app, page.path))
            took[page.kind].append((time.process_time() - began) * 1000)
        loop.close()
        engine.close()
    took["all"] = [one for values in took.values() for one in values]
    figures = {
        kind: {"asked": len(values), "median": median(values), "mean": fmean(values), "p95": percentile(values, 0.95), "most": max(values)}
        for kind, values in sorted(took.items(), key=lambda item: (item[0] == "all", item[0]))
    }
    rows = [[kind, f"{one['asked']:g}", *(f"{one[key]:.1f}" for key in ("median", "mean", "p95", "most"))] for kind, one in figures.items()]
    show(table(f"CPU of a page, ms, {given.traces:,} traces", ["question", "asked", "median", "mean", "p95", "most"], rows))
    keep(given.json, "page_cost", {"traces": given.traces, "kinds": figures})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
