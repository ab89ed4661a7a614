"""Where an event belongs: the nodes that hold it, the ids that it names beside, its part in a session; and all ids of its line."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from ingest.correlate.event import Event
from ingest.correlate.link import hop_of, node_key
from ingest.correlate.links import Within, kept_mail_id
from ingest.correlate.session import Role
from mappings import keys
from mappings.facts import (
    Attempted,
    Connected,
    Fact,
    Identified,
    Infected,
    Inspected,
    Judged,
    Noticed,
    Passed,
    Received,
    Release,
    Ruled,
    Scanned,
    Screened,
    Unread,
)

#: Decisions that keep, move or drop a message and are logged before its queue file has an id.
_AHEAD = {"hold", "discard", "redirect", "warn", "filter", "bcc", "prepend", "info", "delay"}


class Route(msgspec.Struct, frozen=True, gc=False):
    """The way of one event. `begins` is true where the line begins something, so that its own id is new at the front of the log."""

    owners: tuple[str, ...] = ()
    #: Journeys that the line names beside its own, as bare keys: looked up where they are not in memory.
    mentions: tuple[str, ...] = ()
    #: Ids of its own that are no node's name: new where the line begins something, else looked up.
    own: tuple[str, ...] = ()
    begins: bool = False
    #: A node that held the event while only the first piece of its record was read.
    formerly: str | None = None
    role: Role | None = None


Way = Callable[[Event, Fact, Within], Route]


def route(event: Event, within: Within) -> Route:
    """The way of an event; a refusal that names nobody has none."""
    return _WAYS.get(type(event.fact), _borne)(event, event.fact, within)


def _borne(event: Event, fact: Fact, within: Within) -> Route:
    """A line that bears a queue id and names nothing else."""
    return Route((keys.queue(event.host, fact.queue_id),))  # type: ignore[attr-defined]


def _received(event: Event, fact: Fact, within: Within) -> Route:
    assert isinstance(fact, Received)  # noqa: S101 - by `_WAYS`
    if fact.queue_id is None:
        return Route(role=Role.AHEAD)
    named = tuple(f"q:{i}" for i in (fact.origin_queue_id, fact.requeued_from) if i)
    # Lines of a process that is not known are of no session.
    role = Role.BEGIN if event.pid else None
    own = keys.queue(event.host, fact.queue_id)
    if fact.made_for is not None:
        # It is a line of the message that it was made for as well, and that one is not new.
        return Route((own, keys.queue(event.host, fact.made_for)), named, role=role)
    # What a filter on another host of the log domain said of it, where that was read before.
    return Route((own,), named, (f"q:{fact.queue_id}",) if within.several else (), begins=True, role=role)


def _identified(event: Event, fact: Fact, within: Within) -> Route:
    assert isinstance(fact, Identified)  # noqa: S101
    kept = kept_mail_id(fact.message_id) if fact.resent else None
    # It begins the messages that the mail server makes itself; of all others the beginning may be in the store, withheld.
    return Route((keys.queue(event.host, fact.queue_id),), (keys.scan(kept),) if kept else ())


def _noticed(event: Event, fact: Fact, within: Within) -> Route:
    assert isinstance(fact, Noticed)  # noqa: S101
    return Route((keys.queue(event.host, fact.queue_id), keys.queue(event.host, fact.notice_id)))


def _attempted(event: Event, fact: Fact, within: Within) -> Route:
    assert isinstance(fact, Attempted)  # noqa: S101
    named: tuple[str, ...] = ()
    if fact.next_id and (fact.forwarded or within.takes(fact)):
        named = (f"q:{fact.next_id}",)
    elif fact.log_id and within.takes(fact):
        named = (keys.log_id(event.host, fact.log_id),)
    return Route((keys.queue(event.host, fact.queue_id),), named)


def _ruled(event: Event, fact: Fact, within: Within) -> Route:
    """A decision in the dialogue, which may stand before any queue id."""
    assert isinstance(fact, Ruled)  # noqa: S101
    if fact.queue_id is not None:
        return Route((keys.queue(event.host, fact.queue_id),))
    if fact.source == "proxy":
        if fact.next_id:
            return Route((keys.queue(event.host, fact.next_id),), role=Role.BEGIN)
        if fact.log_id:
            return Route((keys.log_id(event.host, fact.log_id),), role=Role.BEGIN)
        return Route((keys.line(event.digest),), begins=True, role=Role.BEGIN)
    if fact.action == "discard" and not event.pid:
        return Route((keys.line(event.digest),), begins=True)
    if (fact.action in _AHEAD or fact.source == "size") and fact.stage != "MAIL":
        # Too large for the queue file: said of the transaction, before the answer to the client.
        return Route(role=Role.AHEAD)
    if fact.action not in {"reject", "abort"} or (fact.sender is None and fact.recipient is None):
        return Route()
    peer: tuple[str, ...] = ()
    if fact.source == "screen" and fact.client_ip and fact.client_port:
        peer = (keys.peer(event.host, fact.client_ip, fact.client_port),)
    return Route((keys.line(event.digest),), peer, begins=True)


def _connected(event: Event, fact: Fact, within: Within) -> Route:
    assert isinstance(fact, Connected)  # noqa: S101
    return Route(role=Role.COMMON if fact.step == "tls" else Role.BEHIND)


def _screened(event: Event, fact: Fact, within: Within) -> Route:
    assert isinstance(fact, Screened)  # noqa: S101
    return Route((keys.peer(event.host, fact.client_ip, fact.client_port),), begins=True)


def _scanned(event: Event, fact: Fact, within: Within) -> Route:
    assert isinstance(fact, Scanned)  # noqa: S101
    named = tuple(f"q:{i}" for i in (fact.origin_queue_id, *fact.next_ids) if i)
    log_id = keys.log_id(event.host, fact.log_id or "")
    if fact.mail_id is None:
        return Route((log_id,), named, begins=True)
    joined = "\n" in event.raw
    return Route((keys.scan(fact.mail_id),), named, (log_id,) if fact.log_id else (), begins=True, formerly=log_id if joined else None)


def _judged(event: Event, fact: Fact, within: Within) -> Route:
    assert isinstance(fact, Judged)  # noqa: S101
    if fact.queue_id is not None:
        # The queue file may be on another host of the log domain.
        return Route((keys.queue(event.host, fact.queue_id),), (f"q:{fact.queue_id}",) if within.several else ())
    if fact.log_id is not None:
        return Route((keys.log_id(event.host, fact.log_id),), begins=True)
    return Route((node_key(keys.judged(fact.message_id), event.digest),), begins=True) if fact.message_id else Route()


def _inspected(event: Event, fact: Fact, within: Within) -> Route:
    assert isinstance(fact, Inspected)  # noqa: S101
    log_id = keys.log_id(event.host, fact.log_id)
    return Route((log_id,), begins=True) if fact.mail_id is None else Route((keys.scan(fact.mail_id),), own=(log_id,), begins=True)


def _passed(event: Event, fact: Fact, within: Within) -> Route:
    assert isinstance(fact, Passed)  # noqa: S101
    if fact.next_id is None:
        return Route((keys.scan(fact.mail_id),))
    if fact.how == "notice":
        return Route((keys.scan(fact.mail_id), keys.queue(event.host, fact.next_id)))
    return Route((keys.scan(fact.mail_id),), (f"q:{fact.next_id}",))


def _release(event: Event, fact: Fact, within: Within) -> Route:
    assert isinstance(fact, Release)  # noqa: S101
    return Route((keys.scan(fact.mail_id),))


def _infected(event: Event, fact: Fact, within: Within) -> Route:
    assert isinstance(fact, Infected)  # noqa: S101
    if fact.queue_id is not None:
        return Route((keys.queue(event.host, fact.queue_id),))
    return Route((node_key(keys.folder(event.host, fact.folder), event.digest),), begins=True) if fact.folder else Route()


def _unread(event: Event, fact: Fact, within: Within) -> Route:
    assert isinstance(fact, Unread)  # noqa: S101
    return Route() if fact.queue_id is None else Route((keys.queue(event.host, fact.queue_id),))


_WAYS: dict[type[Fact], Way] = {
    Received: _received,
    Identified: _identified,
    Noticed: _noticed,
    Attempted: _attempted,
    Ruled: _ruled,
    Connected: _connected,
    Screened: _screened,
    Scanned: _scanned,
    Inspected: _inspected,
    Judged: _judged,
    Passed: _passed,
    Release: _release,
    Infected: _infected,
    Unread: _unread,
}


_NAME_MESSAGES: frozenset[type[Fact]] = frozenset({Identified, Received, Ruled})


def ids_of(event: Event, within: Within) -> tuple[str, ...]:
    """Every id that the line bears or names, as keys: by each of them its journey is found again."""
    way = route(event, within)
    found = [hop_of(key) for key in way.owners]
    found += [keys.queue(event.host, named[2:]) if named[0] == "q" else named for named in (*way.own, *way.mentions)]
    fact = event.fact
    log_id = getattr(fact, "log_id", None)
    if log_id:
        found.append(keys.log_id(event.host, log_id))
    if isinstance(fact, Scanned):
        found += [keys.quarantine(kept) for kept in fact.quarantine_ids]
    elif type(fact) in _NAME_MESSAGES and fact.message_id:  # type: ignore[attr-defined]
        # By this a filter's result finds it that names nothing else.
        found.append(keys.judged(fact.message_id))  # type: ignore[attr-defined]
    return tuple(found)
