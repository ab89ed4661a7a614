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
#: A pause shorter than this is not told of.
_SHORT_S = 0.5


class Outage:
    """What is said while a store is waited for: that it is, once, and that it answers again. Safe for several threads."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._said = False

    def say(self, why: str, pause_s: float) -> None:
        """The store is waited for; a short wait is nothing that anybody must hear of."""
        if pause_s < _SHORT_S:
            return
        with self._guard:
            said, self._said = self._said, True
        if not said:
            _log.error("store_waits", detail=why)

    def over(self) -> None:
        """The store answers."""
        with self._guard:
            said, self._said = self._said, False
        if said:
            _log.warning("store_answers")


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
        beat: Callable[[], None] = lambda: None,
    ) -> None:
        self._stop = stop or threading.Event()
        #: Called where something is waited for: to wait for a store is not to hang.
        self.beat = beat
        #: Whether the store is waited for now, and how often it was asked again since the start.
        self.away = False
        self.retries = 0
        self._after_stop_s = AFTER_STOP_S if after_stop_s is None else after_stop_s
        self._most_s = most_s
        self._pauses = pauses
        self._guard = threading.Lock()
        self._until: float | None = None
        #: What is said of the sending of documents.
        self.sending = Outage()

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
            self._until, self.away = None, False
        self.sending.over()

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
        began = time.monotonic()
        outage = Outage()
        for seconds in self._pauses():
            try:
                given = attempt()
            except StoreAway as error:
                outage.say(str(error), seconds)
                if self._most_s is not None and time.monotonic() - began + seconds > self._most_s:
                    raise
                if not self.pause(seconds):
                    raise
            else:
                self.away = False
                outage.over()
                return given
        raise AssertionError("the pauses do not end")
