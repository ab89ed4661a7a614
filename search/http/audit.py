"""Who asked what, when, and how many rows it gave: lines that are only ever appended, a file a month, each bound to the one before it.

An entry bears its number and the hash of the line before it, through all months; so none can be changed, taken out or put in without
breaking the chain (`search.http.chain` checks it). The number and hash of the last line, which nothing follows, are kept in a file of their
own. All processes that write hold the lock of that file while they do.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import msgspec

from mappings import private

_CHUNK = 1 << 16
#: What is recent is among so many entries.
_RECENT = 2_000
#: Files of the log, the oldest first when sorted; and the file of the head.
FILES, HEAD = "audit-*.jsonl", "head.json"
#: The head takes so many bytes, filled with blanks, so that it is replaced by one write.
_HEAD_BYTES = 256


#: What an entry may tell of.
WHATS = (
    *("search", "report", "export", "live", "counts", "differs", "insights", "domains", "errors", "complete", "audit"),
    *("sign-in", "sign-in refused", "sign-out", "token refused", "tokens refused"),
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One call."""

    #: RFC 3339 in UTC.
    time: str
    request_id: str
    who: str
    role: str
    #: Address of the caller, as the service sees it.
    address: str
    #: One of `WHATS`.
    what: str
    #: The question as it stood in the URL.
    question: str
    rows: int
    status: int
    took_ms: float
    #: What else is to be said: of a refused token the first digits of its hash, or how many more were refused.
    note: str = ""
    #: Its number, from 1, and SHA-256 of the line before it; 0 and nothing in lines from before there was a chain.
    number: int = 0
    before: str = ""


class ChainHead(msgspec.Struct, frozen=True):
    """The end of the chain: the last entry's number and hash, its file, and where that file ends."""

    number: int
    hash: str
    file: str
    size: int


class Audit:
    """The log in a folder. Safe for several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guard = threading.Lock()
        self._head: int | None = None
        self._open: tuple[str, int] | None = None

    def write(self, entry: Entry) -> None:
        """Append an entry; its number and `before` are set here. Raises `OSError`, and leaves no part of a line then."""
        with self._guard, self._locked() as handle:
            head = self._caught_up(handle)
            name = max(f"audit-{entry.time[:7]}.jsonl", head.file)
            file, size = self._file(name)
            entry = msgspec.structs.replace(entry, number=head.number + 1, before=head.hash)
            line = msgspec.json.encode(entry)
            # Where a disk was full, half a line may stand at the end.
            gap = b"\n" if size and os.pread(file, 1, size - 1) != b"\n" else b""
            whole = gap + line + b"\n"
            try:
                written = os.write(file, whole)
                if written < len(whole):
                    raise OSError(f"the audit log could not be written: {written} of {len(whole)} bytes fit")
            except OSError:
                os.ftruncate(file, size)
                raise
            _put_head(handle, ChainHead(head.number + 1, hash_of(line), name, size + len(whole)))

    def search(self, *, who: str | None = None, what: str | None = None, before: str | None = None, limit: int = 100) -> list[Entry]:
        """The newest entries first, of one caller or one kind where that is asked for, and older than a time.

        Entries of the same time are never parted: there can be more than `limit`, so that the next page misses none.
        """
        found: list[Entry] = []
        for path in sorted(self._folder.glob(FILES), reverse=True):
            if before is not None and path.name.removeprefix("audit-")[:7] > before[:7]:
                continue
            for line in _backwards(path):
                try:
                    entry = msgspec.json.decode(line, type=Entry)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    # Half a line, from a disk that was full.
                    continue
                if len(found) >= limit and entry.time != found[-1].time:
                    return found
                if (who is None or entry.who == who) and (what is None or entry.what == what) and (before is None or entry.time < before):
                    found.append(entry)
        return found

    def recent(self, who: str, what: str) -> list[Entry]:
        """The entries of one caller and one kind among the last that were written, the newest first; only so many are looked at."""
        found: list[Entry] = []
        lines = (line for path in sorted(self._folder.glob(FILES), reverse=True) for line in _backwards(path))
        for line in islice(lines, _RECENT):
            try:
                entry = msgspec.json.decode(line, type=Entry)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if entry.who == who and entry.what == what:
                found.append(entry)
        return found

    def close(self) -> None:
        """Let go of the files."""
        with self._guard:
            for handle in (self._head, self._open[1] if self._open else None):
                if handle is not None:
                    os.close(handle)
            self._head = self._open = None

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The file of the head, while no other process writes."""
        path = self._folder / HEAD
        if self._head is None or not _is_at(self._head, path):
            if self._head is not None:
                os.close(self._head)
                self._head = None
            private.folder(self._folder)
            self._head = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._head, fcntl.LOCK_EX)
        try:
            yield self._head
        finally:
            fcntl.flock(self._head, fcntl.LOCK_UN)

    def _caught_up(self, handle: int) -> ChainHead:
        """The head, with what a process wrote that was killed before it could note it."""
        try:
            head = msgspec.json.decode(os.pread(handle, _HEAD_BYTES, 0), type=ChainHead)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._found_head()
        _, size = self._file(head.file)
        return after(self._folder / head.file, head) if size > head.size else head

    def _found_head(self) -> ChainHead:
        """Where the chain goes on when no head is kept: behind the last entry, or behind all lines from before there was a chain."""
        whole = hashlib.sha256()
        head = ChainHead(0, "", "", 0)
        for path in sorted(self._folder.glob(FILES)):
            with path.open("rb") as file:
                for line in file:
                    whole.update(line.rstrip(b"\n") + b"\n")
                    if chained := chained_entry(line.rstrip(b"\n")):
                        head = ChainHead(chained.number, hash_of(line.rstrip(b"\n")), path.name, 0)
        return head if head.number else ChainHead(0, whole.hexdigest(), "", 0)

    def _file(self, name: str) -> tuple[int, int]:
        """A month's file, open for appending, and how long it is."""
        path = self._folder / name
        if self._open is not None:
            if self._open[0] == name and _is_at(self._open[1], path):
                return self._open[1], os.fstat(self._open[1]).st_size
            os.close(self._open[1])
            self._open = None
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        self._open = (name, handle)
        return handle, os.fstat(handle).st_size


class Chained(msgspec.Struct, frozen=True):
    """What the chain needs of an entry."""

    number: int
    before: str


def chained_entry(line: bytes) -> Chained | None:
    """A line's place in the chain; None for one from before there was a chain, and for what is no entry."""
    try:
        found = msgspec.json.decode(line, type=Chained)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return found if found.number > 0 else None


def after(path: Path, head: ChainHead) -> ChainHead:
    """The head after those lines behind it that go on with the chain."""
    with path.open("rb") as file:
        file.seek(head.size)
        for raw in file:
            line, place = raw.rstrip(b"\n"), chained_entry(raw)
            if place is not None and (place.number, place.before) == (head.number + 1, head.hash):
                head = ChainHead(place.number, hash_of(line), head.file, 0)
    return head


def read_head(folder: Path) -> ChainHead | None:
    """The head as it is kept; None where there is none that can be read. Raises `OSError`."""
    try:
        return msgspec.json.decode((folder / HEAD).read_bytes(), type=ChainHead)
    except (FileNotFoundError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def hash_of(line: bytes) -> str:
    """What the next entry bears of a line, which is without its end."""
    return hashlib.sha256(line).hexdigest()


def now() -> str:
    """Now, as an entry holds it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _is_at(handle: int, path: Path) -> bool:
    """Whether a file that is open is still the one of this name."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except OSError:
        return False


def _put_head(handle: int, head: ChainHead) -> None:
    """Keep the head."""
    os.pwrite(handle, msgspec.json.encode(head).ljust(_HEAD_BYTES - 1) + b"\n", 0)


def _backwards(path: Path) -> Iterator[bytes]:
    """The lines of a file, the last first, read in pieces."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        rest = b""
        while end > 0:
            begin = max(0, end - _CHUNK)
            file.seek(begin)
            rest = file.read(end - begin) + rest
            end = begin
            if end:
                rest, *lines = rest.split(b"\n")
            else:
                rest, lines = b"", rest.split(b"\n")
            yield from (line for line in reversed(lines) if line)
