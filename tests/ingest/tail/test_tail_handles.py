"""Few handles for many files: one that rests is read on where it was, whatever became of its name meanwhile."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from ingest.handles import Handles
from ingest.tail.checkpoint import Checkpoint
from ingest.tail.faults import TailError
from ingest.tail.follow import Follower
from ingest.tail.reader import FileReader

LINES = [f"2026-11-24T03:53:14.{n:06} mx1 postfix/qmgr[255]: {n:X}: removed after a while" for n in range(20_000)]


def written(folder: Path, number: int) -> Path:
    """A file that takes several readings."""
    path = folder / f"mx{number}.log"
    path.write_text("".join(f"{line} {number}\n" for line in LINES))
    return path


def rest_of(reader: FileReader) -> list[str]:
    """All lines that are left."""
    found: list[str] = []
    while batch := reader.read(1000):
        found += [text for _, text in batch]
    return found


def read_noting(reader: FileReader, state: Checkpoint, found: list[str]) -> None:
    """Read all lines that are left, and note the place."""
    while batch := reader.read(1000):
        found += [text for _, text in batch]
        state.note(reader, reader.position)


def test_the_one_longest_unused_rests(tmp_path: Path) -> None:
    """With two handles for five files read side by side, all lines come, and no more than two are open."""
    handles = Handles(2)
    readers = [FileReader(str(written(tmp_path, number)), handles=handles) for number in range(5)]
    found: list[list[str]] = [[] for _ in readers]
    while any(reader.has_more() for reader in readers):
        for number, reader in enumerate(readers):
            found[number] += [text for _, text in reader.read(3000)]
            assert sum(not one.closed for one in readers) <= 2
    assert found == [[f"{line} {number}" for line in LINES] for number in range(5)]
    for reader in readers:
        reader.close()


def test_renamed_while_it_rested(tmp_path: Path) -> None:
    """It is found by its inode in its folder, and a new file under its name is not taken for it."""
    path = written(tmp_path, 1)
    reader = FileReader(str(path))
    found = [text for _, text in reader.read(3000)]
    reader.rest()
    path.rename(tmp_path / "mx1.log.1")
    written(tmp_path, 1)
    assert found + rest_of(reader) == [f"{line} 1" for line in LINES]
    reader.close()


def test_packed_while_it_rested(tmp_path: Path) -> None:
    """The rest is read from the packed file beside it, from the place that was noted."""
    path = written(tmp_path, 1)
    state = Checkpoint(tmp_path)
    follower = Follower([str(path)], state, once=True)
    [reader] = follower.sweep()
    found = [text for _, text in reader.read(3000)]
    while reader.position < 200_000:
        found += [text for _, text in reader.read(100)]
    state.note(reader, reader.position)
    reader.rest()
    (tmp_path / "mx1.log.1.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    # What was read ahead is given; the file itself is gone.
    with pytest.raises(TailError, match="no such file"):
        read_noting(reader, state, found)
    follower.sweep()
    more = [text for one in follower.sweep() for text in rest_of(one)]
    follower.close()
    assert found + more == [f"{line} 1" for line in LINES]


def test_no_handle_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system gives none, another file rests for it; where none can, a sentence says so."""
    handles = Handles(10)
    readers = [FileReader(str(written(tmp_path, number)), handles=handles) for number in range(2)]
    real = os.open

    def scarce(path: str, *more: int) -> int:
        if sum(not one.closed for one in readers) > 1:
            raise OSError(24, "Too many open files")
        return real(path, *more)

    third = str(written(tmp_path, 2))
    monkeypatch.setattr(os, "open", scarce)
    reader = FileReader(third, handles=handles)
    assert [one.closed for one in readers] == [True, False]
    reader.close()
    readers[0].nameless = readers[1].nameless = True
    monkeypatch.setattr(os, "open", lambda *_: (_ for _ in ()).throw(OSError(24, "Too many open files")))
    with pytest.raises(TailError, match="too many open files"):
        FileReader(third, handles=handles)
    for one in readers:
        one.close()
