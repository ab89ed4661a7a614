"""The program's own log: JSON lines for programs, lines for people on a terminal, and nothing personal in either."""

from __future__ import annotations

import io
import json
import logging
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from captures import Capture
from hypothesis import given
from hypothesis import strategies as st

from mailtrace.log import log_fault, masked, set_up_log

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.fixture(autouse=True)
def own_log() -> Iterator[None]:
    """Leave the log of other tests as it was."""
    hook, handlers, level = threading.excepthook, logging.root.handlers[:], logging.root.level
    yield
    threading.excepthook = hook
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


def logged(monkeypatch: pytest.MonkeyPatch, say: Callable[[], None], level: Any = "info", stream: io.StringIO | None = None) -> str:
    """What stands on standard error when something is logged."""
    stream = io.StringIO() if stream is None else stream
    monkeypatch.setattr(sys, "stderr", stream)
    set_up_log(level)
    say()
    return stream.getvalue()


def fail() -> None:
    """Fail as a program does, with an address in its words."""
    try:
        raise ValueError("no number: anna@example.com")
    except ValueError as error:
        log_fault(ValueError, error, error.__traceback__)


def test_without_a_terminal_each_event_is_a_line_of_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time, level and name first, then what belongs to it; text of other languages stays as it is."""
    text = logged(monkeypatch, lambda: structlog.get_logger().warning("source_warned", detail="Grüße\nan alle", count=3))
    (line,) = text.splitlines()
    told = json.loads(line)
    assert told.pop("timestamp").endswith("Z")
    assert told == {"event": "source_warned", "level": "warning", "detail": "Grüße\nan alle", "count": 3}
    assert "Grüße" in line


def test_on_a_terminal_it_is_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """No JSON, and no stack where the program itself failed."""
    text = logged(monkeypatch, fail, stream=Terminal())
    assert "fault" in text
    assert "Traceback" not in text
    assert not text.startswith("{")


def test_a_fault_is_kept_with_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who mend it see where it happened; nobody's address."""
    told = json.loads(logged(monkeypatch, fail))
    assert told["level"] == "critical"
    assert "test_log.py" in told["exception"]
    assert "no number: ***@example.com" in told["exception"]


def test_a_thread_that_fails_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not as a stack on standard error, as Python does by itself."""

    def die() -> None:
        raise RuntimeError("gone")

    def say() -> None:
        thread = threading.Thread(target=die, name="bulk-1")
        thread.start()
        thread.join()

    told = json.loads(logged(monkeypatch, say))
    assert (told["event"], told["thread"]) == ("thread_failed", "bulk-1")
    assert "RuntimeError: gone" in told["exception"]


def test_libraries_speak_the_same_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their warnings are events too, and their chatter is none."""

    def say() -> None:
        logging.getLogger("a.library").warning("odd request from %s", "anna@example.com")
        logging.getLogger("httpx").info("asked")

    told = json.loads(logged(monkeypatch, say))
    assert (told["event"], told["level"]) == ("odd request from ***@example.com", "warning")


def test_the_level_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is below it is not told."""

    def say() -> None:
        for level in ("debug", "info", "warning", "error"):
            getattr(structlog.get_logger(), level)("said")

    for at, level in enumerate(("debug", "info", "warning", "error")):
        assert len(logged(monkeypatch, say, level).splitlines()) == 4 - at


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("to anna@example.com now", "to ***@example.com now"),
        ("<anna+x@example.com>,<ben@[192.0.2.1]>", "<***@example.com>,<***@[192.0.2.1]>"),
        ('<"anna b"@example.com>', "<***@example.com>"),
        ("to=anna@example.com", "to=***@example.com"),
        ("grüße@bücher.example", "***@bücher.example"),
        ("failed to parse [x]. Preview of field's value: 'Our secret plan' and more", "failed to parse [x]. Preview of field's value: ..."),
        ("5 traces @ once, mail@", "5 traces @ once, mail@"),
    ],
)
def test_what_is_personal_is_masked(said: str, shown: str) -> None:
    """Addresses keep their domain, which is what an operator needs; what a store quotes is left out. `debug` tells all."""
    nested = {"event": "x", "detail": said, "more": [{"detail": said}]}
    assert masked(None, "info", dict(nested)) == {"event": "x", "detail": shown, "more": [{"detail": shown}]}
    assert masked(None, "debug", dict(nested)) == nested


@given(st.text(), st.from_regex(r"[a-z0-9.+_-]{1,20}@[a-z]{1,9}\.example", fullmatch=True), st.text())
def test_no_address_comes_through(before: str, address: str, behind: str) -> None:
    """Whatever stands around it."""
    assert address not in masked(None, "info", {"event": before + address + behind})["event"]


def test_a_whole_capture_leaves_nothing_personal_in_the_log(
    mailtrace_process: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    """Real mail is followed, with a line that is not at its end and a source that cannot be read: of nobody's address, and no subject."""
    content = Capture("amavis_json").content("mail.log")
    people = {found for found in ADDRESS.findall(content.decode()) if not found.startswith(("postfix@", "root@"))}
    subjects = {found for found in re.findall(r'"subject":"([^"\\]+)"', content.decode()) if " " in found}
    assert len(people) > 100
    assert len(subjects) > 50
    log = tmp_path / "mail.log"
    log.write_bytes(content + content.splitlines()[-1])
    log.with_name("broken.log.gz").write_bytes(b"\x1f\x8b\x08 anna@example.com")
    (tmp_path / "no.log").mkdir()
    (tmp_path / "no.log").chmod(0)
    program = mailtrace_process("ingest", str(tmp_path / "*.log*"), MAILTRACE_KEEP="forever", MAILTRACE_LOG_LEVEL="info")
    assert program.stderr is not None
    said = ""
    while "Following" not in said:
        said += program.stderr.readline()
    _until_stored(tmp_path / "data")
    program.send_signal(signal.SIGTERM)
    said += program.communicate(timeout=60)[1]
    assert program.returncode == 0, said
    events = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert "source_warned" in {event["event"] for event in events}, said
    assert ADDRESS.findall(said) == []
    assert [subject for subject in subjects if subject in said] == []
    assert [person for person in people if person in said] == []


def _until_stored(data: Path) -> None:
    """Wait until the positions say that the log is read."""
    for _ in range(600):
        positions = data / "positions.json"
        if positions.exists() and "mail.log" in positions.read_text(encoding="utf-8"):
            return
        threading.Event().wait(0.1)
    raise AssertionError(sorted(data.iterdir()))
