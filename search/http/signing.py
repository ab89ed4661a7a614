"""Signing in with an access token, and out again."""

from __future__ import annotations

from typing import Any

from litestar import Response, post
from litestar.response import Redirect

from search.http.frame import is_secure
from search.http.given import TheSite
from search.http.pages import sign_in_page
from search.http.pages.account import local
from search.http.sessions import AnyRequest
from search.http.state import way_of


@post("/sign-in", include_in_schema=False, status_code=303)
async def sign_in(request: AnyRequest, site: TheSite) -> Response[Any]:
    """Take a token, and give a session for it; wrong, expired and revoked ones get the same answer."""
    form = await request.form()
    site.sessions.check_csrf(request, form.get("csrf"))
    behind = local(str(form.get("next") or ""))
    way = way_of(request.scope)
    token = site.tokens.of(str(form.get("token") or "").strip(), site.clock())
    if token is None:
        way.note("sign-in refused", 0)
        return sign_in_page(request, site, behind, failed=True)
    way.note(f"sign-in as {token.name}", 0)
    response = Redirect(f"{site.base}{behind}", status_code=303)
    response.set_cookie(site.sessions.cookie(token.digest, secure=is_secure(request)))
    return response


@post("/sign-out", include_in_schema=False, status_code=303)
async def sign_out(request: AnyRequest, site: TheSite) -> Response[Any]:
    """End a session."""
    form = await request.form()
    site.sessions.check_csrf(request, form.get("csrf"))
    way_of(request.scope).note("sign-out", 0)
    response = Redirect(f"{site.base}/sign-in", status_code=303)
    response.set_cookie(site.sessions.signed_out(secure=is_secure(request)))
    return response


ROUTES = [sign_in, sign_out]
