"""The service: API and pages as one ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

from litestar import Litestar, Response, Router, get
from litestar.config.compression import CompressionConfig
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme, Server
from litestar.types import ASGIApp

from mappings.faults import StoreError, StoreLacking
from search.access import Caller
from search.http import api, pages, signing
from search.http.described import PLAIN
from search.http.description import Described
from search.http.elsewhere import Answered, Handed
from search.http.frame import Frame
from search.http.given import TheCaller, TheSite
from search.http.handing import Handing, answered
from search.http.problems import Busy, of_error, told
from search.http.remembering import Remembering
from search.http.sessions import AnyRequest
from search.http.site import Site
from search.http.state import request_id, way_of
from search.service import MailTrace


def application(site: Site) -> ASGIApp:
    """Make the application of a site."""
    return Frame(Handing(answering(site), site), site)


@asynccontextmanager
async def helping(site: Site) -> AsyncIterator[Callable[[Handed], Awaitable[Answered]]]:
    """What answers questions that are handed over."""
    app = answering(site)
    async with app.lifespan():
        yield partial(answered, app, site)


def answering(site: Site) -> Litestar:
    """What answers the requests of a site, once it is known who asks."""

    def give_site() -> Site:
        return site

    engine = Remembering(site.engine)

    async def take_place(request: AnyRequest) -> None:
        """Before anything that asks the store."""
        way = way_of(request.scope)
        who = way.caller.name if way.caller else ""
        if not site.places.take(who):
            raise Busy
        way.place = who

    def give_mail(caller: TheCaller) -> MailTrace:
        return MailTrace(engine, caller.scope, site.clock, site.books)

    async def limit_threads(_app: Litestar) -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(site.threads, thread_name_prefix="question"))

    people = Router("/", route_handlers=pages.ROUTES, include_in_schema=False, before_request=take_place)
    strangers = Router("/", route_handlers=[*signing.ROUTES, *pages.PUBLIC], include_in_schema=False)
    programs = Router("/", route_handlers=[api.ROUTER, ready], before_request=take_place)
    return Litestar(
        route_handlers=[alive, programs, people, strangers, *pages.static_routes()],
        dependencies={
            "site": Provide(give_site, sync_to_thread=False),
            "caller": Provide(_caller, sync_to_thread=False),
            "mail": Provide(give_mail, sync_to_thread=False),
            "note": Provide(_note, sync_to_thread=False),
        },
        exception_handlers={HTTPException: _failed, Exception: _failed},
        openapi_config=OpenAPIConfig(
            title="Mail Trace",
            version=version("mail-trace"),
            description="What happened to that e-mail? Every answer holds what the caller may see, and nothing else.",
            path="/api/v1/openapi.json",
            render_plugins=[Described(path="/")],
            servers=[Server(url=site.base or "/")],
            components=Components(security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}),
            security=[{"token": []}],
        ),
        cors_config=_cors(site),
        compression_config=CompressionConfig(backend="gzip", gzip_compress_level=3, exclude_opt_key=PLAIN),
        on_startup=[limit_threads],
        # For pages about what went wrong before any handler was found.
        state=State({"site": site}),
        logging_config=None,
        signature_namespace={"Site": Site, "Caller": Caller, "MailTrace": MailTrace, "AnyRequest": AnyRequest},
    )


@get("/healthz", include_in_schema=False, sync_to_thread=False)
def alive() -> str:
    """The process runs."""
    return "ok"


@get("/readyz", include_in_schema=False, sync_to_thread=True)
def ready(site: TheSite) -> Response[str]:
    """The store answers."""
    try:
        site.engine.state()
    except StoreError:
        return Response("the store does not answer", status_code=503, media_type="text/plain")
    return Response("ok", media_type="text/plain")


def _caller(request: AnyRequest) -> Caller:
    """Who asks; nobody else comes as far as a handler that wants to know."""
    caller = way_of(request.scope).caller
    assert caller is not None, "only public pages have no caller"  # noqa: S101
    return caller


def _note(request: AnyRequest) -> Any:
    """What notes a call for the audit log."""
    return way_of(request.scope).note


def _failed(request: AnyRequest, error: Exception) -> Response[Any]:
    """A problem for programs, a page for people."""
    if request.scope["path"].startswith(("/api/", "/healthz", "/readyz")):
        return of_error(request, error)
    if isinstance(error, Busy):
        return pages.error_page(request, 503, request_id(request.scope), busy=True)
    status = told(error).status
    if status >= 500:
        of_error(request, error)
    lacking = str(error) if isinstance(error, StoreLacking) else ""
    return pages.error_page(request, status, request_id(request.scope), lacking=lacking)


def _cors(site: Site) -> CORSConfig | None:
    """Whose scripts may call the API; nobody's where nothing is set."""
    if not site.origins:
        return None
    return CORSConfig(
        allow_origins=list(site.origins),
        allow_methods=["GET"],
        allow_headers=["Authorization", "Accept", "If-None-Match"],
        expose_headers=["Link", "ETag", "X-Request-Id", "Retry-After", "RateLimit", "RateLimit-Policy"],
        max_age=600,
    )
