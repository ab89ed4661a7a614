"""Content that was being read and is not under its name any more: found among the rotated files beside it, or gone.

What follows a file through a rotation is its open descriptor. Where nobody held one (nothing ran, or more was rotated than was looked
at), positions and fingerprints tell which of the files beside a live one have not been read. Nothing is looked for where nothing changed.
"""

from __future__ import annotations

import glob
import os
import stat
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from ingest.handles import Handles
from ingest.tail.checkpoint import Checkpoint
from ingest.tail.faults import TailError, cannot_read
from ingest.tail.fingerprint import Identity, digest
from ingest.tail.marks import Mark, Told
from ingest.tail.names import is_file
from ingest.tail.paths import Member, covers, is_live, members, rotated_set
from ingest.tail.reader import FileReader

#: A rotation takes moments, and so long what is nowhere is looked for.
PATIENCE_S = 10.0
#: Times of change are of a coarser clock than ours.
_COARSE_NS = 1_000_000_000


#: A file as it was last seen: which it is, its size, and its time of change.
Seen = tuple[tuple[int, int], int, int]


class Gone(msgspec.Struct, frozen=True):
    """What was not read before it went, in bytes of the text; where nobody knows whether there was anything, `end` is None.

    `since_us` is the time of the last line before it, of this content or of an older one of the same log.
    """

    mark: Mark
    begin: int
    end: int | None
    since_us: int | None


@dataclass(slots=True)
class NamelessFile:
    """A file that nobody named and that is read: of which live file, and what was said about it where no argument stands for that."""

    live: str
    told: Told | None
    younger_ns: int | None
    #: It was opened, so that its own mark tells from now on how far it is read.
    met: bool = False


@dataclass(slots=True)
class _Search:
    """A rotated set that is looked through: files that changed after this time were not read, as far as is known."""

    younger_ns: int | None
    since: float


class Seeker:
    """Looks through the rotated sets of what one follower reads; `left` are marks that no argument stands for."""

    def __init__(
        self,
        arguments: Sequence[str],
        checkpoint: Checkpoint,
        handles: Handles,
        left: Sequence[Mark],
        clock: Callable[[], float],
        *,
        once: bool,
    ) -> None:
        self._arguments = [argument for argument in arguments if is_file(argument)]
        self._checkpoint = checkpoint
        self._handles = handles
        self._left = list(left)
        self._clock = clock
        self._once = once
        self._pending: dict[str, _Search] = {}
        checkpoint.sought = self._sought
        self._missing: list[Mark] = []
        #: The live files of each folder, with its time of change.
        self._folders: dict[str, tuple[int, list[str]]] = {}
        self._watched = 0
        #: Files that nobody named and that are read.
        self.found: dict[str, NamelessFile] = {}
        for mark in self._open():
            self.changed(rotated_set(mark.path))

    def changed(self, live: str, younger_ns: int | None = None) -> None:
        """Something happened to a live file: look through its rotated set, for files that changed since it was last written to."""
        if live not in self._pending:
            self._pending[live] = _Search(younger_ns or self._checkpoint.written_ns(live), self._clock())

    def _watch(self) -> None:
        """Look beside live files whose folder has other names in it than before: something was made, renamed or removed."""
        if len(self._checkpoint.followed) != self._watched:
            self._watched = len(self._checkpoint.followed)
            self._folders.clear()
            for live in self._checkpoint.followed:
                if self._named(live):
                    self._folders.setdefault(os.path.dirname(live), (0, []))[1].append(live)  # noqa: PTH120
        for folder, (before_ns, lives) in self._folders.items():
            try:
                now_ns = os.stat(folder or ".").st_mtime_ns  # noqa: PTH116
            except OSError:
                continue
            # Two changes within a moment may have the same time.
            if now_ns != before_ns or time.time_ns() - now_ns < _COARSE_NS:
                self._folders[folder] = (now_ns, lives)
                for live in lives:
                    self.changed(live)

    def vanished(self, path: str) -> None:
        """A file that was found is not there any more."""
        found = self.found.pop(path)
        self.changed(found.live, found.younger_ns)

    def look(
        self, files: Collection[str], readers: Collection[FileReader], problem: Callable[[TailError], None], over: Collection[Seen] = ()
    ) -> list[str]:
        """Paths that are to be read beside `files`, new ones only; `readers` have content at hand, `over` were read to their ends."""
        new: list[str] = []
        self._watch()
        if not self._pending:
            return new
        lost: dict[str, list[Mark]] = {}
        sought = [mark for mark in self._open() if rotated_set(mark.path) in self._pending]
        at_hand = _identities([reader.head for reader in readers if not reader.truncated], {mark.identity.length for mark in sought})
        for mark in sought:
            if mark.identity not in at_hand:
                lost.setdefault(rotated_set(mark.path), []).append(mark)
        taken = {(reader.device, reader.inode) for reader in readers}
        for live, listed in self._beside(problem):
            beside = [member for member in listed if (member.key, member.size, member.mtime_ns) not in over]
            try:
                wanted, missing = self._wanted(live, beside, lost.get(live, []), taken)
            except TailError as error:
                problem(error)
                continue
            new += [path for path in wanted if path not in self.found and path not in files]
            search = self._pending[live]
            for path, told in wanted.items():
                if path not in files:
                    self.found.setdefault(path, NamelessFile(live, told, search.younger_ns))
            if not missing or self._once or self._clock() - search.since >= PATIENCE_S:
                self._missing += missing
                del self._pending[live]
        return new

    def awaited(self, now_ns: int) -> None:
        """Keep since when named files are waited for, or cannot be read: what is younger is unread, also where it is rotated soon."""
        for argument in self._arguments:
            if glob.has_magic(argument) or not is_live(argument) or self._checkpoint.written_ns(argument) is not None:
                continue
            try:
                status = os.stat(argument)  # noqa: PTH116
            except OSError:
                self._checkpoint.note_written(argument, now_ns - _COARSE_NS)
                continue
            if stat.S_ISREG(status.st_mode):
                self._checkpoint.note_written(argument, status.st_mtime_ns - 1)

    def gone(self) -> list[Gone]:
        """What was found nowhere, each told once."""
        told = [self._what_is_gone(mark) for mark in self._missing]
        for mark in self._missing:
            reader = self._checkpoint.reader_of(mark)
            if reader is None:
                self._checkpoint.forget(mark)
                continue
            reader.over = reader.told = mark.over = True
            mark.size = mark.size if mark.read is None else mark.read
        self._missing.clear()
        return told

    def _sought(self, live: str) -> bool:
        """Whether files of this rotated set are looked for, or found and not opened yet."""
        return live in self._pending or any(found.live == live and not found.met for found in self.found.values())

    def _what_is_gone(self, mark: Mark) -> Gone:
        """Which bytes of a content that is nowhere are not in the store; lines in flight are at hand while its reader is."""
        begin = mark.offset if mark.read is None else mark.read
        end = begin + mark.unread if mark.unread else None
        since_us = mark.read_us
        if mark.needed and self._checkpoint.reader_of(mark) is None:
            begin, end, since_us = mark.offset, begin + mark.unread, mark.last_us
        if since_us is None:
            live = rotated_set(mark.path)
            older = [one for one in self._checkpoint.marks if one.mtime_ns < mark.mtime_ns and rotated_set(one.path) == live]
            since_us = max((one.read_us for one in older if one.read_us is not None), default=None)
        return Gone(mark, begin, end if end is None or end > begin else None, since_us)

    def _named(self, path: str) -> bool:
        """Whether an argument stands for this path."""
        return covers(self._arguments, path)

    def _open(self) -> Iterator[Mark]:
        """Marks of what is read here and of which there may be more."""
        let_go = self._checkpoint.let_go()
        for mark in self._checkpoint.marks:
            if id(mark) in let_go:
                continue
            ours = self._named(mark.path) or self._named(rotated_set(mark.path)) or any(mark is one for one in self._left)
            if mark.open and ours and not any(mark is one for one in self._missing):
                yield mark

    def _beside(self, problem: Callable[[TailError], None]) -> Iterator[tuple[str, list[Member]]]:
        """The files of each rotated set that is looked through."""
        folders: dict[str, list[str]] = {}
        for live in self._pending:
            folders.setdefault(os.path.dirname(live), []).append(live)  # noqa: PTH120
        for folder, lives in folders.items():
            try:
                yield from members(folder, lives).items()
            except OSError as error:
                problem(cannot_read(folder, error))

    def _wanted(
        self, live: str, beside: list[Member], lost: list[Mark], taken: Collection[tuple[int, int]]
    ) -> tuple[dict[str, Told | None], list[Mark]]:
        """What of a rotated set is to be read, oldest first, and marks whose content is not in it."""
        heads = [self._peek(member) for member in beside] if lost else []
        named = self._named(live)
        wanted: dict[str, Told | None] = {}
        missing: list[Mark] = []
        oldest = len(beside)
        for mark in lost:
            number = next((n for n, head in enumerate(heads) if mark.identity.fits(head)), None)
            if number is None:
                missing.append(mark)
                continue
            wanted[beside[number].path] = None if named else mark.told
            oldest = min(oldest, number)
        younger_ns = self._pending[live].younger_ns
        for number, member in enumerate(beside):
            # Rotations that happened wholly while nothing was read: behind what was read, in the set's order or by their time of change.
            behind = number > oldest or (younger_ns is not None and member.mtime_ns > younger_ns)
            if named and behind and member.path != live and rotated_set(member.path) == live and member.key not in taken:
                wanted.setdefault(member.path, None)
        return wanted, missing

    def _peek(self, member: Member) -> bytes:
        """The first bytes of a file, unpacked; none where it has just gone."""
        try:
            reader = FileReader(member.path, handles=self._handles)
        except TailError:
            if os.path.exists(member.path):  # noqa: PTH110
                raise
            return b""
        reader.close()
        return reader.head


def _identities(heads: Sequence[bytes], lengths: Collection[int]) -> set[Identity]:
    """What contents with these first bytes are, by as many bytes as marks know of one."""
    return {Identity(length, digest(head[:length])) for length in lengths for head in heads if length <= len(head)}
