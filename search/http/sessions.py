"""Sessions of people: a signed cookie that names a token, and the mark against forged forms.

A session ends with its token, with its time, when nothing was asked for a while, and when somebody signs out: then its name is kept until
its time is over, in a file beside the tokens, so that no copy of the cookie opens anything. The key for signing lies there too, so sessions
and their ends outlive a restart.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
from itsdangerous import BadSignature, URLSafeSerializer
from litestar import Request
from litestar.datastructures import Cookie, State
from litestar.exceptions import PermissionDeniedException

from search.http.files import Watched, create, locked, replace

#: Any request of ours.
AnyRequest: TypeAlias = Request[Any, Any, State]

SESSION, VISIT = "mailtrace_session", "mailtrace_visit"
#: Seconds for which somebody stays signed in, at most and without asking anything.
LIFE_S, IDLE_S = 12 * 3600, 30 * 60
#: How long the mark of a form is, and its mask.
_MARK_BYTES = 32
#: Seconds after which the time of the last question is written into the cookie anew.
_RENEWED_S = 60


class BrowserSession(msgspec.Struct, frozen=True, array_like=True):
    """What a cookie says. Times are seconds since 1970 UTC."""

    name: str
    #: Hash of the token.
    digest: str
    began: int
    asked: int


class _Ended(msgspec.Struct, frozen=True, array_like=True):
    """A session that was signed out, and when its time would have been over."""

    name: str
    until: int


class Sessions:
    """Makes and checks what the browser brings along. Safe for several threads and processes."""

    def __init__(self, folder: Path, base: str = "", clock: Callable[[], float] = time.time) -> None:
        self._key = create(folder / "session.key", secrets.token_bytes(32))
        self._serializer = URLSafeSerializer(self._key, salt="session")
        self._base = base or "/"
        self._clock = clock
        self._ended = Watched(folder / "signed-out.json", _read_ended)

    def begin(self, request: AnyRequest, digest: str) -> Cookie:
        """The cookie of somebody who has just signed in with the token of this hash; a session that was there before is over."""
        self.end(request)
        now = int(self._clock())
        return self._session_cookie(request, BrowserSession(secrets.token_urlsafe(16), digest, now, now))

    def renewed(self, request: AnyRequest) -> Cookie | None:
        """The cookie with the time of this question, where that in the browser's has become old."""
        now, session = int(self._clock()), self.of(request)
        if session is None or now - session.asked < _RENEWED_S:
            return None
        return self._session_cookie(request, msgspec.structs.replace(session, asked=now))

    def end(self, request: AnyRequest) -> Cookie:
        """End the session for good; gives the cookie that takes the browser's away. Raises `OSError`."""
        now, session = int(self._clock()), self.of(request)
        if session is not None:
            with locked(self._ended.path):
                kept = [_Ended(name, until) for name, until in self._ended.now().items() if until > now]
                replace(self._ended.path, msgspec.json.encode([*kept, _Ended(session.name, session.began + LIFE_S)]))
        return self._cookie(request, SESSION, "", max_age=0)

    def of(self, request: AnyRequest) -> BrowserSession | None:
        """The session of a request, where its cookie is ours, in its time, and was not signed out. Raises `OSError`."""
        value = request.cookies.get(self._name(request, SESSION))
        if not value:
            return None
        try:
            session = msgspec.convert(self._serializer.loads(value), BrowserSession)
        except (BadSignature, msgspec.ValidationError):
            return None
        now = self._clock()
        if now >= session.began + LIFE_S or now >= session.asked + IDLE_S or session.name in self._ended.now():
            return None
        return session

    def visit(self, request: AnyRequest) -> str:
        """This browser's mark; empty where it has none yet and none was just made."""
        return request.cookies.get(self._name(request, VISIT)) or request.scope.get("state", {}).get(VISIT, "")

    def begin_visit(self, request: AnyRequest) -> Cookie:
        """Give this browser a mark, by which forms are told to be of it."""
        cookie = self._cookie(request, VISIT, secrets.token_urlsafe(16), max_age=None)
        request.scope["state"][VISIT] = cookie.value
        return cookie

    def csrf(self, request: AnyRequest) -> str:
        """What a form has to bring back: nobody who cannot read this browser's cookies can know it.

        It is another one in each answer, the mark under a mask of chance beside that mask: how well it compresses together with what a
        stranger wrote into the page tells nothing of it.
        """
        mask = secrets.token_bytes(_MARK_BYTES)
        return (mask + _masked(self._mark(request), mask)).hex()

    def check_csrf(self, request: AnyRequest, given: str | None) -> None:
        """Refuse a form that is not of this browser."""
        try:
            brought = bytes.fromhex(given or "")
        except ValueError:
            brought = b""
        mask, masked = brought[:_MARK_BYTES], brought[_MARK_BYTES:]
        fits = len(masked) == _MARK_BYTES and hmac.compare_digest(self._mark(request), _masked(masked, mask))
        if not self.visit(request) or not fits:
            raise PermissionDeniedException("This form is too old or not from here. Load the page again.")

    def _mark(self, request: AnyRequest) -> bytes:
        """The mark of this browser and its session."""
        session = self.of(request)
        about = f"{self.visit(request)}|{session.name if session else ''}"
        return hmac.digest(self._key, f"form|{about}".encode("utf-8", "surrogatepass"), "sha256")

    def _session_cookie(self, request: AnyRequest, session: BrowserSession) -> Cookie:
        return self._cookie(request, SESSION, self._serializer.dumps(msgspec.to_builtins(session)), max_age=IDLE_S)

    def _cookie(self, request: AnyRequest, key: str, value: str, *, max_age: int | None) -> Cookie:
        name = self._name(request, key)
        return Cookie(key=name, value=value, path=self._base, max_age=max_age, httponly=True, samesite="lax", secure=is_secure(request))

    def _name(self, request: AnyRequest, key: str) -> str:
        """A cookie's name; over TLS its prefix keeps browsers from taking it from anybody but this very host (RFC 6265bis, 4.1.3)."""
        if not is_secure(request):
            return key
        return f"__Host-{key}" if self._base == "/" else f"__Secure-{key}"


def _masked(mark: bytes, mask: bytes) -> bytes:
    """A mark under a mask, and back."""
    return bytes(one ^ other for one, other in zip(mark, mask, strict=True))


def is_secure(request: AnyRequest) -> bool:
    """Whether the browser reached us over TLS, as the server or a proxy that it trusts says."""
    return request.scope["scheme"] == "https"


def _read_ended(content: bytes) -> dict[str, int]:
    """The sessions that were signed out; a file that cannot be read is an error, never an empty one: sessions would come to life again."""
    try:
        return {one.name: one.until for one in msgspec.json.decode(content or b"[]", type=list[_Ended])}
    except msgspec.DecodeError as error:
        raise OSError(f"the file of sessions that were signed out is damaged: {error}") from error
