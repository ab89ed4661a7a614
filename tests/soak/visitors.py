"""The service beside 500 slow and hostile connections of nine kinds: searches at a set rate, each as quick as ever, and none fails.

The hostile ones are a process of their own. Questions come at random times, whatever became of those before, and a time is counted from the
moment at which the question was due. Exit code 1 where a question failed or 95 of a hundred took longer than the goal.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from hostile_clients import KINDS, Place, beset

from bench import documents
from bench.load import GOAL_MS, Load, Service, drawn, questions, running
from bench.measure import show
from bench.search import filled
from mailtrace.settings import Elasticsearch

#: Where this program finds its modules is not where the product's finds its own.
_WITH_TESTS = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
#: Seconds for the hostile ones to take their places.
_SETTLE_S = 5.0


@contextmanager
def attack(service: Service, connections: int) -> Iterator[dict[str, Any]]:
    """Beset a service from another process; what its members met is in the result afterwards."""
    each = -(-connections // len(KINDS))
    command = [sys.executable, "-m", "soak.visitors", "--beset", service.host, str(service.port), service.token, str(each)]
    met: dict[str, Any] = {}
    # In a session of its own, which the system's scheduler gives a share of its own: it stands for other machines.
    options: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "start_new_session": True}
    with subprocess.Popen(command, env=_WITH_TESTS, **options) as hostile:
        assert hostile.stdin is not None
        assert hostile.stdout is not None
        try:
            yield met
        finally:
            hostile.stdin.close()
            met.update(json.loads(hostile.stdout.read() or "{}"))


async def hostile(host: str, port: int, token: str, each: int) -> dict[str, Any]:
    """Beset the service until standard input ends."""
    place = Place(host, port, token)
    async with beset(place, KINDS, each):
        await asyncio.to_thread(sys.stdin.read)
    return {"statuses": {kind: sorted(found) for kind, found in place.statuses.items()}, "ended": place.ended}


async def measured(service: Service, given: argparse.Namespace, values: Any) -> dict[str, Any]:
    """The rate alone, and then beside the hostile ones."""
    load = Load(service, questions(values, Random(7), pages=False))
    try:
        await load.warm(min(5.0, given.seconds))
        _, alone = await load.stage(given.rate, given.seconds, "Alone")
        with attack(service, given.connections) as met:
            await asyncio.sleep(_SETTLE_S)
            title = f"Beside {given.connections} slow and hostile connections"
            _, beside = await load.stage(given.rate, given.seconds, title)
    finally:
        load.close()
    return {"alone": alone, "beside": beside, "met": met}


def main() -> int:
    """Measure and print."""
    given_by = argparse.ArgumentParser(prog="soak.visitors", description=__doc__)
    given_by.add_argument("--traces", type=int, default=200_000, help="how many are in the store")
    given_by.add_argument("--rate", type=float, default=100.0, help="searches a second")
    given_by.add_argument("--seconds", type=float, default=60.0, help="how long the rate is held, alone and beside")
    given_by.add_argument("--connections", type=int, default=500, help="slow and hostile ones")
    given_by.add_argument("--beset", nargs=4, metavar=("HOST", "PORT", "TOKEN", "EACH"), help="be the hostile ones")
    given = given_by.parse_args()
    if given.beset:
        host, port, token, each = given.beset
        print(json.dumps(asyncio.run(hostile(host, int(port), token, int(each)))))
        return 0
    os.environ.pop("PYTHONPATH", None)
    with tempfile.TemporaryDirectory(prefix="soak-visitors-") as folder:
        data, log = Path(folder) / "data", Path(folder) / "mail.log"
        store = f"sqlite:{data}/store"
        filled((store, Elasticsearch()), given.traces, documents.made(30_000))
        values = drawn(store, Random(5))
        log.touch()
        with running(data, log) as service:
            figures = asyncio.run(measured(service, given, values))
    met = figures["met"]
    for kind in (one.__name__ for one in KINDS):
        show(f"{kind}: answered with {met.get('statuses', {}).get(kind, [])}, put out {met.get('ended', {}).get(kind, 0)} times")
    beside = figures["beside"]
    good = not beside["errors"] and beside["p95_ms"] <= GOAL_MS
    show(f"p95 {beside['p95_ms']:.1f} ms (alone {figures['alone']['p95_ms']:.1f}), {beside['errors']} errors: {'good' if good else 'BAD'}")
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
