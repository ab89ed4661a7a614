"""What became of a message afterwards: it came again, it was released, it went on to a next server whose lines are here too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from mappings.codes import Move
from mappings.locales import Saying, Since, Voice
from mappings.trace import Trace
from mappings.vocabulary import Disposition
from search.answers import RelatedTrace

if TYPE_CHECKING:
    from search.explain import FoundMeaning

#: How it ended: keys of `[ended]`.
_ENDED = {
    Disposition.DELIVERED: "delivered",
    Disposition.RELEASED: "released",
    Disposition.EXPANDED: "expanded",
    Disposition.DEFERRED: "in_progress",
    Disposition.IN_PROGRESS: "in_progress",
    Disposition.QUARANTINED: "quarantined",
    Disposition.HELD: "held",
    Disposition.DISCARDED: "discarded",
    Disposition.DELETED: "deleted",
    Disposition.BOUNCED: "bounced",
    Disposition.EXPIRED: "bounced",
    Disposition.REJECTED: "rejected",
}
_DONE = frozenset({"delivered", "released", "expanded"})
_UNDER_WAY = frozenset({"in_progress", "held"})


@dataclass(frozen=True, slots=True)
class _Kind:
    """A way of going on: by how a trace is related; what is said then, and of which outcome before."""

    how: str
    since: str
    #: What became of it at first, in place of its outcome.
    fate: str
    #: What the operator is told where it arrived so.
    arrived: str
    of: frozenset[Disposition]


_KINDS = (
    _Kind("later_try", "again", "first_try", "Nothing: the message came again and arrived.", frozenset({Disposition.TEMPFAILED})),
    _Kind("release", "release", "kept_at_first", "Nothing: the message was released and arrived.", frozenset({Disposition.QUARANTINED})),
    _Kind("next_hop", "there", "passed_on", "", frozenset({Disposition.DELIVERED, Disposition.RELEASED})),
)
#: What is said next to whom it went on badly for, by its end; elsewhere nothing.
_STEPS = {"bounced": "resend_later", "rejected": "resend_later", "quarantined": "release", "discarded": "tell_us", "deleted": "resend"}


@dataclass(frozen=True, slots=True)
class Later:
    """How it went on."""

    kind: _Kind
    since: Since

    @property
    def done(self) -> bool:
        """Whether it arrived."""
        return self.since.ended in _DONE


def later_of(trace: Trace, related: Sequence[RelatedTrace]) -> Later | None:
    """How it went on, as far as that is found and said: of what a reply may only seem to name, nothing is."""
    for kind in _KINDS:
        if trace.disposition not in kind.of:
            continue
        for one in related:
            sure = one.confidence != "guessed" or kind.how == "later_try"
            if one.how == kind.how and one.disposition in _ENDED and sure:
                return Later(kind, Since(kind.since, _ENDED[one.disposition], _ms(one)))
    return None


def later_try(related: Sequence[RelatedTrace]) -> RelatedTrace | None:
    """The later try that says what became of the message; None where none is found, or it was only put off again."""
    return next((one for one in related if one.how == "later_try" and one.disposition in _ENDED), None)


def with_later(found: FoundMeaning, later: Later) -> FoundMeaning:
    """What the trace tells, with how it went on."""
    kind, since = later.kind, later.since
    meaning = f"{found.meaning} {Voice().happened(since)}"
    cause = "" if kind.how == "later_try" else found.saying.cause
    if kind.how == "next_hop" and later.done:
        return replace(found, meaning=meaning, saying=_and_since(found.saying, since))
    step = "none" if later.done or since.ended in _UNDER_WAY else _STEPS[since.ended]
    saying = Saying(kind.fate, cause, step, (since,))
    if later.done:
        return replace(found, meaning=meaning, saying=saying, move=Move.NOBODY, next_step=kind.arrived)
    if kind.how == "next_hop":
        move = Move.NOBODY if since.ended in _UNDER_WAY else Move.RECIPIENT_ADMIN
        return replace(found, meaning=meaning, saying=saying, move=move, next_step="Look at the report of the next server: it says why.")
    return replace(found, meaning=meaning, saying=saying, next_step="Look at the later mail: its report says what became of the message.")


def _and_since(saying: Saying, since: Since) -> Saying:
    """What is said, with one thing more that happened since."""
    return Saying(saying.fate, saying.cause, saying.step, (*saying.since, since))


def outcome_of(later: RelatedTrace) -> str:
    """How it ended, in English behind "and": `was delivered`."""
    return Voice().book.text(f"ended.{_ENDED[later.disposition]}")


def _ms(later: RelatedTrace) -> int:
    """When the later trace was first seen."""
    return round(datetime.fromisoformat(later.time).timestamp() * 1000)
