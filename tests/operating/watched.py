"""`mailtrace run` with its figures shown, on a log that is written to."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Watched:
    """A program that runs, and where it shows what."""

    program: subprocess.Popen[bytes]
    log: Path
    said: Path
    figures: str
    page: str

    def get(self, address: str) -> str:
        """What an address gives."""
        return httpx.get(address, timeout=10).text

    def samples(self) -> list[Sample]:
        """All figures now."""
        return [sample for family in text_string_to_metric_families(self.get(self.figures)) for sample in family.samples]

    def value(self, name: str, **labels: str) -> float | None:
        """One figure now."""
        return next((s.value for s in self.samples() if s.name == name and labels.items() <= s.labels.items()), None)

    def wait_for(self, wanted: float, name: str, **labels: str) -> None:
        """Wait until a figure has a value."""
        end = time.monotonic() + _PATIENCE_S
        while (now := self.value(name, **labels)) != wanted:
            assert time.monotonic() < end, f"{name} is {now}"
            time.sleep(0.1)


@contextmanager
def watched(folder: Path, command: str = "run", *options: str, **environ: str) -> Iterator[Watched]:
    """Run it until the block ends; it must end in order."""
    log, said = folder / "logs" / "mail.log", folder / "said"
    log.parent.mkdir(exist_ok=True)
    log.touch()
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("MAILTRACE_", "NOTIFY_", "WATCHDOG_"))}
    words = [*([] if command == "serve" else [str(log)]), *([] if command == "ingest" else ["--port", "0"])]
    with said.open("wb") as stream:
        program = subprocess.Popen(
            [sys.executable, "-m", "mailtrace", command, *words, "--data", str(folder / "data"), "--metrics", "127.0.0.1:0", *options],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env={**ours, "TZ": "UTC", "MAILTRACE_KEEP": "forever", **environ},
        )
    try:
        figures = _told(r"^Figures for Prometheus are at (\S+)$", said, program)
        page = "" if command == "ingest" else _told(r"^Mail Trace is at (\S+)$", said, program)
        yield Watched(program, log, said, figures, page)
        program.send_signal(signal.SIGTERM)
        assert program.wait(_PATIENCE_S) == 0, said.read_text()
    finally:
        program.kill()
        program.wait()


def _told(pattern: str, said: Path, program: subprocess.Popen[bytes]) -> str:
    """What the program says when it is ready."""
    end = time.monotonic() + _PATIENCE_S
    while True:
        text = said.read_text(encoding="utf-8")
        if found := re.search(pattern, text, re.MULTILINE):
            return found[1]
        assert program.poll() is None, text
        assert time.monotonic() < end, text
        time.sleep(0.05)
