"""What runs a loop: in the thread of the tests that of a browser may be at work."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")


def apart(work: Callable[[], _T]) -> _T:
    """Do something in a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()
