"""Slow and hostile clients of the service, of nine kinds: each does its worst, again and again, until it is told to stop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import Protocol

API = "/api/v1/traces"
#: A form of so many fields; and so much of a header at a time.
FIELDS, PIECE = 300_000, 64 * 1024
_AGAIN_S = 0.2


@dataclass
class Place:
    """A service, and what its enemies have met."""

    host: str
    port: int
    #: A token that is valid, for those who hold one and read slowly.
    token: str
    pid: int = 0
    #: How often a connection was ended by the service, by kind; and the statuses that were read.
    ended: dict[str, int] = field(default_factory=dict)
    statuses: dict[str, set[int]] = field(default_factory=dict)

    def noticed(self, kind: str, answer: bytes) -> None:
        """Note an answer, or an end."""
        if answer.startswith(b"HTTP/1.1 "):
            self.statuses.setdefault(kind, set()).add(int(answer[9:12]))
        elif not answer:
            self.ended[kind] = self.ended.get(kind, 0) + 1


class Line:
    """A connection with a small window."""

    def __init__(self, made: socket.socket) -> None:
        self._made = made
        self._loop = asyncio.get_running_loop()

    async def send(self, data: bytes) -> None:
        """Send all of it."""
        await self._loop.sock_sendall(self._made, data)

    async def read(self, most: int = 4096) -> bytes:
        """Read what is there; empty at the end."""
        try:
            return await self._loop.sock_recv(self._made, most)
        except OSError:
            return b""


@asynccontextmanager
async def line(place: Place) -> AsyncIterator[Line]:
    """Give a connection."""
    with socket.socket() as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        made.setblocking(False)
        await asyncio.get_running_loop().sock_connect(made, (place.host, place.port))
        yield Line(made)


async def slow_head(place: Place) -> None:
    """Send a head, a byte a second."""
    async with line(place) as one:
        await one.send(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        for _ in range(20):
            await one.send(b"a")
            await asyncio.sleep(1)
        place.noticed("slow_head", await one.read())


async def endless_header(place: Place) -> None:
    """Send one header line without end."""
    async with line(place) as one:
        await one.send(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
        with suppress(OSError):
            while True:
                await one.send(b"a" * PIECE)
        place.noticed("endless_header", await one.read())


async def half_request(place: Place) -> None:
    """Send half a head, and wait."""
    async with line(place) as one:
        await one.send(b"GET / HTTP/1.1\r\nHost: x\r\n")
        place.noticed("half_request", await one.read())


async def slow_body(place: Place) -> None:
    """Send a form, a byte a second."""
    async with line(place) as one:
        await one.send(form_head(1_000))
        for _ in range(20):
            await one.send(b"a")
            await asyncio.sleep(1)
        place.noticed("slow_body", await one.read())


async def huge_form(place: Place) -> None:
    """Send a form of very many fields."""
    body = fields()
    async with line(place) as one:
        await one.send(form_head(len(body)))
        with suppress(OSError):
            await one.send(body)
        place.noticed("huge_form", await one.read())


async def slow_reader(place: Place) -> None:
    """Ask for everything, and read sixteen bytes a second."""
    async with line(place) as one:
        await one.send(
            f"GET {API} HTTP/1.1\r\nHost: x\r\nAccept: application/x-ndjson\r\nAuthorization: Bearer {place.token}\r\n\r\n".encode()
        )
        while some := await one.read(16):
            place.noticed("slow_reader", some)
            await asyncio.sleep(1)
        place.noticed("slow_reader", b"")


async def idle(place: Place) -> None:
    """Ask once, and stay."""
    async with line(place) as one:
        await one.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        while some := await one.read():
            place.noticed("idle", some)
        place.noticed("idle", b"")


async def wrong_tokens(place: Place) -> None:
    """Try one token after the other, as fast as they are refused."""
    async with line(place) as one:
        for number in count():
            await one.send(f"GET {API} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer mt_{number:040d}\r\n\r\n".encode())
            some = await one.read(1 << 16)
            place.noticed("wrong_tokens", some)
            if not some:
                return


async def junk(place: Place) -> None:
    """Ask a thousand things ahead, and then send what is no HTTP."""
    async with line(place) as one:
        with suppress(OSError):
            await one.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 700 + b"\x16\x03\x01\r\n\r\nPOST \x00\r\n" * 100)
        while some := await one.read(1 << 16):
            place.noticed("junk", some)
        place.noticed("junk", b"")


class Kind(Protocol):
    """A kind of client: what one does on one connection."""

    __name__: str

    async def __call__(self, place: Place, /) -> None:
        """Do it."""


KINDS: Sequence[Kind] = (slow_head, endless_header, half_request, slow_body, huge_form, slow_reader, idle, wrong_tokens, junk)


@lru_cache(maxsize=1)
def fields() -> bytes:
    """A form of very many fields."""
    return b"&".join(b"a%d=" % number for number in range(FIELDS))


def form_head(length: int) -> bytes:
    """The head of a form for signing in."""
    kind = b"Content-Type: application/x-www-form-urlencoded"
    return b"POST /sign-in HTTP/1.1\r\nHost: x\r\n%s\r\nContent-Length: %d\r\n\r\n" % (kind, length)


async def again(kind: Kind, place: Place) -> None:
    """Be of a kind without end: whoever is put out comes back."""
    while True:
        try:
            await kind(place)
        except OSError:
            place.noticed(kind.__name__, b"")
        await asyncio.sleep(_AGAIN_S)


@asynccontextmanager
async def beset(place: Place, kinds: Sequence[Kind], each: int) -> AsyncIterator[None]:
    """Beset a service with so many clients of each kind, for as long as something else is done."""
    async with AsyncExitStack() as stack:
        tasks = [asyncio.create_task(again(kind, place)) for kind in kinds for _ in range(each)]

        async def end() -> None:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        stack.push_async_callback(end)
        yield
