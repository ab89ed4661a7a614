"""The command by which a store is kept."""

from __future__ import annotations

from pathlib import Path

from earlier.keep import keep
from earlier.kept import STATES, Kept, answered
from mappings.trace import REVISION
from search.service import MailTrace


def test_what_is_kept_comes_back(tmp_path: Path, es_url: str, es_prefix: str) -> None:
    """What this code writes is kept whole, from both stores, with what it answers."""
    kept = Kept("now", tmp_path)
    keep(kept, es_url, "this one")
    assert kept.meta.revision == REVISION
    for state in STATES:
        embedded = kept.embedded(state, tmp_path / state)
        cluster = kept.cluster(state, tmp_path / f"{state}-on-a-server", es_url, f"{es_prefix}-{state}")
        for store in (embedded, cluster):
            with MailTrace(store.engine()) as mail:
                assert answered(mail) == kept.meta.told(state)
