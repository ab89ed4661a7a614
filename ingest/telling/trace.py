"""Traces: a message's recipients written down as documents, without version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from ingest.clock import SECOND
from ingest.joining.event import LiveEvent
from ingest.joining.life import Life
from ingest.joining.message import Message
from ingest.joining.names import MANY
from ingest.joining.parts import STORES, Edge, Loose, Part, Scan
from ingest.telling.about import About, first_us, lines_missing
from ingest.telling.document import IN_DIALOGUE, Context, document_of
from ingest.telling.draft import Composed, Draft
from ingest.telling.fate import fate_of
from ingest.telling.filed import filings_in, pieces_of, told_alone, with_filings
from ingest.telling.hops import hops_of, refusal_hops
from ingest.telling.measured import set_place
from ingest.telling.outcome import Fate
from ingest.telling.recipient import Recipient, recipient
from ingest.telling.recipients import recipients_of
from ingest.telling.related import related_to
from ingest.telling.steps import Held, as_it_went
from ingest.telling.tree import Tree
from mappings import keys
from mappings.address import fold
from mappings.facts import Judged, Received, Ruled, Scanned, Screened, Unread, fields_of, kind_of
from mappings.keys import KeyKind
from mappings.trace import Event as StoredEvent
from mappings.trace import Trace
from mappings.vocabulary import Disposition, Verdict

#: What the parts on a way say. It knows the tree, which is not to know it: a circle of them would keep the lines of each message
#: in memory until the cyclic collector runs.
Abouts = dict[tuple[Part, ...], About]


def compose(message: Message, context: Context) -> Composed:
    """The traces of a message: a function of its events alone."""
    if any(life.probe for life in message.lives):
        return Composed(void=True)
    message = _with_tasks(message) if message.loose and not message.lives else message
    tree = Tree(message, context.within)
    abouts: Abouts = {}
    drafts: dict[str, Draft] = {}
    for root in tree.roots:
        for one in recipients_of(tree, root) or [recipient(None, [root])]:
            draft = _draft(tree, abouts, root, one, context)
            if draft is not None:
                drafts[draft.trace.id] = draft
    if message.loose:
        peers = [piece for piece in message.loose if piece.kind is KeyKind.PEER]
        alone = not message.scans and not message.lives
        for piece in message.loose:
            if piece.kind is KeyKind.LINE or (piece.kind is KeyKind.LOG and alone):
                drafts.update((draft.trace.id, draft) for draft in _refusals(piece, peers, context))
            elif piece.kind in STORES and alone and piece not in message.told_elsewhere:
                drafts.update((draft.trace.id, draft) for draft in _filed(piece, context))
    composed = Composed(list(drafts.values()))
    _cover(message, composed.drafts, context)
    return composed


def _with_tasks(message: Message) -> Message:
    """The mail server's lines are not seen: a filter's results for a queue file of another host are all there is of it."""
    tasks = [piece for piece in message.loose if piece.kind is KeyKind.QUEUE]
    if not tasks:
        return message
    life = Life(tasks[0].key, tasks[0].host, [event for piece in tasks for event in piece.events])
    others = [piece for piece in message.loose if piece.kind is not KeyKind.QUEUE]
    edges: list[Edge] = [(life, target, how, line) for source, target, how, line in message.edges if source in tasks and target in others]
    return Message([life], loose=others, edges=edges)


# -- one recipient


def _draft(tree: Tree, abouts: Abouts, root: Part, one: Recipient, context: Context) -> Draft | None:
    """One recipient as a trace; None where no address is known at all, unless it is a message that has begun.

    That one may still go on, or come to nothing: then its document is *withheld*, which is shown to nobody, and written only to take back
    what was told of it before.
    """
    about = _about(tree, abouts, root, one)
    nameless = about.sender is None and one.final is None and one.named is None
    if nameless and not (isinstance(root, Life) and (root.received is not None or about.message_id)):
        return None
    pieces = pieces_of(one, tree)
    sure = [piece for piece in pieces if piece not in tree.unsure]
    fate = fate_of(one, context.within, sure, tree.filed)
    if nameless and fate.disposition is Disposition.IN_PROGRESS:
        # No line says that it was taken.
        fate = Fate(Disposition.UNKNOWN, fate.verdict, incomplete=True)
    if fate.verdict is Verdict.NOT_SCANNED and (len(sure) < len(pieces) or _may_be_seen_before(about, one, fate)):
        fate.verdict = Verdict.UNKNOWN
    held = _held_by(tree, one, pieces)
    hits = [(part, hit) for part in one.path if type(part) is Scan for hit in tree.message.hits.get(part.key, ())]
    held += [(scan.key, event) for scan, (_, event) in hits if not _has_better(scan, event)]
    trace = document_of(about, one, fate, context)
    trace.hops = with_filings(about.hops, pieces, tree.filed)
    set_place(trace, filings_in(sure))
    _set_events(trace, held, context)
    if nameless and fate.disposition is Disposition.ABORTED and not (about.message_id or about.user):
        trace.superseded_by = [trace.id]
    return Draft(trace, _held_until(about, one, context), held, [hit for _, hit in hits])


def _about(tree: Tree, abouts: Abouts, root: Part, one: Recipient) -> About:
    """What the parts on a recipient's way say; most recipients of a message share it."""
    parts = one.path if one.released is None else [*one.path, *one.released.path]
    way = (root, *parts)
    known = abouts.get(way) if one.refusal is None else None
    if known is None:
        known = About(root, parts, tree, one.refusal)
        known.hops = hops_of(parts, known.pieces, tree)
        known.related = related_to(known)
        known.incomplete = lines_missing(known)
        if one.refusal is None:
            abouts[way] = known
    return known


def _held_by(tree: Tree, one: Recipient, pieces: list[Loose]) -> list[Held]:
    """The events of a recipient: the message's, and its own, never another recipient's."""
    held = [pair for part in (*one.path, *pieces) for pair in _own(tree, part, one)]
    if one.released is not None:
        held += [pair for part in one.released.path for pair in _own(tree, part, one.released)]
    return held


def _own(tree: Tree, part: Part, one: Recipient) -> list[Held]:
    """Those of one part."""
    key = part.key
    own: list[Held] = []
    if type(part) is Life:
        own = [(key, event) for event in (*one.attempts, *one.handed) if event.route.queue == key and key in event.owners]
    own += [(key, event) for event in tree.shares_of(part).of(one.names, one.refusal)]
    return own


def _has_better(scan: Scan, hit: LiveEvent) -> bool:
    """Whether a document gave the scan the same hit back already, with a stamp that is no worse."""
    return any(e.digest == hit.digest and (e.fine or not hit.fine) for e in scan.events)


def _refusals(piece: Loose, peers: list[Loose], context: Context) -> Iterator[Draft]:
    """A refusal without any id: one trace for each line and recipient in it."""
    for event in piece.events:
        rule = event.fact
        if not isinstance(rule, Ruled) or not rule.names_somebody:
            continue
        around = [peer for peer in peers if any(_is_peer(e, event, rule) for e in peer.events)]
        # So many lines that share a weak id are not about one refusal.
        extra = [e for e in piece.events if e is not event] if len(piece.events) <= MANY else []
        held = [
            (piece.key, event),
            *[(piece.key, e) for e in extra],
            *[(peer.key, e) for peer in around for e in peer.events if _is_peer(e, event, rule)],
        ]
        for address in rule.recipients or (None,):
            one = recipient(address, [piece], refusal=event)
            about = About(piece, one.path, None, event)
            about.hops = refusal_hops(piece, around)
            trace = document_of(about, one, fate_of(one, context.within, [*around, piece]), context)
            _set_events(trace, held, context)
            yield Draft(trace, None, list(held))


def _filed(piece: Loose, context: Context) -> Iterator[Draft]:
    """What only a mail store tells, as one trace."""
    told = told_alone(piece)
    if told is not None:
        one, about, fate = told
        held = [(piece.key, event) for event in piece.events]
        trace = document_of(about, one, fate, context)
        set_place(trace, filings_in([piece]))
        _set_events(trace, held, context)
        # By this the mail server's lines find it, where they are read later.
        trace.keys = sorted({*trace.keys, keys.message_id(about.message_id or "")})
        yield Draft(trace, piece.start_us + context.hold_back_us, held)


def _is_peer(found: LiveEvent, refusal: LiveEvent, rule: Ruled) -> bool:
    """Whether a finding is about the connection that was refused; what a list said of the address stands before the refusal."""
    fact = found.fact
    if not isinstance(fact, Screened) or fact.client_ip != rule.client_ip:
        return False
    return fact.client_port == rule.client_port or (fact.client_port == 0 and found.time_us // SECOND <= refusal.time_us // SECOND)


def _may_be_seen_before(about: About, one: Recipient, fate: Fate) -> bool:
    """Whether a filter may have seen it before the first line that is seen."""
    return about.incomplete and fate.disposition not in IN_DIALOGUE and one.refusal is None


def _held_until(about: About, one: Recipient, context: Context) -> int | None:
    """Until when a draft that was never written is held back, on the log's clock; None is now."""
    root = about.root
    until = max(first_us(root), root.start_us) + context.hold_back_us
    if isinstance(root, Scan):
        return until
    if not isinstance(root, Life) or root.closed:
        return None
    entered = root.received
    if (one.final is None and one.named is None) or (root.judged and entered is None and root.queued is None):
        return until
    # A second hop whose parent may still turn up: by loopback, and not submitted by a user of the host.
    if entered is not None and entered.client_ip is not None and entered.user is None and context.within.holds(entered.client_ip):
        return until
    return None


# -- its events


def _cover(message: Message, drafts: list[Draft], context: Context) -> None:
    """See to it that each event is in a document: the store is the memory.

    What no recipient owns goes to those whom it names, else to all on its way.
    """
    if not drafts:
        return
    held = {(key, event.digest) for draft in drafts for key, event in draft.events}
    missing = [(part.key, event) for part in message.parts for event in part.events if (part.key, event.digest) not in held]
    if not missing:
        return
    takers: dict[str, dict[Draft, None]] = {}
    named: dict[str, list[Draft]] = {}
    for draft in drafts:
        for key, _ in draft.events:
            takers.setdefault(key, {})[draft] = None
        for name in draft.names:
            named.setdefault(name, []).append(draft)
    changed: dict[Draft, None] = {}
    for key, event in missing:
        on_its_way = takers.get(key, {})
        own = [draft for name in {*map(fold, event.fact.people())} for draft in named.get(name, ()) if draft in on_its_way]
        for draft in own or list(on_its_way) or drafts[:1]:
            draft.events.append((key, event))
            takers.setdefault(key, {})[draft] = changed[draft] = None
    for draft in changed:
        _set_events(draft.trace, draft.events, context)


def _set_events(trace: Trace, held: Sequence[Held], context: Context) -> None:
    """Put the events into a trace as it went, each once for each node that holds it, with all ids of their lines."""
    ordered = as_it_went({(key, event.digest): (key, event) for key, event in held}.values(), trace.hops)
    trace.events = [event.stored.get(key) or _stored(key, event, context) for key, event in ordered]
    trace.last_event_ms = (max([event.time_us for _, event in ordered]) if ordered else trace.time_ms * 1000) // 1000
    ids = {stored.hop for stored in trace.events}
    ids.update(*[event.route.ids for _, event in ordered])
    trace.keys = sorted(ids)
    if Unread in {type(event.fact) for _, event in ordered}:
        trace.incomplete = True


def _stored(key: str, event: LiveEvent, context: Context) -> StoredEvent:
    """An event as the document keeps it; made once for a node."""
    fact, raw = event.fact, event.raw if context.keep_raw else ""
    if not context.keep_subjects and isinstance(fact, Ruled | Scanned | Judged | Received) and fact.subject is not None:
        # The subject stands in the raw line as well, in whatever encoding.
        fact, raw = replace(fact, subject=None, **({"text": ""} if isinstance(fact, Ruled) else {})), ""
    hop = keys.in_documents(key)
    stored = event.stored[key] = StoredEvent(
        event.time_us,
        event.fine,
        event.host,
        event.program,
        event.pid,
        event.number,
        event.digest,
        hop,
        kind_of(fact),
        fields_of(fact),
        raw,
        event.file,
    )
    return stored
