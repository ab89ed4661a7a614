"""When a message is looked at: what of a backlog is finished or has waited long enough, what was held back, what may wait."""

from __future__ import annotations

from collections.abc import Callable

from ingest.clock import LONGEST_WHILE_US, PATIENCE_US, SETTLE_US, WHILE_US
from ingest.joining.message import Message
from ingest.memory.agenda import Agenda
from ingest.memory.memory import Memory
from ingest.memory.node import Large, Node

#: A message of more lines is told again only when it has grown by half, or after a while: longer the more lines it has.
LARGE_LINES = 100
_SHARE = 2


class Due:
    """The agenda of the messages in memory; `renew` makes the parts of a node anew."""

    def __init__(self, memory: Memory, renew: Callable[[str], None]) -> None:
        self._memory = memory
        self._nodes = memory.nodes
        self._renew = renew
        #: What waits in a backlog until it is quiet, on the log's clock, and what is held back, on the clock for showing.
        self._settling = Agenda()
        self._held = Agenda()
        self._any_large = False

    def now(self, show_us: int, *, everything: bool, final: bool) -> list[str]:
        """Nodes to be looked at now: of a backlog those that have been quiet for a while, else what changed; and what was held back."""
        nodes = self._nodes
        news, nodes.news = nodes.news, {}
        if final:
            nodes.late.clear()
            self._settling.all()
            self._held.all()
            return list(nodes.dirty)
        due: dict[str, None] = {}
        if everything:
            for key in (*self._settling.all(), *news):
                if self._puts_off(key, show_us):
                    nodes.late.add(key)
                else:
                    due[key] = None
        else:
            for key in (*news, *self._settling.due(self._memory.clock_us)):
                since, node = nodes.dirty.get(key), nodes.get(key)
                if since is None or node is None:
                    continue
                quiet = min(node.touched_us + SETTLE_US, since + PATIENCE_US)
                if quiet <= self._memory.clock_us:
                    due[key] = None
                else:
                    self._settling.put(key, quiet)
        due.update(dict.fromkeys(self._held.due(show_us)))
        nodes.late -= due.keys()
        return [key for key in due if key in nodes.dirty]

    def settles(self, message: Message, nodes: list[Node]) -> bool:
        """Whether a message of a backlog is still to settle: it is neither finished and quiet nor has it waited too long."""
        dirty, clock_us = self._nodes.dirty, self._memory.clock_us
        since = min([dirty[n.key] for n in nodes if n.key in dirty], default=clock_us)
        quiet = max([n.touched_us for n in nodes]) + SETTLE_US if message.closed else since + PATIENCE_US
        due = min(quiet, since + PATIENCE_US)
        if due <= clock_us:
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
        keys = frozenset([n.key for n in nodes])
        lines = sum([len(p.events) for p in message.parts])
        large = Large(lines, show_us) if lines > LARGE_LINES else None
        self._any_large = self._any_large or large is not None
        # Most nodes share one set, and go on to share one.
        merged: dict[frozenset[str], frozenset[str]] = {}
        for node in nodes:
            self._nodes.dirty.pop(node.key, None)
            self._nodes.late.discard(node.key)
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
        node = self._nodes.get(key)
        if node is not None and node.large is None:
            self._renew(key)
        named = [link.target for part in node.named for link in part.links] if node is not None and node.large is None else []
        found = (self._nodes.get(one) for one in (key, *named))
        large = next((n.large for n in found if n is not None and n.large is not None), None)
        if large is None:
            return False
        fresh = len(node.fresh) if node is not None else 0
        again = large.told_us + min(WHILE_US * large.lines // LARGE_LINES, LONGEST_WHILE_US)
        if (large.news + fresh) * _SHARE >= large.lines or show_us >= again:
            return False
        # What is new in a node that is of it already is counted whenever it is looked at.
        large.news += fresh if node is not None and node.large is None else 0
        self._held.put(key, again)
        return True
