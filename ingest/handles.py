"""How many log files are open at once: so many that those who read beside us, the store above all, have handles too."""

from __future__ import annotations

import resource
from typing import Protocol

#: More are not kept open, however many there may be.
_MOST = 256


def share(part: int, most: int) -> int:
    """A part of the handles that this process may have: one in `part`, at least 4 and at most `most`."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(4, most if soft == resource.RLIM_INFINITY else min(most, soft // part))


class FileHolder(Protocol):
    """Whoever holds a file open."""

    @property
    def may_rest(self) -> bool:
        """Whether the file can be closed until it is read again."""
        ...

    def rest(self) -> None:
        """Close the file; `Handles.closed` is called."""
        ...


class Handles:
    """The open files of one follower, the longest unused first."""

    def __init__(self, most: int | None = None) -> None:
        self._most = share(3, _MOST) if most is None else most
        self._open: dict[FileHolder, None] = {}

    def opened(self, holder: FileHolder) -> None:
        """A file is open now; where that is one too many, another rests."""
        self._open[holder] = None
        while len(self._open) > self._most and self.make_room(holder):
            pass

    def used(self, holder: FileHolder) -> None:
        """A file is read from."""
        if holder in self._open:
            del self._open[holder]
            self._open[holder] = None

    def closed(self, holder: FileHolder) -> None:
        """A file is open no more."""
        self._open.pop(holder, None)

    def make_room(self, needing: FileHolder | None = None) -> bool:
        """Have the file rest that was unused longest; False where each must stay open."""
        resting = next((one for one in self._open if one is not needing and one.may_rest), None)
        if resting is None:
            return False
        resting.rest()
        return True
