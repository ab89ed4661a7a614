"""A cluster as the store: how it is reached, and opened for reading and writing. Only what uses one loads its client."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ingest.sinks.elasticsearch import ElasticsearchSink
from mailtrace.amounts import Keep
from mailtrace.problems import CouldNot, of_os_error
from mailtrace.settings import Elasticsearch
from mappings.elasticsearch.connection import Access, Connection
from mappings.elasticsearch.names import IndexNames, Period
from mappings.elasticsearch.ranges import Stray
from mappings.elasticsearch.retention import Retention
from mappings.elasticsearch.template import Shape
from mappings.elasticsearch.urls import shown_url
from mappings.trace import Trace
from search.engines.elasticsearch import ElasticsearchEngine


def access(store: str, cluster: Elasticsearch) -> Access:
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


def engine(store: str, cluster: Elasticsearch) -> ElasticsearchEngine:
    """Open a cluster for reading."""
    return ElasticsearchEngine(access(store, cluster), names=IndexNames(cluster.prefix))


def sink(
    store: str,
    cluster: Elasticsearch,
    *,
    keep: Keep | None,
    on_refused: Callable[[Trace, str], None] | None,
    stop: threading.Event | None,
    again: bool,
    beat: Callable[[], None],
) -> ElasticsearchSink:
    """Open a cluster for writing."""
    return ElasticsearchSink(
        access(store, cluster),
        names=IndexNames(cluster.prefix),
        shape=shape(cluster),
        period=Period(cluster.period),
        keep_seconds=None if keep is None else keep.seconds,
        on_refused=on_refused,
        stop=stop,
        again=again,
        beat=beat,
    )


def drop_old_indices(store: str, cluster: Elasticsearch, keep: Keep, now_ms: int) -> tuple[list[str], list[str]]:
    """Apply retention to a cluster: delete the indices that are older, or more, than is kept; tell which, and what was left alone."""
    with closing(Connection(access(store, cluster))) as connection:
        retention = Retention(connection, IndexNames(cluster.prefix))
        if keep.seconds is not None:
            dropped = retention.by_age(keep.seconds * 1000, now_ms)
        elif keep.bytes is not None:
            dropped = retention.by_size(keep.bytes)
        else:
            dropped = retention.nothing()
    return [one.name for one in dropped], Stray.told(retention.strays)


def size(store: str, cluster: Elasticsearch, timeout_s: float) -> int:
    """Bytes of all indices, as far as they are told within so many seconds; raises `StoreError`."""
    with closing(Connection(replace(access(store, cluster), timeout_s=timeout_s))) as connection:
        return sum(Retention(connection, IndexNames(cluster.prefix)).sizes().values())


def _secret(file: str | None) -> str | None:
    """What stands in a file of one secret."""
    if file is None:
        return None
    try:
        return Path(file).expanduser().read_text(encoding="utf-8").strip()
    except OSError as error:
        raise CouldNot(f"elasticsearch: {of_os_error(error)}") from None
