"""A store that is open for writing, whichever kind it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from ingest.processes.serving import ServedSink
from ingest.sinks import OpenSink
from ingest.sinks.embedded import EmbeddedSink
from ingest.sinks.embedded_copies import CopyRules
from mailtrace.amounts import Keep
from mailtrace.settings import Elasticsearch
from mailtrace.stores import DEFAULT, embedded_folder, is_cluster
from mappings.embedded.catalog import Partition
from mappings.trace import Trace


def open_sink(
    store: str,
    cluster: Elasticsearch = DEFAULT,
    *,
    keep: Keep | None = None,
    on_refused: Callable[[Trace, str], None] | None = None,
    stop: threading.Event | None = None,
    wait_s: float | None = 0.0,
    again: bool = False,
    beat: Callable[[], None] = lambda: None,
    owner: int | None = None,
) -> ServedSink:
    """Open a store for writing; raises `StoreLocked` where another process writes to it and only one can.

    `keep` is what a lifecycle policy of the server is made from, where one is wanted. An embedded store that cannot be used now is waited
    for so many seconds (None is for ever), a server for ever; once `stop` is set, no longer than a little. `again` is set where lines are
    read again on purpose: then a cluster makes anew what somebody deleted. `beat` is called again and again while the store is waited for.
    `owner` is the process that the store is written for, where that is another one.
    """
    if is_cluster(store):
        from mailtrace.cluster import sink  # noqa: PLC0415 - only what uses a cluster loads its client

        return sink(store, cluster, keep=keep, on_refused=on_refused, stop=stop, again=again, beat=beat)
    return EmbeddedSink(embedded_folder(store), on_refused=on_refused, stop=stop, wait_s=wait_s, beat=beat, copies=CopyRules(), owner=owner)


def drop_old(sink: OpenSink, keep: Keep, now_ms: int) -> list[str]:
    """Apply retention to the embedded store: delete the files that are older, or more, than is kept; tell which."""
    dropped: Sequence[Partition] = ()
    if keep.seconds is not None:
        dropped = sink.retention(keep.seconds * 1000, now_ms)
    elif keep.bytes is not None:
        dropped = sink.retention_by_size(keep.bytes)
    return [partition.file for partition in dropped]
