"""A store to which a newer release has written: what is not known here is neither damage nor lost, and left as it stands."""

from __future__ import annotations

from contextlib import closing

import pytest
from canonical import documents, must_be_same

from earlier import newer
from earlier.conftest import Left, lefts
from earlier.kept import KEPT, read_all
from mappings.faults import StoreTooNew
from mappings.vocabulary import Direction, Disposition, Verdict
from search.query import Query
from search.scope import EVERYTHING

#: The latest that is kept is enough: what is unknown is so in each.
newest = lefts("cut", only=max(KEPT, key=lambda kept: kept.meta.revision))


@newest
def test_what_a_newer_release_wrote_is_found_and_reported(left: Left) -> None:
    """Every trace is listed, counted by domain and by time, and reported; a closed word that is none here is the one for that."""
    newer.rewrite(left.store, newer.everything, newer.NEWER)
    with left.mail() as mail:
        assert {trace.id for trace in mail.walk()} == left.told.keys()
        assert mail.count() == len(left.told)
        assert (mail.search(limit=1000).complete, mail.lacking()) == (True, [])
        over_time = mail.over_time(Query(), [0, 1 << 42]).counts
        assert sum(sum(counts.values()) for counts in over_time) == len(left.told)
        assert {"example.com", "example.org"} <= mail.domains().keys()
        for told in left.told.values():
            report = mail.report(told.id)
            assert report is not None
            assert len(report.timeline) == told.lines
            assert all(step.raw for step in report.timeline)
            found = report.trace
            assert (found.disposition, found.verdict, found.direction) == (Disposition.UNKNOWN, Verdict.UNKNOWN, Direction.UNKNOWN)


@newest
def test_a_newer_release_is_not_turned_back(left: Left) -> None:
    """Lines that belong to a trace of a newer release are not read: written anew it would lose what is not known here."""
    newer.rewrite(left.store, newer.everything, newer.NEWER)
    before = versions(left)
    with pytest.raises(StoreTooNew, match="written by a newer release"):
        read_all(left.kept.meta.sources, left.place)
    after = versions(left)
    assert {one: after[one] for one in before} == before
    with left.mail() as mail:
        assert mail.lacking() == []


@newest
def test_lines_read_again_tell_what_was_not_understood(left: Left) -> None:
    """A fact in a document of this revision that is not known here stops nothing; reading its line again puts all in order."""
    newer.rewrite(left.store, newer.facts, 0)
    sources = left.kept.meta.sources
    read_all(sources, left.place)
    read_all(sources, left.place, rebuild=True)
    read_all(sources, left.plain)
    must_be_same(documents(left.plain.store), documents(left.store))


def versions(left: Left) -> dict[str, int]:
    """The version of each document that is there."""
    with closing(left.store.engine()) as engine:
        return {trace.id: trace.version for trace in engine.walk(Query(), EVERYTHING)}
