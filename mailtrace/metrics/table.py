"""Every metric: name, kind, labels and a sentence. What is exposed, the documentation and its tests follow from this table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec
from prometheus_client.core import Metric as Family

Kind = Literal["counter", "gauge", "histogram"]


class Metric(msgspec.Struct, frozen=True):
    """One metric, by the name under which it is exposed."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    sentence: str

    @property
    def family(self) -> str:
        """The name without what the kind adds."""
        return self.name.removesuffix("_total") if self.kind == "counter" else self.name


TABLE: tuple[Metric, ...] = (
    Metric("mailtrace_build_info", "gauge", ("version", "python", "store"), "Always 1; which release runs, on which Python and store."),
    # Reading.
    Metric("mailtrace_lines_total", "counter", ("program",), "Lines read; `other` is every program that no format knows."),
    Metric("mailtrace_events_total", "counter", ("program",), "Lines that state something of a message."),
    Metric("mailtrace_unknown_lines_total", "counter", ("program",), "Lines of known programs that no pattern fits."),
    Metric("mailtrace_failed_lines_total", "counter", ("program",), "Lines at which the program itself failed; they are kept apart."),
    Metric("mailtrace_ahead_lines_total", "counter", (), "Lines stamped more than an hour ahead of this machine's clock."),
    Metric("mailtrace_losses_total", "counter", (), "Losses of lines that were told of: files that went before they were read."),
    Metric("mailtrace_source_lag_bytes", "gauge", ("source",), "Bytes of a rotated set of plain files that are not read yet."),
    Metric(
        "mailtrace_source_lag_seconds",
        "gauge",
        ("source",),
        "While bytes wait: seconds from the newest line that was read to now; else 0.",
    ),
    Metric("mailtrace_sources_unreadable", "gauge", (), "Files and folders that cannot be read now."),
    Metric("mailtrace_open_journeys", "gauge", (), "Journeys that are held in memory."),
    Metric(
        "mailtrace_oldest_pin_seconds",
        "gauge",
        (),
        "Seconds, on the log's clock, since the oldest line that a crash would have us read again.",
    ),
    Metric("mailtrace_last_flush_timestamp_seconds", "gauge", (), "When the reading loop last came round, in seconds since 1970."),
    # Writing.
    Metric("mailtrace_documents_written_total", "counter", (), "Traces given to the store, each new version counted."),
    Metric("mailtrace_documents_superseded_total", "counter", (), "Traces that others have replaced."),
    Metric("mailtrace_documents_refused_total", "counter", (), "Traces that the store refused; they become dead letters."),
    Metric("mailtrace_documents_too_old_total", "counter", (), "Traces that were not written, for their time is kept no more."),
    Metric(
        "mailtrace_dead_letters",
        "gauge",
        ("kind",),
        "Dead letters that wait for `mailtrace deadletters retry`: traces that the store `refused`, lines that the program `failed` on.",
    ),
    Metric("mailtrace_store_away", "gauge", (), "1 while the store does not take what it is given, and is waited for."),
    Metric("mailtrace_store_retries_total", "counter", (), "How often something was asked of the store again."),
    Metric("mailtrace_store_queue_documents", "gauge", (), "Traces on their way to the store."),
    Metric("mailtrace_store_queue_bytes", "gauge", (), "Their bytes."),
    Metric("mailtrace_store_bytes", "gauge", (), "Size of the store, copies in a cluster included; absent while it cannot be told."),
    Metric(
        "mailtrace_disk_free_bytes", "gauge", ("folder",), "Space that is free for us on the disk of `data` and of an embedded `store`."
    ),
    # The service.
    Metric("mailtrace_service_up", "gauge", (), "Whether the service beside `mailtrace run` answers."),
    Metric(
        "mailtrace_http_request_duration_seconds",
        "histogram",
        ("route", "status"),
        "Time from a request to the end of its answer; `route` is a path with its parameters' names, `other` what is none.",
    ),
    Metric("mailtrace_http_connections", "gauge", (), "Connections to the service, idle ones included."),
    Metric(
        "mailtrace_http_questions", "gauge", (), "Questions that wait for the store or are worked on; beyond 128 they are refused (503)."
    ),
    Metric("mailtrace_http_exports", "gauge", (), "Exports that are on their way to their readers."),
    Metric("mailtrace_http_helped_total", "counter", (), "Questions that helpers answered for the service."),
    # The processes.
    Metric("mailtrace_threads", "gauge", ("process",), "Threads of a process: `ingest` or `service`."),
    Metric(
        "mailtrace_process_cpu_seconds_total",
        "counter",
        ("process",),
        "CPU time of a process: also `join N`, `write N` and `answer N`, where those are processes of their own.",
    ),
    Metric("mailtrace_process_resident_memory_bytes", "gauge", ("process",), "Memory that a process holds."),
    Metric("mailtrace_process_virtual_memory_bytes", "gauge", ("process",), "Memory that a process has mapped."),
    Metric("mailtrace_process_open_fds", "gauge", ("process",), "File handles that a process has open."),
    Metric("mailtrace_process_max_fds", "gauge", ("process",), "File handles that a process may open."),
    Metric("mailtrace_process_start_time_seconds", "gauge", ("process",), "When a process was started, in seconds since 1970."),
)
_BY_FAMILY = {metric.family: metric for metric in TABLE}


def family(name: str) -> Family:
    """An empty family of the table, by its name without `_total`; an unknown one raises `KeyError`."""
    metric = _BY_FAMILY[name]
    return Family(name, metric.sentence, metric.kind)


def figure(name: str, value: float, **labels: str) -> Family:
    """A family of one value, by the metric's whole name."""
    return figures(name, [((*labels.values(),), value)])


def figures(name: str, values: Iterable[tuple[tuple[str, ...], float]]) -> Family:
    """A family of several values, each with those of its labels in the order of the table."""
    made = family(name.removesuffix("_total"))
    labels = _BY_FAMILY[made.name].labels
    for texts, value in values:
        made.add_sample(name, dict(zip(labels, texts, strict=True)), value)
    return made
