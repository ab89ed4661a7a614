"""From the setting `store` to the store itself: the one place that knows which kinds there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.sinks.embedded import EmbeddedSink
from mailtrace.amounts import Keep
from mailtrace.problems import CouldNot, WrongUsage
from mappings.trace import Trace
from search.engines import Engine
from search.engines.embedded import EmbeddedEngine
from search.scope import EVERYTHING
from search.service import MailTrace

_EMBEDDED = "sqlite:"


def embedded_folder(store: str) -> Path:
    """Where the embedded store is; any other kind is refused in words."""
    if store.startswith(("http://", "https://")):
        raise CouldNot(f"the store {store!r} is an Elasticsearch cluster, which this version cannot use yet; use sqlite:FOLDER")
    folder = store.removeprefix(_EMBEDDED)
    if folder == store or not folder:
        raise WrongUsage(f"{store!r} is no store; say sqlite:FOLDER")
    return Path(folder).expanduser()


def open_engine(store: str) -> Engine:
    """Open a store for reading."""
    return EmbeddedEngine(embedded_folder(store))


def open_sink(store: str, *, on_refused: Callable[[Trace, str], None] | None = None) -> EmbeddedSink:
    """Open a store for writing; raises `StoreLocked` where another process writes to it."""
    return EmbeddedSink(embedded_folder(store), on_refused=on_refused)


@contextmanager
def asking(store: str) -> Iterator[MailTrace]:
    """Open a store for questions about everything in it."""
    with MailTrace(open_engine(store), EVERYTHING) as mail:
        yield mail


def drop_old(sink: EmbeddedSink, keep: Keep, now_ms: int) -> list[str]:
    """Apply retention: delete the files of the store that are older, or more, than is kept; tell which."""
    if keep.seconds is not None:
        dropped = sink.retention(keep.seconds * 1000, now_ms)
    elif keep.bytes is not None:
        dropped = sink.retention_by_size(keep.bytes)
    else:
        dropped = []
    return [partition.file for partition in dropped]
