"""What many share gives the same documents however the reading is cut: what is a crowd is decided by the lines alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from canonical import documents, must_be_same
from reading import USUAL, Place, read
from stores import Embedded

from bench.crowds import CROWDS, log
from ingest.joining.names import MANY


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Folders below `tmp_path`."""
    (tmp_path / "logs").mkdir()
    return Place(tmp_path / "logs", tmp_path / "data", Embedded(tmp_path / "data" / "store"))


@pytest.mark.parametrize("name", CROWDS)
def test_in_three_runs(name: str, place: Place) -> None:
    """Read in three runs, between which all is forgotten, as the file grows: the documents of one run."""
    lines = list(log(CROWDS[name], MANY + 30, shared=True))
    file = place.logs / "mail.log"
    for end in (len(lines) // 2, len(lines) * 9 // 10, len(lines)):
        file.write_text("".join(lines[:end]), encoding="utf-8")
        read(place, [file], USUAL)
    whole = place.beside("whole")
    read(whole, [file], USUAL)
    must_be_same(documents(whole.store), documents(place.store))
