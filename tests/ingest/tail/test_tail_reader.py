"""Reading one file: every line once, with its place, in whatever way the file is packed, cut or damaged."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ingest.tail import cutter
from ingest.tail.cutter import LineCutter
from ingest.tail.faults import TailError
from ingest.tail.fingerprint import HEAD, identify
from ingest.tail.inflate import kind_of
from ingest.tail.reader import FileReader

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.compress,
    "zstd without its length": lambda data: zstandard.ZstdCompressor(write_content_size=False).compress(data),
}
PACKED = sorted(set(PACKERS) - {"plain"})
packers = pytest.mark.parametrize("packer", sorted(PACKERS))
packed = pytest.mark.parametrize("packer", PACKED)

TEXT = "".join(
    f"Nov 24 04:03:{n % 60:02} mx1 postfix/qmgr[255]: {n:X}: from=<\xfc{n * n % 9973}@a.example>\n" for n in range(3000)
).encode()


@contextmanager
def reading(path: Path | str, position: int = 0) -> Iterator[FileReader]:
    """A reader that is closed afterwards."""
    reader = FileReader(str(path), position)
    try:
        yield reader
    finally:
        reader.close()


def rest(reader: FileReader, at_once: int = 1000) -> list[tuple[int, str]]:
    """Everything that is there now."""
    found: list[tuple[int, str]] = []
    while batch := reader.read(at_once):
        assert len(batch) <= at_once
        found += batch
    return found


def lines_of(data: bytes) -> list[tuple[int, str]]:
    """What a reader should give: the plainest way to say it."""
    found, at = [], 0
    for line in data.split(b"\n")[:-1]:
        found.append((at, line.decode("utf-8", "surrogateescape").removesuffix("\r")))
        at += len(line) + 1
    return found


@packers
def test_every_line_comes_once_with_its_place(tmp_path: Path, packer: str) -> None:
    """Packed or not, a file gives the same lines at the same offsets, and is recognised by its bytes, not its name."""
    path = tmp_path / "mail.log"
    path.write_bytes(PACKERS[packer](TEXT))
    with reading(path) as reader:
        assert rest(reader, 77) == lines_of(TEXT)
        assert reader.position == len(TEXT)
        assert reader.at_end
        assert reader.ended is (packer != "plain")
        assert reader.identity == identify(TEXT[:HEAD])
        assert reader.damage is None


@packers
def test_reading_goes_on_at_a_position(tmp_path: Path, packer: str) -> None:
    """A position that a reader gave is where another one goes on; one that begins no line is not of this file."""
    path = tmp_path / "mail.log"
    path.write_bytes(PACKERS[packer](TEXT))
    expected = lines_of(TEXT)
    with reading(path) as reader:
        reader.read(100)
        position = reader.position
    with reading(path, position) as reader:
        assert reader.position == position
        assert rest(reader) == expected[100:]
    with reading(path, position + 3) as reader:
        assert rest(reader) == expected
    with reading(path, len(TEXT)) as reader:
        assert rest(reader) == []
        assert reader.position == len(TEXT)


@packed
def test_a_file_cut_short_is_read_as_far_as_it_goes(tmp_path: Path, packer: str) -> None:
    """What can be unpacked is given, and one sentence says that the rest is missing."""
    data = PACKERS[packer](TEXT)
    path = tmp_path / "mail.log.1"
    path.write_bytes(data[: len(data) * 2 // 3])
    with reading(path) as reader:
        found = rest(reader)
        assert found[:-1] == lines_of(TEXT)[: max(len(found) - 1, 0)]
        assert reader.damage is not None
        assert "ends too early" in reader.damage
        assert "\n" not in reader.damage


@packed
def test_damage_in_the_middle_costs_only_what_follows(tmp_path: Path, packer: str) -> None:
    """Bytes turned over end the reading with one sentence, never with an exception."""
    data = bytearray(PACKERS[packer](TEXT))
    for at in range(len(data) // 2, len(data) // 2 + 40):
        data[at] ^= 0xFF
    path = tmp_path / "mail.log.1"
    path.write_bytes(data)
    with reading(path) as reader:
        found = rest(reader)
        assert reader.damage is not None
        assert reader.at_end
        if packer == "gzip":
            assert len(found) > 1000
            assert found[:1000] == lines_of(TEXT)[:1000]


def test_a_wrong_checksum_costs_no_line(tmp_path: Path) -> None:
    """All that comes before the damage is given, also where it is seen only at the very end."""
    data = bytearray(gzip.compress(TEXT))
    data[-6] ^= 1
    path = tmp_path / "mail.log.1.gz"
    path.write_bytes(data)
    with reading(path) as reader:
        assert rest(reader) == lines_of(TEXT)
        assert reader.damage == f"{path}: the gzip data is damaged; what comes before the damage was read"


@packed
def test_files_of_several_parts_are_read_through(tmp_path: Path, packer: str) -> None:
    """Packed files put together, and padding after them, are one file."""
    cut = lines_of(TEXT)[1000][0]
    data = PACKERS[packer](TEXT[:cut]) + PACKERS[packer](TEXT[cut:])
    path = tmp_path / "mail.log.1"
    path.write_bytes(data + (bytes(512) if packer in {"gzip", "xz"} else b""))
    with reading(path) as reader:
        assert rest(reader) == lines_of(TEXT)
        assert reader.damage is None


@packed
def test_any_damaged_file_is_no_exception(tmp_path: Path, packer: str) -> None:
    """Wherever a byte is wrong, reading ends and gives only whole beginnings of what was there."""
    good = PACKERS[packer](TEXT[:5000])
    path = tmp_path / "mail.log.1"
    for at in range(6, len(good), max(1, len(good) // 60)):
        data = bytearray(good)
        data[at] ^= 0x55
        path.write_bytes(data)
        with reading(path) as reader:
            rest(reader)
            assert reader.at_end


def test_a_last_line_without_newline_waits(tmp_path: Path) -> None:
    """A line being written is left for later and said so, and then comes whole."""
    path = tmp_path / "mail.log"
    path.write_bytes(b"one\ntw")
    with reading(path) as reader:
        assert rest(reader) == [(0, "one")]
        assert (reader.partial, reader.position, reader.at_end) == (2, 4, True)
        with path.open("ab") as file:
            file.write(b"o\nthree")
        assert reader.has_more()
        assert rest(reader) == [(4, "two")]
        assert reader.partial == 5


@packed
def test_a_last_line_without_newline_is_read_in_compressed_files(tmp_path: Path, packer: str) -> None:
    """Nothing can follow there."""
    path = tmp_path / "mail.log.1"
    path.write_bytes(PACKERS[packer](b"one\ntwo"))
    with reading(path) as reader:
        assert rest(reader) == [(0, "one"), (4, "two")]
        assert (reader.partial, reader.position) == (0, 7)


@pytest.mark.parametrize("packer", ["plain", "gzip", "zstd"])
def test_a_pipe_is_read_to_its_end(packer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Standard input gives what is there, never blocks, and its last line needs no newline."""
    out, into = os.pipe()
    real_dup = os.dup
    monkeypatch.setattr(os, "dup", lambda _fd: real_dup(out))
    data = PACKERS[packer](b"one\ntwo\nthree")
    with reading("-") as reader:
        assert rest(reader) == []
        assert not reader.ended
        os.write(into, data[:2])
        rest_now = rest(reader)
        os.write(into, data[2:])
        os.close(into)
        assert rest_now + rest(reader) == [(0, "one"), (4, "two"), (8, "three")]
        assert reader.ended
        assert reader.identity is None
    os.close(out)


@pytest.mark.parametrize("again", [b"", b"x\n", b"x" * 20 + b"\n", b"other first line\n" * 50])
def test_a_truncated_file_ends_its_reader(tmp_path: Path, again: bytes) -> None:
    """What is written after truncation is for another reader, however long it is by then."""
    path = tmp_path / "mail.log"
    path.write_bytes(b"first line\nsecond line\n")
    with reading(path) as reader:
        assert len(rest(reader)) == 2
        path.write_bytes(again)
        assert reader.has_more()
        assert rest(reader) == []
        assert (reader.truncated, reader.ended, reader.has_more()) == (True, True, False)


def test_long_lines_are_cut_the_same_way_in_any_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line beyond the limit loses its end, is counted, and hides no line after it."""
    monkeypatch.setattr(cutter, "MAX_LINE", 50)
    data = b"a\n" + b"b" * 51 + b"\n" + b"c" * 50 + b"\n" + b"d" * 500 + b"\ne\n"
    expected = [(0, "a"), (2, "b" * 50), (54, "c" * 50), (105, "d" * 50), (606, "e")]
    for size in (1, 7, 49, 50, 51, 52, 120, 10_000):
        cut = LineCutter()
        found = [line for at in range(0, len(data), size) for line in cut.feed(data[at : at + size])]
        assert found == expected, size
        assert (cut.cut_lines, cut.cut_bytes) == (2, 451)
    path = tmp_path / "mail.log"
    path.write_bytes(data)
    with reading(path) as reader:
        assert rest(reader) == expected
        assert reader.cut_lines == 2


@given(st.lists(st.sampled_from([b"a", b"\xc3", b"\xa4", b"\xff", b"\n", b"\r\n", b"\r", b"bc", b"\xe2\x82\xac"])), st.integers(1, 9))
def test_pieces_of_any_size_give_the_same_lines(parts: list[bytes], size: int) -> None:
    """How the bytes come changes neither lines nor offsets, nor does text that is no UTF-8."""
    data = b"".join(parts)
    cut = LineCutter()
    found = [line for at in range(0, len(data), size) for line in cut.feed(data[at : at + size])]
    assert found == lines_of(data)
    tail = data.rpartition(b"\n")[2]
    assert cut.partial == len(tail)
    assert cut.line_start == len(data) - len(tail)
    assert cut.finish() == ([(len(data) - len(tail), tail.removesuffix(b"\r").decode("utf-8", "surrogateescape"))] if tail else [])


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_hole_before_a_line_is_no_part_of_it(size: int) -> None:
    """NUL bytes before a line, however many, are skipped without being held."""
    data = bytes(10) + b"one\n" + bytes(7) + b"two\nthr\0ee\n"
    cut = LineCutter()
    found = [line for at in range(0, len(data), size) for line in cut.feed(data[at : at + size])]
    assert [text.lstrip("\0") for _, text in found] == ["one", "two", "thr\0ee"]
    assert found[0] == (10, "one")
    assert cut.line_start == len(data)


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    """What the system says becomes a sentence that names the file."""
    with pytest.raises(TailError, match="gone: no such file"):
        FileReader(str(tmp_path / "gone"))
    with pytest.raises(TailError, match="is a folder"):
        FileReader(str(tmp_path))


def test_a_resting_reader_goes_on_where_it_was(tmp_path: Path) -> None:
    """A file that is closed meanwhile loses no line, also under another name."""
    path = tmp_path / "mail.log"
    path.write_bytes(TEXT[:2000])
    with reading(path) as reader:
        before = rest(reader)
        reader.rest()
        assert not reader.has_more()
        path = path.rename(tmp_path / "mail.log.1")
        reader.path = str(path)
        with path.open("ab") as file:
            file.write(TEXT[2000:])
        assert reader.has_more()
        assert before + rest(reader) == lines_of(TEXT)


def test_kinds_are_told_by_the_first_bytes() -> None:
    """Each packer writes what is expected of it."""
    kinds = {name: kind_of(pack(b"x")) for name, pack in PACKERS.items()}
    assert kinds == {"plain": None, "gzip": "gzip", "bzip2": "bzip2", "xz": "xz", "zstd": "zstd", "zstd without its length": "zstd"}


@given(st.binary(max_size=HEAD + 50), st.binary(max_size=HEAD + 50))
def test_an_identity_goes_on_to_fit_while_the_file_grows(head: bytes, more: bytes) -> None:
    """Appending changes nothing of what is recognised; too short or hollow files have no identity."""
    identity = identify(head)
    if identity is None:
        assert len(head) < 64 or head[0] == 0
    else:
        assert identity.fits((head + more)[:HEAD])
        assert not identity.fits(head[: identity.length - 1])
        assert not identity.fits(bytes((head[0] ^ 1,)) + head[1:])
