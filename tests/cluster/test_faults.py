"""Servers that say "later", lose connections and answers, or die: at the end every message is there, once."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
from conftest import Done
from servers.server import Server, ask

from cluster.cluster_samples import engine_at, mail, sink_at, stored, write
from cluster.flaky import Fault, Proxy
from ingest.sinks.elasticsearch import ElasticsearchSink
from mappings.elasticsearch.connection import Access
from mappings.elasticsearch.faults import StoreAway, StoreRefused
from mappings.elasticsearch.names import IndexNames
from mappings.faults import StoreError
from search.query import Query
from search.scope import EVERYTHING

BATCHES, BATCH = 40, 50


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less between tries, and send small bodies, so that much happens in little time."""
    monkeypatch.setattr("mappings.elasticsearch.connection.FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr("mappings.elasticsearch.connection.LONGEST_PAUSE_S", 0.2)
    monkeypatch.setattr("ingest.sinks.elasticsearch_senders.MOST_DOCUMENTS", 60)


def written(sink: ElasticsearchSink) -> dict[str, int]:
    """Write many batches, some documents several times in higher versions; what must be stored: each id with its version."""
    expected: dict[str, int] = {}
    for number in range(BATCHES):
        batch = [mail(one) for one in range(number * BATCH, (number + 1) * BATCH)]
        batch += [mail(one, version=2 + number) for one in range(0, number * BATCH, 97)]
        sink.submit(batch)
        for trace in batch:
            expected[trace.id] = max(trace.version, expected.get(trace.id, 0))
    return expected


@pytest.mark.parametrize("seed", [1, 2])
def test_every_message_is_there_once_behind_a_flaky_server(es_url: str, es_prefix: str, seed: int) -> None:
    """429, 503, cut connections, lost answers and half-taken batches: nothing is lost, doubled or rolled back, and all is acknowledged."""
    chance = random.Random(seed)
    faults = [fault for fault in Fault if fault not in (Fault.NONE, Fault.TOO_LARGE)]

    def choose(_method: str, path: str, _body: bytes) -> Fault:
        if chance.random() < 0.5:
            return Fault.NONE
        fault = chance.choice(faults)
        return fault if path.startswith("/_bulk?filter_path=errors,items") or fault is not Fault.PARTLY else Fault.NONE

    with Proxy(es_url) as proxy:
        sink = sink_at(proxy.url, es_prefix)
        proxy.choose = choose
        expected = written(sink)
        found = sink.find([mail(97).keys[0]])
        sink.flush()
        tickets = sink.acknowledged()
        counts, sent_again = dict(proxy.counts), sink.senders.sent_again
        proxy.choose = lambda _method, _path, _body: Fault.NONE
        sink.close()
    assert [trace.version for trace in found] == [expected[mail(97).id]]
    assert sorted(tickets) == list(range(1, BATCHES + 1))
    assert stored(es_url, es_prefix) == expected
    assert sent_again > 0
    print(f"{len(expected)} messages stored once each; requests: {counts}; documents sent again: {sent_again}")


@pytest.mark.parametrize(("refused", "answered"), [(2, True), (99, False)])
def test_a_search_waits_a_moment_for_a_young_index(es_url: str, es_prefix: str, refused: int, answered: bool) -> None:
    """A server that cannot search yet is asked again for a moment, and not for ever."""
    sink = sink_at(es_url, es_prefix)
    write(sink, [mail(1)])
    sink.close()
    left = [refused]

    def choose(_method: str, path: str, _body: bytes) -> Fault:
        if "_search" not in path:
            return Fault.NONE
        left[0] -= 1
        return Fault.UNAVAILABLE if left[0] >= 0 else Fault.NONE

    with Proxy(es_url, choose) as proxy:
        engine = engine_at(proxy.url, es_prefix)
        if answered:
            assert engine.count(Query(), EVERYTHING) == 1
        else:
            with pytest.raises(StoreAway):
                engine.count(Query(), EVERYTHING)
        engine.close()


def test_a_question_waits_a_moment_for_a_young_catalog(es_url: str, es_prefix: str) -> None:
    """So it is with the index that holds what the store knows of itself, which is a document that is only read."""
    sink = sink_at(es_url, es_prefix)
    write(sink, [mail(1)])
    sink.close()
    refused: list[str] = []

    def choose(method: str, path: str, _body: bytes) -> Fault:
        if method != "GET" or f"{es_prefix}-meta/_doc" not in path or refused.count(path) == 2:
            return Fault.NONE
        refused.append(path)
        return Fault.UNAVAILABLE

    with Proxy(es_url, choose) as proxy:
        engine = engine_at(proxy.url, es_prefix)
        assert len(engine.search(Query(), EVERYTHING, limit=5).traces) == 1
        engine.close()
    assert refused


def test_every_message_is_there_once_after_the_server_was_killed(elasticsearch_to_kill: Server, es_prefix: str) -> None:
    """The server is killed in the middle of an ingest and started again: the writer waits, goes on, and nothing is lost or doubled."""
    url = elasticsearch_to_kill.url
    sink = sink_at(url, es_prefix)
    expected: dict[str, int] = {}
    acknowledged: list[int] = []
    restart = threading.Thread(target=elasticsearch_to_kill.start)
    for number in range(BATCHES):
        batch = [mail(one) for one in range(number * BATCH, (number + 1) * BATCH)]
        batch += [mail(one, version=2 + number) for one in range(0, number * BATCH, 97)]
        expected |= {trace.id: trace.version for trace in batch}
        sink.submit(batch)
        if number == BATCHES // 2:
            while not acknowledged:
                acknowledged += sink.acknowledged()
            elasticsearch_to_kill.kill()
            restart.start()
    # The server is away or just coming up: a look-up waits for it.
    assert [trace.version for trace in sink.find([mail(97).keys[0]])] == [expected[mail(97).id]]
    sink.flush()
    restart.join()
    acknowledged += sink.acknowledged()
    again = sink.senders.sent_again
    sink.close()
    assert sorted(acknowledged) == list(range(1, BATCHES + 1))
    assert stored(url, es_prefix) == expected
    assert again > 0
    print(f"{len(expected)} messages stored once each; {again} documents sent again after the kill")


def test_memory_is_bounded_while_the_server_is_away(es_url: str, es_prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer whose store takes nothing is made to wait; it goes on when the store does."""
    monkeypatch.setattr("ingest.sinks.elasticsearch_senders.MOST_WAITING", 200_000)
    busy = threading.Event()
    busy.set()
    with Proxy(es_url, lambda _m, path, _b: Fault.BUSY if busy.is_set() and path.startswith("/_bulk") else Fault.NONE) as proxy:
        sink = sink_at(proxy.url, es_prefix)
        submitted: list[int] = []
        reached = threading.Event()

        def run() -> None:
            for number in range(100):
                sink.submit([mail(number * 100 + one, vendor="x" * 500) for one in range(100)])
                submitted.append(number)
                reached.set()

        thread = threading.Thread(target=run)
        thread.start()
        assert reached.wait(10)
        while proxy.counts[Fault.BUSY] < 6:
            busy.wait(0.01)
        assert len(submitted) < 10
        busy.clear()
        thread.join()
        sink.flush()
        sink.close()
    assert len(stored(es_url, es_prefix)) == 10_000


def test_closing_does_not_wait_for_ever(es_url: str, es_prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a server that takes nothing, an end is still an end; what it lacks was never acknowledged."""
    monkeypatch.setattr("ingest.sinks.patience.AFTER_STOP_S", 0.5)
    with Proxy(es_url) as proxy:
        sink = sink_at(proxy.url, es_prefix)
        proxy.choose = lambda _method, path, _body: Fault.CUT if path.startswith("/_bulk") else Fault.NONE
        sink.submit([mail(1)])
        sink.close()
        with pytest.raises(StoreError, match=r"does not answer: .*\. Documents not written: 1; their lines will be read again\.$"):
            sink.acknowledged()


def test_a_stop_while_the_server_is_away_is_a_stop(
    mailtrace: Callable[..., Done], es_url: str, es_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked to stop, the ingester waits a little longer, ends with one sentence, and at the next start nothing is missing."""
    monkeypatch.setattr("ingest.sinks.patience.AFTER_STOP_S", 0.5)
    with Proxy(es_url) as proxy:
        asked = threading.Event()

        def choose(_method: str, path: str, _body: bytes) -> Fault:
            if not path.startswith("/_bulk?filter_path=errors,items"):
                return Fault.NONE
            if not asked.is_set():
                asked.set()
                os.kill(os.getpid(), signal.SIGTERM)
            return Fault.CUT

        proxy.choose = choose
        settings = {"MAILTRACE_STORE": proxy.url, "MAILTRACE_ELASTICSEARCH_PREFIX": es_prefix}
        log = str(files("mailtrace.demo") / "mail.log.gz")
        done = mailtrace("ingest", "--once", log, **settings)
        assert done.returncode == 1
        last = done.stderr.splitlines()[-1]
        assert "does not answer" in last
        assert last.endswith("; their lines will be read again.")
        assert not stored(es_url, es_prefix)
        proxy.choose = lambda _method, _path, _body: Fault.NONE
        assert mailtrace("ingest", "--once", log, **settings).returncode == 0
    own = {"MAILTRACE_DATA": str(tmp_path / "embedded")}
    assert mailtrace("ingest", "--once", log, **own).returncode == 0
    everything = mailtrace("search", "--format", "jsonl", "--limit", "0", **own).stdout
    assert mailtrace("search", "--format", "jsonl", "--limit", "0", **(settings | {"MAILTRACE_STORE": es_url})).stdout == everything


@pytest.mark.parametrize(
    ("status", "fault"), [(Fault.BUSY, StoreAway), (Fault.UNAVAILABLE, StoreAway), (Fault.CUT, StoreAway), (Fault.TOO_LARGE, StoreRefused)]
)
def test_a_question_is_answered_or_fails_in_one_sentence(es_url: str, es_prefix: str, status: Fault, fault: type[StoreError]) -> None:
    """The engine never hangs or shows the client's own errors."""
    with Proxy(es_url, lambda _m, _p, _b: status) as proxy:
        engine = engine_at(proxy.url, es_prefix)
        questions: list[Callable[[], object]] = [
            lambda: engine.search(Query(), EVERYTHING, limit=1),
            lambda: engine.count(Query(), EVERYTHING),
            lambda: list(engine.walk(Query(), EVERYTHING)),
            lambda: engine.get(mail(1).id, EVERYTHING),
            lambda: engine.find(["m:x"], EVERYTHING),
            lambda: engine.codes_seen(EVERYTHING),
            engine.state,
        ]
        for question in questions:
            with pytest.raises(fault) as caught:
                question()
            assert str(caught.value).startswith("Elasticsearch ")
            assert str(caught.value).count("\n") == 0
        engine.close()


def test_a_server_that_is_not_there_is_said_at_the_beginning() -> None:
    """A wrong address ends a start at once, in one sentence that names it."""
    with pytest.raises(StoreAway, match=r"^Elasticsearch at http://127\.0\.0\.1:9 does not answer: .+\.$"):
        sink_at("http://user:secret@127.0.0.1:9", "mailtrace")


def test_another_node_answers_when_one_is_away(es_url: str, es_prefix: str) -> None:
    """With several nodes set, one that is away is passed over."""
    sink = ElasticsearchSink(Access(("http://127.0.0.1:9", es_url)), names=IndexNames(es_prefix))
    for number in range(10):
        write(sink, [mail(number)])
    sink.close()
    assert len(stored(es_url, es_prefix)) == 10


def test_a_part_that_does_not_answer_is_said(es_url: str, es_prefix: str) -> None:
    """Where one index fails, a page gives what the others have and says so; what must be whole fails instead."""
    sink = sink_at(es_url, es_prefix)
    write(sink, [mail(1), mail(2)])
    sink.close()
    # An index that somebody else made, with another type for a field.
    other = f"{es_prefix}-other"
    ask(f"{es_url}/{other}", "PUT", body={"mappings": {"properties": {"mailtrace.sender": {"type": "long"}}}})
    ask(f"{es_url}/_aliases", "POST", body={"actions": [{"add": {"index": other, "alias": es_prefix}}]})
    engine = engine_at(es_url, es_prefix)
    question = Query(sender=("ann*",))
    page = engine.search(question, EVERYTHING, limit=5)
    assert ({trace.id for trace in page.traces}, page.complete, page.total.relation) == ({mail(1).id, mail(2).id}, False, "gte")
    assert page.warnings[0].startswith("1 of 2 parts of the store did not answer: ")
    for whole in (lambda: engine.count(question, EVERYTHING), lambda: list(engine.walk(question, EVERYTHING))):
        with pytest.raises(StoreError, match="1 of 2 parts of the store did not answer"):
            whole()
    assert engine.search(Query(), EVERYTHING, limit=5).complete
    engine.close()
