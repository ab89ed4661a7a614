"""What a run has read and written: counts of all that was taken, dropped and guessed."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

from mappings.readings import LONGEST_SAMPLE

#: Names of programs that are counted apart, files that are, and warnings that are kept: a service reads for years, and strangers write.
NAMES, FILES, WARNINGS = 1000, 1000, 1000
#: Of so many programs a line that is not understood is kept.
SAMPLES = 50
#: Where the others are counted.
OTHER_NAMES, EARLIER_FILES = "(others)", "(earlier files)"


class ByName(Counter[str]):
    """Counts by names that anybody may write into a log: those beyond the first `NAMES` are counted together."""

    def __setitem__(self, name: str, number: int) -> None:
        """Set a count; that of a name too many is added to the others'."""
        if name not in self and len(self) >= NAMES:
            name, number = OTHER_NAMES, self[OTHER_NAMES] + number
        super().__setitem__(name, number)


#: What is known of forms that cannot be read.
_SINCE_START = re.compile(r"\[ *\d{1,12}\.\d{3,6}(?: <[ \d.]{1,20}>)?\] ", re.ASCII)


@dataclass(frozen=True, slots=True)
class StrangeHeader:
    """A header that is not known, before the tag of a program that is read."""

    header: str
    tag: str
    line: str

    @property
    def in_words(self) -> str:
        """What is not known, with the line."""
        said = f"before `{self.tag}` stands a header that is not known: `{self.header.strip() or ' '}`"
        if _SINCE_START.match(self.header) is not None:
            since = f"the time since the machine was started (`{self.header.strip()}`), and no date"
            said = f"before `{self.tag}` stands {since}: use journalctl -o short-iso"
        return f"{said}; the line is `{self.line}`"


@dataclass(slots=True)
class Tally:
    """What the lines of one file were."""

    lines: int = 0
    #: Lines that a format knows, whether they say something of a message or not, by the format's name.
    known: Counter[str] = field(default_factory=Counter)
    #: Lines of known programs that no pattern fits, by the format's name.
    unknown: Counter[str] = field(default_factory=Counter)
    #: The same by program, and the first of each program.
    unknown_of: Counter[str] = field(default_factory=ByName)
    samples: dict[str, str] = field(default_factory=dict)
    #: Lines that an administrator had a program write in words of his own, by the format's name.
    free: Counter[str] = field(default_factory=Counter)
    #: Lines of programs that no format knows, by program.
    foreign: Counter[str] = field(default_factory=ByName)
    #: Lines without a stamp that we know.
    unframed: int = 0
    #: Lines of syslog that say only how often the one before them came again.
    repeats: int = 0
    #: Lines of programs that are read, behind a header that is not known, and the first of them.
    strange: int = 0
    strangest: StrangeHeader | None = None

    def add(self, other: Tally) -> None:
        """Count the lines of another file too."""
        self.lines += other.lines
        self.unframed += other.unframed
        self.repeats += other.repeats
        self.strange += other.strange
        self.strangest = self.strangest or other.strangest
        for mine, theirs in (
            (self.known, other.known),
            (self.unknown, other.unknown),
            (self.unknown_of, other.unknown_of),
            (self.free, other.free),
            (self.foreign, other.foreign),
        ):
            for name, number in theirs.items():
                mine[name] += number
        self.samples = other.samples | self.samples

    def not_understood(self, known: str, program: str, line: str) -> None:
        """Count a line that no pattern of a format fits, and keep the first of its program."""
        self.unknown[known] += 1
        self.unknown_of[program] += 1
        if program not in self.samples and len(self.samples) < SAMPLES:
            self.samples[program] = line[:LONGEST_SAMPLE]

    def unread(self, found: StrangeHeader | None) -> None:
        """Note a line of which nothing could be read, where it holds one of a program that is."""
        if found is not None:
            self.strange += 1
            self.strangest = self.strangest or found

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
    unknown: Counter[str] = field(default_factory=ByName)
    foreign: Counter[str] = field(default_factory=ByName)
    #: Lines that state something of a message, by the format's name.
    events: Counter[str] = field(default_factory=Counter)
    #: Lines that the program itself failed on, by program.
    failed: Counter[str] = field(default_factory=ByName)
    #: Lines stamped more than an hour ahead of this machine's clock.
    ahead: int = 0
    samples: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    #: Sentences on what was there and could not be read to its end; it is read on next time.
    unread: list[str] = field(default_factory=list)
    #: Of them what this user has no rights to: the path, by its sentence.
    no_rights: dict[str, str] = field(default_factory=dict)
    #: How much was gone before it was read, in cases; each has its sentence among the warnings.
    losses: int = 0

    def tally(self, file: str) -> Tally:
        """The tally of a file; one that is read on under the same name goes on with it. Of very many the first are counted together."""
        known = self.tallies.get(file)
        if known is not None:
            return known
        if len(self.tallies) >= FILES:
            earlier = self.tallies.pop(EARLIER_FILES, Tally())
            earlier.add(self.tallies.pop(next(iter(self.tallies))))
            self.tallies = {EARLIER_FILES: earlier, **self.tallies}
        tally = self.tallies[file] = Tally()
        return tally

    def warn(self, sentence: str) -> bool:
        """Keep a warning; False where it is known. Of very many the last are kept."""
        if sentence in self.warnings:
            return False
        self.warnings.append(sentence)
        del self.warnings[:-WARNINGS]
        return True


class Progress(Protocol):
    """Told now and then how far a run is."""

    def __call__(self, summary: Summary) -> None:
        """Take note."""
        ...
