"""Records: programs that write one record as several lines. The lines are joined before a format sees them.

A record's identity, time and number are those of its first line. How a program's pieces are known, and which belong together, its format
says (`ingest.formats`). Here is what all have in common: whose line goes to whose joiner, and that what is open holds its place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, Generic, Protocol, TypeVar

from ingest.clock import SECOND
from ingest.framing.line import Line

#: A record longer than this is cut: nobody logs so much about one message.
LONGEST = 1 << 20
#: The pieces of a record are written at once; a process of the same number goes on with none so much later.
TOGETHER_US = 60 * SECOND


class Held(Protocol):
    """A place in a file that is read again after a crash while anything holds it (`ingest.joining.places`)."""

    def hold(self, holder: Line) -> None:
        """The record that begins with this line is open."""

    def let_go(self, holder: Line) -> None:
        """It is open no more."""


Place = TypeVar("Place", bound=Held)
Record = tuple[Line, Place]


class Pieces(Generic[Place]):
    """What joins the pieces of one program's records; a program whose every line is whole has none."""

    def feed(self, line: Line, place: Place) -> list[Record[Place]]:
        """What is complete with this line: the line itself, a record that it ends, records that it shows to be cut."""
        raise NotImplementedError

    def more(self, text: str, file: str) -> bool:
        """Whether a line without a stamp goes on with a record of this program."""
        return False

    def grown(self) -> list[Record[Place]]:
        """The records that are open and have become longer since they were given, as they stand; they may still go on."""
        return []

    def left(self, places: Collection[Place]) -> list[Record[Place]]:
        """The open records that begin at these places, as they stand: what follows them will not be waited for."""
        raise NotImplementedError

    def drain(self, file: str | None) -> list[Record[Place]]:
        """The records that are still open, as they stand; with `file` those that end with it, which is read to its last end."""
        raise NotImplementedError


class Joiner(Generic[Place]):
    """Joins the pieces of records; each line comes with its file and its place there, and a record keeps those of its first piece.

    One joiner serves all files of a run: a record may begin in one file and go on in the next. What is open holds its place. `programs`
    has for each format that joins pieces its name, its programs and what joins them.
    """

    def __init__(self, programs: Iterable[tuple[str, tuple[str, ...], Pieces[Any]]]) -> None:
        self._all: dict[str, Pieces[Place]] = {}
        self._of: dict[str, Pieces[Place]] = {}
        for name, tags, pieces in programs:
            self._all[name] = pieces
            self._of |= dict.fromkeys(tags, pieces)

    def feed(self, line: Line, place: Place) -> list[Record[Place]]:
        """What is complete with this line."""
        pieces = self._of.get(line.program)
        return [(line, place)] if pieces is None else pieces.feed(line, place)

    def more(self, text: str, file: str) -> str | None:
        """The format whose last record a line without a stamp goes on with; None where it goes on with none."""
        return next((name for name, pieces in self._all.items() if pieces.more(text, file)), None)

    def grown(self) -> list[Record[Place]]:
        """The records that are open and have become longer since they were given, as they stand; they may still go on."""
        return [record for pieces in self._all.values() for record in pieces.grown()]

    def left(self, places: Collection[Place]) -> list[Record[Place]]:
        """The open records that begin at these places, as they stand: what follows them will not be waited for."""
        return [record for pieces in self._all.values() for record in pieces.left(places)]

    def drain(self, file: str | None = None) -> list[Record[Place]]:
        """The records that are still open, as they stand; with `file` those of its own, which is read to its last end."""
        return [record for pieces in self._all.values() for record in pieces.drain(file)]


def released(record: Record[Place]) -> Record[Place]:
    """A record that is open no more."""
    record[1].let_go(record[0])
    return record
