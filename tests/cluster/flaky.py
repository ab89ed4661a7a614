"""A real HTTP proxy before a real server, that answers "later", cuts connections and loses answers when a test says so."""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit


class Fault(StrEnum):
    """What happens to a request."""

    NONE = "none"
    #: 429 for the whole of it; nothing is done.
    BUSY = "busy"
    #: 503 for the whole of it.
    UNAVAILABLE = "unavailable"
    #: The connection is cut before anything is done.
    CUT = "cut"
    #: All of it is done, and the connection is cut before the answer.
    LOST_ANSWER = "lost answer"
    #: Every second document is stored, and the others are told to come later.
    PARTLY = "partly"
    #: 413: the body is too large.
    TOO_LARGE = "too large"


class _Server(ThreadingHTTPServer):
    """A server that says nothing of clients that are gone."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client was killed in the middle, as tests do; all else is told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Proxy:
    """Stands before a server; `choose` decides by method, path and body what happens to each request."""

    def __init__(self, url: str, choose: Callable[[str, str, bytes], Fault] = lambda _m, _p, _b: Fault.NONE) -> None:
        self.choose = choose
        self.counts: Counter[Fault] = Counter()
        #: Requests wait here until it is set.
        self.open = threading.Event()
        self.open.set()
        parts = urlsplit(url)
        handler = type("Handler", (_Handler,), {"proxy": self, "host": parts.hostname, "port": parts.port})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.open.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    """Passes requests on, or not."""

    protocol_version = "HTTP/1.1"
    # Answers in one piece: two small ones would wait for each other's acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    proxy: ClassVar[Proxy]
    host: ClassVar[str]
    port: ClassVar[int]

    def _any(self) -> None:
        """One request."""
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.proxy.open.wait(60)
        fault = self.proxy.choose(self.command, self.path, body)
        self.proxy.counts[fault] += 1
        if fault is Fault.CUT:
            self.close_connection = True
            return
        if fault in (Fault.BUSY, Fault.UNAVAILABLE, Fault.TOO_LARGE):
            status = {Fault.BUSY: 429, Fault.UNAVAILABLE: 503, Fault.TOO_LARGE: 413}[fault]
            self._answer(status, json.dumps({"error": {"type": "made_up", "reason": "made up by a test"}, "status": status}).encode())
            return
        if fault is Fault.PARTLY:
            self._partly(body)
            return
        try:
            status, answer = self._forward(body)
        except (OSError, HTTPException):
            self.close_connection = True
            return
        if fault is Fault.LOST_ANSWER:
            self.close_connection = True
            return
        self._answer(status, answer)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _any  # noqa: N815 - the names that its base class looks for

    def _partly(self, body: bytes) -> None:
        """Store every second document of a bulk body."""
        lines = body.splitlines(keepends=True)
        pairs = [lines[number : number + 2] for number in range(0, len(lines), 2)]
        status, answer = self._forward(b"".join(line for pair in pairs[::2] for line in pair))
        told: dict[str, Any] = json.loads(answer)
        items: list[Any] = []
        for number in range(len(pairs)):
            busy = {"index": {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "made up by a test"}}}
            items.append(told["items"][number // 2] if number % 2 == 0 else busy)
        self._answer(status, json.dumps({"errors": True, "items": items}).encode())

    def _forward(self, body: bytes) -> tuple[int, bytes]:
        """Ask the server."""
        connection = HTTPConnection(self.host, self.port, timeout=30)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection", "content-length")}
            connection.request(self.command, self.path, body or None, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def _answer(self, status: int, body: bytes) -> None:
        """Answer the client, if it is still there."""
        with suppress(OSError):
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Say nothing."""
