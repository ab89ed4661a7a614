"""Sessions: the lines of one process that bear no id are given to the journeys of the same session.

A session is no join key: it joins no two journeys. What stands before a queue file (`NOQUEUE: hold`) goes to the next one that
the process begins, TLS to each of the session, a lost connection to the last.
"""

from __future__ import annotations

from bisect import insort
from enum import IntEnum

from ingest.correlate.event import Event, Slot

#: Lines are kept a little longer than they may lie apart, so that when they are let go of decides nothing.
MARGIN_S = 60


class Role(IntEnum):
    """What a line is in its session."""

    OPEN = 0
    #: Given to every journey that begins in the session.
    COMMON = 1
    #: Given to the next journey.
    AHEAD = 2
    #: A journey begins.
    BEGIN = 3
    #: Given to the last journey.
    BEHIND = 4
    CLOSE = 5
    #: Lines are missing here: whose the rest of the session is, is not known.
    GAP = 6


_ENDS = frozenset({Role.CLOSE, Role.GAP})


class Step:
    """One line of the session; `place` orders them as the process wrote."""

    __slots__ = ("digest", "event", "node", "place", "role", "second", "time_us")

    def __init__(self, place: tuple[int, int, int], role: Role, digest: str, event: Event | None = None, node: str | None = None) -> None:
        #: Second, number in it, microseconds.
        self.place = place
        self.second = place[0]
        self.time_us = place[2]
        self.role = role
        #: Identity of its line.
        self.digest = digest
        self.event = event
        self.node = node


#: (event, key of the node that it is given to)
Gift = tuple[Event, str]


class Session:
    """The session lines of one process, as far back as two lines without a common id may lie apart."""

    __slots__ = ("_deal", "_known", "_pins", "_reach_s", "_steps", "last_us")

    def __init__(self, reach_s: int) -> None:
        self._steps: list[Step] = []
        self._known: dict[str, Step] = {}
        self._deal = _Deal(reach_s)
        self._pins: set[Slot] = set()
        self._reach_s = reach_s
        self.last_us = 0

    def known(self, digest: str) -> Step | None:
        """The same line read before."""
        return self._known.get(digest)

    def add(self, step: Step, slot: Slot | None) -> tuple[list[Gift], list[Gift]]:
        """Take a line in: what is to be given to nodes now, and what was given wrongly before (where lines come out of order)."""
        self.last_us = max(self.last_us, step.time_us)
        if slot is not None and step.role in {Role.OPEN, Role.COMMON, Role.AHEAD}:
            # The low-water mark never lies inside an open session.
            slot.holders.add(self)
            self._pins.add(slot)
        self._known[step.digest] = step
        if not self._steps or self._steps[-1].place <= step.place:
            if step.role in {Role.OPEN, Role.BEGIN}:
                self._forget(step.second)
            self._steps.append(step)
            if step.role in _ENDS:
                self.close()
            return self._deal.take(step), []
        insort(self._steps, step, key=lambda s: (s.place, s.role))
        before = self._deal.gifts
        self._deal = _Deal(self._reach_s)
        for known in self._steps:
            self._deal.take(known)
        old, new = {(e.digest, n) for e, n in before}, {(e.digest, n) for e, n in self._deal.gifts}
        return [g for g in self._deal.gifts if (g[0].digest, g[1]) not in old], [g for g in before if (g[0].digest, g[1]) not in new]

    def close(self) -> None:
        """The session is over: its own places in files need not be read again, nor those of lines that no journey got."""
        for slot in self._pins:
            slot.holders.discard(self)
        self._pins.clear()
        for step in self._steps:
            if step.event is not None and not step.event.owners:
                step.event.unpin()

    def give_up(self, slot: Slot) -> None:
        """Need the lines at this place no more: they lie too far back to be given to a journey that begins now."""
        slot.holders.discard(self)
        self._pins.discard(slot)

    def _forget(self, second: int) -> None:
        """Where a session begins in order, drop what lies so far back that it can be given to nobody any more.

        Where a journey begins too: not every program logs sessions.
        """
        floor = second - self._reach_s - MARGIN_S
        # Only where half of them go, so that a process with many short sessions does not pay for each.
        if self._steps and self._steps[len(self._steps) // 2].second < floor:
            self._steps = [s for s in self._steps if s.second >= floor]
            self._known = {s.digest: s for s in self._steps}
            self._deal.gifts = [g for g in self._deal.gifts if g[0].second >= floor]


class _Deal:
    """Which line goes to which journey: a function of the ordered lines alone."""

    __slots__ = ("ahead", "common", "gifts", "last", "reach_s")

    def __init__(self, reach_s: int) -> None:
        self.gifts: list[Gift] = []
        self.common: list[Step] = []
        self.ahead: list[Step] = []
        self.last: Step | None = None
        self.reach_s = reach_s

    def take(self, step: Step) -> list[Gift]:
        """The gifts that one more line makes."""
        gifts: list[Gift] = []
        if step.role is Role.OPEN or step.role in _ENDS:
            self.common, self.ahead, self.last = [], [], None
        elif step.role is Role.BEGIN and step.node is not None:
            self.last = step
            given = (s for s in (*self.common, *self.ahead) if step.second - s.second <= self.reach_s)
            gifts = [(s.event, step.node) for s in given if s.event is not None]
            self.ahead = []
        elif step.role is Role.COMMON:
            self.common.append(step)
        elif step.role is Role.AHEAD:
            self.ahead.append(step)
        elif self.last is not None and step.event is not None and step.second - self.last.second <= self.reach_s:
            gifts = [(step.event, self.last.node or "")]
        self.gifts.extend(gifts)
        return gifts
