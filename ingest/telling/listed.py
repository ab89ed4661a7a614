"""The recipients of a queue file that other lines than its deliveries name: rules, lists, results of filters, refusals."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from ingest.joining.life import Life
from ingest.joining.parts import Scan
from ingest.telling.recipient import Recipient, recipient
from ingest.telling.scanned import listed_by, seen_by
from ingest.telling.tree import Tree
from mappings.address import fold
from mappings.facts import Attempted, Judged, Ruled
from mappings.log_words import Action


def with_rules(life: Life, found: list[Recipient]) -> list[Recipient]:
    """Add the recipients that only rules name: sent elsewhere (they share the target's fate), or nothing tried for them yet."""
    finished = life.removed is not None
    known = {name for one in found for name in one.pair}
    by_final = {one.pair[1]: one for one in reversed(found)}
    for rule in [e.fact for e in life.rules_of_all]:
        if not isinstance(rule, Ruled):
            continue
        for address in rule.recipients:
            if fold(address) in known:
                continue
            target = fold(rule.target) if rule.target is not None and rule.action is Action.REDIRECT else None
            shared = by_final.get(target) if target is not None else None
            if shared is not None:
                found.append(replace(shared, named=address, pair=(fold(address), shared.pair[1])))
            elif not (finished and found):
                found.append(recipient(address, [life]))
            else:
                continue
            known.update(found[-1].pair)
            by_final.setdefault(found[-1].pair[1], found[-1])
    return found


def with_listed(life: Life, found: list[Recipient], listed: list[tuple[str, bool]], tree: Tree) -> list[Recipient]:
    """Add the recipients that lines list without saying more: a filter's result, the mail server's own list (True).

    In a queue file that is done, one without a line of its own became the same address as another one, whose fate it shares. Nobody became
    another where nobody has a line (it was deleted before any try, or tries were not read), or where it was deleted with some left.
    """
    if not listed:
        return found
    found = list(found)
    tried = {one.pair[1] for one in found if one.attempts or one.handed}
    left = life.queued.count - len(tried) if life.queued is not None and life.deleted else 0
    apart = life.removed is None or not tried or left > 0
    known = {name for one in found for name in one.pair}
    twin = _twin(found, tree)
    for address, told in listed:
        folded = fold(address)
        if folded in known:
            continue
        if apart or (told and twin is None):
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


def listed(life: Life, tree: Tree, beside: list[Scan]) -> list[tuple[str, bool]]:
    """The recipients that lines of a queue file list, and whether that tells of whom it took the message for, or whom it took off it."""
    found: list[tuple[str, bool]] = []
    if life.received is not None:
        found += [(address, True) for address in life.received.recipients]
    loose = [event for piece in tree.loose.get(life, ()) if piece not in tree.unsure for event in piece.events]
    for fact in [event.fact for event in (*life.judged, *loose)]:
        # Of several recipients a rule in the dialogue may name the last one only, which says nothing of the message.
        if isinstance(fact, Judged) or (isinstance(fact, Ruled) and fact.more):
            found += [(address, False) for address in fact.recipients]
    for scan in beside:
        for address in listed_by(scan, tree.loose.get(scan, ())):
            # A milter takes him off the message, and no other line names him.
            stopped = any(not result.passed for result in seen_by(tree, scan).get(fold(address), []))
            found.append((address, stopped))
    return found


def refused(life: Life) -> Iterator[Recipient]:
    """The recipients that were refused or dropped while others of the same message were accepted."""
    for event in life.rules:
        if isinstance(event.fact, Ruled) and event.fact.of_one and event.fact.recipients:
            yield recipient(event.fact.recipients[0], [life], refusal=event)
