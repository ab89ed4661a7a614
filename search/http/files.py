"""Small files with secrets or records: readable by their owner only, replaced as a whole."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Generic, TypeVar

from mappings import private

T = TypeVar("T")


def replace(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old or the new one, never a part; raises `OSError`."""
    private.folder(path.parent)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def create(path: Path, content: bytes) -> bytes:
    """Write a file that is not there yet and give what it holds: where another process was faster, what that one wrote."""
    private.folder(path.parent)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        with suppress(FileExistsError):
            path.hardlink_to(name)
    finally:
        Path(name).unlink()
    return path.read_bytes()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Change a file, while no other process does; raises `OSError`."""
    private.folder(path.parent)
    handle = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class Watched(Generic[T]):
    """What a file holds, read again whenever it was replaced. Safe for several threads."""

    def __init__(self, path: Path, read: Callable[[bytes], T]) -> None:
        self.path = path
        self._read = read
        self._known: tuple[tuple[int, int, int] | None, T] | None = None

    def now(self) -> T:
        """What it holds now; of a file that is not there, what nothing holds. Raises `OSError` and what `read` raises."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            mark, content = None, b""
        else:
            mark = (found.st_ino, found.st_mtime_ns, found.st_size)
            if self._known is not None and self._known[0] == mark:
                return self._known[1]
            content = self.path.read_bytes()
        known = (mark, self._read(content))
        self._known = known
        return known[1]
