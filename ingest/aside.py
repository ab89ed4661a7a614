"""What this program itself fails on: a line whose reading or joining raises, a message whose telling does.

A fault of ours must stop nothing: at the next start the same line would stop it again, for ever, and no later mail would be read. So
the line is put aside with its place and the reason, and the next one is read. Faults of the store, the disk, memory or the settings
are none of a line's, and go on to whoever waits for them or ends.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from ingest.letters import Letters
from ingest.summary import Summary
from ingest.tail.faults import TailError
from ingest.tail.marks import Told
from mappings.faults import StoreError

_log = structlog.get_logger(__name__)

STEM = "failed"
#: No fault of a line: these go on.
_OTHERS = (OSError, MemoryError, StoreError, TailError)
#: A reason may quote what a stranger wrote.
_LONGEST_REASON = 500


class FailedLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A line (or a record of several) with what must be known to read it again."""

    file: str
    #: Where the second begins in which it stands, in unpacked bytes; None where that is not known any more.
    offset: int | None = None
    #: None where lines are not to be kept: then only reading the file anew brings it back.
    raw: str | None = None
    program: str = ""
    year: int | None = None
    told: Told = Told()


class Failed(msgspec.Struct, frozen=True):
    """A line that could not be read, or the lines of a message that could not be told, with the reason."""

    at_ms: int
    reason: str
    lines: list[FailedLine]


class Keeper(Protocol):
    """Where letters are kept."""

    def put(self, letters: Sequence[bytes]) -> None:
        """Keep encoded letters; raises `OSError` where they cannot be."""
        ...


class FailedLetters(Letters[Failed]):
    """What the program failed on, in a data folder."""

    def __init__(self, data: Path) -> None:
        super().__init__(data, STEM, Failed)


class Aside:
    """Puts aside, counts, and tells once of each reason. With `strict` nothing is taken: a fault of ours ends the run, as in tests."""

    def __init__(self, letters: Keeper, summary: Summary, *, strict: bool = False, keep_lines: bool = True) -> None:
        self._letters = letters
        self._summary = summary
        self._strict = strict
        self._keep_lines = keep_lines
        self._waiting: list[bytes] = []
        self._told: set[str] = set()

    def check(self, error: Exception) -> None:
        """Raise again what is no fault of a line."""
        if self._strict or isinstance(error, _OTHERS):
            raise error

    def take(self, error: Exception, lines: Sequence[FailedLine]) -> None:
        """Put lines aside because of a fault of ours; any other is raised again."""
        self.check(error)
        where = place_of(error)
        reason = f"{type(error).__name__} at {where}: {error}"[:_LONGEST_REASON]
        kept = list(lines) if self._keep_lines else [msgspec.structs.replace(line, raw=None) for line in lines]
        self._waiting.append(_encoded(Failed(time.time_ns() // 1_000_000, reason, kept)))
        self._summary.failed.update(line.program for line in lines)
        kind = f"{type(error).__name__} at {where}"
        if kind not in self._told:
            self._told.add(kind)
            self._summary.warn(
                f"A fault of the program itself ({kind}): lines were put aside and the reading goes on; `mailtrace deadletters` shows them."
                " Please report it."
            )
            _log.error("line_failed", kind=kind, file=lines[0].file if lines else None)

    def adopt(self, letters: Sequence[bytes], failed: Mapping[str, int], warnings: Sequence[str]) -> None:
        """Keep what another process has put aside, with its count by program and what it said of it."""
        self._waiting += letters
        self._summary.failed.update(failed)
        for warning in warnings:
            self._summary.warn(warning)

    def put_back(self, letters: Sequence[Failed]) -> None:
        """Keep letters on that nothing could be done about."""
        self._waiting += [_encoded(letter) for letter in letters]

    def flush(self) -> None:
        """Have what was put aside on the disk; to be done before a position that passes it is written.

        Raises `TailError` where that cannot be done; then the position must stay.
        """
        if not self._waiting:
            return
        try:
            self._letters.put(self._waiting)
        except OSError as error:
            raise TailError(f"{error.filename}: what was put aside cannot be kept: {(error.strerror or str(error)).lower()}") from None
        self._waiting = []


def sorted_out(letters: Iterable[Failed]) -> dict[tuple[str, Told, int | None], list[str]]:
    """The lines that were kept, by what must be known to read them again: the file, what was said about it, and the year."""
    found: dict[tuple[str, Told, int | None], list[str]] = {}
    for letter in letters:
        for line in letter.lines:
            if line.raw is not None:
                found.setdefault((line.file, line.told, line.year), []).append(line.raw)
    return found


def place_of(error: BaseException) -> str:
    """The file and line of the code at which an error was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace is not None else "an unknown place"


def _encoded(letter: Failed) -> bytes:
    """A letter as a line; bytes that are no text are written out as numbers."""
    try:
        return msgspec.json.encode(letter) + b"\n"
    except UnicodeEncodeError:
        lines = [msgspec.structs.replace(line, raw=line.raw and _legible(line.raw)) for line in letter.lines]
        return msgspec.json.encode(Failed(letter.at_ms, _legible(letter.reason), lines)) + b"\n"


def _legible(text: str) -> str:
    """Text without what no encoding has."""
    return text.encode("utf-8", "backslashreplace").decode()
