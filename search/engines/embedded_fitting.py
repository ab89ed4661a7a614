"""Which traces fit a question that no index answers: found once for a part of a file, and remembered for what a page asks of it.

A page asks three times for the same traces: for its rows, their number and the chart. Their ids in order, by disposition, answer all three.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest, nsmallest

from search.engines.embedded_plan import Span
from search.engines.embedded_span import key_of

#: Of more traces in one part the ids are not kept: they are found anew for each question.
MOST_FITTING = 50_000
#: So many ids are remembered, with some 60 bytes each; a question takes as much as so many, at least.
_MOST_KEPT, _QUESTION = 500_000, 100


@dataclass(frozen=True, slots=True)
class FittingIds:
    """The ids of a part of a file that fit, oldest first, by disposition."""

    by_disposition: Mapping[str, Sequence[bytes]] = field(default_factory=dict)

    @staticmethod
    def of(found: Iterable[tuple[bytes, str]]) -> FittingIds:
        """Those of ids with their dispositions, in any order."""
        listed: defaultdict[str, list[bytes]] = defaultdict(list)
        for key, disposition in found:
            listed[disposition].append(key)
        return FittingIds({disposition: sorted(keys) for disposition, keys in listed.items()})

    def without(self, keys: frozenset[bytes]) -> FittingIds:
        """Those that are none of these."""

        def rest(ids: Sequence[bytes]) -> Sequence[bytes]:
            # Mostly they are few, and none of these.
            return [key for key in ids if key not in keys] if any(_holds(ids, key) for key in keys) else ids

        return FittingIds({word: rest(ids) for word, ids in self.by_disposition.items()})

    def beside(self, others: Sequence[FittingIds]) -> FittingIds:
        """Those that are in none of these."""

        def there(word: str, key: bytes) -> bool:
            return any(_holds(one.by_disposition.get(word, ()), key) for one in others)

        return FittingIds({word: [key for key in ids if not there(word, key)] for word, ids in self.by_disposition.items()})

    def __len__(self) -> int:
        return sum(map(len, self.by_disposition.values()))

    def within(self, span: Span) -> Iterator[tuple[Sequence[bytes], int, int]]:
        """The ids of each disposition, and from where to before where they lie in a span."""
        for ids in self.by_disposition.values():
            yield ids, bisect_left(ids, span.lower), bisect_left(ids, span.upper)


def _holds(ids: Sequence[bytes], key: bytes) -> bool:
    """Whether an id is among sorted ones."""
    place = bisect_left(ids, key)
    return place < len(ids) and ids[place] == key


def first_of(parts: Iterable[FittingIds], span: Span, limit: int, *, oldest: bool) -> list[bytes]:
    """The newest ids of a span, newest first, or the oldest, oldest first."""
    pieces = [
        ids[begin : min(end, begin + limit)] if oldest else ids[max(begin, end - limit) : end]
        for part in parts
        for ids, begin, end in part.within(span)
    ]
    ends = (key for piece in pieces for key in piece)
    return nsmallest(limit, ends) if oldest else nlargest(limit, ends)


def number_of(parts: Iterable[FittingIds], span: Span) -> int:
    """How many ids lie in a span."""
    return sum(max(end - begin, 0) for part in parts for _, begin, end in part.within(span))


def fates_over_time(parts: Iterable[FittingIds], span: Span, edges_ms: Sequence[int]) -> list[Counter[str]]:
    """How many ids of a span have each disposition, in each interval from one edge to the next."""
    found = [Counter[str]() for _ in edges_ms[1:]]
    bounds = [min(max(key_of(edge), span.lower), span.upper) for edge in edges_ms]
    for part in parts:
        for disposition, ids in part.by_disposition.items():
            places = [bisect_left(ids, bound) for bound in bounds]
            for counts, begin, end in zip(found, places, places[1:], strict=False):
                if end > begin:
                    counts[disposition] += end - begin
    return found


@dataclass(frozen=True, slots=True)
class _Known:
    """What was found in a span; no ids where there were too many."""

    span: Span
    ids: FittingIds | None


class FittingMemory:
    """What was found in parts that never change, the last used; safe for several threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, _Known] = OrderedDict()
        self._kept = 0
        self._guard = threading.Lock()

    def of(self, key: Hashable, span: Span, find: Callable[[Span], FittingIds | None]) -> FittingIds | None:
        """What fits in a span at least, by whatever tells part and question apart; found where it is not known."""
        with self._guard:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
        if known is not None and known.span.lower <= span.lower and span.upper <= known.span.upper:
            return known.ids
        if known is not None:
            span = Span(min(span.lower, known.span.lower), max(span.upper, known.span.upper))
        found = find(span)
        with self._guard:
            former = self._known.pop(key, None)
            self._known[key] = latest = _Known(span, found)
            self._kept += _size(latest) - _size(former)
            while self._kept > _MOST_KEPT and len(self._known) > 1:
                self._kept -= _size(self._known.popitem(last=False)[1])
        return found


def _size(known: _Known | None) -> int:
    """How many ids one takes."""
    return 0 if known is None else _QUESTION + len(known.ids or ())
