"""Lines and files in another order."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from canonical import Documents, documents, must_be_same
from captures import Form, written
from reading import SHORT, SHORTEST, USUAL, Place, Times, read

from promise.conftest import FINE, MILTER, OWN_FILES, ROUNDS, STORE, on_both
from promise.pieces import parts, shuffled

Plain = Callable[[Form, Times], Documents]
_WITHIN = 50


#: Files whose lines are shuffled; in the others a record's lines, or those of one second, have no other order.
_SHUFFLED = {"mail.log", "mainlog"}


@on_both
@pytest.mark.parametrize("form", [FINE, OWN_FILES, MILTER, STORE], ids=str)
@pytest.mark.parametrize("times", [USUAL, SHORT, SHORTEST], ids=str)
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_lines_late_by_fifty_places(seed: int, times: Times, form: Form, place: Place, plain: Plain) -> None:
    """Late lines: with fine stamps each line may stand fifty places from where it belongs, and so it may where no process is named.

    Else with whole seconds it may not: what one process wrote within a second has no other order than that of its lines.
    """
    contents = {
        name: shuffled(content, Random(seed), _WITHIN) if name in _SHUFFLED else content for name, content in form.contents().items()
    }
    read(place, written(place.logs, contents), times)
    must_be_same(plain(form, times), documents(place.store))


@pytest.mark.parametrize("times", [USUAL, SHORTEST], ids=str)
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_pieces_under_unrelated_names_in_one_run(seed: int, times: Times, place: Place, plain: Plain) -> None:
    """Pieces of a log whose names say nothing about their order, all given at once: they are merged by time."""
    rng = Random(seed)
    pieces = [part["mail.log"] for part in parts(FINE.contents(), rng, 4) if part]
    rng.shuffle(pieces)
    read(place, written(place.logs, {f"{letter}.log": piece for letter, piece in zip("abcde", pieces, strict=False)}), times)
    must_be_same(plain(FINE, times), documents(place.store))
