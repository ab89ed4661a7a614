"""What the whole message says about a row: sender, client, Message-ID, size, subject, ids."""

from __future__ import annotations

from ingest.correlate.life import Life
from ingest.correlate.links import Loose, Part, Scan
from ingest.correlate.rows import Row, Tree
from ingest.queue_ids import time_in_id
from mappings import keys
from mappings.address import is_loopback
from mappings.facts import Inspected, Judged, Received, Ruled, Scanned


class Spoken:
    """What rules say of a message: its many recipients ask the same of them."""

    def __init__(self, rules: list[Ruled]) -> None:
        # Before the queue the client's own words stand in the proxied answer; behind it cleanup may have rewritten them.
        self.rules = sorted(rules, key=lambda r: r.source != "proxy")
        self._first: dict[str, Ruled | None] = {}

    def first_with(self, name: str) -> Ruled | None:
        """The first rule that has an attribute."""
        if name not in self._first:
            self._first[name] = next((r for r in self.rules if getattr(r, name) is not None), None)
        return self._first[name]


def _spoken(lives: list[Life], loose: list[Loose], tree: Tree | None) -> Spoken:
    """What the rules of some parts say."""
    key = tuple(id(p) for p in (*lives, *loose))
    known = tree.spoken.get(key) if tree is not None else None
    if known is None:
        events = [*(e for life in lives for e in life.rules), *(e for piece in loose for e in piece.events)]
        known = Spoken([e.fact for e in events if isinstance(e.fact, Ruled)])
        if tree is not None:
            tree.spoken[key] = known
    return known


class About:
    """What the whole message says about a row: sender, client, Message-ID, size, subject, ids."""

    def __init__(self, root: Part, row: Row, tree: Tree | None) -> None:
        self.root = root
        self.row = row
        self.tree = tree
        parts: list[Part] = [*row.path, *(row.released.path if row.released is not None else [])]
        self.lives = [p for p in parts if isinstance(p, Life)]
        self.scans = [p for p in parts if isinstance(p, Scan)]
        loose = [q for p in parts for q in (tree.loose.get(id(p), []) if tree else [])]
        self._spoken = _spoken(self.lives[:1], loose, tree)
        self._refusal = row.refusal.fact if row.refusal is not None and isinstance(row.refusal.fact, Ruled) else None
        self.results = [e.fact for s in self.scans for e in s.results if isinstance(e.fact, Scanned)]
        looked: list[Part] = [*self.scans, *loose]
        inspected = [e.fact for p in looked for e in p.events if isinstance(e.fact, Inspected)]
        #: What the filter's lines say of sender and client, the result first.
        self.filtered: list[Scanned | Inspected] = [*self.results, *inspected]
        self.received = self.lives[0].received if self.lives else None
        self.judged = [e.fact for life in self.lives for e in life.judged if isinstance(e.fact, Judged)]

    @property
    def sender(self) -> str | None:
        """The envelope sender as the client gave it: in the dialogue, at submission, else in the queue or the filter."""
        logged = self._logged_sender
        # A filter beside the queue was told it by the client, where cleanup's lines have it rewritten; what is not ASCII amavis damages.
        heard = (e.fact.sender for s in self.scans if s.beside for e in s.results if isinstance(e.fact, Scanned))
        return next((sender for sender in heard if sender is not None and (logged or "").isascii()), logged)

    @property
    def _logged_sender(self) -> str | None:
        """The envelope sender as the lines of the mail server have it, else those of the filter."""
        said: str | None = self._ruled("sender")
        if said is not None:
            return said
        submitted = self.received.sender if self.received is not None else None
        if submitted is not None and ("@" in submitted or not any(life.queued for life in self.lives)):
            return submitted
        for life in self.lives:
            if life.queued is not None:
                return life.queued.sender
        named = next((f.sender for f in self.judged if f.sender is not None), None)
        return named if named is not None else next((f.sender for f in self.filtered if f.sender is not None), None)

    @property
    def client(self) -> tuple[str | None, str | None]:
        """Name and address of the server that sent the message to us."""
        received = self.received
        if received is not None and (received.client_ip or received.client_name):
            if received.origin_ip and received.origin_queue_id is None and received.client_ip and is_loopback(received.client_ip):
                return received.origin_name, received.origin_ip
            if received.origin_queue_id is not None:
                return received.origin_name, received.origin_ip
            if not (self.scans and self.scans[0] is self.root):
                return received.client_name, received.client_ip
        for rule in (self._refusal, self._spoken.first_with("client_ip")):
            if rule is not None and rule.client_ip is not None:
                return rule.client_name, rule.client_ip
        for found in (*self.filtered, *self.judged):
            if found.client_ip is not None:
                return None, found.client_ip
        return (received.client_name, received.client_ip) if received is not None else (None, None)

    @property
    def message_id(self) -> str | None:
        """The Message-ID header."""
        for life in self.lives:
            for found in life.identified:
                if not found.resent:
                    return found.message_id
        told = [*(r.message_id for r in self.results), *(j.message_id for j in self.judged)]
        return next((one for one in told if one is not None), None)

    def rule_value(self, name: str) -> str | None:
        """The value of an attribute as the beginning of the message says it, or else the first rule that does."""
        told: str | None = getattr(self.received, name, None)
        return told if told is not None else self._ruled(name)

    def _ruled(self, name: str) -> str | None:
        """The value of an attribute as the first rule has it, the refusal of the recipient before others."""
        for rule in (self._refusal, self._spoken.first_with(name)):
            value: str | None = getattr(rule, name, None)
            if value is not None:
                return value
        return None

    @property
    def proxied(self) -> bool:
        """Whether a filter before the queue answered the client."""
        return any(rule is not None and rule.source == "proxy" for rule in (self._refusal, *self._spoken.rules[:1]))

    def result_value(self, name: str) -> str | None:
        """The first scan result's value of an attribute."""
        return next((v for r in self.results if (v := getattr(r, name)) is not None), None)

    @property
    def origin(self) -> str | None:
        """The queue id before the first part seen, where a line names it and its own lines are not seen."""
        if isinstance(self.root, Scan):
            return next((r.origin_queue_id for r in self.results if r.origin_queue_id), None)
        if isinstance(self.root, Life) and self.root.received is not None:
            received = self.root.received
            return received.requeued_from or (received.origin_queue_id if is_local(received) else None)
        return None

    @property
    def first(self) -> tuple[str, int, str]:
        """The key that names the message, its first sight in microseconds, and the host."""
        root = self.root
        if isinstance(root, Loose):
            event = self.row.refusal or root.events[0]
            return keys.line(event.digest), event.time_us, event.host
        origin = self.origin
        if origin is not None and keys.queue(root.host, origin) not in (self.tree.message.crowded if self.tree is not None else ()):
            return keys.queue(root.host, origin), time_in_id(origin) or first_us(root), root.host
        if isinstance(root, Scan) and self.tree is not None:
            # A filter before the queue: the message begins with the first queue file behind it.
            behind = next((t for t, how in self.tree.onward[id(root)] if how == "next" and isinstance(t, Life)), None)
            if behind is not None:
                return behind.key, first_us(behind), root.host
        return root.key, first_us(root), root.host

    @property
    def queue_ids(self) -> list[str]:
        """Queue ids in the order of the hops."""
        found = [self.origin] if self.origin else []
        found += [life.queue_id for life in self.lives]
        if not self.lives or isinstance(self.root, Scan):
            found += [i for r in self.results if r.passed for i in r.next_ids]
        return list(dict.fromkeys(i for i in found if i))


def is_local(received: Received) -> bool:
    """Whether a queue file came by loopback."""
    return received.client_ip is None or is_loopback(received.client_ip)


def first_us(part: Part) -> int:
    """First sight of a part."""
    return part.first_us if isinstance(part, Life) else part.start_us
