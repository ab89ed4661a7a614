"""What happened, as the Email Report draws it: the way from server to server, and the steps of each hop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

from mappings.locales import Book
from mappings.sentences import NOT_TRIED
from mappings.vocabulary import Disposition
from search.answers import Hop, ReportAnswer, Step, TraceAnswer
from search.http.pages.clock import Clock, Moment
from search.http.pages.summary import headline, server_of
from search.http.pages.words import DISPOSITIONS, Tone

#: More attempts than these are folded.
_ATTEMPTS = 3
#: More boxes than these run from top to bottom.
MOST_BOXES: Final = 5
_PRODUCTS: Final = {
    "exim": "Exim",
    "amavis": "Amavis",
    "rspamd": "Rspamd",
    "spamd": "SpamAssassin",
    "clamd": "ClamAV",
    "opendkim": "OpenDKIM",
    "opendmarc": "OpenDMARC",
    "openarc": "OpenARC",
}
_OF_POSTFIX: Final = frozenset(
    {
        *("smtpd", "smtp", "lmtp", "cleanup", "qmgr", "nqmgr", "local", "virtual", "pipe", "error", "retry", "discard", "bounce", "pickup"),
        *("postscreen", "postsuper", "submission", "trivial-rewrite", "anvil", "sendmail", "verify", "flush", "tlsproxy", "dnsblog"),
    }
)
_ENDS: Final = {
    Disposition.QUARANTINED: "Quarantine",
    Disposition.REJECTED: "Refused",
    Disposition.TEMPFAILED: "Refused for now",
    Disposition.ABORTED: "Connection ended",
    Disposition.UNKNOWN: "Not known",
}


@dataclass(frozen=True, slots=True)
class Box:
    """One station of the way."""

    title: str
    line: str
    #: Set for the last one only.
    tone: Tone | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """One step: when, what, and who wrote it."""

    moment: Moment
    #: The time for the first one, the seconds since then for all others.
    offset: str
    first: bool
    words: str
    source: str
    decides: bool


@dataclass(frozen=True, slots=True)
class HopSteps:
    """The steps of one hop; those in the middle may be folded."""

    title: str
    link: str
    before: list[Shown]
    folded: list[Shown]
    folded_label: str
    after: list[Shown]


def product(programs: Sequence[str]) -> str:
    """The name of the software that these programs are of."""
    # A filter or signer beside a mail server does not make the queue its own.
    if _OF_POSTFIX & set(programs):
        return "Postfix"
    known = [name for program, name in _PRODUCTS.items() if program in programs]
    return known[0] if known else programs[0] if programs else ""


def way(report: ReportAnswer, book: Book) -> list[Box]:
    """The stations from the sending server to the end."""
    say = book.say
    trace = report.trace
    boxes: list[Box] = []
    server = trace.sending_server
    if server.name or server.ip:
        known = server.name if server.name and server.name != "unknown" else None
        where = f"{say('sending server')}, {server.ip}" if server.ip and known else say("sending server")
        boxes.append(Box(known or server.ip or "", where))
    elif report.hops and trace.sender == "":
        boxes.append(Box(say("The mail system"), say("made the message itself")))
    stations = [hop for hop in report.hops if hop.kind != "connection"] or list(report.hops)
    boxes += [Box(hop_title(hop), _hop_line(hop, book)) for hop in stations]
    boxes.append(_end(trace, report.next_ids, book))
    return boxes


def hop_title(hop: Hop) -> str:
    """What a hop is called: `mx1 · Postfix`."""
    return " · ".join(part for part in (hop.host, product(hop.programs)) if part)


def _hop_line(hop: Hop, book: Book) -> str:
    """The ids and result of a hop."""
    if hop.kind == "scan":
        score = book.say("score {number}", number=hop.score) if hop.score is not None else ""
        return ", ".join(
            part for part in (book.say("scan {id}", id=hop.mail_id) if hop.mail_id else book.say("scan"), hop.result or "", score) if part
        )
    if hop.kind == "queue":
        return book.say("queue ID {id}", id=hop.queue_id or "")
    return book.say("refused in the dialogue" if hop.kind == "refusal" else hop.kind)


def _end(trace: TraceAnswer, next_ids: list[str], book: Book) -> Box:
    """The last station, in the colour of the outcome."""
    word, say = DISPOSITIONS[trace.disposition], book.say
    server = server_of(trace.relay)
    if trace.disposition is Disposition.QUARANTINED:
        return Box(say("Quarantine"), trace.quarantine_id or "", word.tone)
    if trace.disposition in (Disposition.DELIVERED, Disposition.RELEASED):
        queued = say("accepted as {id}", id=next_ids[-1]) if next_ids else say("accepted")
        return Box(server[0], queued, word.tone) if server else Box(say("Mailbox"), trace.relay or say("delivered"), word.tone)
    if trace.disposition in (Disposition.DEFERRED, Disposition.BOUNCED, Disposition.EXPIRED):
        return (
            Box(server[0], say(word.label.lower()), word.tone)
            if server
            else Box(say(word.label), trace.relay or headline(trace, book), word.tone)
        )
    return Box(say(_ENDS.get(trace.disposition, word.label)), "", word.tone)


def steps(report: ReportAnswer, clock: Clock) -> list[HopSteps]:
    """The steps hop by hop; what belongs to no hop comes last.

    A queue waits for its filter's answer: what it did after that stands behind the filter's own steps.
    """
    if not report.timeline:
        return []
    line = _Timeline(report.timeline[0], clock)
    found: list[HopSteps] = []
    written: set[str] = set()
    for hop in report.hops:
        if hop.id in written:
            continue
        scans = [other for other in report.hops if other.kind == "scan" and other.follows == hop.id and other.id not in written]
        own = _of(report, hop)
        begin = min((scan.begin for scan in scans), default=None)
        before = [step for step in own if begin is None or step.time < begin]
        after = own[len(before) :]
        found.append(line.part(hop_title(hop), _link(hop, clock.book), before))
        found += [line.part(hop_title(scan), _link(scan, clock.book), _of(report, scan)) for scan in scans]
        found.append(line.part(hop_title(hop), "", after))
        written |= {hop.id, *(scan.id for scan in scans)}
    stray = [step for step in report.timeline if step.hop not in written]
    found.append(line.part(clock.book.say("Beside the hops") if report.hops else "", "", stray))
    return [part for part in found if part.before]


def _of(report: ReportAnswer, hop: Hop) -> list[Step]:
    """The steps of a hop."""
    return [step for step in report.timeline if step.hop == hop.id]


def _link(hop: Hop, book: Book) -> str:
    """What says that it follows the hop before, and how sure that is."""
    return (
        book.say("linked by {words}, {more}", words=book.told(hop.evidence), more=book.say(hop.confidence or "certain"))
        if hop.evidence
        else ""
    )


@dataclass(frozen=True, slots=True)
class _Timeline:
    """Where the time of a report begins, and in which zone it is told."""

    first: Step
    clock: Clock

    def part(self, title: str, link: str, own: list[Step]) -> HopSteps:
        """The steps of one hop, with the attempts in the middle folded."""
        shown = [self.shown(step) for step in own]
        tries = [number for number, step in enumerate(own) if step.kind == "attempted"]
        if len(tries) <= _ATTEMPTS:
            return HopSteps(title, link, shown, [], "", [])
        begin, end = tries[_ATTEMPTS - 1], tries[-1]
        folded = shown[begin:end]
        number = len(tries) - _ATTEMPTS
        # Exim logs at each queue run that it is not yet time.
        waits = sum(1 for step in own[begin:end] if step.words.startswith(NOT_TRIED))
        say = self.clock.book.say
        what = (
            say("{number} more, {total} of them not tried yet", number=number, total=waits)
            if waits
            else say("{count} more attempts", count=number)
        )
        label = say("{words}, {begin} to {end}", words=what, begin=folded[0].moment.short, end=folded[-1].moment.short)
        return HopSteps(title, link, shown[:begin], folded, label, shown[end:])

    def shown(self, step: Step) -> Shown:
        """One step as it is shown."""
        moment = self.clock.of(step.time)
        seconds = (moment.utc - self.clock.of(self.first.time).utc).total_seconds()
        absolute = moment.fine if step.fine else moment.time
        return Shown(
            moment=moment,
            offset=absolute if step is self.first else offset(seconds, self.clock.book, fine=step.fine),
            first=step is self.first,
            words=self.clock.localised(step.words),
            # The folder is the operator's business.
            source=", ".join(part for part in (step.program, PurePath(step.file).name if step.file else "") if part),
            decides=step.decides,
        )


def offset(seconds: float, book: Book, *, fine: bool) -> str:
    """How long after the first step: `+0.208 s`, `+12 min 3 s`, `+2 d 4 h`."""
    sign = "+" if seconds >= 0 else "−"
    seconds = abs(seconds)
    if seconds < 60:
        return f"{sign}{book.number(seconds, 3) if fine else book.number(round(seconds))} s"
    whole = int(seconds)
    if whole < 3_600:
        return f"{sign}{whole // 60} min {whole % 60} s"
    if whole < 86_400:
        return f"{sign}{whole // 3_600} h {whole % 3_600 // 60} min"
    return sign + book.say("{number} d {total} h", number=whole // 86_400, total=whole % 86_400 // 3_600)
