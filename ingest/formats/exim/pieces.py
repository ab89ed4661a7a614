r"""Records of Exim that are several lines.

In syslog a long entry is pieces of one process, `[1\17] ...`, `[2\17] ...`. In its own files the headers of a message that it refuses
stand on lines without a stamp behind the refusal.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Generic

from msgspec.structs import replace

from ingest.framing.line import Line
from ingest.records import LONGEST, TOGETHER_US, Pieces, Place, Record

#: Number, what follows the piece (`\` a line end, `/` the rest of its line), and of how many: Exim's `log.c`, `write_syslog`.
_PIECE = re.compile(r"\[(\d{1,6})([/\\])(\d{1,6})\] ", re.ASCII)
_PID = re.compile(r"\[(\d{1,10})\] ", re.ASCII)
#: Exim writes headers behind a refusal only.
_REFUSED = " rejected "


class EximPieces(Pieces[Place]):
    """Joins both: a line that names a host came through syslog."""

    def __init__(self) -> None:
        self._long: _Long[Place] = _Long()
        self._headers: _Headers[Place] = _Headers()

    def feed(self, line: Line, place: Place) -> list[Record[Place]]:
        """Take a line with a stamp in."""
        return self._long.feed(line, place) if line.host else self._headers.feed(line, place)

    def more(self, text: str, file: str) -> bool:
        """Take a line without a stamp in."""
        return self._headers.more(text, file)

    def grown(self) -> list[Record[Place]]:
        """Refusals behind which headers came."""
        return self._headers.grown()

    def left(self, places: Collection[Place]) -> list[Record[Place]]:
        """Give what is open and begins at these places."""
        return [*self._long.left(places), *self._headers.left(places)]

    def drain(self, file: str | None) -> list[Record[Place]]:
        """Give refusals with the headers behind them; an entry in syslog goes on with the next reading."""
        return self._headers.drain(file)


class _Entry(Generic[Place]):
    """An entry of Exim of which pieces are still to come."""

    __slots__ = ("line", "number", "of", "place")

    def __init__(self, line: Line, place: Place, of: int) -> None:
        self.line, self.place, self.of = line, place, of
        #: The number of its last piece so far.
        self.number = 1

    def cut(self) -> Record[Place]:
        """What was read of it: where a piece was cut within a line, half a word at its end says nothing that can be relied on."""
        if not self.line.text.endswith("\n"):
            self.line.text = self.line.text.rpartition(" ")[0]
        return self.whole()

    def whole(self) -> Record[Place]:
        """It is read."""
        self.place.let_go(self.line)
        return named(self.line), self.place


class _Long(Generic[Place]):
    """Entries of Exim in syslog that are not read to their last piece.

    Exim writes the pieces of an entry one right after the other. What the clock of the host's log has left behind is given as far as it was
    read; what is still open at the end of reading is not given, and stays needed: its rest comes with the next reading.
    """

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], dict[str, _Entry[Place]]] = {}

    def feed(self, line: Line, place: Place) -> list[Record[Place]]:
        """Take a line in; the pid is syslog's and no part of the entry, unless that names one itself."""
        done = self._left_behind(line.host, line.time_us) if self._open else []
        match = _PIECE.match(line.text)
        if match is None:
            return [*done, (named(line), place)]
        number, of, ended = int(match[1]), int(match[3]), match[2] == "\\"
        # A line end behind the piece, or the rest of its line.
        piece = line.text[match.end() :] + ("\n" if ended and number != of else "")
        process = (line.host, line.pid)
        if number == 1:
            before = self._open.get(process, {}).pop(line.file, None)
            if before is not None:
                done.append(before.cut())
            line.text = piece
            place.hold(line)
            entry = _Entry(line, place, of)
        else:
            found = self._take(process, line.file, number, of)
            if found is None:
                # Its beginning was not read, and its rest alone bears no id.
                return done
            entry = found
            entry.number = number
            entry.line.text += piece
            entry.line.raw = f"{entry.line.raw}\n{line.raw}"
        if number == of or len(entry.line.raw) > LONGEST:
            return [*done, entry.whole()]
        self._open.setdefault(process, {})[line.file] = entry
        return done

    def _take(self, process: tuple[str, int], file: str, number: int, of: int) -> _Entry[Place] | None:
        """The entry that a piece goes on: of the same file, else of another one that ended within it."""
        waiting = self._open.get(process, {})
        fitting = [name for name, entry in waiting.items() if (entry.number + 1, entry.of) == (number, of)]
        if not fitting:
            return None
        entry = waiting.pop(file if file in fitting else fitting[0])
        if not waiting:
            del self._open[process]
        return entry

    def left(self, places: Collection[Place]) -> list[Record[Place]]:
        """Give the entries that begin at these places."""
        found = [(waiting, file) for waiting in self._open.values() for file, entry in waiting.items() if entry.place in places]
        return [waiting.pop(file).cut() for waiting, file in found]

    def _left_behind(self, host: str, time_us: int) -> list[Record[Place]]:
        """Give the entries of a host whose rest would have come long ago."""
        floor = time_us - TOGETHER_US
        done = [
            waiting.pop(file).cut()
            for (whose, _), waiting in self._open.items()
            if whose == host
            for file in [name for name, entry in waiting.items() if entry.line.time_us < floor]
        ]
        if done:
            self._open = {process: waiting for process, waiting in self._open.items() if waiting}
        return done


class _Headers(Generic[Place]):
    """The last refusal of each file of Exim, which lines without a stamp go on.

    A refusal is given at once, and again when it has become longer: it is the same event, and the longest version wins.
    """

    def __init__(self) -> None:
        self._open: dict[str, Record[Place]] = {}
        self._more: dict[str, list[str]] = {}
        self._grown: set[str] = set()
        #: The files of Exim's own.
        self._files: set[str] = set()

    def feed(self, line: Line, place: Place) -> list[Record[Place]]:
        """Take a line with a stamp in."""
        file = line.file
        done = self.drain(file) if file in self._open else []
        self._files.add(file)
        named(line)
        if _REFUSED in line.text:
            place.hold(line)
            self._open[file] = (line, place)
        return [*done, (line, place)]

    def more(self, text: str, file: str) -> bool:
        """Take a line without a stamp in; behind other lines than refusals there is nothing to be learned from it."""
        if file not in self._files:
            return False
        if file in self._open:
            known = self._more.setdefault(file, [])
            if len(known) < 1000:
                known.append(text)
                self._grown.add(file)
        return True

    def left(self, places: Collection[Place]) -> list[Record[Place]]:
        """Give the records that begin at these places, and expect no more of them."""
        return [record for file in sorted(self._open) if self._open[file][1] in places for record in self.drain(file)]

    def grown(self) -> list[Record[Place]]:
        """Give what has become longer."""
        found = [self._joined(file) for file in sorted(self._grown)]
        self._grown.clear()
        return found

    def drain(self, file: str | None = None) -> list[Record[Place]]:
        """Give what has become longer, and expect no more of it."""
        files = sorted(self._open) if file is None else [file] if file in self._open else []
        found = [self._joined(one) for one in files if one in self._grown]
        for one in files:
            line, place = self._open.pop(one)
            place.let_go(line)
            self._more.pop(one, None)
            self._grown.discard(one)
        return found

    def _joined(self, file: str) -> Record[Place]:
        """The record as it stands."""
        line, place = self._open[file]
        lines = self._more[file]
        return replace(line, text="\n".join([line.text, *lines]), raw="\n".join([line.raw, *lines]), head=line.text, again=True), place


def named(line: Line) -> Line:
    """An entry of Exim whose process is known only where it names it (`log_selector = +pid`); set in place."""
    found = _PID.match(line.text)
    line.pid = 0
    if found is not None:
        line.pid = int(found[1])
        line.text = line.text[found.end() :]
    head, newline, _ = line.text.partition("\n")
    if newline:
        line.head = head
    return line
