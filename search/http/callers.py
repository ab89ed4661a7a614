"""Who asks: found out from what a request brings, at this moment."""

from __future__ import annotations

from search.access import Caller, caller
from search.http.sessions import AnyRequest
from search.http.site import Site


def caller_of(site: Site, request: AnyRequest) -> Caller | None:
    """Who asks, by the token that a program sends or with which somebody signed in; None where that is nobody we know."""
    if "authorization" in request.headers:
        token = site.tokens.of(bearer(request), site.clock())
    elif (session := site.sessions.of(request)) is not None:
        token = site.tokens.of_digest(session.digest, site.clock())
    elif site.open and not site.tokens.configured():
        return site.anonymous()
    else:
        return None
    return None if token is None else caller(token.name, token.role, token.customers, token.domains, site.customers)


def bearer(request: AnyRequest) -> str:
    """The token that a program sends; empty where it sends none."""
    kind, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if kind.lower() == "bearer" else ""
