"""The OpenAPI document, finished: what types alone do not tell, so that a good client falls out of it."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

from litestar import Request
from litestar.openapi.plugins import JsonRenderPlugin

from search.http.audit import WHATS
from search.http.problems import MEDIA_TYPE
from search.sorting import Sort
from search.speech import Reader

Json = dict[str, Any]

#: Strings of answers that are times (RFC 3339 in UTC), by their names; and of `since` and `until` those of a page.
_STAMPS: Final = frozenset({"time", "last_event", "first_try", "last_try", "begin", "end", "read_up_to", "oldest", "newest"})
_PAGES: Final = ("TracesAnswer", "ChosenAnswer")
#: The same of what tells how reading stands.
_OF_READING: Final = ("ReadingAnswer", "SourceState")
_STAMPS_OF_READING: Final = ("since", "noted", "at_end", "last_line")
#: Strings of answers that are one of a few words.
_WORDS: Final = {
    ("Total", "relation"): ("eq", "gte"),
    ("HealthAnswer", "status"): ("ok",),
    ("DomainsAnswer", "side"): ("received", "sent"),
    ("Hop", "kind"): ("queue", "scan", "connection", "refusal"),
    ("Hop", "confidence"): ("certain", "likely", "guessed"),
    ("RelatedTrace", "confidence"): ("certain", "likely", "guessed"),
}
#: Parameters that take words of a closed list, by the schema that has it.
_CLOSED: Final = {"disposition": "Disposition", "verdict": "Verdict", "reason": "Reason", "direction": "Direction"}
_HEADERS: Final[Json] = {
    "RequestId": {"description": "The id of the request, as in the audit log.", "schema": {"type": "string"}},
    "NextPage": {"description": 'The address of the next page: `<...>; rel="next"`.', "schema": {"type": "string"}},
    "Tag": {"description": "The tag of this answer, for `If-None-Match`.", "schema": {"type": "string"}},
    "RetryAfter": {"description": "Seconds after which to ask again.", "schema": {"type": "integer"}},
    "Incomplete": {"description": "What a stream does not hold, where it does not hold all.", "schema": {"type": "string"}},
}
_EVERYWHERE: Final = {
    "405": "It is neither `GET` nor `HEAD`.",
    "406": "The call does not answer in a form that `Accept` allows.",
}
#: Which of the counts an answer holds, by its field `kind`.
_COUNTS: Final = {"values": "ValueCounts", "time": "TimeCounts"}
_STREAMS: Final = {
    "text/csv": "A line of column names, then a line a trace (RFC 4180).",
    "application/x-ndjson": "One trace a line.",
    "text/event-stream": "Server-sent events; the data of each event `trace` is one trace.",
}


class Described(JsonRenderPlugin):
    """Shows the document, finished."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: Json) -> bytes:
        """The document as JSON."""
        return super().render(request, finished(openapi_schema))


def finished(description: Json) -> Json:
    """A document with times, words, headers, streams and the refusals that every call has."""
    told = deepcopy(description)
    schemas = told["components"]["schemas"]
    schemas["Sort"] = {"type": "string", "enum": [one.value for one in Sort], "description": "An order of rows."}
    told["components"]["headers"] = _HEADERS
    for name, schema in schemas.items():
        _finish_schema(name, schema)
    for calls in told["paths"].values():
        for call in calls.values():
            _finish_call(call)
    return told


def _finish_schema(name: str, schema: Json) -> None:
    """Times, words and numbers of an answer."""
    if name in _COUNTS.values():
        schema["required"].append("kind")
    _finish_numbers(schema)
    for field, kind in schema.get("properties", {}).items():
        for text in _strings(kind):
            of_reading = name in _OF_READING and field in _STAMPS_OF_READING
            if of_reading or field in _STAMPS or (name in _PAGES and field in ("since", "until")):
                text["format"] = "date-time"
            if words := _WORDS.get((name, field)):
                text["enum"] = list(words)
        if field == "as_of":
            kind["additionalProperties"] = {"type": "string", "format": "date-time"}


def _finish_numbers(schema: Any) -> None:
    """Whole numbers may need 64 bits; one that is whole or not is a number, for of two kinds that fit a reader can take neither."""
    if isinstance(schema, list):
        for one in schema:
            _finish_numbers(one)
    if not isinstance(schema, dict):
        return
    kinds = schema.get("oneOf", [])
    if {"type": "number"} in kinds:
        schema["oneOf"] = [one for one in kinds if one != {"type": "integer"}]
    if schema.get("type") == "integer":
        schema["format"] = "int64"
    for one in schema.values():
        _finish_numbers(one)


def _strings(kind: Json) -> Iterator[Json]:
    """The text that a field may be, where it may be one."""
    yield from (one for one in (kind, *kind.get("oneOf", ())) if one.get("type") == "string")


def _finish_call(call: Json) -> None:
    """Parameters and answers of a call."""
    for parameter in call.get("parameters", ()):
        _finish_parameter(parameter)
    responses = call["responses"]
    for status, why in _EVERYWHERE.items():
        responses[status] = {"description": why, "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status, answer in responses.items():
        headers = answer.setdefault("headers", {})
        headers["X-Request-Id"] = {"$ref": "#/components/headers/RequestId"}
        if status in ("429", "503"):
            headers["Retry-After"] = {"$ref": "#/components/headers/RetryAfter"}
        if status in ("200", "304") and "304" in responses:
            headers["ETag"] = {"$ref": "#/components/headers/Tag"}
    forms = responses["200"].get("content", {})
    if "text/csv" in forms:
        responses["200"]["headers"] |= {
            "Link": {"$ref": "#/components/headers/NextPage"},
            "Mail-Trace-Incomplete": {"$ref": "#/components/headers/Incomplete"},
        }
    for form in forms.values():
        refs = {name: f"#/components/schemas/{schema}" for name, schema in _COUNTS.items()}
        if {"$ref": refs["values"]} in form.get("schema", {}).get("oneOf", ()):
            form["schema"]["discriminator"] = {"propertyName": "kind", "mapping": refs}
    for form, what in _STREAMS.items():
        if form in forms:
            forms[form]["schema"] = {"type": "string", "description": what}


def _finish_parameter(parameter: Json) -> None:
    """Words of a closed list by their schema."""
    name, schema = parameter["name"], parameter["schema"]
    if name in _CLOSED and schema.get("type") == "array":
        schema["items"] = {"$ref": f"#/components/schemas/{_CLOSED[name]}"}
    elif name == "sort":
        parameter["schema"] = {"$ref": "#/components/schemas/Sort"}
    elif name == "reader":
        schema["enum"] = [one.value for one in Reader]
    elif name == "what":
        schema["enum"] = list(WHATS)
