"""What is known to have gone before it was read: kept in the store, told in answers and by `doctor`.

A loss has a range of log time: from the last line that was read of a file to the first that was read after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import msgspec

#: So many are kept, the latest.
MOST = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Loss(msgspec.Struct, frozen=True):
    """Bytes of the text of a log file that nobody can read any more."""

    #: The same loss has the same id, so that it is kept once, however often it is noticed.
    id: str
    file: str
    #: From this byte to before `end`; where nobody knows whether anything stood behind `begin`, that is None.
    begin: int
    end: int | None
    #: The time of the last line before it, and of the first line after it, else when it was noticed; in milliseconds since 1970.
    since_ms: int | None
    until_ms: int
    noticed_ms: int

    def concerns(self, since_ms: int | None, until_ms: int | None) -> bool:
        """Whether mail of this range of time (the end excluded) can be concerned."""
        return (until_ms is None or (self.since_ms or 0) < until_ms) and (since_ms is None or self.until_ms >= since_ms)

    def in_words(self) -> str:
        """Say it with the file and the bytes, for whoever may know of them."""
        last = f"last line read at {shown_time(self.since_ms)}" if self.since_ms is not None else "no line of it was read"
        if self.end is None:
            return f"{self.file}: whatever was written behind byte {self.begin:,} ({last}) was gone before it was read."
        size = self.end - self.begin
        return f"{self.file}: {size:,} bytes (from byte {self.begin:,} to {self.end:,}, {last}) were gone before they were read."


def loss_id(file: str, content: str, begin: int) -> str:
    """The id of a loss: of which content (its fingerprint), and from which byte."""
    return blake2b(f"{file}\0{content}\0{begin}".encode("utf-8", "replace"), digest_size=12).hexdigest()


def kept(losses: Iterable[Loss], floor_ms: int = 0) -> list[Loss]:
    """Those that are kept, the latest last: each once, none of a time before the floor of retention, and not more than `MOST`."""
    by_id = {loss.id: loss for loss in losses if loss.until_ms >= floor_ms}
    return sorted(by_id.values(), key=lambda loss: (loss.noticed_ms, loss.id))[-MOST:]


def shown_time(time_ms: int) -> str:
    """A log time for people: `2026-11-24 03:53:14 UTC`."""
    return f"{_EPOCH + timedelta(milliseconds=time_ms):%Y-%m-%d %H:%M:%S} UTC"
