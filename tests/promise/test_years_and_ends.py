"""Logs that span a year, or begin in the middle of a message."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

import pytest
from canonical import Documents, documents, must_be_same
from captures import Form, written
from reading import USUAL, Place, Times, read

from promise.conftest import COARSE, FINE, MILTER, OWN_FILES, ROUNDS, TWO_FILES
from promise.pieces import moved

Plain = Callable[[Form, Times], Documents]
_DAY = 86_400


@pytest.mark.parametrize("days", [50, 120, 180])
def test_a_year_passes_without_december(days: int, place: Place) -> None:
    """A log of November that goes on in January, or later, is as its two halves, each with its year."""
    lines = COARSE.contents()["mail-traditional.log"].splitlines(keepends=True)
    half = len(lines) // 2
    before, after = b"".join(lines[:half]), b"".join(moved(line, days * _DAY) for line in lines[half:])
    (one,) = written(place.logs, {"one.log": before + after})
    written_s = datetime(2027, 6, 30, tzinfo=UTC).timestamp()
    os.utime(one, (written_s, written_s))
    read(place, [one], year=None, timezone=COARSE.zone)
    apart = place.beside("apart")
    read(apart, written(place.logs, {"before.log": before}), year=2026, timezone=COARSE.zone)
    read(apart, written(place.logs, {"after.log": after}), year=2027, timezone=COARSE.zone)
    must_be_same(documents(apart.store), documents(place.store))


@pytest.mark.parametrize("form", [FINE, TWO_FILES, MILTER, OWN_FILES], ids=str)
@pytest.mark.parametrize("seed", range(2 * ROUNDS))
def test_what_begins_before_the_log_is_incomplete(seed: int, form: Form, place: Place, plain: Plain) -> None:
    """Whose lines are all there is told as ever; of all others it is said that lines are missing, or what became of them is the same."""
    rng = Random(seed)
    contents = form.contents()
    (name, content), *others = contents.items()
    lines = content.splitlines(keepends=True)
    cut = {name: b"".join(lines[rng.randrange(len(lines) // 4, len(lines) // 2) :]), **dict(others)}
    read(place, written(place.logs, cut), timezone=form.zone)
    expected = plain(form, USUAL)
    fates = {(d.get("recipient"), key): d for d in expected.values() for key in d["keys"]}
    wrong = []
    for found in documents(place.store).values():
        if found.get("incomplete") or found == expected.get(found["id"]):
            continue
        known = [fates[found.get("recipient"), key] for key in found["keys"] if (found.get("recipient"), key) in fates]
        if not any(found.get("disposition") == one.get("disposition") for one in known):
            wrong.append((found.get("recipient"), found.get("disposition"), found.get("queue_ids"), [k.get("disposition") for k in known]))
    assert wrong == []
