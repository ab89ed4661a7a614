"""The lines of a journey with what they state: each fact is read once for a report, whoever asks for it."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from mappings.facts import Fact, fact_of
from mappings.sentences import NOT_READ, words_of
from mappings.trace import Event, Trace


class Stated(NamedTuple):
    """A line of a journey and the fact that it states; None where a newer release wrote a kind or a word that this one does not know."""

    event: Event
    fact: Fact | None

    @property
    def words(self) -> str:
        """What it says, in one sentence."""
        return NOT_READ if self.fact is None else words_of(self.fact)

    @property
    def people(self) -> list[str]:
        """The recipients that it names, as far as that is known."""
        return [] if self.fact is None else self.fact.people()


def stated(trace: Trace) -> list[Stated]:
    """The lines of a trace, in the order of the document."""
    return [Stated(event, _fact(event)) for event in trace.events]


def _fact(event: Event) -> Fact | None:
    """The fact of a line, where it is known."""
    try:
        return fact_of(event.kind, event.fields)
    except (KeyError, TypeError, msgspec.ValidationError):
        return None
