"""Gathering: which lives, scans and loose ends belong to one message.

A link is followed in both directions, and only where both ends allow it: a hand-over to a filter leads to a queue file that a
re-injection address brought (a relay's `queued as` elsewhere is a stranger's id), and of an id that came back, the last life that had
begun by then, and was not long gone, is meant. What joins by a weak name joins only where that can mean one thing: of more candidates
than are needed to know that, no more are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from ingest.clock import SECOND, SET_BACK_US, SLACK_US
from ingest.joining.event import LiveEvent, by_time
from ingest.joining.filing import filings_of, hand_over_of, is_elsewhere
from ingest.joining.life import Life
from ingest.joining.links import Link
from ingest.joining.message import Message
from ingest.joining.names import MANY
from ingest.joining.parts import STORES, Edge, Loose, Part, Scan, facts_of
from ingest.joining.pipes import passages
from ingest.joining.reception import messages_of, results_about
from ingest.joining.web import Web
from ingest.joining.within import Within, came_back
from mappings import keys
from mappings.address import fold
from mappings.facts import Attempted, Infected, Judged
from mappings.keys import KeyKind
from mappings.links import LINKS, How, Leads
from mappings.vocabulary import Verdict

#: Later than every stamp.
_EVER_US = 1 << 62
#: Links by which a line is found, and which lead nowhere by themselves.
_STILL = frozenset({how for how, kind in LINKS.items() if kind.leads is Leads.NOWHERE})
#: Links that are followed all at once.
_TOGETHER = _STILL | {How.PIPED}
#: How far the lines at both ends of a link may lie apart, where the table says so.
_REACH_US = {how: kind.reach_s * SECOND for how, kind in LINKS.items() if kind.reach_s is not None}
_BACK = frozenset({how for how, kind in LINKS.items() if kind.leads is Leads.BACK})
_OF_CLIENTS = frozenset({How.PEER, How.LISTED})
_WEAKLY = _OF_CLIENTS | {How.LOG, How.ANSWERED}
_PIPED = frozenset({How.PIPED, How.SUBMITTED})
#: How what leads to a queue file behind a filter names it.
_INTO_QUEUE = frozenset({How.RELAY, How.NEXT, How.PASSED, How.RELEASE})


def gather(start: Part, web: Web) -> Message:
    """The message that a part belongs to: everything that links lead to, in both directions."""
    message = Message()
    seen: set[Part] = set()
    waiting: list[Part] = [start]
    edges: dict[tuple[Part, Part, How], LiveEvent | None] = {}
    while waiting:
        part = waiting.pop()
        if part in seen:
            continue
        seen.add(part)
        if type(part) is Life:
            message.lives.append(part)
        elif type(part) is Scan:
            message.scans.append(part)
        elif type(part) is Loose:
            message.loose.append(part)
        for edge in _neighbours(part, web, message, seen):
            other = edge[1] if edge[0] is part else edge[0]
            if other not in seen:
                waiting.append(other)
            known = edges.setdefault(edge[:3], edge[3])
            if known is not edge[3] and edge[3] is not None and (known is None or edge[3].order < known.order):
                # Of several lines that say so the first counts, wherever the walk begins.
                edges[edge[:3]] = edge[3]
    if len(seen) > 1:
        message.edges = [(*edge, edges[edge]) for edge in sorted(edges, key=_edge_order)]
        message.lives.sort(key=lambda life: (life.first_us, life.key, life.start_us))
        message.scans.sort(key=lambda scan: (scan.start_us, scan.key))
        message.loose.sort(key=lambda piece: (piece.start_us, piece.key))
    if message.scans:
        _claim_hits(message, web)
    return message


def _edge_order(edge: tuple[Part, Part, How]) -> tuple[object, ...]:
    source, target, how = edge
    return source.start_us, source.key, source.number, target.start_us, target.key, target.number, how


def claimants(hit: Part, hop: str, web: Web) -> Iterator[str]:
    """Keys of the nodes whose scan may have used a folder when something was found in it: those that named it last before."""
    for reach in (2 * SECOND, 16 * SECOND, 128 * SECOND, web.within.reach_us):
        found = {m.part.key for m in web.near(hop, hit.start_us - reach, hit.end_us + SLACK_US) if m.how is How.FOLDER}
        if found:
            yield from sorted(found)
            return


def _claim_hits(message: Message, web: Web) -> None:
    """Give each scan the hits in its folder: one scan after the other uses it, so time and the virus' name must fit as well."""
    logs: dict[Part, list[Loose]] = {}
    for scan in message.scans:
        found = " ".join(result.detail or "" for result in facts_of(scan) if result.verdict is Verdict.VIRUS)
        if not found:
            continue
        if not logs:
            for source, target, _, _ in message.edges:
                if isinstance(target, Loose) and target.kind is KeyKind.LOG:
                    logs.setdefault(source, []).append(target)
        own = logs.get(scan, [])
        start = min([scan.start_us, *(p.start_us for p in own)]) // SECOND
        end = max([scan.end_us, *(p.end_us for p in own)]) // SECOND
        for folder in dict.fromkeys(link.target for p in own for link in p.links if link.how is How.FOLDER):
            for mention in web.near(folder, start * SECOND, (end + 1) * SECOND - 1):
                for event in mention.part.events if mention.how is How.OWN else ():
                    if isinstance(event.fact, Infected) and event.fact.virus in found:
                        message.hits.setdefault(scan.key, []).append((mention.part.key, event))


def _neighbours(part: Part, web: Web, message: Message, seen: set[Part]) -> Iterator[Edge]:
    """The hand-overs that a part takes part in; what parts seen before name was followed from their side."""
    if isinstance(part, Loose) and part.kind in STORES:
        meant = hand_over_of(part, web)
        if meant is not None:
            yield meant[0], part, meant[1], meant[2]
        elif is_elsewhere(part, web):
            message.told_elsewhere.add(part)
        return
    for link in part.links:
        if link.how not in _TOGETHER:
            yield from _follow(part, link, web, message)
    if isinstance(part, Life) and not part.hows.isdisjoint(_PIPED):
        yield from passages(part, web)
    if isinstance(part, Loose) and part.kind is KeyKind.JUDGED:
        yield from ((life, part, how, None) for life, how in messages_of(part, web))
        return
    for mention in web.near(part.key, *_reached(part, web.within)):
        other = mention.part
        if other in seen or mention.how in _STILL:
            continue
        for time_us, line in mention.lines.items():
            for found in _follow(other, Link(mention.how, mention.target, time_us, None, line), web, message):
                if part is found[0] or part is found[1]:
                    yield found


def _reached(part: Part, within: Within) -> tuple[int, int]:
    """From when to when a line that names a part may stand."""
    if isinstance(part, Scan):
        return -_EVER_US, _EVER_US
    if isinstance(part, Loose) and part.kind is not KeyKind.QUEUE:
        return part.start_us - within.reach_us, part.end_us + within.reach_us
    ended = isinstance(part, Life) and part.removed is not None
    return part.start_us - max(within.reach_us, SET_BACK_US), part.end_us + within.reach_us if ended else _EVER_US


def _follow(part: Part, link: Link, web: Web, message: Message) -> Iterator[Edge]:
    """Where one link leads, in the direction of the mail."""
    how = link.how
    if how in _WEAKLY:
        return _weak(part, link, web)
    if how is How.REFUSED:
        return _refused(part, link, web)
    if isinstance(part, Life) and (how is How.JUDGED or how is How.CHECKED):
        return ((part, result, by, link.line) for result, by in results_about(part, link, web))
    if how is How.TASK:
        return _task(part, link, web)
    if how is How.FILED or how is How.BOXED:
        return _filed(part, link, web)
    return _strong(part, link, web, message)


def _strong(part: Part, link: Link, web: Web, message: Message) -> Iterator[Edge]:
    """Where the id of a queue file or scan leads."""
    parts = web.parts_of(link.target)
    if not parts:
        if link.how is How.RELAY and link.line is not None and not web.within.surely_leads_on(link.line.fact):
            return
        # Named and never seen: what names it within reach belongs together all the same.
        if web.crowded(link.target, link.time_us, web.within.reach_us):
            message.crowded.add(link.target)
            return
        for other in _others(part, link, web, web.within.reach_us):
            yield part, other, How.UNSEEN, link.line
        return
    chosen = parts[0] if type(parts[0]) is Scan else _at(part, parts, link, web.within) or _set_back(part, parts, link, web.within)
    if chosen is None or chosen is part:
        return
    if link.how in _BACK:
        yield chosen, part, link.how, link.line
    else:
        yield part, chosen, link.how, link.line


def _weak(part: Part, link: Link, web: Web) -> Iterator[Edge]:
    """Where a filter's log id or a client's port leads: it ties lines to one scan or connection, never two messages to each other."""
    reach = min(_REACH_US[link.how], web.within.reach_us)
    if web.crowded(link.target, link.time_us, reach):
        return
    # Only refusals name a peer, and what lists said of it.
    others = _others(part, link, web, reach) if link.how not in _OF_CLIENTS else ()
    there = [p for p in web.parts_of(link.target) if p.start_us - reach <= link.time_us <= p.end_us + reach]
    for other in (*there, *others):
        if type(part) is Scan and type(other) is Scan:
            yield from _one_scan(part, other, link, web)
        elif _alike(part, other) or (isinstance(other, Loose) and len(other.events) > MANY) or _other_scan(part, other, web):
            continue
        elif isinstance(other, Life):
            yield other, part, link.how, link.line
        else:
            yield part, other, link.how, link.line


def _one_scan(part: Scan, other: Scan, link: Link, web: Web) -> Iterator[Edge]:
    """Two parts with one log id are one scan where its result names no mail id and its other lines do; of several the nearest are."""
    result, steps = (part, other) if part.results else (other, part)
    if not result.results or steps.results or keys.kind_of(result.key) is not KeyKind.LOG:
        return
    parts = {m.part for m in web.near(link.target, -_EVER_US, _EVER_US) if m.how is How.LOG}
    scans = [p for p in parts if isinstance(p, Scan)]
    results = [p for p in scans if p.results and keys.kind_of(p.key) is KeyKind.LOG]
    if steps is _nearest([p for p in scans if not p.results], result) and result is _nearest(results, steps):
        yield result, steps, How.LOG, link.line


def _nearest(scans: list[Scan], to: Scan) -> Scan:
    """The scan whose lines begin nearest to another one's."""
    return min(scans, key=lambda scan: (abs(scan.start_us - to.start_us), scan.key, scan.number))


def _alike(part: Part, other: Part) -> bool:
    """Whether two parts are of one kind: an id that both name joins neither of them to the other."""
    return type(part) is type(other) and (not isinstance(part, Loose) or not isinstance(other, Loose) or part.kind is other.kind)


def _other_scan(part: Part, other: Part, web: Web) -> bool:
    """Whether a queue file and a scan that share a filter's log id do not belong together, for such ids come back.

    A scan that names its queue file belongs to no other; of several scans, a reply means the nearest.
    """
    life, scan = (part, other) if isinstance(part, Life) else (other, part)
    if not isinstance(life, Life) or not isinstance(scan, Scan):
        return False
    named = {link.target for link in scan.links if link.how is How.SCAN_OF}
    if named and life.key not in named:
        meant = {part.key for key in named for part in web.parts_of(key)}
        if meant and life.key not in meant:
            return True
    logged = {keys.queue_id_of(link.target): link.target for link in scan.links if link.how is How.LOG}
    for log_id in logged.keys() & life.answered.keys():
        answers = life.answered[log_id]
        if not _may_be_to(scan, answers):
            return True
        near = (m.part for m in web.near(logged[log_id], -_EVER_US, _EVER_US) if m.how is How.LOG)
        rivals = [p for p in near if isinstance(p, Scan) and _may_be_to(p, answers)]
        ids = _message_ids(life)
        # What is nearest at both ends is so between them. Runs on two hosts may be as near, and only the Message-ID tells them apart.
        for time_us in (min(map(by_time, answers)), max(map(by_time, answers))) if len(rivals) > 1 else ():
            if min(rivals, key=lambda p: (ids.isdisjoint(_message_ids(p)), abs(p.end_us - time_us), p.key, p.number)) is not scan:
                return True
    return False


def _may_be_to(scan: Scan, answers: list[LiveEvent]) -> bool:
    """Whether a filter's answers may be about a scan: a scan that lists its recipients was for one of theirs."""
    results = facts_of(scan)
    listed = {fold(address) for result in results for address in result.people()}
    if not listed or any(result.counts_more() for result in results):
        return True
    # A rule in the dialogue may name one recipient of several.
    told = [event.fact.recipient for event in answers if isinstance(event.fact, Attempted)]
    return not told or any(fold(address) in listed for address in told)


def _refused(part: Part, link: Link, web: Web) -> Iterator[Edge]:
    """A filter's result and the queue file behind it that the mail server refused: no line names the other but by Message-ID.

    That alone joins only where it can mean one thing: exactly one such queue file and one such result at that moment.
    """
    scans = [part] if isinstance(part, Scan) else []
    lives = [part] if isinstance(part, Life) else []
    for other in _others(part, link, web, _REACH_US[How.REFUSED]):
        if isinstance(other, Scan):
            scans.append(other)
        elif isinstance(other, Life):
            lives.append(other)
        if len(scans) > 1 or len(lives) > 1:
            return
    if scans and lives:
        yield scans[0], lives[0], How.REFUSED, link.line


def _filed(part: Part, link: Link, web: Web) -> Iterator[Edge]:
    """What stores did with what a queue file handed over."""
    for filing in filings_of(part, link, web) if isinstance(part, Life) else ():
        meant = hand_over_of(filing, web)
        if meant is not None and meant[0] is part:
            yield part, filing, meant[1], meant[2]


def _task(part: Part, link: Link, web: Web) -> Iterator[Edge]:
    """Which queue file on another host a filter's result is about."""
    parts = web.parts_of(link.target)
    owner = _task_of(part, parts, web.within) if isinstance(part, Loose) else None
    if owner is not None:
        yield owner, part, How.TASK, link.line
        return
    # Without the mail server's lines, all results for an id are of one message.
    orphans = [p for p in parts if isinstance(p, Loose) and (p is part or _task_of(p, parts, web.within) is None)]
    at = orphans.index(part) if part in orphans else 0
    for other in (*orphans[max(at - 1, 0) : at], *orphans[at + 1 : at + 2]):
        yield part, other, How.UNSEEN, link.line


def _task_of(task: Loose, parts: Sequence[Part], within: Within) -> Life | None:
    """The life of a queue id on another host that a filter's result is about: with its Message-ID, else in reception at that moment."""
    event = task.events[0]
    until = event.time_us + (0 if event.fine else SECOND - 1)
    near = [p for p in parts if isinstance(p, Life) and p.start_us <= until and event.time_us - p.end_us <= within.reach_us]
    named = event.fact.message_id if isinstance(event.fact, Judged) else None
    mine = [life for life in near if named and any(i.message_id == named for i in life.identified)]
    return max(mine or near, key=lambda life: (life.start_us, life.key), default=None)


def _others(part: Part, link: Link, web: Web, reach: int) -> Iterator[Part]:
    """The other parts that name the same key at about the same time."""
    seen: set[Part] = {part}
    for mention in web.near(link.target, link.time_us - reach, link.time_us + reach):
        if mention.part not in seen and mention.within(link.time_us, reach):
            seen.add(mention.part)
            yield mention.part


def _at(part: Part, parts: Sequence[Part], link: Link, within: Within) -> Life | None:
    """Of the lives of an id, the one that a link means: the last that had begun by then and was not long gone; of the right origin."""
    chosen: Life | None = None
    for life in parts:
        if not isinstance(life, Life):
            continue
        begun = life.start_us <= link.time_us + SLACK_US
        unseen = life.received is None and life.start_us - link.time_us <= within.reach_us
        if begun or (chosen is None and unseen):
            chosen = life
    if chosen is None or (chosen.removed is not None and link.time_us > chosen.end_us + within.reach_us):
        return None
    client = chosen.received
    if link.how in _INTO_QUEUE and not _comes_in(part, chosen, link, within):
        return None
    if client is not None and link.how is How.FORWARDED and client.client_ip is not None:
        return None
    return chosen


def _comes_in(part: Part, life: Life, link: Link, within: Within) -> bool:
    """Whether a queue file may be the one behind a filter: it came from an address within, or from where it was sent to."""
    fact = link.line.fact if link.line is not None and link.how is How.RELAY else None
    if fact is not None and came_back(fact, life.received) and not _message_ids(part).isdisjoint(_message_ids(life)):
        return True
    if fact is not None and not within.surely_leads_on(fact):
        return False
    return life.received is None or within.holds(life.received.client_ip)


def _set_back(part: Part, parts: Sequence[Part], link: Link, within: Within) -> Life | None:
    """The life with the same Message-ID that begins later by its stamps than a line names it, for the clock was set back in between."""
    soon = [p for p in parts if isinstance(p, Life) and 0 < p.start_us - link.time_us <= SET_BACK_US]
    ids = _message_ids(part) if soon else frozenset()
    named = [life for life in soon if not ids.isdisjoint(_message_ids(life))]
    return _at(part, named, replace(link, time_us=named[0].start_us), within) if named else None


def _message_ids(part: Part) -> frozenset[str]:
    """The Message-IDs that the lines of a part say of its mail."""
    if isinstance(part, Life):
        return frozenset(part.message_ids)
    return frozenset(r.message_id for r in facts_of(part) if r.message_id) if isinstance(part, Scan) else frozenset()
