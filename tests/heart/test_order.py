"""Order: the documents of all cases are the same in whatever order their lines come."""

from __future__ import annotations

from random import Random
from typing import Any, Protocol

import msgspec
import pytest
import test_fate
import test_hops
import test_links
import test_recipients
from heart_cases import Said, events, traces_of

from ingest.joining.event import LiveEvent
from ingest.joining.within import Within


class Case(Protocol):
    """What a row of each table has."""

    @property
    def said(self) -> list[Said]:
        """What its lines say."""
        ...

    @property
    def within(self) -> Within:
        """What is inside."""
        ...


CASES: list[tuple[str, Case]] = [
    *((row.says, row) for row in test_links.ROWS if len(row.said) < 20),
    *((row.says, row) for row in test_recipients.ROWS),
    *((row.says, row) for row in test_hops.ROWS),
    *((row.rule, row) for row in test_fate.ROWS),
]


def told(lines: list[LiveEvent], case: Case) -> dict[str, Any]:
    """The documents by their ids."""
    return {one.id: msgspec.to_builtins(one) for one in traces_of(lines, case.within, getattr(case, "hosts", ()))}


@pytest.mark.parametrize("case", [pytest.param(row, id=says) for says, row in CASES])
def test_a_document_is_a_function_of_the_set_of_its_lines(case: Case) -> None:
    """In ten other orders: fate, recipients, hops, and the line that says how each is known."""
    wanted = told(events(case.said, case.within), case)
    for seed in range(10):
        lines = events(case.said, case.within)
        Random(seed).shuffle(lines)
        assert told(lines, case) == wanted
