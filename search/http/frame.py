"""What surrounds every request: where it lies, who asks, the headers of the answer, and the line in the audit log."""

from __future__ import annotations

import secrets
import time
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from litestar import Request
from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from search.access import Caller, caller
from search.http import audit
from search.http.problems import of_error, response
from search.http.sessions import VISIT, AnyRequest
from search.http.site import Site
from search.http.state import Way, put
from search.http.tokens import TokenError

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}
_API, _STATIC = "/api/", "/static/"
#: What anybody may ask for.
_PUBLIC = (_STATIC, "/sign-in", "/healthz", "/readyz", "/api/v1/openapi.json", "/favicon.ico")
#: Names by which this machine is called, where no token guards the service: a page elsewhere must not reach it by a name of its own.
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
_LONGEST_QUESTION = 4_000


class Frame:
    """An ASGI application around ours."""

    def __init__(self, inner: ASGIApp, site: Site) -> None:
        self._inner = inner
        self._site = site
        #: Whose scripts may read answers.
        self.origins = frozenset(site.origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; what is no request is passed on."""
        if scope["type"] != ScopeType.HTTP:
            await self._inner(scope, receive, send)
            return
        way = Way(secrets.token_hex(6))
        put(scope, way)
        below = self._below(scope["path"])
        request: AnyRequest = Request(scope)
        answer = _Answer(self, request, send, way)
        if below is None:
            await self._refuse(request, receive, answer, 404)
            return
        # What is inside lies at the root: some layers read `path`, some `raw_path`.
        scope["path"] = below
        scope["raw_path"] = quote(below).encode()
        if self._site.open and _name(request.headers.get("host") or "") not in _LOOPBACK | {""}:
            await self._refuse(request, receive, answer, 421)
            return
        if not below.startswith((_STATIC, _API)) and not request.cookies.get(VISIT):
            answer.cookie = self._site.sessions.visit(secure=is_secure(request))
            scope["state"][VISIT] = answer.cookie.value  # type: ignore[index, unused-ignore]
        try:
            way.caller = self._who(request)
        except (TokenError, OSError) as error:
            await of_error(request, error).to_asgi_response(app=None, request=request)(scope, receive, answer.send)
            return
        if way.caller is None and not below.startswith(_PUBLIC) and not self._is_preflight(request):
            await self._not_signed_in(request, receive, answer)
            return
        try:
            # To HEAD is answered as to GET; the server leaves the body away (RFC 9110, 9.3.2).
            inner: Scope = {**scope, "method": "GET"} if request.method == "HEAD" else scope
            answer.scope = inner
            await self._inner(inner, receive, answer.send)
        finally:
            # Also where the answer broke off, or nobody was there any more to take it.
            answer.finish()

    def _below(self, path: str) -> str | None:
        """The path below the base, whether a proxy took the base away or not; None where it lies elsewhere."""
        base = self._site.base
        if not base or not (path == base or path.startswith(f"{base}/")):
            return path
        return path[len(base) :] or "/"

    def _is_preflight(self, request: AnyRequest) -> bool:
        """Whether a browser asks what a page elsewhere may ask for; it sends no token with that, and learns nothing of mail."""
        asks = request.method == "OPTIONS" and "origin" in request.headers and "access-control-request-method" in request.headers
        return asks and bool(self._site.origins) and request.scope["path"].startswith(_API)

    def _who(self, request: AnyRequest) -> Caller | None:
        """Who asks, by the token that a program sends or with which somebody signed in; None where that is nobody we know."""
        site = self._site
        header = request.headers.get("authorization")
        if header is not None:
            kind, _, secret = header.partition(" ")
            token = site.tokens.of(secret.strip(), site.clock()) if kind.lower() == "bearer" else None
        elif (digest := site.sessions.digest_of(request)) is not None:
            token = site.tokens.of_digest(digest, site.clock())
        elif site.open and not site.tokens.configured():
            return site.anonymous()
        else:
            return None
        return None if token is None else caller(token.name, token.role, token.customers, token.domains, site.customers)

    async def _not_signed_in(self, request: AnyRequest, receive: Receive, answer: _Answer) -> None:
        """Send a person to the sign-in page, and tell a program."""
        path = request.scope["path"]
        if path.startswith(_API):
            await self._refuse(request, receive, answer, 401, {"www-authenticate": 'Bearer realm="mailtrace"'})
            return
        query = request.scope["query_string"].decode("latin-1")
        behind = quote(f"{path}?{query}" if query else path, safe="")
        location = f"{self._site.base}/sign-in" + (f"?next={behind}" if path != "/" else "")
        headers = [(b"location", location.encode()), (b"content-length", b"0")]
        await answer.send({"type": "http.response.start", "status": 303, "headers": headers})
        await answer.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _refuse(
        self, request: AnyRequest, receive: Receive, answer: _Answer, status: int, headers: dict[str, str] | None = None
    ) -> None:
        """Answer without asking anybody further."""
        words = {401: "A valid access token is needed.", 421: "Without an access token the service is reached as localhost only."}
        origin = request.headers.get("origin")
        if origin in self._site.origins:
            # Its scripts may read why.
            headers = {**(headers or {}), "access-control-allow-origin": origin or "", "vary": "Origin"}
        refused = response(request, status, words.get(status, HTTPStatus(status).phrase), headers=headers)
        await refused.to_asgi_response(app=None, request=request)(request.scope, receive, answer.send)

    def finished(self, request: AnyRequest, way: Way, route: str, status: int) -> None:
        """Tell of the answer, and write the line for the audit log."""
        if self._site.on_answer is not None:
            self._site.on_answer(route, status, time.perf_counter() - way.began)
        if not way.what:
            return
        who = way.caller
        self._site.audit.write(
            audit.Entry(
                time=audit.now(),
                request_id=way.request_id,
                who=who.name if who else "",
                role=who.role.value if who else "",
                address=request.client.host if request.client else "",
                what=way.what,
                question=_question(request)[:_LONGEST_QUESTION],
                rows=way.rows,
                status=status,
                took_ms=round((time.perf_counter() - way.began) * 1000, 1),
            )
        )


class _Answer:
    """Puts our headers on an answer, and sees its end."""

    def __init__(self, frame: Frame, request: AnyRequest, send: Send, way: Way) -> None:
        self._frame = frame
        self._request = request
        self._send = send
        self._way = way
        self._status = 0
        self._finished = False
        self.cookie: Any = None
        #: What was passed on to the routes, which write there which of them it was.
        self.scope: Scope | None = None

    async def send(self, message: Message) -> None:
        """Pass one message on."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableScopeHeaders.from_message(message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers["x-request-id"] = self._way.request_id
            if not self._request.scope["path"].startswith(_STATIC):
                # Mail is personal; and what one may see, the next may not.
                headers.setdefault("cache-control", "private, no-store")
                headers.extend_header_value("vary", "Authorization, Cookie")
            origin = self._request.headers.get("origin")
            if origin in self._frame.origins and "access-control-allow-origin" not in headers:
                # A script elsewhere may read what was refused before any handler saw it, too.
                headers["access-control-allow-origin"] = origin
                headers.extend_header_value("vary", "Origin")
            if self.cookie is not None:
                headers.add("set-cookie", self.cookie.to_header(header=""))
        if message["type"] == "http.response.body" and not message.get("more_body"):
            # Before it goes out: whoever has the answer finds it in the audit log.
            self.finish()
        await self._send(message)

    def finish(self) -> None:
        """Note the end of the answer, once."""
        if not self._finished:
            self._finished = True
            self._frame.finished(self._request, self._way, str(self.scope.get("path_template", "") if self.scope else ""), self._status)


def _name(host: str) -> str:
    """The name in a Host header, without the port, which may be left out."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and (not port or port.isdecimal()) else host.lower()


def is_secure(request: AnyRequest) -> bool:
    """Whether the browser reached us over TLS, as the server or a proxy that it trusts says."""
    return request.scope["scheme"] == "https"


def _question(request: AnyRequest) -> str:
    """The question as it stood in the URL."""
    query = request.scope["query_string"].decode("latin-1")
    return f"{request.scope['path']}?{query}" if query else request.scope["path"]
