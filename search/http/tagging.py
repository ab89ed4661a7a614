"""Answers with a tag of their content, by which a caller who has them already is spared them."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec
from litestar import Response

from search.http.sessions import AnyRequest


def tagged(request: AnyRequest, found: Any) -> Response[Any]:
    """An answer with a strong tag of its content; nothing but the tag where the caller has it already (RFC 9110, 13.1.2)."""
    body = msgspec.json.encode(found)
    tag = f'"{blake2b(body, digest_size=16).hexdigest()}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    given = request.headers.get("if-none-match", "")
    if given == "*" or tag in (one.strip().removeprefix("W/") for one in given.split(",")):
        return Response(None, status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
