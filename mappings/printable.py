"""Text that no store takes: bytes of a log that are no characters, which Python keeps as lone surrogates."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

_T = TypeVar("_T", bound=msgspec.Struct)


def printable(document: _T) -> _T:
    """A document with its bytes that are no text written out as hexadecimal numbers."""
    return msgspec.convert(_clean(msgspec.to_builtins(document)), type(document))


def _clean(value: Any) -> Any:
    """The same of a value."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(item) for name, item in value.items()}
    return value
