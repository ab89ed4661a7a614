"""Any fields of traces as a caller may read them: what stands in the columns of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from mappings.criteria import BY_WORD
from mappings.fields import FIELDS, Field, Kind
from mappings.trace import Trace
from search.answers import SearchAnswer
from search.engines import Value
from search.view import View

#: The fields of the document that can be columns: those that can be asked for.
LISTED: Final[dict[str, Field]] = {field.name: field for field in FIELDS if field.kind is not Kind.STORED and field.store in BY_WORD}
#: What only one side of the mail may read, and the field with the domain of that side.
_OF_SIDE: Final = {"authenticated_as": "sender_domain", "mailbox": "recipient_domain", "folder": "recipient_domain"}
#: What is never somebody else's: the mail's own addresses and ids, and closed words.
_OWN: Final = frozenset({Kind.ADDRESS, Kind.DOMAIN, Kind.IP, Kind.WORD})
_IDS: Final = frozenset({"id", "message_id", "queue_ids"})


@dataclass(frozen=True, slots=True)
class Table:
    """One page of a search, and beside each trace the values of the fields that were asked for, in their order."""

    answer: SearchAnswer
    rows: Sequence[Sequence[Sequence[Value]]]


def values_of(trace: Trace, fields: Sequence[str], view: View) -> list[list[Value]]:
    """The values that a trace has in each of these fields (names in `LISTED`), as far as a caller may read them; times in milliseconds."""
    return [[one for one in _of_field(trace, LISTED[name], view) if one is not None] for name in fields]


def _of_field(trace: Trace, field: Field, view: View) -> list[Value]:
    """The values of one field."""
    found: Any = getattr(trace, field.name)
    values = list(found) if field.many else [found]
    if view.everything or field.kind in _OWN or field.name in _IDS:
        return values
    if field.name in _OF_SIDE:
        domain = getattr(trace, _OF_SIDE[field.name])
        return [view.of_side(domain, one) for one in values]
    if field.name == "quarantine_id":
        return [view.place(one) for one in values]
    return [view.text(one) if isinstance(one, str) else one for one in values]
