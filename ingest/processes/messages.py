"""What crosses between the processes."""

from __future__ import annotations

import msgspec

from ingest.joining.way import SessionRole
from ingest.sinks import Encoded, Standing
from ingest.tail.marks import Told
from mappings.facts import AnyFact, Nothing


class _Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The common base of all."""


# -- from the reader to a joiner; each is answered by one report


class PlaceRow(msgspec.Struct, frozen=True, array_like=True):
    """A place (`ingest.joining.places`), by the number that the reader gave it."""

    number: int
    offset: int
    time_us: int
    reached_us: int
    year: int | None
    zone_of_ids: str | None


class LineRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A line and what it states. `file` is named where it is not the segment's: a record may go on in the next file."""

    place: int
    time_us: int
    fine: bool
    program: str
    pid: int
    raw: str
    digest: str
    stated: list[AnyFact | Nothing | SessionRole]
    file: str | None


class Segment(msgspec.Struct, frozen=True, array_like=True):
    """Lines of one host, in the order of reading, and what was said about their file."""

    host: str
    path: str
    told: Told
    lines: list[LineRow]


class Lines(_Message, frozen=True):
    """The next lines."""

    places: list[PlaceRow]
    segments: list[Segment]


class Flush(_Message, frozen=True):
    """`Journeys.flush`."""

    everything: bool
    final: bool


class GiveUp(_Message, frozen=True):
    """`Journeys.give_up`."""

    places: list[int]


class NoteProgress(_Message, frozen=True):
    """`Journeys.keep`."""


class Finish(_Message, frozen=True):
    """`Journeys.finish`."""


class Leave(_Message, frozen=True):
    """The sender is done. A joiner ends then; the last one to leave a writer is answered when the store is closed."""


ToJoiner = Lines | Flush | GiveUp | NoteProgress | Finish | Leave


# -- from a joiner to the reader


class StoreTold(msgspec.Struct, frozen=True, array_like=True):
    """What a store tells of itself since it was opened."""

    refused: int = 0
    older_than_kept: int = 0
    standing: Standing = Standing()


class JoinerReport(_Message, frozen=True, kw_only=True):
    """How a joiner stands after so many messages. Counts are since its start; letters, failures and warnings since its last report."""

    answered: int
    #: Places that are needed no more, and those of them that are needed again.
    released: list[int]
    needed: list[int]
    traces: int
    superseded: int
    ahead: int
    open: int
    letters: list[bytes]
    failed: dict[str, int]
    warnings: list[str]
    #: What it has heard of the store.
    told: StoreTold


class Alive(_Message, frozen=True):
    """Whoever sends it waits for the store, and does not hang."""

    told: StoreTold


class EndedBy(_Message, frozen=True):
    """Whoever sends it ends, because of a fault of this kind."""

    kind: str
    sentence: str


FromJoiner = JoinerReport | Alive | EndedBy


# -- to a writer, and from it


class Submit(_Message, frozen=True):
    """A batch of documents, under the sender's ticket; those that cannot be encoded come as they are, to be refused where that is kept."""

    ticket: int
    documents: list[Encoded]
    plain: list[bytes]


class Find(_Message, frozen=True):
    """`Sink.find`; the answer is `FoundTraces`."""

    keys: list[str]


class Call(_Message, frozen=True):
    """Another method of the sink, with its arguments pickled; the answer is `Returned`."""

    method: str
    arguments: bytes


ToWriter = Submit | Find | Call | Leave


class Opened(_Message, frozen=True):
    """The store is open."""

    notes: list[str]


class Durable(_Message, frozen=True):
    """Tickets whose documents are durable."""

    tickets: list[int]
    told: StoreTold


class FoundTraces(_Message, frozen=True):
    """Traces in msgpack."""

    traces: bytes


class Returned(_Message, frozen=True):
    """What a method gave, pickled."""

    value: bytes
    told: StoreTold


FromWriter = Opened | Durable | FoundTraces | Returned | Alive | EndedBy
