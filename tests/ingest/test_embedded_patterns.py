"""Patterns that no index can be entered by: a whole index is read where that is less than the rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from embedded_samples import DAY_MS, T0, files, mail, writing

from mappings import identity
from mappings.embedded.packing import Packer
from mappings.embedded.schema import PARTITION_STEPS, open_reader
from search.engines.embedded_files import OpenFile
from search.engines.embedded_plan import Plan, Span
from search.engines.embedded_sql import criteria
from search.query import Query

#: One in fifty is sought, ten of eleven are common.
RARE, COMMON = "anna.rossi@example.org", "bob.meyer@example.org"
SIX_DAYS = 6 * DAY_MS
_WALK = "SEARCH t USING PRIMARY KEY"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenFile]:
    """Give a file of some days, whose connection tells what it reads."""
    folder = tmp_path_factory.mktemp("store")
    traces = [
        mail(
            number,
            T0 + number * SIX_DAYS // 5_000,
            recipient=RARE if number % 50 == 0 else COMMON,
            recipient_domain="example.org",
            original_recipient="info@rossi.example" if number % 1_000 == 1 else None,
        )
        for number in range(5_000)
    ]
    with writing(folder) as sink:
        sink.submit(traces)
    path = folder / files(folder)[0]
    connection = open_reader(path, PARTITION_STEPS)
    assert connection is not None
    with closing(connection):
        yield OpenFile(connection, Packer(connection), path.stat().st_ino)


def read(file: OpenFile, query: Query, days: int = 7) -> tuple[int, set[str]]:
    """How many fit among the first so many days, and how `trace` is gone through for that."""
    said: list[str] = []
    span = Span(identity.to_bytes(identity.smallest(T0)), identity.to_bytes(identity.smallest(T0 + days * DAY_MS)))
    file.connection.set_trace_callback(said.append)
    try:
        plan = Plan(file.connection, criteria(query.node(), file), span)
        found = len(plan.rows(5_000))
        assert plan.count(10_000) == found
    finally:
        file.connection.set_trace_callback(None)
    steps = [step for one in said if "GLOB" in one for *_, step in file.connection.execute(f"EXPLAIN QUERY PLAN {one}")]
    return found, {step.partition(" (")[0] for step in steps if "COVERING INDEX" in step or step.startswith(("SCAN t", _WALK + " (id>"))}


def test_a_rare_pattern_is_found_in_its_indexes(file: OpenFile) -> None:
    """Indexes are read and no rows, of the recipient and of the original one."""
    found, how = read(file, Query(recipient=("*rossi*",)))
    assert (found, sorted(how)) == (
        105,
        ["SCAN s USING COVERING INDEX by_recipient", "SEARCH s USING COVERING INDEX by_original_recipient"],
    )
    assert read(file, Query(recipient=("*zzqx*",)))[0] == 0


def test_what_is_rarer_is_asked_first(file: OpenFile) -> None:
    """Where another criterion leads to few rows, no index is read whole."""
    assert read(file, Query(recipient=("*rossi*",), queue_id=("Q100",))) == (0, set())


def test_a_common_pattern_walks_the_newest_rows(file: OpenFile) -> None:
    """Its first page is there at once; the index is left as soon as it is seen to be common."""
    found, how = read(file, Query(recipient=("*meyer*",)))
    assert found == 4_900
    assert _WALK in how


def test_a_short_time_reads_its_own_rows(file: OpenFile) -> None:
    """Rows of an hour are fewer than an index of days."""
    found, how = read(file, Query(recipient=("*rossi*",)), days=1)
    assert (found, how) == (18, {_WALK})
