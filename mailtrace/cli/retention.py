"""`mailtrace retention`: delete what is older, or more, than is kept."""

from __future__ import annotations

import sys
import time

from mailtrace.amounts import counted, parse_keep
from mailtrace.cli.common import Common
from mailtrace.show.screen import Screen
from mailtrace.stores import drop_old, embedded_folder, open_sink


def retention(*, keep: str | None = None, common: Common | None = None) -> None:
    """Delete what is older, or more, than is kept.

    Whole files of the store go, each of a week at most. `mailtrace run` and an `ingest` that follows do this by themselves;
    `ingest --once` never does.

    Parameters
    ----------
    keep
        How long (90d, 12w) or how much (20GB) to keep, instead of what is set.
    """
    settings = (common or Common()).settings()
    kept = settings.keep if keep is None else keep
    wanted = parse_keep(kept)
    screen = Screen(sys.stdout)
    folder = embedded_folder(settings.store)
    if not folder.is_dir():
        screen.line(f"There is no store in {folder} yet; nothing to delete.")
        return
    sink = open_sink(settings.store)
    try:
        dropped = drop_old(sink, wanted, time.time_ns() // 1_000_000)
    finally:
        sink.close()
    for name in dropped:
        screen.line(f"Deleted {name}")
    screen.line(f"{counted(len(dropped), 'file')} deleted; kept: {kept}.")
