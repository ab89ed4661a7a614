"""What went wrong, as the API says it: problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Response
from litestar.exceptions import HTTPException

from mappings.codes import UnknownCode
from mappings.faults import MailTraceError, StoreError, StoreLacking
from search.http import places
from search.http.sessions import AnyRequest
from search.http.state import request_id
from search.query_error import QueryError

_log = structlog.get_logger(__name__)
MEDIA_TYPE = "application/problem+json"
#: Seconds after which a store that does not answer is worth asking again.
RETRY_S = 5


class Busy(MailTraceError):  # noqa: N818 - not a fault of anybody
    """So many questions wait already that one more would wait too long."""


class Crowded(MailTraceError):  # noqa: N818 - not a fault of anybody
    """One caller, or all together, follow so many results already."""


class Flaw(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is wrong with one parameter."""

    parameter: str | None
    detail: str
    #: The character at which it is wrong, from 0.
    position: int | None = None
    hint: str | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a call was not answered."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    #: The id of the request, as in the audit log.
    instance: str
    errors: list[Flaw] = []


def response(
    request: AnyRequest, status: int, detail: str, errors: list[Flaw] | None = None, headers: dict[str, str] | None = None
) -> Response[Any]:
    """Say it."""
    problem = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=f"urn:request:{request_id(request.scope)}",
        errors=errors or [],
    )
    return Response(msgspec.json.encode(problem), status_code=status, media_type=MEDIA_TYPE, headers=headers or {})


def of_error(request: AnyRequest, error: Exception) -> Response[Any]:
    """Turn what was raised into a problem; nothing of the inside of the service is told."""
    status, detail, flaws, headers = told(error)
    if status >= 500 and not isinstance(error, Busy):
        _log.error("request_failed", request=request_id(request.scope), path=request.url.path, error=f"{type(error).__name__}: {error}")
    return response(request, status, detail, flaws, headers)


def told(error: Exception) -> tuple[int, str, list[Flaw], dict[str, str]]:
    """Status, sentence, flaws and headers for what was raised."""
    if isinstance(error, QueryError):
        return 400, error.sentence, [Flaw(error.field, error.message, error.position, error.hint)], {}
    if isinstance(error, UnknownCode):
        return 404, str(error), [], {}
    if isinstance(error, Busy):
        return 503, "Too many ask at the moment.", [], {"retry-after": str(places.RETRY_S)}
    if isinstance(error, Crowded):
        return 429, "So many results are followed already.", [], {"retry-after": str(places.CROWDED_S)}
    if isinstance(error, StoreLacking):
        # To ask again soon would not help.
        return 503, str(error), [], {}
    if isinstance(error, StoreError):
        return 503, "The store does not answer.", [], {"retry-after": str(RETRY_S)}
    if isinstance(error, HTTPException):
        extra = error.extra if isinstance(error.extra, list) else []
        flaws = [Flaw(str(one.get("key") or "") or None, str(one.get("message") or "")) for one in extra if isinstance(one, dict)]
        if error.status_code >= 500:
            return error.status_code, "Something went wrong on our side.", [], {}
        detail = "A parameter is wrong." if flaws else error.detail or HTTPStatus(error.status_code).phrase
        return error.status_code, detail, flaws, dict(error.headers or {})
    return 500, "Something went wrong on our side.", [], {}
