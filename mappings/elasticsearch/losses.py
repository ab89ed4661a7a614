"""What went before it was read, in the meta index: one small document a loss, for several ingesters may note one."""

from __future__ import annotations

from typing import Any

import msgspec

from mappings.elasticsearch.connection import Connection, path
from mappings.elasticsearch.names import IndexNames
from mappings.losses import Loss, kept

Json = dict[str, Any]
#: A question for all of them; more are never kept for long.
QUESTION: Json = {"size": 1_000, "query": {"term": {"kind": "loss"}}, "_source": ["body"], "track_total_hits": False}


def from_hits(hits: list[Json]) -> list[Loss]:
    """The losses in the answer to `QUESTION`, the latest last."""
    return kept(msgspec.convert([hit["_source"]["body"] for hit in hits], type=list[Loss]))


def note_loss(connection: Connection, names: IndexNames, loss: Loss, floor_ms: int) -> None:
    """Keep a loss; the oldest, and those of a time that retention has dropped, make room."""
    target = f"{path(names.meta, '_search')}?ignore_unavailable=true&allow_no_indices=true"
    answer: Json = msgspec.json.decode(connection.ask("look for losses", "POST", target, QUESTION) or b"{}")
    hits = answer.get("hits", {}).get("hits", [])
    known = msgspec.convert([hit["_source"]["body"] for hit in hits], type=list[Loss])
    stay = {one.id for one in kept([*known, loss], floor_ms)}
    lines: list[Json] = [{"delete": {"_id": f"loss-{one.id}"}} for one in known if one.id not in stay]
    if loss.id in stay:
        lines += [{"index": {"_id": f"loss-{loss.id}"}}, {"kind": "loss", "body": msgspec.to_builtins(loss)}]
    body = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    connection.ask("note a loss", "POST", f"{path(names.meta, '_bulk')}?refresh=wait_for&filter_path=errors", body, lines=True)
