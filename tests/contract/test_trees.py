"""Generated questions over every criterion have the reference's answers in every store; `soak.trees` asks ten thousand."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC
from pathlib import Path

import generate
import pytest
from asked_mail import NOW_MS, asked_mail
from reference import ReferenceStore
from trees import tree

from contract.under_test import Filled, Store
from search.query import Query, QueryError
from search.scope import EVERYTHING


@pytest.fixture(scope="module")
def reference() -> ReferenceStore:
    """Mail as it looks, and mail as it should not."""
    made = ReferenceStore()
    made.submit([*asked_mail(200), *generate.traces(seed=77, count=200)])
    return made


@pytest.fixture(scope="module")
def odd_and_ordinary(
    make_store: Callable[[Path], Store], reference: ReferenceStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Filled]:
    """Give a store with that mail."""
    with closing(make_store(tmp_path_factory.mktemp("trees") / "store")) as store:
        store.write(list(reference.traces.values()))
        yield Filled(store, reference, list(reference.walk(Query(), EVERYTHING)))


@pytest.mark.parametrize("seed", range(2))
def test_generated_trees_find_what_the_reference_finds(odd_and_ordinary: Filled, seed: int) -> None:
    """Rows and count; a text that is refused is refused before any store is asked."""
    chance, asked = random.Random(seed), 0
    for _ in range(120):
        text = tree(chance, odd_and_ordinary.written)
        try:
            query = Query.of({"query": [text]}, now_ms=NOW_MS, zone=UTC)
        except QueryError:
            continue
        asked += 1
        expected = [trace.id for trace in odd_and_ordinary.reference.walk(query, EVERYTHING)]
        assert [trace.id for trace in odd_and_ordinary.store.engine.walk(query, EVERYTHING)] == expected, text
        assert odd_and_ordinary.store.engine.count(query, EVERYTHING) == len(expected), text
    assert asked > 95
