"""The journey of one message as a report shows it: the steps in time order, and the hops with what joins them.

What decided, and how hops follow each other, the writer says in the document; here it is told. Documents of revisions before 4 do not say
it: their hops stand in the order of their first lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mappings import keys
from mappings.facts import (
    Connected,
    Fact,
    Infected,
    Inspected,
    Judged,
    OfQueueFile,
    Passed,
    Received,
    Release,
    Removed,
    Ruled,
    Scanned,
    Unread,
)
from mappings.keys import KeyKind
from mappings.links import LINKS, LinkKind
from mappings.trace import Event, HopLink, Trace
from search.answers import FilterResult, Hop, Step, Symbol
from search.stated import Stated
from search.times import utc
from search.view import View

_KINDS = {KeyKind.QUEUE: "queue", KeyKind.SCAN: "scan", KeyKind.LOG: "scan", KeyKind.PEER: "connection", KeyKind.LINE: "refusal"}


def deciding(trace: Trace) -> Event | None:
    """Give the line that decided the fate, where the document names one."""
    return next((event for event in trace.events if event.hash == trace.decided), None)


def timeline(trace: Trace, lines: Sequence[Stated], view: View) -> list[Step]:
    """Give the steps of the journey in the order of the document; what names others is told in words only."""
    home = _homes(trace)
    return [_step(line, home.get(line.event.hop, line.event.hop), view, decides=line.event.hash == trace.decided) for line in lines]


def filter_results(lines: Sequence[Stated], view: View) -> list[FilterResult]:
    """What filters beside the queue said; their symbols are seen by whom the line may be seen by."""
    return [_filter_result(line, line.fact, view) for line in lines if isinstance(line.fact, Judged) and _is_result(line.fact)]


def _is_result(fact: Judged) -> bool:
    """Whether a filter's line is its result; one that only names what forced the action says nothing that this does not say."""
    return fact.score is not None or fact.spam is not None or bool(fact.symbols)


def _filter_result(line: Stated, fact: Judged, view: View) -> FilterResult:
    """One result."""
    symbols = [Symbol(name=one.name, score=one.score, options=one.options) for one in fact.symbols]
    return FilterResult(
        filter=fact.filter,
        time=utc(line.event.time_us // 1000),
        action=fact.action,
        score=fact.score,
        required=fact.required,
        forced_by=view.text(fact.forced_by),
        symbols=symbols if view.shows(line) else None,
    )


def _homes(trace: Trace) -> dict[str, str]:
    """The hop that each id of one stands for: a filter's first lines have no mail id yet, its result beside the queue no queue id."""
    return {key: hop.id for hop in trace.hops for key in (hop.id, *hop.same)}


def _step(line: Stated, hop: str, view: View, *, decides: bool) -> Step:
    """Give one line as the caller may see it."""
    event = line.event
    return Step(
        time=utc(event.time_us // 1000),
        fine=event.fine,
        host=event.host,
        program=event.program,
        pid=event.pid,
        hop=view.text(hop),
        queue_id=_queue_id(line),
        kind=event.kind,
        words=view.words(line.words, line.people),
        recipients=view.names(line),
        raw=event.raw if event.raw and view.shows(line) else None,
        # Where logs lie is nothing for tenants.
        file=(event.file or None) if view.everything else None,
        decides=decides,
    )


def _queue_id(line: Stated) -> str | None:
    """The queue id that a line bears, else that of its hop."""
    match line.fact:
        case OfQueueFile() | Received() | Ruled() | Judged() | Infected() | Unread() if line.fact.queue_id is not None:
            return line.fact.queue_id
        case _:
            return keys.queue_id_of(line.event.hop) if keys.kind_of(line.event.hop) is KeyKind.QUEUE else None


def hops(trace: Trace, lines: Sequence[Stated], view: View) -> list[Hop]:
    """Give the stages of the way in their order, each with what says that it follows an earlier one."""
    home, links = _homes(trace), {hop.id: hop for hop in trace.hops}
    grouped: dict[str, list[Stated]] = {key: [] for key in links}
    for line in lines:
        grouped.setdefault(home.get(line.event.hop, line.event.hop), []).append(line)
    programs = {line.event.hash: line.event.program for line in lines}
    return [_hop(key, own, links.get(key), programs, view) for key, own in grouped.items() if own]


def _hop(key: str, lines: Sequence[Stated], link: HopLink | None, programs: dict[str, str], view: View) -> Hop:
    """One stage from its lines."""
    kind = _KINDS.get(keys.kind_of(key), "record")
    events = [line.event for line in lines]
    scanned = next((line.fact for line in reversed(lines) if isinstance(line.fact, Scanned)), None)
    known = LINKS[link.how] if link is not None and link.how is not None else None
    return Hop(
        id=view.text(key),
        kind=kind,
        host=events[0].host,
        programs=list(dict.fromkeys(event.program for event in events)),
        queue_id=keys.queue_id_of(key) if kind == "queue" else None,
        mail_id=_mail_id(key, lines) if kind == "scan" else None,
        begin=utc(min(event.time_us for event in events) // 1000),
        end=utc(max(event.time_us for event in events) // 1000),
        client=view.text(next(_clients(lines), None)),
        removed=any(isinstance(line.fact, Removed) for line in lines) if kind == "queue" else None,
        result=view.text(_result(scanned)) if scanned is not None else None,
        score=scanned.score if scanned is not None else None,
        follows=view.text(link.follows) if link is not None else None,
        evidence=view.text(_evidence(link, known, programs)) if link is not None and known is not None else None,
        confidence=known.confidence if known is not None else None,
    )


def _evidence(link: HopLink, known: LinkKind, programs: dict[str, str]) -> str | None:
    """What says that a hop follows another one. The line may be one of another recipient, and then not among these."""
    server = "the mail server" if keys.kind_of(link.follows or "") is KeyKind.QUEUE else "the filter"
    return known.told.format(id=link.named, program=programs.get(link.line or "", server)) or None


def _mail_id(key: str, lines: Sequence[Stated]) -> str | None:
    """The filter's own id of a scan."""
    if keys.kind_of(key) is KeyKind.SCAN:
        return keys.value_of(key)
    return next((mail_id for line in lines if (mail_id := _mail_id_in(line.fact))), None)


def _mail_id_in(fact: Fact | None) -> str | None:
    """The mail id of the scan that a filter's line is of."""
    return fact.mail_id if isinstance(fact, Scanned | Inspected | Passed | Release) else None


def _clients(lines: Sequence[Stated]) -> Iterator[str]:
    """The servers that lines name as the client: `mail.example.org[192.0.2.7]`."""
    for fact in (line.fact for line in lines):
        if isinstance(fact, Received | Connected | Ruled) and (fact.client_ip or fact.client_name):
            yield f"{fact.client_name or ''}[{fact.client_ip}]" if fact.client_ip else fact.client_name or ""


def _result(scanned: Scanned) -> str:
    """Tell what the filter says, in its own words."""
    word = f"{'Passed' if scanned.passed else 'Blocked'} {scanned.category}"
    return f"{word} ({scanned.detail})" if scanned.detail else word
