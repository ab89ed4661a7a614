"""What can be wrong with a store, whichever kind it is: each in one sentence for the operator.

StoreError
├── StoreAway      not now: no answer, no space, no handle; worth trying again
├── StoreDamaged   a file is not what was written to it
├── StoreLacking   what was asked for may be in a part that is missing or damaged
├── StoreLocked    another process writes to it
└── StoreTooNew    a newer release wrote it
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

#: What the operating system says where the same may work a little later: nothing of it is about what was to be written.
PASSING = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EPERM, errno.ENOMEM}
)


class MailTraceError(Exception):
    """What Mail Trace raises for others; its text is one sentence."""


class StoreError(MailTraceError):
    """The store cannot be used as asked."""


class StoreAway(StoreError):  # noqa: N818 - it names a state, not a mistake
    """The store cannot be used now."""


class StoreDamaged(StoreError):  # noqa: N818
    """A file of the store is missing, or is not what was written to it."""

    def __init__(self, path: Path, why: str, *, empty: bool = False) -> None:
        self.path = path
        #: Goes on from the file's name.
        self.why = why
        #: Nothing is in it that could be lost.
        self.empty = empty
        super().__init__(f"{path.name} {why}.")


class StoreLacking(StoreError):  # noqa: N818
    """What was asked for may be in a part of the store that is lacking; the sentence is one for whoever asked."""


class StoreLocked(StoreError):  # noqa: N818
    """Another process writes to the store."""


class StoreTooNew(StoreError):  # noqa: N818
    """The store was written by a newer release."""


def of_os_error(error: OSError, what: str) -> StoreError:
    """What the operating system refused, as a fault of the store; `what` is the sentence's beginning, as `FILE cannot be written`."""
    sentence = f"{what}: {(error.strerror or str(error)).lower()}."
    return StoreAway(sentence) if error.errno in PASSING else StoreError(sentence)


def growing(first_s: float, longest_s: float) -> Iterator[float]:
    """Seconds to wait before each next try, doubled each time up to a limit."""
    pause = first_s
    while True:
        yield pause
        pause = min(pause * 2, longest_s)
