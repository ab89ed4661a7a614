"""From the lines of a file to what they state: framing, records, formats, identity.

Whatever raises on the way is put aside with its line (`ingest.aside`), the message is told without it, as incomplete, and the next line
is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ingest.aside import Aside
from ingest.formats import Format, Silent, format_of
from ingest.framing.inside import says_repeated
from ingest.framing.line import Line
from ingest.joining.event import digest_of
from ingest.joining.places import Hold, Place
from ingest.joining.way import SessionRole
from ingest.journeys import Journeys, Stated
from ingest.options import IngestOptions
from ingest.queue_ids import id_at_start
from ingest.source import SourceFile
from ingest.strange import strange
from ingest.summary import Summary, Tally
from mappings.facts import Connected, Fact, Nothing, Unread
from mappings.log_words import Contact

_SAMPLES = 20
_MARKS = {Contact.CONNECT: SessionRole.OPEN, Contact.DISCONNECT: SessionRole.CLOSE}


class Intake:
    """Takes lines in."""

    def __init__(
        self,
        options: IngestOptions,
        summary: Summary,
        aside: Aside,
        journeys: Journeys,
        host_of: Callable[[SourceFile], str],
        beside: Callable[[str], str],
    ) -> None:
        self._summary = summary
        self._aside = aside
        self._journeys = journeys
        self._domains = options.domains
        self._host_of = host_of
        self._beside = beside
        self._format_name = options.format
        #: Lines may be read on which this program failed before.
        self.again = options.rebuild
        #: Lines before this time are passed over.
        self._begin_us = options.begin_us
        #: Between the lines others are missing.
        self.sparse = False
        self._formats: dict[tuple[str, str | None], Format | None] = {}

    def take(self, source: SourceFile, count: int, until_us: int | None) -> None:
        """Take the next lines of a file, at most `count`, as far as `until_us`."""
        stated: Stated = {}
        with Hold() as hold:
            for offset, text in source.lines(count):
                try:
                    records = source.records(offset, text)
                except Exception as error:  # noqa: BLE001 - sorted out by `Aside.take`
                    self._fail(error, source, offset, text)
                    continue
                for line, place in records:
                    self._state(source, line, place, stated, hold)
                if until_us is not None and source.latest_us > until_us:
                    break
            source.came_of(stated)
            self._journeys.take(stated, source)

    def take_records(self, source: SourceFile, records: Iterable[tuple[Line, Place]]) -> None:
        """Take in records that no further line ended, as they stand."""
        stated: Stated = {}
        with Hold() as hold:
            for line, place in records:
                self._state(source, line, place, stated, hold)
            source.came_of(stated)
            self._journeys.take(stated, source)

    def _state(self, source: SourceFile, line: Line, place: Place, stated: Stated, hold: Hold) -> None:
        """Find out what a line states; until the journeys have it, it is needed."""
        if line.time_us < self._begin_us:
            return
        self._summary.begun_us = min(line.time_us, self._summary.begun_us or line.time_us)
        facts: tuple[Fact | SessionRole, ...] = ()
        unread = False
        try:
            facts = self._facts(line, source)
        except Exception as error:  # noqa: BLE001
            self._fail(error, source, place.offset, line.raw, line.program)
            unread = True
            queue_id = id_at_start(line.text)
            facts = () if queue_id is None else (Unread(queue_id),)
            line.host = line.host or self._host_of(source)
        if not facts and self.again and not unread:
            facts = self._nothing(line, source)
        if line.pid and (unread or self.sparse):
            facts = (*facts, SessionRole.GAP)
        if not facts:
            return
        line.digest = digest_of(self._domains.of(line.host), line)
        hold.on(place)
        stated.setdefault(line.host, []).append((line, facts, place))

    def _nothing(self, line: Line, source: SourceFile) -> tuple[Fact, ...]:
        """What takes back that a line could not be read, where it says nothing."""
        queue_id = id_at_start(line.text)
        if queue_id is None:
            return ()
        line.host = line.host or self._host_of(source)
        return (Nothing(queue_id),)

    def _fail(self, error: Exception, source: SourceFile, offset: int, raw: str, program: str = "") -> None:
        """Put a line aside, with what must be known to read it again: also whose it is, where it does not say that itself."""
        self._aside.take(error, [source.failed(offset, raw, program, self._host_of(source))])

    def _facts(self, line: Line, source: SourceFile) -> tuple[Fact | SessionRole, ...]:
        """What a line states; empty where that is nothing of a message."""
        known = self._format(line, source.setting.format or self._format_name)
        if known is None:
            if not line.program and self._is_nobodys(line, source.tally):
                return ()
            self._summary.foreign[line.program] += 1
            source.tally.foreign[line.program] += 1
            return ()
        stated = known.parse(line)
        if isinstance(stated, Silent):
            self._silent(stated, line, known, source.tally)
            return ()
        if not line.again:
            source.tally.known[known.name] += 1 + line.raw.count("\n")
            self._summary.events[known.name] += 1
        if not line.host:
            line.host = self._host_of(source)
        elif not known.serves:
            line.host = self._beside(line.host)
        if isinstance(stated, tuple):
            return tuple(map(_marked, stated))
        return (_marked(stated) if type(stated) is Connected else stated,)

    def _is_nobodys(self, line: Line, tally: Tally) -> bool:
        """Whether a line without a tag only says how often the one before it came again; of another it is noted whose it may be."""
        if says_repeated(line.text):
            tally.repeats += 1
            return True
        tally.unread(strange(line.raw))
        return False

    def _silent(self, outcome: Silent, line: Line, known: Format, tally: Tally) -> None:
        """Count a line that states nothing; keep a few of those that no pattern fits."""
        if line.again:
            return
        if outcome is Silent.IGNORED:
            tally.known[known.name] += 1 + line.raw.count("\n")
            return
        if outcome is Silent.FREE:
            tally.free[known.name] += 1
            return
        if says_repeated(line.text):
            tally.repeats += 1
            return
        tally.not_understood(known.name, line.program, line.raw)
        self._summary.unknown[line.program] += 1
        if len(self._summary.samples) < _SAMPLES:
            self._summary.samples.append(line.raw[:500])

    def _format(self, line: Line, override: str | None) -> Format | None:
        """The format of a line's tag; each tag is looked up once."""
        key = (line.tag, override)
        if key not in self._formats:
            if len(self._formats) > 4096:
                self._formats.clear()
            self._formats[key] = format_of(line.tag, line.program, override)
        return self._formats[key]


def _marked(fact: Fact) -> Fact | SessionRole:
    """A fact, or the mark of a session where it says no more than that one begins or ends."""
    if type(fact) is Connected and fact.step in _MARKS:
        return _MARKS[fact.step]
    return fact
