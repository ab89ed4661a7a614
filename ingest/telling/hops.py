"""Hops: the way of a message as the document keeps it, each hop with the one that it follows and the line that says so."""

from __future__ import annotations

from ingest.joining.event import Event
from ingest.joining.life import Life
from ingest.joining.parts import Loose, Part, Scan
from ingest.telling.tree import FROM_SCAN, Tree
from mappings import keys
from mappings.keys import Kind
from mappings.links import LINKS, How, Leads
from mappings.trace import HopLink

#: How a queue file names, or is named by, the one before it; where several say so, the first of these is told.
_QUEUES = (How.RELAY, How.FORWARDED, How.REQUEUE, How.ORIGIN)
_SCANS = (How.PASSED, How.NEXT, How.RELEASE, How.REFUSED, How.RESENT)


def hops_of(path: list[Part], pieces: list[Loose], tree: Tree) -> list[HopLink]:
    """The hops of a way, in their order; what is a hop under another id too is one."""
    before = _before(tree, set(path))
    same = _same(path, pieces, tree)
    return [
        *(_connection(piece) for piece in pieces if piece.kind is Kind.PEER),
        *(_hop(part, before, same.get(part, [])) for part in path),
    ]


def refusal_hops(piece: Loose, around: list[Loose]) -> list[HopLink]:
    """The hops of a refusal without any id: the connection that was looked at before, and the line."""
    own = keys.in_documents(piece.key)
    if not around:
        return [HopLink(own)]
    peer = around[0].key
    line = next((link.line for link in piece.links if link.how is How.PEER), None)
    named = keys.queue_id_of(peer)
    return [HopLink(peer), HopLink(own, peer, How.PEER, line.digest if line is not None else None, named)]


def _hop(part: Part, before: dict[Part, tuple[Part, How, Event | None]], same: list[str]) -> HopLink:
    """One hop."""
    known = before.get(part)
    key = keys.in_documents(part.key)
    if known is None:
        return HopLink(key, same=same)
    former, how, line = known
    return HopLink(
        key, keys.in_documents(former.key), how, line.digest if line is not None else None, _named(part, former, how, line), same
    )


def _connection(piece: Loose) -> HopLink:
    """A connection that was looked at before the dialogue."""
    return HopLink(keys.in_documents(piece.key))


def _before(tree: Tree, path: set[Part]) -> dict[Part, tuple[Part, How, Event | None]]:
    """For each hop the one that it follows: what made a queue file, or the queue file that a scan looked at."""
    found: dict[Part, tuple[int, Part, How, Event | None]] = {}
    for source, hands in tree.onward.items():
        if source not in path:
            continue
        for target, how, line in hands:
            # The scan that made the queue file says more than the queue file that the scan read.
            ways = _SCANS if isinstance(source, Scan) else _QUEUES
            rank = ways.index(how) + (0 if isinstance(source, Scan) else len(_SCANS)) if how in ways else len(_SCANS) + len(_QUEUES)
            if target in path and (target not in found or rank < found[target][0]):
                found[target] = rank, source, how, line
    for scan, (life, how, line) in tree.ties.items():
        if scan in path and life in path:
            found.setdefault(scan, (0, life, *_tie(tree, life, scan, how, line)))
    return {part: known[1:] for part, known in found.items()}


def _tie(tree: Tree, life: Life, scan: Scan, how: How, line: Event | None) -> tuple[How, Event | None]:
    """How a scan is known to be of a queue file: where only a log id says so that comes back, it is sure if both name the same next one."""
    if how is not How.ANSWERED and how is not How.LOG:
        return how, line
    made = {hand[0] for hand in tree.onward.get(scan, ()) if hand[1] in FROM_SCAN}
    both = next((hand for hand in tree.onward.get(life, ()) if hand[1] is How.RELAY and hand[0] in made), None)
    return (How.ANSWERED, line) if both is None else (How.UNSEEN, both[2])


def _named(part: Part, former: Part, how: How, line: Event | None) -> str | None:
    """The id by which the line names the other hop."""
    named = {key for kind, key in line.route.names if kind is how} if line is not None else set()
    if how is How.UNSEEN and line is not None:
        return next((keys.queue_id_of(key) for kind, key in line.route.names if LINKS[kind].leads is Leads.ON), None)
    if len(named) == 1:
        return _id_of(named.pop())
    other = former if LINKS[how].leads is Leads.BACK else part
    return _id_of(other.key)


def _id_of(key: str) -> str:
    """What people call what a key names."""
    return keys.value_of(key) if keys.kind_of(key) is Kind.SCAN else keys.queue_id_of(key)


def _same(path: list[Part], pieces: list[Loose], tree: Tree) -> dict[Part, list[str]]:
    """The ids under which lines of a hop stand beside its own: a filter's first lines have no mail id yet, its result no queue id."""
    if not pieces:
        return {}
    found: dict[Part, list[str]] = {}
    for part in path:
        own = [keys.in_documents(piece.key) for piece in tree.loose.get(part, ()) if piece.kind is not Kind.PEER]
        if own:
            found[part] = list(dict.fromkeys(own))
    return found
