"""`make truth`: hold the answers about the captures, in each of their log forms, against what really happened.

On both stores, each also from an ingester that is killed on the way and started again; the figures must be the same.
"""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from captures import FORMS
from servers.fixtures import wipe
from servers.server import NoServerError, Wanted
from servers.ways import get
from stores import Cluster

from truth.check import check


def main() -> int:
    """Print how each form does; 0 where all are perfect, else 1."""
    try:
        server = get(Wanted())
    except NoServerError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Elasticsearch: {server.way}", flush=True)
    perfect, prefix = True, f"test-{secrets.token_hex(5)}"
    try:
        for number, form in enumerate(FORMS):
            for name, kills in (("", None), (", killed on the way", Random(number))):
                for store in (None, Cluster(server.url, f"{prefix}-{number}{'k' if kills else ''}")):
                    with TemporaryDirectory() as folder:
                        verdict = check(form, Path(folder), store, kills)
                    print(f"[{'embedded' if store is None else 'Elasticsearch'}{name}] {verdict}", flush=True)
                    perfect &= verdict.perfect
    finally:
        wipe(server.url, prefix)
        server.close()
    print("Everything that the lines tell is right." if perfect else "There are disagreements.")
    return 0 if perfect else 1


if __name__ == "__main__":
    sys.exit(main())
