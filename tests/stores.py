"""The two stores as tests of the whole way use them: to write to, to ask, and as settings of the program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from servers.server import ask

from ingest.sinks import Sink
from ingest.sinks.elasticsearch import ElasticsearchSink
from ingest.sinks.embedded import EmbeddedSink
from mappings.elasticsearch.connection import Access
from mappings.elasticsearch.names import IndexNames
from search.engines import Engine
from search.engines.elasticsearch import ElasticsearchEngine
from search.engines.embedded import EmbeddedEngine


class Store(Protocol):
    """Where traces are."""

    @property
    def settings(self) -> Mapping[str, str]:
        """What tells the program of it, as variables of the environment."""

    def sink(self) -> Sink:
        """Open it for writing."""

    def engine(self) -> Engine:
        """Open it for questions; they see what was written before."""

    def beside(self, name: str) -> Store:
        """Another one of the same kind."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """An embedded store in a folder."""

    folder: Path

    @property
    def settings(self) -> Mapping[str, str]:
        """The folder as the program is told."""
        return {"MAILTRACE_STORE": f"sqlite:{self.folder}"}

    def sink(self) -> Sink:
        """Open it for writing."""
        return EmbeddedSink(self.folder)

    def engine(self) -> Engine:
        """Open it for questions."""
        return EmbeddedEngine(self.folder)

    def beside(self, name: str) -> Embedded:
        """Another folder."""
        return Embedded(self.folder.with_name(name))


@dataclass(frozen=True, slots=True)
class Cluster:
    """A store on a server, under names of its own."""

    url: str
    prefix: str

    @property
    def settings(self) -> Mapping[str, str]:
        """The server and the names as the program is told."""
        return {"MAILTRACE_STORE": self.url, "MAILTRACE_ELASTICSEARCH_PREFIX": self.prefix}

    def sink(self) -> Sink:
        """Open it for writing."""
        return ElasticsearchSink(Access((self.url,)), names=IndexNames(self.prefix))

    def engine(self) -> Engine:
        """Open it for questions, when the server shows what was written."""
        ask(f"{self.url}/{self.prefix}-*/_refresh", "POST")
        return ElasticsearchEngine(Access((self.url,)), names=IndexNames(self.prefix))

    def beside(self, name: str) -> Cluster:
        """Other names that begin alike."""
        return Cluster(self.url, f"{self.prefix}-{name}")
