"""A text in Kibana's query language means the same here: cases from the rules of its grammar, and where it differs the docs say so.

`tests/data/questions/kibana.txt` has them: a text, another one that means the same, and for a difference the words of `docs/search.md`.
"""

from __future__ import annotations

from datetime import UTC
from itertools import product
from pathlib import Path

import pytest
from asked_mail import NOW_MS

from search.language import parse
from search.language.tree import All, Bare, Leaf, Node, Not, Some, leaves

ROOT = Path(__file__).parents[2]
_LINES = [line for line in (ROOT / "tests/data/questions/kibana.txt").read_text(encoding="utf-8").splitlines() if line.strip(" #")]
CASES = [tuple(piece.strip() for piece in line.split(";;")) for line in _LINES if not line.startswith("#")]


def _read(text: str) -> Node:
    """A question as a tree."""
    return parse(text, now_ms=NOW_MS, zone=UTC)


def _holds(node: Node, true: dict[Leaf | Bare, bool]) -> bool:
    """Whether a tree holds, where these of its leaves do."""
    match node:
        case All(nodes):
            return all(_holds(inner, true) for inner in nodes)
        case Some(nodes):
            return any(_holds(inner, true) for inner in nodes)
        case Not(inner):
            return not _holds(inner, true)
        case _:
            return true[node]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_a_text_means_what_it_means_in_kibana(case: tuple[str, ...]) -> None:
    """Both trees hold for the same traces, whatever is true of their values; a difference is in the docs."""
    one, other = map(_read, case[:2])
    asked = list(dict.fromkeys([*leaves(one), *leaves(other)]))
    for truth in product((False, True), repeat=len(asked)):
        assert _holds(one, dict(zip(asked, truth, strict=True))) == _holds(other, dict(zip(asked, truth, strict=True)))
    if len(case) == 3:
        docs = " ".join((ROOT / "docs/search.md").read_text(encoding="utf-8").split())
        assert case[2].lower() in docs.lower()


def test_there_are_cases_of_every_rule() -> None:
    """Each once."""
    assert len(CASES) == len(set(CASES)) > 60
