"""A real Elasticsearch to measure with."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class NoServerError(Exception):
    """None can be had; the message says why."""


@contextmanager
def elasticsearch(version: str = "9", heap: str = "1g", *, cores: Sequence[int] = (), settings: Sequence[str] = ()) -> Iterator[str]:
    """Give the address of a server without data, which is gone afterwards, also when we are killed.

    With `cores` it runs on those only. What it costs stands in its own answers: `_nodes/stats/process` has its CPU time, `_nodes/process`
    its pid.
    """
    pinned = ["taskset", "--cpu-list", ",".join(map(str, cores))] if cores else []
    options = ["--version", version, "--heap", heap, *(word for setting in settings for word in ("-E", setting))]
    # A program of its own, because the tests' modules are not the benches'. It ends with its standard input, so with us.
    command = [*pinned, sys.executable, "-m", "tests.servers", "hold", *options]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as held:
        assert held.stdin is not None
        assert held.stdout is not None
        address = held.stdout.readline().strip()
        if not address:
            held.wait()
            raise NoServerError("No Elasticsearch to measure with; the reason stands above.")
        try:
            yield address
        finally:
            held.stdin.close()


def sent(url: str, body: bytes | None = None, *, method: str = "POST") -> bytes:
    """Ask the server without any code of ours, and give its answer as it comes."""
    request = urllib.request.Request(url, body, {"content-type": "application/json"}, method=method)  # noqa: S310 - our own server
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return bytes(answer.read())


def post(url: str, *, method: str = "POST") -> Any:
    """The same where nothing is sent and JSON comes back."""
    return json.loads(sent(url, method=method))


def settled(address: str) -> None:
    """Wait until a server has written and merged what it was given."""
    post(f"{address}/_refresh")
    post(f"{address}/_flush")
    quiet = 0
    while quiet < 3:
        time.sleep(1)
        merging = post(f"{address}/_stats/merge", method="GET")["_all"]["total"]["merges"]["current"]
        quiet = 0 if merging else quiet + 1
