"""What was done to a queue file beside its deliveries: held, let go, given up; by an administrator, a rule of his, or the server itself.

Only what an administrator did is his decision. Of the others the reason is what the rule says, else why the last try came to nothing.
"""

from __future__ import annotations

from ingest.joining.event import LiveEvent
from ingest.joining.life import Life
from ingest.telling.outcome import Fate
from ingest.telling.tries import Try, reason_of_try
from mappings.codes import reason_of
from mappings.facts import Administered
from mappings.log_words import Actor, Handling
from mappings.vocabulary import Disposition, Reason


def held_now(life: Life) -> LiveEvent | None:
    """The line by which it is held, where that is the last thing that was done to it."""
    done = [(e.time_us, e.number, e.fact.action is not Handling.HOLD, e) for e in life.administered if isinstance(e.fact, Administered)]
    # Of two in one second whose order nothing tells, the release came after.
    last = max(done, key=lambda one: one[:3], default=None)
    return None if last is None or last[2] else last[3]


def given_up(life: Life) -> LiveEvent | None:
    """The line by which it was given up."""
    return next((e for e in life.administered if isinstance(e.fact, Administered) and e.fact.action is Handling.GIVE_UP), None)


def held_fate(event: LiveEvent | None, best: Try | None) -> Fate:
    """Held until somebody lets it go."""
    return _with_try(Fate(Disposition.HELD, reason=_reason(event, best), decided=event), best)


def given_up_fate(event: LiveEvent | None, best: Try | None) -> Fate:
    """Given up: a timer says that the time is over, the others that it is returned."""
    reason = _reason(event, best)
    if _actor(event) is Actor.PROGRAM:
        reason = Reason.EXPIRED if reason is Reason.UNKNOWN else reason
        return _with_try(Fate(Disposition.EXPIRED, reason=reason, decided=event), best)
    return _with_try(Fate(Disposition.BOUNCED, reason=reason, decided=event), best)


def _actor(event: LiveEvent | None) -> Actor:
    """Who did it."""
    return event.fact.actor if event is not None and isinstance(event.fact, Administered) else Actor.ADMIN


def _reason(event: LiveEvent | None, best: Try | None) -> Reason:
    """Why it was done."""
    match _actor(event):
        case Actor.ADMIN:
            return Reason.ADMIN
        case Actor.RULE:
            text = _text(event)
            said = reason_of(None, None, text) if text else Reason.UNKNOWN
            return Reason.POLICY if said is Reason.UNKNOWN else said
        case Actor.PROGRAM:
            return reason_of_try(best)


def _text(event: LiveEvent | None) -> str | None:
    """What a rule says."""
    return event.fact.text if event is not None and isinstance(event.fact, Administered) else None


def _with_try(fate: Fate, best: Try | None) -> Fate:
    """The same, with the reply of the strongest try."""
    fate.detail = _text(fate.decided)
    if best is not None:
        fate.reply, fate.by, fate.relay = best.fact.reply, best.fact.by, best.fact
    return fate
