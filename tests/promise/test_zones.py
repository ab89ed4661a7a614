"""Logs in another zone than this machine's: the documents are the same, whatever zone message ids have to tell."""

from __future__ import annotations

from random import Random
from zoneinfo import ZoneInfo

import pytest
from canonical import Documents, documents, must_be_same
from captures import EXIM, Capture, Form, written
from reading import SHORTEST, USUAL, Place, Times, read
from stores import Embedded

from promise.pieces import cuts, moved

_HOUR = 3600
#: Of Exim alone: what other programs log in a zone that nobody names stays as it is.
_OWN = ("mainlog", "rejectlog")
_FORMS = [Form(EXIM, "own", _OWN), Form(Capture("exim_cutthrough"), "own", _OWN)]


def in_zone(form: Form, hours: float) -> dict[str, bytes]:
    """The files as if the machine had been so far east."""
    return {
        name: b"".join(moved(line, int(hours * _HOUR)) for line in content.splitlines(keepends=True))
        for name, content in form.contents().items()
    }


def plainly(form: Form, place: Place, times: Times = USUAL) -> Documents:
    """What the files say in their own zone, which is set."""
    beside = Place(place.logs / "plain", place.data / "plain", Embedded(place.data / "plain" / "store"))
    read(beside, form.unpacked(beside.logs), times, timezone=form.zone)
    return documents(beside.store)


@pytest.mark.parametrize("form", _FORMS, ids=str)
@pytest.mark.parametrize("hours", [-8, 3, 5.75])
def test_message_ids_tell_the_zone(form: Form, hours: float, place: Place) -> None:
    """Both files of a program are read in the zone that one of them tells, and that is said."""
    ingest = read(place, written(place.logs, in_zone(form, hours)), timezone=ZoneInfo("UTC"), zone_by_ids=True)
    must_be_same(plainly(form, place), documents(place.store))
    said = [warning for warning in ingest.summary.warnings if "its message ids say" in warning]
    assert len(said) == len(_OWN)


@pytest.mark.parametrize("seed", range(3))
def test_read_in_several_goes(seed: int, place: Place) -> None:
    """What ids said is known again where reading goes on."""
    rng, form = Random(seed), _FORMS[seed % 2]
    for state in cuts(in_zone(form, 3), rng, 3):
        read(place, written(place.logs, state), SHORTEST, timezone=ZoneInfo("UTC"), zone_by_ids=True)
    must_be_same(plainly(form, place, SHORTEST), documents(place.store))


def test_a_zone_that_is_set_stands(place: Place) -> None:
    """The difference is said, and nothing else."""
    form = _FORMS[0]
    ingest = read(place, written(place.logs, in_zone(form, 3)), timezone=ZoneInfo("Europe/Moscow"))
    must_be_same(plainly(form, place), documents(place.store))
    assert not any("its message ids say" in warning for warning in ingest.summary.warnings)
    again = place.beside("wrong")
    ingest = read(again, [place.logs / name for name in _OWN], timezone=ZoneInfo("UTC"))
    assert sum("as set; its message ids say UTC+03:00" in warning for warning in ingest.summary.warnings) == len(_OWN)
