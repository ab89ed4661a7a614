"""How the reading of sources stands, in the meta index: one small document a reader, which that reader alone writes."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec

from mappings.elasticsearch.connection import Connection, path
from mappings.elasticsearch.names import IndexNames
from mappings.readings import ReaderReadings, decoded

Json = dict[str, Any]
#: A question for all of them.
QUESTION: Json = {"size": 1_000, "query": {"term": {"kind": "reading"}}, "_source": ["body"], "track_total_hits": False}


def from_hits(hits: list[Json]) -> list[ReaderReadings]:
    """The records in the answer to `QUESTION`, by reader; what nobody understands is left out."""
    found = [decoded(msgspec.json.encode(hit["_source"]["body"])) for hit in hits]
    return sorted((one for one in found if one is not None), key=lambda one: one.reader)


def note_reading(connection: Connection, names: IndexNames, reading: ReaderReadings) -> None:
    """Keep a reader's record instead of the one before."""
    body = {"kind": "reading", "body": msgspec.to_builtins(reading)}
    connection.ask("note how reading stands", "PUT", path(names.meta, "_doc", _id(reading.reader)), body)


def reading_of(connection: Connection, names: IndexNames, reader: str) -> ReaderReadings | None:
    """A reader's record; None where there is none."""
    answer = connection.ask("look up how reading stands", "GET", path(names.meta, "_doc", _id(reader)), missing=True)
    found: Json = {} if answer is None else msgspec.json.decode(answer)
    return next(iter(from_hits([found] if found.get("found") else [])), None)


def forget_readings(connection: Connection, names: IndexNames, now_ms: int) -> None:
    """Forget readers that have been silent for long."""
    target = f"{path(names.meta, '_search')}?ignore_unavailable=true&allow_no_indices=true"
    answer: Json = msgspec.json.decode(connection.ask("look how reading stands", "POST", target, QUESTION, patient=True) or b"{}")
    for one in from_hits(answer["hits"]["hits"]):
        if one.is_forgotten(now_ms):
            connection.ask("forget a reader", "DELETE", path(names.meta, "_doc", _id(one.reader)), missing=True)


def _id(reader: str) -> str:
    """The id of a reader's document: a data folder's name may be longer than an id."""
    return f"reading-{blake2b(reader.encode('utf-8', 'replace'), digest_size=12).hexdigest()}"
