"""What a call may be given: every parameter is held against what the call declares, and all that is wrong is told at once, in one voice."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Literal, get_args, get_origin
from urllib.parse import unquote_to_bytes

from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from litestar.params import HeaderParameter, PathParameter
from litestar.typing import FieldDefinition

from search.http.parameters import QUESTION, audited, fields_of, percentiles_of, question
from search.http.speaking import language_of, reader_of
from search.http.state import way_of
from search.query import CRITERIA
from search.query_error import Flaws, QueryError, nearest
from search.service import checked_cursor
from search.sorting import sort_of

JSON: Final = "application/json"
#: Where a handler says in which forms it answers, the usual one first; JSON where it says nothing.
FORMS: Final = "forms"
_PLAIN: Final = (int, bool, str)
#: Values that are a small language of their own, and what reads them.
_READ: Final[Mapping[str, Callable[[str], object]]] = {
    "fields": fields_of,
    "percentiles": percentiles_of,
    "cursor": checked_cursor,
    "what": audited,
    "sort": sort_of,
    "lang": language_of,
    "reader": reader_of,
}


def check(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Refuse a call that cannot be answered: raises `QueryError` with every flaw, or what tells that no form fits."""
    accepted_form(connection.headers.get("accept"), handler.opt.get(FORMS, (JSON,)))
    declared = handler.parsed_fn_signature.parameters
    own = {name: field for name, field in declared.items() if _is_parameter(field)}
    asks = "asked" in declared
    given = connection.query_params
    flaws = Flaws()
    flaws.add(*_names(given, (*(QUESTION if asks else ()), *own)), *_bytes(connection.scope["query_string"]))
    for name, field in own.items():
        if name not in given:
            if field.is_required:
                flaws.add(QueryError("it must be given", field=name))
            continue
        with flaws.gathered():
            _check_value(name, given[name], field)
    way = way_of(connection.scope)
    if asks and way.caller is not None:
        with flaws.gathered():
            way.asked = question(given.multi_items(), connection.app.state["site"], way.caller)
    flaws.tell()


def accepted_form(accept: str | None, forms: Iterable[str]) -> str:
    """The form in which is answered; one that is named goes before one that is only not excluded. Raises where none fits (406)."""
    provided = tuple(forms)
    wanted = [_media_type(part) for part in (accept or "").split(",") if part.strip()]
    taken = [kind for kind, quality in wanted if quality]
    named = next((form for kind in taken for form in provided if kind == form), None)
    if named is not None or not wanted:
        return named or provided[0]
    refused = {kind for kind, quality in wanted if not quality}
    for form in provided:
        if form not in refused and any(kind in ("*/*", f"{form.partition('/')[0]}/*") for kind in taken):
            return form
    raise HTTPException(status_code=406, detail=f"This call answers as {' or '.join(provided)}.")


def _media_type(part: str) -> tuple[str, float]:
    """A part of an Accept header: the media type, and how much it is wanted; what is no number wants it."""
    kind, *options = (one.strip().lower() for one in part.split(";"))
    quality = next((one[2:] for one in options if one.startswith("q=")), "1")
    try:
        return kind, float(quality)
    except ValueError:
        return kind, 1.0


def _is_parameter(field: FieldDefinition) -> bool:
    """Whether a declared name is a parameter of the URL, and nothing that we give ourselves."""
    return not isinstance(field.kwarg_definition, HeaderParameter | PathParameter) and all(
        kind in _PLAIN or get_origin(kind) is Literal for kind in _kinds(field)
    )


def _kinds(field: FieldDefinition) -> list[Any]:
    """The types that a value may have, without null."""
    kinds = [inner.annotation for inner in field.inner_types] if field.is_optional else [field.annotation]
    return [kind for kind in kinds if kind is not type(None)]


def _names(given: Any, known: tuple[str, ...]) -> Iterator[QueryError]:
    """Names that there are not, and what is given twice and takes one value."""
    for name in given:
        if name not in known:
            hint = nearest(name, known) or (f"there are {', '.join(known)}" if known else "there are none here")
            yield QueryError("there is no such parameter", field=name[:100], hint=hint, kind="unknown-parameter")
        elif name not in CRITERIA and len(given.getall(name)) > 1:
            yield QueryError("it can be given only once", field=name, kind="repeated")


def _bytes(query_string: bytes) -> Iterator[QueryError]:
    """Values that are no text in UTF-8: something else would be looked for in their place."""
    for pair in query_string.split(b"&"):
        name, _, value = pair.partition(b"=")
        try:
            unquote_to_bytes(value).decode()
        except UnicodeDecodeError:
            yield QueryError(
                "it is no text in UTF-8", field=unquote_to_bytes(name).decode(errors="replace")[:100], hint="write its bytes as %XX"
            )


def _check_value(name: str, text: str, field: FieldDefinition) -> None:
    """One value against its type and bounds."""
    (kind,) = _kinds(field)
    if kind is int:
        _check_number(name, text, field)
    elif kind is bool:
        _check_word(name, text.lower(), ("true", "false", "1", "0"), told=("true", "false"))
    elif kind is not str:
        _check_word(name, text, get_args(kind))
    elif name in _READ:
        _READ[name](text)


def _check_number(name: str, text: str, field: FieldDefinition) -> None:
    """A whole number within its bounds."""
    least, most = (getattr(field.kwarg_definition, bound, None) for bound in ("ge", "le"))
    bounds = f"from {least:,} to {most:,}" if most is not None else f"from {least:,} on"
    try:
        number = int(text) if len(text) < 20 and text.isascii() else None
    except ValueError:
        number = None
    if number is None:
        raise QueryError(f"“{text[:60]}” is not a whole number", field=name, hint=f"it is one {bounds}")
    if (least is not None and number < least) or (most is not None and number > most):
        raise QueryError(f"{number} is not a number {bounds}", field=name)


def _check_word(name: str, text: str, words: tuple[str, ...], told: tuple[str, ...] = ()) -> None:
    """One of a closed list."""
    if text not in words:
        listed = told or words
        hint = f"it is one of {', '.join(listed)}" if len(listed) > 1 else f"it is {listed[0]}, or left out"
        raise QueryError(f"“{text[:60]}” is none of its words", field=name, hint=hint)
