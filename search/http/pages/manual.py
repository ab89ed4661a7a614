"""Help inside the pages: how to search, with examples that work, and the API for people, made of its own description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from litestar import Response, get

from mappings.criteria import CRITERIA, Criterion
from search.http.given import TheCaller, TheMail, TheSite
from search.http.pages.page_request import page_of
from search.http.pages.render import render
from search.http.pages.words import DIRECTIONS, DISPOSITIONS, REASONS, VERDICT_NAMES
from search.http.sessions import AnyRequest
from search.scope import Scope

#: Questions in the language that anybody may ask, and what each means.
EXAMPLES: Final = (
    ("disposition: quarantined", "What is kept by the filter"),
    ("not disposition: (delivered or expanded)", "Everything that did not arrive"),
    ("sender: example.org and not verdict: clean", "What the filter thought of a domain’s mail"),
    ("recipient: bob* and time >= now-1d", "To anybody whose address begins with bob, since a day"),
    ("code: 5.1.1 or reason: recipient_unknown", "Mailboxes that there are not"),
    ("score >= 5 and disposition: delivered", "Delivered, though the filter doubted it"),
    ("size > 1000000 and delay > 60", "Large and slow"),
    ("client: 192.0.2.0/24", "From servers of a network"),
    ("relay: *.example.net and disposition: deferred", "What waits for a next server"),
    ("attempts > 3", "Tried again and again"),
)
#: The same for who sees all mail: these look at words of others.
_PRIVATE_EXAMPLES: Final = (
    ('subject: invoice and not subject: "no reply"', "By words of the subject"),
    ("user: ann*", "Sent with a login"),
    ('reply: "mailbox full"', "By words of the reply that decided"),
)
#: The closed words, and what pages call them.
_WORDS: Final[tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...]] = (
    ("disposition", tuple((one.value, badge.label, one.sentence) for one, badge in DISPOSITIONS.items())),
    ("verdict", tuple((one.value, label, one.sentence) for one, label in VERDICT_NAMES.items())),
    ("reason", tuple((one.value, label, one.sentence) for one, label in REASONS.items())),
    ("direction", tuple((one.value, label, one.sentence) for one, label in DIRECTIONS.items())),
)


@dataclass(frozen=True, slots=True)
class ApiParameter:
    """One parameter of a call."""

    name: str
    kind: str
    required: bool
    about: str
    example: str


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call of the API."""

    method: str
    path: str
    #: Where the page has it.
    anchor: str
    summary: str
    about: str
    parameters: tuple[ApiParameter, ...]
    #: Status and what it means.
    answers: tuple[tuple[str, str], ...]


@get("/help", include_in_schema=False, sync_to_thread=True)
def manual(request: AnyRequest, site: TheSite, caller: TheCaller, mail: TheMail) -> Response[Any]:
    """Show how to search."""
    page = page_of(request, site, caller)
    return render(page, "help.html", mail, examples=examples(caller.scope), criteria=askable(caller.scope), words=_WORDS)


@get("/api", include_in_schema=False, sync_to_thread=True)
def api(request: AnyRequest, site: TheSite, caller: TheCaller, mail: TheMail) -> Response[Any]:
    """Show the calls of the API."""
    page = page_of(request, site, caller)
    calls = list(calls_of(request.app.openapi_schema.to_schema()))
    origin = f"{request.base_url.scheme}://{request.base_url.netloc}{site.base}"
    return render(page, "api.html", mail, calls=calls, origin=origin)


def examples(scope: Scope) -> tuple[tuple[str, str], ...]:
    """The examples that a reader may ask."""
    return EXAMPLES if scope.domains is not None else (*EXAMPLES, *_PRIVATE_EXAMPLES)


def askable(scope: Scope) -> list[Criterion]:
    """What a reader may ask for."""
    return [one for one in CRITERIA if scope.domains is None or not one.private]


def calls_of(described: Mapping[str, Any]) -> Iterator[ApiCall]:
    """The calls of a description in OpenAPI, in its order."""
    for path, methods in described.get("paths", {}).items():
        for method, call in methods.items():
            if not isinstance(call, Mapping):
                continue
            yield ApiCall(
                method=method.upper(),
                path=path,
                anchor=f"{method}{path}".replace("/", "-").replace("{", "").replace("}", ""),
                summary=call.get("summary", ""),
                about=call.get("description", ""),
                parameters=tuple(map(_parameter, call.get("parameters", ()))),
                answers=tuple((status, one.get("description", "")) for status, one in sorted(call.get("responses", {}).items())),
            )


def _parameter(given: Mapping[str, Any]) -> ApiParameter:
    """One parameter as it is described."""
    schema = given.get("schema", {})
    shown = next(iter(schema.get("examples", ())), "")
    example = ", ".join(map(str, shown)) if isinstance(shown, list) else str(shown)
    where = "" if given.get("in") == "query" else f" ({given.get('in')})"
    return ApiParameter(given["name"] + where, _kind(schema), bool(given.get("required")), given.get("description", ""), example)


def _kind(schema: Mapping[str, Any]) -> str:
    """What a value is, in words."""
    several = schema.get("oneOf") or schema.get("anyOf")
    if several:
        return " or ".join(kind for one in several if (kind := _kind(one)) and kind != "null")
    if "enum" in schema:
        return ", ".join(str(one) for one in schema["enum"] if one is not None)
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if schema.get("type") == "array":
        return f"{_kind(schema.get('items', {}))}, several times"
    bounds = f" from {schema['minimum']:,} to {schema['maximum']:,}" if "minimum" in schema and "maximum" in schema else ""
    return f"{schema.get('type', '')}{bounds}"
