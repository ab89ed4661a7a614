"""Recipients: each recipient of a message, followed over its hops, from the address as the client named it to the final one.

A recipient is what a trace is made of. In each hop, `to=` lines say which address became which (`orig_to`); a hop hands over to the
next by its links; a filter's result says which recipients it kept.
"""

from __future__ import annotations

from msgspec.structs import replace

from ingest.joining.event import LiveEvent, in_order
from ingest.joining.life import Life
from ingest.joining.parts import Loose, Part, Scan
from ingest.telling.listed import listed, refused, with_listed, with_rules
from ingest.telling.recipient import Pair, Recipient, recipient
from ingest.telling.ruled import stops_in_queue
from ingest.telling.scanned import Seeing, is_beside, is_kept, listed_by, through
from ingest.telling.tree import Tree
from mappings.address import fold, local_of
from mappings.facts import Attempted, Ruled, Scanned
from mappings.links import How
from mappings.log_words import Status

#: What ends the way of a copy in a queue file.
_FINAL = frozenset({Status.SENT, Status.BOUNCED, Status.EXPIRED})
#: After this nothing of a copy goes on.
_RETURNED = frozenset({Status.BOUNCED, Status.EXPIRED})
#: What an operator let go: the scan that had kept it, and the recipient of the copy.
_Released = list[tuple[Scan, Recipient]]


def recipients_of(tree: Tree, part: Part, seen: frozenset[Part] = frozenset()) -> list[Recipient]:
    """The recipients of a queue file or scan, followed to their last hop."""
    if part in seen or isinstance(part, Loose):
        return []
    seen |= {part}
    if isinstance(part, Scan):
        entries = [recipient(address, [part]) for address in listed_by(part, tree.loose.get(part, ()))]
        found, released = _expand(tree, part, [part], entries, seen)
        return _merge(_with_releases(part, found, released))
    entries = _entries(part, tree)
    if _moved(tree, part):
        known = {name for one in entries for name in one.pair}
        entries += [one for one in _ruled(part) if one.pair[0] not in known]
    scans = tree.scans.get(part, [])
    beside = [scan for scan in scans if is_beside(scan, part)]
    if len(beside) < len(scans):
        _add_scanned(tree, part, entries, [scan for scan in scans if scan not in beside])
    found, released = _expand(tree, part, scans, entries, seen)
    if part.rules_of_all:
        found = with_rules(part, found)
    found = with_listed(part, found, listed(part, tree, beside), tree)
    if beside:
        seeing = Seeing(tree, beside)
        found = [through(tree, one, seeing.of(one)) for one in found]
    found = _merge(_with_releases(part, found, released))
    # Refused at first and accepted at a second try in the same dialogue: the refusal is a line of its journey, no fate.
    accepted = {one.pair for one in found}
    turned_away = [one for one in refused(part) if one.pair not in accepted] if part.rules else []
    return found + _merge(turned_away) if turned_away else found


def _moved(tree: Tree, life: Life) -> bool:
    """Whether a filter took all of it out of the queue and put it back: a rule that took it there did nothing else."""
    moved = any(how is How.PUT_BACK for _, how, _ in tree.onward.get(life, ()))
    return moved and not any(isinstance(e.fact, Ruled) and stops_in_queue(e.fact) for e in life.rules_of_all)


def _ruled(life: Life) -> list[Recipient]:
    """The recipients that rules about the whole message name."""
    named = dict.fromkeys(r for e in life.rules_of_all if isinstance(e.fact, Ruled) for r in e.fact.recipients)
    return _merge([recipient(address, [life]) for address in named])


# -- what one queue file delivers


def _entries(life: Life, tree: Tree) -> list[Recipient]:
    """The recipients that the `to=` lines of one queue file name."""
    within = tree.within
    groups: dict[tuple[str, str], list[LiveEvent]] = {}
    #: Named and final address as the first try to a pair has them.
    addresses: dict[tuple[str, str], tuple[str, str]] = {}
    for event in life.attempts:
        fact = event.fact
        assert isinstance(fact, Attempted)  # noqa: S101 - `Life` sorts them so
        named = fact.original or fact.recipient
        # A box that keeps mail back, or one that answers by itself, is nobody's address.
        final = named if fact.original is None or fact.automatic or within.keeps(fact) else fact.recipient
        folded = fold(named)
        pair = folded, folded if final is named else fold(final)
        if pair in groups:
            groups[pair].append(event)
        else:
            groups[pair] = [event]
            addresses[pair] = named, final
    if len(groups) > 1:
        _pass_on(groups)
    led_to = {hand[0].queue_id for hand in tree.onward.get(life, ()) if hand[1] is How.RELAY and isinstance(hand[0], Life)}
    found: list[Recipient] = []
    for pair, group in groups.items():
        for tries in _ways(group):
            handed: list[LiveEvent] = []
            tried = 0
            for event in tries:
                fact = event.fact
                if isinstance(fact, Attempted) and (event in tree.piped or within.hands_over(fact) or fact.next_id in led_to):
                    handed.append(event)
                elif _is_try(event):
                    tried += 1
            found.append(Recipient(*addresses[pair], pair, [life], tries, handed, tried))
    return found


def _is_try(event: LiveEvent) -> bool:
    """Whether something was tried: neither our own cache answered, nor was an automatic answer made."""
    fact = event.fact
    return isinstance(fact, Attempted) and not (fact.skipped or fact.automatic)


def _pass_on(groups: dict[tuple[str, str], list[LiveEvent]]) -> None:
    """Give to the addresses that another one became its tries from before that was known, and its automatic answers."""
    became: dict[str, list[tuple[str, str]]] = {}
    for pair in groups:
        if pair[0] != pair[1]:
            became.setdefault(pair[0], []).append(pair)
    for named, heirs in became.items():
        waited = groups.get((named, named))
        if waited is not None and all(isinstance(e.fact, Attempted) and (_unrouted(e.fact) or e.fact.automatic) for e in waited):
            for heir in heirs:
                groups[heir] = sorted(waited + groups[heir], key=in_order)
            del groups[named, named]


def _unrouted(fact: Attempted) -> bool:
    """Whether a delivery was put off before it was known by which way it goes."""
    return fact.status is Status.DEFERRED and fact.transport is None and fact.relay is None


def _ways(group: list[LiveEvent]) -> list[list[LiveEvent]]:
    """The deliveries of one address; where it is forwarded and keeps a copy they are two, for that makes two recipients in the end."""
    if not any(isinstance(e.fact, Attempted) and e.fact.forwarded for e in group):
        return [group]
    copies = [e for e in group if isinstance(e.fact, Attempted) and e.fact.status in _FINAL and not (e.fact.forwarded or e.fact.automatic)]
    kept = set(copies)
    return [way for way in ([e for e in group if e not in kept], copies) if way]


def _add_scanned(tree: Tree, life: Life, entries: list[Recipient], scans: list[Scan]) -> None:
    """Add the recipients that only the scans of a queue file name."""
    known = {entry.pair[1] for entry in entries}
    for scan in scans:
        for address in listed_by(scan, tree.loose.get(scan, ())):
            if fold(address) not in known:
                known.add(fold(address))
                entries.append(recipient(address, [life]))


# -- over the hops


def _expand(
    tree: Tree, part: Part, scans: list[Scan], entries: list[Recipient], seen: frozenset[Part]
) -> tuple[list[Recipient], _Released]:
    """Follow the recipients of a hop into the next ones; what an operator released comes apart."""
    kids: dict[Life, How] = {}
    for source in (part, *scans) if part not in scans else scans:
        for target, how, _ in tree.onward.get(source, ()):
            if isinstance(target, Life):
                kids.setdefault(target, how)
    if not kids:
        seeing = Seeing(tree, scans)
        return [through(tree, entry, seeing.of(entry)) for entry in entries] if scans else entries, []
    below: list[Recipient] = []
    released: _Released = []
    let_go = {scan: {hand[0] for hand in tree.onward.get(scan, ())} for scan in scans}
    for life, how in kids.items():
        found = recipients_of(tree, life, seen)
        if how is How.RELEASE:
            released += [(scan, one) for one in found for scan in scans if life in let_go[scan]]
        else:
            below += found
    return _handed_on(tree, part, scans, entries, _Below(below, kids)), released


#: What was let go of by an operator, and a part of a queue file, have recipients of their own: the others are not waited for there.
_APART = frozenset({How.RELEASE, How.SPLIT})


class _Below:
    """The recipients of the next hops, by their addresses and queue ids."""

    __slots__ = ("all", "by_final", "by_name", "locals", "made", "order", "waiting")

    def __init__(self, below: list[Recipient], kids: dict[Life, How]) -> None:
        self.all = below
        self.by_name = _indexed(below, 0)
        self.by_final = _indexed(below, 1)
        #: The addresses that the next hops name, by what stands before the @; found where it is asked for.
        self.locals: dict[str, list[str]] | None = None
        self.made: dict[str, list[Recipient]] = {}
        for one in below:
            first = one.path[0]
            if isinstance(first, Life):
                self.made.setdefault(first.queue_id, []).append(one)
        #: The next queue files by their ids, and in their order.
        self.waiting: dict[str, list[Life]] = {}
        self.order = {life: number for number, life in enumerate(kids)}
        for life, how in kids.items():
            if how not in _APART:
                self.waiting.setdefault(life.queue_id, []).append(life)

    def of(self, above: Recipient) -> list[Recipient]:
        """Those that a recipient became: of its address, else of the queue files that a local delivery made of it."""
        final = above.pair[1]
        found = self.by_name.get(final) or self.by_final.get(final) or self._completed(final)
        if found:
            return found
        made = [e.fact.next_id for e in above.handed if isinstance(e.fact, Attempted) and e.fact.forwarded]
        return [one for queue_id in dict.fromkeys(made) for one in self.made.get(queue_id or "", ())]

    def _completed(self, name: str | None) -> list[Recipient]:
        """Those whose address is a name without a domain, to which the next hop gave one; none where it has several such addresses."""
        if name is None or local_of(name) != name:
            return []
        if self.locals is None:
            self.locals = {}
            for address in self.by_name:
                if address is not None:
                    self.locals.setdefault(local_of(address), []).append(address)
        whole = self.locals.get(name, [])
        return self.by_name[whole[0]] if len(whole) == 1 else []


def _handed_on(tree: Tree, part: Part, scans: list[Scan], entries: list[Recipient], below: _Below) -> list[Recipient]:
    """The recipients of a hop as those of the next ones, and the next ones' that no line of this one names."""
    seeing = Seeing(tree, scans)
    used: set[int] = set()
    found: list[Recipient] = []
    gone_on = {entry.pair for entry in entries if entry.handed}
    for entry in entries:
        one = through(tree, entry, seeing.of(entry)) if scans else entry
        if entry.attempts and not entry.handed and entry.pair in gone_on:
            # The copy that an address keeps beside what it forwards stays here.
            found.append(one)
            continue
        became = below.of(one)
        if became and not is_kept(one):
            used.update(map(id, became))
            found += [_joined(one, b) for b in became]
        else:
            found.append(_pending(tree, one, below))
    finals = {one.pair[1] for one in found}
    for b in below.all:
        if id(b) not in used and (b.pair[1] is None or b.pair[1] not in finals):
            found.append(replace(b, path=[part, *[s for s in scans if s not in b.path and not is_beside(s, part)], *b.path]))
    return found


def _indexed(found: list[Recipient], side: int) -> dict[str | None, list[Recipient]]:
    """Recipients by the address that they are named by (0) or that is their final one (1)."""
    index: dict[str | None, list[Recipient]] = {}
    for one in found:
        address = one.pair[side]
        if address is not None:
            index.setdefault(address, []).append(one)
    return index


def _joined(above: Recipient, below: Recipient) -> Recipient:
    """A recipient of the next hop under the name that it had before."""
    return Recipient(
        above.named,
        below.final,
        (above.pair[0], below.pair[1]),
        [*above.path, *[p for p in below.path if p not in above.path]],
        below.attempts,
        above.handed + below.handed,
        above.tries + below.tries,
        below.result or above.result,
        below.scan or above.scan,
        below.refusal,
        below.released,
    )


def _pending(tree: Tree, one: Recipient, below: _Below) -> Recipient:
    """One that has no line in the next hop yet: it is where the hand-over named, if that is seen."""
    if is_kept(one) or not below.waiting or _turned_away(one):
        return one
    targets = {e.fact.next_id or "" for e in one.handed if isinstance(e.fact, Attempted)}
    if one.scan is not None:
        targets |= {i for e in one.scan.results if isinstance(e.fact, Scanned) for i in e.fact.next_ids}
    only = next(iter(below.waiting.values())) if len(below.waiting) == 1 else []
    found = only if len(only) == 1 else [life for i in targets if i in below.waiting for life in below.waiting[i]]
    if not found:
        return one
    life = min(found, key=below.order.__getitem__)
    twin = _sole_entry(tree, life) if life.removed is not None else None
    if twin is not None:
        # The queue file is done and has one recipient: this address became a duplicate of it.
        return _joined(one, replace(twin, path=[life]))
    return replace(one, path=[*one.path, life], attempts=[])


def _turned_away(one: Recipient) -> bool:
    """Whether its copy ended in this hop: nothing of it was handed over, and the last try was the end of it."""
    last = one.attempts[-1].fact if one.attempts and not one.handed else None
    return isinstance(last, Attempted) and last.status in _RETURNED


def _sole_entry(tree: Tree, life: Life) -> Recipient | None:
    """The one recipient that a queue file delivers to; None where there are none or several."""
    if life not in tree.soles:
        entries = _entries(life, tree)
        tree.soles[life] = entries[0] if len(entries) == 1 else None
    return tree.soles[life]


# -- together


def _with_releases(part: Part, found: list[Recipient], released: _Released) -> list[Recipient]:
    """Tie what was released to the same recipient; released to somebody else it is one of its own."""
    if not released:
        return found
    strangers: list[Recipient] = []
    by_final = _indexed(found, 1)
    for scan, copy in released:
        same = {id(one): one for name in copy.pair if name is not None for one in by_final.get(name, ())}
        mine = [one for one in same.values() if scan in one.path]
        for one in mine:
            one.released = copy if one.released is None or copy.attempts else one.released
        if not mine and copy.final is not None:
            strangers.append(replace(copy, path=[part, *([scan] if scan is not part else []), *copy.path], scan=scan))
    return found + strangers


def _merge(found: list[Recipient]) -> list[Recipient]:
    """Those of the same pair are one: a recipient named twice, or tried over two ways."""
    if len(found) < 2:
        return found
    merged: dict[tuple[Pair, bool], Recipient] = {}
    for one in found:
        key = (one.pair, one.refusal is not None)
        known = merged.get(key)
        merged[key] = one if known is None else _together(known, one)
    return list(merged.values())


def _together(known: Recipient, one: Recipient) -> Recipient:
    """Two of the same pair."""
    tried, handed = set(known.attempts), set(known.handed)
    new = [e for e in one.attempts if e not in tried]
    last = one if one.attempts or not known.attempts else known
    return replace(
        last,
        path=[*known.path, *[p for p in one.path if p not in known.path]],
        attempts=sorted([*known.attempts, *new], key=in_order),
        handed=[*known.handed, *[e for e in one.handed if e not in handed]],
        tries=known.tries + sum(_is_try(e) for e in new if e not in one.handed),
        result=one.result or known.result,
        scan=one.scan or known.scan,
        released=one.released or known.released,
    )
