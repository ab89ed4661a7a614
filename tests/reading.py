"""Reading files into a store within the test's own process, with a store that may die on the way."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from stores import Store

from ingest.journeys import OpenJourneys
from ingest.options import IngestOptions
from ingest.pipeline import Ingest
from ingest.sinks import Sink
from ingest.writer import Writer
from mappings.trace import Trace

#: 1 March 2027: later than every stamp in the tests, so the wall clock of the machine plays no part.
NOW_S = 1_803_859_200.0


@dataclass(frozen=True, slots=True)
class Times:
    """How long a line pins the position, a message is held back, and a journey is kept in memory, in seconds."""

    pin: float
    hold_back: float
    memory: float

    def __str__(self) -> str:
        """Name it as a test's parameter."""
        return f"{self.pin:g}s"


USUAL = Times(600, 60, 120)
#: So short that looking up in the store and rebuilding from documents really happen within a capture.
SHORT = Times(2, 2, 2)
SHORTEST = Times(1, 1, 1)


class StoreDiedError(Exception):
    """The store has stopped in the middle of a flush."""


class DyingSink:
    """A store that takes so many documents, and then no more: the rest of a batch is lost."""

    def __init__(self, sink: Sink, left: int) -> None:
        self._sink = sink
        self._left = left
        self.claim, self.acknowledged, self.flush = sink.claim, sink.acknowledged, sink.flush
        self.find, self.newest_ms, self.note_progress, self.close = sink.find, sink.newest_ms, sink.note_progress, sink.close
        self.note_loss, self.note_reading, self.reading_of = sink.note_loss, sink.note_reading, sink.reading_of
        self.forget_readings = sink.forget_readings

    def submit(self, traces: Sequence[Trace]) -> int:
        """Write what is allowed, and die where that is not all."""
        allowed, self._left = traces[: self._left], self._left - len(traces)
        ticket = self._sink.submit(allowed)
        if self._left < 0:
            raise StoreDiedError
        return ticket


@dataclass(frozen=True, slots=True)
class Place:
    """Where a test has its logs, where the program keeps what it has read, and where the traces are."""

    logs: Path
    data: Path
    store: Store

    def beside(self, name: str) -> Place:
        """The same logs, read into another store."""
        return Place(self.logs, self.data / name, self.store.beside(name))


def read(place: Place, files: Sequence[Path], times: Times = USUAL, *, dies_after: int | None = None, **options: Any) -> Ingest:
    """Read files to their end, as `mailtrace ingest --once` does; with `dies_after` the store stops after so many documents."""
    settings: dict[str, Any] = {"timezone": ZoneInfo("UTC"), "year": 2026, "strict": True, **options}
    wanted = IngestOptions(tuple(map(str, files)), pin_s=times.pin, hold_back_s=times.hold_back, memory_s=times.memory, **settings)
    with closing(place.store.sink()) as sink:
        into = sink if dies_after is None else DyingSink(sink, dies_after)
        ingest = Ingest(wanted, into, place.data, clock=lambda: NOW_S)
        ingest.run_once()
    return ingest


def writers_of(ingest: Ingest) -> dict[str, Writer]:
    """The open journeys of an ingester that has them in this process, by their log domains."""
    journeys = ingest._journeys
    assert isinstance(journeys, OpenJourneys)
    return journeys._writers


def forget_positions(data: Path) -> None:
    """Lose the state: where each file may be read on."""
    for file in data.glob("positions*"):
        file.unlink()
