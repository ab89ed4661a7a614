"""What is wrong with a value of the settings, in a sentence: where it stands, and what may stand there.

A value is named only where it is no secret: of texts that are to be of a kind or length nothing is shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
import msgspec.inspect as kinds

#: A step of the place that msgspec names: a key, or a number in brackets.
_STEPS = re.compile(r"\.([a-z_]+)|\[([0-9]+)\]").findall
_MISSING = re.compile(r"required field `([a-z_]+)`").search


def in_words(error: msgspec.ValidationError, settings: type[msgspec.Struct], values: Mapping[str, Any]) -> str:
    """The sentence for a value of the settings' file."""
    said, _, where = str(error).partition(" - at `$")
    kind: kinds.Type = kinds.type_info(settings)
    value: Any = values
    place: list[str] = []
    for key, number in _STEPS(where):
        if key:
            kind, value = _field(kind, key), value[key]
            # A table that is there once.
            place.append(f"[{key}]" if isinstance(kind, kinds.StructType) else key)
        else:
            kind, value = _item(kind), value[int(number)]
            if isinstance(kind, kinds.StructType):
                place[-1] = f"[[{place[-1]}]] number {int(number) + 1}"
            else:
                place.append(f"number {int(number) + 1}")
    missing = _MISSING(said)
    return f"{': '.join(place)}: {f'{missing[1]} is missing' if missing else _refused(kind, value)}"


def of_text(kind: Any, text: str) -> str:
    """The sentence for a value of the environment or of an option."""
    return _refused(_plain(kinds.type_info(kind)), text)


def _refused(kind: kinds.Type, value: Any) -> str:
    """What it is to be, and what it is."""
    shown = f", not {_shown(value)}" if isinstance(kind, kinds.IntType | kinds.FloatType | kinds.BoolType | kinds.LiteralType) else ""
    return f"must be {_takes(kind)}{shown}"


def _shown(value: Any) -> str:
    """A value as it is written in a settings file."""
    return str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, str) else str(value)


def _takes(kind: kinds.Type) -> str:
    """What may be given for a kind of value."""
    if isinstance(kind, kinds.LiteralType):
        *others, last = map(str, kind.values)
        return f"{', '.join(others)} or {last}"
    if isinstance(kind, kinds.IntType):
        return f"a whole number{_bounds(kind)}"
    if isinstance(kind, kinds.FloatType):
        return f"a number{_bounds(kind)}"
    if isinstance(kind, kinds.BoolType):
        return "true or false"
    if isinstance(kind, kinds.VarTupleType):
        return "a list of texts"
    if isinstance(kind, kinds.StructType):
        return "a table"
    return "a text that is not empty" if isinstance(kind, kinds.StrType) and kind.min_length else "a text"


def _bounds(kind: kinds.IntType | kinds.FloatType) -> str:
    """From where to where a number goes."""
    least, most = (f" from {kind.ge}" if kind.ge is not None else f" above {kind.gt:g}" if kind.gt is not None else ""), kind.le
    joined = " to" if kind.ge is not None else ", at most" if least else " of at most"
    return least + (f"{joined} {most:g}" if most is not None else "")


def _field(kind: kinds.Type, key: str) -> kinds.Type:
    """The kind of a key of a table."""
    fields = kind.fields if isinstance(kind, kinds.StructType) else ()
    return _plain(next((field.type for field in fields if field.encode_name == key), kinds.AnyType()))


def _item(kind: kinds.Type) -> kinds.Type:
    """The kind of one of a list."""
    return _plain(kind.item_type) if isinstance(kind, kinds.VarTupleType) else kinds.AnyType()


def _plain(kind: kinds.Type) -> kinds.Type:
    """A kind without what else is said about it, and without none."""
    if isinstance(kind, kinds.Metadata):
        return _plain(kind.type)
    if isinstance(kind, kinds.UnionType):
        return _plain(next(one for one in kind.types if not isinstance(one, kinds.NoneType)))
    return kind
