"""Signing in with an access token, and out again."""

from __future__ import annotations

from typing import Any

from litestar import Response, post
from litestar.response import Redirect

from search.http.forms import form_of
from search.http.given import TheSite
from search.http.pages import error_page, sign_in_page
from search.http.pages.account import local
from search.http.refusing import refused
from search.http.sessions import AnyRequest
from search.http.state import request_id, way_of


@post("/sign-in", include_in_schema=False, status_code=303)
async def sign_in(request: AnyRequest, site: TheSite) -> Response[Any]:
    """Take a token, and give a session for it; wrong, expired and revoked ones get the same answer."""
    form = await form_of(request)
    site.sessions.check_csrf(request, form.get("csrf"))
    behind = local(form.get("next", ""))
    secret = form.get("token", "").strip()
    token = site.tokens.of(secret, site.clock())
    if token is None:
        refusal, number = await refused(site, request, "sign-in refused", secret, 400), request_id(request.scope)
        answer = error_page(request, 429, number) if refusal.limited else sign_in_page(request, site, behind, failed=True)
        answer.headers.update(refusal.headers())
        return answer
    way_of(request.scope).note(f"sign-in as {token.name}", 0)
    response = Redirect(f"{site.base}{behind}", status_code=303)
    response.set_cookie(site.sessions.begin(request, token.digest))
    return response


@post("/sign-out", include_in_schema=False, status_code=303)
async def sign_out(request: AnyRequest, site: TheSite) -> Response[Any]:
    """End a session."""
    form = await form_of(request)
    site.sessions.check_csrf(request, form.get("csrf"))
    way_of(request.scope).note("sign-out", 0)
    response = Redirect(f"{site.base}/sign-in", status_code=303)
    response.set_cookie(site.sessions.end(request))
    return response


ROUTES = [sign_in, sign_out]
