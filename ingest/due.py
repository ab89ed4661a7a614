"""When a message is to be looked at: what of a backlog is finished or has waited long enough, what was held back, what may wait."""

from __future__ import annotations

from collections.abc import Callable

from ingest.correlate.agenda import Agenda
from ingest.correlate.event import SECOND
from ingest.correlate.links import Message
from ingest.correlate.node import Large, Node
from ingest.correlate.table import Table

#: In a backlog a finished message waits this long for late lines, on the log's clock, so that it is written once.
SETTLE_US = 2 * SECOND
#: An unfinished one is written at the latest so long after it changed, on the log's clock.
PATIENCE_US = 30 * SECOND
#: A message of more lines is told again only when it has grown by half, or after a while: longer the more lines it has.
LARGE_LINES = 100
_SHARE = 2
_WHILE_US, _LONGEST_US = 10 * SECOND, 60 * SECOND


class Due:
    """The agenda of a table's messages; `renew` makes the parts of a node anew."""

    def __init__(self, table: Table, renew: Callable[[str], None]) -> None:
        self._table = table
        self._renew = renew
        #: What waits in a backlog until it is quiet, on the log's clock, and what is held back, on the clock for showing.
        self._settling = Agenda()
        self._held = Agenda()
        self._any_large = False

    def now(self, show_us: int, *, everything: bool, final: bool) -> list[str]:
        """Nodes to be looked at now: of a backlog those that have been quiet for a while, else what changed; and what was held back."""
        web = self._table.web
        news, web.news = web.news, {}
        if final:
            web.late.clear()
            self._settling.all()
            self._held.all()
            return list(web.dirty)
        due: dict[str, None] = {}
        if everything:
            for key in (*self._settling.all(), *news):
                if self._puts_off(key, show_us):
                    web.late.add(key)
                else:
                    due[key] = None
        else:
            for key in (*news, *self._settling.due(self._table.clock_us)):
                since, node = web.dirty.get(key), web.nodes.get(key)
                if since is None or node is None:
                    continue
                quiet = min(node.touched_us + SETTLE_US, since + PATIENCE_US)
                if quiet <= self._table.clock_us:
                    due[key] = None
                else:
                    self._settling.put(key, quiet)
        due.update(dict.fromkeys(self._held.due(show_us)))
        web.late -= due.keys()
        return [key for key in due if key in web.dirty]

    def settles(self, message: Message, nodes: list[Node]) -> bool:
        """Whether a message of a backlog is still to settle: it is neither finished and quiet nor has it waited too long."""
        dirty = self._table.web.dirty
        since = min((dirty[n.key] for n in nodes if n.key in dirty), default=self._table.clock_us)
        quiet = max(n.touched_us for n in nodes) + SETTLE_US if message.closed else since + PATIENCE_US
        due = min(quiet, since + PATIENCE_US)
        if due <= self._table.clock_us:
            return False
        for node in nodes:
            self._settling.put(node.key, due)
        return True

    def hold(self, nodes: list[Node], until_us: int) -> None:
        """Have a message looked at again then; a node that changes meanwhile is looked at anyway."""
        for node in nodes:
            self._held.put(node.key, until_us)

    def told(self, message: Message, nodes: list[Node], show_us: int) -> None:
        """Note that a message was told."""
        keys = frozenset(n.key for n in nodes)
        lines = sum(len(p.events) for p in message.parts)
        large = Large(lines, show_us) if lines > LARGE_LINES else None
        self._any_large = self._any_large or large is not None
        # Most nodes share one set, and go on to share one.
        merged: dict[frozenset[str], frozenset[str]] = {}
        for node in nodes:
            self._table.web.dirty.pop(node.key, None)
            self._table.web.late.discard(node.key)
            before = node.family
            if before not in merged:
                merged[before] = before | keys if before else keys
            node.family = merged[before]
            node.large = large

    def _puts_off(self, key: str, show_us: int) -> bool:
        """Whether something new of a message is told later because all of the message would be told again, and it has many lines.

        It is told anew when it has grown by a share, or after a while: so what it costs grows as its lines do.
        """
        if not self._any_large:
            return False
        node = self._table.web.nodes.get(key)
        if node is not None and node.large is None:
            self._renew(key)
        named = (link.target for part in node.named for link in part.links) if node is not None and node.large is None else ()
        found = (self._table.web.nodes.get(one) for one in (key, *named))
        large = next((n.large for n in found if n is not None and n.large is not None), None)
        if large is None:
            return False
        fresh = len(node.fresh) if node is not None else 0
        again = large.told_us + min(_WHILE_US * large.lines // LARGE_LINES, _LONGEST_US)
        if (large.news + fresh) * _SHARE >= large.lines or show_us >= again:
            return False
        # What is new in a node that is of it already is counted whenever it is looked at.
        large.news += fresh if node is not None and node.large is None else 0
        self._held.put(key, again)
        return True
