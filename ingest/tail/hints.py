"""Being woken when something may have happened to a file.

Only hints: whoever is woken looks for itself, and looks anyway from time to time.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import threading
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from watchdog.events import (
    DirCreatedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

#: Without a filter, our own reading would wake us.
_EVENTS: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    FileClosedEvent,
    DirCreatedEvent,
]
# It reports to nobody in particular that a change came while it was being stopped.
logging.getLogger("watchdog").addHandler(logging.NullHandler())
#: A busy log changes thousands of times a second.
_PAUSE_S = 0.05


class Waker:
    """A pause that any thread can end."""

    def __init__(self) -> None:
        self._out, self._in = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._lock = threading.Lock()
        self._set = False
        self._last = 0.0

    def wake(self) -> None:
        """End the pause that is, or the next one. Safe from any thread and from a signal handler's."""
        if self._set or self._in < 0:
            return
        self._set = True
        with contextlib.suppress(OSError):
            os.write(self._in, b"!")

    def wait(self, timeout_s: float, streams: Collection[int] = ()) -> None:
        """Return when woken, when a stream has something to read, or after `timeout_s`."""
        ready, _, _ = select.select([self._out, *streams], [], [], max(timeout_s, 0.0))
        if self._out in ready:
            # Hints come in swarms: take what comes at once as one.
            early = self._last + _PAUSE_S - time.monotonic()
            if early > 0:
                time.sleep(min(early, max(timeout_s, 0.0)))
            with contextlib.suppress(BlockingIOError):
                os.read(self._out, 4096)
            # After the reading: a call between the two writes nothing, but what it is about happened before we return.
            self._set = False
        self._last = time.monotonic()

    def close(self) -> None:
        """Let go of the pipe."""
        with self._lock:
            out, self._out, inside, self._in = self._out, -1, self._in, -1
        for fd in (out, inside):
            if fd >= 0:
                os.close(fd)


class Hints:
    """Watches folders and calls `wake`; where the system cannot, it says nothing and the sweeps do all."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._handler = _Handler(wake)
        #: Watches by folder and its inode: a folder that was made anew needs a new one.
        self._watches: dict[tuple[str, int], ObservedWatch] = {}
        self._failed: set[tuple[str, int]] = set()
        self._observer: BaseObserver | None = None
        try:
            observer = Observer()
            observer.start()
        except (OSError, RuntimeError):
            return
        self._observer = observer

    @property
    def working(self) -> bool:
        """Whether changes are reported at all."""
        return self._observer is not None and self._observer.is_alive()

    def watch(self, folders: Iterable[str], files: Iterable[str]) -> None:
        """Watch these folders from now on, and no others; of changes only those of `files` matter, of names all."""
        self._handler.files = frozenset(files)
        if self._observer is None:
            return
        wanted = {(folder, inode) for folder in folders if (inode := _inode(folder))}
        for folder in self._watches.keys() - wanted:
            with contextlib.suppress(KeyError, OSError):
                self._observer.unschedule(self._watches.pop(folder))
        self._failed &= wanted
        for folder in wanted - self._watches.keys() - self._failed:
            try:
                self._watches[folder] = self._observer.schedule(self._handler, folder[0], event_filter=_EVENTS)
            except OSError:
                # No more watches, or the folder is gone: the sweeps see it without.
                self._failed.add(folder)

    def close(self) -> None:
        """Stop watching."""
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
            self._observer = None


def _inode(folder: str) -> int:
    try:
        return Path(folder).stat().st_ino
    except OSError:
        return 0


class _Handler(FileSystemEventHandler):
    """Passes on what may matter; runs in the observer's thread."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self.files: frozenset[str] = frozenset()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Wake up, unless another file was only written to."""
        if isinstance(event, (FileModifiedEvent, FileClosedEvent)) and os.fsdecode(event.src_path) not in self.files:
            return
        self._wake()
