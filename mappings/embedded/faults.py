"""What can be wrong with an embedded store, each in one sentence for the operator."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from mappings.faults import StoreError, StoreLocked, StoreTooNew

__all__ = ["StoreError", "StoreLocked", "StoreTooNew", "in_words"]

_P = ParamSpec("_P")
_R = TypeVar("_R")


def in_words(method: Callable[_P, _R]) -> Callable[_P, _R]:
    """Turn what the database raises (a full disk, a damaged file) into a `StoreError`: its callers know no database."""

    @wraps(method)
    def told(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return method(*args, **kwargs)
        except sqlite3.Error as error:
            raise StoreError(f"The store failed: {error}.") from error

    return told
