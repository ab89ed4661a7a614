"""Sessions of people: a signed cookie that names a token, and the mark against forged forms.

Nothing is kept on the server: a session ends with its token, with its time, or with the cookie. The key for signing lies in a file beside
the tokens, so sessions outlive a restart.
"""

from __future__ import annotations

import hmac
import secrets
from pathlib import Path
from typing import Any, TypeAlias

from itsdangerous import BadSignature, URLSafeTimedSerializer
from litestar import Request
from litestar.datastructures import Cookie, State
from litestar.exceptions import PermissionDeniedException

from search.http.files import create

#: Any request of ours.
AnyRequest: TypeAlias = Request[Any, Any, State]

SESSION, VISIT = "mailtrace_session", "mailtrace_visit"
#: Seconds for which somebody stays signed in.
LIFE_S = 12 * 3600


class Sessions:
    """Makes and checks what the browser brings along."""

    def __init__(self, path: Path, base: str = "") -> None:
        self._key = create(path, secrets.token_bytes(32))
        self._serializer = URLSafeTimedSerializer(self._key, salt="session")
        self._base = base or "/"

    def cookie(self, digest: str, *, secure: bool) -> Cookie:
        """The cookie of somebody who has signed in with the token of this hash."""
        return self._cookie(SESSION, self._serializer.dumps(digest), secure=secure, max_age=LIFE_S)

    def signed_out(self, *, secure: bool) -> Cookie:
        """The cookie that ends a session."""
        return self._cookie(SESSION, "", secure=secure, max_age=0)

    def digest_of(self, request: AnyRequest) -> str | None:
        """The hash of the token with which somebody signed in, where the cookie is ours and not too old."""
        value = request.cookies.get(SESSION)
        if not value:
            return None
        try:
            found = self._serializer.loads(value, max_age=LIFE_S)
        except BadSignature:
            return None
        return found if isinstance(found, str) else None

    def visit(self, *, secure: bool) -> Cookie:
        """The cookie by which forms are told to be of this browser."""
        return self._cookie(VISIT, secrets.token_urlsafe(16), secure=secure, max_age=None)

    def csrf(self, request: AnyRequest) -> str:
        """What a form has to bring back: nobody who cannot read this browser's cookies can know it."""
        about = f"{visit_of(request)}|{request.cookies.get(SESSION, '')}"
        return hmac.digest(self._key, f"form|{about}".encode("utf-8", "surrogatepass"), "sha256").hex()

    def check_csrf(self, request: AnyRequest, given: str | None) -> None:
        """Refuse a form that is not of this browser."""
        if not visit_of(request) or not hmac.compare_digest(self.csrf(request).encode(), (given or "").encode("utf-8", "replace")):
            raise PermissionDeniedException("This form is too old or not from here. Load the page again.")

    def _cookie(self, key: str, value: str, *, secure: bool, max_age: int | None) -> Cookie:
        return Cookie(key=key, value=value, path=self._base, max_age=max_age, httponly=True, samesite="lax", secure=secure)


def visit_of(request: AnyRequest) -> str:
    """This browser's mark; empty where it has none yet and none was just made."""
    return request.cookies.get(VISIT) or request.scope.get("state", {}).get(VISIT, "")
