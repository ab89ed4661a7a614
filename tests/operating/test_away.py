"""A store that is away, as it is seen from outside: told in the figures, and no reason to be killed."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from cluster.flaky import Fault, Proxy
from stores import Cluster
from watched import watched
from written_mail import expected, found, log, traffic


def test_a_cluster_that_is_away_is_told_and_waited_for(es_url: str, es_prefix: str, tmp_path: Path) -> None:
    """What waits is counted, signs of life go on, and when the cluster is back everything is well by itself."""
    mails = traffic(7, 30)
    notify = tmp_path / "notify"
    with Proxy(es_url) as proxy, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(notify))
        settings = {"MAILTRACE_STORE": proxy.url, "MAILTRACE_ELASTICSEARCH_PREFIX": es_prefix}
        with watched(tmp_path, "ingest", **settings, NOTIFY_SOCKET=str(notify), WATCHDOG_USEC="2000000") as program:
            program.wait_for(0.0, "mailtrace_store_away")
            proxy.choose = lambda _method, path, _body: Fault.CUT if "_bulk" in path or "_search" in path else Fault.NONE
            program.log.write_bytes(log(mails))
            program.wait_for(1.0, "mailtrace_store_away")
            _is_alive(manager)
            retries = program.value("mailtrace_store_retries_total")
            assert retries is not None
            assert retries > 0
            proxy.choose = lambda _method, _path, _body: Fault.NONE
            program.wait_for(0.0, "mailtrace_store_away")
            program.wait_for(0.0, "mailtrace_store_queue_documents")
            assert program.value("mailtrace_build_info", store="elasticsearch") == 1.0
            assert program.value("mailtrace_store_bytes") is not None
    assert found(Cluster(es_url, es_prefix)) == expected(mails)


def _is_alive(manager: socket.socket) -> None:
    """Signs of life come now, not only those that came before."""
    manager.setblocking(False)
    try:
        while manager.recv(100):
            pass
    except BlockingIOError:
        manager.settimeout(60)
    began = time.monotonic()
    assert [manager.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
    assert time.monotonic() > began
