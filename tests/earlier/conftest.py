"""A kept store, laid out as its commit left it: embedded, and on a real Elasticsearch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from promise.conftest import CLUSTER, EMBEDDED
from reading import Place
from stores import Embedded, Store

from earlier.kept import KEPT, STATES, Kept, State, Told
from search.service import MailTrace


@dataclass(frozen=True, slots=True)
class Left:
    """A store as an earlier commit left it, and the logs that it read with all of their lines."""

    kept: Kept
    state: State
    place: Place

    @property
    def store(self) -> Store:
        """The store itself."""
        return self.place.store

    @property
    def told(self) -> dict[str, Told]:
        """What must be answered, by the ids of traces."""
        return {told.id: told for told in self.kept.meta.told(self.state)}

    @property
    def plain(self) -> Place:
        """The same logs, and an empty embedded store."""
        data = self.place.data.with_name("plain")
        return Place(self.place.logs, data, Embedded(data / "store"))

    def mail(self) -> MailTrace:
        """Ask it with the code of today."""
        return MailTrace(self.store.engine())


def lefts(*states: State, only: Kept | None = None) -> pytest.MarkDecorator:
    """Parameters `left`: each kept store, or only one, of both kinds, in these states."""
    cases: list[Any] = []
    for kept in (only,) if only else KEPT:
        for state in states or STATES:
            cases.append(pytest.param((kept, state, EMBEDDED), id=f"{kept}-{state}-{EMBEDDED}"))
            cases.append(pytest.param((kept, state, CLUSTER), id=f"{kept}-{state}-{CLUSTER}", marks=pytest.mark.elasticsearch))
    return pytest.mark.parametrize("left", cases, indirect=True)


@pytest.fixture
def left(request: pytest.FixtureRequest, tmp_path: Path) -> Left:
    """Lay out one of them."""
    kept, state, kind = request.param
    kept.lines(tmp_path / "logs")
    data, store = tmp_path / "data", None
    if kind == CLUSTER:
        store = kept.cluster(state, data, request.getfixturevalue("es_url"), request.getfixturevalue("es_prefix"))
    else:
        store = kept.embedded(state, data)
    return Left(kept, state, Place(tmp_path / "logs", data, store))
