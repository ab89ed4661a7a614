"""`mailtrace retention`: delete what is older, or more, than is kept."""

from __future__ import annotations

import sys
import time

from mailtrace.amounts import counted, parse_keep
from mailtrace.cli.common import Common
from mailtrace.show.screen import Screen
from mailtrace.stores import embedded_folder, is_cluster
from mailtrace.writing import drop_old, open_sink


def retention(*, keep: str | None = None, common: Common | None = None) -> None:
    """Delete what is older, or more, than is kept.

    Whole files of the embedded store go, each of a week at most; `mailtrace run` and an `ingest` that follows do this by
    themselves, `ingest --once` never does. In a cluster whole indices go, and only by this command, or by a lifecycle policy.

    Parameters
    ----------
    keep
        How long (90d, 12w) or how much (20GB) to keep, instead of what is set.
    """
    settings = (common or Common()).settings()
    kept = settings.keep if keep is None else keep
    wanted = parse_keep(kept)
    screen = Screen(sys.stdout)
    now_ms = time.time_ns() // 1_000_000
    if is_cluster(settings.store):
        from mailtrace.cluster import drop_old_indices  # noqa: PLC0415 - only what uses a cluster loads its client

        dropped, left = drop_old_indices(settings.store, settings.elasticsearch, wanted, now_ms)
        _tell(screen, dropped, "index", "indices", kept)
        for sentence in left:
            screen.paragraph(f"Note: left alone. {sentence}")
        return
    folder = embedded_folder(settings.store)
    if not folder.is_dir():
        screen.line(f"There is no store in {folder} yet; nothing to delete.")
        return
    sink = open_sink(settings.store)
    try:
        dropped = drop_old(sink, wanted, now_ms)
    finally:
        sink.close()
    _tell(screen, dropped, "file", "files", kept)


def _tell(screen: Screen, dropped: list[str], one: str, many: str, kept: str) -> None:
    """Say what was deleted."""
    for name in dropped:
        screen.line(f"Deleted {name}")
    screen.line(f"{counted(len(dropped), one, many)} deleted; kept: {kept}.")
