"""What stands in columns is what an answer would hold: whoever reads a field of a trace reads no more of it there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import http_mail
import pytest
from http_service import PEOPLE, Person
from reference import ReferenceStore

from mappings.fields import FIELDS, Kind
from search.answers import TraceAnswer
from search.query import Query
from search.scope import Scope
from search.service import MailTrace
from search.table import LISTED

#: Where an answer has a field under a name of its own.
_ELSEWHERE: dict[str, Callable[[TraceAnswer], Any]] = {
    "client_name": lambda one: one.sending_server.name,
    "client_ip": lambda one: one.sending_server.ip,
    "client_helo": lambda one: one.sending_server.helo,
    "authenticated_as": lambda one: one.user,
    "reply_code": lambda one: one.return_code and one.return_code.code,
    "enhanced_code": lambda one: one.return_code and one.return_code.enhanced,
    "reply_text": lambda one: one.return_code and one.return_code.text,
    "reply_by": lambda one: one.return_code and one.return_code.by,
    "symbols": lambda one: [symbol.name for symbol in one.symbols],
}


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.name)
def test_a_column_tells_what_the_answer_tells(person: Person) -> None:
    """For callers of every kind, over mail of several tenants that names others in its texts."""
    traces = http_mail.mail(seed=11, count=300)
    store = ReferenceStore()
    store.submit(traces)
    store.flush()
    mail = MailTrace(store, Scope(person.sees))
    fields = list(LISTED)
    found = mail.table(fields, Query(), limit=1_000)
    assert len(found.rows) == len(found.answer.traces)
    compared = 0
    for answer, row in zip(found.answer.traces, found.rows, strict=True):
        for name, values in zip(fields, row, strict=True):
            told = _told(answer, name)
            if told is not None:
                assert list(values) == [one for one in told if one is not None], (name, answer.id)
                compared += 1
    assert compared >= 20 * len(found.rows)
    assert found.rows or person.name in ("Idle", "Nobody")


def test_all_fields_but_our_own_can_be_columns() -> None:
    """What is stored and never asked for is no column."""
    left = {field.name for field in FIELDS if field.name not in LISTED and field.kind is not Kind.STORED}
    assert left == {"visible_to", "keys", "superseded_by", "ingested_ms"}


def _told(answer: TraceAnswer, name: str) -> list[object] | None:
    """What an answer says of a field; None where it has no such field."""
    if name in _ELSEWHERE:
        value = _ELSEWHERE[name](answer)
    elif name in TraceAnswer.__struct_fields__ and name != "delay":
        value = getattr(answer, name)
    else:
        return None
    return list(value) if isinstance(value, list) else [value]
