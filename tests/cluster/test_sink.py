"""What the sink keeps of its promise towards a server: look-ups, tickets, refused documents, indices that stay dropped."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator

import pytest
from servers.server import ask

from cluster.cluster_samples import DAY_MS, T0, engine_at, indices, mail, sink_at, stored, told, write
from cluster.flaky import Fault, Proxy
from ingest.sinks.elasticsearch import ElasticsearchSink
from mappings import keys
from mappings.elasticsearch.connection import Access, Connection
from mappings.elasticsearch.names import IndexNames, Period
from mappings.elasticsearch.retention import Retention
from mappings.elasticsearch.template import Shape
from mappings.trace import Trace
from search.query import Query
from search.scope import EVERYTHING

#: No search sees anything by itself.
NEVER = Shape(refresh="-1")


@pytest.fixture
def proxy(es_url: str) -> Iterator[Proxy]:
    """Give a proxy that lets everything pass."""
    with Proxy(es_url) as made:
        yield made


@pytest.fixture
def blind(es_url: str, es_prefix: str) -> Iterator[ElasticsearchSink]:
    """Give a sink on indices that never refresh by themselves, whose map of what is new holds 100 documents a generation."""
    sink = sink_at(es_url, es_prefix, shape=NEVER, generation=100)
    yield sink
    sink.close()


def test_what_no_refresh_has_shown_is_found(blind: ElasticsearchSink) -> None:
    """A look-up finds what this process wrote, by every key, in its newest version, before any search can."""
    write(blind, [mail(number) for number in range(5)])
    assert blind.find(["q:mx/Q3"]) == [mail(3)]
    newer = mail(3, version=2, keys=["m:new"], sender="eve@example.org")
    write(blind, [newer])
    assert blind.find(["q:mx/Q3"]) == []
    assert blind.find(["m:new", "q:mx/Q4", "q:mx/none"]) in ([newer, mail(4)], [mail(4), newer])
    write(blind, [mail(3, version=1)])
    assert blind.find(["q:mx/Q3"]) == []


def test_a_search_s_older_version_is_not_believed(blind: ElasticsearchSink, es_url: str, es_prefix: str) -> None:
    """Where a refresh shows the first version and not the second, the second is what a look-up gives."""
    write(blind, [mail(1, keys=["m:both", "m:first"]), mail(2)])
    ask(f"{es_url}/{es_prefix}-*/_refresh", "POST")
    second = mail(1, version=2, keys=["m:both"])
    write(blind, [second])
    assert blind.find(["m:both"]) == [second]
    assert blind.find(["m:first"]) == []


def test_what_is_still_under_way_is_found(es_url: str, es_prefix: str, proxy: Proxy) -> None:
    """A look-up finds documents whose request has not been answered, but never an older version instead of a stored newer one."""
    sink = sink_at(proxy.url, es_prefix, shape=NEVER)
    write(sink, [mail(1, version=7, size=7)])
    held = threading.Event()

    def choose(_method: str, path: str, _body: bytes) -> Fault:
        if path.startswith("/_bulk"):
            held.wait(30)
        return Fault.NONE

    proxy.choose = choose
    ticket = sink.submit([mail(1, version=3, size=3), mail(2, size=2)])
    assert [trace.size for trace in sink.find(["q:mx/Q1", "q:mx/Q2"])] in ([7, 2], [2, 7])
    # The first ticket was acknowledged before; the second is not while its request is held.
    assert ticket not in sink.acknowledged()
    held.set()
    sink.flush()
    assert sink.acknowledged() == [ticket]
    sink.close()


def test_the_map_of_what_is_new_stays_small(blind: ElasticsearchSink) -> None:
    """Full generations are given up after a refresh, and everything is found as before."""
    for start in range(0, 1000, 50):
        write(blind, [mail(number) for number in range(start, start + 50)])
    assert len(blind.find([keys.queue("mx", f"Q{number}") for number in range(1000)])) == 1000
    assert blind.recent.documents() <= 200


def test_hundreds_of_keys_are_looked_up_at_once(es_url: str, es_prefix: str) -> None:
    """One look-up takes thousands of keys, gives each document once, and needs a few requests only."""
    with Proxy(es_url) as proxy:
        sink = sink_at(proxy.url, es_prefix)
        shared = [keys.message_id("same@example.org")]
        write(sink, [mail(number, keys=[keys.queue("mx", f"Q{number}"), *shared], time_ms=T0 + number * 60_000) for number in range(2500)])
        sink.close()
        again = sink_at(proxy.url, es_prefix)
        proxy.counts.clear()
        wanted = [keys.queue("mx", f"Q{number}") for number in range(0, 2500, 2)]
        assert {trace.queue_ids[0] for trace in again.find(wanted)} == {f"Q{number}" for number in range(0, 2500, 2)}
        assert len(again.find(shared)) == 2500
        assert proxy.counts.total() < 20
        again.close()


def test_a_long_key_is_found_too(blind: ElasticsearchSink, es_url: str, es_prefix: str) -> None:
    """A key longer than a keyword can be is stored, given back whole, and found, with its likes told apart."""
    long, other = keys.message_id("x" * 40_000), keys.message_id("x" * 39_999 + "y")
    write(blind, [mail(1, keys=[long]), mail(2, keys=[other], message_id="x" * 40_000)])
    ask(f"{es_url}/{es_prefix}-*/_refresh", "POST")
    assert blind.find([long]) == [mail(1, keys=[long])]
    engine = engine_at(es_url, es_prefix)
    assert [trace.keys for trace in engine.find([other], EVERYTHING)] == [[other]]
    engine.close()


def test_tickets_are_acknowledged_in_the_order_in_which_they_are_done(es_url: str, es_prefix: str, proxy: Proxy) -> None:
    """With two requests under way, the second may be durable first; each ticket is given when all its documents are."""
    sink = sink_at(proxy.url, es_prefix)
    held, seen = threading.Event(), threading.Event()

    def choose(_method: str, path: str, body: bytes) -> Fault:
        if path.startswith("/_bulk") and mail(1).id.encode() in body:
            seen.set()
            held.wait(30)
        return Fault.NONE

    proxy.choose = choose
    first = sink.submit([mail(1)])
    assert seen.wait(30)
    second = sink.submit([mail(2), mail(3)])
    acknowledged: list[int] = []
    while not acknowledged:
        acknowledged = sink.acknowledged()
    assert acknowledged == [second]
    held.set()
    sink.flush()
    assert sink.acknowledged() == [first]
    assert set(stored(es_url, es_prefix)) == {mail(number).id for number in (1, 2, 3)}
    sink.close()


def test_a_refused_document_is_kept_with_the_reason_and_the_rest_is_stored(es_url: str, es_prefix: str) -> None:
    """What the server cannot take is told with the server's own words; its ticket is acknowledged behind that, and its batch stored."""
    refused: list[tuple[Trace, str]] = []
    sink = sink_at(es_url, es_prefix, on_refused=lambda trace, reason: refused.append((trace, reason)))
    bad = [mail(3, size=1 << 63), mail(7, version=-1), mail(8, size=1 << 70)]
    good = [mail(number) for number in (1, 2, 4, 5)]
    ticket = sink.submit([*good[:2], *bad, *good[2:]])
    sink.flush()
    assert sink.acknowledged() == [ticket]
    assert {trace.id for trace, _ in refused} == {trace.id for trace in bad}
    assert {trace.size for trace, _ in refused} == {trace.size for trace in bad}
    assert "mailtrace.size" in next(reason for trace, reason in refused if trace.id == bad[0].id)
    assert (sink.refused, set(stored(es_url, es_prefix))) == (3, {trace.id for trace in good})
    assert sink.find(bad[0].keys) == []
    sink.close()


def test_a_body_that_is_too_large_is_cut(es_url: str, es_prefix: str) -> None:
    """Where a proxy takes small bodies only, they are halved, down to the one document that is too large."""
    refused: list[str] = []
    with Proxy(es_url, lambda _m, path, body: Fault.TOO_LARGE if path.startswith("/_bulk") and len(body) > 5000 else Fault.NONE) as proxy:
        sink = sink_at(proxy.url, es_prefix, on_refused=lambda trace, _reason: refused.append(trace.id))
        write(sink, [*(mail(number) for number in range(50)), mail(99, vendor="x" * 6000)])
        assert refused == [mail(99).id]
        assert len(stored(es_url, es_prefix)) == 50
        sink.close()


def test_an_update_never_brings_a_dropped_index_back(es_url: str, es_prefix: str) -> None:
    """What retention, or anybody else, has deleted is not made anew by a late document, in this process or another."""
    sink = sink_at(es_url, es_prefix)
    days = [mail(number, time_ms=T0 + number * DAY_MS) for number in range(4)]
    write(sink, days)
    assert indices(es_url, es_prefix) == ["2025.11.24", "2025.11.25", "2025.11.26", "2025.11.27"]
    connection = Connection(Access((es_url,)))
    retention = Retention(connection, IndexNames(es_prefix))
    dropped = retention.by_age(DAY_MS, T0 + 3 * DAY_MS)
    assert [one.name.rpartition("-")[2] for one in dropped] == ["2025.11.24", "2025.11.25"]
    assert retention.by_age(DAY_MS, T0 + 3 * DAY_MS) == []
    ask(f"{es_url}/{es_prefix}-traces-2025.11.26", "DELETE")
    later = [mail(number, time_ms=T0 + number * DAY_MS, version=2) for number in range(4)]
    write(sink, later)
    another = sink_at(es_url, es_prefix)
    write(another, later)
    for one in (sink, another):
        assert one.older_than_kept == 3
        one.close()
    assert indices(es_url, es_prefix) == ["2025.11.27"]
    assert stored(es_url, es_prefix) == {days[3].id: 2}
    connection.close()


def test_retention_by_size_keeps_the_newest(es_url: str, es_prefix: str) -> None:
    """The oldest indices go until the rest is small enough; the newest stays however large it is."""
    sink = sink_at(es_url, es_prefix)
    write(sink, [mail(number, time_ms=T0 + number % 3 * DAY_MS + number) for number in range(300)])
    sink.close()
    connection = Connection(Access((es_url,)))
    retention = Retention(connection, IndexNames(es_prefix))
    sizes = retention.sizes()
    assert retention.by_size(sum(sizes.values())) == []
    assert [one.name for one in retention.by_size(sum(sizes.values()) - 1)] == [f"{es_prefix}-traces-2025.11.24"]
    assert [one.name for one in retention.by_size(1)] == [f"{es_prefix}-traces-2025.11.25"]
    assert indices(es_url, es_prefix) == ["2025.11.26"]
    connection.close()


def test_another_period_makes_no_second_copy(es_url: str, es_prefix: str) -> None:
    """When indices shall hold months instead of days, what is there stays where it is, and is updated there."""
    sink = sink_at(es_url, es_prefix)
    write(sink, [mail(1), mail(2, time_ms=T0 + 3 * DAY_MS)])
    sink.close()
    monthly = sink_at(es_url, es_prefix, period=Period.MONTH)
    write(monthly, [mail(1, version=2), mail(3, time_ms=T0 + DAY_MS), mail(4, time_ms=T0 - DAY_MS), mail(5, time_ms=T0 + 4 * DAY_MS)])
    monthly.close()
    assert indices(es_url, es_prefix) == ["2025.11.01", "2025.11.24", "2025.11.25", "2025.11.27", "2025.11.28"]
    assert stored(es_url, es_prefix)[mail(1).id] == 2
    weekly = sink_at(es_url, es_prefix, period=Period.WEEK)
    write(weekly, [mail(6, time_ms=T0 + 20 * DAY_MS)])
    weekly.close()
    assert indices(es_url, es_prefix)[-1] == "2025.12.08"


def test_several_writers_make_one_catalog(es_url: str, es_prefix: str) -> None:
    """Writers that begin at once, and make the same indices at once, lose nothing and make nothing twice."""
    sinks = [sink_at(es_url, es_prefix) for _ in range(4)]
    begin = threading.Barrier(4)

    def run(number: int, sink: ElasticsearchSink) -> None:
        chance = random.Random(number)
        days = list(range(6))
        chance.shuffle(days)
        begin.wait()
        for day in days:
            write(sink, [mail(number * 100 + day, time_ms=T0 + day * DAY_MS)])

    threads = [threading.Thread(target=run, args=(number, sink)) for number, sink in enumerate(sinks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stored(es_url, es_prefix)) == 24
    catalog = told(ask(f"{es_url}/{es_prefix}-meta/_doc/catalog"))["_source"]["body"]["ranges"]
    assert [one["name"].rpartition("-")[2] for one in catalog] == indices(es_url, es_prefix)
    assert len(catalog) == 6
    for sink in sinks:
        sink.close()


def test_the_newest_time_is_known_before_and_after_a_restart(es_url: str, es_prefix: str) -> None:
    """The greatest time of each log domain counts what is stored and what was just submitted."""
    sink = sink_at(es_url, es_prefix)
    assert sink.newest_ms("mx") is None
    sink.submit([mail(9, last_event_ms=T0 + 80)])
    assert sink.newest_ms("mx") == T0 + 80
    write(sink, [mail(1, last_event_ms=T0 + 500), mail(2, last_event_ms=T0 + 90), mail(3, log_domain="other", last_event_ms=T0 + 900)])
    sink.close()
    again = sink_at(es_url, es_prefix)
    assert (again.newest_ms("mx"), again.newest_ms("other"), again.newest_ms("none")) == (T0 + 500, T0 + 900, None)
    write(again, [mail(4, last_event_ms=T0 + 700)])
    assert again.newest_ms("mx") == T0 + 700
    again.close()


def test_closing_lets_searches_see_everything(es_url: str, es_prefix: str) -> None:
    """After an orderly end nothing waits for a refresh."""
    sink = sink_at(es_url, es_prefix, shape=NEVER)
    sink.submit([mail(number) for number in range(10)])
    sink.note_progress({"mx": T0})
    sink.close()
    engine = engine_at(es_url, es_prefix)
    assert (engine.count(Query(), EVERYTHING), dict(engine.state().read_up_to_ms)) == (10, {"mx": T0})
    engine.close()
