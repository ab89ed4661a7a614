"""What Mail Trace raises for others, each in one sentence: the root of them all, and what can be wrong with a store of either kind.

MailTraceError
├── StoreError
│   ├── StoreAway      not now: no answer, no space, no handle; worth trying again
│   ├── StoreDamaged   a file is not what was written to it
│   ├── StoreLacking   what was asked for may be in a part that is missing or damaged
│   ├── StoreLocked    another process writes to it
│   ├── StoreRefused   a cluster understood, and says no (`mappings.elasticsearch.faults`)
│   └── StoreTooNew    a newer release wrote it
├── QueryError         the question cannot be meant; a ValueError too (`search.query_error`)
├── UnknownCode        this is no reply code; a ValueError too (`mappings.codes`)
├── ServiceError       a service gave no answer that can be used (`search.client`)
│   └── NotAllowed     its token is missing, not valid, or does not allow it
├── CommandError       what the user of the command line is told (`mailtrace.problems`)
│   ├── CouldNot       the question is fine, the world is not
│   └── WrongUsage     it cannot be meant like this
├── TailError          a log file cannot be read (`ingest.tail.faults`)
├── ProcessError       another process of the same run has failed (`ingest.processes.faults`)
│   └── ProcessGoneError   it was killed, or has crashed
├── TokenError         what is asked of access tokens cannot be done (`search.http.tokens`)
└── and what never leaves the part that raises it:
    ├── Unpackable     a column of an embedded store is damaged; a sqlite3.DatabaseError too (`mappings.embedded.packing`)
    ├── NotColumnar    a columnar copy cannot answer: the rows are asked (`search.engines.embedded_columnar_sql`)
    ├── CopyFailed     a columnar copy did not answer (`search.engines.embedded_columnar`)
    ├── Busy           too many ask the service already (`search.http.problems`)
    └── HeadError      the head of a request is not taken (`mailtrace.door.head`)

Other errors are Python's own (OSError for a file), or faults of the program.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from pathlib import Path

#: What the operating system says where the same may work a little later: nothing of it is about what was to be written.
PASSING = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EFBIG, errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EPERM, errno.ENOMEM}
)
#: How Python begins the text of an error of the operating system.
_NUMBER = re.compile(r"^\[Errno -?[0-9]+\] ")


class MailTraceError(Exception):
    """What went wrong, in one sentence: whoever uses Mail Trace catches this."""


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


def of_network(error: BaseException) -> str:
    """What a network refused, as people say it and without its number: `connection refused`."""
    text = str(error) or type(error).__name__
    words = _NUMBER.sub("", text).rstrip(".")
    return words if words == text.rstrip(".") else words[:1].lower() + words[1:]


def growing(first_s: float, longest_s: float) -> Iterator[float]:
    """Seconds to wait before each next try, doubled each time up to a limit."""
    pause = first_s
    while True:
        yield pause
        pause = min(pause * 2, longest_s)
