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
    """Joins the pieces of one file's records; each line comes with its place in the file, and a record keeps that of its first."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int, str], tuple[Line, Place]] = {}

    def feed(self, line: Line, place: Place) -> list[tuple[Line, Place]]:
        """What is complete with this line: the line itself, a record that it ends, records that it shows to be cut."""
        if line.program not in _PROGRAMS:
            return [(line, place)]
        match = _BEGIN.match(line.text)
        if match is None:
            return [(line, place)]
        process = (line.host, line.pid, match[1])
        rest = line.text[match.end() :]
        known = self._open.pop(process, None)
        if rest.startswith(_MORE):
            if known is None:
                # The first piece was not read: its rest alone says nothing that can be relied on.
                return [(line, place)]
            first, at = known
            first.text = first.text[: -len(_MORE)] + rest[len(_MORE) :]
            first.raw = f"{first.raw}\n{line.raw}"
            if rest.endswith(_MORE) and len(first.text) < _LONGEST:
                self._open[process] = (first, at)
                return []
            return [(first, at)]
        done = [known] if known is not None else []
        if rest.endswith(_MORE):
            self._open[process] = (line, place)
            return done
        return [*done, (line, place)]

    def drain(self) -> list[tuple[Line, Place]]:
        """The records that are still open, as they stand."""
        left = list(self._open.values())
        self._open.clear()
        return left

    @property
    def waiting(self) -> bool:
        """Whether a record is open."""
        return bool(self._open)
