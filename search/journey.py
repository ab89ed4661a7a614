"""The journey of one message as a report shows it: the steps in time order, and the hops with what joins them."""

from __future__ import annotations

from collections.abc import Sequence

from mappings import keys
from mappings.trace import Event, Trace
from mappings.vocabulary import Disposition
from search.answers import FilterResult, Hop, Step, Symbol
from search.scope import EVERYTHING, Scope
from search.times import utc
from search.view import View

_KINDS = {"q": "queue", "m": "scan", "l": "scan", "p": "connection", "h": "refusal"}

#: The programs' own word for the try that made this fate.
_TRIED = {
    Disposition.DELIVERED: ("sent",),
    Disposition.RELEASED: ("sent",),
    Disposition.EXPANDED: ("sent",),
    Disposition.QUARANTINED: ("sent",),
    Disposition.DISCARDED: ("sent",),
    Disposition.DEFERRED: ("deferred",),
    Disposition.BOUNCED: ("bounced",),
    Disposition.EXPIRED: ("expired", "bounced", "deferred"),
}
_RULED = {
    Disposition.REJECTED: ("reject",),
    Disposition.TEMPFAILED: ("reject", "delay"),
    Disposition.HELD: ("hold",),
    Disposition.QUARANTINED: ("hold",),
    Disposition.DISCARDED: ("discard",),
    Disposition.BOUNCED: ("reject", "give_up"),
    Disposition.ABORTED: ("abort",),
}


def deciding(trace: Trace) -> Event | None:
    """Give the line that decided the fate, as far as one can be named; never a try that was not made."""
    last = trace.queue_ids[-1] if trace.queue_ids else None
    tried = _TRIED.get(trace.disposition, ())
    made = (e for e in trace.events if e.kind == "attempted" and not e.fields.get("skipped"))
    attempts = [e for e in made if e.fields.get("status") in tried]
    match trace.disposition:
        case Disposition.QUARANTINED:
            # An earlier scan of the same message may have let it pass.
            kept = [e for e in trace.events if e.kind == "scanned" and e.fields.get("quarantine_ids")]
            # A box for it, where no filter kept it itself.
            facts = kept or [e for e in trace.events if e.kind == "scanned"] or [e for e in attempts if e.fields.get("queue_id") == last]
        case Disposition.EXPIRED:
            facts = [e for e in trace.events if e.kind == "expired"] or attempts
        case Disposition.DELETED:
            facts = [e for e in trace.events if e.kind == "removed" and e.fields.get("by_admin")]
        case Disposition.ABORTED:
            facts = [e for e in trace.events if e.kind == "connected" and e.fields.get("step") in ("lost", "timeout")]
        case _:
            # The first hop's "sent" to the filter may be logged after the last hop's.
            facts = [e for e in attempts if e.fields.get("queue_id") == last] or attempts
    if not facts:
        words = _RULED.get(trace.disposition, ())
        facts = [e for e in trace.events if e.kind in ("ruled", "administered") and e.fields.get("action") in words]
    if not facts and trace.disposition in (Disposition.REJECTED, Disposition.TEMPFAILED, Disposition.DISCARDED):
        facts = [e for e in trace.events if e.kind == "scanned" and not e.fields.get("passed")]
    return facts[-1] if facts else None


def timeline(trace: Trace, scope: Scope) -> list[Step]:
    """Give the steps of the journey in the order of the document; what names others is told in words only."""
    decided = deciding(trace)
    view = View.of(trace, scope)
    same = _same_scans(trace)
    return [_step(event, same.get(event.hop, event.hop), view, decides=event is decided) for event in trace.events]


def filter_results(trace: Trace, scope: Scope) -> list[FilterResult]:
    """What filters beside the queue said; their symbols are seen by whom the line may be seen by."""
    view = View.of(trace, scope)
    results = (event for event in trace.events if event.kind == "judged" and _is_result(event))
    return [_filter_result(event, view) for event in results]


def _is_result(event: Event) -> bool:
    """Whether a filter's line is its result; one that only names what forced the action says nothing that this does not say."""
    return any(event.fields.get(name) is not None for name in ("score", "spam", "symbols"))


def _filter_result(event: Event, view: View) -> FilterResult:
    """One result."""
    fields = event.fields
    symbols = [Symbol(name=one["name"], score=one.get("score"), options=list(one.get("options", ()))) for one in fields.get("symbols", ())]
    return FilterResult(
        filter=fields["filter"],
        time=utc(event.time_us // 1000),
        action=fields.get("action"),
        score=fields.get("score"),
        required=fields.get("required"),
        forced_by=view.text(fields.get("forced_by")),
        symbols=symbols if view.shows(event) else None,
    )


def _same_scans(trace: Trace) -> dict[str, str]:
    """Give the hop that each weaker id stands for: a filter's first lines have no mail id yet, its result beside the queue no queue id."""
    queues = [event.hop for event in trace.events if event.hop.startswith("q:")]
    known: dict[str, list[tuple[str, int]]] = {}
    for event in trace.events:
        log_id = event.fields.get("log_id")
        if log_id and event.hop.startswith("m:"):
            known.setdefault(keys.log_id(event.host, log_id), []).append((event.hop, event.time_us))
    same: dict[str, str] = {}
    for event in trace.events:
        if event.kind == "judged" and queues and not event.hop.startswith("q:"):
            same[event.hop] = queues[0]
        elif event.hop in known and event.hop not in same:
            # Log ids repeat after a restart of the filter: the nearest one is meant.
            same[event.hop] = min(known[event.hop], key=lambda scan: abs(scan[1] - event.time_us))[0]
    return same


def _step(event: Event, hop: str, view: View, *, decides: bool) -> Step:
    """Give one line as the caller may see it."""
    queue_id = event.fields.get("queue_id")
    if not isinstance(queue_id, str):
        queue_id = keys.queue_id_of(event.hop) if event.hop.startswith("q:") else None
    return Step(
        time=utc(event.time_us // 1000),
        fine=event.fine,
        host=event.host,
        program=event.program,
        pid=event.pid,
        hop=view.text(hop),
        queue_id=queue_id,
        kind=event.kind,
        words=view.words(event.words, event.names),
        recipients=view.names(event),
        raw=event.raw if event.raw and view.shows(event) else None,
        # Where logs lie is nothing for tenants.
        file=(event.file or None) if view.everything else None,
        decides=decides,
    )


def hops(trace: Trace, scope: Scope = EVERYTHING) -> list[Hop]:
    """Give the stages of the way in their order, each with what says that it follows an earlier one."""
    view = View.of(trace, scope)
    grouped: dict[str, list[Event]] = {}
    same = _same_scans(trace)
    for event in trace.events:
        grouped.setdefault(same.get(event.hop, event.hop), []).append(event)
    links = {key: _came_from(key, grouped) for key in grouped}
    position = {queue_id: number for number, queue_id in enumerate(trace.queue_ids)}
    ordered = sorted(grouped, key=lambda key: _rank(key, links, position))
    return [_hop(key, grouped[key], links[key], view) for key in ordered]


#: What a hop follows: the key of the earlier one, the evidence in words, and how sure it is.
_Link = tuple[str, str, str]


def _rank(key: str, links: dict[str, _Link | None], position: dict[str, int]) -> tuple[int, int]:
    """Where a hop stands: queue files as the trace orders them, a scan behind the one it read or before the one it made."""
    last = len(position)
    kind = _KINDS.get(key[:1])
    if kind == "connection":
        return -1, 0
    if kind == "queue":
        return position.get(keys.queue_id_of(key), last), 0
    link = links[key]
    if link is not None and link[0].startswith("q:"):
        return position.get(keys.queue_id_of(link[0]), last), 1
    made = [position.get(keys.queue_id_of(k), last) for k, other in links.items() if other is not None and other[0] == key]
    return (min(made), -1) if made else (last, 1)


def _came_from(key: str, grouped: dict[str, list[Event]]) -> _Link | None:
    """Give the earlier hop that a line names as the one before this."""
    kind = _KINDS.get(key[:1])
    others = [(other, events) for other, events in grouped.items() if other != key]
    if kind == "queue":
        # The scan that made the queue file says more than the queue file that the scan read.
        others.sort(key=lambda item: _KINDS.get(item[0][:1]) != "scan")
        return next((link for other, events in others if (link := _made(keys.queue_id_of(key), other, events, grouped[key]))), None)
    if kind == "refusal":
        peer = next((other for other, _ in others if other.startswith("p:")), None)
        return (peer, f"the same connection {keys.queue_id_of(peer)}", "certain") if peer else None
    if kind == "scan":
        return next((link for other, events in others if other.startswith("q:") and (link := _read(other, events, grouped[key]))), None)
    return None


def _made(queue_id: str, other: str, events: Sequence[Event], own: Sequence[Event]) -> _Link | None:
    """Whether the lines of another hop name this queue file as the next, or its own lines that hop as the former."""
    for event in events:
        fields = event.fields
        if fields.get("next_id") == queue_id:
            how = "forwarded as" if fields.get("forwarded") else "queued as"
            return other, f"“{how} {queue_id}” in the line of {event.program}", "certain"
        if queue_id in fields.get("next_ids", ()):
            return other, f"“queued_as: {queue_id}” in the line of {event.program}", "certain"
    if not other.startswith("q:"):
        return None
    former = keys.queue_id_of(other)
    for event in own:
        if event.fields.get("requeued_from") == former:
            return other, f"requeued by an administrator from {former}", "certain"
        if event.fields.get("origin_queue_id") == former:
            return other, f"{event.program} names {former} as the queue id before the filter", "certain"
    return None


def _read(other: str, events: Sequence[Event], own: Sequence[Event]) -> _Link | None:
    """Whether this scan's lines name the other queue file as its origin, or that one's reply names the scan."""
    former = keys.queue_id_of(other)
    if any(e.fields.get("origin_queue_id") == former for e in own):
        return other, f"“Queue-ID: {former}” in the line of the filter", "certain"
    made = {queue_id for e in own for queue_id in (*e.fields.get("next_ids", ()), e.fields.get("next_id")) if queue_id}
    logged = {e.fields.get("log_id") for e in own} - {None}
    for event in events:
        next_id, log_id = event.fields.get("next_id"), event.fields.get("log_id")
        if next_id in made:
            return other, f"both name the next queue id {next_id}", "certain"
        if log_id in logged:
            # Log ids repeat after a restart of the filter.
            return other, f"“id={log_id}” in the answer of the filter", "likely"
    return None


def _hop(key: str, events: Sequence[Event], link: _Link | None, view: View) -> Hop:
    """One stage from its lines."""
    kind = _KINDS.get(key[:1], "record")
    scanned = next((e.fields for e in reversed(events) if e.kind == "scanned"), None)
    inspected = (e.fields.get("mail_id") for e in events if kind == "scan")
    return Hop(
        id=view.text(key),
        kind=kind,
        host=events[0].host,
        programs=list(dict.fromkeys(e.program for e in events)),
        queue_id=keys.queue_id_of(key) if kind == "queue" else None,
        mail_id=key[2:] if key.startswith("m:") else next((m for m in inspected if m), None),
        begin=utc(min(e.time_us for e in events) // 1000),
        end=utc(max(e.time_us for e in events) // 1000),
        client=view.text(next((c for e in events if e.kind in ("received", "connected", "ruled") and (c := _client(e))), None)),
        removed=any(e.kind == "removed" for e in events) if kind == "queue" else None,
        result=view.text(_result(scanned)) if scanned is not None else None,
        score=scanned.get("score") if scanned is not None else None,
        follows=view.text(link[0]) if link else None,
        evidence=view.text(link[1]) if link else None,
        confidence=link[2] if link else None,
    )


def _client(event: Event) -> str | None:
    """Give the server that a line names as the client: `mail.example.org[192.0.2.7]`."""
    name, ip = event.fields.get("client_name"), event.fields.get("client_ip")
    return f"{name or ''}[{ip}]" if ip else name


def _result(scanned: dict[str, object]) -> str:
    """Tell what the filter says, in its own words."""
    detail = scanned.get("detail")
    word = f"{'Passed' if scanned.get('passed') else 'Blocked'} {scanned.get('category')}"
    return f"{word} ({detail})" if detail else word
