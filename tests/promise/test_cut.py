"""Reading that is cut, broken off and taken up again gives what one reading gives."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from canonical import Documents, documents, must_be_same
from captures import Form, written
from reading import SHORTEST, Place, StoreDiedError, Times, forget_positions, read

from promise.conftest import FINE, MILTER, OWN_FILES, TWO_FILES, tries
from promise.pieces import cuts, parts

Plain = Callable[[Form, Times], Documents]
Case = tuple[Form, Times, int]


@pytest.mark.parametrize("state", ["kept", "lost"])
@tries(4, on_cluster=2)
def test_files_that_grow(case: Case, state: str, place: Place, plain: Plain) -> None:
    """Files cut at any byte at about the same time, and read on in order, with or without what was noted of the reading before."""
    form, times, seed = case
    rng = Random(seed)
    for state_of_files in cuts(form.contents(), rng, rng.randrange(1, 5)):
        if state == "lost":
            forget_positions(place.data)
        read(place, written(place.logs, state_of_files), times, timezone=form.zone)
    must_be_same(plain(form, times), documents(place.store))


@pytest.mark.parametrize("given", ["all", "newest"])
@tries(4, on_cluster=1)
def test_pieces_as_files_of_their_own(case: Case, given: str, place: Place, plain: Plain) -> None:
    """One log in several files, read in order as each appears: all that there are are given each time, or only the newest."""
    form, times, seed = case
    rng = Random(seed)
    pieces: list[Path] = []
    for number, part in enumerate(parts(form.contents(), rng, rng.randrange(1, 4))):
        new = written(place.logs, {f"{number:02d}-{name}": content for name, content in part.items()})
        pieces += new
        read(place, pieces if given == "all" else new, times, timezone=form.zone)
    must_be_same(plain(form, times), documents(place.store))


@tries(4, on_cluster=2)
def test_the_store_dies_in_the_middle_of_a_flush(case: Case, place: Place, plain: Plain) -> None:
    """Of a batch some documents are written and the others are not, several times over; the next readings make it whole."""
    form, times, seed = case
    rng = Random(seed)
    files = form.unpacked(place.logs)
    for _ in range(3):
        with suppress(StoreDiedError):
            read(place, files, times, dies_after=rng.randrange(120), timezone=form.zone)
    read(place, files, times, timezone=form.zone)
    must_be_same(plain(form, times), documents(place.store))


@tries(3, on_cluster=2)
def test_deaths_and_growth_together(case: Case, place: Place, plain: Plain) -> None:
    """Files grow and the store dies on the way, in turns."""
    form, times, seed = case
    rng = Random(seed)
    files: list[Path] = []
    for state_of_files in cuts(form.contents(), rng, 3):
        files = written(place.logs, state_of_files)
        with suppress(StoreDiedError):
            read(place, files, times, dies_after=rng.randrange(150), timezone=form.zone)
    read(place, files, times, timezone=form.zone)
    must_be_same(plain(form, times), documents(place.store))


def _case_name(case: tuple[Form, Times]) -> str:
    """Name a log form with times."""
    return f"{case[0]}-{case[1]}"


@pytest.mark.parametrize("every", [1, 50])
@pytest.mark.parametrize(
    "case", [(form, times) for form in (FINE, TWO_FILES, OWN_FILES, MILTER) for times in (Times(10, 10, 10), SHORTEST)], ids=_case_name
)
def test_written_at_any_moment(case: tuple[Form, Times], every: int, place: Place, plain: Plain, monkeypatch: pytest.MonkeyPatch) -> None:
    """When in a backlog documents are written, after each line or after thousands, decides nothing; also where each line is there twice."""
    form, times = case
    copies = {f"copy-of-{name}": content for name, content in form.contents().items()}
    wanted = plain(form, times)
    monkeypatch.setattr("ingest.pipeline._FLUSH_LINES", every)
    read(place, [*form.unpacked(place.logs), *written(place.logs, copies)], times, timezone=form.zone)
    must_be_same(wanted, documents(place.store))
