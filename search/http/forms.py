"""Forms that people send: small ones. What is larger is let run past, and refused, before anything of it is taken apart."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

from litestar.exceptions import ClientException, HTTPException

from search.http.sessions import AnyRequest

#: Bytes of a form, and fields of it; ours have at most four.
MOST_BYTES, MOST_FIELDS = 16 * 1024, 16
#: Of a form that is too large so much is still taken from the line, a piece now and then, so that its sender gets to read the answer.
_MOST_DROPPED, _PIECE_S = 8 * 1024 * 1024, 0.2


async def form_of(request: AnyRequest) -> dict[str, str]:
    """The fields of a form, the first of each name; raises `HTTPException` where it is none of ours."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise HTTPException("A form is expected.", status_code=415)
    body, size = bytearray(), 0
    while size <= _MOST_DROPPED:
        message = await request.receive()
        if message["type"] != "http.request":
            raise ClientException("The form did not come to its end.")
        piece = message["body"]
        size += len(piece)
        if size <= MOST_BYTES:
            body += piece
        if not message["more_body"]:
            break
        if size > MOST_BYTES:
            await asyncio.sleep(_PIECE_S)
    if size > MOST_BYTES:
        raise _too_large()
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="replace")
    except ValueError:
        # Too many fields, or bytes that a browser would have quoted.
        raise _too_large() from None
    found: dict[str, str] = {}
    for name, value in fields:
        found.setdefault(name, value)
    return found


def _too_large() -> HTTPException:
    return HTTPException("What was sent is larger than any form here.", status_code=413)
