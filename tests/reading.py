"""Reading files into a store within the test's own process, with a store that may die on the way."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ingest.options import IngestOptions
from ingest.pipeline import Ingest
from ingest.sinks.embedded import EmbeddedSink
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


class DyingSink(EmbeddedSink):
    """A store that writes so many documents, and then no more: the rest of a batch is lost."""

    left: int | None = None

    def submit(self, traces: Sequence[Trace]) -> int:
        """Write what is allowed, and die where that is not all."""
        if self.left is not None:
            if self.left < len(traces):
                super().submit(traces[: self.left])
                raise StoreDiedError
            self.left -= len(traces)
        return super().submit(traces)


def read(data: Path, files: Sequence[Path], times: Times = USUAL, *, dies_after: int | None = None, **options: Any) -> Ingest:
    """Read files to their end, as `mailtrace ingest --once` does; with `dies_after` the store stops after so many documents."""
    settings: dict[str, Any] = {"timezone": ZoneInfo("UTC"), "year": 2026, **options}
    wanted = IngestOptions(tuple(map(str, files)), pin_s=times.pin, hold_back_s=times.hold_back, memory_s=times.memory, **settings)
    with closing(DyingSink(store_of(data))) as sink:
        sink.left = dies_after
        ingest = Ingest(wanted, sink, data, clock=lambda: NOW_S)
        ingest.run_once()
    return ingest


def store_of(data: Path) -> Path:
    """The folder of the store in a data folder."""
    return data / "store"


def forget_positions(data: Path) -> None:
    """Lose the state: where each file may be read on."""
    for file in data.glob("positions*"):
        file.unlink()
