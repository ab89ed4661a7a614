"""What several tests need: the command line as a user meets it."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
import structlog

from mailtrace.build import is_compiled
from mailtrace.cli import main

pytest_plugins = ("servers.fixtures",)

#: Folders whose files take minutes: they are begun first, or the end of a run would wait for one of them alone.
_LONG = ("contract", "pages", "promise", "soak")


def pytest_configure() -> None:
    """How wide the terminal is does not count. Whoever starts a process after Python's line editor was loaded tells it, as pytest does."""
    os.environ.pop("COLUMNS", None)
    # `make test-compiled` means what is installed; the checkout's own modules would be taken first if they were in reach.
    if os.environ.get("MAILTRACE_TEST_COMPILED") and not is_compiled():
        raise pytest.UsageError("the compiled build is to be tested, and the modules that are found are plain Python")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files come in random order, but for those that take long."""
    items.sort(key=lambda item: item.path.parent.name not in _LONG)


def pytest_collection_finish() -> None:
    """What is loaded now stays: that the collector looks through it again and again would cost a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def quiet_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings but a data folder below `tmp_path`, UTC, and any free port for the page: that of an earlier test may just be ending."""
    for name in [name for name in os.environ if name.startswith("MAILTRACE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("MAILTRACE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MAILTRACE_HTTP_PORT", "0")
    # A fault of the program is to fail a test, not to be put aside.
    monkeypatch.setenv("MAILTRACE_STOP_AT_FAULTS", "true")


@pytest.fixture
def mailtrace(quiet_environment: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run `mailtrace` within this process."""

    def run(*arguments: str, **environ: str) -> Done:
        hook = sys.excepthook
        with monkeypatch.context() as patch:
            for name, value in environ.items():
                patch.setenv(name, value)
            # A command that stays for long calms the collector of its process. In this one cycles of all later tests would pile up.
            patch.setattr(gc, "freeze", lambda: None)
            patch.setattr(gc, "set_threshold", lambda *_: None)
            capsys.readouterr()
            code = main(arguments)
        sys.excepthook = hook
        # The program's log goes to a stream that is this test's own.
        structlog.reset_defaults()
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture
def mailtrace_process(quiet_environment: None) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start `mailtrace` as a process of its own; what still runs at the end of the test is ended."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, stdin: IO[bytes] | int = subprocess.DEVNULL, **environ: str) -> subprocess.Popen[str]:
        program = subprocess.Popen(
            [sys.executable, "-c", "import sys; from mailtrace.cli import main; sys.exit(main())", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=stdin,
            text=True,
            env={**os.environ, **environ},
        )
        started.append(program)
        return program

    yield start
    for program in started:
        program.kill()
        program.wait()
        for stream in (program.stdin, program.stdout, program.stderr):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
