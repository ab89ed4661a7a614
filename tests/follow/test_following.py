"""Every message of a log that is written, rotated and cut while `mailtrace ingest` follows it is found, once."""

from __future__ import annotations

import gzip
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from written_mail import START, Mail, Server, log, short_id, traffic

from follow.conftest import Followed


def mails(count: int, seed: int = 1) -> list[Mail]:
    """Messages of several kinds."""
    return traffic(seed, count)


def test_lines_as_they_come(followed: Followed) -> None:
    """What is appended is found without a restart: before, between and after."""
    first, second, third = mails(3)
    followed.write(first)
    followed.follow()
    followed.wait_for(first)
    followed.write(second)
    followed.wait_for(first, second)
    followed.write(third)
    followed.wait_for(first, second, third)
    followed.stop()
    followed.wait_for(first, second, third)


def test_a_line_in_two_parts(followed: Followed) -> None:
    """A partial last line waits for its rest and is read once."""
    first, second = mails(2)
    content = log([second])
    followed.write(first)
    followed.follow()
    followed.append(content[: len(content) // 2])
    followed.wait_for(first, *([] if not _ended(content) else [second]))
    followed.append(content[len(content) // 2 :])
    followed.wait_for(first, second)
    followed.stop()


def _ended(content: bytes) -> bool:
    """Whether half of a content tells the whole message."""
    return b"removed" in content[: len(content) // 2]


def test_a_file_that_appears_later(followed: Followed) -> None:
    """A folder is followed: a log that is created later is found by itself."""
    (mail,) = mails(1)
    followed.path.unlink()
    followed.follow(str(followed.path.parent))
    followed.write(mail)
    followed.wait_for(mail)
    followed.stop()


def rename_and_create(path: Path) -> None:
    """Rotate as logrotate does with `create`."""
    path.rename(path.with_name("mail.log.1"))
    path.touch()


def copytruncate(path: Path) -> None:
    """Rotate as logrotate does with `copytruncate`: the same file goes on, empty."""
    path.with_name("mail.log.1").write_bytes(path.read_bytes())
    with path.open("r+b") as file:
        file.truncate(0)


def rename_and_compress(path: Path) -> None:
    """Rotate as logrotate does with `compress`: the old file is gone, a packed one takes its place."""
    path.with_name("mail.log.1.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    path.touch()


def cut(path: Path) -> None:
    """Somebody empties the log."""
    with path.open("r+b") as file:
        file.truncate(0)


_ROTATIONS = pytest.mark.parametrize("rotate", [rename_and_create, copytruncate, rename_and_compress, cut])
_PATTERN = "mail.log*"


@_ROTATIONS
@pytest.mark.parametrize("pattern", ["mail.log", _PATTERN])
def test_rotated_while_followed(rotate: object, pattern: str, followed: Followed) -> None:
    """After each kind of rotation the new lines are found, the old ones stay, and nothing is doubled."""
    assert callable(rotate)
    before, after, last = mails(3, seed=2)
    followed.write(before)
    followed.follow(str(followed.path.with_name(pattern)))
    followed.wait_for(before)
    rotate(followed.path)
    followed.write(after)
    followed.wait_for(before, after)
    followed.write(last)
    followed.wait_for(before, after, last)
    followed.stop()


@pytest.mark.parametrize("rotate", [rename_and_create, rename_and_compress, copytruncate])
def test_rotated_while_nobody_looks(rotate: object, followed: Followed) -> None:
    """Rotated between two runs, in the middle of a message: the rest of the old file and the new one are both read."""
    assert callable(rotate)
    first, second, third = mails(3, seed=3)
    content = log([second])
    half = content.index(b"\n", len(content) // 2) + 1
    followed.write(first)
    followed.follow(str(followed.path.with_name(_PATTERN)))
    followed.wait_for(first)
    followed.stop()
    followed.append(content[:half])
    rotate(followed.path)
    followed.append(content[half:])
    followed.write(third)
    followed.follow(str(followed.path.with_name(_PATTERN)))
    followed.wait_for(first, second, third)
    followed.stop()


def test_an_orderly_stop_writes_what_is_held_back(followed: Followed) -> None:
    """A second hop whose first is not seen is held back for its parent; a stop writes it as it stands."""
    server = Server()
    mail = server.filtered((short_id(Random(1)), short_id(Random(2))), "heldback0001", "ann@sender.example", "bob@example.net")
    second = mail.traces[0][3][1]
    lines = [line for line in mail.lines if line.text.startswith(second) and "removed" not in line.text]
    assert lines
    orphan = Mail(lines, [("ann@sender.example", "bob@example.net", "delivered", (second,), False)])
    (witness,) = mails(1, seed=4)
    followed.follow()
    followed.write(orphan, _later(witness))
    followed.wait_for(_later(witness))
    followed.stop()
    followed.wait_for(orphan, _later(witness))


def _later(mail: Mail) -> Mail:
    """The same message some seconds later than all others."""
    first = mail.lines[0].at
    moved = [type(line)(START + timedelta(seconds=5) + (line.at - first), line.host, line.tag, line.pid, line.text) for line in mail.lines]
    return Mail(moved, mail.traces)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_restart_goes_on(end: str, followed: Followed) -> None:
    """Stopped or killed in the middle of messages, and started again: everything is found, nothing twice."""
    wanted = mails(6, seed=5)
    lines = log(wanted).splitlines(keepends=True)
    followed.follow()
    for begin in range(0, len(lines), 1 + len(lines) // 3):
        followed.append(b"".join(lines[begin : begin + 1 + len(lines) // 3]))
        getattr(followed, end)()
        followed.follow()
    followed.wait_for(*wanted)
    followed.stop()
    followed.wait_for(*wanted)
