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
#: Seconds between signs of life to a manager that does not take us for dead, and how much longer than its limit a beginning may take
#: from then.
_EVERY_S, _LONGER_S = 10.0, 120


class Manager:
    """Who watches over this process."""

    def __init__(self, environ: Mapping[str, str] | None = None, ready: Callable[[], bool] = lambda: True) -> None:
        environ = os.environ if environ is None else environ
        self._address = environ.get("NOTIFY_SOCKET", "")
        #: Seconds after which it takes us for dead; None where it does not.
        self._dead_after_s = _dead_after_s(environ)
        self._every_s = _EVERY_S if self._dead_after_s is None else self._dead_after_s / _SIGNS
        #: What has to be true beside that the loop runs.
        self._may_be_ready = ready
        self._thread = threading.get_ident()
        self._ready = False
        self._stopping = False
        self._told_at = float("-inf")

    def beat(self) -> None:
        """The loop came round: the process is alive, and ready from the first time on."""
        if not self._ready and self._is_loop() and self._may_be_ready():
            self._ready = True
            self._tell("READY=1")
        self.alive()

    def alive(self) -> None:
        """The loop, or what it is about to begin with, waits for something and does not hang. Other threads vouch for nothing."""
        if not self._is_loop() or time.monotonic() - self._told_at < self._every_s:
            return
        self._told_at = time.monotonic()
        if self._dead_after_s is not None:
            self._tell("WATCHDOG=1")
        if not self._ready:
            self._tell(f"EXTEND_TIMEOUT_USEC={_LONGER_S * 1_000_000}")

    def _is_loop(self) -> bool:
        """Whether somebody listens, and we are the thread whose word counts."""
        return bool(self._address) and threading.get_ident() == self._thread

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


def _dead_after_s(environ: Mapping[str, str]) -> float | None:
    """After how long without a sign of life the manager takes us for dead; it may mean another process."""
    usec, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not usec.isdecimal() or (pid and pid != str(os.getpid())):
        return None
    return int(usec) / 1e6
