"""Records of amavis that are longer than a line of syslog.

A piece ends with `...`, and the next one, of the same process, begins with `(LOG_ID) ...`; pieces of other records may lie between.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import islice

from ingest.clock import SECOND
from ingest.framing.line import Line
from ingest.records import LONGEST, TOGETHER_US, Pieces, Place, Record, released

_BEGIN = re.compile(r"(\([0-9A-Za-z_+-]+\) )")
_MORE = "..."
#: Clocks of hosts differ by less.
_APART_US = 86_400 * SECOND
#: So many of the oldest open records are looked at when one begins.
_LOOKED_AT = 4


class AmavisPieces(Pieces[Place]):
    """Records of amavis that are not read to their end."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int, str], dict[str, Record[Place]]] = {}

    def feed(self, line: Line, place: Place) -> list[Record[Place]]:
        """Take a line in."""
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
        known = self._open.get(process, {}).pop(line.file, None)
        self._tidy(process)
        done = [*self._left_behind(line.host, line.time_us), *([] if known is None else [released(known)])]
        if rest.endswith(_MORE):
            line.head = line.text
            self._keep(process, line.file, (line, place))
            return done
        return [*done, (line, place)]

    def left(self, places: Collection[Place]) -> list[Record[Place]]:
        """Give what is open and begins at these places."""
        found = [(waiting, file) for waiting in self._open.values() for file, record in waiting.items() if record[1] in places]
        return [released(waiting.pop(file)) for waiting, file in found]

    def drain(self, file: str | None) -> list[Record[Place]]:
        """Give what is open; the end of one file is not the end of its records."""
        if file is not None:
            return []
        left = [released(record) for waiting in self._open.values() for record in waiting.values()]
        self._open.clear()
        return left

    def _join(self, process: tuple[str, int, str], known: Record[Place], line: Line, rest: str) -> list[Record[Place]]:
        """A record with one piece more; given where that is its last."""
        first = known[0]
        first.text = first.text[: -len(_MORE)] + rest[len(_MORE) :]
        first.raw = f"{first.raw}\n{line.raw}"
        if rest.endswith(_MORE) and len(first.raw) < LONGEST:
            self._keep(process, line.file, known)
            return []
        return [known]

    def _keep(self, process: tuple[str, int, str], file: str, record: Record[Place]) -> None:
        """Wait for the rest of a record."""
        record[1].hold(record[0])
        self._open.setdefault(process, {})[file] = record

    def _take(self, process: tuple[str, int, str], file: str) -> Record[Place] | None:
        """The open record that a piece goes on: of the same file, else of another one that ended within it."""
        waiting = self._open.get(process)
        if not waiting:
            return None
        found = waiting.pop(file if file in waiting else next(iter(waiting)))
        self._tidy(process)
        return released(found)

    def _tidy(self, process: tuple[str, int, str]) -> None:
        """Forget a process of which nothing is open."""
        if not self._open.get(process, True):
            del self._open[process]

    def _left_behind(self, host: str, time_us: int) -> list[Record[Place]]:
        """Give the oldest records whose rest would have come long ago, by the clock of their host; another's may differ by much."""
        done: list[Record[Place]] = []
        for process, waiting in list(islice(self._open.items(), _LOOKED_AT)):
            floor = time_us - (TOGETHER_US if process[0] == host else _APART_US)
            if all(record[0].time_us < floor for record in waiting.values()):
                done += [released(record) for record in waiting.values()]
                del self._open[process]
        return done
