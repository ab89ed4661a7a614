"""How the reading of a source stands: what its follower writes down now and then, and everybody who asks the store goes by.

A source is a file with all that is rotated out of it (by the live file's name), a journal, or standard input. Of what it reads, one
reader (an ingester with its data folder) keeps one record; it is no part of any mail, and nothing is lost with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from mappings.rhythm import Rhythm

#: So many sources of a reader are kept, so many kinds of unknown lines and log domains of each.
MOST_SOURCES, MOST_KINDS, MOST_DOMAINS = 200, 10, 200
#: So many log domains of a source have a rhythm of their own.
MOST_RHYTHMS = 50
#: Of an unknown line so much is kept.
LONGEST_SAMPLE = 300
#: Seconds between two records of a reader of which nothing is news.
EVERY_S = 10.0
#: Who has not been at the end for so long is behind: what comes in between is on its way.
LATE_MS = 60_000
#: What ended is forgotten after so long, and so is a reader that gives no sign of life.
FORGOTTEN_MS = 90 * 86_400_000


class Ended(StrEnum):
    """How reading ended, where it did so in order."""

    #: Everything was read to its end, as was asked for.
    FINISHED = "finished"
    #: The reader was asked to stop.
    STOPPED = "stopped"
    #: A later run of the same reader was not told to read it.
    DROPPED = "dropped"


class Trouble(StrEnum):
    """What keeps a source from being read."""

    GONE = "gone"
    #: It was renamed, as rotation does, and nothing has its name.
    MOVED = "moved"
    NO_RIGHTS = "no_rights"
    FAULT = "fault"


class UnknownLines(msgspec.Struct, frozen=True):
    """Lines of a program that no pattern fits, and one of them, where lines are kept."""

    program: str
    lines: int
    sample: str | None = None


class SourceReading(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the reading of one source stands. Times are the wall clock's, in milliseconds since 1970 UTC, where not said otherwise."""

    source: str
    #: When this was written: as long as it is read, again and again.
    noted_ms: int
    ended: Ended | None = None
    #: When everything that was there had been read the last time; None where that was never.
    at_end_ms: int | None = None
    #: The stamp of the last line, in log time.
    last_ms: int | None = None
    #: When the file was last written to; of a stream, when its last lines came.
    written_ms: int | None = None
    #: The last lines came while they were waited for: they were written at that time, whatever they say.
    live: bool = False
    #: There is a file to which lines are written; else all of it is rotated files, of which nothing more is expected.
    growing: bool = True
    #: What is there and was not read; None where nobody can tell.
    behind_bytes: int | None = 0
    behind_lines: int | None = None
    #: Lines of programs that are read; of how many of them nothing is understood; and of which kinds they are, most first.
    lines: int = 0
    unknown_lines: int = 0
    unknown: tuple[UnknownLines, ...] = ()
    #: Of stamps that name no zone, or no year: which was assumed; and whether the zone was set, told by message ids, or is the system's.
    zone: str | None = None
    zone_by: str | None = None
    year: int | None = None
    trouble: Trouble | None = None
    trouble_since_ms: int | None = None
    #: The sentence of a fault.
    trouble_words: str = ""
    rhythm: Rhythm = Rhythm()
    #: Those of its log domains, where it has several.
    rhythms: dict[str, Rhythm] = {}
    #: The log domains of its lines, and whether there are more of them.
    domains: tuple[str, ...] = ()
    more_domains: bool = False


class ReaderReadings(msgspec.Struct, frozen=True):
    """All sources of one reader, also of its earlier runs; `reader` is the name that its data folder has for it."""

    reader: str
    sources: tuple[SourceReading, ...] = ()
    #: Where it ran last.
    machine: str = ""

    def is_forgotten(self, now_ms: int) -> bool:
        """Whether it was silent for so long that nobody asks for it; one that lives writes its record anew within seconds."""
        return all(one.noted_ms <= now_ms - FORGOTTEN_MS for one in self.sources)

    def with_sources(self, news: Iterable[SourceReading], now_ms: int) -> ReaderReadings:
        """The same with what is news; of too many, and of what ended long ago, the oldest go."""
        by_name = {one.source: one for one in self.sources} | {one.source: one for one in news}
        stay = [one for one in by_name.values() if one.ended is None or one.noted_ms > now_ms - FORGOTTEN_MS]
        stay.sort(key=lambda one: (one.ended is None, one.trouble is not None, one.noted_ms, one.source), reverse=True)
        return msgspec.structs.replace(self, sources=tuple(sorted(stay[:MOST_SOURCES], key=lambda one: one.source)))


def decoded(encoded: bytes | str) -> ReaderReadings | None:
    """What was kept; None where nobody understands it: it is written anew within seconds."""
    try:
        return msgspec.json.decode(encoded, type=ReaderReadings)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
