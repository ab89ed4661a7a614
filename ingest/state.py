"""What an ingester is doing, as one object that is replaced as a whole: who looks from another thread sees one moment, not half of two."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping

import msgspec

from ingest.clock import SECOND
from ingest.formats import FORMATS
from ingest.source import SourceFile
from ingest.summary import Summary

#: Programs by which lines are counted, by the formats' names; all others are one, for anybody may log under any name.
PROGRAMS = frozenset(one.name for one in FORMATS)
_PROGRAM_OF = {program: one.name for one in FORMATS for program in one.programs}
OTHER = "other"
#: Seconds between two looks at everything.
_PAUSE_S = 0.5


class FileState(msgspec.Struct, frozen=True):
    """How far one file is read."""

    path: str
    device: int
    inode: int
    #: Bytes that were dealt with, a last line without newline included, and the size when it was last looked at.
    done: int
    size: int
    #: Nothing can be said of the bytes of a compressed file or a stream but whether it is over.
    measured: bool
    at_end: bool
    #: The greatest stamp that was read, in seconds since 1970; 0 before the first.
    read_up_to_s: float
    #: Seconds of the file's own clock since the oldest line that is still needed; 0 where none is.
    pinned_s: float


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The moment `at_s` (seconds since 1970) of an ingester. What is counted by program is counted since its start."""

    at_s: float = 0.0
    lines: Mapping[str, int] = {}
    events: Mapping[str, int] = {}
    unknown: Mapping[str, int] = {}
    failed: Mapping[str, int] = {}
    #: Lines stamped far ahead of this machine's clock.
    ahead: int = 0
    documents: int = 0
    superseded: int = 0
    #: Losses that were told of.
    losses: int = 0
    open_journeys: int = 0
    files: tuple[FileState, ...] = ()
    #: Files and folders that cannot be read now.
    unreadable: int = 0


class Watch:
    """Keeps the newest `State`."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.state = State()
        self._clock = clock
        self._looked_at = float("-inf")

    def look(self, summary: Summary, open_journeys: int, sources: Collection[SourceFile], unreadable: int, *, now: bool = False) -> None:
        """Take down how things stand, a few times a second at most, or `now`."""
        if not now and time.monotonic() - self._looked_at < _PAUSE_S:
            return
        self._looked_at = time.monotonic()
        lines: Counter[str] = Counter()
        unknown: Counter[str] = Counter()
        for tally in summary.tallies.values():
            for counts in (tally.known, tally.unknown, tally.free):
                lines.update(counts)
            unknown.update(tally.unknown)
            lines[OTHER] += tally.foreign.total() + tally.unframed
        self.state = State(
            at_s=self._clock(),
            lines=lines,
            events=dict(summary.events),
            unknown=unknown,
            failed=_bounded(summary.failed),
            ahead=summary.ahead,
            documents=summary.traces,
            superseded=summary.superseded,
            losses=summary.losses,
            open_journeys=open_journeys,
            files=tuple(map(_file, sources)),
            unreadable=unreadable,
        )


def _file(source: SourceFile) -> FileState:
    """How far one file is read."""
    reader = source.reader
    return FileState(
        path=reader.path,
        device=reader.device,
        inode=reader.inode,
        done=source.read + reader.partial,
        size=reader.size,
        measured=not (reader.compressed or reader.stream),
        at_end=reader.at_end,
        read_up_to_s=source.greatest_us / SECOND,
        pinned_s=source.pinned_us / SECOND,
    )


def _bounded(counts: Mapping[str, int]) -> Counter[str]:
    """Counts by program as counts by format, and the rest together."""
    bounded: Counter[str] = Counter()
    for name, count in counts.items():
        bounded[_PROGRAM_OF.get(name, OTHER)] += count
    return bounded
