"""A real Prometheus that scrapes what a test shows it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from debian import unpacked

_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that runs."""

    address: str

    def get(self, path: str, **parameters: str) -> Any:
        """Ask its API; what it says where a question is wrong."""
        answer = httpx.get(f"{self.address}/api/v1/{path}", params=parameters, timeout=10)
        told = answer.json()
        assert answer.status_code == 200, (parameters, told)
        return told["data"]

    def values(self, expression: str) -> list[dict[str, Any]]:
        """What an expression gives now."""
        told = self.get("query", query=expression)
        if told["resultType"] == "scalar":
            return [{"metric": {}, "value": told["result"]}]
        found: list[dict[str, Any]] = told["result"]
        return found

    def wait_for(self, expression: str) -> list[dict[str, Any]]:
        """Ask until it gives something."""
        end = time.monotonic() + _PATIENCE_S
        while not (found := self.values(expression)):
            assert time.monotonic() < end, f"{expression} gave nothing"
            time.sleep(0.2)
        return found


@contextmanager
def prometheus(folder: Path, target: str, rules: Path) -> Iterator[Prometheus]:
    """Run one that scrapes a target every second and evaluates rules; its data are in `folder`."""
    program = unpacked("prometheus", "prometheus")
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "scrape_configs": [{"job_name": "mailtrace", "static_configs": [{"targets": [target]}]}],
        "rule_files": [str(rules)],
    }
    # JSON is YAML.
    (folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
    log = folder / "prometheus.log"
    with log.open("wb") as said:
        running = subprocess.Popen(
            [
                program,
                f"--config.file={folder}/prometheus.yml",
                f"--storage.tsdb.path={folder}/tsdb",
                "--web.listen-address=127.0.0.1:0",
            ],
            stdout=said,
            stderr=said,
            stdin=subprocess.DEVNULL,
        )
        try:
            yield Prometheus(f"http://{_listens(log, running)}")
        finally:
            running.send_signal(signal.SIGTERM)
            running.wait(30)


def promtool(*words: str | Path, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run Prometheus' tool."""
    program = unpacked("promtool", "prometheus")
    return subprocess.run([program, *words], input=given, capture_output=True, text=True, check=False, timeout=60)


def _listens(log: Path, running: subprocess.Popen[bytes]) -> str:
    """Where it listens, as its log says."""
    end = time.monotonic() + _PATIENCE_S
    while True:
        text = log.read_text(encoding="utf-8", errors="replace")
        found = re.search(r'msg="Listening on" address=(127\.0\.0\.1:\d+)', text)
        if found and "Server is ready" in text:
            return found[1]
        assert running.poll() is None, text
        assert time.monotonic() < end, text
        time.sleep(0.05)
