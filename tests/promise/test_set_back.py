"""A clock that was set back while mail was in flight: each message stays one, with the fate it had."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from canonical import Documents, documents, must_be_same
from captures import FORMS, Form, written
from reading import SHORTEST, USUAL, Place, Times, read

from promise.conftest import COARSE, FINE, MILTER, OWN_FILES, ROUNDS
from promise.pieces import moved, stamp_of, stamps

Plain = Callable[[Form, Times], Documents]
_OTHERS = [
    form for form in FORMS if str(form) in {"postfix_short-rfc3339", "amavis_milter_discard-rfc3339", "amavis_json-traditional+clamav"}
]


def set_back(form: Form, rng: Random, seconds: int) -> dict[str, bytes]:
    """The files as if the clock had been set back by so much, between two seconds somewhere in the middle of the run."""
    contents = form.contents()
    times = sorted(time for content in contents.values() for time in stamps(content)[0])
    moment = int(rng.choice(times[len(times) // 10 : -len(times) // 10])) + 1
    found = {}
    for name, content in contents.items():
        lines, later = [], False
        for line in content.splitlines(keepends=True):
            time = stamp_of(line)
            later = later or (time is not None and time >= moment)
            lines.append(moved(line, -seconds) if later else line)
        found[name] = b"".join(lines)
    return found


def rows(found: Documents) -> Counter[tuple[Any, ...]]:
    """What a search shows of each, but for its times."""
    names = ("sender", "recipient", "original_recipient", "disposition", "reason", "verdict", "message_id", "client_ip", "incomplete")
    return Counter((*(document.get(name) for name in names), *document.get("queue_ids", ())) for document in found.values())


@pytest.mark.parametrize("form", [FINE, COARSE, MILTER, OWN_FILES, *_OTHERS], ids=str)
@pytest.mark.parametrize("seconds", [5, 60, 600, 3600])
@pytest.mark.parametrize("seed", range(ROUNDS))
def test_a_clock_set_back_changes_no_row(seed: int, seconds: int, form: Form, place: Place, plain: Plain) -> None:
    """The same rows, fates and queue ids as without."""
    read(place, written(place.logs, set_back(form, Random(seed), seconds)), timezone=form.zone)
    found, expected = rows(documents(place.store)), rows(plain(form, USUAL))
    assert (found - expected, expected - found) == (Counter(), Counter())


@pytest.mark.parametrize("seconds", [5, 600])
def test_read_in_two_goes(seconds: int, place: Place) -> None:
    """Read up to anywhere, and on from there."""
    rng = Random(seconds)
    contents = set_back(FINE, rng, seconds)
    cut = {name: content[: rng.randrange(len(content))] for name, content in contents.items()}
    for state in (cut, contents):
        read(place, written(place.logs, state), SHORTEST, timezone=FINE.zone)
    whole = place.beside("whole")
    read(whole, [place.logs / name for name in contents], SHORTEST, timezone=FINE.zone)
    must_be_same(documents(whole.store), documents(place.store))
