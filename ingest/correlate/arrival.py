"""A line on its way to the journeys: what is known of it before it is placed."""

from __future__ import annotations

import msgspec

from ingest.correlate.event import Event
from ingest.correlate.route import Route
from ingest.correlate.session import Step

#: Host, program and process id, and whether stamps are finer than a second: the two forms of a log are two readings of a session.
Process = tuple[str, str, int, bool]


class Arrival(msgspec.Struct, frozen=True):
    """An event on its way to where it belongs; `new` where its own ids cannot be in the store yet."""

    event: Event
    way: Route
    new: bool

    @property
    def named(self) -> tuple[str, ...]:
        """What it names beside: looked up where memory does not have it."""
        return self.way.mentions if self.new else (*self.way.mentions, *self.way.own)


class SessionStep(msgspec.Struct, frozen=True):
    """A line on its way that only begins or ends the session of a process."""

    process: Process
    step: Step
