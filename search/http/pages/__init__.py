"""Stand-in by the lead until the pages are wired; to be written anew."""

from __future__ import annotations

from typing import Any

from litestar import Response, get


@get("/static/stub", sync_to_thread=False, include_in_schema=False)
def _stub() -> str:
    """Nothing."""
    return ""


ROUTES: list[Any] = []


def static_routes() -> Any:
    """Nothing yet."""
    return _stub


def sign_in_page(request: Any, site: Any, next: str, failed: bool = False) -> Response[Any]:  # noqa: A002
    """Nothing yet."""
    return Response("sign in", status_code=400 if failed else 200)


def error_page(request: Any, status: int, request_id: str) -> Response[Any]:
    """Nothing yet."""
    return Response(f"error {status}", status_code=status)
