"""What could not be dealt with and must not be lost: files of JSON lines in the data folder, until somebody tries again."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from mappings import private

Letter = TypeVar("Letter", bound=msgspec.Struct)

_LOCK = "deadletters.lock"


class Letters(Generic[Letter]):
    """One kind of letters in a data folder. Several processes may add to it; one at a time tries again."""

    def __init__(self, data: Path, stem: str, kind: type[Letter]) -> None:
        self._data = data
        self._path = data / f"{stem}.ndjson"
        #: What is being tried again; left behind only where the trying was cut off.
        self._trying = data / f"{stem}.trying.ndjson"
        self._decode = msgspec.json.Decoder(kind).decode

    def put(self, lines: Iterable[bytes]) -> None:
        """Keep letters, each encoded in one line; they are on the disk when this returns."""
        with self._locked():
            _append(self._path, b"".join(lines))

    def listed(self) -> Iterator[Letter]:
        """All that are kept, oldest first; a line that a crash cut off is passed over."""
        for path in (self._trying, self._path):
            yield from self._read(path)

    def count(self) -> int:
        """How many are kept."""
        return sum(1 for _ in self.listed())

    def again(self, work: Callable[[list[Letter]], None], *, batch: int = 500) -> int:
        """Give all to `work`, which deals with them or puts them here anew; the number that was tried."""
        with self._locked():
            if self._path.exists():
                _append(self._trying, self._path.read_bytes())
                self._path.unlink()
        tried = 0
        letters: list[Letter] = []
        for letter in self._read(self._trying):
            letters.append(letter)
            if len(letters) >= batch:
                work(letters)
                tried, letters = tried + len(letters), []
        if letters:
            work(letters)
        # Only now: a crash before this tries all of them once more, which does no harm.
        self._trying.unlink(missing_ok=True)
        return tried + len(letters)

    def _read(self, path: Path) -> Iterator[Letter]:
        """The letters of a file."""
        try:
            file = path.open("rb")
        except FileNotFoundError:
            return
        with file:
            for line in file:
                with suppress(msgspec.MsgspecError, UnicodeDecodeError):
                    yield self._decode(line)

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
