"""The files that pages need: style, script, icons. Each has an address with its hash, so a browser may keep it for good."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from search.http.described import PLAIN
from search.http.sessions import AnyRequest

_FOLDER: Final = Path(__file__).resolve().parent.parent / "static"
_FILES: Final = {
    "style.css": "text/css; charset=utf-8",
    "words.js": "text/javascript; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "desk.js": "text/javascript; charset=utf-8",
    "box.js": "text/javascript; charset=utf-8",
    "saved.js": "text/javascript; charset=utf-8",
    "htmx.min.js": "text/javascript; charset=utf-8",
    "icons.svg": "image/svg+xml",
    "mark.svg": "image/svg+xml",
}
_VENDOR: Final = frozenset({"htmx.min.js"})
_FOR_GOOD = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served."""

    content: bytes
    media_type: str
    hash: str
    #: The same, compressed as far as it goes: that is done once, and each first visit takes it over the wire.
    packed: bytes


@lru_cache(maxsize=1)
def assets() -> dict[str, Asset]:
    """All files, read once."""
    found = {}
    for name, media_type in _FILES.items():
        content = (_FOLDER / "vendor" / name if name in _VENDOR else _FOLDER / name).read_bytes()
        found[name] = Asset(content, media_type, hashlib.sha256(content).hexdigest()[:12], gzip.compress(content, 9, mtime=0))
    return found


def path_of(name: str) -> str:
    """Where a file lies below the base."""
    return f"/static/{assets()[name].hash}/{name}"


@get("/favicon.ico", include_in_schema=False, sync_to_thread=False)
def favicon() -> Response[bytes]:
    """Give the mark to who asks for it where browsers once looked."""
    asset = assets()["mark.svg"]
    return Response(asset.content, media_type=asset.media_type, headers={"cache-control": "public, max-age=86400"})


@get("/static/{version:str}/{name:str}", include_in_schema=False, sync_to_thread=False, opt={PLAIN: True})
def static(request: AnyRequest, version: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    """Give a file; a page of an older version gets the new one, which is not kept."""
    asset = assets().get(name)
    if asset is None:
        raise NotFoundException
    headers = {"cache-control": _FOR_GOOD if version == asset.hash else "no-cache", "etag": f'"{asset.hash}"', "vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(asset.packed, media_type=asset.media_type, headers={**headers, "content-encoding": "gzip"})
    return Response(asset.content, media_type=asset.media_type, headers=headers)
