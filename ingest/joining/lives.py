"""The lives of a queue id that comes back, told apart on the whole set of its events.

A new life begins only where a client or user hands a message in again, or, without one, at a Message-ID after the file was removed; and
with the first line, where a file was removed before the first such beginning. Where a clock was set back, the end of a message stands
before its beginning: lines without a beginning, and a beginning without an end shortly after them, are one life.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Container, Sequence

from ingest.clock import SECOND, SET_BACK_US
from ingest.joining.event import LiveEvent, by_time, in_order
from ingest.queue_ids import time_in_id
from mappings.facts import Attempted, Expired, Identified, Judged, Noticed, Queued, Received, Removed
from mappings.keys import queue_id_of
from mappings.log_words import Status

#: A try after which there is no other one for the recipient.
_LAST = frozenset({Status.SENT, Status.BOUNCED, Status.EXPIRED})


def split(events: list[LiveEvent], key: str) -> list[list[LiveEvent]]:
    """The events of one queue id by life, each in canonical order."""
    events.sort(key=in_order)
    if time_in_id(queue_id_of(key)) is not None:
        return [events]
    own = [e for e in events if e.route.queue == key]
    starts = _starts(own)
    early = _set_back(own, starts)
    if _is_earlier(own, starts, early):
        # Lines of an earlier life whose beginning was not read.
        starts.insert(0, own[0])
    if len(starts) < 2:
        return [events]
    lives: list[list[LiveEvent]] = [[] for _ in starts]
    times = [e.time_us for e in starts]
    started: dict[str, int] = {}
    for index, start in enumerate(starts):
        started.setdefault(start.digest, index)
    named = _named(own, times)
    removed = [False] * len(starts)
    for event in own:
        index = max(bisect_right(times, event.time_us) - 1, 0)
        if isinstance(event.fact, Judged):
            index = _looked_at(event, times, named)
        elif event.digest in started:
            index = started[event.digest]
        elif event.digest in early:
            index = started[early[event.digest].digest]
        elif index and not removed[index - 1] and _ends_before(event, starts[index]):
            index -= 1
        removed[index] = removed[index] or isinstance(event.fact, Removed)
        lives[index].append(event)
    for event in events:
        if event.route.queue != key:
            after = bisect_left(times, event.time_us)
            near = [i for i in (after - 1, after) if 0 <= i < len(times)]
            lives[bisect_left(times, min((times[i] for i in near), key=lambda t: abs(t - event.time_us)))].append(event)
    return [sorted(life, key=in_order) for life in lives if life]


def _is_earlier(own: Sequence[LiveEvent], starts: Sequence[LiveEvent], early: Container[str]) -> bool:
    """Whether a file was removed before the first beginning that was read."""
    if not starts or own[0].time_us >= starts[0].time_us:
        return False
    return any(type(e.fact) is Removed and e.time_us < starts[0].time_us and e.digest not in early for e in own)


def _named(own: Sequence[LiveEvent], times: Sequence[int]) -> dict[str, list[int]]:
    """The lives in which each Message-ID stands, in their order."""
    found: dict[str, list[int]] = {}
    for event in own:
        index = bisect_right(times, event.time_us) - 1
        if isinstance(event.fact, Identified) and index >= 0:
            found.setdefault(event.fact.message_id, []).append(index)
    return found


def _looked_at(event: LiveEvent, times: Sequence[int], named: dict[str, list[int]]) -> int:
    """Which life a filter's result is about: of those that had begun by then, the one with its Message-ID, else the last.

    Its stamp may have whole seconds where the mail server's are finer, so it may stand before what it is about.
    """
    until = event.time_us + (0 if event.fine else SECOND - 1)
    last = max(bisect_right(times, until) - 1, 0)
    message_id = event.fact.message_id if isinstance(event.fact, Judged) else None
    mine = named.get(message_id, []) if message_id else []
    before = bisect_right(mine, last)
    return mine[before - 1] if before else last


def _ends_before(event: LiveEvent, start: LiveEvent) -> bool:
    """Whether an event ends the life before, though it stands in the second in which the next one begins.

    Inside one whole second only the sense tells: what ends a life belongs to the one that has no end yet.
    """
    blurred = event.second == start.second and not (event.fine and start.fine)
    return blurred and isinstance(event.fact, Removed | Attempted | Expired | Noticed)


def _starts(own: Sequence[LiveEvent]) -> list[LiveEvent]:
    """The events that begin a life."""
    starts: list[LiveEvent] = []
    removed = False
    for event in own:
        kind = type(event.fact)
        if kind is Received:
            last = starts[-1] if starts else None
            if last is not None and type(last.fact) is Identified and last.second == event.second and not (last.fine and event.fine):
                # Inside one whole second `message-id=` may stand before its own `client=`.
                starts[-1] = event
            else:
                starts.append(event)
            removed = False
        elif removed and isinstance(event.fact, Identified) and not event.fact.resent:
            starts.append(event)
            removed = False
        elif kind is Removed:
            removed = True
    return starts


def _set_back(own: Sequence[LiveEvent], starts: Sequence[LiveEvent]) -> dict[str, LiveEvent]:
    """Lines that stand before the beginning of their life, for the clock was set back after it; each with that beginning.

    They follow an end, or nothing, and come to an end themselves; the life behind them has none.
    """
    early: dict[str, LiveEvent] = {}
    bounds = [bisect_left(own, start.time_us, key=by_time) for start in starts]
    for number, start in enumerate(starts):
        if bounds[number] == (bounds[number - 1] if number else 0):
            continue
        life = own[bounds[number] : bounds[number + 1] if number + 1 < len(starts) else None]
        if any(type(e.fact) is Removed for e in life):
            continue
        left = own[bounds[number - 1] if number else 0 : bounds[number]]
        if number:
            left = left[next((i for i, e in enumerate(left, 1) if type(e.fact) is Removed), len(left)) :]
        if left and start.time_us - left[0].time_us <= SET_BACK_US and _is_rest(left, life):
            early.update((e.digest, start) for e in left)
    return early


def _is_rest(left: Sequence[LiveEvent], life: Sequence[LiveEvent]) -> bool:
    """Whether lines come to an end that the life lacks, and say nothing that it says otherwise."""
    ends = [e.fact for e in left if isinstance(e.fact, Removed)]
    ids, others = ({e.fact.message_id for e in one if isinstance(e.fact, Identified) and not e.fact.resent} for one in (left, life))
    queued, known = ([e.fact for e in one if isinstance(e.fact, Queued)] for one in (left, life))
    tried, again = (sum(isinstance(e.fact, Attempted) and e.fact.status in _LAST for e in one) for one in (left, life))
    count = known[0].count if known else None
    if not ends or (ids and others and ids.isdisjoint(others)):
        return False
    if known and any((one.sender, one.size) != (known[0].sender, known[0].size) for one in queued):
        return False
    if len(ends) == len(left):
        # An end alone is that of a life that is done, or was deleted.
        return ends[0].by_admin or (count is not None and again >= count)
    return not (tried and again) or count is None or tried + again <= count
