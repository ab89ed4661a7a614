"""Sessions: the lines of one process that bear no id are given to the journeys of the same session.

A session is no join key: it joins no two journeys. What stands before a queue file (`NOQUEUE: hold`) goes to the next one that
the process begins, TLS to each of the session, a lost connection to the last.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque

from ingest.clock import MARGIN_S
from ingest.joining.event import LiveEvent
from ingest.joining.places import Place
from ingest.joining.way import SessionRole

#: So many lines at most hold for all of a session: it has one that tells of TLS, and more only where its beginnings are not logged.
_LASTING = 10

#: (event, key of the node that it is given to)
Gift = tuple[LiveEvent, str]


class SessionStep:
    """One line of the session; `order` is that as the process wrote."""

    __slots__ = ("digest", "event", "gifts", "node", "order", "role", "second", "time_us")

    def __init__(
        self, order: tuple[int, int, int], role: SessionRole, digest: str, event: LiveEvent | None = None, node: str | None = None
    ) -> None:
        #: Second, number in it, microseconds.
        self.order = order
        self.second = order[0]
        self.time_us = order[2]
        self.role = role
        #: Identity of its line.
        self.digest = digest
        self.event = event
        self.node = node
        #: What is given where it stands.
        self.gifts: list[Gift] = []


#: Where a session begins or ends: nothing is given over it.
_ENDS = frozenset({SessionRole.CLOSE, SessionRole.GAP})
_BORDERS = _ENDS | {SessionRole.OPEN}


def _rank(step: SessionStep) -> tuple[tuple[int, int, int], SessionRole]:
    return step.order, step.role


class Session:
    """The session lines of one process, as far back as two lines without a common id may lie apart."""

    __slots__ = ("_deal", "_known", "_marks", "_places", "_reach_s", "_since_close", "_steps", "last_us")

    def __init__(self, reach_s: int) -> None:
        self._steps: list[SessionStep] = []
        #: Those of them that hold for what comes after, or end that.
        self._marks: list[SessionStep] = []
        self._since_close: list[SessionStep] = []
        self._known: dict[str, SessionStep] = {}
        self._deal = _Deal(reach_s)
        #: Places in files that the session needs, oldest first, with the seconds of its lines there.
        self._places: dict[Place, int] = {}
        self._reach_s = reach_s
        #: The log's clock when a line came last.
        self.last_us = 0

    def known(self, digest: str) -> SessionStep | None:
        """The same line read before."""
        return self._known.get(digest)

    def add(self, step: SessionStep, place: Place | None) -> tuple[list[Gift], list[Gift]]:
        """Take a line in: what is to be given to nodes now, and what was given wrongly before (where lines come out of order)."""
        if place is not None and step.role in {SessionRole.OPEN, SessionRole.COMMON, SessionRole.AHEAD}:
            # The low-water mark never lies inside an open session.
            place.hold(self)
            self._places.setdefault(place, step.second)
        self._known[step.digest] = step
        self._since_close.append(step)
        if self._steps and self._steps[-1].order > step.order:
            return self._insert(step)
        self._forget(step.second)
        self._steps.append(step)
        if step.role in _BORDERS or step.role is SessionRole.COMMON:
            self._marks.append(step)
        if step.role in _ENDS:
            self.close()
        step.gifts = self._deal.take(step)
        return step.gifts, []

    def close(self) -> None:
        """The session is over: its own places in files need not be read again, nor those of lines that no journey got."""
        for place in self._places:
            place.let_go(self)
        self._places.clear()
        for step in self._since_close:
            _unneeded(step)
        self._since_close.clear()

    def _insert(self, step: SessionStep) -> tuple[list[Gift], list[Gift]]:
        """Take in a line that stands before others: what these are given is dealt anew, as far as it may change that."""
        at = bisect_right(self._steps, _rank(step), key=_rank)
        self._steps.insert(at, step)
        if step.role in _BORDERS or step.role is SessionRole.COMMON:
            self._marks.insert(bisect_right(self._marks, _rank(step), key=_rank), step)
        deal, end = self._before(at), self._changed_until(at)
        before: list[Gift] = []
        after: list[Gift] = []
        for known in self._steps[at:end]:
            before += known.gifts
            known.gifts = deal.take(known)
            after += known.gifts
        if end == len(self._steps):
            self._deal = deal
        old, new = {(e.digest, n) for e, n in before}, {(e.digest, n) for e, n in after}
        return [g for g in after if (g[0].digest, g[1]) not in old], [g for g in before if (g[0].digest, g[1]) not in new]

    def _before(self, at: int) -> _Deal:
        """How things stand before the step with this index."""
        step = self._steps[at]
        floor = step.second - self._reach_s
        deal = _Deal(self._reach_s)
        for index in range(at - 1, -1, -1):
            known = self._steps[index]
            if known.second < floor or known.role in _BORDERS:
                break
            if known.role is SessionRole.AHEAD:
                deal.ahead.appendleft(known)
            elif known.role is SessionRole.BEGIN and known.node is not None:
                deal.last = known
                break
        for index in range(bisect_right(self._marks, _rank(step), key=_rank) - 1, -1, -1):
            known = self._marks[index]
            if known is step:
                continue
            if known.second < floor or known.role in _BORDERS or len(deal.common) == _LASTING:
                break
            deal.common.appendleft(known)
        return deal

    def _changed_until(self, at: int) -> int:
        """Index behind the last step whose gifts the step with this index may change."""
        step = self._steps[at]
        lasting = step.role in _BORDERS or step.role is SessionRole.COMMON
        for index in range(at + 1, len(self._steps)):
            known = self._steps[index]
            if known.role in _BORDERS or known.second > step.second + self._reach_s:
                return index
            if not lasting and known.role is SessionRole.BEGIN and known.node is not None:
                return index + 1
        return len(self._steps)

    def give_up(self, place: Place) -> None:
        """Need the lines at this place no more: they lie too far back to be given to a journey that begins now."""
        place.let_go(self)
        self._places.pop(place, None)

    def _forget(self, second: int) -> None:
        """Drop what lies so far back that it can be given to nobody any more, and needs no place in a file."""
        floor = second - self._reach_s - MARGIN_S
        while self._places and next(iter(self._places.values())) < floor:
            self.give_up(next(iter(self._places)))
        # Only where half of them go, so that a process with many short sessions does not pay for each.
        if self._steps and self._steps[len(self._steps) // 2].second < floor:
            for step in self._steps:
                if step.second < floor:
                    _unneeded(step)
            self._steps = [s for s in self._steps if s.second >= floor]
            self._marks = [s for s in self._marks if s.second >= floor]
            self._since_close = [s for s in self._since_close if s.second >= floor]
            self._known = {s.digest: s for s in self._steps}


def _unneeded(step: SessionStep) -> None:
    """What no journey got need not be read again."""
    if step.event is not None and not step.event.owners:
        step.event.let_go()


class _Deal:
    """Which line goes to which journey: a function of the ordered lines alone."""

    __slots__ = ("ahead", "common", "last", "reach_s")

    def __init__(self, reach_s: int) -> None:
        self.common: deque[SessionStep] = deque(maxlen=_LASTING)
        self.ahead: deque[SessionStep] = deque()
        self.last: SessionStep | None = None
        self.reach_s = reach_s

    def take(self, step: SessionStep) -> list[Gift]:
        """The gifts that one more line makes."""
        if step.role in _BORDERS:
            self.common.clear()
            self.ahead.clear()
            self.last = None
        elif step.role is SessionRole.BEGIN and step.node is not None:
            self.last = step
            given = [s for s in (*self.common, *self.ahead) if step.second - s.second <= self.reach_s]
            self.ahead.clear()
            return [(s.event, step.node) for s in given if s.event is not None]
        elif step.role is SessionRole.COMMON:
            self.common.append(step)
        elif step.role is SessionRole.AHEAD:
            self.ahead.append(step)
            while step.second - self.ahead[0].second > self.reach_s:
                self.ahead.popleft()
        elif self.last is not None and step.event is not None and step.second - self.last.second <= self.reach_s:
            return [(step.event, self.last.node or "")]
        return []
