"""What a filter stopped: kept, refused, returned or thrown away. Kept outweighs returned."""

from __future__ import annotations

from ingest.joining.event import LiveEvent
from ingest.telling.outcome import Fate
from ingest.telling.recipient import Recipient
from ingest.telling.ruled import refused
from ingest.telling.tries import Try, strongest, tries_of
from mappings.codes import reason_of
from mappings.facts import Ruled, Scanned
from mappings.log_words import Action, By, Status
from mappings.vocabulary import REASONS_OF_VERDICTS, Disposition, Reason

_REFUSED = frozenset({Disposition.BOUNCED, Disposition.REJECTED, Disposition.TEMPFAILED})


def stopped_fate(one: Recipient, result: Scanned, told: LiveEvent | None) -> Fate:
    """The fate of a copy that a filter did not pass on; `told` is what it had the client told."""
    answer = told.fact if told is not None and isinstance(told.fact, Ruled) else None
    reason = result.reason or REASONS_OF_VERDICTS.get(result.verdict, Reason.POLICY)
    if answer is not None and answer.action is Action.REJECT:
        # Refused in the dialogue: a copy that the filter kept all the same is no message that anybody waits for.
        fate = refused(answer, told)
        if not result.behind:
            fate.reason = reason
        return fate
    best = _filter_answer(one)
    disposition = _disposition(result, best)
    if best is not None and best.fact.next_id is not None and disposition in _REFUSED:
        # What took the message on is no answer to a copy that was refused.
        best = None
    fate = Fate(disposition, reason=reason, decided=best.event if best is not None else None)
    if fate.decided is None or result.quarantine_ids:
        fate.decided = _line_of(one, result)
    if best is not None:
        fate.reply, fate.by, fate.relay = best.fact.reply, By.FILTER, best.fact
    elif answer is not None:
        fate.reply, fate.by = answer.reply, By.FILTER
    if result.quarantine_ids:
        fate.quarantine_id = result.quarantine_ids[0]
    if result.behind:
        reply = fate.reply
        fate.reason = reason_of(reply.code, reply.enhanced, reply.text) if reply is not None else Reason.POLICY
    return fate


def _disposition(result: Scanned, best: Try | None) -> Disposition:
    """What became of it, by what the filter says that it did, and by how the mail server took its answer."""
    if result.quarantine_ids:
        return Disposition.QUARANTINED
    if result.did is Disposition.TEMPFAILED:
        return Disposition.DEFERRED if best is not None else Disposition.TEMPFAILED
    if result.did is Disposition.REJECTED:
        return Disposition.BOUNCED if best is not None and best.fact.status is Status.BOUNCED else Disposition.REJECTED
    returned = best is not None and (best.fact.did is Disposition.BOUNCED or best.fact.status is Status.BOUNCED)
    # Older results say only that it was blocked, and the answer that it went back.
    return Disposition.BOUNCED if returned else result.did or Disposition.DISCARDED


def _filter_answer(one: Recipient) -> Try | None:
    """The filter's own reply for this recipient, to the queue file before it."""
    tries = tries_of(one.attempts)
    return strongest([known for known in tries if known.fact.by is By.REMOTE]) or strongest(tries)


def _line_of(one: Recipient, result: Scanned) -> LiveEvent | None:
    """The line of the result."""
    if one.scan is None:
        return None
    lines = [e for e in one.scan.results if isinstance(e.fact, Scanned)]
    return next((e for e in reversed(lines) if e.fact == result), lines[-1] if lines else None)
