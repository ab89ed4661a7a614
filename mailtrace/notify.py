"""Telling a service manager that we are ready and alive (sd_notify(3)); where none asks for it, nothing is told.

Signs of life come from the loop that reads, never from a thread of their own: one that hangs must not be vouched for by another.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Mapping

#: So many signs of life are given in the time after which the manager takes us for dead.
_SIGNS = 4


class Manager:
    """Who watches over this process. Each state is told once."""

    def __init__(self, environ: Mapping[str, str] | None = None, ready: Callable[[], bool] = lambda: True) -> None:
        environ = os.environ if environ is None else environ
        self._address = environ.get("NOTIFY_SOCKET", "")
        #: Seconds between signs of life; None where nobody waits for them.
        self._every_s = _every_s(environ)
        #: What has to be true beside that the loop runs.
        self._may_be_ready = ready
        self._thread = threading.get_ident()
        self._ready = False
        self._stopping = False
        self._beaten_at = float("-inf")

    def beat(self) -> None:
        """The loop came round: the process is ready from the first time on, and alive. Other threads vouch for nothing."""
        if not self._address or threading.get_ident() != self._thread:
            return
        if not self._ready and self._may_be_ready():
            self._ready = True
            self._tell("READY=1")
        if self._every_s is not None and time.monotonic() - self._beaten_at >= self._every_s:
            self._beaten_at = time.monotonic()
            self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """We are about to end."""
        if self._address and not self._stopping:
            self._stopping = True
            self._tell("STOPPING=1")

    def _tell(self, state: str) -> None:
        """Send one state; a manager that does not listen is no reason to stop."""
        # A name in the abstract space is written with `@`.
        address = f"\0{self._address[1:]}" if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as end:
                end.setblocking(False)
                end.sendto(state.encode(), address)
        except OSError:
            return


def _every_s(environ: Mapping[str, str]) -> float | None:
    """How often a sign of life is due, as the manager says; it may mean another process."""
    usec, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not usec.isdecimal() or (pid and pid != str(os.getpid())):
        return None
    return int(usec) / 1e6 / _SIGNS
