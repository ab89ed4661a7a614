"""The mail of several tenants, and the plain model that knows what each caller may hear of it."""

from __future__ import annotations

from dataclasses import dataclass

import generate
import http_mail
from http_service import PEOPLE, Person
from reference import ReferenceStore

from mappings.trace import Trace
from search.engines import StoreState
from search.scope import Scope
from search.service import MailTrace

#: How far each log has been read; more than is named in one sentence.
READ_UP_TO = {f"mx{number}": generate.START_MS + 3 * generate.DAY_MS + 1_000 * number for number in range(1, 9)}


class _Seen(ReferenceStore):
    """A store that holds what one caller may see, and nothing of others; how far logs were read is the same for all."""

    def __init__(self, whole: ReferenceStore, person: Person) -> None:
        super().__init__()
        self._whole, self._state = whole, whole.state()
        # What is superseded has no lines and is in no answer: it only leads to its successor.
        self.traces = {name: one for name, one in whole.traces.items() if one.superseded_by or person.may_see(one)}

    def get(self, trace: str, scope: Scope) -> Trace | None:
        """Which of several successors replaces a trace is decided among all; it is given only if it may be seen."""
        return self._whole.get(trace, scope)

    def state(self) -> StoreState:
        """The whole store's."""
        return self._state


@dataclass(frozen=True)
class World:
    """The traces of all tenants, and the model."""

    written: list[Trace]
    whole: ReferenceStore
    #: By the name of the caller.
    seen: dict[str, _Seen]

    def mail(self, person: Person) -> MailTrace:
        """What answers as the service should: it cannot tell what it does not hold."""
        return MailTrace(self.seen[person.name], Scope(person.sees))

    def scope(self, person: Person) -> Scope:
        """What somebody may see."""
        return Scope(person.sees)

    @property
    def with_queue_ids(self) -> list[Trace]:
        """What questions are made from."""
        return [trace for trace in self.written if trace.queue_ids]

    @property
    def ids(self) -> list[str]:
        """Every id that was ever written, superseded ones too."""
        return sorted(self.whole.traces)


def make_world() -> World:
    """Odd single traces, and messages to many."""
    written = [*generate.traces(seed=31, count=180), *http_mail.mail(seed=32, count=70)]
    whole = ReferenceStore()
    for trace in written:
        whole.submit([trace])
    whole.note_progress(READ_UP_TO)
    return World(written, whole, {person.name: _Seen(whole, person) for person in PEOPLE})
