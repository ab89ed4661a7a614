"""What a service manager hears (sd_notify), on a socket of its kind: ready, alive, stopping, and silence where the loop hangs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from ingest.sinks.patience import Patience
from mailtrace.notify import Manager

_PATIENCE_S = 60.0


@dataclass(slots=True)
class Heard:
    """The states that a manager hears, with the process that told each."""

    address: str
    end: socket.socket
    states: list[tuple[str, int]] = field(default_factory=list)

    def take(self, seconds: float) -> str | None:
        """The next state; None where none comes in time."""
        self.end.settimeout(seconds)
        try:
            data, ancillary, *_ = self.end.recvmsg(4096, socket.CMSG_SPACE(12))
        except TimeoutError:
            return None
        (pid,) = (int.from_bytes(told[:4], "little") for _, kind, told in ancillary if kind == socket.SCM_CREDENTIALS)
        self.states.append((data.decode(), pid))
        return data.decode()

    def wait_for(self, wanted: str) -> None:
        """Wait for a state; what comes before it is kept."""
        end = time.monotonic() + _PATIENCE_S
        while self.take(1.0) != wanted:
            assert time.monotonic() < end, f"{wanted} did not come; heard: {self.states}"


@contextmanager
def manager(folder: Path, *, abstract: bool = False) -> Iterator[Heard]:
    """Listen as systemd does."""
    name = f"@mailtrace-test-{os.getpid()}" if abstract else str(folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        end.bind(f"\0{name[1:]}" if abstract else name)
        yield Heard(name, end)


def log_of(tmp_path: Path) -> str:
    """An empty log."""
    (tmp_path / "mail.log").touch()
    return str(tmp_path / "mail.log")


@pytest.mark.parametrize("command", ["run", "ingest", "serve"])
def test_ready_then_alive_then_stopping(command: str, mailtrace_process: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    """Ready when it reads and serves, signs of life all along, and a word at the end; all from the process that was started."""
    (tmp_path / "data" / "store").mkdir(parents=True)
    with manager(tmp_path, abstract=command == "ingest") as heard:
        words = [] if command == "serve" else [log_of(tmp_path)]
        program = mailtrace_process(command, *words, NOTIFY_SOCKET=heard.address, WATCHDOG_USEC="4000000")
        heard.wait_for("READY=1")
        if command != "ingest":
            assert program.stderr is not None
            # Told before: whoever waits for us can be served now.
            assert any("Mail Trace is at" in program.stderr.readline() for _ in range(4))
        before = len(heard.states)
        for _ in range(2):
            heard.wait_for("WATCHDOG=1")
        assert len(heard.states) >= before + 2
        program.send_signal(signal.SIGTERM)
        heard.wait_for("STOPPING=1")
        said = program.communicate(timeout=_PATIENCE_S)[1]
        assert program.returncode == 0, said
        while heard.take(0.1) is not None:
            pass
    states = [state for state, _ in heard.states]
    assert states.count("READY=1") == states.count("STOPPING=1") == 1
    assert {pid for _, pid in heard.states} == {program.pid}


HANGING = """
import sys, threading, pathlib
from ingest.tail.follow import Follower
from mailtrace.cli import main
wait = Follower.wait
def hang(self, seconds):
    if pathlib.Path(sys.argv[1]).with_name("hang").exists():
        threading.Event().wait()
    wait(self, seconds)
Follower.wait = hang
sys.exit(main(["ingest", sys.argv[1], "--metrics", "127.0.0.1:0"]))
"""


def test_a_loop_that_hangs_is_not_vouched_for(quiet_environment: None, tmp_path: Path) -> None:
    """The loop waits for ever, while the threads beside it go on and show figures: no sign of life comes any more."""
    log = log_of(tmp_path)
    with manager(tmp_path) as heard:
        environ = {**os.environ, "NOTIFY_SOCKET": heard.address, "WATCHDOG_USEC": "1000000"}
        with subprocess.Popen([sys.executable, "-c", HANGING, log], env=environ, stderr=subprocess.PIPE, text=True) as program:
            assert program.stderr is not None
            figures = next(line.split()[-1] for line in program.stderr if "Figures" in line)
            heard.wait_for("WATCHDOG=1")
            (tmp_path / "hang").touch()
            while heard.take(2.0) is not None:
                pass
            assert "mailtrace_last_flush_timestamp_seconds" in httpx.get(figures).text
            assert heard.take(1.0) is None
            program.kill()


def test_only_the_loop_vouches(tmp_path: Path) -> None:
    """A sign of life from another thread counts nothing: it must not hide that the loop hangs."""
    with manager(tmp_path) as heard:
        made = Manager({"NOTIFY_SOCKET": heard.address, "WATCHDOG_USEC": "1000"})
        other = threading.Thread(target=made.beat)
        other.start()
        other.join()
        assert heard.take(0.1) is None
        made.beat()
        assert [heard.take(1.0), heard.take(1.0)] == ["READY=1", "WATCHDOG=1"]


def test_not_ready_before_everything_is(tmp_path: Path) -> None:
    """While the page is not served yet the loop is alive, and not ready."""
    serves = threading.Event()
    with manager(tmp_path) as heard:
        made = Manager({"NOTIFY_SOCKET": heard.address}, ready=serves.is_set)
        made.beat()
        assert [heard.take(1.0), heard.take(0.1)] == ["EXTEND_TIMEOUT_USEC=120000000", None]
        serves.set()
        made.beat()
        made.beat()
        assert [heard.take(1.0), heard.take(0.1)] == ["READY=1", None]


def test_waiting_for_a_store_is_life(tmp_path: Path) -> None:
    """A store that is away for hours must not have the program killed: each try tells that it lives."""
    with manager(tmp_path) as heard:
        made = Manager({"NOTIFY_SOCKET": heard.address, "WATCHDOG_USEC": "1000"})
        patience = Patience(beat=made.alive)
        assert patience.pause(0.01)
        # At the beginning it is not ready, and may take longer than it is given.
        assert [heard.take(1.0), heard.take(1.0), heard.take(0.1)] == ["WATCHDOG=1", "EXTEND_TIMEOUT_USEC=120000000", None]
        made.beat()
        assert heard.take(1.0) == "READY=1"
        assert patience.pause(0.01)
        assert [heard.take(1.0), heard.take(0.1)] == ["WATCHDOG=1", None]
        assert (patience.away, patience.retries) == (True, 2)
        patience.answered()
        assert not patience.away


def test_a_manager_that_is_gone_is_no_trouble(tmp_path: Path) -> None:
    """Nobody listens, or another process is meant: nothing happens."""
    Manager({"NOTIFY_SOCKET": str(tmp_path / "nobody"), "WATCHDOG_USEC": "1000"}).beat()
    Manager({}).beat()
    with manager(tmp_path) as heard:
        made = Manager({"NOTIFY_SOCKET": heard.address, "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"})
        made.beat()
        assert [heard.take(1.0), heard.take(0.1)] == ["READY=1", None]


def test_a_stop_of_the_whole_group_is_an_orderly_one(quiet_environment: None, tmp_path: Path) -> None:
    """Ctrl-C reaches every process of a terminal's group: what reads still ends in order, and takes the page with it."""
    log = log_of(tmp_path)
    with manager(tmp_path) as heard:
        environ = {**os.environ, "NOTIFY_SOCKET": heard.address}
        command = [sys.executable, "-m", "mailtrace", "run", log]
        with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True, start_new_session=True) as program:
            heard.wait_for("READY=1")
            (child,) = Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text().split()
            os.killpg(program.pid, signal.SIGTERM)
            said = program.communicate(timeout=_PATIENCE_S)[1]
    assert program.returncode == 0, said
    assert "Read 0 files" in said
    assert not Path(f"/proc/{child}").exists()
