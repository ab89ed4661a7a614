"""Traces that have to do with a reported one: its notices and cause, its other recipients, its hops at other servers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from itertools import islice

from msgspec.structs import replace

from mappings import keys, patterns
from mappings.address import is_loopback
from mappings.keys import KeyKind
from mappings.links import REACH_S
from mappings.trace import Related, Trace
from mappings.vocabulary import Disposition
from search.answers import RelatedTrace
from search.engines import Engine
from search.query import Query
from search.query_error import QueryError
from search.scope import Scope
from search.times import utc
from search.view import View

#: So many related traces a report lists.
LIMIT = 50
#: Lines without a common id join only within this time, and clocks of servers differ by less.
_NEAR_MS = REACH_S * 1000
_DAY_MS = 86_400_000
#: A server that was asked to come back later does so within this time.
_RETRY_MS = 6 * 3_600_000

_NAMED = {
    KeyKind.QUEUE: "the log names its queue id {}",
    KeyKind.SCAN: "the log names its scan {}",
    KeyKind.LOG: "the log names the filter's log id {}",
    KeyKind.QUARANTINE: "the log names its quarantine id {}",
    KeyKind.MESSAGE: "the log names its Message-ID {}",
    KeyKind.PEER: "the same connection {}",
}

#: A related trace, how it is related, what says so, how sure that is.
_Found = tuple[Trace, str, str, str]


def related(trace: Trace, engine: Engine, scope: Scope, view: View) -> tuple[list[RelatedTrace], bool]:
    """Give the related traces in scope, and whether there are more than are listed."""
    seen = {trace.id}
    listed: list[RelatedTrace] = []
    asked = _Asked(engine, scope)
    for other, how, evidence, confidence in _all(trace, asked):
        if other.id in seen:
            continue
        if len(listed) == LIMIT:
            return listed, True
        seen.add(other.id)
        listed.append(
            RelatedTrace(
                id=other.id,
                how=how,
                recipient=other.recipient,
                disposition=other.disposition,
                time=utc(other.time_ms),
                host=other.host,
                evidence=view.text(evidence),
                confidence=confidence,
            ),
        )
    return listed, asked.cut


class _Asked:
    """Questions by key, each for so many traces at most: a key may be held by thousands that have nothing to do with the trace."""

    def __init__(self, engine: Engine, scope: Scope) -> None:
        self.engine = engine
        self.scope = scope
        #: Whether one of them found as many as it may, so that there may be more.
        self.cut = False
        self._keys = 0

    def holding(self, key: str) -> list[Trace]:
        """The newest traces that hold a key; nothing where so many keys were asked for that a list is full long before."""
        self._keys += 1
        if self._keys > LIMIT:
            self.cut = True
            return []
        found = self.engine.find([key], self.scope, limit=2 * LIMIT)
        self.cut = self.cut or len(found) >= 2 * LIMIT
        return found


def _all(trace: Trace, asked: _Asked) -> Iterator[_Found]:
    """Everything related, what the log names first."""
    siblings = _siblings(trace, asked)
    same = {sibling.id for sibling in siblings} | {trace.id}
    for relation in trace.related:
        yield from _named(trace, relation, asked, same)
    yield from _elsewhere(trace, asked.engine, asked.scope, same)
    yield from _other_tries(trace, asked.engine, asked.scope)
    for sibling in siblings:
        yield sibling, "recipient", "another recipient of the same message", "certain"


def _siblings(trace: Trace, asked: _Asked) -> list[Trace]:
    """Give the traces of the other recipients of this message."""
    root = root_key(trace)
    if root is None:
        return []
    return [t for t in asked.holding(root) if t.id != trace.id and _same_message(trace, t, root)]


def root_key(trace: Trace) -> str | None:
    """Give the key of the message's first hop, where that has an id: its first queue file, else its scan."""
    if trace.queue_ids:
        of_kind = (key for key in trace.keys if keys.kind_of(key) is KeyKind.QUEUE)
        return next((key for key in of_kind if keys.queue_id_of(key) == trace.queue_ids[0]), None)
    found = {keys.kind_of(key): key for key in reversed(trace.keys)}
    return found.get(KeyKind.SCAN) or found.get(KeyKind.LOG)


def _same_message(trace: Trace, other: Trace, root: str) -> bool:
    """Whether two traces that hold the key of one first hop are of one message: ids come back, and a notice names its parent's."""
    if root_key(other) != root:
        return False
    if other.time_ms == trace.time_ms:
        return True
    same_id = other.message_id == trace.message_id or None in (other.message_id, trace.message_id)
    return same_id and abs(other.time_ms - trace.time_ms) <= _NEAR_MS


def _named(trace: Trace, relation: Related, asked: _Asked, same: set[str]) -> Iterator[_Found]:
    """Give the traces of the journey that this one names by a key."""
    kind, value = keys.kind_of(relation.key), keys.value_of(relation.key)
    # Who is related to it in the same way is a fellow (another notice of one scan), not what is meant.
    found = [t for t in asked.holding(relation.key) if t.id not in same and relation not in t.related]
    confidence = "certain"
    if kind is KeyKind.QUEUE:
        value = keys.queue_id_of(relation.key)
        # Those that only name the queue id are its relatives, not its owners.
        found = [t for t in found if value in t.queue_ids]
        alive = [t for t in found if _overlap(trace, t)]
        # Queue ids come back: without a life at that time it may be another message.
        confidence = "certain" if alive else "guessed"
        found = alive or found
    evidence = _NAMED.get(kind, "the log names it by {}").format(value)
    for other in found:
        yield other, relation.how, evidence, confidence


def _overlap(one: Trace, other: Trace) -> bool:
    """Whether two journeys were on their way at the same time."""
    return one.time_ms - _NEAR_MS <= other.last_event_ms and other.time_ms <= one.last_event_ms + _NEAR_MS


def _elsewhere(trace: Trace, engine: Engine, scope: Scope, same: set[str]) -> Iterator[_Found]:
    """Give the same message at servers of other log domains, by queue id in the reply, else by Message-ID alone; and copies made here."""
    for queue_id in trace.next_ids:
        found = _near(trace, engine, scope, Query(queue_id=(queue_id,)))
        for other in _to_same_recipient(trace, (t for t in found if queue_id in t.queue_ids and _overlap(trace, t))):
            agrees = trace.message_id is not None and other.message_id == trace.message_id
            yield other, "next_hop", f"the reply names the queue id {queue_id}", "certain" if agrees else "likely"
    if not trace.message_id or patterns.is_pattern(trace.message_id):
        # With a wildcard in it, it would be a search for many others.
        return
    try:
        query = Query(message_id=(trace.message_id,))
    except QueryError:
        # What a stranger wrote there is nothing that can be asked for.
        return
    found = _near(trace, engine, scope, query)
    for other in _to_same_recipient(trace, found):
        named = [queue_id for queue_id in other.next_ids if queue_id in trace.queue_ids]
        if named:
            yield other, "previous_hop", f"its reply names the queue id {named[0]}", "certain"
        else:
            yield other, "same_message_id", "the same Message-ID", "guessed"
    for other in found:
        if other.id not in same and _is_copy(trace, other):
            yield other, "copy", "the same Message-ID, handed in on the host meanwhile", "guessed"


def _is_copy(trace: Trace, other: Trace) -> bool:
    """Whether one was made of the other in the log domain: forwarded, sent to a list. Mail from outside may share it by itself."""
    if trace.log_domain != other.log_domain or not _overlap(trace, other):
        return False
    names = {trace.recipient, trace.original_recipient} - {None}
    made_here = any(t.client_ip is None or is_loopback(t.client_ip) for t in (trace, other))
    return made_here and names.isdisjoint({other.recipient, other.original_recipient})


def _other_tries(trace: Trace, engine: Engine, scope: Scope) -> Iterator[_Found]:
    """Give the tries of the sending server before and after: refused for now, it comes back, and no id tells that."""
    if trace.sender is None or trace.recipient is None or trace.client_ip is None or patterns.is_pattern(trace.sender + trace.recipient):
        return
    later = trace.disposition is Disposition.TEMPFAILED
    since, until = (trace.time_ms, trace.time_ms + _RETRY_MS) if later else (max(trace.time_ms - _RETRY_MS, 0), trace.time_ms + 1)
    try:
        query = Query(sender=(trace.sender,), recipient=(trace.recipient,), since_ms=since, until_ms=until)
    except QueryError:
        return
    found = engine.search(query, scope, limit=2 * LIMIT).traces
    sent = (trace.sender, trace.recipient, _network(trace.client_ip))
    tries = [t for t in found if t.id != trace.id and (t.sender, t.recipient, _network(t.client_ip)) == sent]
    evidence = "the same sender and recipient from the same network, soon after a refusal for now"
    if later:
        # Newest first: the try right after this one is the last of them; and the first that was not put off again says how it ended.
        ended = (t for t in reversed(tries) if t.disposition is not Disposition.TEMPFAILED)
        for other in (*tries[-1:], *islice(ended, 1)):
            yield other, "later_try", evidence, "guessed"
    else:
        for other in tries[:1]:
            if other.disposition is Disposition.TEMPFAILED:
                yield other, "earlier_try", evidence, "guessed"


def _network(ip: str | None) -> str | None:
    """The network of a client: large senders come again from a neighbour's address."""
    try:
        return None if ip is None else str(ip_network(f"{ip}/{64 if ':' in ip else 24}", strict=False))
    except ValueError:
        return ip


def _near(trace: Trace, engine: Engine, scope: Scope, query: Query) -> list[Trace]:
    """Tell what fits and was first seen within a day of the journey, for the same ids come back after years."""
    window = replace(query, since_ms=max(trace.time_ms - _DAY_MS, 0), until_ms=trace.last_event_ms + _DAY_MS)
    return engine.search(window, scope, limit=2 * LIMIT).traces


def _to_same_recipient(trace: Trace, found: Iterable[Trace]) -> list[Trace]:
    """Of the traces of other log domains those for the same recipient, or all where none is."""
    others = [t for t in found if t.log_domain != trace.log_domain]
    own = {trace.recipient, trace.original_recipient} - {None}
    return [t for t in others if own & {t.recipient, t.original_recipient}] or others
