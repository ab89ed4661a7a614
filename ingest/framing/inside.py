"""Lines within lines: what a container's log driver, a relay or syslog itself puts around the line of a program, as the text of another.

`message repeated 2 times: [ ... ]` is what rsyslog writes instead of the same line once more (`$RepeatedMsgReduction`).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ingest.framing.line import Line
from ingest.framing.own import OwnFrames
from ingest.framing.tag import MAX_TAGS
from ingest.unwrapping import peeled
from ingest.unwrapping.stamped import MOMENT, moment_of, stamped, within

#: How the text of a repeated line begins.
REPEATED = "message repeated "
_REPEATED = re.compile(r"message repeated \d{1,10} times?: \[ ?(.*?)\]?\s*\Z", re.DOTALL | re.ASCII)
_ONLY_REPEATED = re.compile(r"(?:--- ?)?[Ll]ast message (?:'.{0,200}' )?repeated \d{1,10} times?\b", re.ASCII)
#: A line whose own stamp is sure, whatever zone the file is of: it names one, or is journald's.
_ZONED = re.compile(rf"(?:<\d{{1,3}}>(?:1 )?)?{MOMENT} |\{{")

Work = Callable[[Line], None]


def repeated(text: str) -> str | None:
    """The line that was repeated; None where the text is no such line."""
    found = _REPEATED.match(text)
    return None if found is None else found[1]


def says_repeated(text: str) -> bool:
    """Whether a text says of the line before it only how often it came again."""
    return _ONLY_REPEATED.match(text) is not None


class Inside:
    """What is done with lines beyond taking them apart, in place: a program's own stamp is taken out of its text, or a whole line is.

    `frame` takes apart a line that stood within another; without it none is looked for.
    """

    def __init__(self, programs: OwnFrames, frame: Callable[[str], Line | None] | None) -> None:
        self._programs = programs
        self._frame = frame
        #: By tag, as far as they are known.
        self.works: dict[str, Work | None] = {}

    def of(self, line: Line) -> Work | None:
        """What is done with the lines of its tag; None for most."""
        if line.tag not in self.works:
            if len(self.works) >= MAX_TAGS:
                self.works.clear()
            read = self._programs.is_read(line.tag, line.program)
            self.works[line.tag] = self._programs.unwrap.get(line.program) if read else self._look if self._frame is not None else None
        return self.works[line.tag]

    def unstamp(self, line: Line) -> None:
        """Have a line of a program that is read be the one with a header of its own in its text: a container may be called so too."""
        host = line.host
        if self._programs.is_read(line.tag, line.program) and line.program not in self._programs.unwrap and self._take_whole(line):
            line.host = line.host or host

    def _look(self, line: Line) -> None:
        """Have a line of a program that nobody reads be the one of a program that is read, where it is one."""
        if not self._take_whole(line) and not self._take_tagged(line):
            meant = self._programs.meant(line.tag, line.text)
            if meant is None:
                return
            line.tag, line.program = meant, meant.rpartition("/")[2]
        unwrap = self._programs.unwrap.get(line.program)
        if unwrap is not None:
            unwrap(line)

    def _take_whole(self, line: Line) -> bool:
        """Have it be the line with a header of its own that its text holds; what its stamp does not name is said by the time around it."""
        bare, moment = peeled(line.text), moment_of(line.time_us)
        if self._frame is None or moment is None or not stamped(bare):
            return False
        found = self._frame(within(moment, bare, at_once=_ZONED.match(line.raw) is not None))
        if found is None or not (self._programs.is_surely(found) or found.program == self._programs.meant(line.tag)):
            return False
        line.time_us, line.fine, line.host, line.pid = found.time_us, found.fine, found.host, found.pid
        line.tag, line.program, line.text = found.tag, found.program, found.text
        return True

    def _take_tagged(self, line: Line) -> bool:
        """Have it be the line that its text holds behind a tag."""
        found = self._programs.tagged(line.text)
        if found is None:
            return False
        (line.tag, line.program, line.pid), line.text = found
        return True
