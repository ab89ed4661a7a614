"""The glossary has each word that the heart is made of: whoever reads the code finds there what it means."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEART = ("ingest/joining", "ingest/memory", "ingest/telling")
_ROW = re.compile(r"^\| (?P<terms>[^|]+) \| (?P<meaning>.+) \|$", re.MULTILINE)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


def explained(glossary: str) -> set[str]:
    """The words that a glossary explains: its terms, and names of classes that stand in the explanations."""
    found: set[str] = set()
    for row in _ROW.finditer(glossary):
        found.update(term.strip().lower() for term in row["terms"].split(","))
        found.update(_HUMP.sub(" ", name).lower() for name in re.findall(r"`([A-Z][A-Za-z]+)`", row["meaning"]))
    return found


def classes() -> list[str]:
    """The public classes of the heart, as words."""
    modules = [path for folder in HEART for path in sorted((ROOT / folder).glob("*.py"))]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in modules]
    names = [one.name for tree in trees for one in tree.body if isinstance(one, ast.ClassDef) and not one.name.startswith("_")]
    return sorted(_HUMP.sub(" ", name).lower() for name in names)


def test_each_word_of_the_heart_is_in_the_glossary() -> None:
    """A class of the heart is a term of the glossary, or is named where one is explained."""
    known = explained((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"))
    assert [name for name in classes() if name not in known and name.removesuffix("s") not in known] == []


@pytest.mark.parametrize(
    ("row", "word"), [("| hold, holder | What needs a line. |", "holder"), ("| event | In memory a `LiveEvent`. |", "live event")]
)
def test_what_a_row_explains(row: str, word: str) -> None:
    """Terms, and classes in their explanations."""
    assert word in explained(row)
    assert "other" not in explained(row)


def test_each_term_stands_once() -> None:
    """In order, and none twice."""
    terms = [row["terms"] for row in _ROW.finditer((ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"))][2:]
    assert terms == sorted(set(terms), key=str.lower)
