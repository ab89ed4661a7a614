"""From the setting `store` to the store itself: the one place that knows which kinds there are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from ingest.sinks import Sink, Standing
from ingest.sinks.elasticsearch import ElasticsearchSink
from ingest.sinks.embedded import EmbeddedSink
from mailtrace.amounts import Keep
from mailtrace.problems import CouldNot, WrongUsage, of_os_error
from mailtrace.settings import Elasticsearch
from mappings.elasticsearch.connection import Access, Connection, shown_url
from mappings.elasticsearch.names import Names, Period
from mappings.elasticsearch.ranges import Stray
from mappings.elasticsearch.retention import Retention
from mappings.elasticsearch.template import Shape
from mappings.trace import Trace
from search.engines import Engine
from search.engines.elasticsearch import ElasticsearchEngine
from search.engines.embedded import EmbeddedEngine
from search.scope import EVERYTHING
from search.service import MailTrace

_EMBEDDED = "sqlite:"
_DEFAULT = Elasticsearch()


class OpenSink(Sink, Protocol):
    """A store that is open for writing, with what there is to tell of it."""

    refused: int
    older_than_kept: int
    #: What was put in place at the beginning, in sentences.
    notes: list[str]

    def standing(self) -> Standing:
        """How the store stands now; any thread may ask."""
        ...


def is_cluster(store: str) -> bool:
    """Whether a store is an Elasticsearch cluster."""
    return store.startswith(("http://", "https://"))


def embedded_folder(store: str) -> Path:
    """Where the embedded store is; any other kind is refused in words."""
    if is_cluster(store):
        raise CouldNot(f"the store {shown_url(store)!r} is an Elasticsearch cluster; this is for the embedded store only")
    folder = store.removeprefix(_EMBEDDED)
    if folder == store or not folder:
        raise WrongUsage(f"{store!r} is no store; say sqlite:FOLDER or https://HOST:PORT")
    return Path(folder).expanduser()


def shown(store: str) -> str:
    """A store for people, without what is secret in its address."""
    return shown_url(store) if is_cluster(store) else str(embedded_folder(store))


def access(store: str, cluster: Elasticsearch = _DEFAULT) -> Access:
    """How a cluster is reached: its address and what is set. Secrets come from the settings, or from the files that they name."""
    parts = urlsplit(store)
    api_key = cluster.api_key or _secret(cluster.api_key_file)
    username = cluster.username
    password = cluster.password or _secret(cluster.password_file)
    if username is None and api_key is None and parts.username:
        username, password = unquote(parts.username), unquote(parts.password or "")
    return Access(
        nodes=(shown_url(store), *cluster.nodes),
        api_key=api_key,
        username=username,
        password=password,
        ca_file=cluster.ca_file,
        fingerprint=cluster.fingerprint,
        timeout_s=cluster.timeout,
    )


def shape(cluster: Elasticsearch) -> Shape:
    """How indices are laid out."""
    return Shape(shards=cluster.shards, replicas=cluster.replicas, refresh=cluster.refresh, lifecycle=cluster.lifecycle)


def open_engine(store: str, cluster: Elasticsearch = _DEFAULT) -> Engine:
    """Open a store for reading."""
    if is_cluster(store):
        return ElasticsearchEngine(access(store, cluster), names=Names(cluster.prefix))
    return EmbeddedEngine(embedded_folder(store))


def open_sink(
    store: str,
    cluster: Elasticsearch = _DEFAULT,
    *,
    keep: Keep | None = None,
    on_refused: Callable[[Trace, str], None] | None = None,
    stop: threading.Event | None = None,
    wait_s: float | None = 0.0,
    again: bool = False,
    beat: Callable[[], None] = lambda: None,
) -> OpenSink:
    """Open a store for writing; raises `StoreLocked` where another process writes to it and only one can.

    `keep` is what a lifecycle policy of the server is made from, where one is wanted. An embedded store that cannot be used now is waited
    for so many seconds (None is for ever), a server for ever; once `stop` is set, no longer than a little. `again` is set where lines are
    read again on purpose: then a cluster makes anew what somebody deleted. `beat` is called again and again while the store is waited for.
    """
    if is_cluster(store):
        return ElasticsearchSink(
            access(store, cluster),
            names=Names(cluster.prefix),
            shape=shape(cluster),
            period=Period(cluster.period),
            keep_seconds=None if keep is None else keep.seconds,
            on_refused=on_refused,
            stop=stop,
            again=again,
            beat=beat,
        )
    return EmbeddedSink(embedded_folder(store), on_refused=on_refused, stop=stop, wait_s=wait_s, beat=beat)


@contextmanager
def asking(store: str, cluster: Elasticsearch = _DEFAULT) -> Iterator[MailTrace]:
    """Open a store for questions about everything in it."""
    with MailTrace(open_engine(store, cluster), EVERYTHING) as mail:
        yield mail


def note_read_again(sink: OpenSink, since_ms: int, until_ms: int) -> None:
    """Tell the embedded store that all that came between these times was read again; a cluster keeps no list of what it lacks."""
    if isinstance(sink, EmbeddedSink):
        sink.read_again(since_ms, until_ms)


def drop_old(sink: OpenSink, keep: Keep, now_ms: int) -> list[str]:
    """Apply retention to the embedded store: delete the files that are older, or more, than is kept; tell which."""
    if not isinstance(sink, EmbeddedSink):
        # Several ingesters write to a cluster; retention there is a command of its own.
        return []
    if keep.seconds is not None:
        dropped = sink.retention(keep.seconds * 1000, now_ms)
    elif keep.bytes is not None:
        dropped = sink.retention_by_size(keep.bytes)
    else:
        dropped = []
    return [partition.file for partition in dropped]


def drop_old_indices(store: str, cluster: Elasticsearch, keep: Keep, now_ms: int) -> tuple[list[str], list[str]]:
    """Apply retention to a cluster: delete the indices that are older, or more, than is kept; tell which, and what was left alone."""
    with closing(Connection(access(store, cluster))) as connection:
        retention = Retention(connection, Names(cluster.prefix))
        if keep.seconds is not None:
            dropped = retention.by_age(keep.seconds * 1000, now_ms)
        elif keep.bytes is not None:
            dropped = retention.by_size(keep.bytes)
        else:
            dropped = retention.nothing()
    return [one.name for one in dropped], Stray.told(retention.strays)


def _secret(file: str | None) -> str | None:
    """What stands in a file of one secret."""
    if file is None:
        return None
    try:
        return Path(file).expanduser().read_text(encoding="utf-8").strip()
    except OSError as error:
        raise CouldNot(f"elasticsearch: {of_os_error(error)}") from None
