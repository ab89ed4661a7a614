"""What is told of a message is let go of at once: circles of objects would keep its lines until the cyclic collector runs.

While logs are read the collector runs seldom (`mailtrace.collector`), for each run looks through all that is in memory.
"""

from __future__ import annotations

import gc
from collections import Counter
from pathlib import Path

import pytest
from captures import RUNS, Form
from reading import Place, read
from stores import Embedded

#: An event and its place know each other, until a document has the event.
_HEART = ("ingest.telling", "ingest.memory", "ingest.joining.life", "ingest.joining.message", "ingest.joining.parts", "mappings.")


@pytest.mark.parametrize("form", RUNS, ids=str)
def test_reading_leaves_nothing_of_the_heart_to_the_cyclic_collector(form: Form, tmp_path: Path) -> None:
    """Neither nodes nor messages nor what is told of them stand in a circle; what a file is opened with may."""
    (tmp_path / "logs").mkdir()
    place = Place(tmp_path / "logs", tmp_path / "data", Embedded(tmp_path / "store"))
    files = form.unpacked(place.logs)
    gc.collect()
    gc.disable()
    try:
        # Kept, so that what is in memory by right is no rubbish.
        ingest = read(place, files, timezone=form.zone)
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        kinds = Counter(f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    assert ingest.summary.lines
    assert not {kind: count for kind, count in kinds.items() if kind.startswith(_HEART)}
