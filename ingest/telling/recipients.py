"""Recipients: each recipient of a message, followed over its hops, from the address as the client named it to the final one.

A recipient is what a trace is made of. In each hop, `to=` lines say which address became which (`orig_to`); a hop hands over to the
next by its links; a filter's result says which recipients it kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec.structs import replace

from ingest.joining.event import Event, in_order
from ingest.joining.life import Life
from ingest.joining.parts import Loose, Part, Scan
from ingest.telling.tree import Tree
from mappings.address import fold
from mappings.facts import Attempted, Inspected, Judged, Passed, Ruled, Scanned
from mappings.links import How
from mappings.log_words import Action, Decider, Sending, Status

#: Named and final address as they are compared: what makes recipients different.
Pair = tuple[str | None, str | None]
_NOBODY: Pair = (None, None)


class Recipient(msgspec.Struct, eq=False):
    """One recipient of one message."""

    #: As the client named it, and as it is in the last hop; None where no line names it.
    named: str | None
    final: str | None
    pair: Pair
    #: Queue files and scans on its way, in order.
    path: list[Part]
    #: Deliveries tried for it in the last hop, and over all hops those that handed on to the next one.
    attempts: list[Event] = []
    handed: list[Event] = []
    #: Deliveries tried, hand-overs within the log domain not counted.
    tries: int = 0
    #: The filter's result for it, the last one where there are several.
    result: Scanned | None = None
    scan: Scan | None = None
    #: The line that refused this recipient in the dialogue.
    refusal: Event | None = None
    #: What became of the copy that an operator released.
    released: Recipient | None = None

    @property
    def names(self) -> set[str]:
        """Its addresses, as they are compared."""
        return {one for one in self.pair if one is not None}


def recipient(named: str | None, path: list[Part], **more: Any) -> Recipient:
    """A recipient of whom one address is known, or none."""
    folded = None if named is None else fold(named)
    return Recipient(named, named, (folded, folded), path, **more)


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
    scans = tree.scans.get(part, [])
    beside = [scan for scan in scans if _is_beside(scan, part)]
    if len(beside) < len(scans):
        _add_scanned(tree, part, entries, [scan for scan in scans if scan not in beside])
    found, released = _expand(tree, part, scans, entries, seen)
    if part.rules_of_all:
        found = _with_rules(part, found)
    found = _with_listed(part, found, _listed(part, tree, beside), tree)
    if beside:
        seeing = _Seeing(tree, beside)
        found = [_through(tree, one, seeing.of(one)) for one in found]
    found = _merge(_with_releases(part, found, released))
    # Refused at first and accepted at a second try in the same dialogue: the refusal is a line of its journey, no fate.
    accepted = {one.pair for one in found}
    refused = [one for one in _refused(part) if one.pair not in accepted] if part.rules else []
    return found + _merge(refused) if refused else found


def listed_by(scan: Scan, loose: Iterable[Loose]) -> list[str]:
    """The recipients that a scan's lines name, each once, in the order of first mention; else those of lines that only share its log id."""
    found: dict[str, str] = {}
    for event in scan.events:
        fact = event.fact
        if isinstance(fact, Scanned | Inspected) or (isinstance(fact, Passed) and fact.how is Sending.FORWARD):
            for address in fact.people():
                found.setdefault(fold(address), address)
    if not found:
        for fact in [event.fact for piece in loose for event in piece.events]:
            if isinstance(fact, Inspected | Ruled):
                for address in fact.recipients:
                    if address:
                        found.setdefault(fold(address), address)
    return list(found.values())


# -- what one queue file delivers


def _entries(life: Life, tree: Tree) -> list[Recipient]:
    """The recipients that the `to=` lines of one queue file name."""
    within = tree.within
    groups: dict[tuple[str, str], list[Event]] = {}
    #: Named and final address as the first try to a pair has them.
    addresses: dict[tuple[str, str], tuple[str, str]] = {}
    for event in life.attempts:
        fact = event.fact
        assert isinstance(fact, Attempted)  # noqa: S101 - `Life` sorts them so
        named = fact.original or fact.recipient
        # A box that keeps mail back is nobody's address.
        final = named if fact.original is None or within.keeps(fact) else fact.recipient
        folded = fold(named)
        pair = folded, folded if final is named else fold(final)
        if pair in groups:
            groups[pair].append(event)
        else:
            groups[pair] = [event]
            addresses[pair] = named, final
    if len(groups) > 1:
        _pass_on(groups)
    found: list[Recipient] = []
    for pair, group in groups.items():
        for tries in _ways(group):
            handed: list[Event] = []
            tried = 0
            for event in tries:
                fact = event.fact
                if isinstance(fact, Attempted) and within.hands_over(fact):
                    handed.append(event)
                elif isinstance(fact, Attempted) and not (fact.skipped or fact.automatic):
                    tried += 1
            found.append(Recipient(*addresses[pair], pair, [life], tries, handed, tried))
    return found


def _pass_on(groups: dict[tuple[str, str], list[Event]]) -> None:
    """Give the tries of an address that was put off before it was known what it becomes to the addresses that it became."""
    for pair in [p for p in groups if p[0] == p[1]]:
        heirs = [other for other in groups if other[0] == pair[0] and other != pair]
        if heirs and all(isinstance(e.fact, Attempted) and _unrouted(e.fact) for e in groups[pair]):
            for heir in heirs:
                groups[heir] = sorted(groups[pair] + groups[heir], key=in_order)
            del groups[pair]


def _unrouted(fact: Attempted) -> bool:
    """Whether a delivery was put off before it was known by which way it goes."""
    return fact.status is Status.DEFERRED and fact.transport is None and fact.relay is None


def _ways(group: list[Event]) -> list[list[Event]]:
    """The deliveries of one address; where it is forwarded and keeps a copy they are two, for that makes two recipients in the end."""
    if not any(isinstance(e.fact, Attempted) and e.fact.forwarded for e in group):
        return [group]
    copies = [e for e in group if isinstance(e.fact, Attempted) and e.fact.status is Status.SENT and not e.fact.forwarded]
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
        seeing = _Seeing(tree, scans)
        return [_through(tree, entry, seeing.of(entry)) for entry in entries] if scans else entries, []
    below: list[Recipient] = []
    released: _Released = []
    for life, how in kids.items():
        found = recipients_of(tree, life, seen)
        if how is How.RELEASE:
            released += [(scan, one) for one in found for scan in scans if any(hand[0] is life for hand in tree.onward.get(scan, ()))]
        else:
            below += found
    return _handed_on(tree, part, scans, entries, _Below(below, kids)), released


class _Below:
    """The recipients of the next hops, by their addresses and queue ids."""

    __slots__ = ("all", "by_final", "by_name", "made", "order", "waiting")

    def __init__(self, below: list[Recipient], kids: dict[Life, How]) -> None:
        self.all = below
        self.by_name = _indexed(below, 0)
        self.by_final = _indexed(below, 1)
        self.made: dict[str, list[Recipient]] = {}
        for one in below:
            first = one.path[0]
            if isinstance(first, Life):
                self.made.setdefault(first.queue_id, []).append(one)
        #: The next queue files by their ids, and in their order.
        self.waiting: dict[str, list[Life]] = {}
        self.order = {life: number for number, life in enumerate(kids)}
        for life, how in kids.items():
            if how is not How.RELEASE:
                self.waiting.setdefault(life.queue_id, []).append(life)

    def of(self, above: Recipient) -> list[Recipient]:
        """Those that a recipient became: of its address, else of the queue files that a local delivery made of it."""
        final = above.pair[1]
        found = self.by_name.get(final) or self.by_final.get(final)
        if found:
            return found
        made = [e.fact.next_id for e in above.handed if isinstance(e.fact, Attempted) and e.fact.forwarded]
        return [one for queue_id in dict.fromkeys(made) for one in self.made.get(queue_id or "", ())]


def _handed_on(tree: Tree, part: Part, scans: list[Scan], entries: list[Recipient], below: _Below) -> list[Recipient]:
    """The recipients of a hop as those of the next ones, and the next ones' that no line of this one names."""
    seeing = _Seeing(tree, scans)
    used: set[int] = set()
    found: list[Recipient] = []
    gone_on = {entry.pair for entry in entries if entry.handed}
    for entry in entries:
        one = _through(tree, entry, seeing.of(entry)) if scans else entry
        if entry.attempts and not entry.handed and entry.pair in gone_on:
            # The copy that an address keeps beside what it forwards stays here.
            found.append(one)
            continue
        became = below.of(one)
        if became and not _kept(one):
            used.update(map(id, became))
            found += [_joined(one, b) for b in became]
        else:
            found.append(_pending(tree, one, below))
    finals = {one.pair[1] for one in found}
    for b in below.all:
        if id(b) not in used and (b.pair[1] is None or b.pair[1] not in finals):
            found.append(replace(b, path=[part, *[s for s in scans if s not in b.path and not _is_beside(s, part)], *b.path]))
    return found


def _indexed(found: list[Recipient], side: int) -> dict[str | None, list[Recipient]]:
    """Recipients by the address that they are named by (0) or that is their final one (1)."""
    index: dict[str | None, list[Recipient]] = {}
    for one in found:
        address = one.pair[side]
        if address is not None:
            index.setdefault(address, []).append(one)
    return index


class _Seeing:
    """The scans of a queue file by the addresses that they saw: of many scans of one message, each saw few of its recipients."""

    __slots__ = ("_by_address", "_order")

    def __init__(self, tree: Tree, scans: list[Scan]) -> None:
        self._order = {scan: number for number, scan in enumerate(scans)}
        self._by_address: dict[str | None, list[Scan]] = {}
        for scan in scans:
            for address in _seen_by(tree, scan):
                self._by_address.setdefault(address, []).append(scan)

    def of(self, one: Recipient) -> list[Scan]:
        """Those that saw a recipient, by one of its names."""
        named, final = one.pair
        found = self._by_address.get(final if final is not None else "", [])
        if named is None or named == final or named not in self._by_address:
            return found
        return sorted({*found, *self._by_address[named]}, key=self._order.__getitem__)


def _through(tree: Tree, one: Recipient, scans: list[Scan]) -> Recipient:
    """A recipient with the scans that saw it on its path, and the last one's result."""
    if not scans:
        return one
    path, result, chosen = list(one.path), one.result, one.scan
    named, final = one.pair
    for scan in scans:
        if scan in path and scan is not path[0]:
            continue
        beside = _is_beside(scan, path[-1])
        results = _seen_by(tree, scan).get(final if final is not None else "")
        if results is None and beside and named is not None:
            # A milter sees the address as the client named it, before it becomes others.
            results = _seen_by(tree, scan).get(named)
        if results is None:
            continue
        if scan not in path:
            # Beside the queue it hands nothing on: the journey ends in the queue file.
            path.insert(len(path) - 1 if beside else len(path), scan)
        chosen = scan
        if results:
            # A record that blocks outweighs one that passes: one of several records of a scan lists a recipient.
            result = next((r for r in results if not r.passed), results[-1])
    return replace(one, path=path, result=result, scan=chosen)


def _is_beside(scan: Scan, part: Part) -> bool:
    """Whether a scan was made beside the queue: by what it says, or because the mail server did what a milter said."""
    return scan.beside or (isinstance(part, Life) and bool(part.milter_rules))


def _seen_by(tree: Tree, scan: Scan) -> dict[str, list[Scanned]]:
    """The recipients that a scan names, as they are compared, with its results for them."""
    known = tree.seen.get(scan)
    if known is None:
        known = tree.seen[scan] = {fold(address): [] for address in listed_by(scan, tree.loose.get(scan, ()))}
        for event in scan.results:
            if isinstance(event.fact, Scanned):
                passed = {fold(address) for address in event.fact.others}
                other = replace(event.fact, passed=True, others=[]) if passed else event.fact
                for address in dict.fromkeys(map(fold, event.fact.people())):
                    known.setdefault(address, []).append(other if address in passed else event.fact)
    return known


def _kept(one: Recipient) -> bool:
    """Whether the filter stopped the recipient's copy."""
    return one.result is not None and not one.result.passed


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
    if _kept(one) or not below.waiting:
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


def _sole_entry(tree: Tree, life: Life) -> Recipient | None:
    """The one recipient that a queue file delivers to; None where there are none or several."""
    if life not in tree.soles:
        entries = _entries(life, tree)
        tree.soles[life] = entries[0] if len(entries) == 1 else None
    return tree.soles[life]


# -- whom other lines name


def _with_rules(life: Life, found: list[Recipient]) -> list[Recipient]:
    """Add the recipients that only rules name: sent elsewhere (they share the target's fate), or nothing tried for them yet."""
    finished = life.removed is not None
    known = {name for one in found for name in one.pair}
    for rule in [e.fact for e in life.rules_of_all]:
        if not isinstance(rule, Ruled):
            continue
        for address in rule.recipients:
            if fold(address) in known:
                continue
            target = fold(rule.target) if rule.target is not None and rule.action is Action.REDIRECT else None
            shared = next((one for one in found if one.pair[1] == target), None) if target is not None else None
            if shared is not None:
                found.append(replace(shared, named=address, pair=(fold(address), shared.pair[1])))
            elif not (finished and found):
                found.append(recipient(address, [life]))
            else:
                continue
            known.update(found[-1].pair)
    return found


def _with_listed(life: Life, found: list[Recipient], listed: list[tuple[str, bool]], tree: Tree) -> list[Recipient]:
    """Add the recipients that lines list without saying more: a filter's result, the mail server's own list (True).

    In a queue file that is done, one without a line of its own became the same address as another one, whose fate it shares.
    """
    if not listed:
        return found
    found = list(found)
    known = {name for one in found for name in one.pair}
    twin = _twin(found, tree)
    for address, told in listed:
        folded = fold(address)
        if folded in known:
            continue
        if life.removed is None or not found or (told and twin is None):
            found.append(recipient(address, [life]))
        elif told and twin is not None:
            alone = twin.pair[0] == twin.pair[1]
            final, pair = (address, (folded, folded)) if alone else (twin.final, (folded, twin.pair[1]))
            found.append(replace(twin, named=address, final=final, pair=pair))
        else:
            continue
        known.update(found[-1].pair)
    return found


def _twin(found: list[Recipient], tree: Tree) -> Recipient | None:
    """The one that an address without a line of its own became, where that can be one only."""
    twins = [
        one
        for one in found
        if not any(isinstance(e.fact, Attempted) and e.fact.cut_through for e in one.attempts)
        and (one.pair[0] != one.pair[1] or any(tree.within.keeps(e.fact) for e in one.attempts if isinstance(e.fact, Attempted)))
    ]
    finals = {one.pair[1] for one in twins if one.pair[0] != one.pair[1]} or {None for _ in twins}
    return twins[0] if len(finals) == 1 else None


def _listed(life: Life, tree: Tree, beside: list[Scan]) -> list[tuple[str, bool]]:
    """The recipients that lines of a queue file list, and whether that tells of whom it took the message for, or whom it took off it."""
    found: list[tuple[str, bool]] = []
    if life.received is not None:
        found += [(address, True) for address in life.received.recipients]
    listing = [*life.rules_of_all, *life.judged, *(e for piece in tree.loose.get(life, ()) for e in piece.events)]
    for fact in [event.fact for event in listing]:
        if isinstance(fact, Judged) or (isinstance(fact, Ruled) and fact.source is not Decider.PROXY):
            found += [(address, False) for address in fact.recipients]
    for scan in beside:
        for address in listed_by(scan, tree.loose.get(scan, ())):
            # A milter takes him off the message, and no other line names him.
            stopped = any(not result.passed for result in _seen_by(tree, scan).get(fold(address), []))
            found.append((address, stopped))
    return found


def _refused(life: Life) -> Iterator[Recipient]:
    """The recipients that were refused or dropped while others of the same message were accepted."""
    for event in life.rules:
        if isinstance(event.fact, Ruled) and event.fact.of_one and event.fact.recipients:
            yield recipient(event.fact.recipients[0], [life], refusal=event)


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
        tries=known.tries + len(new),
        result=one.result or known.result,
        scan=one.scan or known.scan,
        released=one.released or known.released,
    )
