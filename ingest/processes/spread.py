"""The open journeys of a run that are in other processes, as the reader sees them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from queue import Empty, SimpleQueue
from typing import Any
from zlib import crc32

from ingest.aside import Aside
from ingest.framing.line import Line
from ingest.joining.places import Place
from ingest.joining.way import SessionRole
from ingest.journeys import Origin, Stated
from ingest.options import IngestOptions
from ingest.processes.channel import Channel
from ingest.processes.faults import ProcessGoneError, raised
from ingest.processes.messages import (
    Alive,
    EndedBy,
    Finish,
    Flush,
    FromJoiner,
    GiveUp,
    JoinerReport,
    LineRow,
    Lines,
    NoteProgress,
    PlaceRow,
    Segment,
    StoreTold,
    ToJoiner,
)
from ingest.summary import Summary
from mappings.facts import Fact

JoinerEnd = Channel[ToJoiner, FromJoiner]
#: Starts a joiner: its end, and who hears what it hears of the store.
JoinerStart = Callable[[], tuple[JoinerEnd, Callable[[StoreTold], None]]]

#: Lines in one message, and messages that a joiner has not answered, at most: what waits there is in memory.
_LINES, _UNANSWERED = 2_000, 4
#: Lines of a joiner between two looks at what can be written, as in one process.
_FLUSH_LINES = 4_000
#: Seconds between two signs of life while a joiner is waited for.
_BEAT_S = 0.5
#: So many log domains go to the joiner that has least to do; anybody may name hosts in a log, and those of more go by their names.
_KNOWN = 1_000


class _Joiner:
    """One joiner: what is on its way to it, and which places it needs. It holds these."""

    def __init__(self, end: JoinerEnd, told: Callable[[StoreTold], None]) -> None:
        self._end = end
        self.told = told
        self._reports: SimpleQueue[FromJoiner | None] = SimpleQueue()
        self._segments: list[Segment] = []
        self._gathered: set[int] = set()
        self._waiting = 0
        self._numbers: dict[Place, int] = {}
        self._places: dict[int, Place] = {}
        self._given_up: list[int] = []
        self._next = 0
        #: The message, by its number among all, with which lines of a place were sent last.
        self._sent_with: dict[int, int] = {}
        self._sent = self._answered = 0
        #: Lines since the last look at what can be written, and in all.
        self.since_flush = self.lines = 0
        self.log_domains = 0
        self.report: JoinerReport | None = None
        # What it says is always taken, so that it never waits for us while we wait for it.
        threading.Thread(target=self._listen, name="joiner", daemon=True).start()

    def give_up(self, place: Place) -> None:
        """Have it write what it knows of the lines at a place, with `send_given_up`."""
        self._given_up.append(self._numbers[place])

    def add(self, host: str, lines: Sequence[tuple[Line, tuple[Fact | SessionRole, ...], Place]], origin: Origin) -> None:
        """Gather lines of one host; they are sent with `send_lines`."""
        rows: list[LineRow] = []
        for line, facts, place in lines:
            number = self._numbers.get(place)
            if number is None:
                self._next += 1
                number = self._numbers[place] = self._next
                self._places[number] = place
            if number not in self._gathered:
                self._gathered.add(number)
                # Before it is sent: whatever is released now is of an earlier message.
                self._sent_with[number] = self._sent + 1
                place.holders.add(self)
            file = None if line.file == origin.name else line.file
            stated: list[Any] = list(facts)
            rows.append(LineRow(number, line.time_us, line.fine, line.program, line.pid, line.raw, line.digest, stated, file))
        self._segments.append(Segment(host, origin.name, origin.told_at(lines[-1][2]), rows))
        self._waiting += len(rows)
        self.since_flush += len(rows)
        self.lines += len(rows)

    @property
    def is_full(self) -> bool:
        """Whether enough lines are gathered for a message."""
        return self._waiting >= _LINES

    def send_lines(self) -> None:
        """Send what is gathered."""
        if self._segments:
            places = [self._row(number) for number in sorted(self._gathered)]
            segments, self._segments, self._gathered, self._waiting = self._segments, [], set(), 0
            self.send(Lines(places, segments))

    def send(self, message: ToJoiner) -> None:
        """Send a message, which one report will answer."""
        self._sent += 1
        try:
            self._end.send(message)
        except OSError:
            # What it ended with is among its reports.
            return

    def send_given_up(self) -> None:
        """Send which places are given up."""
        if self._given_up:
            self.send_lines()
            numbers, self._given_up = self._given_up, []
            self.send(GiveUp(numbers))

    @property
    def is_behind(self) -> bool:
        """Whether it has as much to do as it is given at once."""
        return self._sent - self._answered >= _UNANSWERED

    @property
    def is_done(self) -> bool:
        """Whether it has answered everything."""
        return self._sent == self._answered

    def next(self, seconds: float) -> FromJoiner | None:
        """What it said next, or None where that does not come in time; raises what it ended with."""
        try:
            message = self._reports.get(timeout=seconds) if seconds else self._reports.get_nowait()
        except Empty:
            return None
        if message is None:
            raise ProcessGoneError("that joins the lines")
        if isinstance(message, EndedBy):
            raise raised(message)
        if isinstance(message, JoinerReport):
            self._answered += message.answered
            self._release(message)
            self.report = message
        return message

    def _row(self, number: int) -> PlaceRow:
        place = self._places[number]
        return PlaceRow(number, place.offset, place.time_us, place.reached_us, place.year, place.zone_of_ids)

    def _release(self, report: JoinerReport) -> None:
        """Let go of the places that it needs no more, unless more of their lines are on their way to it."""
        for number in report.released:
            if self._sent_with.get(number, 0) <= self._answered and number in self._places:
                self._places[number].holders.discard(self)
        for number in report.needed:
            if number in self._places:
                self._places[number].holders.add(self)
        self._forget()

    def _forget(self) -> None:
        """Forget the oldest places that it needs no more."""
        for number in list(self._places):
            place = self._places[number]
            if self in place.holders:
                return
            del self._places[number], self._numbers[place], self._sent_with[number]

    def _listen(self) -> None:
        """Take down what it says, until it has ended."""
        try:
            while True:
                self._reports.put(self._end.receive())
        except (EOFError, OSError):
            self._reports.put(None)


class SpreadJourneys:
    """Those of all log domains, each in one of several joiners."""

    def __init__(self, starts: Sequence[JoinerStart], options: IngestOptions, aside: Aside, beat: Callable[[], None]) -> None:
        """Joiners are started when there is a log domain for them; `beat` is called while they wait for the store."""
        self._starts = list(starts)
        self._joiners: list[_Joiner] = []
        self._domains = options.domains
        self._aside = aside
        self._beat = beat
        self._of: dict[str, _Joiner] = {}

    def take(self, stated: Stated, origin: Origin) -> None:
        """Gather lines, and send them where they are enough for a message."""
        for host, lines in stated.items():
            joiner = self._joiner(self._domains.of(host))
            joiner.add(host, lines, origin)
            if joiner.is_full:
                self._wait_for(joiner)
                joiner.send_lines()
        self._listen()

    def give_up(self, places: Collection[Place]) -> None:
        """Places that are to be needed no more: joiners write what they know of their lines, and then let go of them."""
        for place in places:
            for holder in list(place.holders):
                if isinstance(holder, Line):
                    place.let_go(holder)
                else:
                    holder.give_up(place)
        for joiner in self._joiners:
            joiner.send_given_up()

    def flush(self, *, everything: bool, final: bool = False) -> None:
        """Have joiners write what is due: each once enough lines came for it, or with `everything`."""
        for joiner in self._joiners:
            if everything or joiner.since_flush >= _FLUSH_LINES:
                joiner.since_flush = 0
                self._send(joiner, Flush(everything, final))
        self._listen()

    def keep(self) -> None:
        """Have joiners note in the store up to when each log domain is read, and let go of those that are silent."""
        for joiner in self._joiners:
            self._send(joiner, NoteProgress())
        self._listen()

    def finish(self) -> None:
        """Wait until everything written is durable, and its lines need their places no more."""
        for joiner in self._joiners:
            self._send(joiner, Finish())
        for joiner in self._joiners:
            while not joiner.is_done:
                self._hear(joiner, _BEAT_S)

    def count(self, summary: Summary) -> None:
        """Set what a summary says of documents, and of lines of the future."""
        reports = [joiner.report for joiner in self._joiners if joiner.report is not None]
        summary.traces = sum(report.traces for report in reports)
        summary.superseded = sum(report.superseded for report in reports)
        summary.ahead = sum(report.ahead for report in reports)

    @property
    def open(self) -> int:
        """How many nodes were in memory at the last reports."""
        return sum(joiner.report.open for joiner in self._joiners if joiner.report is not None)

    def _joiner(self, log_domain: str) -> _Joiner:
        """Whose a log domain is, for as long as the run goes on."""
        joiner = self._of.get(log_domain)
        if joiner is None:
            if self._starts:
                end, told = self._starts.pop(0)()
                self._joiners.append(_Joiner(end, told))
            if len(self._of) >= _KNOWN:
                return self._joiners[crc32(log_domain.encode("utf-8", "surrogateescape")) % len(self._joiners)]
            joiner = self._of[log_domain] = min(self._joiners, key=lambda one: (one.log_domains, one.lines))
            joiner.log_domains += 1
        return joiner

    def _send(self, joiner: _Joiner, message: ToJoiner) -> None:
        """Send what is gathered, and then a message."""
        self._wait_for(joiner)
        joiner.send_lines()
        joiner.send(message)

    def _wait_for(self, joiner: _Joiner) -> None:
        """Wait while a joiner has enough to do; meanwhile the files are the buffer."""
        while joiner.is_behind:
            self._hear(joiner, _BEAT_S)

    def _listen(self) -> None:
        """Take what joiners have said by now."""
        for joiner in self._joiners:
            while self._hear(joiner, 0.0):
                continue

    def _hear(self, joiner: _Joiner, seconds: float) -> bool:
        """Take what a joiner says next; whether it said anything in time."""
        message = joiner.next(seconds)
        if isinstance(message, Alive):
            joiner.told(message.told)
            self._beat()
        elif isinstance(message, JoinerReport):
            joiner.told(message.told)
            self._aside.adopt(message.letters, message.failed, message.warnings)
        return message is not None
