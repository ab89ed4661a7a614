"""What surrounds every request: where it lies, who asks, the headers of the answer, and the line in the audit log."""

from __future__ import annotations

import secrets
import time
from http import HTTPStatus
from urllib.parse import quote

import structlog
from litestar import Request
from litestar.datastructures import Cookie, MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPDisconnectEvent, Message, Receive, Scope, Send

from search.http import audit
from search.http.callers import bearer, caller_of
from search.http.problems import RETRY_S, of_error, response
from search.http.refusing import note_sums, refused, wait_turn
from search.http.sessions import AnyRequest, is_secure
from search.http.site import Site
from search.http.state import Way, put, way_of
from search.http.tokens import TokenError

_log = structlog.get_logger(__name__)
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
#: For a year this host is asked over TLS only.
_HSTS = "max-age=31536000"
#: What a page asks for by itself, or what ends or begins a session: nothing that keeps one alive.
_NOT_ASKED = frozenset({"/freshness", "/trace/live", "/sign-in", "/sign-out"})


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
        if any(name == b"sec-fetch-site" and value in (b"cross-site", b"same-site") for name, value in scope["headers"]):
            # What a page elsewhere put into the address, compressed together with mail, could tell by its length what stands in it.
            scope["headers"] = [header for header in scope["headers"] if header[0] != b"accept-encoding"]
        way = Way(secrets.token_hex(6))
        put(scope, way)
        request: AnyRequest = Request(scope)
        answer = _Answer(self, request, send, way)
        try:
            note_sums(self._site, time.monotonic())
            await self._handle(request, receive, answer)
        except (TokenError, OSError) as error:
            if answer.began:
                raise
            await of_error(request, error).to_asgi_response(app=None, request=request)(scope, receive, answer.send)
        finally:
            # Also where the answer broke off, or nobody was there any more to take it.
            answer.finish()

    async def _handle(self, request: AnyRequest, receive: Receive, answer: _Answer) -> None:
        """Find out who asks, and let in whoever may."""
        scope, site, way = request.scope, self._site, way_of(request.scope)
        below = self._below(_path(scope["path"]))
        if below is None:
            await self._refuse(request, receive, answer, 404)
            return
        if "transfer-encoding" in request.headers and "content-length" in request.headers:
            # Two ends of one body: whoever stands between may have taken the other (RFC 9112, 6.1).
            await self._refuse(request, receive, answer, 400)
            return
        # What is inside lies at the root: some layers read `path`, some `raw_path`.
        scope["path"] = below
        scope["raw_path"] = quote(below).encode()
        if site.open and _name(request.headers.get("host") or "") not in _LOOPBACK | {""}:
            await self._refuse(request, receive, answer, 421)
            return
        if not below.startswith((_STATIC, _API)):
            if not site.sessions.visit(request):
                answer.cookies.append(site.sessions.begin_visit(request))
            if below not in _NOT_ASKED and (cookie := site.sessions.renewed(request)) is not None:
                answer.cookies.append(cookie)
        way.bodiless = request.method == "HEAD"
        way.caller = caller_of(site, request)
        if way.caller is None:
            await wait_turn(site, request)
        if way.caller is None and not below.startswith(_PUBLIC) and not self._is_preflight(request):
            await self._not_signed_in(request, receive, answer)
            return
        # To HEAD is answered as to GET; the server leaves the body away (RFC 9110, 9.3.2).
        answer.inner = {**scope, "method": "GET"} if request.method == "HEAD" else scope
        await self._inner(answer.inner, receive, answer.send)

    def _below(self, path: str) -> str | None:
        """The path below the base, whether a proxy took the base away or not; None where it is no path."""
        base = self._site.base
        if not path.startswith("/"):
            return None
        if not base or not (path == base or path.startswith(f"{base}/")):
            return path
        return path[len(base) :] or "/"

    def _is_preflight(self, request: AnyRequest) -> bool:
        """Whether a browser asks what a page elsewhere may ask for; it sends no token with that, and learns nothing of mail."""
        asks = request.method == "OPTIONS" and "origin" in request.headers and "access-control-request-method" in request.headers
        return asks and bool(self._site.origins) and request.scope["path"].startswith(_API)

    async def _not_signed_in(self, request: AnyRequest, receive: Receive, answer: _Answer) -> None:
        """Send a person to the sign-in page, and tell a program."""
        path, status, headers = request.scope["path"], 401, {"www-authenticate": 'Bearer realm="mailtrace"'}
        if secret := bearer(request):
            refusal = await refused(self._site, request, "token refused", secret)
            status, headers = (429 if refusal.limited else 401), {**headers, **refusal.headers()}
        if path.startswith(_API) or status == 429:
            await self._refuse(request, receive, answer, status, headers)
            return
        query = request.scope["query_string"].decode("latin-1")
        behind = quote(f"{path}?{query}" if query else path, safe="")
        location = f"{self._site.base}/sign-in" + (f"?next={behind}" if path != "/" else "")
        sent = [(b"location", location.encode()), (b"content-length", b"0")]
        await answer.send({"type": "http.response.start", "status": 303, "headers": sent})
        await answer.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _refuse(
        self, request: AnyRequest, receive: Receive, answer: _Answer, status: int, headers: dict[str, str] | None = None
    ) -> None:
        """Answer without asking anybody further."""
        words = {
            401: "A valid access token is needed.",
            421: "Without an access token the service is reached as localhost only.",
            429: "Too many tokens that are not valid were sent from this address; a valid one is answered.",
        }
        origin = request.headers.get("origin")
        if origin in self._site.origins:
            # Its scripts may read why.
            headers = {**(headers or {}), "access-control-allow-origin": origin or "", "vary": "Origin"}
        refused = response(request, status, words.get(status, HTTPStatus(status).phrase), headers=headers)
        await refused.to_asgi_response(app=None, request=request)(request.scope, receive, answer.send)

    def begun(self, way: Way) -> None:
        """The store has been asked; an export goes on asking, with threads of its own."""
        if way.place is not None:
            self._site.places.give_back(way.place)
            way.place = None
        if way.what == "export" and not way.exporting:
            self._site.places.exports += 1
            way.exporting = True

    def finished(self, request: AnyRequest, way: Way, status: int, route: str) -> None:
        """Write the line for the audit log, and tell whoever measures."""
        self.begun(way)
        self._site.places.exports -= way.exporting
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
        self._finished = self._withheld = False
        self.cookies: list[Cookie] = []
        #: What a handler was found for.
        self.inner: Scope | None = None

    @property
    def began(self) -> bool:
        """Whether anything has gone out."""
        return bool(self._status)

    async def send(self, message: Message) -> None:
        """Pass one message on. Before it goes out it is noted: whoever has an answer finds it in the audit log."""
        if self._withheld:
            return
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._frame.begun(self._way)
            if not self._way.exporting:
                try:
                    self.finish()
                except OSError as error:
                    await self._withhold(error)
                    return
        if message["type"] == "http.response.body" and not message.get("more_body"):
            self.finish()
        await self._headed(message)

    async def _headed(self, message: Message) -> None:
        """Pass one message on, with our headers."""
        if message["type"] == "http.response.start":
            headers = MutableScopeHeaders.from_message(message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers["x-request-id"] = self._way.request_id
            if is_secure(self._request):
                headers["strict-transport-security"] = _HSTS
            if not self._request.scope["path"].startswith(_STATIC):
                # Mail is personal; and what one may see, the next may not.
                headers.setdefault("cache-control", "private, no-store")
                headers.extend_header_value("vary", "Authorization, Cookie")
            origin = self._request.headers.get("origin")
            if origin in self._frame.origins and "access-control-allow-origin" not in headers:
                # A script elsewhere may read what was refused before any handler saw it, too.
                headers["access-control-allow-origin"] = origin
                headers.extend_header_value("vary", "Origin")
            for cookie in self.cookies:
                headers.add("set-cookie", cookie.to_header(header=""))
        await self._send(message)

    async def _withhold(self, error: OSError) -> None:
        """Answer nothing that cannot be noted."""
        self._withheld = True
        _log.error("audit_log_failed", request=self._way.request_id, error=f"{type(error).__name__}: {error}")
        why = "The audit log cannot be written, so nothing is answered."
        told = response(self._request, 503, why, {"retry-after": str(RETRY_S)}, kind="audit-away")
        await told.to_asgi_response(app=None, request=self._request)(self._request.scope, _nothing, self._headed)

    def finish(self) -> None:
        """Note the end of the answer, once."""
        if not self._finished:
            self._finished = True
            route = str(self.inner.get("path_template", "")) if self.inner is not None else ""
            self._frame.finished(self._request, self._way, self._status, route)


async def _nothing() -> HTTPDisconnectEvent:
    """What is received where nothing is waited for."""
    return {"type": "http.disconnect"}


def _name(host: str) -> str:
    """The name in a Host header, without the port, which may be left out."""
    name, colon, port = host.lower().rpartition(":")
    return name if colon and (not port or port.isdecimal()) else host.lower()


def _path(given: str) -> str:
    """The path of an address, which may also be given whole (RFC 9112, 3.2.2)."""
    if given.lower().startswith(("http://", "https://")):
        _, _, rest = given.partition("://")
        return f"/{rest.partition('/')[2]}"
    return given


def _question(request: AnyRequest) -> str:
    """The question as it stood in the URL."""
    query = request.scope["query_string"].decode("latin-1")
    return f"{request.scope['path']}?{query}" if query else request.scope["path"]
