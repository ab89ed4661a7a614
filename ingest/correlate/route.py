"""Where an event belongs: the nodes that hold it, the ids that it names beside, its part in a session."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.correlate.event import Event
from ingest.correlate.links import Within, mentions
from ingest.correlate.session import Role
from ingest.events import Connected, Identified, Infected, Inspected, Noticed, Passed, Received, Release, Ruled, Scanned, Screened
from mappings import keys

#: Decisions that keep, move or drop a message and are logged before its queue file has an id.
_AHEAD = {"hold", "discard", "redirect", "warn", "filter", "bcc", "prepend", "info", "delay"}


@dataclass(frozen=True, slots=True)
class Route:
    """The way of one event. `begins` is true where the line begins something, so that its own id is new at the front of the log."""

    owners: tuple[str, ...] = ()
    mentions: tuple[str, ...] = ()
    #: Ids of its own that are no node's name: new where the line begins something, else looked up.
    own: tuple[str, ...] = ()
    begins: bool = False
    #: A node that held the event while only the first piece of its record was read.
    formerly: str | None = None
    session: tuple[str, str, int] | None = None
    role: Role | None = None


def route(event: Event, within: Within) -> Route:
    """The way of an event; a refusal that names nobody has none."""
    fact, host = event.fact, event.host
    process = (host, event.program, event.pid)
    named = tuple(mentions(fact, host, within))
    match fact:
        case Received(queue_id=None):
            return Route(session=process, role=Role.AHEAD)
        case Received(queue_id=str(queue_id)):
            return Route((keys.queue(host, queue_id),), named, begins=True, session=process, role=Role.BEGIN)
        case Identified():
            return Route((keys.queue(host, fact.queue_id),), named, begins=not fact.resent)
        case Noticed():
            return Route((keys.queue(host, fact.queue_id), keys.queue(host, fact.notice_id)))
        case Ruled(queue_id=None):
            return _ruled(event, fact, process)
        case Connected():
            return Route(session=process, role=Role.COMMON if fact.step == "tls" else Role.BEHIND)
        case Screened():
            return Route((keys.peer(host, fact.client_ip, fact.client_port),), begins=True)
        case Scanned():
            key = keys.scan(fact.mail_id) if fact.mail_id else keys.log_id(host, fact.log_id or "")
            formerly = keys.log_id(host, fact.log_id) if fact.mail_id and fact.log_id and "\n" in event.raw else None
            own = (keys.log_id(host, fact.log_id),) if fact.mail_id and fact.log_id else ()
            return Route((key,), named, own, begins=True, formerly=formerly)
        case Inspected(mail_id=str(mail_id)):
            return Route((keys.scan(mail_id),), own=(keys.log_id(host, fact.log_id),), begins=True)
        case Inspected():
            return Route((keys.log_id(host, fact.log_id),), begins=True)
        case Passed():
            owners = [keys.scan(fact.mail_id)]
            if fact.how == "notice" and fact.next_id:
                owners.append(keys.queue(host, fact.next_id))
            return Route(tuple(owners), named)
        case Release():
            return Route((keys.scan(fact.mail_id),))
        case Infected():
            return Route((keys.folder(host, fact.folder),), begins=True)
        case _:
            borne = getattr(fact, "queue_id", None)
            return Route((keys.queue(host, borne),) if borne else (), named)


def _ruled(event: Event, fact: Ruled, process: tuple[str, str, int]) -> Route:
    """A decision in the dialogue that bears no queue id."""
    if fact.source == "proxy":
        if fact.next_id:
            return Route((keys.queue(event.host, fact.next_id),), session=process, role=Role.BEGIN)
        if fact.log_id:
            return Route((keys.log_id(event.host, fact.log_id),), session=process, role=Role.BEGIN)
        return Route((keys.line(event.digest),), begins=True, session=process, role=Role.BEGIN)
    if fact.action in _AHEAD or fact.source == "size":
        # Too large for the queue file: said of the transaction, before the answer to the client.
        return Route(session=process, role=Role.AHEAD)
    if fact.action != "reject" or (fact.sender is None and fact.recipient is None):
        return Route()
    peer: tuple[str, ...] = ()
    if fact.source == "screen" and fact.client_ip and fact.client_port:
        peer = (keys.peer(event.host, fact.client_ip, fact.client_port),)
    return Route((keys.line(event.digest),), peer, begins=True)
