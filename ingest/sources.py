"""The files of a run while they are read: what is set for each, what some of them say for the others, how far each is read."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ingest.aside import Failed, sorted_out
from ingest.clock import SECOND
from ingest.formats import format_of, peek_time
from ingest.framing.zones import zone_by_offset
from ingest.joining.places import Place
from ingest.options import IngestOptions, SourceSetting
from ingest.records import Joiner
from ingest.source import SourceFile
from ingest.summary import Summary
from ingest.tail.checkpoint import Checkpoint
from ingest.tail.faults import TailError
from ingest.tail.follow import Follower
from ingest.tail.paths import rotated_set
from ingest.tail.reader import FileReader

#: So many lines of a file are looked at for what they say of the others.
_FIRST, _FIRST_WRAPPED = 200, 2000
#: What a container is called that has no name of its own: twelve digits of its id.
_CONTAINER = re.compile(r"(?=[0-9]*[a-f])[0-9a-f]{12}").fullmatch


class Sources:
    """All files that are being read, or have lines that are still needed."""

    def __init__(self, options: IngestOptions, joiner: Joiner[Place], summary: Summary, warn: Callable[[str], None]) -> None:
        self._options = options
        self._joiner = joiner
        self._summary = summary
        self._warn = warn
        self._files: dict[FileReader, SourceFile] = {}
        #: What cannot be read now, in sentences.
        self.unreadable: set[str] = set()
        #: A year and a host as other files of the same run name them.
        self._named_us: int | None = None
        self._named_hosts: set[str] = set()
        #: Of them those of mail servers: what a filter or a store says without a host is said beside one.
        self._server_hosts: set[str] = set()
        #: Hosts that lines of other programs name; they count where no others do.
        self._other_hosts: set[str] = set()
        #: Files of which nobody can say whose they are, and that is told.
        self._hostless: set[str] = set()

    def __iter__(self) -> Iterator[SourceFile]:
        """All of them."""
        return iter(self._files.values())

    def named(self) -> dict[str, SourceFile]:
        """All of them by the names that their records have."""
        return {source.name: source for source in self._files.values()}

    def sweep(self, follower: Follower) -> bool:
        """Look at the files; whether any has something to read."""
        ready = follower.sweep()
        self.unreadable = set(follower.unread())
        for problem in follower.problems():
            self._warn(problem)
        new = [r for r in ready if r not in self._files]
        for reader in new:
            setting, tally = self._setting(reader.path, follower), self._summary.tally(reader.path)
            source = self._files[reader] = SourceFile(
                reader, setting, self._options.timezone, self._joiner, tally, zone_set=not self._options.zone_by_ids
            )
            self._summary.files += 1
            self._peek(source)
        for reader in new:
            self._files[reader].begin(self._options.year, self._named_us)
        for reader in new:
            self._share_zone(self._files[reader])
        self._summary.bytes_total = sum(r.size for r in self._files)
        filled = [self._fill(self._files[r]) for r in ready]
        return any(filled)

    def ready(self, follower: Follower) -> list[SourceFile]:
        """Those that have lines now, the one with the earliest line first."""
        found = [s for r in follower.readers if (s := self._files.get(r)) is not None and self._fill(s)]
        return sorted(found, key=lambda s: s.next_us)

    def again(self, letters: Sequence[Failed], data: Path) -> Iterator[SourceFile]:
        """Lines that were put aside, as files to be read one after the other; a report says that they are of the files which had them."""
        with TemporaryDirectory(prefix="again-", dir=data) as folder:
            for number, ((file, told, year), lines) in enumerate(sorted_out(letters).items()):
                path = Path(folder, str(number))
                path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", errors="surrogateescape")
                reader = FileReader(str(path))
                reader.path = file
                setting = SourceSetting(file, told.format, _zone(told.timezone), year, told.log_host)
                source = self._files[reader] = SourceFile(reader, setting, self._options.timezone, self._joiner, self._summary.tally(file))
                source.fill()
                source.begin(year, None)
                yield source
                reader.close()

    def ended(self) -> list[SourceFile]:
        """Those that were read to their last end, and of whose names no other is read."""
        names = [source.name for source in self._files.values()]
        return [s for r, s in self._files.items() if _is_over(r) and names.count(s.name) == 1]

    def note(self, checkpoint: Checkpoint) -> None:
        """Note where each may be read on, and let go of those of which nothing is needed."""
        for reader, source in self._files.items():
            zone = source.told.zone_in_words(source.reader.path)
            if zone is not None:
                self._warn(zone)
            mark = source.low_water()
            if mark is None:
                checkpoint.keep(reader, source.read)
                continue
            offset = reader.position if reader.finished and not source.pinned else mark.offset
            reached = {"read": source.read, "read_us": source.read_us}
            told, wrapped = source.told_at(mark), source.wrapped
            checkpoint.note(reader, offset, mark.year, mark.time_us, needed=source.pinned, told=told, wrapped=wrapped, **reached)
        for reader in [r for r, source in self._files.items() if _is_over(r) and not source.pinned]:
            del self._files[reader]

    def host_of(self, source: SourceFile) -> str:
        """The host of lines that name none: as set, else the only one that other files of the run name, else this machine."""
        told = source.setting.log_host or self._options.log_host
        if told:
            return told
        named = self._server_hosts if len(self._server_hosts) == 1 else self._named_hosts or self._other_hosts
        if len(named) == 1:
            return next(iter(named))
        host, path = socket.gethostname().partition(".")[0], source.reader.path
        if named and host not in named and path not in self._hostless:
            self._hostless.add(path)
            several = ", ".join(sorted(named))
            self._warn(
                f"{path}: its lines name no host, and other files name several ({several}); they are taken as of {host}, and join nothing"
                " of those. Say whose they are with log_host."
            )
        return host

    def beside(self, host: str) -> str:
        """Where a filter or store is that names this host: beside the one mail server, where it only names its container."""
        return next(iter(self._server_hosts)) if len(self._server_hosts) == 1 and _CONTAINER(host) is not None else host

    def _fill(self, source: SourceFile) -> bool:
        """Have lines of a file ahead; one that cannot be read is told of, and the others are read on."""
        try:
            return source.fill()
        except TailError as error:
            self.unreadable.add(str(error))
            self._warn(str(error))
            return False

    def _setting(self, path: str, follower: Follower) -> SourceSetting:
        """What is set for a file: by the first source whose pattern fits it, or the live file of its set, else by the options."""
        for name in (path, rotated_set(path)):
            for source in self._options.sources:
                if Path(name).match(source.path) or name == source.path:
                    return source
        told = follower.told_of(path)
        if told is not None:
            zone = None if told.timezone == told.zone_of_ids else _zone(told.timezone)
            return SourceSetting(path, told.format, zone, None, told.log_host)
        return SourceSetting(path, self._options.format, None, None, self._options.log_host)

    def _share_zone(self, source: SourceFile) -> None:
        """Where no message id has said yet which zone a file's stamps are of, a file of the same program beside it may know."""
        if source.file_zone.settled or not source.file_zone.told:
            return
        folder = Path(source.reader.path).parent
        beside = (s.file_zone.of_ids for s in self._files.values() if s.file_zone.settled and Path(s.reader.path).parent == folder)
        zone_of_ids = next((known for known in beside if known is not None), None)
        if zone_of_ids is not None:
            source.take_zone(zone_of_ids)

    def _peek(self, source: SourceFile) -> None:
        """Note the year and the host that a file's first lines name, for those that name none."""
        self._fill(source)
        # Containers' lines come one container after the other.
        for text in source.ahead(_FIRST if not source.wrapped else _FIRST_WRAPPED):
            stamp = peek_time(text)
            if stamp is None:
                continue
            if stamp.year is not None and self._named_us is None:
                self._named_us = int(datetime(stamp.year, stamp.month, stamp.day, tzinfo=self._options.timezone).timestamp() * SECOND)
            line = source.framed(text)
            if line is not None and line.host:
                known = format_of(line.tag, line.program)
                (self._named_hosts if known is not None else self._other_hosts).add(line.host)
                if known is not None and known.serves:
                    self._server_hosts.add(line.host)


def _is_over(reader: FileReader) -> bool:
    """Whether nothing more comes of a file: it was read to its last end, or has no name any more."""
    return reader.closed and reader.at_end and (reader.ended or reader.lost)


def _zone(name: str | None) -> tzinfo | None:
    """The zone of a name that an earlier run wrote; None where there is none any more."""
    try:
        return (zone_by_offset(name) or ZoneInfo(name)) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
