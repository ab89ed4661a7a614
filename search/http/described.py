"""What OpenAPI tells beyond the answers' types: parameters are never null, rows may hold chosen fields only, a result can be streamed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

import msgspec
from litestar import get as any_get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example, OpenAPIMediaType, OpenAPIType, Operation, Parameter, Schema

from search.answers import TraceAnswer
from search.explain import Explanation
from search.http.answers import TracesAnswer
from search.http.export import MEDIA_TYPES
from search.http.problems import MEDIA_TYPE, Problem

#: Where a handler says that its answer is never compressed.
PLAIN = "not_compressed"


def _optional(kind: type[msgspec.Struct]) -> list[tuple[str, Any, Any]]:
    """The fields of an answer, each of which may be left out."""
    return [(field.name, field.type | msgspec.UnsetType, msgspec.UNSET) for field in msgspec.structs.fields(kind)]


ChosenFields = msgspec.defstruct(
    "ChosenFields",
    [
        *_optional(TraceAnswer),
        ("customer_text", str | msgspec.UnsetType, msgspec.UNSET),
        ("explanation", Explanation | msgspec.UnsetType, msgspec.UNSET),
    ],
    frozen=True,
    kw_only=True,
)


def _as_it_is(field: msgspec.structs.FieldInfo) -> Any:
    """A field of a page, whose rows hold chosen fields only; what may be left out of the one may be left out of the other."""
    kind = list[ChosenFields] if field.name == "traces" else field.type  # type: ignore[valid-type]
    return (field.name, kind) if field.required else (field.name, kind, msgspec.field(default_factory=field.default_factory))


#: A page whose rows hold the fields that were asked for.
ChosenAnswer = msgspec.defstruct(
    "ChosenAnswer",
    [_as_it_is(field) for field in msgspec.structs.fields(TracesAnswer)],
    frozen=True,
    kw_only=True,
)


class _Nothing(Enum):
    """What an example shows as null: the framework leaves out what is None."""

    NULL = None


def shown(value: Any) -> Any:
    """A value of an example with its nulls."""
    if isinstance(value, dict):
        return {name: shown(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shown(one) for one in value]
    return _Nothing.NULL if value is None else value


@dataclass
class DescribedCall(Operation):
    """One call."""

    def __post_init__(self) -> None:
        """Take null from the parameters: in a URL, what is not there is left out."""
        for parameter in self.parameters or []:
            if isinstance(parameter, Parameter) and isinstance(parameter.schema, Schema):
                parameter.schema = _without_null(parameter.schema)


@dataclass
class Streamed(DescribedCall):
    """One call whose whole result can be streamed."""

    def __post_init__(self) -> None:
        """Tell the other forms of the answer."""
        super().__post_init__()
        found = (self.responses or {})["200"].content or {}  # type: ignore[union-attr]
        page = found["application/json"].schema
        if isinstance(page, Schema):
            # A whole page fits the page of chosen fields too.
            page.any_of, page.one_of = page.one_of, None
        for media_type in MEDIA_TYPES.values():
            found[media_type.partition(";")[0]] = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))


def _without_null(schema: Schema) -> Schema:
    """The schema of a value that is there."""
    if isinstance(schema.type, list):
        kinds = [kind for kind in schema.type if kind != OpenAPIType.NULL]
        schema.type = kinds[0] if len(kinds) == 1 else kinds
        schema.enum = [one for one in schema.enum if one is not None] if schema.enum else schema.enum
        return schema
    rest = [one for one in schema.one_of or [] if not (isinstance(one, Schema) and one.type == OpenAPIType.NULL)]
    if schema.one_of is None or len(rest) != 1 or not isinstance(rest[0], Schema):
        return schema
    rest[0].description, rest[0].examples = schema.description, schema.examples
    return rest[0]


get = partial(any_get, operation_class=DescribedCall)
"""A handler of the API."""

_WHY = {
    304: "The caller has it already: the tag that was sent in `If-None-Match` still holds.",
    400: "A parameter is wrong; `errors` says which, where and what would be right.",
    401: "No valid access token was sent.",
    403: "The caller's role does not allow it.",
    404: "There is no such thing, or the caller may not see it.",
    429: "Too many tokens that are not valid came from this address.",
    503: "The store does not answer, or too many questions wait; worth trying again.",
}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """What can go wrong, for OpenAPI."""
    return {status: ResponseSpec(Problem, media_type=MEDIA_TYPE, description=_WHY[status], generate_examples=False) for status in statuses}


def answer(kind: Any, example: Any, description: str) -> dict[int, ResponseSpec]:
    """The answer itself with an example, for OpenAPI."""
    return {
        200: ResponseSpec(
            kind, description=description, generate_examples=False, examples=[Example(value=shown(msgspec.to_builtins(example)))]
        )
    }


UNCHANGED = {304: ResponseSpec(None, description=_WHY[304])}
