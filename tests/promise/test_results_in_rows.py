"""Every filter result is in a row: what a filter said of somebody's mail is in a trace, whatever ids it names."""

from __future__ import annotations

import pytest
from canonical import documents
from captures import RUNS, Form
from reading import Place, read

from ingest.joining.event import LiveEvent
from ingest.memory import memory
from ingest.memory.arriving import Arrival, arrival_of
from mappings.facts import Judged, Scanned

#: Two messages without a Message-ID in one second, of which the scanner saw one in the other's: which is whose is not told.
_UNTOLD = 2


@pytest.mark.parametrize("form", RUNS, ids=str)
def test_every_result_is_in_a_row(form: Form, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that name a recipient all are; of those that name nobody, all but what could be about two messages."""
    results: dict[str, bool] = {}

    def noting(event: LiveEvent, **known: bool) -> Arrival:
        if isinstance(event.fact, Scanned | Judged):
            results[event.digest] = bool(event.fact.people())
        return arrival_of(event, **known)

    monkeypatch.setattr(memory, "arrival_of", noting)
    read(place, form.unpacked(place.logs), timezone=form.zone)
    told = {event["hash"] for document in documents(place.store).values() for event in document.get("events", ())}
    left = [names_somebody for digest, names_somebody in results.items() if digest not in told]
    assert not any(left)
    assert len(left) <= _UNTOLD
