"""What the tests of the promise share: captures in their forms, what one plain reading makes of them, and how often to try."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from canonical import Documents, documents
from captures import FORMS, Form
from reading import SHORT, SHORTEST, USUAL, Place, Times, read
from stores import Cluster, Embedded, Store

#: More rounds than usual, for a long run: PROMISE_ROUNDS=50 tries everything fifty times as often.
ROUNDS = int(os.environ.get("PROMISE_ROUNDS", "1"))
_BY_NAME = {str(form): form for form in FORMS}
FINE = _BY_NAME["postfix_amavis-rfc3339"]
COARSE = _BY_NAME["postfix_amavis-traditional"]
TWO_FILES = _BY_NAME["postfix_amavis_long-maillog_file+rfc3339"]
MILTER = _BY_NAME["postfix_rspamd-rfc3339"]
OWN_FILES = _BY_NAME["exim-mainlog+rejectlog"]
IN_PIECES = _BY_NAME["exim_syslog_nostamp-traditional"]
STORE = _BY_NAME["postfix_dovecot-rfc3339"]
#: In the order in which they take turns: those that are most unlike first, so that a short run tries them.
_TRIED = list(dict.fromkeys((FINE, OWN_FILES, TWO_FILES, MILTER, COARSE, STORE, IN_PIECES, *FORMS)))

#: The compiled build is tried with seeds of its own, half as many: the same source was tried with the others.
_COMPILED = bool(os.environ.get("MAILTRACE_TEST_COMPILED"))
_SEEDS_OF_COMPILED = 500

Reading = tuple[Form, Times]
#: Names of the stores, in the names of tests.
EMBEDDED, CLUSTER = "embedded", "elasticsearch"


def tries(number: int, *, on_cluster: int = 0, cluster_times: tuple[Times, ...] = (USUAL, SHORTEST, SHORT)) -> pytest.MarkDecorator:
    """Parameters `case` and `place`: seeds, each with a log form and times, which take turns; the seed makes all choices of the test.

    So many are tried on the embedded store, and so many, of other seeds, on an Elasticsearch.
    """

    def cases(store: str, first: int, seeds: int) -> Iterator[Any]:
        all_times = cluster_times if store == CLUSTER else (USUAL, SHORTEST, SHORT)
        if _COMPILED:
            first, seeds = first + _SEEDS_OF_COMPILED, (seeds + 1) // 2
        for seed in range(first, first + seeds * ROUNDS):
            turn, number = divmod(seed, len(_TRIED))
            form, times = _TRIED[number], all_times[(number + turn) % len(all_times)]
            marks = [pytest.mark.elasticsearch] if store == CLUSTER else []
            yield pytest.param((form, times, seed), store, id=f"{store}-{form}-{times}-seed{seed}", marks=marks)

    return pytest.mark.parametrize(("case", "place"), [*cases(EMBEDDED, 0, number), *cases(CLUSTER, 1000, on_cluster)], indirect=["place"])


#: The same on both stores.
on_both = pytest.mark.parametrize("place", [EMBEDDED, pytest.param(CLUSTER, marks=pytest.mark.elasticsearch)], indirect=True)


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Form, Times], Documents]:
    """What one undisturbed reading of a log form gives on the embedded store; each is read once."""
    known: dict[Reading, Documents] = {}

    def give(form: Form, times: Times = USUAL) -> Documents:
        if (form, times) not in known:
            folder = tmp_path_factory.mktemp("plain")
            place = Place(folder / "logs", folder / "data", Embedded(folder / "data" / "store"))
            read(place, form.unpacked(place.logs), times, timezone=form.zone)
            known[form, times] = documents(place.store)
        return known[form, times]

    return give


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A folder for log files, which is not there yet, a data folder, and a store: embedded, unless the test asks for another."""
    if getattr(request, "param", EMBEDDED) == CLUSTER:
        store: Store = Cluster(request.getfixturevalue("es_url"), request.getfixturevalue("es_prefix"))
    else:
        store = Embedded(tmp_path / "data" / "store")
    return Place(tmp_path / "logs", tmp_path / "data", store)
