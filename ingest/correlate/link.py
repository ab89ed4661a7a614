"""A link: how a line of one hop names another one."""

from __future__ import annotations

from typing import NamedTuple


class Link(NamedTuple):
    """A name that a life or scan has for another one: how, the key of what is named, and when."""

    how: str
    target: str
    time_us: int
