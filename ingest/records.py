"""Records: programs that write one record as several lines. The lines are joined before a format sees them.

amavis ends a piece with `...` and begins the next one, of the same process, with `(LOG_ID) ...`; a middle piece does both, and
pieces of other records may lie between. A record's identity, time and number are those of its first line.
"""

from __future__ import annotations

import re
from typing import Generic, TypeVar

from ingest.lines import Line

_BEGIN = re.compile(r"(\([0-9A-Za-z_+-]+\) )")
_PROGRAMS = frozenset({"amavis", "amavisd", "amavisd-new"})
_MORE = "..."
#: A record longer than this is cut: nobody logs so much about one message.
_LONGEST = 1 << 20

Place = TypeVar("Place")


class Joiner(Generic[Place]):
    """Joins the pieces of records; each line comes with its file and its place there, and a record keeps those of its first piece.

    One joiner serves all files of a run: a record may begin in one file and go on in the next.
    """

    def __init__(self) -> None:
        self._open: dict[tuple[str, int, str], dict[str, tuple[Line, Place]]] = {}

    def feed(self, line: Line, place: Place) -> list[tuple[Line, Place]]:
        """What is complete with this line: the line itself, a record that it ends, records that it shows to be cut."""
        if line.program not in _PROGRAMS:
            return [(line, place)]
        match = _BEGIN.match(line.text)
        if match is None:
            return [(line, place)]
        process = (line.host, line.pid, match[1])
        rest = line.text[match.end() :]
        if rest.startswith(_MORE):
            known = self._take(process, line.file)
            if known is None:
                # The first piece was not read: its rest alone says nothing that can be relied on.
                return [(line, place)]
            return self._join(process, known, line, rest)
        known = self._open[process].pop(line.file, None) if process in self._open else None
        done = [known] if known is not None else []
        if rest.endswith(_MORE):
            line.head = line.text
            self._open.setdefault(process, {})[line.file] = (line, place)
            return done
        return [*done, (line, place)]

    def _join(self, process: tuple[str, int, str], known: tuple[Line, Place], line: Line, rest: str) -> list[tuple[Line, Place]]:
        """A record with one piece more; given where that is its last."""
        first, place = known
        first.text = first.text[: -len(_MORE)] + rest[len(_MORE) :]
        first.raw = f"{first.raw}\n{line.raw}"
        if rest.endswith(_MORE) and len(first.raw) < _LONGEST:
            self._open.setdefault(process, {})[line.file] = (first, place)
            return []
        return [(first, place)]

    def _take(self, process: tuple[str, int, str], file: str) -> tuple[Line, Place] | None:
        """The open record that a piece goes on: of the same file, else of another one that ended within it."""
        waiting = self._open.get(process)
        if not waiting:
            return None
        return waiting.pop(file if file in waiting else next(iter(waiting)))

    def drain(self) -> list[tuple[Line, Place]]:
        """The records that are still open, as they stand."""
        left = [record for waiting in self._open.values() for record in waiting.values()]
        self._open.clear()
        return left
