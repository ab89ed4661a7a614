"""Rows: each recipient of a message, followed over its hops, from the address as the client named it to the final one.

A row is what a trace is made of. In each hop, `to=` lines say which address became which (`orig_to`); a hop hands over to the
next by its links; a filter's result says which recipients it kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from msgspec import structs

from ingest.correlate.event import Event, order
from ingest.correlate.life import Life
from ingest.correlate.links import Loose, Message, Part, Scan, Within
from mappings.address import fold
from mappings.facts import Attempted, Inspected, Judged, Passed, Ruled, Scanned

if TYPE_CHECKING:
    from ingest.correlate.about import Spoken
    from ingest.correlate.shares import Shares

#: What brings a queue file into being by itself; a Resent-Message-ID in it is then what a sender wrote, and no release.
_BROUGHT = {"relay", "next", "forwarded", "origin", "requeue"}
#: Edges along which a message moves on.
_ONWARD = {*_BROUGHT, "release"}
#: The others tie a scan to its queue file, save this one, which means a release where nothing else brought the file.
_UNTIED = {*_ONWARD, "resent"}


@dataclass(slots=True)
class Row:
    """One recipient of one message."""

    #: As the client named it, and as it is in the last hop; None where no line names it.
    named: str | None
    final: str | None
    #: Queue files and scans on its way, in order.
    path: list[Part]
    #: Deliveries tried for it in the last hop, and over all hops those that handed on to the next one.
    attempts: list[Event] = field(default_factory=list)
    handed: list[Event] = field(default_factory=list)
    #: Deliveries tried, hand-overs within the log domain not counted.
    tries: int = 0
    #: The filter's result for it, the last one where there are several.
    result: Scanned | None = None
    scan: Scan | None = None
    #: The line that refused this recipient in the dialogue.
    refusal: Event | None = None
    #: What became of the copy that an operator released.
    released: Row | None = None

    @property
    def key(self) -> tuple[str | None, str | None]:
        """The pair that makes rows different."""
        return (fold(self.named) if self.named is not None else None, fold(self.final) if self.final is not None else None)


@dataclass(slots=True)
class Tree:
    """A message with its hand-overs both ways, and where it begins."""

    message: Message
    within: Within
    onward: dict[int, list[tuple[Part, str]]]
    scans: dict[int, list[Scan]]
    loose: dict[int, list[Loose]]
    roots: list[Part]
    #: For each scan, the recipients it names, as they are compared, with its results for them.
    seen: dict[int, dict[str, list[Scanned]]] = field(default_factory=dict)
    #: What the rules of some parts say (`ingest.correlate.about`), and which of a part's events are whose (`ingest.correlate.shares`).
    spoken: dict[tuple[int, ...], Spoken] = field(default_factory=dict)
    shares: dict[int, Shares] = field(default_factory=dict)
    #: The one row that the `to=` lines of a queue file make, where they make one.
    _sole: dict[int, Row | None] = field(default_factory=dict)

    def sole_entry(self, life: Life) -> Row | None:
        """The row of the one recipient that a queue file delivers to; None where there are none or several."""
        if id(life) not in self._sole:
            entries = _entries(life, self.within)
            self._sole[id(life)] = entries[0] if len(entries) == 1 else None
        return self._sole[id(life)]


def people_of(event: Event) -> frozenset[str]:
    """The recipients that an event lists, as they are compared; many rows ask for the same event."""
    if event.people is None:
        event.people = frozenset(fold(r) for name in ("recipients", "others") for r in getattr(event.fact, name, ()))
    return event.people


def plant(message: Message, within: Within) -> Tree:
    """Order the parts of a message: what begins it, and what follows what."""
    onward: dict[int, list[tuple[Part, str]]] = defaultdict(list)
    scans: dict[int, list[Scan]] = defaultdict(list)
    loose: dict[int, list[Loose]] = defaultdict(list)
    follows: set[int] = set()
    brought = {id(target) for _, target, how in message.edges if how in _BROUGHT}
    for source, target, how in message.edges:
        if how == "resent" and id(target) not in brought and (target, "release") not in onward[id(source)]:
            onward[id(source)].append((target, "release"))
            follows.add(id(target))
        elif how in _ONWARD:
            onward[id(source)].append((target, how))
            follows.add(id(target))
        elif isinstance(target, Loose):
            loose[id(source)].append(target)
    for life, scan in dict.fromkeys(_ties(message, onward)):
        scans[id(life)].append(scan)
        follows.add(id(scan))
    for found in scans.values():
        found.sort(key=lambda s: (s.start_us, s.key))
    for pieces in loose.values():
        pieces.sort(key=lambda p: (p.start_us, p.key))
    for hops in onward.values():
        hops.sort(key=lambda h: (h[0].start_us, h[0].key, h[1]))
    parts: list[Part] = [*message.lives, *message.scans]
    roots = [p for p in parts if id(p) not in follows]
    if not roots and parts:
        # Hand-overs that go round in a circle (a forged or repeated id): begin with the earliest.
        roots = parts[:1]
    return Tree(message, within, onward, scans, loose, roots)


def _ties(message: Message, onward: dict[int, list[tuple[Part, str]]]) -> Iterator[tuple[Life, Scan]]:
    """Which scan belongs to which queue file: it names it, the file's reply names the scan, or both name the same next file."""
    tied: set[int] = set()
    for source, target, how in message.edges:
        pair = (source, target) if isinstance(source, Life) else (target, source)
        if how not in _UNTIED and isinstance(pair[0], Life) and isinstance(pair[1], Scan):
            tied.add(id(pair[1]))
            yield pair[0], pair[1]
    relayed: dict[int, list[Life]] = defaultdict(list)
    for life in message.lives:
        for next_id in {id(t) for t, how in onward[id(life)] if how == "relay"}:
            relayed[next_id].append(life)
    for scan in message.scans:
        if id(scan) in tied:
            continue
        for next_id in {id(t) for t, how in onward[id(scan)] if how == "next"}:
            yield from ((life, scan) for life in relayed[next_id])


def rows_of(tree: Tree, part: Part, seen: frozenset[int] = frozenset()) -> list[Row]:
    """The recipients of a queue file or scan, followed to their last hop."""
    if id(part) in seen or isinstance(part, Loose):
        return []
    seen |= {id(part)}
    if isinstance(part, Scan):
        entries = [Row(r, r, [part]) for r in recipients_of(part, tree.loose[id(part)])]
        rows, released = _expand(tree, part, [part], entries, seen)
        return _merge(_with_releases(part, rows, released))
    entries = _entries(part, tree.within)
    scans = tree.scans[id(part)]
    known = {fold(e.final) for e in entries if e.final is not None}
    beside = [scan for scan in scans if _is_beside(scan, part)]
    for scan in scans:
        for address in recipients_of(scan, tree.loose[id(scan)]) if scan not in beside else ():
            if fold(address) not in known:
                known.add(fold(address))
                entries.append(Row(address, address, [part]))
    rows, released = _expand(tree, part, scans, entries, seen)
    listed = [
        *_listed(part, tree.loose[id(part)]),
        *((a, _stops(tree, scan, a)) for scan in beside for a in recipients_of(scan, tree.loose[id(scan)])),
    ]
    rows = _with_named(part, _with_rules(part, rows), listed, tree.within)
    seeing = _Seeing(tree, beside)
    rows = [_through_scans(tree, row, seeing.of(row)) for row in rows] if beside else rows
    rows = _merge(_with_releases(part, rows, released))
    # Refused at first and accepted at a second try in the same dialogue: the refusal is a line of its journey, no fate.
    accepted = {row.key for row in rows}
    return rows + _merge([row for row in _refused(part) if row.key not in accepted])


def recipients_of(scan: Scan, loose: list[Loose]) -> list[str]:
    """The recipients that a scan's lines name, each once, in the order of first mention."""
    found: dict[str, str] = {}
    for event in scan.events:
        fact = event.fact
        if isinstance(fact, Scanned | Inspected) or (isinstance(fact, Passed) and fact.how == "forward"):
            for address in (*fact.recipients, *getattr(fact, "others", ())):
                found.setdefault(fold(address), address)
    if not found:
        for piece in loose:
            for event in piece.events:
                fact = event.fact
                named = fact.recipients if isinstance(fact, Inspected) else fact.recipients[:1] if isinstance(fact, Ruled) else []
                for one in named:
                    if one:
                        found.setdefault(fold(one), one)
    return list(found.values())


def _entries(life: Life, within: Within) -> list[Row]:
    """The rows that the `to=` lines of one queue file make."""
    groups: dict[tuple[str, str], list[Event]] = defaultdict(list)
    #: Named and final address as the first try to a pair has them.
    addresses: dict[tuple[str, str], tuple[str, str]] = {}
    for event in life.attempts:
        fact = event.fact
        assert isinstance(fact, Attempted)  # noqa: S101 - `Life` sorts them so
        named = fact.original or fact.recipient
        # A box that keeps mail back is nobody's address.
        final = named if within.keeps(fact) else fact.recipient
        pair = fold(named), fold(final)
        groups[pair].append(event)
        addresses.setdefault(pair, (named, final))
    _pass_on(groups)
    rows = []
    for pair, events in ((pair, way) for pair, group in groups.items() for way in _ways(group)):
        events.sort(key=order)
        handed = [e for e in events if hands_over(e, within)]
        moved = {id(e) for e in handed}
        tried = [e for e in events if id(e) not in moved and isinstance(e.fact, Attempted) and not (e.fact.skipped or e.fact.automatic)]
        rows.append(Row(*addresses[pair], [life], attempts=events, handed=handed, tries=len(tried)))
    return rows


def _pass_on(groups: dict[tuple[str, str], list[Event]]) -> None:
    """Give the tries of an address that was put off before it was known what it becomes to the addresses that it became."""
    for pair in [p for p in groups if p[0] == p[1]]:
        heirs = [other for other in groups if other[0] == pair[0] and other != pair]
        if heirs and all(isinstance(e.fact, Attempted) and _unrouted(e.fact) for e in groups[pair]):
            for heir in heirs:
                groups[heir] = groups[pair] + groups[heir]
            del groups[pair]


def _unrouted(fact: Attempted) -> bool:
    """Whether a delivery was put off before a transport was chosen (Exim)."""
    return fact.status == "deferred" and fact.transport is None and fact.relay is None


def _ways(group: list[Event]) -> list[list[Event]]:
    """The deliveries of one address; where it is forwarded and keeps a copy they are two, for that makes two recipients in the end."""
    if not any(isinstance(e.fact, Attempted) and e.fact.forwarded for e in group):
        return [group]
    copies = [e for e in group if isinstance(e.fact, Attempted) and e.fact.status == "sent" and not e.fact.forwarded]
    kept = {id(e) for e in copies}
    return [way for way in ([e for e in group if id(e) not in kept], copies) if way]


def hands_over(event: Event, within: Within) -> bool:
    """Whether a delivery only moved the message on within the log domain."""
    fact = event.fact
    return isinstance(fact, Attempted) and fact.status == "sent" and (fact.forwarded or within.takes(fact))


#: What an operator let go: the scan that had kept it, and the row of the copy.
_Released = list[tuple[Scan, Row]]


def _expand(tree: Tree, part: Part, scans: list[Scan], entries: list[Row], seen: frozenset[int]) -> tuple[list[Row], _Released]:
    """Follow the rows of a hop into the next ones; what an operator released comes apart."""
    kids: dict[int, tuple[Life, str]] = {}
    for source in (part, *scans):
        for target, how in tree.onward[id(source)]:
            if isinstance(target, Life):
                kids.setdefault(id(target), (target, how))
    below: list[Row] = []
    released: _Released = []
    let_go = {id(scan): {id(t) for t, _ in tree.onward[id(scan)]} for scan in scans}
    for life, how in kids.values():
        for row in rows_of(tree, life, seen):
            if how == "release":
                released.extend((scan, row) for scan in scans if id(life) in let_go[id(scan)])
            else:
                below.append(row)
    by_name, by_final = _indexed(below, "named"), _indexed(below, "final")
    made: dict[str, list[Row]] = defaultdict(list)
    for b in below:
        if isinstance(b.path[0], Life):
            made[b.path[0].queue_id].append(b)
    going: dict[str, list[Life]] = defaultdict(list)
    for kid, how in kids.values():
        if how != "release":
            going[kid.queue_id].append(kid)
    order_of = {id(kid): number for number, (kid, _) in enumerate(kids.values())}
    seeing = _Seeing(tree, scans)
    used: set[int] = set()
    rows: list[Row] = []
    gone_on = {entry.key for entry in entries if entry.handed}
    for entry in entries:
        if entry.attempts and not entry.handed and entry.key in gone_on:
            # The copy that an address keeps beside what it forwards stays here.
            rows.append(_through_scans(tree, entry, seeing.of(entry)))
            continue
        row = _through_scans(tree, entry, seeing.of(entry))
        final = fold(row.final) if row.final is not None else None
        found = by_name.get(final) or by_final.get(final) or _forwarded(row, made)
        if found and not _kept(row):
            used.update(id(b) for b in found)
            rows += [_joined(row, b) for b in found]
        else:
            rows.append(_pending(tree, row, going, order_of))
    finals = set(_indexed(rows, "final"))
    for b in below:
        if id(b) not in used and (b.final is None or fold(b.final) not in finals):
            rows.append(replace(b, path=[part, *[s for s in scans if s not in b.path and not _is_beside(s, part)], *b.path]))
    return rows, released


def _indexed(rows: list[Row], name: str) -> dict[str | None, list[Row]]:
    """Rows by the address that is their name or final one, as it is compared."""
    found: dict[str | None, list[Row]] = defaultdict(list)
    for row in rows:
        address = getattr(row, name)
        if address is not None:
            found[fold(address)].append(row)
    return found


def _forwarded(row: Row, below: dict[str, list[Row]]) -> list[Row]:
    """The rows of the queue files that a local delivery made of an address, whatever they are called there; `below` by queue id."""
    made = [e.fact.next_id for e in row.handed if isinstance(e.fact, Attempted) and e.fact.forwarded]
    return [b for queue_id in dict.fromkeys(made) for b in below.get(queue_id or "", ())]


class _Seeing:
    """The scans of a queue file by the addresses that they saw: of many scans of one message, each saw few of its recipients."""

    def __init__(self, tree: Tree, scans: list[Scan]) -> None:
        self._order = {id(scan): number for number, scan in enumerate(scans)}
        self._by_address: dict[str, list[Scan]] = defaultdict(list)
        for scan in scans:
            for address in _seen_by(tree, scan):
                self._by_address[address].append(scan)

    def of(self, row: Row) -> list[Scan]:
        """Those that saw a row's recipient, by one of its names."""
        names = {fold(row.final) if row.final is not None else "", *([fold(row.named)] if row.named is not None else [])}
        found = {id(scan): scan for name in names for scan in self._by_address.get(name, ())}
        return sorted(found.values(), key=lambda scan: self._order[id(scan)])


def _through_scans(tree: Tree, row: Row, scans: list[Scan]) -> Row:
    """A row with the scans that saw its recipient on its path, and the last one's result."""
    path, result, chosen = list(row.path), row.result, row.scan
    final = fold(row.final) if row.final is not None else ""
    for scan in scans:
        if scan in path and scan is not path[0]:
            continue
        beside = _is_beside(scan, path[-1])
        results = _seen_by(tree, scan).get(final)
        if results is None and beside and row.named is not None:
            # A milter sees the address as the client named it, before it becomes others.
            results = _seen_by(tree, scan).get(fold(row.named))
        if results is None:
            continue
        if scan not in path:
            # Beside the queue it hands nothing on: the journey ends in the queue file.
            path.insert(len(path) - 1 if beside else len(path), scan)
        chosen = scan
        if results:
            # A record that blocks outweighs one that passes: amavis lists a recipient in one of them only.
            result = next((r for r in results if not r.passed), results[-1])
    return replace(row, path=path, result=result, scan=chosen)


def _stops(tree: Tree, scan: Scan, address: str) -> bool:
    """Whether a scan stopped the copy of a recipient: a milter takes him off the message, and no other line names him."""
    return any(not result.passed for result in _seen_by(tree, scan).get(fold(address), []))


def _is_beside(scan: Scan, part: Part) -> bool:
    """Whether a scan was made beside the queue: by what it says, or because the mail server did what a milter said."""
    return scan.beside or (isinstance(part, Life) and bool(part.milter_rules))


def _seen_by(tree: Tree, scan: Scan) -> dict[str, list[Scanned]]:
    """The recipients that a scan names, as they are compared, with its results for them."""
    known = tree.seen.get(id(scan))
    if known is None:
        known = tree.seen[id(scan)] = {fold(address): [] for address in recipients_of(scan, tree.loose[id(scan)])}
        for event in scan.results:
            if isinstance(event.fact, Scanned):
                passed = {fold(address) for address in event.fact.others}
                for address in people_of(event):
                    result = structs.replace(event.fact, passed=True, others=[]) if address in passed else event.fact
                    known.setdefault(address, []).append(result)
    return known


def _kept(row: Row) -> bool:
    """Whether the filter stopped the recipient's copy."""
    return row.result is not None and not row.result.passed


def _joined(above: Row, below: Row) -> Row:
    """A row of the next hop under the name that the recipient had before."""
    return replace(
        below,
        named=above.named,
        path=[*above.path, *[p for p in below.path if p not in above.path]],
        handed=[*above.handed, *below.handed],
        tries=above.tries + below.tries,
        result=below.result or above.result,
        scan=below.scan or above.scan,
    )


def _pending(tree: Tree, row: Row, kids: dict[str, list[Life]], order_of: dict[int, int]) -> Row:
    """A row whose recipient has no line in the next hop yet: it is where the hand-over named, if that is seen.

    The next hops come by queue id, and with their order.
    """
    if _kept(row) or not kids:
        return row
    targets = {e.fact.next_id or "" for e in row.handed if isinstance(e.fact, Attempted)}
    if row.scan is not None:
        targets |= {i for e in row.scan.results if isinstance(e.fact, Scanned) for i in e.fact.next_ids}
    only = next(iter(kids.values())) if len(kids) == 1 else []
    found = only if len(only) == 1 else [kid for i in targets if i in kids for kid in kids[i]]
    if not found:
        return row
    kid = min(found, key=lambda k: order_of[id(k)])
    twin = tree.sole_entry(kid) if kid.removed is not None else None
    if twin is not None:
        # The queue file is done and has one recipient: this address became a duplicate of it.
        return _joined(row, replace(twin, path=[kid]))
    return replace(row, path=[*row.path, kid], attempts=[])


def _with_rules(life: Life, rows: list[Row]) -> list[Row]:
    """Add the recipients that only rules name: sent elsewhere (they share the target's fate), or nothing tried for them yet."""
    finished = life.removed is not None
    known = {name for r in rows for name in r.key}
    for event in life.rules_of_all:
        rule = event.fact
        if not isinstance(rule, Ruled) or rule.recipient is None or fold(rule.recipient) in known:
            continue
        target = fold(rule.target) if rule.target is not None and rule.action == "redirect" else None
        shared = next((r for r in rows if r.key[1] == target), None) if target is not None else None
        if shared is not None:
            rows.append(replace(shared, named=rule.recipient))
        elif not (finished and rows):
            rows.append(Row(rule.recipient, rule.recipient, [life]))
        else:
            continue
        known.update(rows[-1].key)
    return rows


def _with_named(life: Life, rows: list[Row], listed: list[tuple[str, bool]], within: Within) -> list[Row]:
    """Add the recipients that lines list without saying more: a filter's result, a refusal's headers, Exim's `for`.

    In a queue file that is done, one without a line of its own became the same address as another one, whose fate it shares.
    """
    rows = list(rows)
    known = {name for r in rows for name in r.key}
    twin = _twin(rows, within)
    for recipient, told in listed:
        if fold(recipient) in known:
            continue
        if life.removed is None or not rows or (told and twin is None):
            rows.append(Row(recipient, recipient, [life]))
        elif told and twin is not None:
            rows.append(replace(twin, named=recipient, final=recipient if twin.key[0] == twin.key[1] else twin.final))
        else:
            continue
        known.update(rows[-1].key)
    return rows


def _twin(rows: list[Row], within: Within) -> Row | None:
    """The row that an address without a line of its own became, where that can be one only."""
    twins = [
        r
        for r in rows
        if not any(isinstance(e.fact, Attempted) and e.fact.cut_through for e in r.attempts)
        and (r.key[0] != r.key[1] or any(within.keeps(e.fact) for e in r.attempts if isinstance(e.fact, Attempted)))
    ]
    finals = {r.key[1] for r in twins if r.key[0] != r.key[1]} or {None for _ in twins}
    return twins[0] if len(finals) == 1 else None


def _listed(life: Life, loose: list[Loose]) -> Iterator[tuple[str, bool]]:
    """The recipients that lines of a queue file list, and whether that is the mail server's own list of whom it took the message for."""
    if life.received is not None:
        yield from ((address, True) for address in life.received.recipients)
    for event in (*life.rules, *life.judged, *(e for piece in loose for e in piece.events)):
        if isinstance(event.fact, Judged) or (isinstance(event.fact, Ruled) and event.fact.source != "proxy" and not event.fact.of_one):
            yield from ((address, False) for address in event.fact.recipients)


def _refused(life: Life) -> list[Row]:
    """The recipients that were refused or dropped while others of the same message were accepted."""
    return [
        Row(event.fact.recipient, event.fact.recipient, [life], refusal=event)
        for event in life.rules
        if isinstance(event.fact, Ruled) and event.fact.of_one and event.fact.recipient is not None
    ]


def _with_releases(part: Part, rows: list[Row], released: _Released) -> list[Row]:
    """Tie what was released to the row of the same recipient; released to somebody else it is a row of its own."""
    strangers: list[Row] = []
    by_final = _indexed(rows, "final") if released else {}
    for scan, copy in released:
        found = {id(r): r for name in copy.key if name is not None for r in by_final.get(name, ())}
        mine = [r for r in found.values() if scan in r.path]
        for row in mine:
            row.released = copy if row.released is None or copy.attempts else row.released
        if not mine and copy.final is not None:
            strangers.append(replace(copy, path=[part, *([scan] if scan is not part else []), *copy.path], scan=scan))
    return rows + strangers


def _merge(rows: list[Row]) -> list[Row]:
    """Rows of the same pair are one: a recipient named twice, or tried over two ways."""
    merged: dict[tuple[object, ...], Row] = {}
    for row in rows:
        key = (*row.key, row.refusal is not None)
        known = merged.get(key)
        if known is None:
            merged[key] = row
            continue
        both = {id(e): e for e in (*known.attempts, *row.attempts)}
        last = row if row.attempts or not known.attempts else known
        merged[key] = replace(
            last,
            path=[*known.path, *[p for p in row.path if p not in known.path]],
            attempts=sorted(both.values(), key=order),
            handed=[*known.handed, *[e for e in row.handed if e not in known.handed]],
            tries=known.tries + sum(1 for e in row.attempts if e not in known.attempts),
            result=row.result or known.result,
            scan=row.scan or known.scan,
            released=row.released or known.released,
        )
    return list(merged.values())
