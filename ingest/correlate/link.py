"""A link: how a line of one hop names another one; and the keys of nodes."""

from __future__ import annotations

from typing import NamedTuple

#: Between the key that documents have and the line that makes a node of its own of it.
_OF_LINE = "\x1f"
#: Kinds of keys of which each line is a node of its own, for what bears one key has nothing to do with each other: results that name
#: their message by its Message-ID, hits of a virus scanner in a folder.
_LINE_KINDS = ("j:", "f:")


class Link(NamedTuple):
    """A name that a life or scan has for another one: how, the key of what is named, and when; `since_us` where that is a span."""

    how: str
    target: str
    time_us: int
    since_us: int | None = None


def node_key(hop: str, digest: str) -> str:
    """The key of the node that holds a line, of the key that documents have."""
    return f"{hop}{_OF_LINE}{digest}" if hop.startswith(_LINE_KINDS) else hop


def hop_of(key: str) -> str:
    """The key that documents have, of a node's."""
    return key.partition(_OF_LINE)[0]
