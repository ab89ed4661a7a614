"""Where each file may be read on: the only state of the ingester beside the store.

A position that is lost or too old only makes lines be read twice, which changes nothing. So nothing here is worth a risk: what
is not understood is put aside and everything is read again.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Collection
from pathlib import Path
from weakref import WeakKeyDictionary

import msgspec

from ingest.tail.faults import TailError
from ingest.tail.fingerprint import Identity, digest
from ingest.tail.marks import Mark, Told
from ingest.tail.names import is_file
from ingest.tail.paths import is_live
from ingest.tail.reader import FileReader
from mappings import private

FILE_NAME = "positions.json"
_VERSION = 1
_DAY_S = 86_400
_KEEP_S = 30 * _DAY_S


class _State(msgspec.Struct):
    version: int
    files: list[Mark]
    #: When each live file was last written to, as far as was seen, in nanoseconds since 1970: rotated files that are younger are unread.
    written: dict[str, int] = {}


class _Version(msgspec.Struct):
    version: int


class Checkpoint:
    """The marks of all files, in one JSON file of the data folder."""

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self._path = folder / FILE_NAME
        self._now = now
        self._marks: list[Mark] = []
        self._written_ns: dict[str, int] = {}
        self._of_reader: WeakKeyDictionary[FileReader, Mark] = WeakKeyDictionary()
        self._written: bytes | None = None
        #: Whether beside a live file something may be unread: when it was last written to is noted later.
        self.sought: Callable[[str], bool] = lambda _live: False
        #: One sentence, where the state on disk could not be used.
        self.warning: str | None = None

    @classmethod
    def load(cls, folder: Path, now: Callable[[], float] = time.time) -> Checkpoint:
        """The marks that were stored; none where there are none, or where they cannot be understood (`warning`)."""
        checkpoint = cls(folder, now)
        checkpoint._read()
        return checkpoint

    @property
    def marks(self) -> tuple[Mark, ...]:
        """All that is known."""
        return tuple(self._marks)

    def find(self, reader: FileReader) -> Mark | None:
        """Where to go on in the content that this reader has opened; None where it is new, or cannot be told.

        Of several marks of one content the one of this very file, else of this path, else the lowest; but where a killed process
        left one whose lines are not all in the store, none above it.
        """
        shown = shown_path(reader.path)
        head = reader.head
        # Nearly all marks have the same length, so this hashes once and not once for each.
        digests = {length: digest(head[:length]) for length in {mark.identity.length for mark in self._marks} if length <= len(head)}
        fitting = [mark for mark in self._marks if digests.get(mark.identity.length) == mark.identity.digest]
        held = list(self._of_reader.values())
        least = min((mark.offset for mark in fitting if mark.needed and not any(mark is one for one in held)), default=None)
        return min(
            (mark for mark in fitting if least is None or mark.offset <= least),
            key=lambda mark: (
                (mark.device, mark.inode) != (reader.device, reader.inode),
                mark.path != shown,
                mark.offset,
            ),
            default=None,
        )

    def note(
        self,
        reader: FileReader,
        offset: int,
        year: int | None = None,
        last_us: int | None = None,
        *,
        needed: bool = False,
        told: Told = Told(),  # noqa: B008 - it cannot change
        wrapped: bool | None = None,
        read: int | None = None,
        read_us: int | None = None,
    ) -> None:
        """Everything of `reader` before `offset` is dealt with; with `needed`, lines from there on are not all in the store.

        `year` and `last_us` are those of the line at the offset; `read` is where the first line begins that was not taken, and
        `read_us` the greatest time before it.

        Does nothing while the file has no identity: it is short, and will be read again.
        """
        identity = reader.identity
        if identity is None:
            return
        mark = self._mark_of(reader, identity)
        settled = mark.over or mark.finished
        mark.path, mark.identity, mark.offset = shown_path(reader.path), identity, offset
        mark.year, mark.last_us = year, last_us
        mark.device, mark.inode = reader.device, reader.inode
        mark.size, mark.mtime_ns = reader.size, reader.mtime_ns
        mark.read = reader.position if read is None else read
        mark.read_us = last_us if read_us is None else read_us
        mark.packed, mark.over = reader.compressed, reader.over
        if reader.told:
            # What lies behind is gone, and that was said.
            mark.size = mark.read
        if is_file(reader.path) and is_live(reader.path) and not self.sought(mark.path):
            self.note_written(mark.path, mark.mtime_ns)
        mark.finished = reader.finished and offset >= reader.position
        mark.needed, mark.told, mark.wrapped = needed, told, wrapped
        mark.cursor = reader.cursor_before(offset)
        if (mark.over or mark.finished) and not settled:
            self._settle_copies(mark, reader)
        self.seen(mark)

    def keep(self, reader: FileReader, read: int | None = None) -> None:
        """Have a mark of a content of which no line was taken, or that is gone from under its reader, so that the rest is looked for."""
        identity = reader.identity
        if identity is not None and reader not in self._of_reader:
            mark = self._mark_of(reader, identity)
            mark.read = max(mark.read or 0, reader.position if read is None else read)
            mark.size, mark.packed = max(mark.size, reader.size), reader.compressed
            mark.device, mark.inode, mark.mtime_ns, mark.seen_s = reader.device, reader.inode, reader.mtime_ns, int(self._now())

    def cursor_of(self, path: str) -> str | None:
        """The entry behind which a journal is to be read on; None where nothing of it was read."""
        shown = shown_path(path)
        return next((mark.cursor for mark in self._marks if mark.path == shown), None)

    def reader_of(self, mark: Mark) -> FileReader | None:
        """The reader of this process that notes on this mark."""
        return next((reader for reader, held in self._of_reader.items() if held is mark), None)

    def let_go(self) -> set[int]:
        """The marks (by `id`) of contents that were read to their ends in this process: lines of them in flight are at hand."""
        return {id(mark) for reader, mark in self._of_reader.items() if reader.over}

    def forget(self, mark: Mark) -> None:
        """Nothing of this content will be read any more."""
        self._marks = [one for one in self._marks if one is not mark]

    def written_ns(self, path: str) -> int | None:
        """When a live file was last written to, as far as was seen; None where it has never been followed."""
        return self._written_ns.get(shown_path(path))

    def note_written(self, path: str, time_ns: int) -> None:
        """A live file was there, or missed, and last written to at this time."""
        shown = shown_path(path)
        self._written_ns[shown] = max(time_ns, self._written_ns.get(shown, 0))

    @property
    def followed(self) -> tuple[str, ...]:
        """The live files that have been followed."""
        return tuple(self._written_ns)

    def seen(self, mark: Mark) -> None:
        """The file of this mark is still there."""
        now = int(self._now())
        # Once a day is enough to tell; more would only make the state be written more often.
        if now - mark.seen_s > _DAY_S:
            mark.seen_s = now

    def present(self, files: Collection[tuple[int, int]]) -> None:
        """Keep the marks of these files (device and inode), which are still there."""
        for mark in self._marks:
            if (mark.device, mark.inode) in files:
                self.seen(mark)

    def store(self) -> None:
        """Write the marks if they have changed."""
        now = self._now()
        self._marks = [mark for mark in self._marks if now - mark.seen_s < _KEEP_S]
        month_ago_ns = int((now - _KEEP_S) * 1e9)
        self._written_ns = {path: time_ns for path, time_ns in self._written_ns.items() if time_ns > month_ago_ns}
        data = msgspec.json.format(msgspec.json.encode(_State(_VERSION, self._marks, self._written_ns)), indent=1) + b"\n"
        if data == self._written:
            return
        try:
            self._replace(data)
        except OSError as error:
            raise TailError(f"{self._path}: the reading positions cannot be written: {(error.strerror or str(error)).lower()}") from None
        self._written = data

    def _replace(self, data: bytes) -> None:
        temporary = self._path.with_suffix(".new")
        # Dying before or while this is written: the old state is whole, and the rest of a temporary file is written over.
        with private.opened(temporary, "wb") as file:
            file.write(data)
            file.flush()
            # Without this the name could be on disk before the content, and a loss of power would leave an empty state.
            os.fsync(file.fileno())
        # Dying here: the old state is used, which is a little behind. Lines are read twice, nothing more.
        temporary.replace(self._path)
        # Dying here: either name may survive, and both contents are whole.
        private.sync_folder(self._path.parent)

    def _settle_copies(self, mark: Mark, reader: FileReader) -> None:
        """A content was read to its end: of other files that held it, as a log that was copied and then cut, nothing more is expected."""
        for other in self._marks:
            if other is mark or other.over or (other.read or 0) > (mark.read or 0):
                continue
            # Of one length, digests tell without hashing again.
            unlike = other.identity.length != mark.identity.length
            same = other.identity == mark.identity or (unlike and other.identity.fits(reader.head))
            owner = self.reader_of(other) if same else None
            if same and (owner is None or owner.truncated):
                other.over, other.size = True, other.offset if other.read is None else other.read
                if owner is not None:
                    owner.over = owner.told = True

    def _mark_of(self, reader: FileReader, identity: Identity) -> Mark:
        known = self._of_reader.get(reader)
        if known is not None:
            return known
        mark = self.find(reader)
        # A copy of a file that is being read gets a mark of its own.
        if mark is None or any(mark is other for other in self._of_reader.values()):
            mark = Mark(shown_path(reader.path), identity, 0)
            self._marks.append(mark)
        self._of_reader[reader] = mark
        return mark

    def _read(self) -> None:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise TailError(f"{self._path}: the reading positions cannot be read: {(error.strerror or str(error)).lower()}") from None
        try:
            version = msgspec.json.decode(data, type=_Version).version
            if version != _VERSION:
                self._put_aside(f"are of version {version}, and this program knows {_VERSION}")
                return
            state = _completed(msgspec.json.decode(data, type=_State))
            self._marks, self._written_ns = state.files, state.written
        except (msgspec.MsgspecError, UnicodeDecodeError):
            self._put_aside("are damaged")
            return
        self._written = data

    def _put_aside(self, why: str) -> None:
        aside = self._path.with_suffix(".damaged")
        with contextlib.suppress(OSError):
            self._path.replace(aside)
        self.warning = f"The reading positions in {self._path} {why}; they were put aside as {aside.name}, and all files are read again."


def marks_of_files(folder: Path) -> dict[str, Mark]:
    """What was noted about the files that were read, by their names; for a look, so what cannot be understood is left as it is."""
    try:
        state = msgspec.json.decode((folder / FILE_NAME).read_bytes(), type=_State)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return {}
    return {mark.path: mark for mark in state.files}


def _completed(state: _State) -> _State:
    """What a state of an older release lacks: of each path only the content that was written to last may have more than was read."""
    newest: dict[str, Mark] = {}
    for mark in state.files:
        if mark.read is None and mark.mtime_ns >= newest.get(mark.path, mark).mtime_ns:
            newest[mark.path] = mark
    for mark in state.files:
        if mark.read is not None:
            continue
        if newest[mark.path] is not mark:
            mark.over = True
        elif is_live(mark.path):
            state.written.setdefault(mark.path, mark.mtime_ns)
    return state


def shown_path(path: str) -> str:
    """A path as JSON can hold it, whatever bytes it has."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
