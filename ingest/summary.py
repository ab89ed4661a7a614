"""What a run has read and written: counts of all that was taken, dropped and guessed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(slots=True)
class Summary:
    """What a run has read and written."""

    files: int = 0
    bytes_read: int = 0
    bytes_total: int = 0
    lines: int = 0
    traces: int = 0
    superseded: int = 0
    #: Lines that state nothing about a message, on purpose.
    ignored: int = 0
    #: Lines of known programs that no pattern fits, and lines of programs that no format knows, by program.
    unknown: Counter[str] = field(default_factory=Counter)
    foreign: Counter[str] = field(default_factory=Counter)
    #: Lines without a stamp that we know, by file.
    unframed: Counter[str] = field(default_factory=Counter)
    #: Lines stamped more than an hour ahead of this machine's clock.
    ahead: int = 0
    samples: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class Progress(Protocol):
    """Told now and then how far a run is."""

    def __call__(self, summary: Summary) -> None:
        """Take note."""
        ...
