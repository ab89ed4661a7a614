"""One writer for each log domain, also among machines; a dead one is replaced."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading

import msgspec
import pytest
from servers.server import ask

from cluster.cluster_samples import mail, sink_at
from cluster.flaky import Fault, Proxy
from ingest.sinks import elasticsearch_lease
from ingest.sinks.elasticsearch_lease import Lease, LeaseOwner, Leases
from mappings.elasticsearch.connection import Access, Connection
from mappings.elasticsearch.names import IndexNames
from mappings.faults import StoreLocked

#: Claims a log domain, says so, and stays.
CLAIM = """
import sys
from ingest.sinks.elasticsearch import ElasticsearchSink
from mappings.elasticsearch.connection import Access
from mappings.elasticsearch.names import IndexNames
sink = ElasticsearchSink(Access((sys.argv[1],)), names=IndexNames(sys.argv[2]), lease_s=1.0)
sink.claim("mx")
print("claimed", flush=True)
sys.stdin.read()
"""


def claimed(url: str, prefix: str) -> subprocess.Popen[str]:
    """A process that writes the log domain `mx`."""
    process = subprocess.Popen(
        [sys.executable, "-c", CLAIM, url, prefix], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ}
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "claimed\n"
    return process


def ended(process: subprocess.Popen[str]) -> None:
    """Kill a process, and close what was open to it."""
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        assert stream is not None
        stream.close()


def test_a_second_writer_is_refused_in_one_sentence(es_url: str, es_prefix: str) -> None:
    """While one process writes a log domain, another may write others but not this one; when it has ended, it may."""
    first, second = sink_at(es_url, es_prefix, lease_s=1.0), sink_at(es_url, es_prefix, lease_s=1.0)
    first.claim("mx")
    first.claim("mx")
    second.claim("other")
    with pytest.raises(StoreLocked) as caught:
        second.claim("mx")
    assert f"process {os.getpid()} on " in str(caught.value)
    assert "writes the log domain mx to this store; stop it first" in str(caught.value)
    first.close()
    second.claim("mx")
    second.close()


def test_a_killed_writer_is_replaced_at_once(es_url: str, es_prefix: str) -> None:
    """A writer of this machine that was killed is known to be dead: nobody waits for its lease."""
    process = claimed(es_url, es_prefix)
    refused = sink_at(es_url, es_prefix, lease_s=1.0)
    with pytest.raises(StoreLocked):
        refused.claim("mx")
    refused.close()
    ended(process)
    # With a lease of ten minutes, only the certainty of its death lets the next one in within this test.
    sink = sink_at(es_url, es_prefix, lease_s=600)
    sink.claim("mx")
    sink.close()


def test_a_silent_writer_elsewhere_is_replaced_after_its_lease(es_url: str, es_prefix: str) -> None:
    """An owner on another machine that says nothing for the whole lease is taken for dead; one that does is not."""
    sink_at(es_url, es_prefix).close()
    connection = Connection(Access((es_url,)))
    leases = Leases(connection, IndexNames(es_prefix), lease_s=0.5)
    far = LeaseOwner("elsewhere", 4711, "another-boot", "pid:[1]", "1", "token")
    target = leases._target("mx")
    ask(f"{es_url}{target}", "PUT", body={"kind": "writer", "body": msgspec.to_builtins(Lease("mx", far))})
    leases.claim("mx")
    enough, begun = threading.Event(), threading.Event()

    def beat() -> None:
        number = 0
        while not enough.wait(0.05):
            number += 1
            ask(f"{es_url}{target}", "PUT", body={"kind": "writer", "body": msgspec.to_builtins(Lease("mx", far, number))})
            begun.set()

    thread = threading.Thread(target=beat)
    thread.start()
    other = Leases(connection, IndexNames(es_prefix), lease_s=2)
    try:
        assert begun.wait(10)
        with pytest.raises(StoreLocked, match="process 4711 on elsewhere"):
            other.claim("mx")
    finally:
        enough.set()
        thread.join()
    other.close()
    leases.close()
    connection.close()


def test_a_writer_that_was_replaced_stops(es_url: str, es_prefix: str) -> None:
    """A process that was away so long that another took over learns it from its next heartbeat, and writes no more."""
    sink = sink_at(es_url, es_prefix, lease_s=0.3)
    sink.claim("mx")
    far = LeaseOwner("elsewhere", 4711, "b", "s", "1", "token")
    body = {"kind": "writer", "body": msgspec.to_builtins(Lease("mx", far))}
    target = sink._leases._target("mx")
    ask(f"{es_url}{target}", "PUT", body=json.loads(json.dumps(body)))
    while sink._leases.lost is None:
        threading.Event().wait(0.02)
    with pytest.raises(StoreLocked, match="taken over the log domain mx"):
        sink.submit([mail(1)])
    sink.close()


def test_a_lost_answer_loses_no_lease(es_url: str, es_prefix: str) -> None:
    """Where only the answer to a heartbeat was lost, the owner stays the owner."""
    beats: list[int] = []

    def choose(method: str, path: str, _body: bytes) -> Fault:
        if method == "PUT" and "/_doc/writer-" in path:
            beats.append(1)
            return Fault.LOST_ANSWER if len(beats) % 2 else Fault.NONE
        return Fault.NONE

    with Proxy(es_url, choose) as proxy:
        sink = sink_at(proxy.url, es_prefix, lease_s=0.3)
        sink.claim("mx")
        while len(beats) < 8:
            threading.Event().wait(0.02)
        sink.submit([mail(1)])
        sink.flush()
        proxy.choose = lambda _method, _path, _body: Fault.NONE
        sink.close()


def test_owners_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process is dead or alive for certain only where it can be seen: same machine, same space of process numbers."""
    here = LeaseOwner.here()
    assert here.has_ended(here) is False
    other = msgspec.structs.replace
    assert other(here, boot="earlier").has_ended(here)
    assert other(here, pid=2**22 + 1).has_ended(here)
    assert other(here, began="1").has_ended(here)
    assert other(here, host="elsewhere", pid=2**22 + 1).has_ended(here) is None
    assert other(here, space="pid:[1]", pid=2**22 + 1).has_ended(here) is None
    assert other(here, boot="").has_ended(here) is None
    zombie = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = other(here, pid=zombie.pid, began=elasticsearch_lease._began(zombie.pid))
    assert owner.has_ended(here) is False
    zombie.kill()
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    assert owner.has_ended(here)
    zombie.communicate()
    monkeypatch.setattr(elasticsearch_lease, "_boot", lambda: "")
    assert LeaseOwner.here().boot == ""
