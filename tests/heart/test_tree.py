"""Trees: what follows what in a message, also where lines name each other in a way that cannot be."""

from __future__ import annotations

from itertools import permutations

import pytest
from heart_cases import BOB, HERE, HOST, At, client, events, life, looked, result

from ingest.joining.message import Message
from ingest.joining.parts import Edge, Part, Scan
from ingest.telling.tree import Tree
from mappings.links import How


def scan(number: int, *said: At) -> Scan:
    """One of several runs of a filter."""
    return Scan(f"m:M{number}", HOST, events(said), number)


FIRST, SECOND, THIRD = (scan(number, At(number, looked(f"1-{number}"))) for number in (1, 2, 3))
RESULT = scan(4, At(4, result(BOB)))


@pytest.mark.parametrize("named", list(permutations([(FIRST, SECOND), (SECOND, THIRD), (THIRD, FIRST)])))
def test_of_scans_in_a_circle_the_earliest_is_told(named: tuple[tuple[Scan, Scan], ...]) -> None:
    """Wherever the walk begins: one stays, and has the lines of the others."""
    edges: list[Edge] = [(source, target, How.LOG, None) for source, target in named]
    told = Tree(Message(scans=[THIRD, FIRST, SECOND], edges=edges), HERE).message
    assert told.scans == [FIRST]
    assert {one.key for one in told.loose} == {SECOND.key, THIRD.key}


def test_a_scan_that_only_others_name_is_a_part_of_its_result() -> None:
    """It has no result of its own; what hangs on it hangs on the one that has."""
    file = life(client())
    edges: list[tuple[Part, Part, How, None]] = [
        (RESULT, FIRST, How.LOG, None),
        (FIRST, SECOND, How.LOG, None),
        (file, FIRST, How.LOG, None),
    ]
    tree = Tree(Message(lives=[file], scans=[FIRST, SECOND, RESULT], edges=[*edges]), HERE)
    assert tree.message.scans == [RESULT]
    assert tree.roots == [file]
