"""What a newer release may have written: a kept store with words, facts and fields in its documents that this code does not know."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

import msgspec
import zstandard
from servers.server import ask
from stores import Cluster, Embedded, Store

from mappings.embedded.functions import register
from mappings.embedded.packing import Layout
from mappings.fields import BY_NAME
from mappings.trace import REVISION, VERSION_STEP

Fields = dict[str, Any]
#: What a newer release writes otherwise into a trace and its events.
Change = Callable[[Fields, list[Fields]], None]
#: Closed words of the trace that are none here.
WORDS = {"disposition": "teleported", "verdict": "enchanted", "reason": "gravity", "direction": "upward"}
#: So much greater is the version of a document that a newer release wrote.
NEWER = (REVISION + 1) * VERSION_STEP


def words(trace: Fields, _events: list[Fields]) -> None:
    """Closed words that this code does not have."""
    trace.update(WORDS)


def fields(trace: Fields, events: list[Fields]) -> None:
    """Fields of the trace, of its events and of their facts."""
    trace["newer"] = {"a": [1, "b"]}
    for event in events:
        event["newer"] = 7
        event["fields"] = {**event["fields"], "newer": [{"a": 1}]}


def facts(_trace: Fields, events: list[Fields]) -> None:
    """A kind of fact, in the middle of a journey."""
    events[len(events) // 2]["kind"] = "teleported"


def everything(trace: Fields, events: list[Fields]) -> None:
    """All of it."""
    for change in (words, fields, facts):
        change(trace, events)


def rewrite(store: Store, change: Change, version: int) -> None:
    """Change every document of a store, as another release would have written it, and make its version greater by so much."""
    if isinstance(store, Embedded):
        _rewrite_embedded(store, change, version)
    elif isinstance(store, Cluster):
        _rewrite_cluster(store, change, version)


def _rewrite_embedded(store: Embedded, change: Change, version: int) -> None:
    """The packed values of each file, in a layout of their own; and the columns of the closed words."""
    for path in store.folder.glob("traces-*.sqlite"):
        with closing(sqlite3.connect(path, isolation_level=None)) as file:
            register(file)
            meta = dict(file.execute("SELECT name, value FROM meta").fetchall())
            number = max(int(name.split()[1]) for name in meta if name.startswith("layout ")) + 1
            packing = zstandard.ZstdCompressionDict(meta["dictionary"])
            for key, *packed in file.execute("SELECT id, head, events FROM trace JOIN detail USING(id)").fetchall():
                layout = msgspec.json.decode(meta[f"layout {packed[0][0]}"], type=Layout)
                values = [msgspec.msgpack.decode(zstandard.ZstdDecompressor(packing).decompress(one[1:])) for one in packed]
                trace: Fields = dict(zip(layout.trace, values[0], strict=True))
                # What is packed before the events is left as it is.
                *before, rows = values[1] if layout.journey else [values[1]]
                events: list[Fields] = [dict(zip(layout.event, one, strict=True)) for one in rows]
                change(trace, events)
                trace["version"] += version
                written = Layout(tuple(trace), tuple(events[0]), layout.journey)
                lines = [list(one.values()) for one in events]
                encoded = (list(trace.values()), [*before, lines] if layout.journey else lines)
                head, detail = (
                    bytes([number]) + zstandard.ZstdCompressor(dict_data=packing).compress(msgspec.msgpack.encode(one)) for one in encoded
                )
                columns = {"head": head, "version": trace["version"], **{name: trace[name] for name in WORDS}}
                names = ", ".join(f"{name} = ?" for name in columns)
                file.execute(f"UPDATE trace SET {names} WHERE id = ?", (*columns.values(), key))
                file.execute("UPDATE detail SET events = ? WHERE id = ?", (detail, key))
            file.execute("INSERT INTO meta VALUES(?, ?)", (f"layout {number}", msgspec.json.encode(written)))
            for table in ("hourly", "daily") if trace["disposition"] in WORDS.values() else ():
                file.execute(f"UPDATE {table} SET disposition = ? WHERE disposition = 'delivered'", (WORDS["disposition"],))


def _rewrite_cluster(store: Cluster, change: Change, version: int) -> None:
    """The JSON of each document, with a mapping that has its fields."""
    every = f"{store.url}/{store.prefix}-traces-*"
    ask(f"{every}/_mapping", "PUT", body={"properties": {"mailtrace": {"properties": {"newer": {"type": "object", "enabled": False}}}}})
    ask(f"{every}/_refresh", "POST")
    found: Any = ask(f"{every}/_search", "POST", body={"size": 1000, "version": True})
    names = {BY_NAME[name].store: name for name in (*WORDS, "version")}
    for hit in found["hits"]["hits"]:
        events = hit["_source"].pop(BY_NAME["events"].store)
        trace = {names.get(name, name): value for name, value in hit["_source"].items()}
        change(trace, [event.setdefault("fields", {}) and event for event in events])
        trace["version"] += version
        if "newer" in trace:
            trace["mailtrace.newer"] = trace.pop("newer")
        document = {BY_NAME[name].store if name in (*WORDS, "version") else name: value for name, value in trace.items()}
        target = f"{store.url}/{hit['_index']}/_doc/{hit['_id']}?version={trace['version']}&version_type=external_gte"
        ask(target, "PUT", body=json.loads(json.dumps({**document, BY_NAME["events"].store: events})))
    ask(f"{every}/_refresh", "POST")
