"""What a run has read and written: counts of all that was taken, dropped and guessed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(slots=True)
class Tally:
    """What the lines of one file were."""

    lines: int = 0
    #: Lines that a format knows, whether they say something of a message or not, by the format's name.
    known: Counter[str] = field(default_factory=Counter)
    #: Lines of known programs that no pattern fits, by the format's name.
    unknown: Counter[str] = field(default_factory=Counter)
    #: Lines that an administrator had a program write in words of his own, by the format's name.
    free: Counter[str] = field(default_factory=Counter)
    #: Lines of programs that no format knows, by program.
    foreign: Counter[str] = field(default_factory=Counter)
    #: Lines without a stamp that we know.
    unframed: int = 0

    @property
    def recognised(self) -> int:
        """Lines of programs that log mail; free text alone proves nothing, for other files have such stamps too."""
        return self.known.total() + self.unknown.total()


@dataclass(slots=True)
class Summary:
    """What a run has read and written."""

    files: int = 0
    bytes_read: int = 0
    bytes_total: int = 0
    lines: int = 0
    #: The least stamp of the lines that were taken in, in microseconds since 1970 UTC; None where none was.
    begun_us: int | None = None
    traces: int = 0
    superseded: int = 0
    #: What was in each file, in the order in which they were found.
    tallies: dict[str, Tally] = field(default_factory=dict)
    #: Lines of known programs that no pattern fits, and lines of programs that no format knows, by program.
    unknown: Counter[str] = field(default_factory=Counter)
    foreign: Counter[str] = field(default_factory=Counter)
    #: Lines that state something of a message, by the format's name.
    events: Counter[str] = field(default_factory=Counter)
    #: Lines that the program itself failed on, by program.
    failed: Counter[str] = field(default_factory=Counter)
    #: Lines stamped more than an hour ahead of this machine's clock.
    ahead: int = 0
    samples: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    #: Sentences on what was there and could not be read to its end; it is read on next time.
    unread: list[str] = field(default_factory=list)
    #: How much was gone before it was read, in cases; each has its sentence among the warnings.
    losses: int = 0

    def tally(self, file: str) -> Tally:
        """The tally of a file; a file that is read on under the same name goes on with it."""
        return self.tallies.setdefault(file, Tally())


class Progress(Protocol):
    """Told now and then how far a run is."""

    def __call__(self, summary: Summary) -> None:
        """Take note."""
        ...
