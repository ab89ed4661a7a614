"""Where traces are written: one module per store, each a `Sink`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from mappings.losses import Loss
from mappings.readings import ReaderReadings
from mappings.trace import Trace

if TYPE_CHECKING:
    from mappings.embedded.catalog import Partition


class Standing(msgspec.Struct, frozen=True):
    """How a store that is written to stands now."""

    #: It does not take what it is given, and is waited for.
    away: bool = False
    #: How often something was tried again since the start.
    retries: int = 0
    #: Documents that wait or are under way, and their bytes.
    waiting: int = 0
    waiting_bytes: int = 0


class Encoded(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A trace on its way between two processes, in the layout in which the embedded store packs it (`mappings.embedded.packing`)."""

    head: bytes
    journey: bytes
    #: Whether it has no events.
    empty: bool


class Sink(Protocol):
    """A store as the ingester sees it.

    Writing is "keep the higher version": a trace whose stored version is higher is left as it is, and counts as written.
    """

    def claim(self, log_domain: str) -> None:
        """Become the only writer of a log domain; raises `mappings.faults.StoreLocked` where another process is it."""
        ...

    def submit(self, traces: Sequence[Trace]) -> int:
        """Take a batch for writing and give its ticket; waits only where too much is under way."""
        ...

    def acknowledged(self) -> list[int]:
        """Tickets whose traces are all durable since the last call."""
        ...

    def flush(self) -> None:
        """Wait until everything submitted is durable."""
        ...

    def find(self, keys: Collection[str]) -> list[Trace]:
        """All traces, superseded ones too, that hold one of these keys, with their events; submitted ones included."""
        ...

    def newest_ms(self, log_domain: str) -> int | None:
        """The greatest `last_event_ms` of a log domain, or None where it has no trace."""
        ...

    def note_progress(self, read_up_to_ms: Mapping[str, int]) -> None:
        """Keep, for each source (a log domain), up to which log time it has been read."""
        ...

    def note_reading(self, reading: ReaderReadings) -> None:
        """Keep how the reading of a reader's sources stands, instead of what that reader told before."""
        ...

    def reading_of(self, reader: str) -> ReaderReadings | None:
        """What a reader told of its sources last, or None where that is nothing."""
        ...

    def forget_readings(self, now_ms: int) -> None:
        """Forget readers that have given no sign of life for `mappings.readings.FORGOTTEN_MS` before this time."""
        ...

    def note_loss(self, loss: Loss) -> None:
        """Keep, durably when this returns, that something went before it was read."""
        ...

    def close(self) -> None:
        """Flush and let go of the store."""
        ...


class OpenSink(Sink, Protocol):
    """A store that is open for writing, with what there is to tell of it, and what is done to it beside writing."""

    #: What was put in place at the beginning, in sentences.
    notes: list[str]

    @property
    def refused(self) -> int:
        """Traces that could not be stored."""
        ...

    @property
    def older_than_kept(self) -> int:
        """Traces that were not taken because retention has dropped their range."""
        ...

    def standing(self) -> Standing:
        """How the store stands now; any thread may ask."""
        ...

    def retention(self, keep_ms: int, now_ms: int) -> Sequence[Partition]:
        """Delete the files whose traces are all older than `keep_ms`, and tell which."""
        ...

    def retention_by_size(self, most_bytes: int) -> Sequence[Partition]:
        """Delete the oldest files until the store has at most this size, and tell which; the newest file stays."""
        ...

    def read_again(self, lower_ms: int, upper_ms: int) -> None:
        """All that came between these times has been read again: what the store lacked of it, it has."""
        ...
