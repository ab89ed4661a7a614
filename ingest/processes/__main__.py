"""`python -m ingest.processes join|write PARENT END...`: one of the processes that `ingest.processes.launch` starts."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection

from ingest.options import IngestOptions
from ingest.processes import child
from ingest.processes.joining import join
from ingest.processes.launch import Given
from ingest.processes.serving import serve


def main(words: Sequence[str]) -> int:
    """Do what the parent asks for, until it has let go of us or is gone."""
    _, parent, *numbers = words
    if not child.ends_with(int(parent)):
        return 1
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # The parent ends us; what else asks for that asks it as well.
        signal.signal(number, lambda *_: stop.set())
    given: Given = child.given()
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
