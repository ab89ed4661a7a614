"""The stores that the contract is run against. Another store is one more entry in `STORES`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.generate import traces
from tests.reference import ReferenceStore

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


@pytest.fixture(params=STORES, scope="session")
def make_store(request: pytest.FixtureRequest) -> Callable[[Path], Store]:
    """How a store of this kind is made."""
    return STORES[request.param]


@pytest.fixture
def store(make_store: Callable[[Path], Store], tmp_path: Path) -> Iterator[Store]:
    """Give an empty store."""
    made = make_store(tmp_path / "store")
    yield made
    made.close()


@dataclass
class Filled:
    """A store and the reference with the same traces, for questions only."""

    store: Store
    reference: ReferenceStore
    written: list[Trace]


@pytest.fixture(scope="session")
def filled(make_store: Callable[[Path], Store], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """Give a store with generated traces, written in batches of uneven size."""
    made = make_store(tmp_path_factory.mktemp("filled") / "store")
    reference = ReferenceStore()
    written = traces(seed=9, count=900)
    position, size = 0, 1
    while position < len(written):
        batch = written[position : position + size]
        made.write(batch)
        reference.submit(batch)
        position, size = position + size, size % 97 + 13
    yield Filled(made, reference, written)
    made.close()
