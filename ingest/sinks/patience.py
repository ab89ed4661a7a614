"""How long a store that is away is waited for: for ever, or as long as is set; once a stop is asked for, only a little longer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import structlog

from mappings.faults import StoreAway, growing

_T = TypeVar("_T")
_log = structlog.get_logger(__name__)

#: Seconds for which a store that is away is waited for once a stop is asked for.
AFTER_STOP_S = 10.0
#: The longest pause between two tries in that time.
_PAUSE_S = 0.5
#: Seconds between two tries, at the beginning and at most.
_FIRST_S, _LONGEST_S = 0.1, 10.0


def _pauses() -> Iterator[float]:
    """The pauses for a store on this machine."""
    return growing(_FIRST_S, _LONGEST_S)


class Patience:
    """Waits between tries. `stop` may be set by anybody; with `ask_to_stop` it is set here.

    `most_s` is the longest that one thing is waited for, in seconds; None is for ever.
    """

    def __init__(
        self,
        stop: threading.Event | None = None,
        after_stop_s: float | None = None,
        *,
        most_s: float | None = None,
        pauses: Callable[[], Iterator[float]] = _pauses,
    ) -> None:
        self._stop = stop or threading.Event()
        self._after_stop_s = AFTER_STOP_S if after_stop_s is None else after_stop_s
        self._most_s = most_s
        self._pauses = pauses
        self._guard = threading.Lock()
        self._until: float | None = None

    def ask_to_stop(self) -> None:
        """Whoever waits is to come to an end soon."""
        self._stop.set()
        self.over()

    def over(self) -> bool:
        """Whether a store that is away is waited for no longer; the time counts from when a stop was first noticed."""
        if not self._stop.is_set():
            return False
        with self._guard:
            if self._until is None:
                self._until = time.monotonic() + self._after_stop_s
            return time.monotonic() >= self._until

    def answered(self) -> None:
        """The store is there after all: should it go away again, the time counts anew."""
        with self._guard:
            self._until = None

    def pause(self, seconds: float) -> bool:
        """Wait before the next try; whether there is to be one."""
        if self._stop.wait(seconds):
            # Asked to stop: sooner again, but not at once.
            if self.over():
                return False
            time.sleep(min(seconds, _PAUSE_S))
        return not self.over()

    def wait(self, attempt: Callable[[], _T]) -> _T:
        """Try until the store is there again, with growing pauses; raises its fault when patience is over."""
        began = time.monotonic()
        told = False
        for seconds in self._pauses():
            try:
                done = attempt()
            except StoreAway as error:
                # A short wait is nothing that anybody must hear of, and a long one nothing to hear of again and again.
                if seconds >= 1 and not told:
                    told = True
                    _log.error("store_waits", detail=str(error))
                if self._most_s is not None and time.monotonic() - began + seconds > self._most_s:
                    raise
                if not self.pause(seconds):
                    raise
            else:
                if told:
                    _log.warning("store_is_back", waited_s=round(time.monotonic() - began, 1))
                return done
        raise AssertionError("the pauses do not end")
