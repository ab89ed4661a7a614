"""What became of a message afterwards: it came again, it was released, it went on to a next server whose lines are here too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mappings.codes import Move
from mappings.locales import Saying, Since, Voice
from mappings.trace import Trace
from mappings.vocabulary import Disposition
from search.answers import RelatedTrace
from search.explain import FoundMeaning, found_in

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
#: What is said next to whom it went on badly for, by its end, where its own lines say nothing better; elsewhere nothing.
_STEPS = {"bounced": "resend_later", "rejected": "resend_later", "quarantined": "release", "discarded": "tell_us", "deleted": "resend"}
#: What the operator does next where the next server's own lines tell the rest.
_LOOK_THERE = "Look at the report of the next server: it says why."


@dataclass(frozen=True, slots=True)
class Later:
    """How it went on."""

    kind: _Kind
    since: Since
    #: The trace that tells it.
    by: RelatedTrace
    #: The same whole, where it was looked up: how it went on at a next server.
    there: Trace | None = None

    @property
    def done(self) -> bool:
        """Whether it arrived."""
        return self.since.ended in _DONE

    @property
    def elsewhere(self) -> bool:
        """Whether that was at a next server."""
        return self.kind.how == "next_hop"


def later_of(trace: Trace, related: Sequence[RelatedTrace]) -> Later | None:
    """How it went on, as far as that is found and said: of what a reply may only seem to name, nothing is."""
    for kind in _KINDS:
        if trace.disposition not in kind.of:
            continue
        for one in related:
            sure = one.confidence != "guessed" or kind.how == "later_try"
            if one.how == kind.how and one.disposition in _ENDED and sure:
                return Later(kind, Since(kind.since, _ENDED[one.disposition], _ms(one)), one)
    return None


def with_later(found: FoundMeaning, later: Later) -> FoundMeaning:
    """What the trace tells, with how it went on."""
    kind, since = later.kind, later.since
    meaning = f"{found.meaning} {Voice().happened(since)}"
    if later.elsewhere and later.done:
        return replace(found, meaning=meaning, saying=_and_since(found.saying, since))
    if failed_elsewhere(later.by):
        return _failed_there(found, later)
    cause = "" if kind.how in ("later_try", "next_hop") else found.saying.cause
    step = "none" if later.done or since.ended in _UNDER_WAY else _STEPS[since.ended]
    saying = Saying(kind.fate, cause, step, (since,))
    if later.done:
        return replace(found, meaning=meaning, saying=saying, move=Move.NOBODY, next_step=kind.arrived)
    if later.elsewhere:
        return replace(found, meaning=meaning, saying=saying, move=Move.NOBODY, next_step=_LOOK_THERE)
    return replace(found, meaning=meaning, saying=saying, next_step="Look at the later mail: its report says what became of the message.")


def _failed_there(found: FoundMeaning, later: Later) -> FoundMeaning:
    """What the trace tells of mail that came to a bad end at a next server, whose own lines, where they are known, say why."""
    since, there = later.since, None if later.there is None else found_in(later.there)
    known = there if there is not None and there.saying.cause else None
    if known is not None:
        since = Since(f"{since.key}_for", since.ended, since.time_ms, known.saying.cause)
    step = _STEPS[since.ended] if known is None or known.saying.step == "none" else known.saying.step
    said = replace(
        found,
        meaning=f"{found.meaning} {Voice().happened(since)}",
        saying=Saying(later.kind.fate, "", step, (since,)),
        move=Move.RECIPIENT_ADMIN,
        next_step=_LOOK_THERE,
    )
    return said if known is None else replace(said, move=known.move, next_step=known.next_step or _LOOK_THERE, reason=known.reason)


def _and_since(saying: Saying, since: Since) -> Saying:
    """What is said, with one thing more that happened since."""
    return Saying(saying.fate, saying.cause, saying.step, (*saying.since, since))


def outcome_of(later: RelatedTrace) -> str:
    """How it ended, in English behind "and": `was delivered`."""
    return Voice().book.text(f"ended.{_ENDED[later.disposition]}")


def failed_elsewhere(later: RelatedTrace | None) -> RelatedTrace | None:
    """What came to a bad end at a next server; None where it went on in another way."""
    return later if later is not None and later.how == "next_hop" and _ENDED[later.disposition] in _STEPS else None


def _ms(later: RelatedTrace) -> int:
    """When the later trace was first seen."""
    return round(datetime.fromisoformat(later.time).timestamp() * 1000)
