"""Drafts: a message's rows written down as traces, without version."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from ingest.correlate.about import About, first_us
from ingest.correlate.event import SECOND, Event, order
from ingest.correlate.fate import Fate, fate_of
from ingest.correlate.life import Life
from ingest.correlate.link import hop_of
from ingest.correlate.links import Loose, Message, Part, Scan, Within
from ingest.correlate.names import MANY
from ingest.correlate.ownership import Ownership
from ingest.correlate.relation import related_to
from ingest.correlate.route import ids_of
from ingest.correlate.rows import Row, Tree, plant, rows_of
from ingest.correlate.shares import Shares
from mappings.address import domain_of, fold
from mappings.facts import Judged, Noticed, Received, Ruled, Scanned, Screened, Unread, fields_of
from mappings.identity import trace_id
from mappings.keys import queue_id_of
from mappings.trace import Event as Line
from mappings.trace import Trace
from mappings.vocabulary import Direction, Disposition, Reason


@dataclass(slots=True)
class Draft:
    """A trace as the events in memory tell it, and the events that it holds by node."""

    trace: Trace
    #: Stamp before which it is held back where it was never written; None is now.
    held_us: int | None
    events: list[tuple[str, Event]]
    #: Events that it took over from nodes which no message owns: a virus scanner's hits in the folder of the filter.
    taken: list[tuple[str, Event]] = field(default_factory=list)

    @property
    def withheld(self) -> bool:
        """Whether it is to be shown to nobody, and written only where its lines will not be read again."""
        return bool(self.trace.superseded_by)


@dataclass(slots=True)
class Composed:
    """What one message comes to."""

    drafts: list[Draft] = field(default_factory=list)
    #: Its lines can matter no more though they make no document: an address probe.
    void: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """What composing needs to know beside the events."""

    log_domain: str
    within: Within
    ownership: Ownership
    hold_back_us: int = 60 * SECOND
    keep_raw: bool = True
    keep_subjects: bool = True


def compose(message: Message, context: Context) -> Composed:
    """The traces of a message: a function of its events alone."""
    composed = Composed()
    if any(life.probe for life in message.lives):
        composed.void = True
        return composed
    tasks = [p for p in message.loose if p.kind == "task"]
    if tasks and not message.lives:
        # The mail server's lines are not seen: the filter's result is all there is of the queue file.
        life = Life(tasks[0].key, tasks[0].host, queue_id_of(tasks[0].key), [e for p in tasks for e in p.events])
        message = Message([life], loose=[p for p in message.loose if p not in tasks])
    tree = plant(message, context.within)
    for root in tree.roots:
        rows = rows_of(tree, root) or [Row(None, None, [root])]
        for row in rows:
            draft = _draft(tree, root, row, context)
            if draft is not None:
                composed.drafts.append(draft)
    peers = [p for p in message.loose if p.kind == "peer"]
    for piece in message.loose:
        if piece.kind == "refusal" or (piece.kind == "log" and not message.scans and not message.lives):
            composed.drafts.extend(_refusals(piece, peers, context))
    composed.drafts = list({d.trace.id: d for d in composed.drafts}.values())
    _cover(message, composed.drafts, context)
    return composed


def _draft(tree: Tree, root: Part, row: Row, context: Context) -> Draft | None:
    """One row as a trace; None where no address is known at all, unless it is a message that has begun and may still go on.

    That one is no trace yet, and perhaps never becomes one: its document is *withheld*, which stands in the store and is shown to nobody.
    """
    about = About(root, row, tree)
    nameless = about.sender is None and row.final is None and row.named is None
    if nameless and not (isinstance(root, Life) and root.received is not None):
        return None
    pieces = [p for part in row.path for p in tree.loose.get(id(part), [])]
    fate = fate_of(row, context.within, pieces)
    if nameless and fate.disposition is Disposition.ABORTED:
        return None
    mine = _names(row)
    pairs = [pair for part in (*row.path, *pieces) for pair in _own(part, row, mine, tree)]
    if row.released is not None:
        names = _names(row.released)
        pairs += [pair for part in row.released.path for pair in _own(part, row.released, names, tree)]
    hits = [(part, hit) for part in row.path if isinstance(part, Scan) for hit in tree.message.hits.get(part.key, [])]
    pairs += [(scan.key, event) for scan, (_, event) in hits if not _has_better(scan, event)]
    trace = _trace(about, row, fate, pairs, context)
    trace.superseded_by = [trace.id] if nameless else []
    return Draft(trace, _held(about, row, context), pairs, [hit for _, hit in hits])


def _has_better(scan: Scan, hit: Event) -> bool:
    """Whether a document gave the scan the same hit back already, with a stamp that is no worse."""
    return any(e.digest == hit.digest and (e.fine or not hit.fine) for e in scan.events)


def _refusals(piece: Loose, peers: list[Loose], context: Context) -> Iterator[Draft]:
    """A refusal without any id: one trace for each line and recipient in it."""
    for event in piece.events:
        if not isinstance(event.fact, Ruled) or (event.fact.sender is None and event.fact.recipient is None):
            continue
        around = [p for p in peers if any(_is_peer(e, event) for e in p.events)]
        # So many lines that share a weak id are not about one refusal.
        extra = [e for e in piece.events if e is not event] if len(piece.events) <= MANY else []
        pairs = [(piece.key, event), *[(piece.key, e) for e in extra], *[(p.key, e) for p in around for e in p.events]]
        for recipient in (*event.fact.recipients,) or (None,):
            row = Row(recipient, recipient, [piece], refusal=event)
            fate = fate_of(row, context.within, [*around, piece])
            yield Draft(_trace(About(piece, row, None), row, fate, list(pairs), context), None, list(pairs))


def _is_peer(found: Event, refusal: Event) -> bool:
    """Whether a finding is about the connection that was refused."""
    fact, rule = found.fact, refusal.fact
    return (
        isinstance(fact, Screened) and isinstance(rule, Ruled) and fact.client_ip == rule.client_ip and fact.client_port == rule.client_port
    )


def _names(row: Row) -> set[str]:
    """The addresses of a row, as they are compared."""
    return {fold(a) for a in (row.named, row.final) if a is not None}


def _own(part: Part, row: Row, mine: set[str], tree: Tree) -> Iterator[tuple[str, Event]]:
    """The events of a part that belong to a row: the message's, and its own recipient's, never another recipient's."""
    key = part.key
    if isinstance(part, Life):
        for event in (*row.attempts, *row.handed):
            if getattr(event.fact, "queue_id", None) == part.queue_id and event.owners and key in event.owners:
                yield key, event
    shares = tree.shares.get(id(part))
    if shares is None:
        shares = tree.shares[id(part)] = Shares(part)
    for event in shares.of(row, mine):
        yield key, event


def _cover(message: Message, drafts: list[Draft], context: Context) -> None:
    """See to it that each event is in a document: the store is the memory. What no recipient owns goes to all on its way."""
    if not drafts:
        return
    held = {(key, event.digest) for d in drafts for key, event in d.events}
    takers: dict[str, dict[int, Draft]] = defaultdict(dict)
    for draft in drafts:
        for key, _ in draft.events:
            takers[key][id(draft)] = draft
    changed: dict[int, Draft] = {}
    for part in message.parts:
        missing = [e for e in part.events if (part.key, e.digest) not in held]
        if not missing:
            continue
        for draft in list(takers[part.key].values()) or drafts[:1]:
            draft.events.extend((part.key, e) for e in missing)
            takers[part.key][id(draft)] = changed[id(draft)] = draft
    for draft in changed.values():
        _set_events(draft.trace, draft.events, context)


def _set_events(trace: Trace, pairs: list[tuple[str, Event]], context: Context) -> None:
    """Put the events into a trace, in canonical order, each once for each node that holds it."""
    unique = {(key, event.digest): (key, event) for key, event in pairs}
    ordered = sorted(unique.values(), key=lambda pair: (order(pair[1]), pair[0]))
    trace.events = [_line(key, event, context) for key, event in ordered]
    trace.last_event_ms = max((e.time_us for _, e in ordered), default=trace.time_ms * 1000) // 1000
    trace.keys = _keys(ordered, context.within)


def _line(key: str, event: Event, context: Context) -> Line:
    """An event as the document keeps it."""
    known = event.documented.get(key)
    if known is not None:
        return known
    fact, raw = event.fact, event.raw if context.keep_raw else ""
    if not context.keep_subjects and isinstance(fact, Ruled | Scanned | Judged | Received) and fact.subject is not None:
        # The subject stands in the raw line as well, in whatever encoding.
        fact, raw = replace(fact, subject=None, **({"text": ""} if isinstance(fact, Ruled) else {})), ""
    line = event.documented[key] = Line(
        time_us=event.time_us,
        fine=event.fine,
        host=event.host,
        program=event.program,
        pid=event.pid,
        number=event.number,
        hash=event.digest,
        hop=hop_of(key),
        kind=type(fact).__struct_config__.tag,  # type: ignore[arg-type]
        fields=fields_of(fact),
        raw=raw,
        file=event.file,
    )
    return line


def _keys(pairs: list[tuple[str, Event]], within: Within) -> list[str]:
    """Every id that the lines bear or name, as keys."""
    found: set[str] = set()
    for key, event in pairs:
        found.add(hop_of(key))
        if event.ids is None:
            event.ids = ids_of(event, within)
        found.update(event.ids)
    return sorted(found)


def _trace(about: About, row: Row, fate: Fate, pairs: list[tuple[str, Event]], context: Context) -> Trace:
    """The document."""
    first, first_us, host = about.first
    named, final = row.named, row.final
    name, ip = about.client
    sender = about.sender
    reply = fate.reply
    received = about.received
    user = (received.user if received else None) or about.rule_value("user")
    submitted = user is not None or (received is not None and received.submitted)
    original = named if named is not None and final is not None and fold(named) != fold(final) else None
    sender_domain = domain_of(sender) if sender else None
    recipient_domains = list(dict.fromkeys(d for d in (domain_of(a) for a in (final, named) if a) if d))
    ours = context.ownership.came_from(sender_domain, ip, submitted=submitted)
    direction, inferred = context.ownership.direction(sender_domain, recipient_domains, _hint(about, fate, submitted), ours=ours)
    header_from = about.rule_value("header_from") or about.result_value("header_from")
    sizes = [life.queued.size for life in about.lives if life.queued is not None]
    sizes += [size for size in (*(r.size for r in about.results), *(j.size for j in about.judged)) if size is not None]
    scores = [r.score for r in ([row.result] if row.result else about.results) if r.score is not None]
    judged = fate.judgement.result if fate.judgement is not None else None
    scores += [judged.score] if judged is not None and judged.score is not None else []
    relay = fate.relay
    trace = Trace(
        id=trace_id(first_us // 1000, context.log_domain, first, fold(named or ""), fold(final or "")),
        version=0,
        log_domain=context.log_domain,
        time_ms=first_us // 1000,
        last_event_ms=0,
        host=host,
        client_name=name,
        client_ip=ip,
        client_helo=about.rule_value("helo"),
        authenticated_as=user,
        tls=about.lives[0].tls if about.lives else None,
        sender=sender,
        sender_domain=sender_domain,
        header_from=header_from,
        header_from_domain=domain_of(header_from) if header_from else None,
        recipient=final,
        recipient_domain=domain_of(final) if final else None,
        original_recipient=original,
        original_recipient_domain=domain_of(original) if original else None,
        disposition=fate.disposition,
        verdict=fate.verdict,
        reason=None if fate.disposition in _NO_REASON else fate.reason or Reason.UNKNOWN,
        detail=fate.detail,
        vendor=_vendor(row, judged),
        quarantine_id=fate.quarantine_id,
        sender_notified=fate.notified,
        reply_code=reply.code if reply else None,
        enhanced_code=reply.enhanced if reply else None,
        reply_text=(reply.text or None) if reply else None,
        reply_by=("filter" if relay is not None and context.within.takes(relay) else fate.by) if reply else None,
        reply_inferred=reply.inferred if reply else False,
        message_id=about.message_id or None,
        subject=(about.rule_value("subject") or about.result_value("subject")) if context.keep_subjects else None,
        size=sizes[0] if sizes else None,
        score=scores[-1] if scores else None,
        required_score=judged.required if judged is not None else None,
        queue_ids=about.queue_ids if row.refusal is None or isinstance(about.root, Life) else [],
        direction=direction,
        direction_inferred=inferred,
        relay=relay.relay if relay else None,
        relay_host=relay.relay_name if relay else None,
        relay_ip=relay.relay_ip if relay else None,
        attempts=row.tries + (row.released.tries if row.released else 0),
        incomplete=fate.incomplete or _incomplete(about) or any(isinstance(event.fact, Unread) for _, event in pairs),
        visible_to=sorted({*recipient_domains, *([sender_domain] if ours and sender_domain else [])}),
        related=related_to(about),
    )
    _set_events(trace, pairs, context)
    return trace


_NO_REASON = {Disposition.DELIVERED, Disposition.RELEASED, Disposition.IN_PROGRESS, Disposition.EXPANDED, Disposition.UNKNOWN}


def _vendor(row: Row, judged: Judged | None) -> str | None:
    """The filter's own words."""
    result = row.result
    if result is None:
        return judged.action if judged is not None else None
    return f"{'Passed' if result.passed else 'Blocked'} {result.category} {{{','.join(result.actions)}}}"


def _hint(about: About, fate: Fate, submitted: bool) -> Direction:
    """The direction as the lines let one infer it, where no own domains are set."""
    actions = " ".join(a for r in about.results for a in r.actions)
    for word, direction in (("Inbound", Direction.INBOUND), ("Outbound", Direction.OUTBOUND), ("Internal", Direction.INTERNAL)):
        if word in actions and sum(w in actions for w in ("Inbound", "Outbound", "Internal", "OpenRelay")) == 1:
            return Direction.INTERNAL if submitted and direction is Direction.INBOUND else direction
    if submitted:
        return Direction.OUTBOUND
    if fate.relay is not None and fate.relay.relay_ip is None and fate.disposition is Disposition.DELIVERED:
        return Direction.INBOUND
    return Direction.UNKNOWN


def _incomplete(about: About) -> bool:
    """Whether lines of the journey were not seen: a queue file without its beginning, a hop that is only named."""
    if about.origin is not None:
        return True
    if isinstance(about.root, Scan):
        # Before the queue a filter has no queue file in front of it: what the client was told is the beginning then.
        return not about.proxied
    first = about.lives[0] if about.lives else None
    if first is None:
        return False
    if not first.hows.isdisjoint({"resent", "requeue"}) and first is about.root:
        # It names what it was released or put back from, and that is not seen: older than is kept, or never read.
        return True
    made_here = any(isinstance(e.fact, Noticed) for e in first.causes) or _made_by_mta(first)
    # Exim says in the line of a refusal all that the beginning of a message says.
    told = any(
        isinstance(e.fact, Ruled) and e.fact.source == "acl" and not e.fact.of_one and e.fact.client_ip is not None
        for e in first.rules_of_all
    )
    return first.received is None and not made_here and not told


def _made_by_mta(life: Life) -> bool:
    """Whether the mail server made the message itself: it has no client then, and a Message-ID with its own queue id."""
    return any(life.queue_id in found.message_id for found in life.identified)


def _held(about: About, row: Row, context: Context) -> int | None:
    """Until when a draft that was never written is held back, on the log's clock; None is now."""
    root = about.root
    start = first_us(root) if isinstance(root, Life) else root.start_us
    until = max(start, root.start_us) + context.hold_back_us
    if isinstance(root, Scan):
        return until
    if not isinstance(root, Life) or root.closed:
        return None
    if (row.final is None and row.named is None) or (root.judged and root.received is None and root.queued is None):
        return until
    # A second hop whose parent may still turn up: by loopback, and not submitted by a user of the host.
    entered = root.received
    if entered is not None and entered.client_ip is not None and context.within.holds(entered.client_ip) and entered.user is None:
        return until
    return None
