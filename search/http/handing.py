"""Handing questions over: behind the frame, so that who may ask, places, cookies and the audit log are of one process.

What streams, what changes anything and what tells of this process is answered here.
"""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import quote

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPRequestEvent, HTTPScope, Message, Receive, Scope, Send

from search.http.elsewhere import Answered, Handed
from search.http.export import STREAMS
from search.http.sessions import VISIT
from search.http.site import Site
from search.http.state import Way, put, way_of

_API = "/api/v1"
_PAGES = frozenset({"/trace", "/trace/counted", "/trace/fields", "/domains", "/insights", "/errors"})
_CALLS = frozenset({f"{_API}/{name}" for name in ("traces", "domains", "counts", "errors", "differs", "complete")})
#: What stands below these is of one thing, such as a report.
_EACH = ("/trace/", "/errors/", f"{_API}/traces/", f"{_API}/errors/")
_HERE = frozenset({"/trace/export", "/trace/live", f"{_API}/traces/live"})
_NOTHING_MORE: HTTPRequestEvent = {"type": "http.request", "body": b"", "more_body": False}


class Handing:
    """An ASGI application in front of the one that answers."""

    def __init__(self, inner: ASGIApp, site: Site) -> None:
        self._inner = inner
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have one request answered elsewhere, or here."""
        answer = await self._answer(scope) if scope["type"] == ScopeType.HTTP and may_be_handed(scope) else None
        if answer is None:
            await self._inner(scope, receive, send)
            return
        way = way_of(scope)
        way.what, way.rows = answer.what, answer.rows
        scope["path_template"] = answer.route
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body, "more_body": False})

    async def _answer(self, scope: HTTPScope) -> Answered | None:
        """The answer of another process, where there is one."""
        way, elsewhere, places = way_of(scope), self._site.elsewhere, self._site.places
        if elsewhere is None or way.caller is None or not elsewhere.takes(len(places)):
            return None
        # Where there is none for one more, that is told here.
        if not places.take(way.caller.name):
            return None
        way.place = way.caller.name
        answer = await elsewhere.ask(_handed(scope))
        if answer is None:
            places.give_back(way.place)
            way.place = None
        return answer


def may_be_handed(scope: HTTPScope) -> bool:
    """Whether a request asks the store, and for an answer in one piece."""
    path = scope["path"]
    if scope["method"] != "GET" or path in _HERE or not (path in _PAGES or path in _CALLS or path.startswith(_EACH)):
        return False
    accept = ",".join(value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"accept")
    return not (path.startswith(_API) and any(kind in accept for kind in STREAMS))


async def answered(app: ASGIApp, site: Site, handed: Handed) -> Answered:
    """Answer a question that was handed over, by what answers the requests of a site."""
    way = Way(handed.request_id, handed.caller, bodiless=handed.bodiless)
    scope = _scope(handed)
    put(scope, way)
    if handed.visit:
        scope["state"][VISIT] = handed.visit
    start: Message | None = None
    body: list[bytes] = []
    asked = False

    async def receive() -> Any:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()
        asked = True
        return _NOTHING_MORE

    async def send(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
        elif message["type"] == "http.response.body":
            body.append(message["body"])

    try:
        await app(scope, receive, send)
    finally:
        if way.place is not None:
            site.places.give_back(way.place)
    if start is None or start["type"] != "http.response.start":
        raise RuntimeError("no answer was begun")
    return Answered(start["status"], list(start["headers"]), b"".join(body), way.what, way.rows, str(scope.get("path_template", "")))


def _handed(scope: HTTPScope) -> Handed:
    """A request as it crosses."""
    way = way_of(scope)
    assert way.caller is not None  # noqa: S101 - nobody else is handed over
    return Handed(
        request_id=way.request_id,
        caller=way.caller,
        bodiless=way.bodiless,
        visit=scope["state"].get(VISIT, ""),
        http_version=scope["http_version"],
        scheme=str(scope["scheme"]),
        path=scope["path"],
        query_string=scope["query_string"],
        headers=list(scope["headers"]),
        client=scope["client"],
        server=scope["server"],
    )


def _scope(handed: Handed) -> Any:
    """The request again, as a server would give it."""
    return {
        "type": ScopeType.HTTP,
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": handed.http_version,
        "method": "GET",
        "scheme": handed.scheme,
        "path": handed.path,
        "raw_path": quote(handed.path).encode(),
        "query_string": handed.query_string,
        "root_path": "",
        "headers": handed.headers,
        "client": handed.client,
        "server": handed.server,
        "state": {},
    }
