"""Shares: which events of a part belong to which of its recipients; found once for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ingest.correlate.event import Event
from ingest.correlate.life import Life
from ingest.correlate.links import Part
from ingest.correlate.rows import Row, people_of
from mappings.address import fold
from mappings.facts import Inspected, Passed, Release, Ruled, Scanned


class Shares:
    """The events of a part, by whose they are: the message's, or those of the recipients that they name."""

    def __init__(self, part: Part) -> None:
        #: Of all, and of all but who was refused.
        self.common: list[Event] = []
        self.accepted: list[Event] = []
        self._named: dict[str, list[Event]] = defaultdict(list)
        for event in part.others if isinstance(part, Life) else part.events:
            match event.fact:
                case Ruled(stage="RCPT" | "PRDR", source="access" | "acl", recipient=str(recipient)):
                    self._named[fold(recipient)].append(event)
                case Scanned() | Inspected() | Release() | Passed(how="forward"):
                    people = people_of(event)
                    for name in people:
                        self._named[name].append(event)
                    if not people:
                        (self.common if isinstance(event.fact, Passed) else self.accepted).append(event)
                case _:
                    self.common.append(event)

    def of(self, row: Row, mine: set[str]) -> Iterator[Event]:
        """What belongs to a row, whose addresses are given."""
        yield from self.common
        yield from self.accepted if row.refusal is None else ()
        for event in {id(e): e for name in mine for e in self._named.get(name, ())}.values():
            match event.fact:
                case Ruled(of_one=of_one):
                    if not of_one or event is row.refusal:
                        yield event
                case Passed():
                    yield event
                case _:
                    if row.refusal is None:
                        yield event
