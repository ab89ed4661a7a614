"""With how many processes logs are read, and what they write with."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ingest.aside import Aside
from ingest.journeys import Journeys
from ingest.options import IngestOptions
from ingest.processes.launch import Processes
from ingest.processes.serving import ServedSink
from ingest.sinks import OpenSink
from ingest.sinks.deadletters import DeadLetters
from ingest.tail.checkpoint import marks_of_files
from ingest.tail.paths import expand, is_packed
from mailtrace.collector import calm_collector
from mailtrace.log import Level, set_up_log
from mailtrace.processors import processors
from mailtrace.settings import Settings
from mailtrace.stores import is_cluster, shown
from mailtrace.writing import open_sink

#: Where less is to be read, one process is done before others have started.
_WORTH_BYTES = 32 * 1024 * 1024
#: What a byte of a compressed log becomes, about.
_UNPACKED = 8
#: More are of use only where somebody says so: one reader feeds no more joiners.
_MOST = 10


@dataclass(frozen=True, slots=True)
class Working:
    """What a run writes with: the store, and the journeys where other processes have them."""

    sink: OpenSink
    journeys: Callable[[Aside], Journeys] | None = None
    processes: int = 1
    #: The other processes by their names, as far as they were started.
    others: Callable[[], Mapping[str, int]] = dict

    @property
    def in_words(self) -> str:
        """The processes, in one sentence."""
        if self.processes == 1:
            return "One process reads, joins and writes."
        joining = "the lines are joined by the one that reads" if self.journeys is None else f"up to {self.processes - 2} join the lines"
        return f"{self.processes} processes: one reads, {joining}, one writes."


@contextmanager
def working(
    settings: Settings,
    options: IngestOptions,
    stop: threading.Event,
    *,
    once: bool,
    log_level: Level,
    wait_s: float | None,
    beat: Callable[[], None] = lambda: None,
) -> Iterator[Working]:
    """Open the store, in this process or with others; `wait_s` is how long it is waited for (seconds; None is for ever).

    Raises what the store raises, `ProcessError` where one of the others fails.
    """
    count = settings.processes or suggested(unread_bytes(options, settings.data_dir, once=once), processors())
    if count == 1:
        with closing(open_for(settings, stop, beat, again=options.rebuild, wait_s=wait_s)) as sink:
            yield Working(sink)
        return
    processes = Processes(
        partial(_set_up, log_level),
        partial(open_for, settings, again=options.rebuild, wait_s=wait_s, owner=os.getpid()),
        options,
        joiners=count - 2,
        several_writers=is_cluster(settings.store),
        stop=stop,
        beat=beat,
    )
    try:
        yield Working(processes.sink, None if processes.joined_here else processes.journeys, count, lambda: processes.numbers)
    except BaseException:
        processes.abandon()
        raise
    processes.close()


def open_for(
    settings: Settings, stop: threading.Event, beat: Callable[[], None], *, again: bool, wait_s: float | None, owner: int | None = None
) -> ServedSink:
    """Open the store for writing; what it refuses is kept among the dead letters."""
    letters = DeadLetters(settings.data_dir, shown(settings.store))
    return open_sink(
        settings.store,
        settings.elasticsearch,
        keep=settings.keeping(),
        on_refused=letters.add,
        stop=stop,
        wait_s=wait_s,
        again=again,
        beat=beat,
        owner=owner,
    )


def suggested(unread: int, cores: int) -> int:
    """How many processes so many bytes are worth on so many processors: one more than these, for a reader and a writer are seldom busy."""
    return 1 if cores == 1 or unread < _WORTH_BYTES else min(cores + 1, _MOST)


def unread_bytes(options: IngestOptions, data: Path, *, once: bool) -> int:
    """About how many bytes there are to read."""
    marks = {} if options.rebuild else marks_of_files(data)
    read = {path: mark.size if mark.finished else mark.read or mark.offset for path, mark in marks.items()}
    found = 0
    for path in expand(options.paths, once=once, problem=lambda _: None):
        try:
            size = os.stat(path).st_size  # noqa: PTH116 - a path as the system has it
        except OSError:
            continue
        found += size * _UNPACKED if is_packed(path) and path not in read else max(size - read.get(path, 0), 0)
    return found


def _set_up(log_level: Level) -> None:
    """What each process does first."""
    set_up_log(log_level)
    calm_collector()
