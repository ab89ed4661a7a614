"""What keeps the store from being written is waited for, said once, and over by itself: no space, no handles, a reader, a failing disk."""

from __future__ import annotations

import errno
import io
import os
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Done
from embedded_samples import DAY_MS, T0, asked, files, mail, writing

from ingest.sinks import embedded_files
from ingest.sinks.deadletters import DeadLetters
from mappings.embedded import StoreError, copy_to
from mappings.faults import StoreAway

PATIENCE_S = 40
_MAIN = "import sys, mailtrace.cli.ingest; from ingest.sinks import patience; from mailtrace.cli import main; {}; sys.exit(main())"
PROGRAM = [sys.executable, "-c", _MAIN.format("patience.AFTER_STOP_S = 2.0")]
#: The same with less patience than an operator has.
IMPATIENT = [sys.executable, "-c", _MAIN.format("sys.modules['mailtrace.cli.ingest']._ONCE_WAITS_S = 1.5")]


def refused(number: int, day: int = 1) -> str:
    """A line that is a whole message: a refusal."""
    return (
        f"2026-11-{day:02}T10:{number // 60 % 60:02}:{number % 60:02}.000000+00:00 mx1 postfix/smtpd[7]: NOQUEUE: reject: RCPT from"
        f" unknown[192.0.2.1]: 554 5.7.1 <b{number}@example.net>: Recipient address rejected: Access denied;"
        f" from=<a@example.org> to=<b{number}@example.net> proto=ESMTP helo=<mail.example.org>\n"
    )


def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.05)


@dataclass(frozen=True, slots=True)
class Following:
    """A following ingester, its log, and what it says."""

    process: subprocess.Popen[bytes]
    log: Path
    data: Path
    said: Path

    def add(self, *lines: str) -> None:
        """Have lines come."""
        with self.log.open("a") as file:
            file.writelines(lines)

    def says(self, word: str) -> int:
        """How often it has said something."""
        return self.said.read_text().count(word)

    def found(self) -> int:
        """How many traces a reader finds."""
        return len(asked(self.data / "store"))

    def limit(self, what: int, soft: int | None) -> None:
        """Set a limit of the running process; None is as far as it may go."""
        hard = resource.prlimit(self.process.pid, what)[1]
        resource.prlimit(self.process.pid, what, (hard if soft is None else soft, hard))


@pytest.fixture
def following(tmp_path: Path, quiet_environment: None) -> Iterator[Following]:
    """A following ingester that has read a first line."""
    log, data, said = tmp_path / "mail.log", tmp_path / "data", tmp_path / "said"
    log.write_text(refused(0))
    with said.open("wb") as out, subprocess.Popen([*PROGRAM, "ingest", str(log)], stderr=out, stdin=subprocess.DEVNULL) as process:
        made = Following(process, log, data, said)
        try:
            until(lambda: data.exists() and made.found() == 1, "the first line is not read")
            yield made
        finally:
            process.kill()


def test_a_full_disk_is_waited_for_and_said_once(following: Following) -> None:
    """While no file can grow the ingester waits; when it can again, everything is written, by itself."""
    following.limit(resource.RLIMIT_FSIZE, 16_384)
    following.add(*(refused(number) for number in range(1, 400)))
    until(lambda: following.says("store_waits") == 1, "nothing was said")
    time.sleep(1.5)
    assert following.process.poll() is None
    assert following.says("store_waits") == 1
    following.limit(resource.RLIMIT_FSIZE, None)
    until(lambda: following.found() == 400, "not everything is written")
    until(lambda: following.says("store_answers") == 1, "its end was not said")
    following.process.send_signal(signal.SIGTERM)
    assert following.process.wait(PATIENCE_S) == 0
    assert "fault of the program" not in following.said.read_text()


def test_no_file_handle_is_waited_for(following: Following) -> None:
    """A new file of the store needs handles; where there are none the ingester waits, and goes on when there are."""
    following.limit(resource.RLIMIT_NOFILE, len(list(Path(f"/proc/{following.process.pid}/fd").iterdir())))
    following.add(*(refused(number, day=20) for number in range(1, 50)))
    until(lambda: following.says("store_waits") == 1, "nothing was said")
    assert following.process.poll() is None
    following.limit(resource.RLIMIT_NOFILE, None)
    until(lambda: following.found() == 50, "not everything is written")
    following.process.send_signal(signal.SIGTERM)
    assert following.process.wait(PATIENCE_S) == 0


def test_a_stop_is_not_kept_waiting_and_loses_nothing(following: Following, tmp_path: Path) -> None:
    """Asked to stop while the disk is full, it ends with a sentence; the next run has everything."""
    following.limit(resource.RLIMIT_FSIZE, 16_384)
    following.add(*(refused(number) for number in range(1, 400)))
    until(lambda: following.says("store_waits") == 1, "nothing was said")
    following.process.send_signal(signal.SIGTERM)
    began = time.monotonic()
    assert following.process.wait(PATIENCE_S) == 1
    assert time.monotonic() - began < 25
    assert "mailtrace: " in following.said.read_text()
    assert "fault of the program" not in following.said.read_text()
    subprocess.run([*PROGRAM, "ingest", "--once", str(following.log)], check=True, capture_output=True, timeout=PATIENCE_S)
    assert following.found() == 400


# A disk that really is full ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A file system of eight megabytes, seen by processes that are started in it."""

    enter: list[str]
    path: Path
    #: The same as seen from here.
    seen: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command that sees it."""
        return subprocess.run([*self.enter, *command], capture_output=True, text=True, timeout=PATIENCE_S, check=False)

    def fill(self) -> None:
        """Take all of its space."""
        with (self.seen / "filler").open("ab", buffering=0) as file:
            for size in (65_536, 4_096, 512, 1):
                while _written(file, size):
                    pass

    def found(self) -> int:
        """How many traces a search in it finds."""
        return self.run(*PROGRAM, "search", "--limit", "0", "--format", "jsonl", "--data", str(self.path / "data")).stdout.count("\n")

    def free(self) -> None:
        """Give the space back."""
        (self.seen / "filler").unlink()


def _written(file: io.FileIO, size: int) -> bool:
    """Write so much more; whether there was room."""
    try:
        return file.write(b"x" * size) > 0
    except OSError as error:
        if error.errno == errno.ENOSPC:
            return False
        raise


@pytest.fixture
def small_disk(tmp_path: Path, quiet_environment: None) -> Iterator[SmallDisk]:
    """A small file system in a namespace of its own, which needs no rights on this machine and leaves nothing behind."""
    path = tmp_path / "disk"
    path.mkdir()
    own = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    mount = f"mount -t tmpfs -o size=8m tmpfs '{path}' && echo ready && exec sleep 600"
    with subprocess.Popen(["unshare", *own, "--mount", "sh", "-c", mount], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "ready\n"
        enter = ["nsenter", "--target", str(holder.pid), *(["--user", "--preserve-credentials"] if own else []), "--mount", "--"]
        yield SmallDisk(enter, path, Path(f"/proc/{holder.pid}/root{path}"))
        holder.kill()


def test_once_waits_a_while_for_a_full_disk_and_says_why_it_ends(small_disk: SmallDisk, tmp_path: Path) -> None:
    """`--once` ends with one sentence and code 1; when there is room, the same command reads everything."""
    log = tmp_path / "mail.log"
    log.write_text("".join(refused(number) for number in range(300)))
    command = ("ingest", "--once", "--data", str(small_disk.path / "data"), str(log))
    small_disk.fill()
    full = small_disk.run(*IMPATIENT, *command)
    assert full.returncode == 1
    assert full.stderr.splitlines()[-1].startswith("mailtrace: ")
    assert "no space left" in full.stderr
    assert "fault of the program" not in full.stderr
    small_disk.free()
    assert small_disk.run(*PROGRAM, *command).returncode == 0
    assert small_disk.found() == 300
    # And with a store that is there, filled up in the middle.
    with log.open("a") as file:
        file.writelines(refused(number) for number in range(300, 1_500))
    small_disk.fill()
    full = small_disk.run(*IMPATIENT, *command)
    assert (full.returncode, "disk is full" in full.stderr) == (1, True)
    small_disk.free()
    assert small_disk.run(*PROGRAM, *command).returncode == 0
    assert small_disk.found() == 1_500


def test_other_commands_on_a_full_disk_end_with_one_sentence(small_disk: SmallDisk, tmp_path: Path, mailtrace: Callable[..., Done]) -> None:
    """A copy leaves nothing half done; what cannot even put SQLite's notes beside a file says so."""
    log = tmp_path / "mail.log"
    log.write_text("".join(refused(number) for number in range(600)))
    assert mailtrace("ingest", "--once", str(log)).returncode == 0
    assert small_disk.run(*PROGRAM, "copy", str(small_disk.path / "store")).returncode == 0
    small_disk.fill()
    copied = small_disk.run(*PROGRAM, "copy", str(small_disk.path / "copy"))
    assert (copied.returncode, len(copied.stderr.splitlines())) == (1, 1)
    assert "The copy" in copied.stderr
    assert list(small_disk.seen.glob("copy/*")) == []
    there = ("--store", f"sqlite:{small_disk.path}/store")
    for command in ("search", "retention"):
        said = small_disk.run(*PROGRAM, command, *there)
        assert (said.returncode, len(said.stderr.splitlines()), "fault of the program" in said.stderr) == (1, 1, False), said


FILLED = """
import pathlib, sys
from embedded_samples import T0, mail, writing
from ingest.sinks.embedded import WEEK_MS
folder = pathlib.Path(sys.argv[1])
with writing(folder / "store") as sink:
    sink.submit([mail(number, T0 + number * WEEK_MS, subject="x" * 100_000) for number in range(4)])
    sink.flush()
    with (folder / "filler").open("ab", buffering=0) as file:
        for size in (65536, 512, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                pass
    print(len(sink.retention(2 * WEEK_MS, T0 + 4 * WEEK_MS)))
    sink.submit([mail(9, T0 + 3 * WEEK_MS)])
    sink.flush()
"""


def test_retention_makes_room_on_a_full_disk(small_disk: SmallDisk) -> None:
    """The writer, whose files are open, deletes what is too old and goes on, though there was no room to note it first."""
    done = subprocess.run(
        [*small_disk.enter, sys.executable, "-c", FILLED, str(small_disk.path)],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (done.returncode, done.stdout) == (0, "2\n"), done.stderr


def test_a_dead_letter_is_whole_or_not_there(small_disk: SmallDisk) -> None:
    """A letter for which there is no room leaves no half line behind, and can be added when there is."""
    data = small_disk.seen / "data"
    letters = DeadLetters(data)
    letters.add(mail(1, T0), "first")
    small_disk.fill()
    (small_disk.seen / "filler").write_bytes((small_disk.seen / "filler").read_bytes()[:-4_096])
    with pytest.raises(OSError, match="No space left"):
        letters.add(mail(2, T0, subject="x" * 50_000), "second")
    assert [letter.reason for letter in letters.listed()] == ["first"]
    small_disk.free()
    letters.add(mail(2, T0, subject="x" * 50_000), "second")
    assert [letter.reason for letter in letters.listed()] == ["first", "second"]
    # What a crash cut off is passed over, and does not spoil the next one.
    with (data / "deadletters.ndjson").open("ab") as file:
        file.write(b'{"at_ms": 1, "sto')
    letters.add(mail(3, T0), "third")
    assert [letter.reason for letter in letters.listed()] == ["first", "second", "third"]


# Readers, and a disk that fails -----------------------------------------------------------------------------------------------


@contextmanager
def held(path: Path) -> Iterator[None]:
    """A reader that looks at one state of a file all the while."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM trace").fetchone()
        yield
        connection.execute("COMMIT")


def test_a_reader_that_holds_its_lock_keeps_nothing_from_being_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every batch is acknowledged; the log grows to its limit, then newer mail goes to a new file, and nothing stops."""
    limit = 200_000
    monkeypatch.setattr(embedded_files, "LOG_LIMIT_BYTES", limit)
    with writing(tmp_path) as sink:
        sink.submit([mail(0, T0)])
        sink.flush()
        first = tmp_path / files(tmp_path)[0]
        with held(first):
            tickets = []
            for number in range(1, 120):
                tickets.append(sink.submit([mail(number, T0 + number * 1000, subject=f"{number} " * 3_000)]))
                sink.flush()
            assert sink.acknowledged()[-119:] == tickets
            assert len(files(tmp_path)) > 1
            assert first.with_name(f"{first.name}-wal").stat().st_size < 3 * limit
            # Late news of what the held file has still goes there.
            sink.submit([mail(1, T0 + 1000, version=2, subject="again")])
            sink.flush()
    assert len(asked(tmp_path)) == 120


def test_doctor_tells_of_a_held_log_and_of_what_it_had_no_time_for(
    tmp_path: Path, mailtrace: Callable[..., Done], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that a reader holds is named; checking ends when its time is over, and says how much it left."""
    monkeypatch.setattr("mailtrace.cli.doctor_embedded.LOG_LIMIT_BYTES", 10_000)
    with writing(tmp_path / "data" / "store") as sink:
        sink.submit([mail(1, T0)])
        sink.flush()
        first = tmp_path / "data" / "store" / files(tmp_path / "data" / "store")[0]
        with held(first):
            sink.submit([mail(2, T0 + 1, subject="x" * 50_000)])
            sink.flush()
            told = mailtrace("doctor")
        assert f"The log of {first.name} has grown to" in told.stdout
        assert (told.returncode, "1 file of the store checked, and sound" in told.stdout) == (0, True)
        monkeypatch.setattr("mailtrace.cli.doctor_embedded._MOST_S", 0.0)
        hurried = mailtrace("doctor")
    assert (hurried.returncode, "1 file of the store, the oldest, could not be checked" in hurried.stdout) == (0, True)


def test_a_failed_sync_is_not_believed_when_it_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system tells of a failed write once; nothing is acknowledged until all of the log has been copied into the file."""
    real, failing = os.fdatasync, threading.Event()
    failed: list[int] = []

    def fdatasync(handle: int) -> None:
        if failing.is_set():
            failed.append(handle)
            failing.clear()
            raise OSError(errno.EIO, "Input/output error")
        real(handle)

    with writing(tmp_path) as sink:
        first = sink.submit([mail(1, T0)])
        sink.flush()
        assert sink.acknowledged() == [first]
        path = tmp_path / files(tmp_path)[0]
        monkeypatch.setattr(os, "fdatasync", fdatasync)
        with held(path):
            failing.set()
            second = sink.submit([mail(2, T0 + 1)])
            with pytest.raises(StoreAway, match="cannot be synced"):
                sink.flush()
            assert failed
            # The reader keeps the log from being copied: the sync that works again is no proof.
            third = sink.submit([mail(3, T0 + 2)])
            time.sleep(0.5)
            with pytest.raises(StoreAway, match="a reader keeps its log"):
                sink.acknowledged()
        until(lambda: sink._sync.durable() == [second, third], "not durable though the reader is gone")
    assert len(asked(tmp_path)) == 3


def test_what_others_lock_is_waited_for(tmp_path: Path) -> None:
    """Somebody who writes into a file with a tool of his own holds a batch up, and no longer than he holds his lock."""
    stop = threading.Event()
    with writing(tmp_path, stop=stop, wait_s=None) as sink:
        sink.submit([mail(1, T0)])
        with closing(sqlite3.connect(tmp_path / files(tmp_path)[0], isolation_level=None, check_same_thread=False)) as other:
            other.execute("BEGIN IMMEDIATE")
            releasing = threading.Timer(1.0, lambda: other.execute("ROLLBACK"))
            releasing.start()
            sink.submit([mail(2, T0 + 1)])
            releasing.join()
    assert len(asked(tmp_path)) == 2


def test_a_copy_leaves_out_what_is_damaged_and_says_so(tmp_path: Path) -> None:
    """The rest is copied, and the copy itself knows what it lacks."""
    store, copy = tmp_path / "store", tmp_path / "copy"
    with writing(store, span_ms=DAY_MS) as sink:
        sink.submit([mail(day, T0 + day * DAY_MS) for day in range(3)])
    shutil.copytree(store, tmp_path / "second")
    (store / files(store)[1]).write_bytes(b"nothing of a database" * 1_000)
    copied = copy_to(store, copy)
    assert len(copied.files) == 3
    assert files(store)[1] in copied.lacking[0]
    assert len(asked(copy)) == 2
    with pytest.raises(StoreError, match="not empty"):
        copy_to(tmp_path / "second", copy)
