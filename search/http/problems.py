"""What went wrong, as the API says it: problem details (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

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
_URN: Final = "urn:mailtrace:problem:"
#: The kinds of problems, by the end of their `type`: what each means.
KINDS: Final[Mapping[str, str]] = {
    "bad-parameters": "Parameters are wrong; `errors` says which, where and what would be right.",
    "bad-request": "It is no request that can be understood.",
    "no-token": "No valid access token was sent.",
    "not-allowed": "The caller's role does not allow it.",
    "not-found": "There is no such thing, or the caller may not see it.",
    "unknown-code": "The word is no reply code.",
    "bad-method": "It is neither `GET` nor `HEAD`.",
    "no-such-form": "The call does not answer in a form that `Accept` allows.",
    "too-slow": "The request did not come to its end in time.",
    "too-large": "What was sent is too large.",
    "wrong-host": "Without an access token the service is reached as localhost only.",
    "too-many-tokens": "Too many tokens that are not valid came from this address.",
    "too-many-followed": "The caller, or all together, follow too many results.",
    "busy": "Too many questions wait.",
    "store-away": "The store does not answer.",
    "store-lacking": "The trace may be in a part of the store that is missing or damaged.",
    "audit-away": "The audit log cannot be written, so nothing is answered.",
    "ours": "Something went wrong on our side.",
}
#: The kinds of what is wrong with one parameter, by the `code` of a flaw.
FLAWS: Final[Mapping[str, str]] = {
    "unknown-parameter": "There is no such parameter.",
    "repeated": "It can be given only once.",
    "bad-time": "It is not a time.",
    "bad-query": "It is no question in the query language.",
    "bad-value": "Its value is another than it can have.",
}
_BY_STATUS: Final[Mapping[int, str]] = {
    400: "bad-request",
    401: "no-token",
    403: "not-allowed",
    404: "not-found",
    405: "bad-method",
    406: "no-such-form",
    408: "too-slow",
    413: "too-large",
    414: "too-large",
    421: "wrong-host",
    429: "too-many-tokens",
    431: "too-large",
    503: "busy",
}


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
    #: What kind of flaw it is, for programs.
    code: str = ""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a call was not answered."""

    #: What kind of problem it is, for programs; it never changes.
    type: str
    title: str
    status: int
    detail: str
    #: The id of the request, as in the audit log.
    instance: str
    errors: list[Flaw] = []


@dataclass(frozen=True, slots=True)
class ToldProblem:
    """What is told of what was raised."""

    status: int
    detail: str
    kind: str
    flaws: list[Flaw] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


def response(request: AnyRequest, status: int, detail: str, headers: dict[str, str] | None = None, *, kind: str = "") -> Response[Any]:
    """Say it; the kind is that of the status where none is given."""
    return refusal(request, ToldProblem(status, detail, kind or kind_of(status), headers=headers or {}))


def refusal(request: AnyRequest, told: ToldProblem) -> Response[Any]:
    """A refusal as it is sent."""
    problem = Problem(
        type=_URN + told.kind,
        title=HTTPStatus(told.status).phrase,
        status=told.status,
        detail=told.detail,
        instance=f"urn:request:{request_id(request.scope)}",
        errors=told.flaws,
    )
    return Response(msgspec.json.encode(problem), status_code=told.status, media_type=MEDIA_TYPE, headers=told.headers)


def of_error(request: AnyRequest, error: Exception) -> Response[Any]:
    """Turn what was raised into a problem; nothing of the inside of the service is told."""
    found = told(error)
    if found.status >= 500 and not isinstance(error, Busy):
        _log.error("request_failed", request=request_id(request.scope), path=request.url.path, error=f"{type(error).__name__}: {error}")
    return refusal(request, found)


def told(error: Exception) -> ToldProblem:
    """What to tell of what was raised."""
    match error:
        case QueryError():
            return ToldProblem(400, str(error), "bad-parameters", [_flaw(one) for one in error.each])
        case UnknownCode():
            return ToldProblem(404, str(error), "unknown-code")
        case Busy():
            return ToldProblem(503, "Too many ask at the moment.", "busy", headers={"retry-after": str(places.RETRY_S)})
        case Crowded():
            return ToldProblem(
                429, "So many results are followed already.", "too-many-followed", headers={"retry-after": str(places.CROWDED_S)}
            )
        case StoreLacking():
            # To ask again soon would not help.
            return ToldProblem(503, str(error), "store-lacking")
        case StoreError():
            return ToldProblem(503, "The store does not answer.", "store-away", headers={"retry-after": str(RETRY_S)})
        case HTTPException(status_code=status) if status < 500:
            return ToldProblem(status, error.detail or HTTPStatus(status).phrase, kind_of(status), headers=dict(error.headers or {}))
        case _:
            status = error.status_code if isinstance(error, HTTPException) else 500
            return ToldProblem(status, "Something went wrong on our side.", "ours")


def kind_of(status: int) -> str:
    """The kind of a problem of which nothing more is known than its status."""
    return _BY_STATUS.get(status, "bad-request" if status < 500 else "ours")


def _flaw(error: QueryError) -> Flaw:
    """One flaw, as it is told."""
    code = "bad-query" if error.field == "query" and error.kind == "bad-value" else error.kind
    return Flaw(error.field, error.message, error.position, error.hint, code)
