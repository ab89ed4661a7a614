"""Relations: the journeys that have to do with a message without being part of it."""

from __future__ import annotations

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
        facts = [
            (e.host, e.fact) for e in scan.given if isinstance(e.fact, Passed) and e.fact.next_id and e.fact.how is not Sending.FORWARD
        ]
        sent = [Related(fact.how, keys.queue(host, fact.next_id or "")) for host, fact in facts]
        known = {(one.how, one.key): one for one in sent}
        if tree is not None:
            tree.sent[scan] = known
    return known


def related_to(about: About) -> list[Related]:
    """The journeys that have to do with it: notices about it, what it is a notice of, releases and their message."""
    found: dict[tuple[str, str], Related] = {}

    def add(how: str, key: str) -> None:
        found.setdefault((how, key), Related(how, key))

    for life in about.lives:
        for event in life.noticed:
            if isinstance(event.fact, Noticed):
                add("notice", keys.queue(event.host, event.fact.notice_id))
            elif isinstance(event.fact, Received) and event.fact.queue_id is not None:
                add("notice", keys.queue(event.host, event.fact.queue_id))
        if life.received is not None and life.received.made_for is not None:
            add("notice_of", keys.queue(life.host, life.received.made_for))
        for event in life.causes:
            if isinstance(event.fact, Noticed):
                add("notice_of", keys.queue(event.host, event.fact.queue_id))
            elif isinstance(event.fact, Passed):
                add("notice_of", keys.scan(event.fact.mail_id))
        if life is about.root and life.received is not None and came_locally(life.received):
            for identified in life.identified:
                if identified.mail_id is not None and not identified.resent:
                    add("notice_of", keys.scan(identified.mail_id))
    for scan in about.scans:
        found = {**found, **_sent(scan, about.tree)}
    if isinstance(about.root, Life) and How.RESENT in about.root.hows:
        for link in about.root.links:
            if link.how is How.RESENT:
                add("release_of", link.target)
    own = {keys.queue(life.host, life.queue_id) for life in about.lives} if found else set()
    return [r for r in found.values() if r.key not in own]
