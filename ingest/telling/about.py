"""What the whole message says on one way: sender, client, Message-ID, size, subject, ids; once for all recipients of that way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from ingest.joining.event import LiveEvent
from ingest.joining.life import Life
from ingest.joining.parts import Loose, Part, Scan, facts_of
from ingest.queue_ids import believed_time
from ingest.telling.rules import NO_RULES, Rules
from ingest.telling.tree import FROM_SCAN, Tree
from mappings import keys
from mappings.address import domain_of, is_loopback
from mappings.authentication import AuthCheck
from mappings.facts import Expired, Inspected, Judged, Received, Ruled, Scanned
from mappings.keys import KeyKind
from mappings.links import How
from mappings.log_words import Decider
from mappings.trace import HopLink, Related
from mappings.vocabulary import Direction

T = TypeVar("T")


class About:
    """What the parts on a way say, the beginning of the message first."""

    __slots__ = (
        "checks",
        "client",
        "direction",
        "first",
        "header_from",
        "helo",
        "hops",
        "incomplete",
        "judged",
        "lives",
        "message_id",
        "origin",
        "own_rule",
        "parts",
        "pieces",
        "proxied",
        "queue_ids",
        "received",
        "refusal",
        "related",
        "results",
        "root",
        "rules",
        "scans",
        "sender",
        "sender_domain",
        "size",
        "subject",
        "tested",
        "tree",
        "user",
    )

    def __init__(self, root: Part, parts: list[Part], tree: Tree | None, refusal: LiveEvent | None = None) -> None:
        self.root = root
        self.refusal = refusal
        self.tree = tree
        self.parts = parts
        self.lives = [p for p in parts if type(p) is Life]
        self.scans = [p for p in parts if type(p) is Scan]
        #: What belongs to the parts by a weak id only.
        self.pieces = [piece for p in parts for piece in tree.loose.get(p, ())] if tree is not None and tree.loose else []
        #: What rules say; the refusal of the recipient says it before all others.
        self.rules = _rules(self.lives[:1], self.pieces, tree)
        self.own_rule = refusal.fact if refusal is not None and isinstance(refusal.fact, Ruled) else None
        self.results = [result for scan in self.scans for result in facts_of(scan)]
        self.received = self.lives[0].received if self.lives else _connected([p for p in (*parts, *self.pieces) if type(p) is Loose])
        self.judged = self._judged()
        #: Whether a filter before the queue answered the client.
        self.proxied = self.rules.proxied or (self.own_rule is not None and self.own_rule.source is Decider.PROXY)
        self.origin = self._origin()
        self.sender = self._sender()
        self.sender_domain = domain_of(self.sender) if self.sender else None
        self.client = self._client()
        self.message_id = self._message_id()
        self.user = (self.received.user if self.received is not None else None) or self.said("user")
        self.helo = self.said("helo")
        self.header_from = self._ruled("header_from") or _first([result.header_from for result in self.results])
        self.subject = self.said("subject") or _first([result.subject for result in self.results])
        self.size = self._size()
        #: The key that names the message, its first sight in microseconds, and the host.
        self.first = self._first()
        self.queue_ids = self._queue_ids()
        ways = {result.direction for result in self.results} - {None}
        #: Its hops, what has to do with it, and whether lines of it are missing: set by whoever has told so much of it.
        self.hops: list[HopLink] = []
        self.related: list[Related] = []
        self.incomplete = False
        #: What came of authenticating it, and the filter's result that has tests: worked out once for all recipients of a way.
        self.checks: list[AuthCheck] | None = None
        self.tested: Scanned | None = next((one for one in self.results if one.symbols or one.file), None)
        #: Which way the filter says that it goes.
        self.direction: Direction | None = ways.pop() if len(ways) == 1 else None

    def said(self, name: str) -> Any:
        """The value of an attribute as the beginning of the message says it, or else the first rule that does."""
        told = getattr(self.received, name, None)
        return told if told is not None else self._ruled(name)

    @property
    def submitted(self) -> bool:
        """Whether somebody logged in, or a user of the host handed it in."""
        return self.user is not None or (self.received is not None and self.received.submitted)

    def _ruled(self, name: str) -> Any:
        """The value of an attribute as the first rule has it."""
        own = getattr(self.own_rule, name, None)
        return self.rules.first(name) if own is None else own

    def _judged(self) -> list[Judged]:
        """The results of filters beside the queue, also those from another host that name the queue file."""
        found = [event for life in self.lives for event in life.judged]
        found += [event for piece in self.pieces if piece.kind is KeyKind.QUEUE for event in piece.events]
        return [event.fact for event in found if isinstance(event.fact, Judged)]

    def _filtered(self) -> Iterable[Scanned | Inspected]:
        """What the filter's lines say of the sender, the result first."""
        yield from self.results
        looked: list[Scan | Loose] = [*self.scans, *self.pieces]
        yield from [e.fact for part in looked for e in part.events if isinstance(e.fact, Inspected)]

    def _sender(self) -> str | None:
        """The envelope sender as the client gave it: in the dialogue, at submission, else in the queue or the filter."""
        logged = self._logged_sender()
        if (logged or "").isascii():
            # A filter beside the queue was told it by the client, where later lines have it rewritten; what is not ASCII is damaged there.
            heard = _first([result.sender for scan in self.scans if scan.beside for result in facts_of(scan)])
            return logged if heard is None else heard
        return logged

    def _logged_sender(self) -> str | None:
        """The envelope sender as the lines of the mail server have it, else those of the filter."""
        said: str | None = self._ruled("sender")
        if said is not None:
            return said
        submitted = self.received.sender if self.received is not None else None
        queued = [life.queued.sender for life in self.lives if life.queued is not None]
        if submitted is not None and ("@" in submitted or not queued):
            return submitted
        if queued:
            return queued[0]
        given_up = [life.expired.fact for life in self.lives if life.expired is not None]
        named = _first([fact.sender for fact in given_up if isinstance(fact, Expired)])
        if named is None:
            named = _first([judged.sender for judged in self.judged])
        if named is None:
            named = _first([found.sender for found in self._filtered()])
        if named is None and self.lives and self.lives[0].is_notice and len(self.lives[0].events) > len(self.lives[0].causes):
            # Of one that is only named, no line of its own says that there is a message.
            return ""
        return named

    def _client(self) -> tuple[str | None, str | None]:
        """Name and address of the server that sent the message to us."""
        received = self.received
        if received is not None and (received.client_ip or received.client_name):
            passed_on = received.origin_ip and received.client_ip and is_loopback(received.client_ip)
            if received.origin_queue_id is not None or passed_on:
                return received.origin_name, received.origin_ip
            if received.queue_id is None or not (self.scans and self.scans[0] is self.root):
                return received.client_name, received.client_ip
        for rule in (self.own_rule, self.rules.first_with("client_ip")):
            if rule is not None and rule.client_ip is not None:
                return rule.client_name, rule.client_ip
        # What is said when a scan begins may be out of the header, where the filter was told no client.
        thought: list[Scanned | Judged] = [*self.results, *self.judged]
        for found in thought:
            if found.client_ip is not None:
                return None, found.client_ip
        return (received.client_name, received.client_ip) if received is not None else (None, None)

    def _message_id(self) -> str | None:
        """The Message-ID header; the first hop may have come without one, and a later one have added it."""
        for life in self.lives:
            for found in life.identified:
                if not found.resent and found.message_id:
                    return found.message_id
        return _first([*[result.message_id for result in self.results], *[judged.message_id for judged in self.judged]])

    def _size(self) -> int | None:
        """The size in bytes, as the mail server has it, else the filter."""
        for life in self.lives:
            if life.queued is not None:
                return life.queued.size
        return _first([*[result.size for result in self.results], *[judged.size for judged in self.judged]])

    def _origin(self) -> str | None:
        """The queue id before the first part seen, where a line names it and its own lines are not seen."""
        if isinstance(self.root, Scan):
            return next((result.origin_queue_id for result in self.results if result.origin_queue_id), None)
        if isinstance(self.root, Life) and self.root.received is not None:
            received = self.root.received
            return (
                received.requeued_from
                or received.put_back_from
                or received.split_from
                or (received.origin_queue_id if came_locally(received) else None)
            )
        return None

    def _first(self) -> tuple[str, int, str]:
        """What names the message."""
        root = self.root
        if isinstance(root, Loose):
            line = self.refusal or root.events[0]
            return keys.line(line.digest), line.time_us, line.host
        crowded = self.tree.message.crowded if self.tree is not None else ()
        if self.origin is not None and (key := keys.queue(root.host, self.origin)) not in crowded:
            return key, believed_time(self.origin, root.start_us) or first_us(root), root.host
        if isinstance(root, Scan) and self.tree is not None:
            # A filter before the queue: the message begins with the first queue file behind it.
            onward = self.tree.onward.get(root, ())
            behind = next((target for target, how, _ in onward if how in FROM_SCAN and isinstance(target, Life)), None)
            if behind is not None:
                return behind.key, behind.first_us, root.host
        return root.key, first_us(root), root.host

    def _queue_ids(self) -> list[str]:
        """Queue ids in the order of the hops."""
        found = [self.origin] if self.origin else []
        found += [life.queue_id for life in self.lives]
        if not self.lives or isinstance(self.root, Scan):
            found += [queue_id for result in self.results if result.passed for queue_id in result.next_ids]
        return list(dict.fromkeys([queue_id for queue_id in found if queue_id]))


def lines_missing(about: About) -> bool:
    """Whether lines of the journey were not seen: a queue file without its beginning, a hop that is only named."""
    if about.origin is not None:
        return True
    if isinstance(about.root, Scan):
        # Before the queue a filter has no queue file in front of it: what the client was told is the beginning then.
        return not about.proxied
    first = about.lives[0] if about.lives else None
    if first is None:
        return False
    if first is about.root and not first.hows.isdisjoint({How.RESENT, How.REQUEUE, How.PUT_BACK, How.SPLIT}):
        # It names what it was released, put back or split off from, and that is not seen: older than is kept, or never read.
        return True
    return first.received is None and not _begun_otherwise(first)


def _begun_otherwise(life: Life) -> bool:
    """Whether a queue file has its beginning in other lines than those of a client's."""
    if life.is_notice:
        return True
    if any(life.queue_id in found.message_id for found in life.identified):
        # The mail server made the message itself: it has no client then, and a Message-ID with its own queue id.
        return True
    # The line of an ACL's refusal says all that the beginning of a message says.
    rules = [e.fact for e in life.rules_of_all if isinstance(e.fact, Ruled)]
    return any(rule.source is Decider.ACL and rule.client_ip is not None for rule in rules)


def _connected(pieces: list[Loose]) -> Received | None:
    """The client of a session in which no queue file began, for a filter before the queue took the message, or refused it."""
    return next((e.fact for piece in pieces for e in piece.events if isinstance(e.fact, Received) and e.fact.queue_id is None), None)


def _rules(lives: list[Life], pieces: list[Loose], tree: Tree | None) -> Rules:
    """What the rules of some parts say."""
    if not pieces and not (lives and lives[0].rules):
        return NO_RULES
    parts: tuple[Part, ...] = (*lives, *pieces)
    known = tree.rules.get(parts) if tree is not None else None
    if known is None:
        events = [e for life in lives for e in life.rules] + [e for piece in pieces for e in piece.events]
        known = Rules([e.fact for e in events if isinstance(e.fact, Ruled)])
        if tree is not None:
            tree.rules[parts] = known
    return known


def _first(values: Iterable[T | None]) -> T | None:
    """The first value that there is."""
    for value in values:
        if value is not None:
            return value
    return None


def came_locally(received: Received) -> bool:
    """Whether a queue file came by loopback."""
    return received.client_ip is None or is_loopback(received.client_ip)


def first_us(part: Part) -> int:
    """First sight of a part."""
    return part.first_us if type(part) is Life else part.start_us
