"""The door: takes connections one by one, agrees on TLS with those who have time for it, and makes room."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from mailtrace.door.guests import Guest, Guests

#: Seconds for agreeing on TLS.
AGREE_S = 10.0
#: Seconds until it is tried again where the system gives no more handles.
_AGAIN_S = 0.1


class Door:
    """Lets in who comes to a socket that listens; `made` gives the protocol for a guest."""

    def __init__(
        self, listening: socket.socket, guests: Guests, made: Callable[[Guest], asyncio.Protocol], tls: ssl.SSLContext | None
    ) -> None:
        self._listening = listening
        self._guests = guests
        self._made = made
        self._tls = tls
        self._task: asyncio.Task[None] | None = None
        self._coming: set[asyncio.Task[None]] = set()

    def open(self, ended: Callable[[], None]) -> None:
        """Begin to let in; `ended` is called when that ends, also by a fault of ours: a service that hears nobody must not go on."""
        self._listening.setblocking(False)
        self._task = asyncio.get_running_loop().create_task(self._let_in())
        self._task.add_done_callback(lambda _task: ended())

    async def close(self) -> None:
        """Let in nobody more; raises what the door ended with, if it did."""
        for task in (self._task, *self._coming):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError, OSError):
                    await task

    async def _let_in(self) -> None:
        """Take one after the other; none is taken as long as no place can be made."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, address = await loop.sock_accept(self._listening)
            except OSError:
                # No handle is left, or it went away before it was taken: whoever only waits gives his back.
                self._make_room()
                await asyncio.sleep(_AGAIN_S)
                continue
            try:
                await self._take(connection, str(address[0]))
            except BaseException:
                connection.close()
                raise

    async def _take(self, connection: socket.socket, address: str) -> None:
        """Find a place for one who has come, and begin to make the connection."""
        while self._guests.full and not self._make_room():
            await asyncio.sleep(_AGAIN_S)
        guest = self._guests.enter(address)
        guest.coming = asyncio.get_running_loop().create_task(self._welcome(guest, connection))
        self._coming.add(guest.coming)
        guest.coming.add_done_callback(self._coming.discard)

    async def _welcome(self, guest: Guest, connection: socket.socket) -> None:
        """Make the connection of a guest."""
        loop = asyncio.get_running_loop()
        within = None if self._tls is None else AGREE_S
        try:
            await loop.connect_accepted_socket(
                lambda: self._made(guest), connection, ssl=self._tls, ssl_handshake_timeout=within, ssl_shutdown_timeout=within
            )
        except (OSError, asyncio.CancelledError):
            # It is no TLS, took too long, or had to make room.
            self._guests.leave(guest)

    def _make_room(self) -> bool:
        """Put out who only waits; tells whether there was anybody."""
        going = self._guests.to_go()
        for guest in going:
            guest.put_out()
            self._guests.leave(guest)
        return bool(going)
