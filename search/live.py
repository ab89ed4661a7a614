"""New traces as they come: a store is looked at again and again, and what was not there before is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from msgspec.structs import replace

from mappings import identity
from mappings.trace import Trace
from search.answers import TraceAnswer, trace_answer
from search.query import Query
from search.query_error import QueryError
from search.service import MailTrace

#: So long before the newest that is told, a trace may have been first seen and still be new: logs are not all read at the same pace.
LOOK_BACK_MS: Final = 300_000
#: At most so many traces are looked at, told and remembered at a time.
MOST: Final = 1_000
#: Seconds from one look to the next.
EVERY_S: Final = 1.5


@dataclass(frozen=True, slots=True)
class NewRows:
    """What came since the last look."""

    #: The oldest first.
    traces: list[TraceAnswer]
    #: Whether more came than could be looked at: what is missing is older than these.
    more: bool = False


class Live:
    """The new traces that fit a question; what is there when it begins is not new. Not safe for several threads at once."""

    def __init__(self, mail: MailTrace, query: Query, *, after: str | None = None) -> None:
        """Begin now, or behind the trace with the id `after`; a text that is no id raises `QueryError`."""
        self._query = query.unsorted()
        self._shown: set[str] = set()
        #: What is not above this is not looked for any more: either it was told, or others came in between.
        self._least = ""
        newest_ms = mail.engine.state().newest_ms
        begin_ms = mail.clock() if newest_ms is None else newest_ms
        if after is not None:
            try:
                begin_ms = identity.time_ms_of(after)
            except ValueError:
                raise QueryError("it is not the id of a trace", field="after", hint="pass the id of the last event on unchanged") from None
        self._mark = after or identity.smallest(begin_ms)
        self._since_ms = 0
        self._move(mail)
        self._shown = {one for one in self._ids(mail) if after is None or one <= after}
        self._mark = max((self._mark, *self._shown))

    @property
    def mark(self) -> str:
        """The greatest id that was told, or one from which on all is new: whoever goes on behind it is told what is later."""
        return self._mark

    def first(self, mail: MailTrace, limit: int) -> list[TraceAnswer]:
        """The newest that are there, the oldest of them first; they are not new later."""
        rows = list(islice(mail.engine.walk(self._query, mail.scope), limit))
        self._shown.update(trace.id for trace in rows)
        return [_row(mail, trace) for trace in reversed(rows)]

    def look(self, mail: MailTrace) -> NewRows:
        """What has come. `mail` may see less or more than before: its scope is that of the moment."""
        there = self._ids(mail)
        new = [one for one in reversed(there) if one not in self._shown and one > self._least]
        cut = len(there) == MOST
        more = cut and len(new) == MOST
        if cut:
            self._least = max(self._least, there[-1])
        self._shown = set(there)
        self._mark = max((self._mark, *new))
        self._move(mail)
        return NewRows([_row(mail, trace) for trace in mail.engine.rows(new, mail.scope)], more)

    def _move(self, mail: MailTrace) -> None:
        """Look back from the newest, but from now where that one has a stamp in the future."""
        self._since_ms = max(self._since_ms, min(identity.time_ms_of(self._mark), mail.clock()) - LOOK_BACK_MS)

    def _ids(self, mail: MailTrace) -> list[str]:
        """The ids of the newest traces of the time that is looked at: of most there is nothing more to be known."""
        since_ms = max(self._since_ms, self._query.since_ms or 0)
        if self._query.until_ms is not None and self._query.until_ms <= since_ms:
            return []
        return mail.engine.newest(replace(self._query, since_ms=since_ms), mail.scope, MOST)


def follow(mail: MailTrace, live: Live, stop: threading.Event, every_s: float = EVERY_S) -> Iterator[NewRows]:
    """What comes, look by look, until `stop` is set."""
    while not stop.wait(every_s):
        found = live.look(mail)
        if found.traces:
            yield found


def _row(mail: MailTrace, trace: Trace) -> TraceAnswer:
    """A row, in the language of those that ask."""
    return trace_answer(trace, mail.scope, book=mail.books[mail.lang])
