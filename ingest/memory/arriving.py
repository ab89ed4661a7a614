"""A line on its way into memory: what is known of it before it is placed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from ingest.joining.event import LiveEvent
from ingest.joining.session import SessionStep
from ingest.memory.nodes import Nodes
from mappings import keys

#: Host, program and process id, and whether stamps are finer than a second: the two forms of a log are two readings of a session.
Process = tuple[str, str, int, bool]


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """An event on its way to where it belongs; `new` where its own ids cannot be in the store yet."""

    event: LiveEvent
    new: bool
    #: What it names beside: looked up where memory does not have it.
    named: tuple[str, ...] = ()


def arrival_of(event: LiveEvent, *, new: bool, newest: bool = False) -> Arrival:
    """An event with what is to be looked up for it: ids of its own too, where these may be in the store.

    `newest` where nothing that was read before can be of its message.
    """
    route = event.route
    named = route.mentions if new or not route.own else route.mentions + route.own
    return Arrival(event, new, named if newest or not route.told_alone else named + route.told_alone)


class SessionMark(msgspec.Struct, frozen=True, gc=False):
    """A line on its way that only begins or ends the session of a process."""

    process: Process
    step: SessionStep


def wanted(arrivals: Iterable[Arrival | SessionMark], nodes: Nodes) -> Iterator[str]:
    """The keys that some lines name and memory does not have, as documents have them; what lines before have begun is new."""
    begun: set[str] = set()
    known = nodes.nodes
    for arrival in arrivals:
        if type(arrival) is not Arrival:
            continue
        owners = arrival.event.route.owners
        if arrival.new:
            begun.update(owners)
        else:
            for key in owners:
                if key not in known and key not in begun:
                    yield keys.in_documents(key)
        for named in arrival.named:
            yield from [key for key in nodes.alike(named) if key not in known and key not in begun]
