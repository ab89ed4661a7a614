"""New traces as server-sent events: each as soon as it is there, for as long as the caller may see it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import msgspec
from litestar.response import Stream
from litestar.types import Receive, Scope, Send

from search.answers import TraceAnswer
from search.http.callers import caller_of
from search.http.problems import Crowded
from search.http.sessions import AnyRequest
from search.http.site import Site
from search.http.state import way_of
from search.live import EVERY_S, Live
from search.query import Query
from search.service import MailTrace

MEDIA_TYPE = "text/event-stream"
#: Seconds after which a word is said where nothing came: proxies and clients give up what is silent.
HEARTBEAT_S = 15.0
#: Milliseconds after which a client comes back that was cut off.
_RETRY_MS = 3_000
#: Looks have threads of their own: a question never waits behind them.
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="live")


@dataclass(frozen=True, slots=True)
class Following:
    """What one client follows."""

    site: Site
    mail: MailTrace
    query: Query
    #: The id behind which it goes on.
    after: str | None
    #: What is written of rows, by their ids, for who sees this mail; nothing of one that is there no more.
    shown: Callable[[MailTrace, list[TraceAnswer]], Mapping[str, Any]]


class LiveStream(Stream):
    """A stream of new traces; it ends with the client, its token or session, or the service."""

    def __init__(self, following: Following, request: AnyRequest) -> None:
        super().__init__(_no_body(), media_type=MEDIA_TYPE, headers={"x-accel-buffering": "no"})
        self._following = following
        self._request = request

    def to_asgi_response(self, *given: Any, **options: Any) -> Any:
        """The answer; it begins when the store was looked at for the first time, so that one that is away is told."""
        answer: Any = super().to_asgi_response(*given, **options)
        places, way = self._following.site.places, way_of(self._request.scope)
        who = way.caller.name if way.caller is not None else ""

        async def begun(scope: Scope, receive: Receive, send: Send) -> None:
            if not places.follow(who):
                raise Crowded
            try:
                following = self._following
                live = await _in_thread(partial(Live, following.mail, following.query, after=following.after))
                answer.iterator = _events(following, self._request, live)
                await answer(scope, receive, send)
            finally:
                places.leave(who)

        return begun


async def _events(following: Following, request: AnyRequest, live: Live) -> AsyncIterator[bytes]:
    """The events, each when it is there."""
    site, way = following.site, way_of(request.scope)
    # Who is cut off before anything came goes on from here, and not from when he comes back.
    yield f"retry: {_RETRY_MS}\nid: {live.mark}\n: new traces follow\n\n".encode()
    said = time.monotonic()
    while not way.bodiless:
        # The door may give its place to somebody else; the client comes back.
        way.pausing = True
        if await site.places.ended_within(EVERY_S):
            return
        way.pausing = False
        caller = caller_of(site, request)
        if caller is None:
            return
        mail = MailTrace(following.mail.engine, caller.scope, following.mail.clock, following.mail.books, following.mail.lang)
        written = await _in_thread(partial(_written, live, mail, following))
        if not written and time.monotonic() - said >= HEARTBEAT_S:
            written = b": nothing new\n\n"
        if written:
            said = time.monotonic()
            yield written


def _written(live: Live, mail: MailTrace, following: Following) -> bytes:
    """New rows as events, each with the mark from which a client goes on that has it and none of those behind it."""
    mark, found = live.mark, live.look(mail)
    events = [b"event: more\ndata: {}\n\n"] if found.more else []
    for trace, row in following.shown(mail, found.traces).items():
        mark = max(mark, trace)
        events.append(b"event: trace\nid: %s\ndata: %s\n\n" % (mark.encode(), msgspec.json.encode(row)))
    return b"".join(events)


async def _in_thread(work: Callable[[], Any]) -> Any:
    """What asks the store, beside the loop."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, work)


async def _no_body() -> AsyncIterator[bytes]:
    """Nothing: the events take its place."""
    return
    yield b""
