"""A helper: it answers the questions of its slots until they are closed."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing, suppress

from mailtrace.helpers.slot import Slot
from mailtrace.log import set_up_log
from mailtrace.serving import site
from mailtrace.settings import Settings
from mailtrace.stores import open_engine
from search.http.app import helping
from search.http.elsewhere import Answered, Handed
from search.http.site import Site


def answer(settings: Settings, ends: Sequence[socket.socket], *, everybody: bool) -> None:
    """Answer until nobody asks any more; `everybody` is whether no token guarded the service when it began."""
    set_up_log(settings.log_level)
    with closing(open_engine(settings.store, settings.elasticsearch)) as engine:
        made = site(settings, engine, everybody=everybody)
        # Answers leave few cycles behind.
        gc.freeze()
        gc.set_threshold(50_000, 20, 50)
        with closing(made.audit):
            asyncio.run(_answer(made, ends))


async def _answer(made: Site, ends: Sequence[socket.socket]) -> None:
    """Answer on all slots."""
    async with helping(made) as answered:
        await asyncio.gather(*[_attend(answered, end) for end in ends])


async def _attend(answered: Callable[[Handed], Awaitable[Answered]], end: socket.socket) -> None:
    """Answer on one slot, one question after the other; what it begins with says that it is ready."""
    slot: Slot[Answered | None, Handed] = await Slot.of(end, Handed)
    with closing(slot), suppress(EOFError, OSError):
        await slot.send(None)
        while True:
            await slot.send(await answered(await slot.receive()))
