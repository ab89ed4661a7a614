"""How long a server that is away is waited for: for ever, until a stop is asked for, and then a little."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from mappings.elasticsearch.connection import pauses
from mappings.elasticsearch.faults import StoreAway

_T = TypeVar("_T")
_log = structlog.get_logger(__name__)

#: Seconds for which a server that is away is waited for once a stop is asked for.
AFTER_STOP_S = 10.0
#: The longest pause between two tries in that time.
_PAUSE_S = 0.5


class Patience:
    """Waits between tries. `stop` may be set by anybody; with `ask_to_stop` it is set here."""

    def __init__(
        self, stop: threading.Event | None = None, after_stop_s: float | None = None, *, beat: Callable[[], None] = lambda: None
    ) -> None:
        self._stop = stop or threading.Event()
        #: Called where something is waited for: to wait for a store is not to hang.
        self.beat = beat
        #: Whether the server is waited for now, and how often it was asked again since the start.
        self.away = False
        self.retries = 0
        self._after_stop_s = AFTER_STOP_S if after_stop_s is None else after_stop_s
        self._guard = threading.Lock()
        self._until: float | None = None

    def ask_to_stop(self) -> None:
        """Whoever waits is to come to an end soon."""
        self._stop.set()
        self.over()

    def over(self) -> bool:
        """Whether a server that is away is waited for no longer; the time counts from when a stop was first noticed."""
        if not self._stop.is_set():
            return False
        with self._guard:
            if self._until is None:
                self._until = time.monotonic() + self._after_stop_s
            return time.monotonic() >= self._until

    def answered(self) -> None:
        """The server is there after all: should it go away again, the time counts anew."""
        self.away = False
        with self._guard:
            self._until = None

    def pause(self, seconds: float) -> bool:
        """Wait before the next try; whether there is to be one."""
        self.beat()
        with self._guard:
            self.away = True
            self.retries += 1
        if self._stop.wait(seconds):
            # Asked to stop: sooner again, but not at once.
            if self.over():
                return False
            time.sleep(min(seconds, _PAUSE_S))
        return not self.over()

    def wait(self, attempt: Callable[[], _T]) -> _T:
        """Try until the store is there again, with growing pauses; raises its fault when patience is over."""
        for seconds in pauses():
            try:
                done = attempt()
                self.away = False
                return done
            except StoreAway as error:
                # A short wait is nothing that anybody must hear of.
                (_log.warning if seconds < 1 else _log.error)("store_waits", detail=str(error), pause_s=seconds)
                if not self.pause(seconds):
                    raise
        raise AssertionError("the pauses do not end")
