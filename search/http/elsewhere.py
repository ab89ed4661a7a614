"""Questions that other processes answer for the service: what crosses, and who takes it there."""

from __future__ import annotations

from typing import Protocol

import msgspec

from search.access import Caller


class Handed(msgspec.Struct, frozen=True, array_like=True):
    """A question, and who asks it."""

    request_id: str
    caller: Caller
    #: Whether only the head of the answer is wanted.
    bodiless: bool
    #: The mark of the browser where it was just made, and is in no cookie yet.
    visit: str
    http_version: str
    scheme: str
    path: str
    query_string: bytes
    headers: list[tuple[bytes, bytes]]
    client: tuple[str, int] | None
    server: tuple[str, int | None] | None


class Answered(msgspec.Struct, frozen=True, array_like=True):
    """The answer, and what is noted of it."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    #: What was asked, and how many rows it gave, for the audit log.
    what: str
    rows: int
    #: The route as it is declared.
    route: str


class Elsewhere(Protocol):
    """The other processes. For one thread, that of the event loop."""

    def takes(self, under_way: int) -> bool:
        """Whether the next question goes there, while so many are under way here."""

    async def ask(self, question: Handed) -> Answered | None:
        """The answer, once there is one; None where it is to be answered here after all."""
