"""Shares: which events of a part belong to which of its recipients; found once for all of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import takewhile
from operator import attrgetter

from ingest.joining.event import LiveEvent
from ingest.joining.life import Life
from ingest.joining.parts import Part
from mappings.address import fold
from mappings.facts import Fact, Hindered, Inspected, Passed, Release, Ruled, Scanned
from mappings.log_words import Decider, Sending, Stage

#: Who refuses a recipient for himself.
_OF_RECIPIENTS = frozenset({Decider.ACCESS, Decider.ACL, Decider.MILTER})
_OF_A_RECIPIENT = frozenset({Stage.RCPT, Stage.PRDR})
_FILTERS = frozenset[type[Fact]]({Scanned, Inspected, Release, Passed})


class Shares:
    """The events of a part, by whose they are: the message's, or those of the recipients that they name."""

    __slots__ = ("_common", "_for_accepted", "_named")

    def __init__(self, part: Part) -> None:
        #: Of all; of all but who was refused.
        self._common: list[LiveEvent] = []
        self._for_accepted: list[LiveEvent] = []
        self._named: dict[str, list[LiveEvent]] = {}
        tries: _Tries | None = None
        for event in part.others if type(part) is Life else part.events:
            fact = event.fact
            if type(fact) is Ruled and fact.stage in _OF_A_RECIPIENT and fact.recipients and fact.source in _OF_RECIPIENTS:
                self._of(fact.recipients[:1], event)
            elif type(fact) in _FILTERS and not (isinstance(fact, Passed) and fact.how is not Sending.FORWARD):
                people = fact.people()
                self._of(people, event)
                if not people:
                    (self._common if isinstance(fact, Passed) else self._for_accepted).append(event)
            elif type(fact) is Hindered and type(part) is Life:
                tries = tries or _Tries(part)
                people = tries.after(event)
                self._of(people, event)
                if not people:
                    self._common.append(event)
            else:
                self._common.append(event)

    def _of(self, people: list[str], event: LiveEvent) -> None:
        """It belongs to these recipients."""
        for name in dict.fromkeys(map(fold, people)):
            self._named.setdefault(name, []).append(event)

    def of(self, mine: set[str], refusal: LiveEvent | None) -> Iterator[LiveEvent]:
        """What belongs to the recipient with these addresses, as they are compared; `refusal` is the line that refused him."""
        yield from self._common
        if refusal is None:
            yield from self._for_accepted
        if not self._named:
            return
        seen: set[str] = set()
        for name in mine:
            for event in self._named.get(name, ()):
                if event.digest in seen:
                    continue
                seen.add(event.digest)
                if type(event.fact) is Ruled:
                    if not event.fact.of_one or event is refusal:
                        yield event
                elif refusal is None or type(event.fact) is Passed:
                    yield event


class _Tries:
    """The tries of a queue file by the process that made them, in their order."""

    __slots__ = ("_of",)

    def __init__(self, life: Life) -> None:
        self._of: dict[tuple[str, int], list[LiveEvent]] = {}
        for event in life.attempts:
            if event.pid:
                self._of.setdefault((event.host, event.pid), []).append(event)

    def after(self, event: LiveEvent) -> list[str]:
        """Whose delivery it was at which a server did not take the message: those for whom its process makes the next tries.

        Nobody's where the process is not known, or its next try not seen.
        """
        mine = self._of.get((event.host, event.pid), [])
        first = bisect_left(mine, event.second, key=attrgetter("second"))
        together = takewhile(lambda one: one.second == mine[first].second, mine[first:])
        return [address for one in together for address in one.fact.people()]
