"""What programs need of their own in framing: what they write behind the stamps of their own files, and into their lines in syslog.

Each program's format says it (`ingest.formats`), so that no program is known here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ingest.framing.line import Line
from ingest.framing.tag import NAME, NAMED, TAGGED, TagParts, tag_of

#: A name alone, with a host before it or without.
_NAMED = re.compile(rf"(?:[A-Za-z][^\s\[\]=<>:]{{0,254}} )?({NAME})", re.ASCII)


class Own(NamedTuple):
    """What stands behind the stamp in a file that a program writes itself."""

    program: str
    pid: int
    text: str


#: The parts of what follows a stamp, or None where another program wrote it.
Behind = Callable[[str], Own | None]


class OwnJson(NamedTuple):
    """A line of JSON that a program writes itself: its time in microseconds since 1970 UTC, and its parts."""

    time_us: int
    fine: bool
    own: Own


@dataclass(frozen=True, slots=True)
class OwnFrame:
    """How a program frames what it writes itself; a function is asked of each line of its form until one takes it."""

    #: Behind `2026-11-24 04:11:29`, where the program marks its lines.
    dated: Behind | None = None
    #: Its lines with such a stamp have no mark: whatever no other program takes is its own. That can be said of one only.
    unmarked: str | None = None
    #: Behind `Tue Nov 24 04:06:21 2026`.
    ctime: Behind | None = None
    #: Behind any other stamp, where no host and no tag stand.
    bare: Behind | None = None
    #: A line that is a JSON object.
    json: Callable[[str], OwnJson | None] | None = None
    #: Of a line without a mark, whether nobody else writes such a line: asked where it stands within another program's.
    sure: Callable[[str], bool] | None = None
    #: Takes the program's own stamp out of a line of its in syslog, in place.
    unwrap: Callable[[Line], None] | None = None
    #: The time in the id of the message that begins with this text, in microseconds since 1970 UTC; None where it is no such line.
    begun: Callable[[str], int | None] | None = None


class OwnFrames:
    """Those of all programs; `frames` gives each with the programs that it is for, in the order in which they are asked.

    `is_read` tells whether lines with this tag and program are read, `meant` which program that is read a tag means that is none, of a line
    with this text, or of one that stands behind a stamp of that program's own.
    """

    def __init__(
        self,
        frames: Iterable[tuple[OwnFrame, tuple[str, ...]]],
        is_read: Callable[[str, str], bool] = lambda _tag, _program: True,
        meant: Callable[[str, str | None], str | None] = lambda _tag, _text: None,
    ) -> None:
        known = list(frames)
        self.is_read, self._meant = is_read, meant
        self.dated: tuple[Behind, ...] = tuple(one.dated for one, _ in known if one.dated is not None)
        self.ctime: tuple[Behind, ...] = tuple(one.ctime for one, _ in known if one.ctime is not None)
        self.bare: tuple[Behind, ...] = tuple(one.bare for one, _ in known if one.bare is not None)
        self.json = tuple(one.json for one, _ in known if one.json is not None)
        self.unwrap = {program: one.unwrap for one, programs in known if one.unwrap is not None for program in programs}
        self.begun = {program: one.begun for one, programs in known if one.begun is not None for program in programs}
        unmarked = [one.unmarked for one, _ in known if one.unmarked is not None]
        if len(unmarked) > 1:
            raise ValueError(f"lines without a mark cannot be those of {' and of '.join(unmarked)}")
        self._sure = next((one.sure for one, _ in known if one.unmarked is not None), None)
        #: Whose the lines with a date are that no program marks.
        self.unmarked = unmarked[0] if unmarked else None

    def is_named(self, text: str) -> bool:
        """Whether what follows a stamp is of a program that is read, behind its name alone."""
        found = _NAMED.match(text)
        return found is not None and self._read_alone(found[1]) is not None

    def tagged(self, text: str) -> tuple[TagParts, str] | None:
        """The tag of a program that is read at the beginning of a text, and what follows it."""
        if (found := TAGGED.match(text)) is not None:
            tag = tag_of(found[0][:-2])
            return (tag, text[found.end() :]) if self.is_read(tag.tag, tag.program) else None
        if (found := NAMED.match(text)) is not None and (alone := self._read_alone(found[0])) is not None:
            return alone, text[found.end() :]
        return None

    def _read_alone(self, name: str) -> TagParts | None:
        """The tag that `dovecot: ` is, of a program that is read; whoever marks no line names itself in none."""
        tag = tag_of(name[:-2])
        return tag if tag.program != self.unmarked and self.is_read(tag.tag, tag.program) else None

    def meant(self, tag: str, text: str | None = None) -> str | None:
        """The tag of the program that a tag means which is none that is read."""
        return self._meant(tag, text if text is None or self._sure is None or not self._sure(text) else None)

    def is_surely(self, line: Line) -> bool:
        """Whether a line that stood within another is one of the program that it is taken for: anybody may write a date before his text."""
        if not self.is_read(line.tag, line.program):
            return False
        return line.program != self.unmarked or bool(line.host) or (self._sure is not None and self._sure(line.text))


def asked(functions: tuple[Behind, ...], text: str) -> Own | None:
    """What the first of them makes of a text that takes it."""
    for behind in functions:
        own = behind(text)
        if own is not None:
            return own
    return None
