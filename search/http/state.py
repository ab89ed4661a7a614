"""What is known of a request on its way: its id, who asks, and what is noted for the audit log."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from search.access import Caller

_KEY = "mailtrace"


@dataclass(slots=True)
class Way:
    """One request."""

    request_id: str
    caller: Caller | None = None
    #: The question (`AskedQuery`), once its parameters are found right.
    asked: Any = None
    #: What was asked, and how many rows it gave; nothing is noted where that is empty.
    what: str = ""
    rows: int = 0
    #: For whom one of the places of questions is held, while one is.
    place: str | None = None
    #: Whether it is an export that goes out.
    exporting: bool = False
    #: Whether only the head of the answer is wanted.
    bodiless: bool = False
    #: Whether it waits on purpose, and nothing is done for it.
    pausing: bool = False
    began: float = field(default_factory=time.perf_counter)

    def note(self, what: str, rows: int) -> None:
        """Note it for the audit log; written with the end of the answer."""
        self.what, self.rows = what, rows


def put(scope: Any, way: Way) -> None:
    """Keep it with the request."""
    scope.setdefault("state", {})[_KEY] = way


def way_of(scope: Any) -> Way:
    """What is known of a request."""
    way: Way = scope["state"][_KEY]
    return way


def known_way(scope: Any) -> Way | None:
    """What is known of a request, where anything is yet."""
    way: Way | None = scope["state"].get(_KEY)
    return way


def request_id(scope: Any) -> str:
    """The id of a request."""
    return way_of(scope).request_id
