"""`mailtrace search --follow`: lines that are written to a log are rows a moment later, and it ends in order."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

Start = Callable[..., subprocess.Popen[str]]


def lines(number: int) -> str:
    """The log of one message that is delivered now."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f+00:00")
    queue = f"4D09318A{number:03d}"
    return "".join(
        f"{stamp} mx postfix/{program}[1]: {queue}: {said}\n"
        for program, said in (
            ("smtpd", "client=mail.sender.example[192.0.2.7]"),
            ("cleanup", f"message-id=<{number}@sender.example>"),
            ("qmgr", "from=<ann@sender.example>, size=512, nrcpt=1 (queue active)"),
            (
                "smtp",
                f"to=<bob{number}@example.net>, relay=mx.example.net[198.51.100.1]:25, delay=0.1, dsn=2.0.0, status=sent (250 2.0.0 Ok)",
            ),
            ("qmgr", "removed"),
        )
    )


@pytest.mark.parametrize(("form", "ending"), [("jsonl", signal.SIGINT), ("table", signal.SIGTERM)])
def test_what_is_written_to_a_log_is_shown(mailtrace_process: Start, tmp_path: Path, form: str, ending: signal.Signals) -> None:
    """A real log, read by `ingest` and asked by `search --follow`; each row stands there once, and both signals end it with code 0."""
    log = tmp_path / "mail.log"
    log.write_text(lines(1))
    reading = mailtrace_process("ingest", str(log))
    until_found(mailtrace_process, 1)
    following = mailtrace_process("search", "bob*", "--follow", "--format", form)
    assert following.stdout is not None
    first = following.stdout.readline()
    if form == "table":
        assert first.split()[:2] == ["Date", "Sending"]
        first = following.stdout.readline()
    rows = [first]
    for number in (2, 3):
        with log.open("a") as out:
            out.write(lines(number))
        rows.append(following.stdout.readline())
    found = [json.loads(row)["recipient"] for row in rows] if form == "jsonl" else [row.split()[4] for row in rows]
    assert found == [f"bob{number}@example.net" for number in (1, 2, 3)]
    following.send_signal(ending)
    rest, said = following.communicate(timeout=20)
    assert (following.returncode, rest) == (0, "")
    assert said in ("", "mailtrace: read as “bob*” anywhere\n")
    reading.send_signal(signal.SIGTERM)
    reading.communicate(timeout=20)


def until_found(start: Start, count: int) -> None:
    """Wait until so many traces are in the store."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        done = start("search", "--format", "jsonl")
        out, _ = done.communicate(timeout=20)
        if len(out.splitlines()) == count:
            return
    raise AssertionError("the log was not read")


@pytest.mark.parametrize("options", [["--format", "csv"], ["--count"], ["--sort", "size"], ["--cursor", "0" * 26], ["--output", "x.csv"]])
def test_what_cannot_be_followed_is_refused(mailtrace: Callable[..., object], options: list[str]) -> None:
    """In one sentence, with code 2."""
    done = mailtrace("search", "--follow", *options)
    assert getattr(done, "returncode", None) == 2
    assert "--follow" in getattr(done, "stderr", "") or "--output" in getattr(done, "stderr", "")
