"""The open journeys of a run: what lines state comes in, by the hosts whose they are; documents go to the store.

`OpenJourneys` has the journeys of any number of log domains in this process. Those of some may be in other processes instead
(`ingest.processes`): whoever reads knows of both only what `Journeys` says.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from ingest.aside import Aside, FailedLine
from ingest.clock import AHEAD_US, SECOND, reach_us
from ingest.formats.earlier import fact_in
from ingest.framing.line import Line
from ingest.joining.event import LiveEvent
from ingest.joining.places import Place
from ingest.joining.way import SessionRole
from ingest.joining.within import Within
from ingest.memory.arriving import Arrival, SessionMark
from ingest.memory.memory import Memory
from ingest.options import IngestOptions
from ingest.sinks import Sink
from ingest.summary import Summary
from ingest.tail.marks import Told
from ingest.telling.document import Context
from ingest.telling.ownership import Ownership
from ingest.writer import UnderWay, Writer
from mappings.facts import Fact

#: Lines with what they state, each with its place, by the host whose they are.
Stated = dict[str, list[tuple[Line, tuple[Fact | SessionRole, ...], Place]]]


class Origin(Protocol):
    """Where lines were read."""

    @property
    def name(self) -> str:
        """The file, as its lines name it."""
        ...

    def told_at(self, place: Place) -> Told:
        """What was said about it, as of a place."""
        ...

    def failed_at(self, place: Place, line: Line) -> FailedLine:
        """A line of it that could not be joined, with what must be known to read it again."""
        ...


class Journeys(Protocol):
    """The open journeys as whoever reads sees them. Lines hold their places for as long as they must be read again after a crash."""

    def take(self, stated: Stated, origin: Origin) -> None:
        """Take in what lines state; each host's are in the order of reading."""
        ...

    def give_up(self, places: Collection[Place]) -> None:
        """Places that are to be needed no more: what is known of the messages of their lines is written now, as it stands."""
        ...

    def flush(self, *, everything: bool, final: bool = False) -> None:
        """Write what is due, and let go of what is done; with `everything` whatever changed, with `final` also what is held back."""
        ...

    def keep(self) -> None:
        """Note in the store up to when each log domain is read, and let go of those that are silent."""
        ...

    def finish(self) -> None:
        """Wait until everything written is durable, and its lines need their places no more."""
        ...

    def count(self, summary: Summary) -> None:
        """Set what a summary says of documents, and of lines of the future."""
        ...

    @property
    def open(self) -> int:
        """How many nodes are in memory."""
        ...


class OpenJourneys:
    """Those of any number of log domains, in this process."""

    def __init__(self, options: IngestOptions, sink: Sink, aside: Aside, clock: Callable[[], float]) -> None:
        self._options = options
        self._domains = options.domains
        self._sink = sink
        self._aside = aside
        self._clock = clock
        self._ownership = Ownership(options.customers)
        self._written = Summary()
        self._writers: dict[str, Writer] = {}
        self._under_way: UnderWay = {}
        #: Lines of the future of log domains that are in memory no more.
        self._ahead_gone = 0

    def take(self, stated: Stated, origin: Origin) -> None:
        """Give what was stated to the journeys; what it names beside is looked up in one question beforehand.

        Whatever raises is put aside with its line, and the message is told without it.
        """
        self._limit()
        for host, batch in stated.items():
            memory = self._writer(host).memory
            arrivals: list[tuple[Line, Place, Arrival | SessionMark]] = []
            for line, facts, place in batch:
                for number, fact in enumerate(facts):
                    try:
                        arrivals.append((line, place, memory.arrive(line, fact, number)))
                    except Exception as error:  # noqa: BLE001 - sorted out by `Aside.take`
                        self._aside.take(error, [origin.failed_at(place, line)])
            with memory.looking_up([arrival for _, _, arrival in arrivals]):
                for line, place, arrival in arrivals:
                    for work in (memory.place, memory.place_unread):
                        try:
                            work(arrival, place)
                            break
                        except Exception as error:  # noqa: BLE001
                            self._aside.take(error, [origin.failed_at(place, line)])

    def give_up(self, places: Collection[Place]) -> None:
        """Write what is known of the messages of these places' lines: their marks pass them when that is durable."""
        events: dict[str, set[LiveEvent]] = {}
        for place in places:
            for holder in list(place.holders):
                if isinstance(holder, LiveEvent) and holder.lacking:
                    events.setdefault(holder.host, set()).add(holder)
                elif isinstance(holder, Line):
                    place.let_go(holder)
                else:
                    holder.give_up(place)
        for host, held in events.items():
            writer = self._writer(host)
            writer.write_now(held, self._show_us(writer))

    def flush(self, *, everything: bool, final: bool = False) -> None:
        """Write what is due in every log domain, and let go of what is done."""
        for writer in self._writers.values():
            # All files are read to their end where everything is asked for: then the time for showing goes on with the wall clock.
            show_us = self._show_us(writer) if everything else writer.memory.clock_us
            writer.flush(show_us, everything=everything, final=final)
            writer.evict()

    def collect(self) -> None:
        """Settle what the store has acknowledged."""
        for writer in self._writers.values():
            writer.collect()

    def keep(self) -> None:
        """Note up to when each log domain is read, and let go of those that are silent."""
        self.collect()
        self._sink.note_progress({name: writer.memory.clock_us // 1000 for name, writer in self._writers.items()})
        self._forget_silent()

    def finish(self) -> None:
        """Wait until everything written is durable."""
        for writer in self._writers.values():
            writer.finish()
        self._sink.flush()

    def count(self, summary: Summary) -> None:
        """Set what a summary says of documents, and of lines of the future."""
        summary.traces, summary.superseded = self._written.traces, self._written.superseded
        summary.ahead = self._ahead_gone + sum(writer.memory.ahead for writer in self._writers.values())

    @property
    def open(self) -> int:
        """How many nodes are in memory."""
        return sum(len(writer.memory.nodes.nodes) for writer in self._writers.values())

    def _limit(self) -> None:
        """Lines stamped far ahead of the wall clock move no clock."""
        limit = int(self._clock() * SECOND) + AHEAD_US
        for writer in self._writers.values():
            writer.memory.limit_us = limit

    def _writer(self, host: str) -> Writer:
        """The journeys of a host's log domain."""
        name = self._domains.of(host)
        writer = self._writers.get(name)
        if writer is None:
            options, setting = self._options, self._domains.setting(host)
            filters = frozenset(setting.filters) if setting is not None else frozenset[str]()
            several = setting is not None and len(setting.hosts) > 1
            within = Within(filters, reach_us(options.pin_s), several=several, quarantines=options.quarantines)
            self._sink.claim(name)
            memory = Memory(
                name,
                self._sink.find,
                fact_in,
                within=within,
                newest_ms=self._sink.newest_ms(name),
                memory_us=int(options.memory_s * SECOND),
                hosts=setting.hosts if setting is not None else (),
            )
            context = Context(name, within, self._ownership, int(options.hold_back_s * SECOND), options.keep_raw, options.keep_subjects)
            writer = self._writers[name] = Writer(memory, self._sink, context, self._under_way, self._aside, summary=self._written)
            self._limit()
        return writer

    def _show_us(self, writer: Writer) -> int:
        """The log's clock, moved on with the wall clock while no line comes."""
        clock = writer.memory.clock_us
        return max(clock, min(int(self._clock() * SECOND), clock + self._idle_us(writer)))

    def _idle_us(self, writer: Writer) -> int:
        """How long, by the wall clock, no line of a log domain has come."""
        clock, since = writer.quiet_since
        if clock != writer.memory.clock_us:
            writer.quiet_since = (writer.memory.clock_us, self._clock())
            return 0
        return int((self._clock() - since) * SECOND)

    def _forget_silent(self) -> None:
        """Let go of log domains that are silent, for anybody may name hosts in a log; they are taken up again where lines of them come.

        They are behind the others by the log's clock as well: where the store was away for long, nobody was silent.
        """
        silent_us = int((self._options.memory_s + self._options.pin_s) * SECOND)
        newest_us = max((writer.memory.clock_us for writer in self._writers.values()), default=0)
        for name, writer in list(self._writers.items()):
            behind = newest_us - writer.memory.clock_us > silent_us
            if self._idle_us(writer) > silent_us and behind and writer.let_go():
                del self._writers[name]
                self._ahead_gone += writer.memory.ahead
