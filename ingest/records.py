r"""Records: programs that write one record as several lines. The lines are joined before a format sees them.

A record's identity, time and number are those of its first line. amavis ends a piece with `...` and begins the next one, of the
same process, with `(LOG_ID) ...`; pieces of other records may lie between. Exim writes the headers of a message that it refuses
on lines without a stamp behind the refusal, and in syslog as pieces `[1\17] ...`, `[2\17] ...` of one process.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from itertools import islice
from typing import Generic, Protocol, TypeVar

from msgspec.structs import replace

from ingest.lines import SECOND, Line

_BEGIN = re.compile(r"(\([0-9A-Za-z_+-]+\) )")
_AMAVIS = frozenset({"amavis", "amavisd", "amavisd-new"})
_MORE = "..."
#: Number, what follows the piece (`\` a line end, `/` the rest of its line), and of how many: Exim's `log.c`, `write_syslog`.
_PIECE = re.compile(r"\[(\d{1,6})([/\\])(\d{1,6})\] ", re.ASCII)
_PID = re.compile(r"\[(\d{1,10})\] ", re.ASCII)
#: Exim writes headers behind a refusal only.
_REFUSED = " rejected "
#: A record longer than this is cut: nobody logs so much about one message.
_LONGEST = 1 << 20
#: The pieces of an entry of Exim are written at once; a process of the same number goes on with none so much later.
_TOGETHER_US = 60 * SECOND
#: Clocks of hosts differ by less.
_APART_US = 86_400 * SECOND
#: So many of the oldest open records are looked at when one begins.
_LOOKED_AT = 4


class Pinned(Protocol):
    """A place in a file that is read again after a crash while anything pins it."""

    pins: int


Place = TypeVar("Place", bound=Pinned)
Record = tuple[Line, Place]


class Joiner(Generic[Place]):
    """Joins the pieces of records; each line comes with its file and its place there, and a record keeps those of its first piece.

    One joiner serves all files of a run: a record may begin in one file and go on in the next. What is open pins its places.
    """

    def __init__(self) -> None:
        self._amavis: _AmavisPieces[Place] = _AmavisPieces()
        self._pieces: _EximPieces[Place] = _EximPieces()
        self._headers: _EximHeaders[Place] = _EximHeaders()

    def feed(self, line: Line, place: Place) -> list[Record[Place]]:
        """What is complete with this line: the line itself, a record that it ends, records that it shows to be cut."""
        program = line.program
        if program in _AMAVIS:
            return self._amavis.feed(line, place)
        if program != "exim":
            return [(line, place)]
        if line.host:
            return self._pieces.feed(line, place)
        return self._headers.feed(line, place)

    def more(self, text: str, file: str) -> str | None:
        """The program whose last record a line without a stamp goes on with; None where it goes on with none."""
        return "exim" if self._headers.more(text, file) else None

    def grown(self) -> list[Record[Place]]:
        """The records that are open and have become longer since they were given, as they stand; they may still go on."""
        return self._headers.grown()

    def left(self, places: Collection[Place]) -> list[Record[Place]]:
        """The open records that begin at these places, as they stand: what follows them will not be waited for."""
        return [*self._amavis.left(places), *self._pieces.left(places), *self._headers.left(places)]

    def drain(self, file: str | None = None) -> list[Record[Place]]:
        """The records that are still open, as they stand; with `file` those of its own, which is read to its last end."""
        if file is not None:
            return self._headers.drain(file)
        return [*self._amavis.drain(), *self._headers.drain()]


class _AmavisPieces(Generic[Place]):
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
        done = [*self._left_behind(line.host, line.time_us), *([] if known is None else [_released(known)])]
        if rest.endswith(_MORE):
            line.head = line.text
            self._keep(process, line.file, (line, place))
            return done
        return [*done, (line, place)]

    def left(self, places: Collection[Place]) -> list[Record[Place]]:
        """Give what is open and begins at these places."""
        found = [(waiting, file) for waiting in self._open.values() for file, record in waiting.items() if record[1] in places]
        return [_released(waiting.pop(file)) for waiting, file in found]

    def drain(self) -> list[Record[Place]]:
        """Give what is open."""
        left = [_released(record) for waiting in self._open.values() for record in waiting.values()]
        self._open.clear()
        return left

    def _join(self, process: tuple[str, int, str], known: Record[Place], line: Line, rest: str) -> list[Record[Place]]:
        """A record with one piece more; given where that is its last."""
        first = known[0]
        first.text = first.text[: -len(_MORE)] + rest[len(_MORE) :]
        first.raw = f"{first.raw}\n{line.raw}"
        if rest.endswith(_MORE) and len(first.raw) < _LONGEST:
            self._keep(process, line.file, known)
            return []
        return [known]

    def _keep(self, process: tuple[str, int, str], file: str, record: Record[Place]) -> None:
        """Wait for the rest of a record."""
        record[1].pins += 1
        self._open.setdefault(process, {})[file] = record

    def _take(self, process: tuple[str, int, str], file: str) -> Record[Place] | None:
        """The open record that a piece goes on: of the same file, else of another one that ended within it."""
        waiting = self._open.get(process)
        if not waiting:
            return None
        found = waiting.pop(file if file in waiting else next(iter(waiting)))
        self._tidy(process)
        return _released(found)

    def _tidy(self, process: tuple[str, int, str]) -> None:
        """Forget a process of which nothing is open."""
        if not self._open.get(process, True):
            del self._open[process]

    def _left_behind(self, host: str, time_us: int) -> list[Record[Place]]:
        """Give the oldest records whose rest would have come long ago, by the clock of their host; another's may differ by much."""
        done: list[Record[Place]] = []
        for process, waiting in list(islice(self._open.items(), _LOOKED_AT)):
            floor = time_us - (_TOGETHER_US if process[0] == host else _APART_US)
            if all(record[0].time_us < floor for record in waiting.values()):
                done += [_released(record) for record in waiting.values()]
                del self._open[process]
        return done


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
        self.place.pins -= 1
        return named(self.line), self.place


class _EximPieces(Generic[Place]):
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
            place.pins += 1
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
        if number == of or len(entry.line.raw) > _LONGEST:
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
        floor = time_us - _TOGETHER_US
        done = [
            waiting.pop(file).cut()
            for (whose, _), waiting in self._open.items()
            if whose == host
            for file in [name for name, entry in waiting.items() if entry.line.time_us < floor]
        ]
        if done:
            self._open = {process: waiting for process, waiting in self._open.items() if waiting}
        return done


class _EximHeaders(Generic[Place]):
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
            place.pins += 1
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
            self._open.pop(one)[1].pins -= 1
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


def _released(record: Record[Place]) -> Record[Place]:
    """A record that is open no more."""
    record[1].pins -= 1
    return record
