"""A filter on a host of its own: its log names the queue file, and not the host that the queue file is on."""

from __future__ import annotations

import re
from itertools import permutations
from typing import Any

import pytest
from canonical import documents, must_be_same
from captures import Form, written
from reading import SHORTEST, USUAL, Place, Times, read

from ingest.options import LogDomain, SourceSetting
from mappings.trace import Trace
from mappings.vocabulary import Disposition, Verdict
from promise.conftest import COARSE, FINE, MILTER
from search.query import Query
from search.scope import EVERYTHING

_DOMAIN = LogDomain("site", ("mx1", "filter1"))
#: The host of a filter's line, and what its results name of the queue file and of the run.
_FILTERS_HOST = re.compile(rb"(?m)^(\S+|\w{3} [ \d]\d [\d:]{8}) \S+( (?:amavis|clamd)\[)")
_QUEUE_ID = re.compile(rb", Queue-ID: [0-9A-Za-z]+(?=, |$)", re.MULTILINE)
_MAIL_ID = re.compile(rb", mail_id: [0-9A-Za-z_+-]+(?=, |$)", re.MULTILINE)


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
    assert any(verdict is not Verdict.NOT_SCANNED for _, _, _, verdict, *_ in _told(two))


@pytest.mark.parametrize(
    "less", [(), (_QUEUE_ID,), (_MAIL_ID,), (_QUEUE_ID, _MAIL_ID)], ids=["all", "no queue id", "no mail id", "neither"]
)
@pytest.mark.parametrize("form", [FINE, COARSE], ids=str)
def test_a_filter_behind_the_queue_on_a_host_of_its_own(form: Form, less: tuple[re.Pattern[bytes], ...], place: Place) -> None:
    """The same is told when its results name fewer ids: its log id in the answers is enough, and means the same on each host."""
    one, two = place.beside("one"), place.beside("two")
    read(one, form.unpacked(place.logs))
    contents = {name: _FILTERS_HOST.sub(rb"\1 filter1\2", content) for name, content in form.contents().items()}
    for names_it in less:
        contents = {name: names_it.sub(b"", content) for name, content in contents.items()}
    assert contents != form.contents()
    read(two, written(place.logs, contents), log_domains=(_DOMAIN,))
    assert _told(one) == _told(two)


@pytest.mark.parametrize("order", [0, 1], ids=["mail server first", "filter first"])
def test_whichever_of_both_hosts_is_read_first(order: int, place: Place) -> None:
    """Also without the queue id in its results, which are then found by the log id."""
    (content,) = FINE.contents().values()
    lines = _QUEUE_ID.sub(b"", _FILTERS_HOST.sub(rb"\1 filter1\2", content)).splitlines(keepends=True)
    of_filter = [line for line in lines if b" filter1 " in line]
    parts = {"mx.log": b"".join(line for line in lines if b" filter1 " not in line), "filter.log": b"".join(of_filter)}
    together, apart = place.beside("together"), place.beside("apart")
    read(together, written(place.logs, parts), log_domains=(_DOMAIN,))
    for name in list(parts)[:: -1 if order else 1]:
        read(apart, written(place.logs, {name: parts[name]}), log_domains=(_DOMAIN,))
    must_be_same(documents(together.store), documents(apart.store))


def _told(place: Place) -> list[tuple[list[str], str, Disposition, Verdict, str, float]]:
    """The queue ids, recipient, disposition, verdict, quarantine id and score of every trace."""
    engine = place.store.engine()
    try:
        found: list[Trace] = list(engine.walk(Query(), EVERYTHING))
    finally:
        engine.close()
    return sorted((t.queue_ids, t.recipient or "", t.disposition, t.verdict, t.quarantine_id or "", t.score or 0.0) for t in found)
