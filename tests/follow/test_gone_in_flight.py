"""A file goes while messages of its lines are in flight: what is known of them is written at once, so that a kill loses nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from written_mail import Server, log

from follow.conftest import Followed

ID = "4D2A31C0FFEE"
_PATIENCE_S = 20


def _cut(path: Path) -> None:
    path.write_bytes(b"")


def _renamed(path: Path) -> None:
    path.rename(path.parent.parent / "elsewhere")


@pytest.mark.parametrize("goes", [Path.unlink, _cut, _renamed], ids=["deleted", "cut", "renamed out of its set"])
def test_its_file_goes(goes: Callable[[Path], None], followed: Followed) -> None:
    """The line that begins a message is kept in the store before the reader is killed, and there when the message goes on."""
    mail = Server().delivered(ID, "ann@sender.example", "bob@example.net")
    lines = log([mail]).splitlines(keepends=True)
    followed.append(b"".join(lines[:2]))
    followed.follow()
    positions = followed.store.parent / "positions.json"
    _until(lambda: positions.exists() and b'"needed": true' in positions.read_bytes())
    goes(followed.path)
    _until(lambda: b'"needed": true' not in positions.read_bytes())
    followed.kill()
    followed.path.write_bytes(b"".join(lines[2:]))
    followed.follow()
    followed.wait_for(mail)
    followed.stop()


def _until(happens: Callable[[], bool]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + _PATIENCE_S
    while not happens():
        assert time.monotonic() < end
        time.sleep(0.05)
