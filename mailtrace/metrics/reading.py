"""What an ingester does, in figures."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client.core import Metric as Family

from ingest.sinks import OpenSink
from ingest.state import OTHER, PROGRAMS, FileState, State
from ingest.tail.paths import rotated_set
from mailtrace.metrics.table import figure, figures

#: So many rotated sets have a name of their own in the figures; the rest are one.
MOST_SOURCES = 50


class Reading:
    """The figures of an ingester and of the store that it writes to."""

    def __init__(self, state: Callable[[], State], sink: OpenSink, clock: Callable[[], float] = time.time) -> None:
        self._state = state
        self._sink = sink
        self._clock = clock

    def collect(self) -> Iterator[Family]:
        """All of them, as they stand now."""
        state, standing = self._state(), self._sink.standing()
        yield figures("mailtrace_lines_total", _by_program(state.lines))
        yield figures("mailtrace_events_total", _by_program(state.events))
        yield figures("mailtrace_unknown_lines_total", _by_program(state.unknown))
        yield figures("mailtrace_failed_lines_total", _by_program(state.failed))
        yield figure("mailtrace_ahead_lines_total", state.ahead)
        yield figure("mailtrace_losses_total", state.losses)
        lags = lag(state.files, self._clock())
        yield figures("mailtrace_source_lag_bytes", [((source,), waiting) for source, (waiting, _) in lags.items()])
        yield figures("mailtrace_source_lag_seconds", [((source,), seconds) for source, (_, seconds) in lags.items()])
        yield figure("mailtrace_sources_unreadable", state.unreadable)
        yield figure("mailtrace_open_journeys", state.open_journeys)
        yield figure("mailtrace_oldest_pin_seconds", max((file.pinned_s for file in state.files), default=0.0))
        yield figure("mailtrace_last_flush_timestamp_seconds", state.at_s)
        yield figure("mailtrace_documents_written_total", state.documents)
        yield figure("mailtrace_documents_superseded_total", state.superseded)
        yield figure("mailtrace_documents_refused_total", self._sink.refused)
        yield figure("mailtrace_documents_too_old_total", self._sink.older_than_kept)
        yield figure("mailtrace_store_away", standing.away)
        yield figure("mailtrace_store_retries_total", standing.retries)
        yield figure("mailtrace_store_queue_documents", standing.waiting)
        yield figure("mailtrace_store_queue_bytes", standing.waiting_bytes)


def _by_program(counts: Mapping[str, int]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Each program that can be, also where none of its lines came: what is not there cannot rise."""
    for program in (*sorted(PROGRAMS), OTHER):
        yield (program,), counts.get(program, 0)


def lag(files: Iterable[FileState], now_s: float) -> dict[str, tuple[int, float]]:
    """Bytes that wait, and how old the newest line is that was read while any do, of each rotated set.

    The files are looked at now: an ingester that waits for its store takes no look at them itself.
    """
    sets: dict[str, list[FileState]] = defaultdict(list)
    for file in files:
        sets[rotated_set(file.path)].append(file)
    lags: dict[str, tuple[int, float]] = {}
    for number, (source, members) in enumerate(sorted(sets.items())):
        waiting = sum(map(_waiting, members))
        read_up_to_s = max(file.read_up_to_s for file in members)
        unread = waiting or any(not file.measured and not file.at_end for file in members)
        seconds = max(now_s - read_up_to_s, 0.0) if unread and read_up_to_s else 0.0
        if number < MOST_SOURCES:
            lags[source] = (waiting, seconds)
        else:
            before = lags.get(OTHER, (0, 0.0))
            lags[OTHER] = (before[0] + waiting, max(before[1], seconds))
    return lags


def _waiting(file: FileState) -> int:
    """Bytes of a plain file that are not read yet; under its name there may be another one by now."""
    if not file.measured:
        return 0
    size, more = file.size, 0
    try:
        status = os.stat(file.path)  # noqa: PTH116 - a name as it was listed
    except OSError:
        pass
    else:
        if (status.st_dev, status.st_ino) == (file.device, file.inode):
            size = status.st_size
        else:
            more = status.st_size
    return max(size - file.done, 0) + more
