"""Links: what the parts of a message name. Which lines make which links; `mappings.links` says what each of them means."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ingest.joining.event import LiveEvent
from mappings.links import How


class Link(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A name that a part has for another one: how, the key of what is named, and when; `since_us` where that is a span of time."""

    how: How
    target: str
    time_us: int
    since_us: int | None = None
    #: The line that names it.
    line: LiveEvent | None = None


def named_by(events: Iterable[LiveEvent], hows: frozenset[How]) -> list[Link]:
    """The links of these kinds that some events make."""
    return [Link(how, target, e.time_us, None, e) for e in events for how, target in e.route.names if how in hows]
