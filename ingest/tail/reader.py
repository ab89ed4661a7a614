"""One file, read line by line as far as it goes, and further when it grows."""

from __future__ import annotations

import errno
import os
import select
import stat
from pathlib import Path
from typing import Any

from ingest.handles import Handles
from ingest.tail.cutter import LineCutter
from ingest.tail.faults import TailError, cannot_read
from ingest.tail.fingerprint import HEAD, Identity, identify
from ingest.tail.inflate import Inflater, kind_of, undecided
from ingest.tail.marks import Mark
from ingest.tail.names import STDIN

#: Large enough to cost nothing for each line, small enough for hundreds of files that are read side by side.
_CHUNK = 256 * 1024
_NEWLINES = frozenset({b"\n", b"\0", b""})


class FileReader:
    """Reads one content, from `position` (in unpacked bytes) if a line begins there, else from 0.

    When the file under the path becomes another one (truncated, written anew) the reader is over, and the new content is for a
    new reader; so what is noted about one reader is always about one content. `context` belongs to whoever reads.
    """

    def __init__(self, path: str, position: int = 0, mark: Mark | None = None, handles: Handles | None = None) -> None:
        self.path = path
        self.context: Any = None
        #: Nothing more is expected of it: read to its end, and nobody writes to it any more.
        self.over = False
        #: What it lacked is gone, and that was said.
        self.told = False
        #: Its name is gone or another file's, so that it must stay open.
        self.nameless = False
        #: What kept it from being read when last tried.
        self.fault: TailError | None = None
        self._handles = handles or Handles()
        #: What is known of the line at `position`; None, after the first reading, where reading began at 0 instead.
        self.mark = mark
        #: There was nothing more to give when last asked.
        self.at_end = False
        #: Nothing will come any more: a compressed file or a stream read to its end, or a truncated file.
        self.ended = False
        #: The file was truncated or written anew.
        self.truncated = False
        self._damage: str | None = None
        self._lines: list[tuple[int, str]] = []
        self._next = 0
        self._inflater: Inflater | None = None
        self._raw_at = 0
        self._first = b""
        self._decided = False
        self._skip = position
        self._read_at = position
        self._cutter = LineCutter(position)
        self._head = b""
        self._fd = -1
        self._fd = self._opened(path)
        try:
            status = os.fstat(self._fd)
            if stat.S_ISDIR(status.st_mode):
                raise IsADirectoryError
            self.stream = path == STDIN or not stat.S_ISREG(status.st_mode)
            self.device, self.inode = status.st_dev, status.st_ino
            #: As last seen.
            self.size, self.mtime_ns, self.links = status.st_size, status.st_mtime_ns, status.st_nlink
            if self.stream:
                self._skip = self._read_at = 0
                self._cutter = LineCutter()
            else:
                self._decide(os.pread(self._fd, HEAD, 0))
        except OSError as error:
            self.close()
            raise cannot_read(path, error) from None
        self._handles.opened(self)

    @property
    def lost(self) -> bool:
        """Whether its content is under no name of ours, so that nobody could read it again."""
        return self.truncated or self.nameless

    @property
    def identity(self) -> Identity | None:
        """Which content this is; None while that cannot be told."""
        return identify(self._head)

    @property
    def head(self) -> bytes:
        """The first bytes, unpacked."""
        return self._head

    def cursor_before(self, offset: int) -> str | None:
        """What to read on behind, of a source whose places are not those of a file; files have none."""
        del offset
        return None

    @property
    def finished(self) -> bool:
        """A compressed file, given to its last line."""
        return self.ended and self.at_end and self.compressed and not self.truncated

    @property
    def position(self) -> int:
        """Where the line begins that is given next, in unpacked bytes."""
        if self._next < len(self._lines):
            return self._lines[self._next][0]
        return self._cutter.line_start

    @property
    def partial(self) -> int:
        """Bytes of a last line that has no newline yet."""
        return 0 if self.ended else self._cutter.partial

    @property
    def cut_lines(self) -> int:
        """Lines that were too long and lost their ends."""
        return self._cutter.cut_lines

    @property
    def damage(self) -> str | None:
        """One sentence on what is wrong with the file, where something is."""
        return f"{self.path}: {self._damage}" if self._damage else None

    @property
    def compressed(self) -> bool:
        """Whether the file is unpacked while it is read."""
        return self._inflater is not None

    @property
    def closed(self) -> bool:
        """Whether the file is not open now."""
        return self._fd < 0

    def read(self, max_lines: int) -> list[tuple[int, str]]:
        """The next complete lines with their offsets, at most `max_lines`; empty where none is there now."""
        if self._next >= len(self._lines) and not self._fill():
            return []
        batch = self._lines[self._next : self._next + max_lines]
        self._next += len(batch)
        return batch

    def has_more(self) -> bool:
        """Whether reading again may give something, judged without reading."""
        if self._next < len(self._lines) or not self.at_end:
            return True
        if self.ended:
            return False
        if self.stream:
            return _ready(self._fd)
        try:
            status = os.stat(self.path) if self.closed else os.fstat(self._fd)  # noqa: PTH116
            if self.closed:
                return (status.st_size, status.st_mtime_ns) != (self.size, self.mtime_ns)
            same = status.st_size >= self._read_at and self._same_head()
            self.links = status.st_nlink
            if same:
                # Of a file that was cut, what it had been is of interest.
                self.size, self.mtime_ns = status.st_size, status.st_mtime_ns
            return not same or status.st_size != self._read_at
        except OSError:
            return False

    def look(self) -> None:
        """See whether the file was truncated, so that it is `ended` at once and not at the next reading."""
        if self.at_end and self.has_more() and not (self.ended or self.stream or self.closed):
            self._fill()

    def fileno(self) -> int:
        """The descriptor, for waiting on a stream."""
        return self._fd

    @property
    def ahead(self) -> bool:
        """Whether lines are at hand that were read from the file and not given yet."""
        return self._next < len(self._lines)

    @property
    def may_rest(self) -> bool:
        """Whether the file can be closed until it is read again: what has a name is found by it."""
        return not (self.stream or self.nameless or self.closed)

    def rest(self) -> None:
        """Close the file until it is read again; only for one whose path stays."""
        self.close()

    def close(self) -> None:
        """Let go of the file; lines that were read from it are still given."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
            self._handles.closed(self)

    def _fill(self) -> bool:
        """Get more lines, or find out that there are none now."""
        self._lines, self._next = [], 0
        try:
            while not self.ended:
                data = self._more()
                if data:
                    self._read_at += len(data)
                    self._lines = self._cutter.feed(data)
                elif self.ended and not self.truncated:
                    # Nothing can follow, so the last line is whole without its newline.
                    self._lines = self._cutter.finish()
                elif not self.ended:
                    break
                if self._lines:
                    self.at_end = False
                    self.fault = None
                    return True
        except OSError as error:
            self.fault = cannot_read(self.path, error)
            raise self.fault from None
        except TailError as error:
            self.fault = error
            raise
        self.fault = None
        self.at_end = True
        return False

    def _more(self) -> bytes:
        """The next bytes of the text; empty where there are none now, or ever (`ended`)."""
        if self.closed:
            self._reopen()
        if self.stream:
            return self._more_of_stream()
        self._handles.used(self)
        if not self._decided:
            self._decide(os.pread(self._fd, HEAD, 0))
        if self._inflater is not None:
            return self._more_unpacked()
        if not self._same_head():
            return self._end(truncated=True)
        data = os.pread(self._fd, _CHUNK, self._read_at)
        if not data and os.fstat(self._fd).st_size < self._read_at:
            return self._end(truncated=True)
        return data

    def _more_of_stream(self) -> bytes:
        """A pipe gives what is in it now, so that one that is idle holds nobody up."""
        if self._inflater is not None:
            return self._more_unpacked()
        if not _ready(self._fd):
            return b""
        data = os.read(self._fd, _CHUNK)
        if self._decided:
            return data or self._end()
        self._first += data
        if data and undecided(self._first):
            return b""
        self._decided = True
        first, self._first = self._first, b""
        kind = kind_of(first)
        if kind is None:
            return first or self._end()
        self._first = first
        self._inflater = Inflater(kind, self._raw)
        return self._more_unpacked()

    def _more_unpacked(self) -> bytes:
        """Compressed data is read to its end, up to the position without giving it."""
        inflater = self._inflater
        if inflater is None:
            return b""
        while data := inflater.read():
            if not self._skip:
                return data
            if len(data) <= self._skip:
                self._skip -= len(data)
                last = data[-1:]
                data = b""
            else:
                last, data, self._skip = data[self._skip - 1 : self._skip], data[self._skip :], 0
            if not self._skip and last not in _NEWLINES:
                self._start_over()
                return self._more_unpacked()
            if data:
                return data
        self._damage = inflater.damage
        return self._end()

    def _decide(self, first: bytes) -> None:
        """Plain or compressed: known once the file has its first bytes."""
        if undecided(first):
            return
        self._decided = True
        self._head = head_of(self._fd)
        kind = kind_of(first)
        if kind is not None:
            self._inflater = Inflater(kind, self._raw)
        elif self._read_at and os.pread(self._fd, 1, self._read_at - 1) not in _NEWLINES:
            self._start_over()

    def _start_over(self) -> None:
        """The position begins no line of this file, so it was another file's."""
        self.mark = None
        self._skip = self._read_at = self._raw_at = 0
        self._cutter = LineCutter()
        if self._inflater is not None:
            self._inflater = Inflater(self._inflater.kind, self._raw)

    def _opened(self, path: str) -> int:
        """A descriptor; where there is none left, another file rests for it."""
        while True:
            try:
                return _open(path)
            except OSError as error:
                if error.errno not in (errno.EMFILE, errno.ENFILE) or not self._handles.make_room():
                    raise cannot_read(path, error) from None

    def _reopen(self) -> None:
        """Open the file again, also where it was renamed within its folder meanwhile."""
        try:
            self._fd = self._opened(self.path)
            if self._is_it():
                return
        except TailError:
            if Path(self.path).exists():
                raise
        finally:
            if not self.closed:
                self._handles.opened(self)
        with os.scandir(Path(self.path).parent) as entries:
            renamed = next((entry.path for entry in entries if entry.inode() == self.inode), None)
        if renamed is not None:
            self.close()
            self._fd = self._opened(renamed)
            self._handles.opened(self)
        elif self.closed:
            raise cannot_read(self.path, FileNotFoundError())

    def _is_it(self) -> bool:
        """Whether the open file is the one that was opened first."""
        status = os.fstat(self._fd)
        return (status.st_dev, status.st_ino) == (self.device, self.inode)

    def _raw(self, size: int) -> bytes:
        """Compressed bytes."""
        if self.stream:
            data, self._first = self._first, b""
            return data or os.read(self._fd, size)
        data = os.pread(self._fd, size, self._raw_at)
        self._raw_at += len(data)
        return data

    def _same_head(self) -> bool:
        """Whether the file still begins as it did; looked at before each piece, for a log may be truncated at any time."""
        if len(self._head) == HEAD:
            return os.pread(self._fd, HEAD, 0) == self._head
        head = os.pread(self._fd, HEAD, 0)
        if not head.startswith(self._head):
            return False
        self._head = head
        return True

    def _end(self, *, truncated: bool = False) -> bytes:
        self.ended = True
        self.truncated = truncated
        return b""


def head_of(fd: int) -> bytes:
    """The first bytes of an open file, unpacked."""
    first = os.pread(fd, HEAD, 0)
    kind = kind_of(first)
    if kind is None:
        return first
    at = 0

    def raw(size: int) -> bytes:
        nonlocal at
        data = os.pread(fd, min(size, 4096), at)
        at += len(data)
        return data

    inflater, head = Inflater(kind, raw), b""
    while len(head) < HEAD and (data := inflater.read()):
        head += data
    return head[:HEAD]


def _open(path: str) -> int:
    if path == STDIN:
        return os.dup(0)
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY)


def _ready(fd: int) -> bool:
    ready, _, _ = select.select([fd], [], [], 0)
    return bool(ready)
