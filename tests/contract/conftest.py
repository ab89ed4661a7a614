"""Each store under test, empty and filled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from generate import traces
from reference import ReferenceStore

from contract.under_test import STORES, STORES_ON_SERVERS, Filled, Store
from mappings.trace import Trace


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
def generated() -> tuple[ReferenceStore, list[Trace]]:
    """Generated traces, and the reference's answers about them, which all stores share."""
    reference, written = ReferenceStore(), traces(seed=9, count=900)
    reference.submit(written)
    return reference, written


@pytest.fixture(scope="session")
def filled(
    make_store: Callable[[Path], Store], generated: tuple[ReferenceStore, list[Trace]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Filled]:
    """Give a store with generated traces, written in batches of uneven size."""
    made = make_store(tmp_path_factory.mktemp("filled") / "store")
    reference, written = generated
    position, size = 0, 1
    while position < len(written):
        made.write(written[position : position + size])
        position, size = position + size, size % 97 + 13
    yield Filled(made, reference, written)
    made.close()
