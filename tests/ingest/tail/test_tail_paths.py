"""Which files: names, folders and patterns as users write them."""

from __future__ import annotations

import os
import random
import socket
from pathlib import Path

import pytest

from ingest.tail.faults import TailError
from ingest.tail.paths import expand, folders_of, is_live, order, rotated_set


def names(tmp_path: Path, *arguments: str, once: bool = True) -> list[str]:
    """What arguments below `tmp_path` stand for, as names below it."""
    return [os.path.relpath(path, tmp_path) for path in expand([str(tmp_path / argument) for argument in arguments], once=once)]


def make(tmp_path: Path, *paths: str) -> None:
    """Small files, each with a content of its own."""
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(os.fsencode(path))


ROTATED = [
    "mail.log-20251231.gz",
    "mail.log-20261101.gz",
    "mail.log-2026110203",
    "mail.log.10.gz",
    "mail.log.2.gz",
    "mail.log.1",
    "mail.log.0",
    "mail.log",
]


def test_rotated_sets_come_oldest_first() -> None:
    """Numbers count down, dates go up, and the file being written is the last."""
    mixed = [*ROTATED, "zmail.log.1", "amail.log"]
    random.Random(3).shuffle(mixed)
    assert sorted(mixed, key=order) == ["amail.log", *ROTATED, "zmail.log.1"]
    assert {rotated_set(name) for name in ROTATED} == {"mail.log"}
    assert [is_live(name) for name in ROTATED] == [False] * 7 + [True]


def test_dates_may_stand_before_the_ending() -> None:
    """`extension` of logrotate and daily files of rsyslog are sets too."""
    days = ["mail-2026-11-09.log", "mail-2026-11-10.log.gz", "mail-2026-11-11.log", "mail.log"]
    assert sorted(["mail.log", *days[:-1]], key=order) == days
    assert {rotated_set(day) for day in days} == {"mail.log"}


def test_a_folder_is_its_regular_files(tmp_path: Path) -> None:
    """Hidden files, sockets, pipes, folders and dead links in it are left out."""
    make(tmp_path, "mail.log", "mail.log.1", ".hidden", "deeper/x.log")
    (tmp_path / "dead").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(tmp_path / "socket"))
        assert names(tmp_path, ".") == ["mail.log.1", "mail.log"]
        with pytest.raises(TailError, match="is no file of log lines"):
            names(tmp_path, "socket")


def test_patterns_are_expanded_here_too(tmp_path: Path) -> None:
    """A quoted pattern works, `**` goes into folders, and a name that looks like a pattern is a name."""
    make(tmp_path, "mail.log", "mail.log.1", "mx1/mail.log", "mx1/11/mail.log", "mail[1].log", "mail1.log")
    assert names(tmp_path, "mail.log*") == ["mail.log.1", "mail.log"]
    assert names(tmp_path, "**/mail.log") == ["mail.log", "mx1/11/mail.log", "mx1/mail.log"]
    assert names(tmp_path, "mail[1].log") == ["mail[1].log"]
    assert names(tmp_path, "mail[0-9].log") == ["mail1.log"]
    assert names(tmp_path, "none*") == []


def test_one_file_under_several_names_is_one(tmp_path: Path) -> None:
    """Links and repeated arguments do not read a file twice, and its real name is shown."""
    make(tmp_path, "mail-2026-11-24.log")
    (tmp_path / "current.log").symlink_to("mail-2026-11-24.log")
    os.link(tmp_path / "mail-2026-11-24.log", tmp_path / "zz.log")
    assert len(names(tmp_path, ".", "current.log", "mail*")) == 1
    (tmp_path / "zz.log").unlink()
    assert names(tmp_path, "current.log", ".") == ["mail-2026-11-24.log"]
    assert names(tmp_path, "current.log") == ["current.log"]


def test_the_own_data_folder_is_not_read(tmp_path: Path) -> None:
    """Nobody reads what the ingester itself writes."""
    make(tmp_path, "mail.log", "data/positions.json")
    found = expand([str(tmp_path), str(tmp_path / "**")], exclude=str(tmp_path / "data"))
    assert found == [str(tmp_path / "mail.log")]


def test_what_is_not_there_may_come_unless_it_is_read_once(tmp_path: Path) -> None:
    """A missing plain file is one sentence with `once`, and nothing otherwise; other errors need not stop the rest."""
    make(tmp_path, "mail.log")
    assert names(tmp_path, "gone", once=False) == []
    with pytest.raises(TailError, match="gone: no such file"):
        names(tmp_path, "gone")
    said: list[TailError] = []
    beneath = str(tmp_path / "mail.log" / "x")
    assert expand([beneath, str(tmp_path / "mail.log")], problem=said.append) == [str(tmp_path / "mail.log")]
    assert [str(error) for error in said] == [f"{beneath}: cannot be read: not a directory"]
    with pytest.raises(TailError, match="not a name of a file"):
        expand(["a\0b"])


def test_names_may_hold_any_bytes(tmp_path: Path) -> None:
    """A name that is no UTF-8 is found like any other."""
    name = os.fsdecode(b"m\xff.log")
    make(tmp_path, name)
    assert names(tmp_path, ".") == [name]


def test_standard_input_is_an_argument(tmp_path: Path) -> None:
    """`-` stands for itself, once, before the files."""
    make(tmp_path, "mail.log")
    assert expand(["-", str(tmp_path), "-"]) == ["-", str(tmp_path / "mail.log")]


def test_folders_to_watch_are_those_of_files_and_of_what_may_come(tmp_path: Path) -> None:
    """A link's target, a folder, a pattern's folder and that of a missing file all are watched; missing folders are not."""
    make(tmp_path, "a/x.log", "b/y.log", "c/z.log", "d/w.log")
    (tmp_path / "a" / "link").symlink_to(tmp_path / "b" / "y.log")
    arguments = [str(tmp_path / one) for one in ("a/link", "c", "d/*.log", "e/mail.log", "*/none")]
    found = folders_of([*arguments, "-"], expand(arguments))
    assert sorted(os.path.relpath(folder, tmp_path) for folder in found) == ["a", "b", "c", "d"]
