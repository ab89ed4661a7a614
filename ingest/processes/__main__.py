"""`python -m ingest.processes join|write PARENT END...`: one of the processes that `ingest.processes.launch` starts."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection

from ingest.options import IngestOptions
from ingest.processes.joining import join
from ingest.processes.launch import Given
from ingest.processes.serving import serve

#: `prctl(2)`: the signal that a process gets when its parent ends.
_PARENT_ENDED = 1


def main(words: Sequence[str]) -> int:
    """Do what the parent asks for, until it has let go of us or is gone."""
    _, parent, *numbers = words
    if not _ends_with(int(parent)):
        return 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # The parent ends us; what else asks for that asks it as well.
        signal.signal(number, lambda *_: stop.set())
    given: Given = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - our own process
    given.set_up()
    ends = [Connection(int(number)) for number in numbers]
    if isinstance(given.work, IngestOptions):
        memory = join(ends[0], ends[1], given.work)
        if memory is not None:
            # It ends with the process; to take it apart piece by piece takes as long as filling it.
            os._exit(0)
    else:
        serve(given.work, ends, stop)
    return 0


def _ends_with(parent: int) -> bool:
    """Have the system end us together with the parent, where it can; whether that is still there."""
    if sys.platform == "linux":
        # A service manager may forbid what ctypes needs; then the closed ends tell us.
        with suppress(ImportError, MemoryError, OSError, AttributeError):
            import ctypes  # noqa: PLC0415 - as said

            ctypes.CDLL(None).prctl(_PARENT_ENDED, signal.SIGKILL)
    return os.getppid() == parent


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
