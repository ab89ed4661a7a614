"""Unwrapping: lines as containers, collectors, journald and searches hand them on become the lines that stand in a log file.

`WRAPPERS` is the table: a form is one row. What comes out is a line with a header that framing reads. What the wrapper knows and the line
does not say itself (time, host, program, process) becomes its header; where both say it the line's own counts, so that the same line is
the same, whatever brought it.

A file is decided by the first of its lines that a row takes, where that begins in its first 64 KB, and it is held to: of a plain file no
row is asked any more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from ingest.framing.own import OwnFrames
from ingest.unwrapping import headers
from ingest.unwrapping.blocks import Block, begun
from ingest.unwrapping.collected import Part, collected, quoted
from ingest.unwrapping.months import in_english
from ingest.unwrapping.stamped import within

__all__ = ["WRAPPERS", "Unwrapper", "Wrapper", "peeled"]


class Wrapper(NamedTuple):
    """A form in which lines are handed on."""

    name: str
    #: A line without it; a part of one; nothing where no line is left; None where the line has none of it.
    take: Callable[[str], str | Part | None]
    example: str


_CLIENT = "4F1A220123: client=mail.example.com[198.51.100.6]"
_LINE = f"postfix/smtpd[558]: {_CLIENT}"
_BSD = f"Jan 25 21:25:22 mx1 {_LINE}"

#: As they stand around each other, the outermost first.
WRAPPERS: tuple[Wrapper, ...] = (
    Wrapper("colours", headers.uncoloured, f"\x1b[36mmail-1  | \x1b[0m{_BSD}"),
    Wrapper("tail -f", headers.file_header, "==> /var/log/mail.log <=="),
    Wrapper("grep", headers.found, f"/var/log/mail.log:{_BSD}"),
    Wrapper("fluentd", headers.shipped, '2026-01-25T21:25:22+00:00\tmail.log\t{"message":"' + _BSD + '"}'),
    Wrapper("json-sse", headers.event, 'data: {"__REALTIME_TIMESTAMP":"1769376322000000","MESSAGE":"x"}'),
    Wrapper("json string", quoted, '"' + _BSD + '"'),
    Wrapper("json", collected, '{"log":"' + _BSD + '\\n","stream":"stdout","time":"2026-01-25T21:25:22.5Z"}'),
    Wrapper("compose", headers.composed, f"mail-1  | {_BSD}"),
    Wrapper("kubectl", headers.of_pod, f"[pod/mail-0/postfix] {_BSD}"),
    Wrapper("cri", headers.of_container, f"2026-01-25T21:25:22.512345678Z stdout F {_BSD}"),
    Wrapper("docker -t", headers.taken, f"2026-01-25T21:25:22.512345678Z {_BSD}"),
    Wrapper("short-full", headers.full, f"Sun 2026-01-25 21:25:22 UTC mx1 {_LINE}"),
    Wrapper("short-unix", headers.unix, f"1769376322.512345 mx1 {_LINE}"),
    Wrapper("nethserver", headers.of_node, f"2026-01-25T21:25:22+01:00 [1:mail1:postfix/smtpd] {_CLIENT}"),
    Wrapper("stern", headers.held, f"mail-0 postfix {_BSD}"),
    Wrapper("loki", headers.labelled, '2026-01-25T21:25:22Z {identifier="postfix/smtpd", job="journal"} ' + _CLIENT),
    Wrapper("months", in_english, f"Okt 25 21:25:22 mx1 {_LINE}"),
    Wrapper("severity", headers.level, f"2026-01-25T21:25:22+00:00 INFO    {_LINE}"),
    Wrapper("priority", headers.priority, f"Jan 25 21:25:22 <mail.info> mx1 {_LINE}"),
    Wrapper("message id", headers.numbered, f"Jan 25 21:25:22 mx1 postfix/smtpd[558]: [ID 197553 mail.info] {_CLIENT}"),
    Wrapper("dated", headers.dated, f"2026-01-25 21:25:22,512 {_LINE}"),
)

#: A line that begins behind so many bytes decides nothing.
_DECIDES = 64 * 1024
#: So many wrappers stand around a line at most.
_LAYERS = 6
#: What stands at the beginning of a file, and where one has holes.
_UNSEEN = "\ufeff\0"
#: Pieces of a line that is longer than this are dropped.
_LONGEST = 1 << 20

Lines = list[tuple[int, str]]


class Unwrapper:
    """Takes the lines of one file out of what they are wrapped in, in the order of the file.

    `wrapped` is what was decided of the file when it was read before; None where nothing was.
    """

    def __init__(self, programs: OwnFrames, *, wrapped: bool | None = None) -> None:
        #: Whether its lines are wrapped; None while that is open.
        self.wrapped = wrapped
        self._own_json = programs.json
        self._block: tuple[int, Block] | None = None
        #: By stream, the beginning of a line that is not whole, with its place.
        self._parts: dict[str, tuple[int, Part]] = {}

    @property
    def open_at(self) -> int | None:
        """Where the first line begins that is not given because it goes on; None where none is."""
        places = [offset for offset, _ in self._parts.values()]
        return min([*places, *([self._block[0]] if self._block is not None else [])], default=None)

    def lines(self, read: Lines) -> Lines:
        """The lines that are whole now, each with the place where it begins."""
        if self.wrapped is False:
            return read
        out: Lines = []
        for number, (offset, text) in enumerate(read):
            if self.wrapped is None and offset >= _DECIDES:
                self.wrapped = False
                return out + read[number:]
            self._take(offset, text, out)
        return out

    def rest(self) -> Lines:
        """What is open at the end of the file, as it stands."""
        out: Lines = []
        self._end_block(out)
        for offset, part in self._parts.values():
            self._give(offset, within(part.moment, part.text, at_once=True), out)
        self._parts.clear()
        return sorted(out)

    def _take(self, offset: int, text: str, out: Lines) -> None:
        """Take one line of the file."""
        text = text.lstrip(_UNSEEN) if text[:1] in _UNSEEN else text
        if self._block is not None:
            if self._block[1].add(text):
                if self._block[1].whole:
                    self._end_block(out)
                return
            self._end_block(out)
        block = begun(text)
        if block is None:
            self._give(offset, text, out)
        else:
            self.wrapped = True
            self._block = (offset, block)

    def _end_block(self, out: Lines) -> None:
        """Give an entry of several lines."""
        if self._block is not None:
            offset, block = self._block
            self._block = None
            line = block.line()
            if line is not None:
                self._give(offset, line, out)

    def _give(self, offset: int, text: str, out: Lines) -> None:
        """Give a line without its wrappers, if it is whole and anything is left."""
        for _ in range(_LAYERS):
            taken = self._outermost(text)
            if taken is None:
                break
            self.wrapped = True
            if isinstance(taken, Part):
                offset, taken = self._joined(offset, taken)
                if taken.more:
                    return
                text = within(taken.moment, taken.text, at_once=True)
            elif not taken:
                return
            else:
                text = taken
        out.append((offset, text))

    def _outermost(self, text: str) -> str | Part | None:
        """What the first row that takes a line makes of it."""
        if text.startswith("{") and any(own(text) is not None for own in self._own_json):
            return None
        return _first(wrapper.take(text) for wrapper in WRAPPERS)

    def _joined(self, offset: int, part: Part) -> tuple[int, Part]:
        """A part with those before it."""
        begin = self._parts.pop(part.stream, None)
        if begin is not None:
            offset, part = begin[0], begin[1]._replace(text=(begin[1].text + part.text)[:_LONGEST], more=part.more)
        if part.more:
            self._parts[part.stream] = (offset, part)
        return offset, part


def peeled(text: str) -> str:
    """A line without what stands around it, as far as it is whole; for one that stood within another."""
    for _ in range(_LAYERS):
        taken = _first(wrapper.take(text) for wrapper in WRAPPERS)
        if isinstance(taken, Part):
            return text if taken.more else within(taken.moment, taken.text, at_once=True)
        if not taken:
            break
        text = taken
    return text


def _first(found: Iterable[str | Part | None]) -> str | Part | None:
    """The first of them that is any."""
    return next((one for one in found if one is not None), None)
