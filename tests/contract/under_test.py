"""The stores that the contract is run against. Another store is one more entry in `STORES`."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from reference import ReferenceStore
from servers.fixtures import wipe
from servers.server import ask

from ingest.sinks import Sink
from ingest.sinks.elasticsearch import ElasticsearchSink
from ingest.sinks.embedded import EmbeddedSink
from ingest.sinks.embedded_copies import CopyRules
from mappings.elasticsearch.connection import Access
from mappings.elasticsearch.names import IndexNames
from mappings.trace import Trace
from search.engines import Engine
from search.engines.elasticsearch import ElasticsearchEngine
from search.engines.embedded import EmbeddedEngine


@dataclass
class Store:
    """A store under test: its two sides, and how to wait until what was written can be found."""

    sink: Sink
    engine: Engine
    refresh: Callable[[], None] = lambda: None
    remove: Callable[[], None] = lambda: None

    def write(self, batch: list[Trace]) -> None:
        """Write a batch so that the engine sees it."""
        self.sink.submit(batch)
        self.sink.flush()
        self.refresh()

    def close(self) -> None:
        """Let go of both sides."""
        self.engine.close()
        self.sink.close()
        self.remove()


def embedded_of_many_files(folder: Path) -> Store:
    """Make an embedded store whose files are so small that each question meets many."""
    return Store(EmbeddedSink(folder, span_ms=86_400_000, traces_per_file=60), EmbeddedEngine(folder))


def embedded_of_one_file(folder: Path) -> Store:
    """Make an embedded store with the usual limits."""
    return Store(EmbeddedSink(folder), EmbeddedEngine(folder))


def embedded_with_copies(folder: Path) -> Store:
    """Make an embedded store with columnar copies: made anew at every fifth writing, so that they are behind at most questions."""
    sink = EmbeddedSink(folder, copies=CopyRules(least=1, lacking=0, share=0.0, by_itself=False))
    written = count(1)

    def refresh() -> None:
        if next(written) % 5 == 0:
            sink.make_copies()

    return Store(sink, EmbeddedEngine(folder), refresh)


def show(url: str, names: IndexNames) -> None:
    """Let searches see what was written."""
    ask(f"{url}/{names.prefix}-*/_refresh", "POST")


def elasticsearch(url: str) -> Callable[[Path], Store]:
    """Give what makes stores on a server, each under names of its own."""

    def make(_folder: Path) -> Store:
        names = IndexNames(f"test-{secrets.token_hex(5)}")
        access = Access((url,))
        sink = ElasticsearchSink(access, names=names)
        return Store(sink, ElasticsearchEngine(access, names=names), lambda: show(url, names), lambda: wipe(url, names.prefix))

    return make


#: What makes each store; one that needs a server is told its address.
STORES: dict[str, Callable[[Path], Store]] = {
    "embedded": embedded_of_one_file,
    "embedded-many-files": embedded_of_many_files,
    "embedded-copies": embedded_with_copies,
}
STORES_ON_SERVERS: dict[str, Callable[[str], Callable[[Path], Store]]] = {"elasticsearch": elasticsearch}


@dataclass
class Filled:
    """A store and the reference with the same traces, for questions only."""

    store: Store
    reference: ReferenceStore
    written: list[Trace]
