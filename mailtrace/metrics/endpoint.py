"""`/metrics` on a port of its own: the figures of several collectors as one page for Prometheus."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

import structlog
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import choose_encoder

from mailtrace.problems import CouldNot, of_os_error

_log = structlog.get_logger(__name__)

PATH = "/metrics"
#: Seconds for one piece of a request, and requests that are answered at the same time; more are turned away.
_PATIENCE_S, _MOST = 5.0, 8


class Collector(Protocol):
    """Gives families of figures; called by several threads."""

    def collect(self) -> Iterable[Family]:
        """The figures as they stand now."""
        ...


class Together:
    """Several collectors as one: a family that more than one of them has stands there once, as the format wants it."""

    def __init__(self, collectors: Sequence[Collector]) -> None:
        self._collectors = collectors

    def collect(self) -> Iterator[Family]:
        """All families."""
        families: dict[str, Family] = {}
        for collector in self._collectors:
            for one in collector.collect():
                known = families.setdefault(one.name, one)
                if known is not one:
                    known.samples += one.samples
        yield from families.values()


class _Server(ThreadingHTTPServer):
    """A server of a few threads, for a few who ask."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], collector: Collector) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.collector = collector
        self._room = threading.BoundedSemaphore(_MOST)
        super().__init__(address, _Handler)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for one more."""
        return self._room.acquire(blocking=False)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make room."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A fault of ours is logged; whoever went away is not."""
        _log.error("metrics_failed", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    """One connection, one answer."""

    server: _Server
    timeout = _PATIENCE_S

    def do_GET(self) -> None:
        """Give the figures, in the form that is asked for."""
        if self.path.partition("?")[0] != PATH:
            self.send_error(404, f"The figures are at {PATH}")
            return
        encode, kind = choose_encoder(self.headers.get("Accept", ""))
        page = encode(self.server.collector)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def handle(self) -> None:
        """Handle it; whoever goes away is no fault."""
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Who asked is no news."""

    def version_string(self) -> str:
        """Nothing about what answers."""
        return "mailtrace"


@contextmanager
def exposed(host: str, port: int, collectors: Sequence[Collector]) -> Iterator[tuple[str, int]]:
    """Show figures while the block runs; gives the address. Raises `CouldNot` where nobody can listen there."""
    try:
        server = _Server((host, port), Together(collectors))
    except OSError as error:
        raise CouldNot(f"cannot show metrics on {host}:{port}: {of_os_error(error)}") from None
    thread = threading.Thread(target=server.serve_forever, args=(0.2,), name="metrics", daemon=True)
    thread.start()
    try:
        yield host, server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
