"""Documents that a store refused, each with the reason."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from ingest.letters import Letters
from mappings.printable import printable
from mappings.trace import Trace

STEM = "deadletters"


class DeadLetter(msgspec.Struct, frozen=True):
    """A refused trace: when, by which store, and why."""

    at_ms: int
    store: str
    reason: str
    trace: Trace


class DeadLetters(Letters[DeadLetter]):
    """The refused traces of a data folder."""

    def __init__(self, data: Path, store: str = "") -> None:
        super().__init__(data, STEM, DeadLetter)
        self._store = store

    def add(self, trace: Trace, reason: str) -> None:
        """Keep a refused trace; it is on the disk when this returns."""
        self.put([_line(DeadLetter(time.time_ns() // 1_000_000, self._store, reason, trace))])

    def retry(self, write: Callable[[list[Trace]], None]) -> int:
        """Give all to `write`, which has them stored or adds them anew; the number that was tried."""
        return self.again(lambda letters: write([letter.trace for letter in letters]))


def _line(letter: DeadLetter) -> bytes:
    """A letter as a line; bytes that are no text are written out as numbers."""
    try:
        return msgspec.json.encode(letter) + b"\n"
    except UnicodeEncodeError:
        return msgspec.json.encode(msgspec.structs.replace(letter, trace=printable(letter.trace))) + b"\n"
