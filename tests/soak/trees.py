"""Ten thousand generated questions in the query language: the embedded store, in one file and in many, against the plain reference.

With `--server URL` an Elasticsearch is asked as well. Each question that finds other rows is printed, and is a failure.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, closing
from datetime import UTC
from pathlib import Path

import generate
from asked_mail import NOW_MS, asked_mail
from contract.under_test import STORES, elasticsearch
from reference import ReferenceStore
from trees import tree

from search.query import Query, QueryError
from search.scope import EVERYTHING


def main(argv: Sequence[str] | None = None) -> int:
    """Ask them all."""
    parser = argparse.ArgumentParser(prog="python -m soak.trees", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--server", help="address of an Elasticsearch")
    given = parser.parse_args(argv)
    chance, asked, refused, wrong = random.Random(given.seed), 0, 0, 0
    kinds = {**STORES, **({"elasticsearch": elasticsearch(given.server)} if given.server else {})}
    written, reference = [*asked_mail(200), *generate.traces(seed=given.seed, count=200)], ReferenceStore()
    reference.submit(written)
    with ExitStack() as open_, tempfile.TemporaryDirectory() as folder:
        stores = {name: open_.enter_context(closing(make(Path(folder) / name))) for name, make in kinds.items()}
        for store in stores.values():
            store.write(written)
        shown = list(reference.walk(Query(), EVERYTHING))
        while asked < given.questions:
            text = tree(chance, shown)
            try:
                query = Query.of({"query": [text]}, now_ms=NOW_MS, zone=UTC)
            except QueryError:
                refused += 1
                continue
            asked += 1
            expected = [trace.id for trace in reference.walk(query, EVERYTHING)]
            for name, store in stores.items():
                if [trace.id for trace in store.engine.walk(query, EVERYTHING)] != expected:
                    wrong += 1
                    print(f"{name}: {text}", flush=True)
    print(f"{asked:,} questions, {refused:,} texts refused, {', '.join(kinds)}: {wrong:,} wrong answers")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
