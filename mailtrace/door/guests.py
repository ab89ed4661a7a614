"""Who is inside, and who has to go when it is full.

There are so many places, and whoever comes is let in. When all are taken, places are made: of those who wait for their client (who is to
send, or to read), first the ones who never showed a valid token, of these the ones of the client that has the most, the oldest first. So a
client that takes all places loses them to the others, one by one; and nobody loses a question that is being answered.
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from search.http.clients import client_of

#: Connections at the same time, where the system gives handles for so many.
_MOST = 1_000
#: The share of the handles that connections may take; the rest is the store's.
_SHARE = 2
_FEWEST = 16
#: So many places are made at a time, of all: choosing looks at everybody.
_AT_ONCE = 20


class GuestConnection(Protocol):
    """A connection."""

    @property
    def waits(self) -> bool:
        """Whether it is the client's turn: to send, or to take what was answered."""

    @property
    def known(self) -> bool:
        """Whether its last question came with a valid token."""

    def leave(self) -> None:
        """End it at once."""


class Guest:
    """One who was let in; before its connection is made (TLS is being agreed on) it waits and is not known."""

    __slots__ = ("client", "coming", "connection")

    def __init__(self, client: str) -> None:
        self.client = client
        self.connection: GuestConnection | None = None
        #: What makes the connection.
        self.coming: asyncio.Task[None] | None = None

    def put_out(self) -> None:
        """End it at once."""
        if self.connection is not None:
            self.connection.leave()
        elif self.coming is not None:
            self.coming.cancel()

    @property
    def waits(self) -> bool:
        """Whether it is the client's turn."""
        return self.connection is None or self.connection.waits

    @property
    def known(self) -> bool:
        """Whether it showed a valid token."""
        return self.connection is not None and self.connection.known


class Guests:
    """Everybody who is inside, the oldest first."""

    def __init__(self, most: int, is_proxy: Callable[[str], bool]) -> None:
        self.most = most
        self._is_proxy = is_proxy
        self._inside: dict[Guest, None] = {}
        self._came = 0

    def __len__(self) -> int:
        """How many there are."""
        return len(self._inside)

    @property
    def full(self) -> bool:
        """Whether no place is left."""
        return len(self._inside) >= self.most

    def enter(self, address: str) -> Guest:
        """Let somebody in. The connections of a proxy are those of many clients: each counts for itself."""
        self._came += 1
        guest = Guest(f"{address} {self._came}" if self._is_proxy(address) else client_of(address))
        self._inside[guest] = None
        return guest

    def leave(self, guest: Guest) -> None:
        """Somebody has gone."""
        self._inside.pop(guest, None)

    def to_go(self) -> list[Guest]:
        """Who has to go so that others find a place; empty where all are being answered."""
        waiting = [guest for guest in self._inside if guest.waits]
        held = Counter(guest.client for guest in waiting)
        # Sorting keeps the order of coming among equals.
        waiting.sort(key=lambda guest: (guest.known, -held[guest.client]))
        return waiting[: max(1, self.most // _AT_ONCE)]


def most_guests() -> int:
    """How many connections this process can hold and still open its store."""
    handles, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return min(_MOST, max(_FEWEST, handles // _SHARE)) if handles != resource.RLIM_INFINITY else _MOST
