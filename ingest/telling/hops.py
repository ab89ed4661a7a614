"""Hops: the way of a message as the document keeps it, each hop with the one that it follows and the line that says so."""

from __future__ import annotations

from operator import itemgetter

from ingest.joining.event import LiveEvent, in_order
from ingest.joining.life import Life
from ingest.joining.parts import STORES, Loose, Part, Scan
from ingest.telling.tree import Tree
from mappings import keys
from mappings.facts import Screened
from mappings.keys import KeyKind
from mappings.links import LINKS, Confidence, How, Leads
from mappings.trace import HopLink

#: How a queue file names, or is named by, the one before it; where several say so, the first of these is told.
_SCANS = {how: rank for rank, how in enumerate((How.PASSED, How.NEXT, How.RELEASE, How.REFUSED, How.RESENT))}
_QUEUES = {
    how: rank
    for rank, how in enumerate((How.RELAY, How.FORWARDED, How.REQUEUE, How.PUT_BACK, How.SPLIT, How.ORIGIN, How.PIPED), len(_SCANS))
}


def hops_of(path: list[Part], pieces: list[Loose], tree: Tree) -> list[HopLink]:
    """The hops of a way, in their order; what is a hop under another id too is one."""
    if len(path) == 1 and not pieces:
        return [HopLink(keys.in_documents(path[0].key))]
    before = _before(tree, path)
    hops = [HopLink(keys.in_documents(piece.key)) for piece in pieces if piece.kind is KeyKind.PEER]
    return hops + [_hop(part, before.get(part), tree, path) for part in _in_order(path, before)]


def _in_order(path: list[Part], before: dict[Part, _Former]) -> list[Part]:
    """The hops as the message went: what was looked at beside the queue comes behind its queue file, though the way ends in that."""
    rank = {part: float(number) for number, part in enumerate(path)}
    for part in path:
        if type(part) is Scan and part in before and rank[before[part][0]] > rank[part]:
            rank[part] = rank[before[part][0]] + 0.5
    return sorted(path, key=rank.__getitem__)


def refusal_hops(piece: Loose, around: list[Loose]) -> list[HopLink]:
    """The hops of a refusal without any id: the connection that was looked at before, and the line."""
    own = keys.in_documents(piece.key)
    if not around:
        return [HopLink(own)]
    seen = [part for part in around if any(isinstance(e.fact, Screened) and e.fact.client_port for e in part.events)]
    how = How.PEER if seen else How.LISTED
    # What lists said of the address is no hop of its own beside the connection.
    peer, *same = [part.key for part in (*seen, *(part for part in around if part not in seen))]
    line = next((link.line for link in piece.links if link.how is how), None)
    named = keys.queue_id_of(peer).partition("@")[0]
    return [HopLink(peer, same=same), HopLink(own, peer, how, line.digest if line is not None else None, named)]


#: What is a hop of its own, and what is one recipient's.
_APART = STORES | {KeyKind.PEER}

#: The hop before, how it is known, and the line that says so.
_Former = tuple[Part, How, LiveEvent | None]


def _hop(part: Part, before: _Former | None, tree: Tree, path: list[Part]) -> HopLink:
    """One hop."""
    key = keys.in_documents(part.key)
    # A filter's first lines have no mail id yet, its result no queue id; what is a scan's under another id is not its queue file's.
    taken = [piece for scan in path if type(scan) is Scan for piece in tree.loose.get(scan, ())] if type(part) is Life else []
    own = [piece for piece in tree.loose.get(part, ()) if piece.kind not in _APART and piece not in taken]
    pieces = [keys.in_documents(piece.key) for piece in own]
    same = [other for other in dict.fromkeys(pieces) if other != key] if pieces else pieces
    if before is None:
        return HopLink(key, same=same)
    former, how, line = before
    if how is How.RELEASE and line is not None and any(kind is How.RESENT for kind, _ in line.route.names):
        how = How.RESENT
    digest = line.digest if line is not None else None
    return HopLink(key, keys.in_documents(former.key), how, digest, _named(part, former, how, line), same)


def _before(tree: Tree, path: list[Part]) -> dict[Part, _Former]:
    """For each hop the one that it follows: what made a queue file, or the queue file that a scan looked at."""
    found: dict[Part, _Former] = {}
    for part in path:
        # The scan that made the queue file says more than the queue file that the scan read.
        hands = [(_rank(source, how), source, how, line) for source, how, line in tree.into.get(part, ()) if source in path]
        if hands:
            found[part] = min(hands, key=itemgetter(0))[1:]
        elif type(part) is Scan and part in tree.ties and tree.ties[part][0] in path:
            found[part] = _tie(tree, part, path)
    return found


def _rank(source: Part, how: How) -> int:
    """How much it says that a part handed over so; less is more."""
    return (_SCANS if type(source) is Scan else _QUEUES).get(how, len(_SCANS) + len(_QUEUES))


def _tie(tree: Tree, scan: Scan, path: list[Part]) -> _Former:
    """How a scan is known to be of a queue file: where only a log id says so that comes back, it is sure if both name the same next one."""
    life, how, line = tree.ties[scan]
    if LINKS[how].confidence is Confidence.CERTAIN and how is not How.UNSEEN:
        return life, how, line
    made = {link.target for link in scan.links if LINKS[link.how].leads is Leads.ON}
    both = [link.line for link in life.links if link.how is How.RELAY and link.target in made and link.line is not None]
    return (life, How.UNSEEN, min(both, key=in_order)) if both else (life, how, line)


def _named(part: Part, former: Part, how: How, line: LiveEvent | None) -> str | None:
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
    return keys.value_of(key) if keys.kind_of(key) is KeyKind.SCAN else keys.queue_id_of(key)
