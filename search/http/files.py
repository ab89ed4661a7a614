"""Small files with secrets or records: readable by their owner only, replaced as a whole."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from mappings import private


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
