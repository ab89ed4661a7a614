"""A catalog that was lost, or is older than the indices, is made whole from the server; what somebody deleted is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import HTTPError

import pytest
import structlog
from conftest import Done
from servers.process import ProcessServer
from servers.server import Wanted, ask

from cluster.cluster_samples import DAY_MS, T0, engine_at, indices, mail, sink_at, stored, told, write
from cluster.flaky import Fault, Proxy
from ingest.sinks.elasticsearch import ElasticsearchSink
from mappings.elasticsearch.catalog import ClusterCatalog
from mappings.elasticsearch.connection import Access, Connection
from mappings.elasticsearch.names import IndexNames, Period
from mappings.elasticsearch.ranges import Listed, Range
from mappings.elasticsearch.retention import Retention
from search.query import Query
from search.scope import EVERYTHING

Run = Callable[..., Done]
Harm = Callable[[str, str], None]
#: The first moment of the day of `T0`.
MONDAY = T0 - T0 % DAY_MS


@pytest.fixture
def cluster(mailtrace: Run, es_url: str, es_prefix: str) -> Run:
    """Run `mailtrace` with the cluster as its store, and give its words without line breaks."""

    def run(*arguments: str, **environ: str) -> Done:
        done = mailtrace(*arguments, **{"MAILTRACE_STORE": es_url, "MAILTRACE_ELASTICSEARCH_PREFIX": es_prefix} | environ)
        return Done(done.returncode, " ".join(done.stdout.split()), " ".join(done.stderr.split()))

    return run


@pytest.fixture
def repository() -> Iterator[str]:
    """Give a folder for snapshots, which the user that the server runs as may write to."""
    with TemporaryDirectory(prefix="snapshots-") as folder:
        Path(folder).chmod(0o777)
        yield folder


def catalog(url: str, prefix: str) -> dict[str, tuple[int, int]]:
    """The ranges in the catalog, by the days in the names of their indices."""
    ranges = told(ask(f"{url}/{prefix}-meta/_doc/catalog"))["_source"]["body"]["ranges"]
    return {one["name"].rpartition("-")[2]: (one["lower_ms"], one["upper_ms"]) for one in ranges}


def without_document(url: str, prefix: str) -> None:
    """Delete the catalog."""
    ask(f"{url}/{prefix}-meta/_doc/catalog", "DELETE")


def without_meta(url: str, prefix: str) -> None:
    """Delete the whole index in which it is."""
    ask(f"{url}/{prefix}-meta", "DELETE")


def with_older(url: str, prefix: str) -> None:
    """Put a catalog back as it was when there were two indices only."""
    held = told(ask(f"{url}/{prefix}-meta/_doc/catalog"))["_source"]
    held["body"]["ranges"] = held["body"]["ranges"][:2]
    ask(f"{url}/{prefix}-meta/_doc/catalog", "PUT", body=held)


every_harm = pytest.mark.parametrize("harm", [without_document, without_meta, with_older])


def days(*numbers: int, version: int = 1) -> list[Any]:
    """A message of each of these days, in the middle of the day."""
    return [mail(number, time_ms=MONDAY + number * DAY_MS + DAY_MS // 2, version=version) for number in numbers]


@every_harm
def test_late_documents_find_their_index_after_the_catalog_was_lost(harm: Harm, es_url: str, es_prefix: str) -> None:
    """Documents that are written again go where they are, whatever the period was then and is now; none is there twice."""
    sink = sink_at(es_url, es_prefix)
    write(sink, days(0, 1, 3))
    sink.close()
    weekly = sink_at(es_url, es_prefix, period=Period.WEEK)
    write(weekly, days(8, 12))
    weekly.close()
    before, known = indices(es_url, es_prefix), catalog(es_url, es_prefix)
    harm(es_url, es_prefix)
    again = sink_at(es_url, es_prefix)
    write(again, [*days(0, 1, 3, 8, 12, version=2), *days(2, 10, 20)])
    assert again.older_than_kept == 0
    again.close()
    assert indices(es_url, es_prefix) == sorted([*before, "2025.11.26", "2025.12.14"])
    held = stored(es_url, es_prefix)
    assert (len(held), sorted(held.values())) == (8, [1] * 3 + [2] * 5)
    healed = catalog(es_url, es_prefix)
    assert {name: healed[name] for name in known} == known


@every_harm
def test_retention_knows_indices_that_the_catalog_lacks(harm: Harm, es_url: str, es_prefix: str, cluster: Run) -> None:
    """What is too old goes, by age and by size, though no catalog names it; what is left is known afterwards."""
    sink = sink_at(es_url, es_prefix)
    write(sink, days(*range(6)))
    sink.close()
    harm(es_url, es_prefix)
    connection = Connection(Access((es_url,)))
    retention = Retention(connection, IndexNames(es_prefix))
    assert [one.name[-2:] for one in retention.by_age(2 * DAY_MS, MONDAY + 5 * DAY_MS)] == ["24", "25", "26"]
    assert list(catalog(es_url, es_prefix)) == ["2025.11.27", "2025.11.28", "2025.11.29"]
    harm(es_url, es_prefix)
    size = sum(retention.sizes().values())
    assert [one.name[-2:] for one in retention.by_size(size - 1)] == ["27"]
    harm(es_url, es_prefix)
    done = cluster("retention", "--keep", "30d")
    assert done.stdout.endswith("2 indices deleted; kept: 30d.")
    assert indices(es_url, es_prefix) == []
    connection.close()


def test_retention_finishes_what_it_left_half_done_and_names_what_is_not_ours(es_url: str, es_prefix: str, cluster: Run) -> None:
    """An index that the catalog forgot and the server still has is deleted; one that is not of the store is named, and stays."""
    sink = sink_at(es_url, es_prefix)
    write(sink, days(0, 1, 2))
    sink.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mappings.elasticsearch.catalog.ClusterCatalog._delete", lambda _self, _dropped: None)
        cluster("retention", "--keep", "30d")
    assert (catalog(es_url, es_prefix), len(indices(es_url, es_prefix))) == ({}, 3)
    late = sink_at(es_url, es_prefix)
    write(late, days(1, version=2))
    assert late.older_than_kept == 1
    late.close()
    ask(f"{es_url}/{es_prefix}-traces-2025.11.01", "PUT", body={"mappings": {"dynamic": True}})
    done = cluster("retention", "--keep", "30d").stdout
    assert "3 indices deleted; kept: 30d." in done
    assert done.endswith(f"Note: left alone. These indices were not made from the index template: {es_prefix}-traces-2025.11.01.")
    assert indices(es_url, es_prefix) == ["2025.11.01"]


def test_two_ingesters_go_on_when_the_catalog_is_lost(es_url: str, es_prefix: str) -> None:
    """The meta index goes while two write, each another log domain: both stay writers, a third is refused, nothing is lost or doubled."""
    sinks = [sink_at(es_url, es_prefix, lease_s=3.0) for _ in range(2)]
    for number, sink in enumerate(sinks):
        sink.claim(f"mx{number}")
    ends = threading.Event()
    count = [0, 0]

    def run(number: int) -> None:
        while not ends.is_set():
            one = count[number]
            write(sinks[number], [mail(2 * one + number, time_ms=MONDAY + one % 40 * DAY_MS + 2 * one + number)])
            sinks[number].note_progress({f"mx{number}": T0 + one})
            count[number] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        time.sleep(1.2)
        without_meta(es_url, es_prefix)
    until = time.monotonic() + 20
    while _writers(es_url, es_prefix) < 2:
        assert time.monotonic() < until
        time.sleep(0.1)
    ends.set()
    for thread in threads:
        thread.join()
    third = sink_at(es_url, es_prefix)
    with pytest.raises(Exception, match="Another run or ingest"):
        third.claim("mx0")
    third.close()
    assert len(stored(es_url, es_prefix)) == sum(count)
    assert list(catalog(es_url, es_prefix)) == indices(es_url, es_prefix)
    mapping = told(ask(f"{es_url}/{es_prefix}-meta/_mapping"))[f"{es_prefix}-meta"]["mappings"]
    assert (mapping["dynamic"], set(mapping["properties"])) == ("strict", {"kind", "body"})
    for sink in sinks:
        assert sink.older_than_kept == 0
        sink.close()


def test_a_catalog_that_goes_between_reading_and_writing_it_is_begun_anew(es_url: str, es_prefix: str) -> None:
    """The server refuses a conditional write into an index that is gone (404), as one of a document that changed (409)."""
    sink = sink_at(es_url, es_prefix)
    write(sink, days(0, 1))
    sink.close()
    connection = Connection(Access((es_url,)))
    held = ClusterCatalog(connection, IndexNames(es_prefix))
    harms = [without_meta, without_document]

    def chosen(listed: Listed) -> list[Range]:
        if harms:
            harms.pop()(es_url, es_prefix)
        return list(listed.ranges[:1])

    assert [one.name[-2:] for one in held.drop(chosen)] == ["24"]
    assert (harms, list(catalog(es_url, es_prefix)), indices(es_url, es_prefix)) == ([], ["2025.11.25"], ["2025.11.25"])
    connection.close()


def _writers(url: str, prefix: str) -> int:
    """How many are registered as writers."""
    try:
        ask(f"{url}/{prefix}-meta/_refresh", "POST")
        found: int = told(ask(f"{url}/{prefix}-meta/_count?q=kind:writer"))["count"]
    except HTTPError as error:
        error.close()
        return 0
    return found


def test_catalog_and_index_lost_together_lose_no_document(es_url: str, es_prefix: str) -> None:
    """Who begins anew under a running ingester loses nothing of what it writes from then on: nobody has said that it is not kept."""
    sink = sink_at(es_url, es_prefix)
    write(sink, days(0, 1))
    ask(f"{es_url}/{es_prefix}-traces-2025.11.24,{es_prefix}-traces-2025.11.25,{es_prefix}-meta", "DELETE")
    write(sink, days(0, 1, version=2))
    assert sink.older_than_kept == 0
    sink.close()
    assert stored(es_url, es_prefix) == {trace.id: 2 for trace in days(0, 1)}


def test_doctor_takes_in_what_the_catalog_lacks(es_url: str, es_prefix: str, cluster: Run) -> None:
    """With --look it says what is lacking and changes nothing; without, it takes it in, puts back the alias, and is content after that."""
    sink = sink_at(es_url, es_prefix)
    write(sink, days(0, 1))
    sink.close()
    without_document(es_url, es_prefix)
    ask(f"{es_url}/{es_prefix}-traces-2025.11.25/_alias/{es_prefix}", "DELETE")
    lacked = f"The catalog lacked the index {es_prefix}-traces-2025.11.24, with mail from 2025-11-24T00:00:00Z to 2025-11-25T00:00:00Z."
    looked = cluster("doctor", "--look")
    assert looked.returncode == 1
    assert f"note {lacked} The next ingest takes it in." in looked.stdout
    assert (
        f"bad These indices are not in the alias {es_prefix}, so that no search sees them: {es_prefix}-traces-2025.11.25." in looked.stdout
    )
    done = cluster("doctor")
    assert f"ok Put the index {es_prefix}-traces-2025.11.25 into the alias, from which it was missing." in done.stdout
    assert f"ok {lacked} It is taken in now." in done.stdout
    assert (done.returncode, "2 traces." in done.stdout) == (0, True)
    assert "lacked" not in cluster("doctor", "--look").stdout
    assert list(catalog(es_url, es_prefix)) == ["2025.11.24", "2025.11.25"]


def test_doctor_names_strays(es_url: str, es_prefix: str, cluster: Run) -> None:
    """Whatever bears our names or is in our alias and is not of the store is named with the reason, also what overlaps."""
    sink = sink_at(es_url, es_prefix, period=Period.WEEK)
    write(sink, days(0, 3))
    sink.close()
    strict = {"mappings": {"dynamic": "strict"}}
    ask(f"{es_url}/{es_prefix}-restored", "PUT", body={**strict, "aliases": {es_prefix: {}}})
    ask(f"{es_url}/{es_prefix}-traces-2025.11.26", "PUT", body={})
    ask(f"{es_url}/{es_prefix}-traces-2025.13.41", "PUT", body={})
    ask(f"{es_url}/{es_prefix}-traces-2025.10.01", "PUT", body={})
    ask(f"{es_url}/{es_prefix}-traces-2025.10.01/_close", "POST")
    found = cluster("doctor")
    assert found.returncode == 1
    overlap = f"hold times that belong to {es_prefix}-traces-2025.11.24, and retention leaves them alone: {es_prefix}-traces-2025.11.26."
    for part in (
        f"are in the alias {es_prefix} and bear no name of ours: {es_prefix}-restored, {es_prefix}-traces-2025.13.41.",
        f"are closed, and must be opened: {es_prefix}-traces-2025.10.01.",
        overlap,
    ):
        assert f"bad These indices {part}" in found.stdout


def test_an_index_that_somebody_deleted_is_told_until_its_lines_are_read_again(
    es_url: str, es_prefix: str, cluster: Run, tmp_path: Path
) -> None:
    """Answers about its time are incomplete and say what to do, others are not; late lines do not bring it back; reading again does."""
    log = tmp_path / "mail.log"
    with log.open("w", encoding="utf-8") as file:
        for day in (24, 25, 26):
            stamp, ident = f"2025-11-{day}T10:00:00+00:00 mx1", f"A{day}B2C3D4E5"
            file.write(f"{stamp} postfix/qmgr[7]: {ident}: from=<ann@example.org>, size=1, nrcpt=1 (queue active)\n")
            file.write(f"{stamp} postfix/smtp[8]: {ident}: to=<bob@example.net>, relay=mx[192.0.2.1]:25, dsn=2.0.0, status=sent (250 ok)\n")
            file.write(f"{stamp} postfix/qmgr[7]: {ident}: removed\n")
    assert cluster("ingest", "--once", str(log)).returncode == 0
    ask(f"{es_url}/{es_prefix}-traces-2025.11.25", "DELETE")
    lost = (
        f"The index {es_prefix}-traces-2025.11.25 was deleted, and not by Mail Trace: mail from 2025-11-25T00:00:00Z to"
        " 2025-11-26T00:00:00Z is missing. Read it again: mailtrace ingest --once --rebuild --since 2025-11-25T00:00:00Z --until"
        " 2025-11-26T00:00:00Z PATHS"
    )
    late = sink_at(es_url, es_prefix)
    with structlog.testing.capture_logs() as logged:
        write(late, days(1))
        write(late, days(1, version=2))
    assert (late.older_than_kept, [one["detail"] for one in logged]) == (2, [lost])
    late.close()

    def asked(*options: str) -> tuple[bool, list[str]]:
        answer = json.loads(cluster("search", "--format", "json", *options).stdout)
        return answer["complete"], [warning for warning in answer["warnings"] if warning.startswith("The index")]

    assert asked() == asked("--since", "2025-11-25T12:00:00Z") == asked("--until", "2025-11-25T12:00:00Z") == (False, [lost])
    assert asked("--until", "2025-11-25T00:00:00Z") == asked("--since", "2025-11-26T00:00:00Z") == (True, [])
    doctor = cluster("doctor")
    assert (doctor.returncode, f"bad {lost}" in doctor.stdout) == (1, True)
    assert cluster("ingest", "--once", "--rebuild", str(log)).returncode == 0
    assert asked() == (True, [])
    assert cluster("doctor").returncode == 0
    assert len(stored(es_url, es_prefix)) == 3


def test_what_a_lifecycle_policy_deletes_is_not_missed(es_url: str, es_prefix: str) -> None:
    """The server deletes the oldest, as it was told to; a gap behind an older index is one all the same."""
    sink = sink_at(es_url, es_prefix)
    write(sink, days(0, 1, 2, 3))
    sink.close()
    held = told(ask(f"{es_url}/{es_prefix}-meta/_doc/catalog"))["_source"]
    held["body"]["lifecycle"] = True
    ask(f"{es_url}/{es_prefix}-meta/_doc/catalog", "PUT", body=held)
    ask(f"{es_url}/{es_prefix}-traces-2025.11.24", "DELETE")
    engine = engine_at(es_url, es_prefix)
    assert engine.search(Query(), EVERYTHING, limit=1).complete
    engine.close()
    ask(f"{es_url}/{es_prefix}-traces-2025.11.26", "DELETE")
    engine = engine_at(es_url, es_prefix)
    assert [warning[:60] for warning in engine.search(Query(), EVERYTHING, limit=1).warnings] == [
        f"The index {es_prefix}-traces-2025.11.26 was deleted, and not"[:60]
    ]
    engine.close()


def test_a_running_writer_sees_that_a_deleted_index_is_there_again(es_url: str, es_prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody deleted and put back is written to again, without a start of the ingester."""
    monkeypatch.setattr("mappings.elasticsearch.catalog._LOOK_S", 0.0)
    sink = sink_at(es_url, es_prefix)
    write(sink, days(0))
    ask(f"{es_url}/{es_prefix}-traces-2025.11.24", "DELETE")
    write(sink, days(0, version=2))
    assert sink.older_than_kept == 1
    ask(f"{es_url}/{es_prefix}-traces-2025.11.24", "PUT")
    write(sink, days(0, version=3))
    sink.close()
    assert stored(es_url, es_prefix) == {days(0)[0].id: 3}


def test_a_snapshot_without_the_catalog_is_restored_in_parts(
    elasticsearch_with: Callable[[Wanted], ProcessServer], repository: str, es_prefix: str
) -> None:
    """All is deleted; some indices come back out of a snapshot, then the others, without their alias: each is written to, none doubled."""
    server = elasticsearch_with(Wanted(settings={"path.repo": repository}))
    url = server.url
    sink = ElasticsearchSink(Access((url,)), names=IndexNames(es_prefix))
    write(sink, days(0, 1, 2, 3))
    sink.close()
    ask(f"{url}/_snapshot/repository", "PUT", body={"type": "fs", "settings": {"location": repository}})
    ask(f"{url}/_snapshot/repository/one?wait_for_completion=true", "PUT", body={"indices": f"{es_prefix}-*"})
    ask(f"{url}/{es_prefix}-traces-2025.11.24,{es_prefix}-traces-2025.11.25,{es_prefix}-traces-2025.11.26", "DELETE")
    ask(f"{url}/{es_prefix}-traces-2025.11.27,{es_prefix}-meta", "DELETE")
    restore = f"{url}/_snapshot/repository/one/_restore?wait_for_completion=true"
    ask(restore, "POST", body={"indices": f"{es_prefix}-traces-2025.11.24,{es_prefix}-traces-2025.11.26"})
    sink = sink_at(url, es_prefix)
    write(sink, days(0, 2, version=2))
    assert indices(url, es_prefix) == ["2025.11.24", "2025.11.26"]
    rest = f"{es_prefix}-traces-2025.11.25,{es_prefix}-traces-2025.11.27"
    ask(restore, "POST", body={"indices": rest, "include_aliases": False})
    write(sink, days(0, 1, 2, 3, version=3))
    sink.close()
    assert stored(url, es_prefix) == {trace.id: 3 for trace in days(0, 1, 2, 3)}
    assert list(catalog(url, es_prefix)) == indices(url, es_prefix)
    connection = Connection(Access((url,)))
    retention = Retention(connection, IndexNames(es_prefix))
    assert [stray.name[-2:] for stray in retention.strays] == []
    assert len(retention.by_age(0, MONDAY + 9 * DAY_MS)) == 4
    connection.close()


def test_a_shard_that_is_too_large_is_told(es_url: str, es_prefix: str, cluster: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above 50 GB a shard doctor names the index and says what to set; below it says nothing."""
    sink = sink_at(es_url, es_prefix)
    write(sink, days(0))
    sink.close()
    assert "A shard" not in cluster("doctor").stdout
    monkeypatch.setattr("mailtrace.cli.doctor_cluster.MOST_SHARD_BYTES", 1_000)
    assert f"note A shard of the index {es_prefix}-traces-2025.11.24 has " in cluster("doctor").stdout


def test_an_outage_is_told_once_and_its_end_too(es_url: str, es_prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server, or a part of it, that is away is waited for: one line when it begins, one when it is over, and nothing is lost."""
    monkeypatch.setattr("mappings.elasticsearch.connection.LONGEST_PAUSE_S", 0.2)
    monkeypatch.setattr("ingest.sinks.patience._SHORT_S", 0.1)
    with Proxy(es_url) as proxy, structlog.testing.capture_logs() as logged:
        sink = sink_at(proxy.url, es_prefix)
        for fault in (Fault.CUT, Fault.UNAVAILABLE, Fault.BUSY):
            left = [8]

            def choose(_method: str, path: str, _body: bytes, fault: Fault = fault, left: list[int] = left) -> Fault:
                left[0] -= path.startswith("/_bulk")
                return fault if left[0] > 0 and path.startswith("/_bulk") else Fault.NONE

            proxy.choose = choose
            logged.clear()
            write(sink, [mail(number) for number in range(20)])
            assert [one["event"] for one in logged] == ["store_waits", "store_answers"]
        sink.close()
    assert len(stored(es_url, es_prefix)) == 20
