"""Names: which parts name a key, found by the key and the time; so that a key that many share costs no more than one of its own."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator

from ingest.clock import SECOND
from ingest.joining.event import LiveEvent
from ingest.joining.links import Link
from ingest.joining.parts import Part
from mappings.links import How

#: A weak name (a log id, a client's port, a queue file that is not seen) that more parts than this bear at about the same time
#: tells none of them from another: it joins nothing.
MANY = 100


class Mention:
    """A part that names a key in one way: from when to when, and each time that it does."""

    __slots__ = ("how", "lines", "number", "part", "since_us", "target", "times", "until_us")

    def __init__(self, part: Part, link: Link, number: int) -> None:
        self.part = part
        self.how = link.how
        self.target = link.target
        self.number = number
        #: The line in which it does so, by its time.
        self.lines: dict[int, LiveEvent | None] = {link.time_us: link.line}
        self.since_us = link.time_us if link.since_us is None else link.since_us
        self.until_us = link.time_us
        self.times: list[int] = [link.time_us]

    def take(self, link: Link) -> None:
        """It names the key once more."""
        self.since_us = min(self.since_us, link.time_us if link.since_us is None else link.since_us)
        self.until_us = max(self.until_us, link.time_us)
        insort(self.times, link.time_us)
        self.lines.setdefault(link.time_us, link.line)

    def within(self, time_us: int, reach_us: int) -> bool:
        """Whether it names the key at most so long before or after a moment."""
        if len(self.times) == 1:
            return abs(self.times[0] - time_us) <= reach_us
        at = bisect_left(self.times, time_us - reach_us)
        return at < len(self.times) and self.times[at] <= time_us + reach_us


#: End, beginning, number: what orders mentions.
_Entry = tuple[int, int, int, Mention]


class _Spans:
    """Spans of time, of about the same length each: by their ends, those that reach into another one stand side by side."""

    __slots__ = ("by_length", "count", "crowd")

    def __init__(self) -> None:
        self.by_length: dict[int, list[_Entry]] = {}
        self.count = 0
        #: From when to when a crowd is known to be.
        self.crowd: tuple[int, int] | None = None

    def add(self, mention: Mention) -> None:
        insort(self.by_length.setdefault(_length(mention), []), _entry(mention))
        self.count += 1

    def remove(self, mention: Mention) -> None:
        length = _length(mention)
        entries = self.by_length[length]
        del entries[bisect_left(entries, _entry(mention))]
        self.count -= 1
        self.crowd = None
        if not entries:
            del self.by_length[length]

    def near(self, since_us: int, until_us: int) -> Iterator[Mention]:
        for length, entries in self.by_length.items():
            longest = until_us + (1 << length)
            for at in range(bisect_left(entries, (since_us,)), len(entries)):
                end, begin, _, mention = entries[at]
                if end > longest:
                    break
                if begin <= until_us:
                    yield mention

    def run(self, time_us: int, gap_us: int) -> list[Part]:
        """Parts around a moment, each at most `gap_us` from the next one; of more than `MANY` + 1 only so many and one more."""
        found: dict[Part, None] = {}
        since = until = time_us
        while True:
            before = len(found)
            for mention in self.near(since - gap_us, until + gap_us):
                found[mention.part] = None
                since, until = min(since, mention.since_us), max(until, mention.until_us)
                if len(found) > MANY + 1:
                    self.crowd = since, until
                    return list(found)
            if len(found) == before:
                return list(found)


def _length(mention: Mention) -> int:
    return (mention.until_us - mention.since_us).bit_length()


def _entry(mention: Mention) -> _Entry:
    return mention.until_us, mention.since_us, mention.number, mention


class Names:
    """All mentions of keys by parts in memory."""

    def __init__(self) -> None:
        self._spans: dict[str, _Spans] = {}
        self._of: dict[Part, list[Mention]] = {}
        self._next = 0

    def add(self, parts: Iterable[Part]) -> list[Mention]:
        """Take in what some parts name, and give it."""
        added: list[Mention] = []
        for part in parts:
            if not part.links:
                continue
            mentions: dict[tuple[How, str], Mention] = {}
            for link in part.links:
                way = link.how, link.target
                known = mentions.get(way)
                if known is not None:
                    known.take(link)
                    continue
                self._next += 1
                mentions[way] = Mention(part, link, self._next)
            for mention in mentions.values():
                spans = self._spans.get(mention.target)
                if spans is None:
                    spans = self._spans[mention.target] = _Spans()
                spans.add(mention)
            named = self._of[part] = list(mentions.values())
            added += named
        return added

    def remove(self, parts: Iterable[Part]) -> None:
        """These parts are no more."""
        for part in parts:
            for mention in self._of.pop(part, ()):
                spans = self._spans[mention.target]
                spans.remove(mention)
                if not spans.count:
                    del self._spans[mention.target]

    def near(self, target: str, since_us: int, until_us: int) -> Iterator[Mention]:
        """The mentions of a key that reach into a span of time. Those that lie all in it come before others of their length."""
        spans = self._spans.get(target)
        return spans.near(since_us, until_us) if spans is not None else iter(())

    def of(self, parts: Iterable[Part]) -> Iterator[Mention]:
        """What some parts name."""
        for part in parts:
            yield from self._of.get(part, ())

    def around(self, target: str, since_us: int, until_us: int, most: int) -> list[Part]:
        """The parts that name a key around a time, each at most a second from the next one; none where there are more than `most`."""
        found: dict[Part, None] = {}
        known = -1
        while known < len(found):
            known = len(found)
            for mention in self.near(target, since_us - SECOND, until_us + SECOND):
                found[mention.part] = None
                since_us, until_us = min(since_us, mention.since_us), max(until_us, mention.until_us)
                if len(found) > most:
                    return []
        return list(found)

    def crowded(self, target: str, time_us: int, gap_us: int) -> bool:
        """Whether more than `MANY` parts name a key around a moment, each at most `gap_us` from the next one."""
        spans = self._spans.get(target)
        if spans is None or spans.count <= MANY:
            return False
        known = spans.crowd
        return (known is not None and known[0] - gap_us <= time_us <= known[1] + gap_us) or len(spans.run(time_us, gap_us)) > MANY

    def parted(self, target: str, time_us: int, gap_us: int) -> list[Part]:
        """The parts that are too many for a name since one of them came, which stands at this moment; empty where that is not so."""
        if (spans := self._spans.get(target)) is None or spans.count <= MANY:
            return []
        known = spans.crowd
        if known is not None and known[0] - gap_us <= time_us <= known[1] + gap_us:
            return []
        found = spans.run(time_us, gap_us)
        return found if len(found) == MANY + 1 else []
