"""Each store under test, empty and filled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from generate import traces
from reference import ReferenceStore

from contract.under_test import STORES, STORES_ON_SERVERS, Filled, Store


@pytest.fixture(params=[*STORES, *(pytest.param(name, marks=pytest.mark.elasticsearch) for name in STORES_ON_SERVERS)], scope="session")
def make_store(request: pytest.FixtureRequest) -> Callable[[Path], Store]:
    """How a store of this kind is made."""
    if request.param in STORES:
        return STORES[request.param]
    return STORES_ON_SERVERS[request.param](request.getfixturevalue("es_url"))


@pytest.fixture
def store(make_store: Callable[[Path], Store], tmp_path: Path) -> Iterator[Store]:
    """Give an empty store."""
    made = make_store(tmp_path / "store")
    yield made
    made.close()


@pytest.fixture(scope="session")
def filled(make_store: Callable[[Path], Store], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    """Give a store with generated traces, written in batches of uneven size."""
    made = make_store(tmp_path_factory.mktemp("filled") / "store")
    reference = ReferenceStore()
    written = traces(seed=9, count=900)
    position, size = 0, 1
    while position < len(written):
        batch = written[position : position + size]
        made.write(batch)
        reference.submit(batch)
        position, size = position + size, size % 97 + 13
    yield Filled(made, reference, written)
    made.close()
