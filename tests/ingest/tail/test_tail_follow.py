"""Following: every line is found, whatever is done to the files meanwhile."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.tail.checkpoint import Checkpoint
from ingest.tail.follow import Follower
from ingest.tail.hints import Hints


@contextmanager
def following(*paths: Path | str, checkpoint: Checkpoint | None = None, once: bool = False, **more: object) -> Iterator[Follower]:
    """A follower without hints, so that each sweep is the test's own, which is closed afterwards."""
    state = checkpoint or Checkpoint(Path("unused"))
    follower = Follower([str(path) for path in paths], state, once=once, watch=False, **more)  # type: ignore[arg-type]
    try:
        yield follower
    finally:
        follower.close()


def swept(follower: Follower, at_most: int = 10_000) -> list[str]:
    """The lines that one sweep finds."""
    found: list[str] = []
    for reader in follower.sweep():
        while len(found) < at_most and (batch := reader.read(at_most - len(found))):
            found += [text for _, text in batch]
    return found


def drained(follower: Follower) -> list[str]:
    """The lines of as many sweeps as it takes, also for a packed file that has to look settled first."""
    found: list[str] = []
    quiet = 0
    while quiet < 3:
        now = swept(follower)
        quiet = 0 if now else quiet + 1
        found += now
    return found


def lines(first: int, last: int) -> list[str]:
    """Lines that are long enough to tell one file from another."""
    return [f"2026-11-24T03:53:14.{n:06} mx1 postfix/qmgr[255]: {n:X}: removed after a while" for n in range(first, last)]


def append(path: Path, first: int, last: int) -> None:
    """Write lines to a file's end."""
    with path.open("a") as file:
        file.writelines(f"{line}\n" for line in lines(first, last))


def test_appended_lines_come_once(tmp_path: Path) -> None:
    """Each sweep finds what was written since, and nothing twice; a file may come later."""
    log = tmp_path / "mail.log"
    with following(log) as follower:
        assert swept(follower) == []
        append(log, 0, 3)
        assert swept(follower) == lines(0, 3)
        assert follower.sweep() == []
        append(log, 3, 5)
        assert swept(follower) == lines(3, 5)


def test_a_renamed_file_is_read_to_its_end(tmp_path: Path) -> None:
    """Lines written before and after the renaming are found, and those of the new file, although only one name is watched."""
    log, old = tmp_path / "mail.log", tmp_path / "mail.log.1"
    now = [0.0]
    with following(log, linger_s=10.0, clock=lambda: now[0]) as follower:
        append(log, 0, 3)
        assert swept(follower) == lines(0, 3)
        append(log, 3, 5)
        log.rename(old)
        append(old, 5, 7)
        append(log, 7, 9)
        assert swept(follower) == lines(3, 9)
        append(old, 9, 10)
        now[0] = 9.0
        assert swept(follower) == lines(9, 10)
        now[0] = 30.0
        follower.sweep()
        assert len(follower.readers) == 1


def test_a_renamed_file_that_is_watched_too_is_not_read_twice(tmp_path: Path) -> None:
    """A pattern matches the old name and the new one."""
    log = tmp_path / "mail.log"
    with following(tmp_path / "mail.log*") as follower:
        append(log, 0, 3)
        assert swept(follower) == lines(0, 3)
        log.rename(tmp_path / "mail.log.1")
        append(log, 3, 5)
        assert swept(follower) == lines(3, 5)
        assert [Path(reader.path).name for reader in follower.readers] == ["mail.log.1", "mail.log"]


def test_a_truncated_file_is_read_anew(tmp_path: Path) -> None:
    """After copytruncate the new lines are found, and those written before it from the copy where that is watched."""
    log = tmp_path / "mail.log"
    with following(tmp_path / "mail.log*") as follower:
        append(log, 0, 20)
        assert swept(follower) == lines(0, 20)
        append(log, 20, 25)
        shutil.copy(log, tmp_path / "mail.log.1")
        os.truncate(log, 0)
        append(log, 25, 60)
        assert set(drained(follower)) >= set(lines(20, 60))


def test_a_compressed_file_is_read_on_where_the_plain_one_was(tmp_path: Path) -> None:
    """Renamed and compressed while nobody looked: only what is new of it is read."""
    log, state = tmp_path / "mail.log", Checkpoint(tmp_path)
    append(log, 0, 50)
    with following(log, checkpoint=state) as follower:
        [reader] = follower.sweep()
        assert len(reader.read(40)) == 40
        state.note(reader, reader.position)
        state.store()
    (tmp_path / "mail.log.1.gz").write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    state = Checkpoint.load(tmp_path)
    with following(tmp_path / "mail.log*", checkpoint=state) as follower:
        assert swept(follower) == []
        [reader] = follower.sweep()
        assert [text for _, text in reader.read(100)] == lines(40, 50)
        assert reader.read(100) == []
        state.note(reader, reader.position)
        state.store()
        assert follower.sweep() == []
    with following(tmp_path / "mail.log*", checkpoint=Checkpoint.load(tmp_path)) as follower:
        assert drained(follower) == []
        assert follower.readers == []


def test_a_compressed_file_is_left_alone_while_it_is_written(tmp_path: Path) -> None:
    """A file half packed is no damaged file."""
    packed = tmp_path / "mail.log.2.gz"
    data = gzip.compress("".join(f"{line}\n" for line in lines(0, 3000)).encode())
    with following(tmp_path) as follower:
        for end in (8, len(data) // 2, len(data)):
            packed.write_bytes(data[:end])
            assert swept(follower) == []
        [reader] = follower.sweep()
        assert len(reader.read(10_000)) == 3000
        assert reader.damage is None


def test_a_copy_of_what_was_read_is_not_read(tmp_path: Path) -> None:
    """The beginning of a file that was read further holds nothing new, until it grows beyond."""
    log, copy, state = tmp_path / "mail.log", tmp_path / "mail.log.bak", Checkpoint(tmp_path)
    with following(tmp_path, checkpoint=state) as follower:
        append(log, 0, 50)
        assert len(swept(follower)) == 50
        state.note(follower.readers[0], follower.readers[0].position)
        append(copy, 0, 40)
        assert drained(follower) == []
        append(copy, 40, 60)
        assert drained(follower) == lines(50, 60)


def test_positions_of_files_that_stay_are_kept(tmp_path: Path) -> None:
    """A file that nobody writes to for two months is not read again after them."""
    now = [time.time()]
    log, state = tmp_path / "logs" / "mail.log.1", Checkpoint(tmp_path, lambda: now[0])
    log.parent.mkdir()
    append(log, 0, 50)
    with following(log.parent, checkpoint=state, clock=lambda: now[0]) as follower:
        assert len(swept(follower)) == 50
        state.note(follower.readers[0], follower.readers[0].position)
        for _ in range(60):
            now[0] += 86_400
            assert swept(follower) == []
            state.store()
    with following(log.parent, checkpoint=Checkpoint.load(tmp_path, lambda: now[0])) as follower:
        assert drained(follower) == []


_WRITER = """
import os, sys, time
log, number = sys.argv[1], 0
for turn in range(8):
    with open(log, "ab", buffering=0) as file:
        for _ in range(400):
            line = f"2026-11-24T03:53:14.{number:06} mx1 postfix/qmgr[255]: {number:X}: removed after a while\\n".encode()
            number += 1
            file.write(line[:30])
            file.write(line[30:])
            if number % 50 == 0:
                time.sleep(0.002)
    for old in range(turn, 0, -1):
        os.rename(f"{log}.{old}", f"{log}.{old + 1}")
    os.rename(log, f"{log}.1")
"""


def test_a_busy_writer_that_rotates_loses_nothing(tmp_path: Path) -> None:
    """Another process writes lines in pieces and renames the log while it is followed: every line comes once."""
    log = tmp_path / "mail.log"
    follower = Follower([f"{log}*"], Checkpoint(tmp_path))
    found: list[str] = []
    try:
        with subprocess.Popen([sys.executable, "-c", _WRITER, str(log)]) as writer:
            while writer.poll() is None:
                found += swept(follower)
                follower.wait(0.2)
        assert writer.returncode == 0
        found += drained(follower)
    finally:
        follower.close()
    assert sorted(found) == sorted(lines(0, 3200))


def test_a_removed_file_is_read_to_its_end_and_let_go(tmp_path: Path) -> None:
    """What was written before the removal is found, and no handle stays."""
    log = tmp_path / "mail.log"
    now = [0.0]
    with following(log, clock=lambda: now[0]) as follower:
        append(log, 0, 3)
        swept(follower)
        append(log, 3, 5)
        log.unlink()
        assert swept(follower) == lines(3, 5)
        now[0] = 1000.0
        follower.sweep()
        assert follower.readers == []


def test_years_of_rotation_leave_no_file_open(tmp_path: Path) -> None:
    """The number of open files does not grow with what has been followed."""
    log = tmp_path / "mail.log"
    now = [0.0]
    with following(log, clock=lambda: now[0]) as follower:
        counts = []
        for turn in range(20):
            append(log, turn * 10, turn * 10 + 10)
            assert swept(follower) == lines(turn * 10, turn * 10 + 10)
            log.rename(tmp_path / "mail.log.1")
            now[0] += 100.0
            follower.sweep()
            now[0] += 100.0
            follower.sweep()
            counts.append(len(os.listdir("/proc/self/fd")))  # noqa: PTH208
    assert counts[-1] == counts[0]


def test_a_file_truncated_and_removed_leaves_no_handle(tmp_path: Path) -> None:
    """A reader that is over is closed also where nobody takes its place."""
    log = tmp_path / "mail.log"
    with following(log) as follower:
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
        append(log, 0, 3)
        swept(follower)
        [reader] = follower.readers
        os.truncate(log, 0)
        assert reader.read(1) == []
        assert reader.truncated
        log.unlink()
        follower.sweep()
        assert follower.readers == []
        assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_many_quiet_files_do_not_stay_open(tmp_path: Path) -> None:
    """Rotated files are closed after they have been read, and still read on where somebody writes to one."""
    for number in range(1, 30):
        path = tmp_path / f"mail.log.{number}"
        append(path, number * 10, number * 10 + 5)
        os.utime(path, (1e9, 1e9))
    with following(tmp_path) as follower:
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
        assert len(drained(follower)) == 29 * 5
        assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
        append(tmp_path / "mail.log.7", 75, 77)
        assert swept(follower) == lines(75, 77)


def test_a_file_in_the_place_of_a_removed_one_is_read_from_its_beginning(tmp_path: Path) -> None:
    """An inode that comes again is no proof that it is the same file."""
    log = tmp_path / "mail.log.1"
    with following(tmp_path) as follower:
        append(log, 0, 10)
        os.utime(log, (1e9, 1e9))
        assert drained(follower) == lines(0, 10)
        log.unlink()
        append(log, 20, 40)
        assert drained(follower) == lines(20, 40)


def test_what_is_read_once_must_be_there(tmp_path: Path) -> None:
    """With `once` a plain name that does not exist is one sentence, and a pattern that matches nothing is none; others are read."""
    append(tmp_path / "here", 0, 2)
    with following(tmp_path / "gone", tmp_path / "here", once=True) as follower:
        assert swept(follower) == lines(0, 2)
        assert follower.problems() == [f"{tmp_path}/gone: no such file"]
        assert follower.unread() == [f"{tmp_path}/gone: no such file"]
    with following(tmp_path / "gone*", once=True) as follower:
        assert follower.sweep() == []


def test_once_reads_all_and_reports_a_last_line_without_newline(tmp_path: Path) -> None:
    """Fresh compressed files are not waited for, and a partial line is left and said."""
    (tmp_path / "mail.log.2.gz").write_bytes(gzip.compress(b"one\n"))
    (tmp_path / "mail.log.1").write_bytes(b"two\n")
    (tmp_path / "mail.log").write_bytes(b"three\nfo")
    with following(tmp_path, once=True) as follower:
        readers = follower.sweep()
        assert [text for reader in readers for _, text in reader.read(10)] == ["one", "two", "three"]
        assert [reader.read(1) for reader in readers] == [[], [], []]
        assert [reader.partial for reader in readers] == [0, 0, 2]


def test_a_stream_that_has_ended_is_not_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input is read while there is something, ends a wait, and after its end nothing is expected of it."""
    out, into = os.pipe()
    real_dup = os.dup
    monkeypatch.setattr(os, "dup", lambda _fd: real_dup(out))
    with following("-") as follower:
        assert swept(follower) == []
        os.write(into, b"one\n")
        started = time.monotonic()
        follower.wait(30)
        assert time.monotonic() - started < 15
        assert swept(follower) == ["one"]
        os.write(into, b"two")
        os.close(into)
        assert drained(follower) == ["two"]
        assert follower.over
        assert follower.readers == []
    os.close(out)


def test_a_file_that_may_not_be_read_is_said_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A problem is one sentence, not one each second, and the other files are read."""
    append(tmp_path / "a.log", 0, 2)
    append(tmp_path / "b.log", 2, 4)
    real_open = os.open

    def refusing(path: str, *more: int) -> int:
        if str(path).endswith("a.log"):
            raise PermissionError(13, "Permission denied")
        return real_open(path, *more)

    monkeypatch.setattr(os, "open", refusing)
    with following(tmp_path) as follower:
        assert swept(follower) == lines(2, 4)
        assert follower.problems() == [f"{tmp_path}/a.log: permission denied"]
        swept(follower)
        assert follower.problems() == []


def test_a_change_ends_the_wait(tmp_path: Path) -> None:
    """A hint makes the next sweep come at once: for an appended line, a new file, and a call of `wake`."""
    log = tmp_path / "mail.log"
    append(log, 0, 1)
    follower = Follower([str(tmp_path / "mail*")], Checkpoint(tmp_path))
    try:
        assert swept(follower) == lines(0, 1)
        changes: list[Callable[[], object]] = [
            lambda: append(log, 1, 2),
            lambda: append(tmp_path / "mail.new", 2, 3),
            lambda: log.rename(tmp_path / "mail.old"),
            follower.wake,
        ]
        for change in changes:
            # What came before is over when nothing ends a short wait any more.
            started = 0.0
            while time.monotonic() - started > 60 or time.monotonic() - started < 0.1:
                started = time.monotonic()
                follower.wait(0.1)
            timer = threading.Timer(0.05, change)
            timer.start()
            started = time.monotonic()
            follower.wait(30)
            assert time.monotonic() - started < 15
            timer.join()
            swept(follower)
    finally:
        follower.close()
    follower.wake()


def test_without_events_the_sweeps_do_it_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system reports no changes nothing is lost, and nothing is said."""

    def refuse(_self: object) -> None:
        raise OSError(24, "inotify instance limit reached")

    monkeypatch.setattr("watchdog.observers.inotify.InotifyObserver.start", refuse)
    log = tmp_path / "mail.log"
    follower = Follower([str(log)], Checkpoint(tmp_path))
    try:
        append(log, 0, 2)
        assert swept(follower) == lines(0, 2)
        append(log, 2, 3)
        follower.wait(0.01)
        assert swept(follower) == lines(2, 3)
    finally:
        follower.close()
    hints = Hints(lambda: None)
    assert not hints.working
    hints.close()


class Script:
    """A folder in which logs are written and rotated, and somebody follows them; knows what must be found."""

    def __init__(self, folder: Path, pattern: str = "*") -> None:
        self.folder = folder
        self.pattern = pattern
        self.log = folder / "logs" / "mail.log"
        self.log.parent.mkdir()
        (folder / "state").mkdir()
        self.next = 0
        self.half = ""
        self.whole: list[str] = []
        self.found: list[str] = []
        #: Lines that need not be found, for they were destroyed before anybody could see them.
        self.excused: set[str] = set()
        self._start()

    def _start(self) -> None:
        self.state = Checkpoint.load(self.folder / "state")
        self.follower = Follower([str(self.log) + self.pattern], self.state, watch=False)

    def write(self, count: int) -> None:
        """Whole lines; the first one finishes a line begun."""
        texts = lines(self.next, self.next + count)
        self.next += count
        with self.log.open("a") as file:
            for text in texts:
                file.write(f"{text}\n")
                self.whole.append(self.half + text)
                self.half = ""

    def begin(self, count: int) -> None:
        """Some characters of a line."""
        self.half += "x" * count
        with self.log.open("a") as file:
            file.write("x" * count)

    def rotate(self, count: int) -> None:
        """Rename all, as logrotate does; the writer finishes its line before."""
        if not self.log.exists():
            return
        if self.half:
            self.write(1)
        self._shift()
        self.log.rename(f"{self.log}.1")

    def rotate_seen(self, count: int) -> None:
        """Rename a log that is being read, and write a last line to it under its new name."""
        self.sweep(1)
        if self.log.exists() and self.log.stat().st_size:
            self.rotate(count)
            [text] = lines(self.next, self.next + 1)
            self.next += 1
            self.whole.append(text)
            with Path(f"{self.log}.1").open("a") as file:
                file.write(f"{text}\n")

    def copytruncate(self, count: int) -> None:
        """Copy the log and empty it."""
        if not self.log.exists():
            return
        if self.half:
            self.write(1)
        self._shift()
        shutil.copy(self.log, f"{self.log}.1")
        os.truncate(self.log, 0)

    def _shift(self) -> None:
        for number in range(8, 0, -1):
            for end in ("", ".gz"):
                old = Path(f"{self.log}.{number}{end}")
                if old.exists():
                    old.rename(f"{self.log}.{number + 1}{end}")

    def compress(self, count: int) -> None:
        """Pack a rotated file, as gzip does: the time of change stays."""
        path = Path(f"{self.log}.{count % 3 + 1}")
        if path.exists():
            packed = Path(f"{path}.gz")
            packed.write_bytes(gzip.compress(path.read_bytes()))
            shutil.copystat(path, packed)
            path.unlink()

    def truncate(self, count: int) -> None:
        """Empty the log without a copy: what nobody has read is lost."""
        if self.log.exists():
            self.excused |= set(self.whole) - set(self.found)
            os.truncate(self.log, 0)
            self.half = ""

    def sweep(self, count: int) -> None:
        """Read some lines."""
        self.found += swept(self.follower, count)

    def drain(self, _count: int) -> None:
        """Read all lines."""
        self.found += drained(self.follower)

    def restart(self, count: int) -> None:
        """Stop, or be killed with the positions of a while ago, and begin again."""
        if count % 2:
            for reader in self.follower.readers:
                self.state.note(reader, reader.position)
            self.state.store()
        self.follower.close()
        self._start()

    def note(self, _count: int) -> None:
        """Note the positions."""
        for reader in self.follower.readers:
            self.state.note(reader, reader.position)
        self.state.store()


def scripts(*names: str) -> st.SearchStrategy[list[tuple[str, int]]]:
    """Scripts of these actions."""
    usual = st.sampled_from(["write", "write", "begin", "sweep", "drain", *names])
    return st.lists(st.tuples(usual, st.integers(1, 30)), max_size=25)


def played(script: list[tuple[str, int]], pattern: str = "*") -> Script:
    """The script after its end, with everything read."""
    with TemporaryDirectory() as folder:
        play = Script(Path(folder), pattern)
        try:
            for name, count in script:
                getattr(play, name)(count)
            play.drain(0)
        finally:
            play.follower.close()
    return play


@settings(deadline=None, max_examples=60)
@given(scripts("rotate"))
def test_renaming_loses_nothing_and_doubles_nothing(script: list[tuple[str, int]]) -> None:
    """While one follower runs, every whole line is found exactly once."""
    play = played(script)
    assert sorted(play.found) == sorted(play.whole)


@settings(deadline=None, max_examples=60)
@given(scripts("rotate_seen"))
def test_a_log_watched_by_its_one_name_loses_nothing_by_renaming(script: list[tuple[str, int]]) -> None:
    """What was open when it was renamed is read to its end, in the order in which it was written."""
    play = played(script, "")
    assert sorted(play.found) == sorted(play.whole)


@settings(deadline=None, max_examples=120)
@given(scripts("rotate", "copytruncate", "compress", "restart", "note"))
def test_nothing_is_lost_by_rotation_of_any_kind(script: list[tuple[str, int]]) -> None:
    """With copies, packing and restarts every whole line is found, and nothing that never was one."""
    play = played(script)
    assert set(play.found) == set(play.whole)


@settings(deadline=None, max_examples=60)
@given(scripts("rotate", "truncate", "compress", "restart"))
def test_truncation_loses_at_most_what_was_not_read(script: list[tuple[str, int]]) -> None:
    """Only lines that were destroyed unread may be missing, and no line is put together from two."""
    play = played(script)
    assert set(play.found) <= set(play.whole)
    assert set(play.whole) - set(play.found) <= play.excused
