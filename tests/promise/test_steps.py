"""What a report tells first: in each second of a queue file its beginning, and its removal last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from canonical import Documents
from captures import FORMS, Form
from reading import USUAL, Times

from mappings import keys
from mappings.keys import KeyKind

#: What happens to a queue file while it is there.
_ALIVE = frozenset({"received", "identified", "queued", "attempted", "expired", "noticed"})


def out_of_order(document: dict[str, Any]) -> list[str]:
    """What stands in the wrong place, in words."""
    found: list[str] = []
    of: dict[str, list[dict[str, Any]]] = {}
    for event in document["events"]:
        hop = event["hop"]
        if keys.kind_of(hop) is KeyKind.QUEUE and event["fields"].get("queue_id") == keys.queue_id_of(hop):
            of.setdefault(hop, []).append(event)
    for hop, events in of.items():
        last = next((place for place, event in enumerate(events) if event["kind"] == "removed"), len(events))
        found += [f"{hop}: {event['kind']} after removed" for event in events[last:] if event["kind"] in _ALIVE]
        first = next((event for event in events if event["kind"] == "received"), events[0])
        before = events[: events.index(first)]
        # A finer stamp says itself what was first: an ACL speaks before a message is there.
        found += [
            f"{hop}: {e['kind']} before received" for e in before if not (e["fine"] or first["fine"]) and e["time_us"] == first["time_us"]
        ]
    return found


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_a_queue_file_begins_first_and_is_removed_last(form: Form, plain: Callable[[Form, Times], Documents]) -> None:
    """In the documents of every capture, in every form."""
    assert [words for document in plain(form, USUAL).values() for words in out_of_order(document)] == []
