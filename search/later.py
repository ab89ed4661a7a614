"""What became of a message that was refused for now and came again: its later try, as far as it is found, says so here already."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from mappings.codes import Move
from mappings.trace import Trace
from mappings.vocabulary import Disposition
from search.answers import RelatedTrace
from search.explain import Explanation, in_words, which_message

#: How it ended, as it stands behind "and".
_ENDED = {
    Disposition.DELIVERED: "was delivered",
    Disposition.RELEASED: "was kept back by the mail filter, then released and delivered",
    Disposition.EXPANDED: "was accepted and passed on to the people behind the address",
    Disposition.DEFERRED: "was accepted and is on its way",
    Disposition.IN_PROGRESS: "was accepted and is on its way",
    Disposition.QUARANTINED: "was kept back by the mail filter",
    Disposition.HELD: "is being held until somebody has looked at it",
    Disposition.DISCARDED: "was removed by a rule of the mail system",
    Disposition.DELETED: "was removed by an administrator",
    Disposition.BOUNCED: "could not be delivered",
    Disposition.EXPIRED: "could not be delivered",
    Disposition.REJECTED: "was refused for good",
}
_DONE = frozenset({Disposition.DELIVERED, Disposition.RELEASED, Disposition.EXPANDED})


def later_try(related: Sequence[RelatedTrace]) -> RelatedTrace | None:
    """The later try that says what became of the message; None where none is found, or it was only put off again."""
    return next((one for one in related if one.how == "later_try" and one.disposition in _ENDED), None)


def with_later(trace: Trace, found: Explanation, later: RelatedTrace) -> Explanation:
    """The explanation of the first try, with what became of it."""
    ended = f"It came again{in_words(_ms(later), ' on')}, and {outcome_of(later)}."
    text = f"{which_message(trace)} was turned away at first, and the sending server was asked to come again. {ended}"
    meaning = f"{found.meaning} {ended}"
    if later.disposition not in _DONE:
        return replace(found, meaning=meaning, customer_text=text, next_step="Look at the later try: it says what became of the message.")
    return replace(
        found,
        meaning=meaning,
        customer_text=text,
        move=Move.NOBODY,
        move_sentence=Move.NOBODY.sentence,
        next_step="Nothing: the message came again and arrived.",
    )


def outcome_of(later: RelatedTrace) -> str:
    """How it ended: `was delivered`."""
    return _ENDED[later.disposition]


def _ms(later: RelatedTrace) -> int:
    """When the later try was first seen."""
    return round(datetime.fromisoformat(later.time).timestamp() * 1000)
