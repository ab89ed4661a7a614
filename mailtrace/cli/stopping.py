"""An orderly stop: Ctrl-C and SIGTERM ask for one, a second signal does not wait for it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType


@dataclass(slots=True)
class Stop:
    """Whether a stop was asked for, and by which signal."""

    event: threading.Event = field(default_factory=threading.Event)
    signal: int | None = None

    def exit_code(self) -> int:
        """Tell how the process ends: 0 where nobody interrupted it, else 128 and the signal's number, as shells do."""
        return 128 + self.signal if self.signal else 0


@contextmanager
def stop_on_signals(asked: Callable[[], None] = lambda: None) -> Iterator[Stop]:
    """Turn the first signal into a request, of which `asked` hears, and the second into an interruption."""
    stop = Stop()

    def ask(number: int, _frame: FrameType | None) -> None:
        if stop.event.is_set():
            raise KeyboardInterrupt
        stop.signal = number
        stop.event.set()
        asked()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
