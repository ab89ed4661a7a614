"""Strangers at the door: slowed down where they ask very much, and their tokens refused, counted and noted in the audit log."""

from __future__ import annotations

import asyncio
import time

from search.http import audit
from search.http.clients import client_of
from search.http.sessions import AnyRequest
from search.http.site import Site
from search.http.state import way_of
from search.http.strangers import Refusal
from search.http.tokens import digest, too_long

#: So many digits of a token's hash are noted: enough to tell tokens apart and to find a revoked one in the list, too few to be of use.
_DIGITS = 12


async def refused(site: Site, request: AnyRequest, what: str, secret: str, status: int = 401) -> Refusal:
    """Take note of a token that opens nothing; gives what becomes of it, when its answer may go out."""
    address = request.client.host if request.client else ""
    now_s = time.monotonic()
    note_sums(site, now_s)
    refusal = site.strangers.refuse(client_of(address), now_s)
    if refusal.noted:
        way, path = way_of(request.scope), str(request.scope["path"])
        note = "a token that is too long to be one" if too_long(secret) else f"sha256 {digest(secret)[:_DIGITS]}"
        site.audit.write(_entry(address, what, question=path, note=note, request_id=way.request_id, status=status))
    await _pause(request, refusal.pause_s)
    return refusal


async def wait_turn(site: Site, request: AnyRequest) -> None:
    """Let a request without a valid token wait, where its client sends very many."""
    client = client_of(request.client.host if request.client else "")
    await _pause(request, site.strangers.ask(client, time.monotonic()))


async def _pause(request: AnyRequest, seconds: float) -> None:
    """Wait; the connection can be taken back meanwhile."""
    if seconds > 0:
        way = way_of(request.scope)
        way.pausing = True
        await asyncio.sleep(seconds)
        way.pausing = False


def note_sums(site: Site, now_s: float) -> None:
    """Write down how many tokens were refused in the last minute beside those that were noted, where that is over; times are monotonic."""
    for one in site.strangers.sums(now_s):
        whom = "" if one.clients == 1 else f" from {one.clients:,} clients"
        note = f"{one.count:,} more within a minute{whom}"
        site.audit.write(_entry(one.client, "tokens refused", question="", note=note, request_id="", status=401))


def _entry(address: str, what: str, *, question: str, note: str, request_id: str, status: int) -> audit.Entry:
    return audit.Entry(
        time=audit.now(),
        request_id=request_id,
        who="",
        role="",
        address=address,
        what=what,
        question=question[:200],
        rows=0,
        status=status,
        took_ms=0.0,
        note=note,
    )
