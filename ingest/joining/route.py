"""Where an event belongs: the nodes that hold it, the ids that it names beside, its part in a session; worked out once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from msgspec.structs import replace

from ingest.clock import NAMELESS_REACH_US, SECOND
from ingest.joining.way import Route, SessionRole
from ingest.joining.within import Within
from mappings import keys
from mappings.facts import (
    Attempted,
    Connected,
    Fact,
    Filed,
    Identified,
    Infected,
    Inspected,
    Judged,
    Passed,
    Received,
    Release,
    Ruled,
    Scanned,
    Screened,
    Unread,
)
from mappings.links import How, Named
from mappings.log_words import Action, Contact, Decider, Stage

#: Decisions that keep, move or drop a message and are logged before its queue file has an id.
_AHEAD = frozenset(
    {
        Action.HOLD,
        Action.DISCARD,
        Action.REDIRECT,
        Action.WARN,
        Action.FILTER,
        Action.BCC,
        Action.PREPEND,
        Action.INFO,
        Action.DELAY,
    }
)
#: Decisions that end it.
_STOPS = frozenset({Action.REJECT, Action.ABORT})
_CONNECTIONS = frozenset({How.PEER, How.LISTED})
#: What is found by who names it, and is looked up nowhere.
_NOT_ASKED = frozenset({How.FOLDER, How.REFUSED, How.LOG, How.TASK, How.ANSWERED})


class Statement(Protocol):
    """A fact and the line that states it: what an event is by itself."""

    fact: Fact
    host: str
    pid: int
    time_us: int
    raw: str
    digest: str
    within: Within


def route_of(event: Statement) -> Route:
    """The way of an event; a refusal that names nobody has none."""
    way = _WAYS.get(type(event.fact))
    return way(event.fact, event) if way is not None else _borne(event.fact, event)


def _elsewhere(owners: tuple[str, ...], event: Statement) -> tuple[str, ...]:
    """Ids that a line bears, where another host of the log domain may have said something of them that was read before."""
    return owners if event.within.several else ()


_Way = Callable[[Any, Statement], Route]
_AHEAD_OF_ALL = Route(role=SessionRole.AHEAD)
_NOWHERE = Route()
_TLS, _BEHIND = Route(role=SessionRole.COMMON), Route(role=SessionRole.BEHIND)


def _borne(fact: Fact, event: Statement) -> Route:
    """A line that bears a queue id, and names nothing else."""
    owners = fact.bears(event.host)
    return Route(owners, owners[0], ids=(*owners, *fact.ids(event.host)))


def _received(fact: Received, event: Statement) -> Route:
    owners = fact.bears(event.host)
    if not owners:
        return _AHEAD_OF_ALL
    names = fact.names(event.host)
    mentions = tuple([key for _, key in names])
    # It is not new where it is a line of another message as well.
    begins = len(owners) == 1
    own = _elsewhere(owners, event) if begins else ()
    # Lines of a process that is not known are of no session.
    role = SessionRole.BEGIN if event.pid else None
    ids = (*owners, *mentions, *fact.ids(event.host))
    if fact.size is not None and not fact.message_id:
        ids = (*ids, keys.nameless(event.time_us))
    alone = _alone(fact.message_id)
    return Route(owners, owners[0], names, mentions, own, ids, begins, role=role, told_alone=alone)


def _alone(message_id: str | None) -> tuple[str, ...]:
    """The key of what only a mail store has told of a message."""
    return (keys.message_id(message_id),) if message_id else ()


def _identified(fact: Identified, event: Statement) -> Route:
    if not fact.resent:
        owners = fact.bears(event.host)
        known_by = fact.ids(event.host) if fact.message_id else (keys.nameless(event.time_us),)
        return Route(owners, owners[0], ids=owners + known_by, told_alone=_alone(fact.message_id))
    owners, names = fact.bears(event.host), fact.names(event.host)
    mentions = tuple([key for _, key in names])
    return Route(owners, owners[0], names, mentions, ids=(*owners, *mentions, *fact.ids(event.host)))


def _attempted(fact: Attempted, event: Statement) -> Route:
    owners = fact.bears(event.host)
    if fact.session is not None:
        names = fact.names(event.host)
        session = (names[0].key,)
        return Route(owners, owners[0], names, told_alone=session, ids=owners + session)
    if fact.next_id is None and fact.log_id is None:
        return Route(owners, owners[0], ids=owners)
    logged = fact.ids(event.host)
    if not (fact.forwarded or event.within.may_lead_on(fact)):
        # The id of a message elsewhere.
        return Route(owners, owners[0], ids=owners + logged)
    names = fact.names(event.host)
    # The run of a filter on another host may be found by its log id alone.
    mentions = tuple([key for _, key in (names if event.within.several else names[:1])])
    return Route(owners, owners[0], names, mentions, ids=owners + mentions + logged)


def _ruled(fact: Ruled, event: Statement) -> Route:
    """A decision in the dialogue, which may stand before any queue id."""
    owners, ids = fact.bears(event.host), fact.ids(event.host)
    if fact.queue_id is not None:
        return Route(owners, owners[0], fact.names(event.host), ids=owners + ids)
    by_line = (keys.line(event.digest),)
    if fact.source is Decider.PROXY:
        own = owners or by_line
        names = fact.names(event.host)
        mentions = _elsewhere(tuple([key for how, key in names if how is How.ANSWERED]), event)
        return Route(own, None, names, mentions, ids=own + ids, begins=not owners, role=SessionRole.BEGIN)
    if fact.action is Action.DISCARD and not event.pid:
        return Route(by_line, ids=by_line + ids, begins=True)
    if (fact.action in _AHEAD or fact.source is Decider.SIZE) and fact.stage is not Stage.MAIL:
        # Too large for the queue file: said of the transaction, before the answer to the client.
        return Route((), None, fact.names(event.host), ids=ids, role=SessionRole.AHEAD)
    if fact.action not in _STOPS or not fact.names_somebody:
        return _NOWHERE
    names = fact.names(event.host)
    if fact.source is Decider.SCREEN and fact.client_ip:
        names += tuple([Named(How.LISTED, _listing(event, fact.client_ip, before)) for before in (0, 1)])
    mentions = tuple([key for how, key in names if how in _CONNECTIONS])
    return Route(by_line, None, names, mentions, ids=by_line + mentions + ids, begins=True)


def _connected(fact: Connected, event: Statement) -> Route:
    return _TLS if fact.step is Contact.TLS else _BEHIND


def _screened(fact: Screened, event: Statement) -> Route:
    if not fact.client_port:
        listing = (_listing(event, fact.client_ip, 0),)
        return Route(listing, ids=listing, begins=True)
    owners = fact.bears(event.host)
    return Route(owners, own=_elsewhere(owners, event), ids=owners, begins=True)


def _listing(event: Statement, address: str, before: int) -> str:
    """What lists say of an address is found by it and the minute, for the same address comes again; `before` so many minutes ago."""
    return keys.listing(event.host, address, event.time_us // (60 * SECOND) - before)


def _scanned(fact: Scanned, event: Statement) -> Route:
    owners, names = fact.bears(event.host), fact.names(event.host)
    mentions = tuple([key for how, key in names if how not in _NOT_ASKED])
    ids = owners + mentions + fact.ids(event.host)
    if fact.mail_id is None:
        return Route(owners, None, names, mentions, _elsewhere(owners, event), ids, begins=True)
    log_id = keys.log_id(event.host, fact.log_id or "")
    own = (log_id,) if fact.log_id else ()
    formerly = log_id if "\n" in event.raw else None
    return Route(owners, None, names, mentions, own, ids=ids + own, begins=True, formerly=formerly)


def _judged(fact: Judged, event: Statement) -> Route:
    owners = fact.bears(event.host)
    if not owners:
        return _NOWHERE if fact.message_id is None else _by_message_id(fact, fact.message_id, event)
    if fact.queue_id is None:
        return Route(owners, ids=owners, begins=True)
    mentions = _elsewhere(owners, event)
    return Route(owners, owners[0], fact.names(event.host), mentions, ids=owners + fact.ids(event.host))


def _by_message_id(fact: Judged, message_id: str, event: Statement) -> Route:
    """A result that names its message by the Message-ID only, or says that it has none: then the time has to tell."""
    near = event.time_us - NAMELESS_REACH_US, event.time_us + NAMELESS_REACH_US
    around = () if message_id else tuple(keys.nameless_between(*near))
    by_line = _by_line(keys.judged(message_id) if message_id else keys.nameless(event.time_us), event)
    return replace(by_line, names=fact.names(event.host), own=around, ids=by_line.ids + fact.ids(event.host))


def _inspected(fact: Inspected, event: Statement) -> Route:
    owners, names = fact.bears(event.host), fact.names(event.host)
    own = _elsewhere(owners, event) if fact.mail_id is None else (names[0].key,)
    return Route(owners, None, names, (), own, owners + own, begins=True)


def _passed(fact: Passed, event: Statement) -> Route:
    owners, names = fact.bears(event.host), fact.names(event.host)
    mentions = tuple([key for how, key in names if how not in _NOT_ASKED])
    return Route(owners, None, names, mentions, ids=owners + tuple([key for _, key in names]))


def _infected(fact: Infected, event: Statement) -> Route:
    owners = fact.bears(event.host)
    if owners:
        return Route(owners, owners[0] if fact.queue_id is not None else None, ids=owners)
    return _by_line(keys.folder(event.host, fact.folder), event) if fact.folder else _NOWHERE


def _filed(fact: Filed, event: Statement) -> Route:
    owners, own = fact.bears(event.host), fact.ids(event.host)
    # The message that it names by its Message-ID may be in the store.
    return Route(owners, None, fact.names(event.host), own=own, ids=owners + own, begins=True) if owners else _NOWHERE


def _by_line(key: str, event: Statement) -> Route:
    """Lines that bear one key and have nothing to do with each other."""
    return Route((keys.of_line(key, event.digest),), ids=(key,), begins=True)


def _release(fact: Release, event: Statement) -> Route:
    owners = fact.bears(event.host)
    return Route(owners, ids=owners)


def _unread(fact: Unread, event: Statement) -> Route:
    return _borne(fact, event) if fact.queue_id is not None else _NOWHERE


_WAYS: dict[type[Fact], _Way] = {
    Received: _received,
    Identified: _identified,
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
    Filed: _filed,
    Unread: _unread,
}
