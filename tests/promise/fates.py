"""Lines that are written by hand for one case, and the traces that they come to."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

from captures import written
from reading import USUAL, Place, Times, read

from mappings.trace import Trace
from search.query import Query
from search.scope import EVERYTHING

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
#: An id of Exim holds its second; this one is `START`.
_SECOND = "1vx04G"


def exim_id(number: int) -> str:
    """A queue id of Exim that was given at the start."""
    return f"{_SECOND}-{number:06d}-0A"


def mainlog(lines: Iterable[str], *, start: datetime = START, pause_s: float = 1) -> str:
    """Lines as Exim writes its own files, one after a pause; what stands behind a newline goes on with its line."""
    return "".join(f"{start + timedelta(seconds=n * pause_s):%Y-%m-%d %H:%M:%S} {line}\n" for n, line in enumerate(lines))


def syslog(lines: Iterable[str], *, start: datetime = START, pause_s: float = 0.1, host: str = "mx1") -> str:
    """Lines `PROGRAM[PID]: TEXT`, one after a pause, as rsyslog writes them today."""
    return "".join(
        f"{(start + timedelta(seconds=n * pause_s)).isoformat(timespec='microseconds')} {host} {line}\n" for n, line in enumerate(lines)
    )


def traces_of(place: Place, files: dict[str, str], times: Times = USUAL, **options: Any) -> list[Trace]:
    """Read files, and give all traces in the order of their first sight."""
    read(place, written(place.logs, {name: text.encode() for name, text in files.items()}), times, **options)
    return traces_in(place)


def traces_in(place: Place) -> list[Trace]:
    """All traces of a store with their events."""
    with closing(place.store.engine()) as engine:
        known = [engine.get(trace.id, EVERYTHING) for trace in engine.walk(Query(), EVERYTHING)]
        return sorted([trace for trace in known if trace is not None], key=lambda t: (t.time_ms, t.recipient or ""))


def told(traces: Iterable[Trace]) -> list[tuple[str | None, str]]:
    """Recipients with what became of their copies."""
    return [(trace.recipient, str(trace.disposition)) for trace in traces]
