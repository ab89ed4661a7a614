"""docs/security.md says which test holds each requirement; each of them is there, and no line claims what nothing holds."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
#: Number, about, whether it is met, how, test.
ROWS = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in PAGE.splitlines() if re.match(r"\| \d+\.\d", line)]
CHAPTERS = {"2", "3", "4", "5", "7", "8", "12", "13", "14"}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_requirement_says_how_it_is_met_and_by_which_test(row: tuple[str, ...]) -> None:
    """A test that exists where it is met or partly so, a reason where it is not."""
    _, about, met, how, named = row
    assert about
    assert met in ("yes", "partly", "by hand", "open", "no")
    if met in ("yes", "partly"):
        found = re.fullmatch(r"`([\w/]+\.py)::(test_\w+)`", named)
        assert found is not None, named
        assert f"def {found[2]}(" in (ROOT / "tests" / found[1]).read_text(encoding="utf-8"), named
    else:
        assert (how != "", named) == (True, "")


def test_every_chapter_is_there() -> None:
    """And each number once."""
    numbers = [row[0] for row in ROWS]
    assert {number.split(".")[0] for number in numbers} == CHAPTERS
    single = [one for number in numbers for one in number.split(", ")]
    assert len(single) == len(set(single)) > 90
