"""What the tests of the cluster have in common: mail, stores under a test's own names, and a look at the server without our code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
from servers.server import ask

from ingest.sinks.elasticsearch import ElasticsearchSink
from mappings import identity, keys
from mappings.elasticsearch.connection import Access
from mappings.elasticsearch.document import encode
from mappings.elasticsearch.names import IndexNames
from mappings.trace import Event, Trace
from search.engines.elasticsearch import ElasticsearchEngine

T0 = 1_764_000_000_000
DAY_MS = 86_400_000


def mail(number: int, *, time_ms: int | None = None, version: int = 1, **fields: object) -> Trace:
    """A trace, told apart by its number."""
    at = T0 + number if time_ms is None else time_ms
    values: dict[str, object] = {
        "log_domain": "mx",
        "last_event_ms": at,
        "sender": "ann@example.org",
        "recipient": f"bob{number}@example.net",
        "visible_to": ["example.net"],
        "queue_ids": [f"Q{number}"],
        "keys": [keys.queue("mx", f"Q{number}")],
        "events": [Event(at * 1000, False, "mx", "smtp", 7, 0, f"{number:016x}", f"q:mx/Q{number}", "delivery", {})],
    }
    return Trace(
        id=identity.trace_id(at, "mx", f"q:mx/Q{number}", "", str(number)),
        version=version,
        time_ms=at,
        **(values | fields),  # type: ignore[arg-type]
    )


def as_earlier(trace: Trace) -> dict[str, Any]:
    """The document of a trace as releases before the wire's form wrote it: names with their dots, and the journey as it is in memory."""
    document: dict[str, Any] = {}

    def flatten(level: dict[str, Any], before: str) -> None:
        for name, value in level.items():
            if isinstance(value, dict) and f"{before}{name}" not in ("mailtrace.as_written", "mailtrace.events"):
                flatten(value, f"{before}{name}.")
            else:
                document[f"{before}{name}"] = value

    flatten(msgspec.json.decode(encode(trace)), "")
    for name in ("hops", "decided", "events"):
        document.pop(f"mailtrace.{name}", None)
        if getattr(trace, name):
            document[f"mailtrace.{name}"] = msgspec.to_builtins(getattr(trace, name))
    return document


def sink_at(url: str, prefix: str, **options: Any) -> ElasticsearchSink:
    """A sink under these names."""
    return ElasticsearchSink(Access((url,), timeout_s=10), names=IndexNames(prefix), **options)


def engine_at(url: str, prefix: str, **options: Any) -> ElasticsearchEngine:
    """An engine under these names."""
    return ElasticsearchEngine(Access((url,), timeout_s=10), names=IndexNames(prefix), **options)


def write(sink: ElasticsearchSink, traces: Sequence[Trace]) -> None:
    """Write and wait."""
    sink.submit(traces)
    sink.flush()


def stored(url: str, prefix: str) -> dict[str, int]:
    """What the server holds: each id with its version, counted without any code of ours; an id that is there twice fails."""
    ask(f"{url}/{prefix}-*/_refresh", "POST")
    found: dict[str, int] = {}
    after: list[Any] = []
    while True:
        body: dict[str, Any] = {"size": 5000, "version": True, "_source": False, "sort": [{"id": "asc"}]}
        if after:
            body["search_after"] = after
        hits = told(ask(f"{url}/{prefix}-traces-*/_search?ignore_unavailable=true", "POST", body=body))["hits"]["hits"]
        for hit in hits:
            assert hit["_id"] not in found, f"{hit['_id']} is stored twice"
            found[hit["_id"]] = hit["_version"]
        if not hits:
            return found
        after = hits[-1]["sort"]


def indices(url: str, prefix: str) -> list[str]:
    """The indices with traces."""
    listed = told(ask(f"{url}/{prefix}-traces-*?allow_no_indices=true&features=settings"))
    return sorted(name.removeprefix(f"{prefix}-traces-") for name in listed)


def told(answer: object) -> Any:
    """An answer, as JSON knows it."""
    return json.loads(json.dumps(answer))
