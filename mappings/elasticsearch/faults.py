"""What can be wrong with an Elasticsearch store.

StoreError
├── StoreAway      no answer, or "later": worth trying again
└── StoreRefused   the server understood, and says no
"""

from __future__ import annotations

from typing import Any

import msgspec

from mappings.faults import StoreAway, StoreError

__all__ = ["LATER", "StoreAway", "StoreRefused", "of_answer"]

#: Answers that mean "not now".
LATER = frozenset({429, 502, 503, 504})


class StoreRefused(StoreError):  # noqa: N818
    """The server refused a request: the status, the kind of its error, and its words."""

    def __init__(self, status: int, kind: str, reason: str, sentence: str) -> None:
        self.status = status
        self.kind = kind
        self.reason = reason
        super().__init__(sentence)


def of_answer(status: int, body: bytes, what: str) -> StoreError:
    """The fault that an answer with this status is; `what` says what was asked."""
    kind, reason = _told(body)
    if status in LATER:
        return StoreAway(f"Elasticsearch cannot {what} now (status {status}): {reason or kind or 'it gives no reason'}.")
    if status == 401:
        sentence = "Elasticsearch does not accept the credentials; check the API key, or user name and password."
    elif status == 403:
        sentence = f"Elasticsearch does not allow us to {what}: {reason or 'it gives no reason'}."
    else:
        sentence = f"Elasticsearch refused to {what} (status {status}): {reason or kind or 'it gives no reason'}."
    return StoreRefused(status, kind, reason, sentence)


def _told(body: bytes) -> tuple[str, str]:
    """Kind and words of the error in an answer."""
    try:
        answer: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "", body[:200].decode("utf-8", "replace").strip()
    error = answer.get("error") if isinstance(answer, dict) else None
    if isinstance(error, str):
        return "", error.rstrip(".")
    if not isinstance(error, dict):
        return "", ""
    inner = error
    # What a shard says goes down to the cause; `root_cause`, in spite of its name, ends above it.
    for place in (_first(_first(error.get("failed_shards")).get("reason")), _first(error.get("root_cause"))):
        if place:
            inner = place
            break
    while isinstance(inner.get("caused_by"), dict):
        inner = inner["caused_by"]
    return str(inner.get("type") or ""), str(inner.get("reason") or error.get("reason") or "").rstrip(".")


def _first(listed: Any) -> dict[str, Any]:
    """An object, or the first of a list of them; empty where there is none."""
    one = listed[0] if isinstance(listed, list) and listed else listed
    return one if isinstance(one, dict) else {}
