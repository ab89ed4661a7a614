"""What a log line can say: a closed set of small typed facts, the same for every program.

Formats make them, joining reads them, and a document keeps them (as kind and fields), so that a journey can be told and rebuilt from its
documents. Names of fields are the field's standard terms; `queue_id` is always the id that the line *bears*, every other id is one that
it *names* (`mappings.links` has how). Addresses and Message-IDs are normalised where a fact is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from mappings import keys
from mappings.facts.base import Fact, Reply
from mappings.facts.filter import FilterSymbol, Infected, Inspected, Judged, Passed, Release, Scanned
from mappings.facts.server import (
    Administered,
    Attempted,
    Connected,
    Expired,
    Hindered,
    Identified,
    Noticed,
    OfQueueFile,
    Queued,
    Received,
    Removed,
    Ruled,
    Screened,
    Signed,
)
from mappings.facts.store import Filed

__all__ = [
    "FACTS",
    "Administered",
    "Attempted",
    "Connected",
    "Expired",
    "Fact",
    "Filed",
    "FilterSymbol",
    "Hindered",
    "Identified",
    "Infected",
    "Inspected",
    "Judged",
    "Nothing",
    "Noticed",
    "OfQueueFile",
    "Passed",
    "Queued",
    "Received",
    "Release",
    "Removed",
    "Reply",
    "Ruled",
    "Scanned",
    "Screened",
    "Signed",
    "Unread",
    "fact_of",
    "fields_of",
    "kind_of",
    "texts_of",
]


class Unread(Fact, frozen=True, tag="unread"):
    """A line that this program itself failed on: what it says is not known, only whose line it is where it begins with an id."""

    queue_id: str | None = None

    def bears(self, host: str) -> tuple[str, ...]:
        """The queue file whose id it begins with."""
        return () if self.queue_id is None else (keys.queue(host, self.queue_id),)

    def counts_more(self) -> bool:
        """It may name anybody."""
        return True


class Nothing(OfQueueFile, frozen=True, tag="nothing"):
    """A line that says nothing of the message whose id it begins with: no event, and kept nowhere.

    It is given only where the same line may stand in a document as `Unread`, which it then takes back.
    """


AnyFact = (
    Received
    | Identified
    | Ruled
    | Queued
    | Attempted
    | Hindered
    | Expired
    | Removed
    | Administered
    | Noticed
    | Connected
    | Screened
    | Signed
    | Scanned
    | Judged
    | Inspected
    | Passed
    | Release
    | Infected
    | Filed
    | Unread
)

#: The kinds that documents keep, by their names.
FACTS: dict[str, type[Fact]] = {str(t.__struct_config__.tag): t for t in AnyFact.__args__}
_KINDS: dict[type[Fact], str] = {kind: name for name, kind in FACTS.items()}
#: The fields of all kinds that hold the people whom a line names (`Fact.people`).
_PEOPLE = frozenset({"recipient", "original", "target", "recipients", "others"})
#: Sources of decisions behind which headers list recipients.
_WITH_HEADERS = frozenset({"acl", "size", "hops"})


def kind_of(fact: Fact) -> str:
    """The name of a fact's kind."""
    return _KINDS[type(fact)]


def fields_of(fact: Fact) -> dict[str, Any]:
    """The fields of a fact as plain values, for the document."""
    fields: dict[str, Any] = msgspec.to_builtins(fact)
    del fields["kind"]
    return fields


def fact_of(kind: str, fields: dict[str, Any]) -> Fact:
    """The fact that a document keeps; raises `msgspec.ValidationError` where it does not fit, `KeyError` for a kind not known."""
    if kind == "ruled":
        fields = _with_recipients(fields)
    return msgspec.convert(fields, FACTS[kind])


def texts_of(fact: Fact) -> Iterator[str]:
    """Every text in a fact, however deep, apart from the people that it names and its Message-ID, which is nobody's address."""
    for name, value in fields_of(fact).items():
        if name not in _PEOPLE and name != "message_id":
            yield from _texts(value)


def _texts(value: Any) -> Iterator[str]:
    """The texts in a plain value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


def _with_recipients(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a decision, also as revisions before 4 kept them: one recipient apart from those that headers behind it listed."""
    listed = fields.get("recipients", [])
    if "recipient" in fields:
        rest = {name: value for name, value in fields.items() if name != "recipient"}
        return rest | {"recipients": [fields["recipient"], *listed], "more": bool(listed) and fields.get("action") == "reject"}
    headers = listed and fields.get("source") in _WITH_HEADERS and fields.get("stage") in ("MAIL", "END-OF-MESSAGE")
    return fields | {"more": True} if headers else fields
