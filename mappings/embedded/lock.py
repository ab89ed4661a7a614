"""One writer: a lock on a file in the store's folder, which the system lets go of when the process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from mappings import private
from mappings.embedded.faults import StoreLocked

_NAME = "writer.lock"


class WriterLock:
    """The right to write to the store in `folder`; refused with `StoreLocked` while another process or object has it."""

    def __init__(self, folder: Path) -> None:
        private.folder(folder)
        self._file = private.opened(folder / _NAME, "a+")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            holder = self._file.read(20).strip()
            self._file.close()
            named = f" (process {holder})" if holder.isdecimal() else ""
            raise StoreLocked(f"Another run or ingest{named} is writing to {folder}; stop it first, or give another folder.") from error
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def release(self) -> None:
        """Let others write."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()
