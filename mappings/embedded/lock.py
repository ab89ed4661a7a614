"""One writer: a lock on a file in the store's folder, which the system lets go of when the process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from mappings import private
from mappings.embedded.faults import StoreLocked

_NAME = "writer.lock"
#: Seconds in which a process ends whose owner is gone, and between two looks.
_ENDING_S, _LOOK_S = 10.0, 0.02


class WriterLock:
    """The right to write to the store in `folder`; refused with `StoreLocked` while another process or object has it.

    `owner` is the process on whose behalf it is had, where that is not this one. Where that of the other is gone, whoever writes for it is
    about to end as well, and is waited for.
    """

    def __init__(self, folder: Path, owner: int | None = None) -> None:
        private.folder(folder)
        self._file = private.opened(folder / _NAME, "a+")
        until = time.monotonic() + _ENDING_S
        while not self._locked():
            holder = self._holder()
            if holder is not None and not _is_there(holder) and time.monotonic() < until:
                time.sleep(_LOOK_S)
                continue
            self._file.close()
            named = "" if holder is None else f" (process {holder})"
            raise StoreLocked(f"Another run or ingest{named} is writing to {folder}; stop it first, or give another folder.")
        self._file.truncate(0)
        self._file.write(f"{os.getpid() if owner is None else owner}\n")
        self._file.flush()

    def _locked(self) -> bool:
        """Take the lock, where nobody has it."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _holder(self) -> int | None:
        """The process that says it has the lock."""
        self._file.seek(0)
        said = self._file.read(20).strip()
        return int(said) if said.isdecimal() else None

    def release(self) -> None:
        """Let others write."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()


def _is_there(process: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
