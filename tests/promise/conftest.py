"""What the tests of the promise share: captures in their forms, what one plain reading makes of them, and how often to try."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
from canonical import Documents, documents
from captures import FORMS, Form
from reading import SHORT, SHORTEST, USUAL, Times, read, store_of

#: More rounds than usual, for a long run: PROMISE_ROUNDS=50 tries everything fifty times as often.
ROUNDS = int(os.environ.get("PROMISE_ROUNDS", "1"))
_BY_NAME = {str(form): form for form in FORMS}
FINE = _BY_NAME["postfix_amavis-rfc3339"]
COARSE = _BY_NAME["postfix_amavis-traditional"]
TWO_FILES = _BY_NAME["postfix_amavis_long-maillog_file+rfc3339"]

Reading = tuple[Form, Times]


def tries(number: int) -> pytest.MarkDecorator:
    """A parameter `case`: seeds, each with a log form and times, which take turns; the seed makes all choices of the test."""
    ways = list(product((FINE, TWO_FILES, COARSE), (USUAL, SHORTEST, SHORT)))
    cases = [(*ways[seed % len(ways)], seed) for seed in range(number * ROUNDS)]
    return pytest.mark.parametrize("case", cases, ids=lambda case: f"{case[0]}-{case[1]}-seed{case[2]}")


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Form, Times], Documents]:
    """What one undisturbed reading of a log form gives; each is read once."""
    known: dict[Reading, Documents] = {}

    def give(form: Form, times: Times = USUAL) -> Documents:
        if (form, times) not in known:
            folder = tmp_path_factory.mktemp("plain")
            read(folder / "data", form.unpacked(folder / "logs"), times)
            known[form, times] = documents(store_of(folder / "data"))
        return known[form, times]

    return give


@dataclass(frozen=True, slots=True)
class Place:
    """Where a test reads from and where it writes to."""

    logs: Path
    data: Path


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A folder for log files, which is not there yet, and a data folder."""
    return Place(tmp_path / "logs", tmp_path / "data")
