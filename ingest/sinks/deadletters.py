"""Documents that a store refused, each with the reason: a file of JSON lines in the data folder, until somebody tries again."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from mappings import private
from mappings.printable import printable
from mappings.trace import Trace

NAME = "deadletters.ndjson"
#: What is being tried again; left behind only where the trying was cut off.
_TRYING = "deadletters.trying.ndjson"
_LOCK = "deadletters.lock"


class DeadLetter(msgspec.Struct, frozen=True):
    """A refused trace: when, by which store, and why."""

    at_ms: int
    store: str
    reason: str
    trace: Trace


_decode = msgspec.json.Decoder(DeadLetter).decode


class DeadLetters:
    """The file in a data folder. Several processes may add to it; one at a time tries again."""

    def __init__(self, data: Path, store: str = "") -> None:
        self._data = data
        self._store = store

    def add(self, trace: Trace, reason: str) -> None:
        """Keep a refused trace; it is on the disk when this returns."""
        letter = DeadLetter(time.time_ns() // 1_000_000, self._store, reason, trace)
        with self._locked():
            _append(self._data / NAME, _line(letter))

    def listed(self) -> Iterator[DeadLetter]:
        """All that are kept, oldest first; a line that a crash cut off is passed over."""
        for name in (_TRYING, NAME):
            yield from self._read(self._data / name)

    def count(self) -> int:
        """How many are kept."""
        return sum(1 for _ in self.listed())

    def retry(self, write: Callable[[list[Trace]], None], *, batch: int = 500) -> int:
        """Give all to `write`, which has them stored or adds them anew; the number that was tried."""
        path = self._data / _TRYING
        with self._locked():
            if (self._data / NAME).exists():
                _append(path, (self._data / NAME).read_bytes())
                (self._data / NAME).unlink()
        tried = 0
        traces: list[Trace] = []
        for letter in self._read(path):
            traces.append(letter.trace)
            if len(traces) >= batch:
                write(traces)
                tried, traces = tried + len(traces), []
        if traces:
            write(traces)
        # Only now: a crash before this tries all of them once more, which does no harm.
        path.unlink(missing_ok=True)
        return tried + len(traces)

    @staticmethod
    def _read(path: Path) -> Iterator[DeadLetter]:
        """The letters of a file."""
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return
        with file:
            for line in file:
                with suppress(msgspec.MsgspecError, UnicodeDecodeError):
                    yield _decode(line)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone among the processes that use the folder."""
        private.folder(self._data)
        with private.opened(self._data / _LOCK, "ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _append(path: Path, content: bytes) -> None:
    """Add lines to a file, on the disk when this returns; where the disk has no room nothing is added, not even a part."""
    with private.opened(path, "a+b", buffering=0) as file:
        end = file.seek(0, os.SEEK_END)
        if end and os.pread(file.fileno(), 1, end - 1) != b"\n":
            # A crash cut the last line off; the next one must not be taken for its end.
            content = b"\n" + content
        try:
            left = memoryview(content)
            while left:
                left = left[file.write(left) :]
            os.fsync(file.fileno())
        except OSError:
            os.ftruncate(file.fileno(), end)
            raise


def _line(letter: DeadLetter) -> bytes:
    """A letter as a line; bytes that are no text are written out as numbers."""
    try:
        return msgspec.json.encode(letter) + b"\n"
    except UnicodeEncodeError:
        return msgspec.json.encode(msgspec.structs.replace(letter, trace=printable(letter.trace))) + b"\n"
