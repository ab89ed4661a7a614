"""Making what was committed durable, and copying it from the logs into the files, beside the writer.

A commit lies in the file's log (`-wal`), which SQLite does not sync for it. This thread syncs the logs, several batches at a time, and
only then are the tickets of these batches given back: no reader can hinder that, whatever it holds. Copying back is for the size of the
logs alone; a checkpoint inside a commit would stop the writer for the flush of two files, in this thread it costs him nothing.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from mappings.embedded.faults import StoreAway, fault_of
from mappings.faults import growing, of_os_error

_log = structlog.get_logger(__name__)

#: The writer helps when a file's log is larger than this; one that cannot be copied back then is given no newer traces.
LOG_LIMIT_BYTES = 256 * 1024 * 1024
#: A log of this size is copied back even where batches wait to be synced.
_LONG_BYTES = 16 * 1024 * 1024
#: When nothing was committed for so long, logs are copied back: whoever waits for the next sync is not kept from it.
_QUIET_S = 0.3
#: So many files stay open in the thread.
_MOST_OPEN = 4
#: Seconds between two tries to sync.
_FIRST_S, _LONGEST_S = 0.1, 5.0


class Syncer:
    """A thread that makes files durable and copies back their logs; tickets are given back when all of their files are durable."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        #: Files with commits that are not durable, and the last ticket; up to which ticket all is durable, and who knows of it.
        self._waiting: dict[Path, None] = {}
        self._ticket = 0
        self._durable = 0
        self._given = 0
        #: Files whose logs failed to sync: what the system still shows of them may not be on the disk.
        self._distrusted: set[Path] = set()
        #: Files whose logs were not copied back since they were synced; only the thread uses it.
        self._uncopied: dict[Path, None] = {}
        self._fault: StoreAway | None = None
        self._closing = False
        self._connections: dict[Path, sqlite3.Connection] = {}
        #: Held while a file is worked on, so that one about to be deleted can be let go of first.
        self._working = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)
        self._thread.start()

    def committed(self, paths: Collection[Path]) -> int:
        """A batch was committed to these files: its ticket."""
        with self._changed:
            self._ticket += 1
            self._waiting.update(dict.fromkeys(paths))
            self._changed.notify_all()
            return self._ticket

    def durable(self) -> list[int]:
        """Tickets whose batches became durable since the last call."""
        with self._changed:
            tickets = list(range(self._given + 1, self._durable + 1))
            self._given = self._durable
            return tickets

    def wait(self, seconds: float) -> bool:
        """Wait until everything is durable, at most so long; whether it is. Raises what keeps it from being so."""
        with self._changed:
            done = self._changed.wait_for(lambda: self._durable == self._ticket, seconds)
            if not done and self._fault is not None:
                raise self._fault
            return done

    def forget(self, path: Path) -> None:
        """Let go of a file, which is about to be deleted or put aside."""
        with self._changed:
            self._waiting.pop(path, None)
        with self._working:
            self._distrusted.discard(path)
            connection = self._connections.pop(path, None)
            if connection is not None:
                connection.close()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Wait for what the thread is at, and keep it from more: two checkpoints of one file would get into each other's way."""
        with self._working:
            yield

    def close(self) -> None:
        """Try once more to make all durable, and end."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        for connection in self._connections.values():
            connection.close()
        self._connections.clear()

    def _run(self) -> None:
        """Work on what was committed, until closed."""
        pauses = growing(_FIRST_S, _LONGEST_S)
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._ticket > self._durable or self._closing)
                if self._ticket == self._durable:
                    return
                ticket, paths = self._ticket, list(self._waiting)
                self._waiting.clear()
            fault = self._make_durable(paths)
            with self._changed:
                self._fault = fault
                if fault is None:
                    self._durable = ticket
                else:
                    self._waiting.update(dict.fromkeys(paths))
                self._changed.notify_all()
                if fault is not None:
                    if self._closing:
                        return
                    self._changed.wait_for(lambda: self._closing, next(pauses))
                    continue
            pauses = growing(_FIRST_S, _LONGEST_S)
            self._uncopied.update(dict.fromkeys(paths))
            with self._changed:
                self._changed.wait_for(lambda: self._ticket > self._durable or self._closing, _QUIET_S)
            self._copy_back()

    def _make_durable(self, paths: list[Path]) -> StoreAway | None:
        """Sync the logs of these files; what kept us from it."""
        for path in paths:
            with self._working:
                fault = self._trusted_again(path) if path in self._distrusted else self._sync(path)
            if fault is not None:
                return fault
        return None

    def _sync(self, path: Path) -> StoreAway | None:
        """Sync the log of a file. Only the log may be opened by itself: closing the database would let go of SQLite's locks on it."""
        try:
            handle = os.open(path.with_name(f"{path.name}-wal"), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            # SQLite deletes a log when it has copied and synced everything.
            return None
        except OSError as error:
            return StoreAway(str(of_os_error(error, f"{path} cannot be synced")))
        try:
            os.fdatasync(handle)
        except OSError as error:
            # The system tells of a failed write once, and may count what it lost as written from then on.
            self._distrusted.add(path)
            return StoreAway(str(of_os_error(error, f"{path} cannot be synced")))
        finally:
            os.close(handle)
        return None

    def _trusted_again(self, path: Path) -> StoreAway | None:
        """After a failed sync of the log everything in it must have been copied into the file, which is synced with that."""
        try:
            _, there, copied = self._open(path).execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            return StoreAway(str(fault_of(error, path)))
        if copied < there:
            return StoreAway(f"{path} cannot be synced: after an error of the disk a reader keeps its log from being copied.")
        self._distrusted.discard(path)
        return None

    def _copy_back(self) -> None:
        """Copy logs into their files; where there is something to be synced meanwhile, only long ones."""
        for path in list(self._uncopied):
            with self._changed:
                behind = self._ticket > self._durable or self._closing
            if behind and not _is_long(path):
                continue
            del self._uncopied[path]
            with self._working:
                try:
                    self._open(path).execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                except sqlite3.Error as error:
                    # The writer meets the same trouble and does something about it.
                    _log.info("log_not_copied_back", file=path.name, detail=str(error))

    def _open(self, path: Path) -> sqlite3.Connection:
        """The thread's own connection to a file; the one longest unused makes room."""
        connection = self._connections.pop(path, None)
        if connection is None:
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False)
            while len(self._connections) >= _MOST_OPEN:
                self._connections.pop(next(iter(self._connections))).close()
        self._connections[path] = connection
        return connection


def _is_long(path: Path) -> bool:
    """Whether the log of a file is long."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > _LONG_BYTES
    except OSError:
        return False
