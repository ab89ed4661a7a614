"""Who asked what, when, and how many rows it gave: lines that are only ever appended, a file a month."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from mappings import private

_CHUNK = 1 << 16


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One call."""

    #: RFC 3339 in UTC.
    time: str
    request_id: str
    who: str
    role: str
    #: Address of the caller, as the service sees it.
    address: str
    #: `search`, `report`, `export`, `domains`, `errors`, `audit`, `sign-in`, `sign-out`, ...
    what: str
    #: The question as it stood in the URL.
    question: str
    rows: int
    status: int
    took_ms: float


class Audit:
    """The log in a folder. Safe for several threads and processes: a line is one write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guard = threading.Lock()
        self._open: tuple[str, int] | None = None

    def write(self, entry: Entry) -> None:
        """Append an entry."""
        line = msgspec.json.encode(entry) + b"\n"
        name = f"audit-{entry.time[:7]}.jsonl"
        with self._guard:
            os.write(self._handle(name), line)

    def search(self, *, who: str | None = None, what: str | None = None, before: str | None = None, limit: int = 100) -> list[Entry]:
        """The newest entries first, of one caller or one kind where that is asked for, and older than a time.

        Entries of the same time are never parted: there can be more than `limit`, so that the next page misses none.
        """
        found: list[Entry] = []
        for path in sorted(self._folder.glob("audit-*.jsonl"), reverse=True):
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

    def close(self) -> None:
        """Let go of the file."""
        with self._guard:
            if self._open is not None:
                os.close(self._open[1])
                self._open = None

    def _handle(self, name: str) -> int:
        """The file of this month, open for appending."""
        if self._open is not None and self._open[0] == name:
            return self._open[1]
        if self._open is not None:
            os.close(self._open[1])
        private.folder(self._folder)
        handle = os.open(self._folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._open = (name, handle)
        return handle


def now() -> str:
    """Now, as an entry holds it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


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
