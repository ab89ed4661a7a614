"""A filter on a host of its own: its log names the queue file, and not the host that the queue file is on."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from canonical import documents, must_be_same
from captures import written
from reading import SHORTEST, USUAL, Place, Times, read

from ingest.options import LogDomain, SourceSetting
from mappings.trace import Trace
from mappings.vocabulary import Disposition, Verdict
from promise.conftest import MILTER
from search.query import Query
from search.scope import EVERYTHING

_DOMAIN = LogDomain("site", ("mx1", "filter1"))


def _read(place: Place, names: tuple[str, ...], times: Times, **options: Any) -> None:
    """Read files of the capture, Rspamd's as one of a host of its own."""
    contents = MILTER.contents()
    files = written(place.logs, {name: contents[name] for name in names})
    rspamd = SourceSetting(str(place.logs / "rspamd.log"), log_host="filter1")
    read(place, files, times, log_domains=(_DOMAIN,), sources=(rspamd,), log_host="mx1", **options)


@pytest.mark.parametrize("times", [USUAL, SHORTEST], ids=str)
@pytest.mark.parametrize("order", list(permutations(("mail.log", "rspamd.log"))), ids="-".join)
def test_whichever_host_is_read_first(order: tuple[str, ...], times: Times, place: Place) -> None:
    """One log domain: the filter's results come to the messages, in one run or one host after the other."""
    together, apart = place.beside("together"), place.beside("apart")
    _read(together, ("mail.log", "rspamd.log"), times)
    for name in order:
        _read(apart, (name,), times)
    must_be_same(documents(together.store), documents(apart.store))


def test_they_are_the_same_as_on_one_host(place: Place) -> None:
    """What became of each message and what the filter thought does not depend on where the filter runs."""
    one, two = place.beside("one"), place.beside("two")
    read(one, MILTER.unpacked(place.logs), log_host="mx1")
    _read(two, ("mail.log", "rspamd.log"), USUAL)
    assert _told(one) == _told(two)
    assert any(verdict is not Verdict.NOT_SCANNED for *_, verdict in _told(two))


def _told(place: Place) -> list[tuple[list[str], str, Disposition, Verdict]]:
    """The queue ids, recipient, disposition and verdict of every trace."""
    engine = place.store.engine()
    try:
        found: list[Trace] = list(engine.walk(Query(), EVERYTHING))
    finally:
        engine.close()
    return sorted((t.queue_ids, t.recipient or "", t.disposition, t.verdict) for t in found)
