"""Copying what was committed from the log into the files, beside the writer.

A checkpoint inside a commit would stop the writer for the flush of two files; in a thread of its own it costs the writer nothing
until the log grows too large.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: The writer helps when a file's log is larger than this.
LOG_LIMIT_BYTES = 256 * 1024 * 1024
#: So many files stay open in the thread.
_MOST_OPEN = 4


class Checkpointer:
    """A thread that copies back the logs of the files it is told of."""

    def __init__(self) -> None:
        self._waiting: dict[Path, None] = {}
        self._connections: dict[Path, sqlite3.Connection] = {}
        self._closing = False
        #: What went wrong last; the writer meets the same trouble itself, so this is only told.
        self.trouble: str | None = None
        self._changed = threading.Condition()
        #: Held while a file is worked on, so that one about to be deleted can be let go of first.
        self._working = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="checkpoint", daemon=True)
        self._thread.start()

    def note(self, path: Path) -> None:
        """Something was committed to this file."""
        with self._changed:
            self._waiting[path] = None
            self._changed.notify()

    def forget(self, path: Path) -> None:
        """Let go of a file, which is about to be deleted."""
        with self._changed:
            self._waiting.pop(path, None)
        with self._working:
            connection = self._connections.pop(path, None)
            if connection is not None:
                connection.close()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Wait for what the thread is at, and keep it from more: two checkpoints of one file would get into each other's way."""
        with self._working:
            yield

    def close(self) -> None:
        """Finish what is under way and end."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def _run(self) -> None:
        """Work on one file after another, until closed."""
        while True:
            with self._changed:
                while not self._waiting and not self._closing:
                    self._changed.wait()
                if self._closing:
                    return
            with self._working:
                with self._changed:
                    path = next(iter(self._waiting), None)
                    if path is None:
                        continue
                    del self._waiting[path]
                try:
                    self._open(path).execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                except sqlite3.Error as error:
                    self.trouble = f"{path.name}: {error}"

    def _open(self, path: Path) -> sqlite3.Connection:
        """The thread's own connection to a file; the one longest unused makes room."""
        connection = self._connections.pop(path, None)
        if connection is None:
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False)
            while len(self._connections) >= _MOST_OPEN:
                self._connections.pop(next(iter(self._connections))).close()
        self._connections[path] = connection
        return connection
