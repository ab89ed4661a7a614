"""A process of ours beside another one: how it is started, what it is given, and that it ends with its parent.

Whoever is started this way is a module that is run: `python -m MODULE ROLE... PARENT END...`; what it is given comes as its standard input.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Protocol

#: `prctl(2)`: the signal that a process gets when its parent ends.
_PARENT_ENDED = 1


class End(Protocol):
    """One end of a pair of sockets."""

    def fileno(self) -> int:
        """Its number in this process."""

    def close(self) -> None:
        """Let go of it."""


def own_python() -> list[str]:
    """How our own modules are run by a Python of their own: where the current folder is not looked into, it is not there either.

    To the console script modules of the current folder are not ours, and somebody's `search.py` may lie there.
    """
    with suppress(FileNotFoundError):  # the folder is gone
        if not {"", os.getcwd()}.isdisjoint(sys.path):  # noqa: PTH109 - compared as a text
            return [sys.executable]
    return [sys.executable, "-P"]


def start(module: str, role: Sequence[str], given: object, ends: Sequence[End]) -> subprocess.Popen[bytes]:
    """Start a process, which alone has these ends from then on; `given` crosses as a pickle."""
    numbers = [end.fileno() for end in ends]
    words = [*own_python(), "-m", module, *role, str(os.getpid()), *map(str, numbers)]
    # A session of its own: what asks us to stop by way of the terminal must not end it before us.
    child = subprocess.Popen(words, stdin=subprocess.PIPE, pass_fds=numbers, start_new_session=True)  # noqa: S603 - our own program
    for end in ends:
        end.close()
    assert child.stdin is not None  # noqa: S101 - as asked for
    with suppress(BrokenPipeError), child.stdin as told:
        told.write(pickle.dumps(given))
    return child


def given() -> Any:
    """What the parent gave."""
    return pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - our own process


def ends_with(parent: int) -> bool:
    """Have the system end us together with the parent, where it can; whether that is still there."""
    if sys.platform == "linux":
        # A service manager may forbid what ctypes needs; then the closed ends tell us.
        with suppress(ImportError, MemoryError, OSError, AttributeError):
            import ctypes  # noqa: PLC0415 - as said

            ctypes.CDLL(None).prctl(_PARENT_ENDED, signal.SIGKILL)
    return os.getppid() == parent
