"""The lines of a journey with what they state: each fact is read once for a report, whoever asks for it."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from mappings.facts import Fact, Filed, fact_of
from mappings.log_words import Filing
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


def decided_by_store(trace: Trace) -> bool:
    """Whether a line of a mail store decided what became of it."""
    return any(event.hash == trace.decided and isinstance(_fact(event), Filed) for event in trace.events)


def folders(trace: Trace) -> list[str]:
    """The folders into which a mail store put it."""
    filed = [line.fact for line in stated(trace) if isinstance(line.fact, Filed) and line.fact.what is Filing.STORED]
    return list(dict.fromkeys([fact.folder for fact in filed if fact.folder]))


def _fact(event: Event) -> Fact | None:
    """The fact of a line, where it is known."""
    try:
        return fact_of(event.kind, event.fields)
    except (KeyError, TypeError, msgspec.ValidationError):
        return None
