"""Whether the audit log is whole: every entry as it was written, none taken out, none put in, none cut off at the end.

The chain needs no secret, so whoever may write the folder can also write all of it anew, with its head. Against that helps only a head that
is kept somewhere else: `Verified.head` is what to keep, and `verify` takes it back as `known`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from search.http.audit import FILES, Chained, ChainHead, chained_entry, hash_of, read_head


@dataclass(frozen=True, slots=True)
class Fault:
    """Where the chain is broken: a file, a line of it from 1, and what is the matter."""

    file: str
    line: int
    words: str


@dataclass(slots=True)
class Verified:
    """What was found."""

    files: int = 0
    entries: int = 0
    #: Lines from before there was a chain.
    unchained: int = 0
    faults: list[Fault] = field(default_factory=list)
    #: Number and hash of the last entry.
    head: tuple[int, str] = (0, "")


def verify(folder: Path, *, since: str | None = None, known: tuple[int, str] | None = None) -> Verified:
    """Check the log in a folder; from a month on (`2026-10`) where older files may be gone; `known` is a head from before.

    Raises `OSError`.
    """
    # The head first: what is written meanwhile stands behind it.
    kept = read_head(folder)
    walk = _Walk(everything=since is None, heads=[one for one in (kept and (kept.number, kept.hash), known) if one])
    for path in sorted(folder.glob(FILES)):
        if since is None or path.name.removeprefix("audit-")[: len(since)] >= since:
            walk.file(path)
    walk.end(kept)
    return walk.found


class _Walk:
    """Goes through the lines in the order in which they were written."""

    def __init__(self, *, everything: bool, heads: list[tuple[int, str]]) -> None:
        self.found = Verified()
        self._everything = everything
        self._heads = dict(heads)
        self._before = hashlib.sha256()
        self._next: tuple[int, str] | None = None
        self._place = ("", 0)

    def file(self, path: Path) -> None:
        """Go through a month."""
        self.found.files += 1
        with path.open("rb") as file:
            for number, raw in enumerate(file, 1):
                place, self._place, before = (path.name, number), (path.name, number), self._place
                line = raw.rstrip(b"\n")
                chained = chained_entry(line)
                if chained is not None:
                    self._entry(chained, line, place, before)
                elif self._next is None:
                    self.found.unchained += 1
                    self._before.update(line + b"\n")
                else:
                    self._fault(place, "is no entry of the chain: it was put in, or is half a line from a disk that was full")

    def _entry(self, chained: Chained, line: bytes, place: tuple[str, int], before: tuple[str, int]) -> None:
        """Look at one entry."""
        if self._next is None:
            self._next = self._first(chained, place)
        number, hash_before = self._next
        if chained.number < number:
            self._fault(place, f"has the number {chained.number:,}, which was there before: it was put in, or moved")
            return
        if chained.number > number:
            self._fault(place, f"{_missing(number, chained.number - 1)} before it")
        elif chained.before != hash_before:
            self._fault(before if number > 1 else place, "was changed" if number > 1 else "does not go on from the lines before the chain")
        self.found.entries += 1
        self.found.head = (chained.number, hash_of(line))
        self._next = (chained.number + 1, self.found.head[1])
        if self._heads.get(chained.number, self.found.head[1]) != self.found.head[1]:
            self._fault(place, "was changed: it is not the one that was noted")

    def _first(self, chained: Chained, place: tuple[str, int]) -> tuple[int, str]:
        """What is expected of the first entry; it tells whether older ones are gone."""
        if not self._everything:
            return chained.number, chained.before
        if chained.number > 1:
            self._fault(place, f"{_missing(1, chained.number - 1)} before it")
            return chained.number, chained.before
        return 1, self._before.hexdigest()

    def end(self, kept: ChainHead | None) -> None:
        """Compare the end with the heads that are known."""
        last = self.found.head[0]
        noted = max(self._heads, default=0)
        if noted > last:
            self._fault(self._place, f"{_missing(last + 1, noted)}{' behind it' if last else ''}: the end was cut off")
        if kept is None and self.found.entries:
            self._fault(self._place, "is the last one, and the number of entries is noted nowhere: head.json is missing or damaged")

    def _fault(self, place: tuple[str, int], words: str) -> None:
        self.found.faults.append(Fault(*place, words))


def _missing(first: int, last: int) -> str:
    """Which entries are not there."""
    return f"entry {first:,} is missing" if first == last else f"entries {first:,} to {last:,} are missing"
