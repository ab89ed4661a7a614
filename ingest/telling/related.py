"""Relations: the journeys that have to do with a message without being part of it."""

from __future__ import annotations

from collections.abc import Iterator

from ingest.joining.life import Life
from ingest.joining.parts import Scan
from ingest.telling.about import About, came_locally
from ingest.telling.tree import Tree
from mappings import keys
from mappings.facts import Noticed, Passed, Received
from mappings.links import How
from mappings.log_words import Sending
from mappings.trace import Related


def _sent(scan: Scan, tree: Tree | None) -> dict[tuple[str, str], Related]:
    """What a scan sent beside the message: notices about it, and what an operator let go; the same for all of its recipients."""
    known = tree.sent.get(scan) if tree is not None else None
    if known is None:
        steps = [e for piece in tree.loose.get(scan, ()) for e in piece.events] if tree is not None else []
        given = [(e.host, e.fact) for e in (*scan.given, *steps) if isinstance(e.fact, Passed)]
        facts = [(host, fact) for host, fact in given if fact.next_id and fact.how is not Sending.FORWARD]
        sent = [Related(fact.how, keys.queue(host, fact.next_id or "")) for host, fact in facts]
        known = {(one.how, one.key): one for one in sent}
        if tree is not None:
            tree.sent[scan] = known
    return known


def related_to(about: About) -> list[Related]:
    """The journeys that have to do with it: notices about it, what it is a notice of, releases and their message."""
    found = [one for life in about.lives for one in _notices(life)]
    root = about.root
    if isinstance(root, Life) and root.received is not None and came_locally(root.received):
        noticed = [one.mail_id for one in root.identified if one.mail_id is not None and not one.resent]
        found += [Related("notice_of", keys.scan(mail_id)) for mail_id in noticed]
    related = {(one.how, one.key): one for one in found}
    for scan in about.scans:
        related = {**related, **_sent(scan, about.tree)}
    if isinstance(root, Life) and How.RESENT in root.hows:
        released = [Related("release_of", link.target) for link in root.links if link.how is How.RESENT]
        related = {**related, **{(one.how, one.key): one for one in released}}
    own = {life.key for life in about.lives}
    return [one for one in related.values() if one.key not in own]


def _notices(life: Life) -> Iterator[Related]:
    """The notices about the message of a queue file, and what it is a notice of."""
    for event in life.noticed:
        fact = event.fact
        notice_id = fact.notice_id if isinstance(fact, Noticed) else fact.queue_id if isinstance(fact, Received) else None
        if notice_id is not None:
            yield Related("notice", keys.queue(event.host, notice_id))
    if life.received is not None and life.received.made_for is not None:
        yield Related("notice_of", keys.queue(life.host, life.received.made_for))
    for event in life.causes:
        if isinstance(event.fact, Noticed):
            yield Related("notice_of", keys.queue(event.host, event.fact.queue_id))
        elif isinstance(event.fact, Passed):
            yield Related("notice_of", keys.scan(event.fact.mail_id))
