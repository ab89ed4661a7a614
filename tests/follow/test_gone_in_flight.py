"""A file goes while messages of its lines are in flight: what is known of them is written at once, so that a kill loses nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from stores import Embedded
from written_mail import Mail, Server, found, log

from follow.conftest import Followed

ID = "4D2A31C0FFEE"
_PATIENCE_S = 20


def begun() -> bytes:
    """A message that the server is still receiving: no line names its sender or recipient yet."""
    mail = Mail()
    server = Server()
    server.at(mail, "postfix/smtpd", 1001, "connect from mail.sender.example[203.0.113.5]")
    server.at(mail, "postfix/smtpd", 1001, f"{ID}: client=mail.sender.example[203.0.113.5]")
    return log([mail])


def _cut(path: Path) -> None:
    path.write_bytes(b"")


def _renamed(path: Path) -> None:
    path.rename(path.parent.parent / "elsewhere")


@pytest.mark.parametrize("goes", [Path.unlink, _cut, _renamed], ids=["deleted", "cut", "renamed out of its set"])
def test_its_file_goes(goes: Callable[[Path], None], followed: Followed) -> None:
    """The line that begins a message stands in the store before the reader is killed."""
    followed.append(begun())
    followed.follow()
    positions = followed.store.parent / "positions.json"
    _until(lambda: positions.exists() and b'"needed": true' in positions.read_bytes())
    assert not followed.found()
    goes(followed.path)
    _until(lambda: bool(followed.found()))
    followed.kill()
    assert list(found(Embedded(followed.store))) == [(None, None, "in_progress", (ID,), False)]


def _until(happens: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + _PATIENCE_S
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.05)
