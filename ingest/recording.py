"""How reading stands, source by source: looked at while it goes on, and written into the store now and then.

A look costs a few attributes a file; the system is asked, and the store written to, once in `EVERY_S`, or where there is news that nobody
should wait for: a source was read to its end, or cannot be read any more.
"""

from __future__ import annotations

import os
import re
import secrets
import socket
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from ingest.heard import Heard
from ingest.options import IngestOptions
from ingest.sinks import Sink
from ingest.source import SourceFile
from ingest.summary import Tally
from ingest.tail.faults import TailError
from ingest.tail.follow import Follower
from ingest.tail.names import is_file
from ingest.tail.paths import covers, rotated_set
from mappings import private
from mappings.printable import printable
from mappings.readings import (
    EVERY_S,
    LATE_MS,
    LONGEST_SAMPLE,
    MOST_DOMAINS,
    MOST_KINDS,
    MOST_RHYTHMS,
    Ended,
    ReaderReadings,
    SourceReading,
    Trouble,
    UnknownLines,
)
from mappings.rhythm import LEAST_GAP_MS, Rhythm

_READER = re.compile(r"[0-9a-f]{16}").fullmatch


@dataclass(slots=True)
class _Source:
    """What is known of a source in this run."""

    #: The last of its files that lines were read of, and all tallies of its files.
    newest: SourceFile | None = None
    tallies: dict[int, Tally] = field(default_factory=dict)
    hosts: set[str] = field(default_factory=set)
    #: Its live file was there in this run.
    growing: bool = False
    at_end: bool = False
    at_end_ms: int | None = None
    lines: int = 0
    last_ms: int | None = None
    came_ms: int | None = None
    live: bool = False
    rhythm: Rhythm = field(default_factory=Rhythm)
    rhythms: dict[str, Rhythm] = field(default_factory=dict)
    trouble: Trouble | None = None
    trouble_since_ms: int = 0
    trouble_words: str = ""


class Recorder:
    """Looks at the sources of one reader. Times are milliseconds since 1970 UTC of the clock that is given."""

    def __init__(self, options: IngestOptions, data: Path, sink: Sink, clock: Callable[[], float], *, every_s: float = EVERY_S) -> None:
        self._options = options
        self._sink = sink
        self._clock = clock
        self._every_s = every_s
        self._once = False
        self._data = data
        self._kept = ReaderReadings("")
        #: What it told of each source last.
        self._before: dict[str, SourceReading] = {}
        self._known: dict[str, _Source] = {}
        self._noted = float("-inf")
        self._told: object = None

    def begin(self, *, once: bool) -> None:
        """Take up what the reader told in its last run; who has been silent for long is forgotten."""
        self._once = once
        self._sink.forget_readings(int(self._clock() * 1000))
        reader, machine = _reader_of(self._data), socket.gethostname()
        self._keep(msgspec.structs.replace(self._sink.reading_of(reader) or ReaderReadings(reader), machine=machine))

    def look(
        self, sources: Collection[SourceFile], follower: Follower, domain_of: Callable[[str], str], *, ended: Ended | None = None
    ) -> None:
        """See how reading stands, and have it written where that is due; `ended` where reading ends in order."""
        now_ms = int(self._clock() * 1000)
        files: dict[str, list[SourceFile]] = defaultdict(list)
        for source in sources:
            files[_name(source.reader.path)].append(source)
        for name, members in files.items():
            self._see(name, members, domain_of, now_ms)
        self._see_troubles(follower.troubles(), now_ms)
        self._see_what_is_there(follower, files, now_ms)
        news = [(name, one.at_end_ms is None or now_ms - one.at_end_ms > LATE_MS, one.trouble) for name, one in self._known.items()]
        if ended is None and news == self._told and time.monotonic() - self._noted < self._every_s:
            return
        self._told, self._noted = news, time.monotonic()
        records = [
            self._record(name, one, files.get(name, []), domain_of, now_ms, ended)
            for name, one in self._known.items()
            if name in self._before or self._counts(name, one)
        ]
        self._keep(self._kept.with_sources([*records, *self._dropped(now_ms)], now_ms))
        # A path, or a line that is not understood, may hold anything.
        self._sink.note_reading(printable(self._kept))

    def _keep(self, kept: ReaderReadings) -> None:
        self._kept = kept
        self._before = {one.source: one for one in kept.sources}

    # -- looking

    def _source(self, name: str) -> _Source:
        """What is known of a source; a run goes on with what the one before knew."""
        known = self._known.get(name)
        if known is None:
            before = self._before.get(name)
            known = self._known[name] = _Source()
            if before is not None:
                known.last_ms, known.came_ms, known.live = before.last_ms, before.written_ms, before.live
                known.rhythm, known.at_end_ms, known.growing = before.rhythm, before.at_end_ms, before.growing
                known.rhythms = dict(before.rhythms)
        return known

    def _see(self, name: str, members: list[SourceFile], domain_of: Callable[[str], str], now_ms: int) -> None:
        """Look at the files of a source."""
        one = self._source(name)
        waited = one.at_end
        one.at_end = all(member.drained for member in members)
        one.at_end_ms = now_ms if one.at_end else one.at_end_ms
        for member in members:
            one.tallies[id(member.tally)] = member.tally
            one.hosts |= member.hosts.keys()
            one.rhythm = _went_on(one.rhythm, member.heard)
            for host, heard in member.hosts.items():
                if heard.last_us:
                    domain = domain_of(host)
                    one.rhythms[domain] = _went_on(one.rhythms.get(domain, Rhythm()), heard)
        lines = sum(tally.lines for tally in one.tallies.values())
        if lines != one.lines:
            one.lines, one.came_ms, one.live = lines, now_ms, waited
            one.newest = max(members, key=lambda member: (member.latest_us > 0, member.reader.mtime_ns))
            one.last_ms = one.newest.latest_us // 1000 or one.last_ms

    def _see_what_is_there(self, follower: Follower, files: dict[str, list[SourceFile]], now_ms: int) -> None:
        """Which sources are there, and which are gone."""
        present = set(follower.present)
        unreadable = {name for name, one in self._known.items() if one.trouble in (Trouble.NO_RIGHTS, Trouble.FAULT)}
        sets = {_name(path) for path in present}
        named = {path for path in self._options.paths if path in present or (is_file(path) and path in self._known)}
        for name in {*named, *(one.source for one in self._kept.sources if one.source in sets)}:
            if name == _name(name) and name not in files and name not in unreadable:
                # Nothing of it is to be read: all of it was, or it is empty.
                one = self._source(name)
                one.at_end, one.at_end_ms = True, now_ms
        for before in self._kept.sources:
            if before.ended is None and before.growing and is_file(before.source) and covers(self._options.paths, before.source):
                self._source(before.source)
        for name, one in self._known.items():
            one.growing = one.growing or name in present or not is_file(name)
            gone = one.growing and is_file(name) and name not in present and name not in unreadable
            if gone and one.trouble not in (Trouble.GONE, Trouble.MOVED):
                moved = name in sets or any(member.reader.nameless and member.reader.links for member in files.get(name, []))
                self._trouble(one, Trouble.MOVED if moved else Trouble.GONE, now_ms)
            elif not gone and one.trouble in (Trouble.GONE, Trouble.MOVED):
                one.trouble = None
            if one.trouble is Trouble.MOVED and one.at_end and name not in files:
                # What was renamed was read to its end, and of the new one nothing is there.
                one.at_end_ms = now_ms

    def _see_troubles(self, troubles: Iterable[TailError], now_ms: int) -> None:
        """What cannot be read; a folder that may not be entered is a trouble of all that was read in it."""
        told = {_name(error.path): error for error in troubles if error.path and error.trouble is not Trouble.GONE}
        for name, error in list(told.items()):
            inside = [known for known in self._known if os.path.dirname(known) == name.rstrip("/")]  # noqa: PTH120
            told |= dict.fromkeys(inside, error)
            if not inside:
                self._source(name)
        for name, one in self._known.items():
            if name in told:
                self._trouble(one, told[name].trouble, now_ms, str(told[name]).removeprefix(f"{told[name].path}: "))
            elif one.trouble in (Trouble.NO_RIGHTS, Trouble.FAULT):
                one.trouble = None

    def _trouble(self, one: _Source, trouble: Trouble, now_ms: int, words: str = "") -> None:
        if one.trouble is not trouble:
            one.trouble, one.trouble_since_ms = trouble, now_ms
        one.trouble_words = words

    # -- writing down

    def _counts(self, name: str, one: _Source) -> bool:
        """Whether a file is a source: where it is named, cannot be read, or holds lines of programs that are read."""
        read = [tally for tally in one.tallies.values() if tally.recognised or tally.strangest is not None]
        return bool(read) or one.trouble is not None or name in self._options.paths

    def _record(
        self, name: str, one: _Source, members: list[SourceFile], domain_of: Callable[[str], str], now_ms: int, ended: Ended | None
    ) -> SourceReading:
        """What is told of a source."""
        before = self._before.get(name)
        behind = _behind(members)
        lines, unknown_lines, unknown = self._understood(one)
        if before is not None and lines < before.lines:
            # Since the start of a run too little may have come to tell.
            lines, unknown_lines, unknown = before.lines, before.unknown_lines, before.unknown
        newest = one.newest
        zone = newest.zone_assumed if newest is not None else None
        if newest is None and before is not None and before.zone is not None:
            zone = before.zone, before.zone_by or ""
        domains = dict.fromkeys([*sorted({domain_of(host) for host in one.hosts}), *(before.domains if before is not None else ())])
        kept_trouble = before is not None and before.trouble is one.trouble
        return SourceReading(
            source=name,
            noted_ms=now_ms,
            ended=_ended(newest, ended, behind),
            at_end_ms=one.at_end_ms,
            last_ms=one.last_ms,
            written_ms=self._written_ms(one, before),
            live=one.live,
            growing=one.growing,
            behind_bytes=behind,
            behind_lines=_lines(members) if behind else None,
            lines=lines,
            unknown_lines=unknown_lines,
            unknown=unknown,
            zone=None if zone is None else zone[0],
            zone_by=None if zone is None else zone[1],
            year=newest.year_assumed if newest is not None else before.year if before is not None else None,
            trouble=one.trouble,
            trouble_since_ms=None
            if one.trouble is None
            else before.trouble_since_ms
            if before is not None and kept_trouble and before.trouble_since_ms
            else one.trouble_since_ms,
            trouble_words=one.trouble_words if one.trouble is not None else "",
            rhythm=one.rhythm,
            rhythms=_latest(one.rhythms) if len(domains) > 1 else {},
            domains=tuple(domains)[:MOST_DOMAINS],
            more_domains=len(domains) > MOST_DOMAINS,
        )

    def _understood(self, one: _Source) -> tuple[int, int, tuple[UnknownLines, ...]]:
        """Lines of programs that are read, how many of them are not understood, and of which programs those are."""
        whole = Tally()
        for tally in one.tallies.values():
            whole.add(tally)
        keep = self._options.keep_raw and self._options.keep_subjects
        kinds: Counter[str] = Counter(whole.unknown_of)
        samples = dict(whole.samples) if keep else {}
        if whole.strangest is not None:
            kinds[whole.strangest.tag] += whole.strange
            if keep:
                samples.setdefault(whole.strangest.tag, whole.strangest.line)
        told = [
            UnknownLines(program, number, None if program not in samples else samples[program][:LONGEST_SAMPLE])
            for program, number in kinds.most_common(MOST_KINDS)
        ]
        return whole.recognised + whole.strange, kinds.total(), tuple(told)

    @staticmethod
    def _written_ms(one: _Source, before: SourceReading | None) -> int | None:
        """When a source was last written to."""
        newest = one.newest
        if newest is None:
            return before.written_ms if before is not None else None
        return one.came_ms if newest.reader.stream else newest.reader.mtime_ns // 1_000_000

    def _dropped(self, now_ms: int) -> list[SourceReading]:
        """Sources of earlier runs that this one is not told to read."""
        if self._once:
            return []
        return [
            msgspec.structs.replace(one, ended=Ended.DROPPED, noted_ms=now_ms)
            for one in self._kept.sources
            if one.source not in self._known and one.ended in (None, Ended.STOPPED)
        ]


def _went_on(rhythm: Rhythm, heard: Heard) -> Rhythm:
    """The rhythm with when lines came since it was looked at last; between two files of a source as well."""
    gaps = [(begin // 1000, end // 1000) for begin, end in heard.gaps]
    heard.gaps.clear()
    if not heard.last_us:
        return rhythm
    first_ms, last_ms, before_ms = heard.first_us // 1000, heard.last_us // 1000, rhythm.until_ms
    if not heard.joined:
        heard.joined = True
        if before_ms is not None and first_ms - before_ms >= LEAST_GAP_MS:
            gaps.insert(0, (before_ms, first_ms))
    return rhythm.went_on(first_ms, last_ms, gaps) if gaps or before_ms is None or last_ms > before_ms else rhythm


def _reader_of(data: Path) -> str:
    """The name of the reader whose data folder this is: a machine's name may be another one after each start, as in containers."""
    path = data / "reader"
    try:
        known = path.read_text(encoding="ascii").strip()
        if _READER(known):
            return known
    except (OSError, UnicodeDecodeError):
        pass
    reader = secrets.token_hex(8)
    with suppress(OSError), private.opened(path, "w") as file:
        file.write(f"{reader}\n")
    return reader


def _latest(rhythms: dict[str, Rhythm]) -> dict[str, Rhythm]:
    """Of too many log domains those that wrote last."""
    listed = sorted(rhythms.items(), key=lambda pair: (-(pair[1].until_ms or 0), pair[0]))
    return dict(listed[:MOST_RHYTHMS])


def _ended(newest: SourceFile | None, ended: Ended | None, behind: int | None) -> Ended | None:
    """How the reading of a source ended: of a stream that is over also while others are read on."""
    if ended is None and newest is not None and newest.reader.stream and newest.reader.ended and is_file(newest.reader.path):
        return Ended.FINISHED
    return Ended.STOPPED if ended is Ended.FINISHED and behind else ended


def _name(path: str) -> str:
    """The source that a path is of."""
    return rotated_set(path) if is_file(path) else path


def _behind(members: list[SourceFile]) -> int | None:
    """Bytes that are there and were not read; None where nobody can tell, of streams and compressed files."""
    behind = 0
    for member in members:
        if member.reader.stream or member.reader.compressed:
            if not member.drained:
                return None
            continue
        behind += max(_size(member) - member.read - member.reader.partial, 0)
    return behind


def _lines(members: list[SourceFile]) -> int | None:
    """How many lines those are, by how long the lines before them were."""
    behind = 0.0
    for member in members:
        if not (member.reader.stream or member.reader.compressed):
            behind += max(_size(member) - member.read - member.reader.partial, 0) / member.line_bytes
    return round(behind) or None


def _size(member: SourceFile) -> int:
    """The size of a file now; as last seen where it is not under its name."""
    reader = member.reader
    try:
        status = os.stat(reader.path)  # noqa: PTH116 - a name as it was listed
    except OSError:
        return reader.size
    return status.st_size if (status.st_dev, status.st_ino) == (reader.device, reader.inode) else reader.size
