"""The stores that the contract is run against. Another store is one more entry in `STORES`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from reference import ReferenceStore

from ingest.sinks import Sink
from ingest.sinks.embedded import EmbeddedSink
from mappings.trace import Trace
from search.engines import Engine
from search.engines.embedded import EmbeddedEngine


@dataclass
class Store:
    """A store under test: its two sides, and how to wait until what was written can be found."""

    sink: Sink
    engine: Engine
    refresh: Callable[[], None] = lambda: None

    def write(self, batch: list[Trace]) -> None:
        """Write a batch so that the engine sees it."""
        self.sink.submit(batch)
        self.sink.flush()
        self.refresh()

    def close(self) -> None:
        """Let go of both sides."""
        self.engine.close()
        self.sink.close()


def embedded_of_many_files(folder: Path) -> Store:
    """Make an embedded store whose files are so small that each question meets many."""
    return Store(EmbeddedSink(folder, span_ms=86_400_000, traces_per_file=60), EmbeddedEngine(folder))


def embedded_of_one_file(folder: Path) -> Store:
    """Make an embedded store with the usual limits."""
    return Store(EmbeddedSink(folder), EmbeddedEngine(folder))


STORES: dict[str, Callable[[Path], Store]] = {"embedded": embedded_of_one_file, "embedded-many-files": embedded_of_many_files}


@dataclass
class Filled:
    """A store and the reference with the same traces, for questions only."""

    store: Store
    reference: ReferenceStore
    written: list[Trace]
