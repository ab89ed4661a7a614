"""The one place at which the telling of a message can fail: it is then told without the line that makes it fail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from ingest.aside import Aside, FailedLine
from ingest.clock import SECOND
from ingest.joining.event import LiveEvent, in_order
from ingest.memory.memory import Memory
from ingest.tail.marks import Told
from mappings import keys
from mappings.facts import Unread
from mappings.keys import KeyKind

#: So many lines are tried when a message cannot be told with all of them.
_TRIED = 50


class Mender:
    """Keeps what fails at one message from all others."""

    def __init__(self, memory: Memory, aside: Aside) -> None:
        self._nodes = memory.nodes
        self._aside = aside

    def guarded(self, key: str, work: Callable[[str], None]) -> None:
        """Do something for the messages of a node.

        Where that raises, it is done again without the one line that makes it raise, and the message is incomplete; where there is no such
        line, all its new lines are put aside. Faults that are none of a line's are raised (`Aside.check`).
        """
        try:
            work(key)
        except Exception as error:  # noqa: BLE001 - sorted out by `Aside`
            self._aside.check(error)
            self._mend(key, work, error)

    def _mend(self, key: str, work: Callable[[str], None], error: Exception) -> None:
        """Find the line without which it can be done: the newest are tried first, for with the others it was done before."""
        nodes = self._nodes
        fresh = [event for node in nodes.linked(key) for digest, event in node.events.items() if digest in node.fresh]
        for event in sorted(fresh, key=in_order, reverse=True)[:_TRIED]:
            fact = event.fact
            nodes.restate(
                event, Unread(next((keys.queue_id_of(owner) for owner in event.owners if keys.kind_of(owner) is KeyKind.QUEUE), None))
            )
            try:
                work(key)
            except Exception as again:  # noqa: BLE001
                self._aside.check(again)
                nodes.restate(event, fact)
            else:
                self._aside.take(error, [_failed(event)])
                return
        self._aside.take(error, [_failed(event) for event in fresh])
        for node in nodes.linked(key):
            node.forget(list(node.fresh))
            nodes.set_apart(node)


def _failed(event: LiveEvent) -> FailedLine:
    """A line with which a message could not be told."""
    year = datetime.fromtimestamp(event.time_us // SECOND, UTC).year
    offset = event.places[0].offset if event.places else None
    return FailedLine(event.file, offset, event.raw or None, event.program, year, Told(log_host=event.host))
