"""Bulk requests: a few threads that send what waits, and send again what the server did not take.

What waits is bounded in bytes, so a server that is away makes the reader wait; the log files are the buffer. Only what was not
taken is sent again. A document that the server refuses for good is given back with its reason, and its batch goes on.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ingest.sinks.patience import Patience
from mappings.elasticsearch.connection import Connection, pauses
from mappings.elasticsearch.faults import LATER, StoreAway, of_answer
from mappings.faults import StoreError

#: One body holds so much at most.
MOST_DOCUMENTS, MOST_BYTES = 2_000, 3 << 20
#: So many bytes may wait or be under way.
MOST_WAITING = 24 << 20
SENDERS = 2
_BULK = "/_bulk?filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by"


@dataclass(slots=True, eq=False)
class Item:
    """One document on its way."""

    ticket: int
    id: str
    version: int
    index: str
    document: bytes
    #: Belongs to whoever follows what is new.
    generation: Any = None

    def action(self) -> bytes:
        """The line before it in a bulk body."""
        return b'{"index":{"_index":"%b","_id":"%b","version":%d,"version_type":"external_gte"}}\n' % (
            self.index.encode(),
            self.id.encode(),
            self.version,
        )


class _Cause(msgspec.Struct):
    """Why: the server's kind and words, and what is behind it."""

    type: str = ""
    reason: str = ""
    caused_by: _Cause | None = None

    def words(self) -> str:
        """All of it in one line."""
        words, cause = [self.reason or self.type], self.caused_by
        while cause is not None:
            words.append(cause.reason or cause.type)
            cause = cause.caused_by
        return ": ".join(dict.fromkeys(filter(None, words)))


class _Outcome(msgspec.Struct):
    """What became of one document."""

    status: int = 0
    error: _Cause | None = None


class _Answer(msgspec.Struct):
    """The answer to a bulk request."""

    items: list[dict[str, _Outcome]] = []


_decode = msgspec.json.Decoder(_Answer).decode


class Senders:
    """Sends items; `taken` hears of those that are durable, `refused` of those that never will be, with the reason.

    `gone` is asked about an index that is not there: True where its items are not kept any more.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        taken: Callable[[Sequence[Item]], None],
        refused: Callable[[Item, str], None],
        gone: Callable[[str], bool],
        patience: Patience,
        count: int = SENDERS,
    ) -> None:
        self._connection = connection
        self._taken = taken
        self._refused = refused
        self._gone = gone
        self._patience = patience
        self._changed = threading.Condition()
        self._waiting: deque[Item] = deque()
        self._bytes = 0
        self._under_way = 0
        self._fault: BaseException | None = None
        self._closing = False
        self.conflicts = 0
        self.sent_again = 0
        self.requests = 0
        self._threads = [threading.Thread(target=self._run, name=f"bulk-{number}", daemon=True) for number in range(count)]
        for thread in self._threads:
            thread.start()

    def put(self, items: Sequence[Item]) -> None:
        """Take items; waits while too many bytes are under way."""
        with self._changed:
            while self._bytes > MOST_WAITING:
                self._raise()
                self._patience.beat()
                self._changed.wait(1.0)
            self._raise()
            self._waiting.extend(items)
            self._under_way += len(items)
            self._bytes += sum(len(item.document) for item in items)
            self._changed.notify_all()

    def flush(self) -> None:
        """Wait until nothing is under way; raises where a server that is away is waited for no longer."""
        with self._changed:
            while self._under_way:
                self._raise()
                self._patience.beat()
                self._changed.wait(1.0)
            self._raise()

    def close(self) -> None:
        """Send what waits, and end; a server that is away is waited for a little, and what it lacks stays unacknowledged."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def under_way(self) -> tuple[int, int]:
        """Documents that wait or are under way, and their bytes."""
        with self._changed:
            return self._under_way, self._bytes

    def check(self) -> None:
        """Raise what has ended a sender."""
        with self._changed:
            self._raise()

    def _raise(self) -> None:
        """Raise what has ended a sender; all its items are unacknowledged."""
        if self._fault is not None:
            raise StoreError(str(self._fault)) from self._fault

    def _run(self) -> None:
        """One sender."""
        try:
            while (items := self._take()) is not None:
                self._deliver(items)
        except BaseException as error:
            # Whoever submits or waits is told; without that he would wait for ever.
            with self._changed:
                self._fault = self._fault or error
                self._changed.notify_all()
            if not isinstance(error, StoreError):
                raise

    def _take(self) -> list[Item] | None:
        """The items of the next body; None when it is time to end."""
        with self._changed:
            while not self._waiting:
                if self._closing or self._fault is not None:
                    return None
                self._changed.wait(1.0)
            items: list[Item] = []
            size = 0
            while self._waiting and len(items) < MOST_DOCUMENTS and (not items or size + len(self._waiting[0].document) <= MOST_BYTES):
                item = self._waiting.popleft()
                size += len(item.document)
                items.append(item)
            return items

    def _deliver(self, items: list[Item]) -> None:
        """Send items until each is taken, refused or given up."""
        growing = pauses()
        while items:
            before = len(items)
            items, why = self._attempt(items)
            if not items:
                return
            if len(items) < before:
                growing = pauses()
            self.sent_again += len(items)
            pause = next(growing)
            self._patience.sending.say(why, pause)
            if not self._patience.pause(pause):
                raise StoreAway(f"{why} Documents not written: {self._under_way}; their lines will be read again.")

    def _attempt(self, items: list[Item]) -> tuple[list[Item], str]:
        """One request: what has to be sent again, and why."""
        # Each document is copied once, on its way into the body.
        body = b"".join([part for item in items for part in (item.action(), item.document, b"\n")])
        self.requests += 1
        try:
            status, answer = self._connection.send("write documents", "POST", _BULK, body, lines=True)
        except StoreAway as error:
            return items, str(error)
        if status == 413:
            return self._too_large(items)
        if status in LATER:
            return items, str(of_answer(status, answer, "write documents"))
        if status >= 400:
            raise of_answer(status, answer, "write documents")
        return self._sorted_out(items, _decode(answer))

    def _too_large(self, items: list[Item]) -> tuple[list[Item], str]:
        """A body that the server (or a proxy before it) does not take: in halves, down to the one document that is too large."""
        if len(items) == 1:
            self._give_up(items[0], "the document is larger than the server takes")
            return [], ""
        middle = len(items) // 2
        left, why_left = self._attempt(items[:middle])
        right, why_right = self._attempt(items[middle:])
        return left + right, why_left or why_right

    def _sorted_out(self, items: list[Item], answer: _Answer) -> tuple[list[Item], str]:
        """Tell those that are durable from those that are refused and those to be sent again."""
        if len(answer.items) != len(items):
            raise StoreError("Elasticsearch answered a bulk request with another number of documents; is there a proxy before it?")
        taken: list[Item] = []
        again: list[Item] = []
        why = ""
        gone: dict[str, bool] = {}
        for item, outcome in zip(items, (next(iter(one.values())) for one in answer.items), strict=True):
            status, error = outcome.status, outcome.error
            if status < 300 or status == 409:
                # A conflict means that the store has a higher version.
                self.conflicts += status == 409
                taken.append(item)
            elif status in LATER or status >= 500:
                again.append(item)
                why = error.words() if error is not None else f"status {status}"
            elif status == 404 and error is not None and error.type == "index_not_found_exception":
                if item.index not in gone:
                    gone[item.index] = self._gone(item.index)
                if gone[item.index]:
                    self._give_up(item, None)
                else:
                    again.append(item)
                    why = error.words()
            elif status in (401, 403):
                raise StoreError(f"Elasticsearch does not allow us to write documents: {error.words() if error else status}.")
            else:
                self._give_up(item, error.words() if error is not None else f"status {status}")
        if taken:
            self._patience.answered()
        # First the tickets, then whoever waits for them.
        self._taken(taken)
        self._done(taken)
        return again, why

    def _give_up(self, item: Item, reason: str | None) -> None:
        """An item that will not be stored: refused with a reason, or of a time that is kept no more."""
        self._refused(item, reason or "")
        self._taken([item])
        self._done([item])

    def _done(self, items: Sequence[Item]) -> None:
        """Items are no longer under way."""
        with self._changed:
            self._under_way -= len(items)
            self._bytes -= sum(len(item.document) for item in items)
            self._changed.notify_all()
