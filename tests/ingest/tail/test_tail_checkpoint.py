"""Positions: kept over restarts, never trusted further than they can be understood."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from ingest.tail.checkpoint import FILE_NAME, Checkpoint
from ingest.tail.faults import TailError
from ingest.tail.reader import FileReader

LINE = "2026-11-24T03:53:14.311264+00:00 mx1 postfix/qmgr[255]: 3033D18654F: removed\n"
DAY = 86_400


class Logs:
    """Files and readers of a test."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack

    def write(self, name: str, first: str, count: int = 30) -> Path:
        """A file with a first line of its own."""
        path = self.folder / name
        path.write_text(first + LINE * count)
        return path

    def open(self, path: Path) -> FileReader:
        """A reader that is closed at the end."""
        reader = FileReader(str(path))
        self._stack.callback(reader.close)
        return reader


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Logs]:
    """A folder for files."""
    with ExitStack() as stack:
        (tmp_path / "logs").mkdir()
        yield Logs(tmp_path / "logs", stack)


def test_a_position_is_found_again_under_another_name(tmp_path: Path, logs: Logs) -> None:
    """What is kept belongs to the content: renamed and grown, the file goes on where it was, with its year."""
    path = logs.write("mail.log", "first\n", 2)
    state = Checkpoint.load(tmp_path)
    reader = logs.open(path)
    state.note(reader, 6, 2026, 12345)
    state.store()
    with path.open("a") as file:
        file.write(LINE * 50)
    moved = logs.open(path.rename(logs.folder / "mail.log.1"))
    mark = Checkpoint.load(tmp_path).find(moved)
    assert mark is not None
    assert (mark.offset, mark.year, mark.last_us) == (6, 2026, 12345)
    assert Checkpoint.load(tmp_path).find(logs.open(logs.write("mail.log", "other\n"))) is None


def test_of_several_positions_of_one_content_the_nearest_counts_then_the_lowest(logs: Logs) -> None:
    """The same file, else the same path, else the position that reads too much rather than too little."""
    state = Checkpoint(logs.folder)
    paths = [logs.write(name, "first\n") for name in ("a", "b", "c")]
    for path, offset in zip(paths, (300, 100, 200), strict=True):
        state.note(logs.open(path), offset)
    assert [mark.offset for path in paths if (mark := state.find(logs.open(path)))] == [300, 100, 200]
    # A new file under an old path, and one under a new path.
    paths[2].rename(logs.folder / "d")
    mark = state.find(logs.open(logs.write("c", "first\n")))
    assert mark is not None
    assert mark.offset == 200
    mark = state.find(logs.open(logs.write("e", "first\n")))
    assert mark is not None
    assert mark.offset == 100


def test_a_short_file_keeps_no_position(logs: Logs) -> None:
    """What cannot be told from another file is read again."""
    path = logs.folder / "mail.log"
    path.write_text("short\n")
    state = Checkpoint(logs.folder)
    state.note(logs.open(path), 6)
    assert state.marks == ()


def test_a_truncated_file_has_two_contents(logs: Logs) -> None:
    """The position of what was there before stays, for a copy of it may be read on."""
    path = logs.write("mail.log", "first\n")
    state = Checkpoint(logs.folder)
    before = logs.open(path)
    state.note(before, 6)
    logs.write("mail.log", "other\n")
    assert before.read(10) == []
    after = logs.open(path)
    state.note(after, 88)
    state.note(before, 87)
    assert sorted(mark.offset for mark in state.marks) == [87, 88]
    assert state.find(before) != state.find(after)


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"\xff\xfe", b'{"version": 1, "files": [{"path": 3}]}', b'{"version": 99, "files": []}', b"[]"]
)
def test_a_damaged_state_is_put_aside(tmp_path: Path, logs: Logs, damage: bytes) -> None:
    """One sentence says so, the file is kept for a look, and everything is read again."""
    (tmp_path / FILE_NAME).write_bytes(damage)
    state = Checkpoint.load(tmp_path)
    assert state.marks == ()
    assert state.warning is not None
    assert state.warning.count("\n") == 0
    assert (tmp_path / "positions.damaged").read_bytes() == damage
    state.note(logs.open(logs.write("mail.log", "first\n")), 6)
    state.store()
    assert Checkpoint.load(tmp_path).warning is None


def test_dying_while_writing_leaves_the_old_state(tmp_path: Path, logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever step fails, the state on disk is whole, and the next writing succeeds."""
    state = Checkpoint.load(tmp_path)
    reader = logs.open(logs.write("mail.log", "first\n"))
    state.note(reader, 6)
    state.store()
    state.note(reader, 87)
    for step in ("fsync", "rename"):
        with monkeypatch.context() as patch:

            def fail(*_arguments: object) -> None:
                raise OSError(28, "No space left on device")

            patch.setattr(*((os, "fsync", fail) if step == "fsync" else (Path, "replace", fail)))
            with pytest.raises(TailError, match="cannot be written: no space left on device"):
                state.store()
        assert [mark.offset for mark in Checkpoint.load(tmp_path).marks] == [6]
    state.store()
    assert [mark.offset for mark in Checkpoint.load(tmp_path).marks] == [87]


def test_nothing_is_written_when_nothing_changed(tmp_path: Path, logs: Logs) -> None:
    """A quiet night writes no state."""
    now = [1000.0 * DAY]
    state = Checkpoint.load(tmp_path, lambda: now[0])
    state.note(logs.open(logs.write("mail.log", "first\n")), 6)
    state.store()
    before = (tmp_path / FILE_NAME).stat().st_ino
    now[0] += 5
    state.seen(state.marks[0])
    state.store()
    assert (tmp_path / FILE_NAME).stat().st_ino == before


def test_files_gone_for_a_month_are_forgotten(tmp_path: Path, logs: Logs) -> None:
    """Positions do not pile up, and those of files that are still there stay."""
    now = [1000.0 * DAY]
    state = Checkpoint.load(tmp_path, lambda: now[0])
    for name in ("a", "b"):
        state.note(logs.open(logs.write(name, f"{name}\n")), 2)
    state.store()
    now[0] += 20 * DAY
    state.present({(state.marks[0].device, state.marks[0].inode)})
    now[0] += 11 * DAY
    state.store()
    assert [Path(mark.path).name for mark in Checkpoint.load(tmp_path).marks] == ["a"]


def test_names_of_any_bytes_can_be_kept(tmp_path: Path, logs: Logs) -> None:
    """A name that is no UTF-8 does not keep the state from being written."""
    state = Checkpoint.load(tmp_path)
    state.note(logs.open(logs.write(os.fsdecode(b"m\xff.log"), "first\n")), 6)
    state.store()
    assert msgspec.json.decode((tmp_path / FILE_NAME).read_bytes())["files"][0]["path"].endswith("m\\xff.log")
    assert [mark.offset for mark in Checkpoint.load(tmp_path).marks] == [6]


def test_a_state_of_an_older_release(tmp_path: Path, logs: Logs) -> None:
    """Nothing that was rotated away long ago counts as lost; of the content that was written to last the rest is looked for."""
    state = Checkpoint(tmp_path)
    for number in range(3):
        path = logs.write("mail.log", f"first {number}\n")
        os.utime(path, (1e9 + number, 1e9 + number))
        state.note(logs.open(path), 8)
        path.unlink()
    state.store()
    data = msgspec.json.decode((tmp_path / FILE_NAME).read_bytes())
    del data["written"]
    for one in data["files"]:
        for name in ("read", "read_us", "packed", "over"):
            del one[name]
    (tmp_path / FILE_NAME).write_bytes(msgspec.json.encode(data))
    state = Checkpoint.load(tmp_path)
    assert [mark.open for mark in state.marks] == [False, False, True]
    assert state.written_ns(str(logs.folder / "mail.log")) == (10**9 + 2) * 10**9


def test_of_a_log_that_was_copied_and_cut_nothing_is_expected(logs: Logs) -> None:
    """Once the copy is read to its end, the position of what was cut is settled: the copy may be deleted some day."""
    path = logs.write("mail.log", "first\n")
    state = Checkpoint(logs.folder)
    cut = logs.open(path)
    state.note(cut, 6)
    copy = logs.open(logs.write("mail.log.1", "first\n"))
    logs.write("mail.log", "other\n")
    assert cut.read(10) == []
    assert cut.truncated
    assert len(copy.read(100)) == 31
    state.note(copy, copy.position)
    assert [mark.open for mark in state.marks] == [True, True]
    copy.over = True
    state.note(copy, copy.position)
    state.note(cut, 6)
    assert [mark.open for mark in state.marks] == [False, False]
