"""What a rule, a check or a filter in the dialogue makes of a message: refused, thrown away, kept, put off."""

from __future__ import annotations

from collections.abc import Iterable

from ingest.joining.event import LiveEvent
from ingest.joining.life import Life
from ingest.joining.parts import Loose
from ingest.telling.outcome import Fate
from mappings.codes import reason_of
from mappings.codes.side import Side
from mappings.facts import Administered, Reply, Ruled, Screened
from mappings.log_words import Action, By, Decider, Finding, Handling, Stage
from mappings.vocabulary import REASONS_OF_VERDICTS, Disposition, Reason, Verdict

#: Checks that say by themselves why.
_REASONS = {
    Decider.HOPS: Reason.ROUTING_LOOP,
    Decider.SIZE: Reason.TOO_LARGE,
    Decider.HEADER: Reason.CONTENT,
    Decider.BODY: Reason.CONTENT,
}
#: What a scanner found, by the reason that an ACL gives for its refusal.
_ACL_VERDICTS = {Reason.VIRUS: Verdict.VIRUS, Reason.SPAM: Verdict.SPAM, Reason.ATTACHMENT: Verdict.BANNED}
_BY_SCANNERS = frozenset({Decider.ACL, Decider.MILTER})
_BY_FILTERS = frozenset({Decider.MILTER, Decider.PROXY})
_KEEPING = frozenset({Action.HOLD, Action.QUARANTINE})
_TAKING = _KEEPING | {Action.ACCEPT, Action.DISCARD}
_BLOCKED = frozenset({Finding.DENYLISTED, Finding.DNSBL})


def rule_fate(life: Life) -> Fate | None:
    """What a rule, check or milter did to the whole message; None where none stopped it."""
    held: LiveEvent | None = None
    for event in life.rules_of_all:
        rule = event.fact
        if not isinstance(rule, Ruled):
            continue
        if rule.action is Action.REJECT:
            return refused(rule, event)
        if rule.action is Action.DISCARD and not (rule.source is Decider.MILTER and _taken_over(life)):
            return discarded(rule, event)
        if rule.action in _KEEPING:
            held = event
    if held is None and _taken_over(life) and any(e.fact.action is Action.DISCARD for e in life.milter_rules if isinstance(e.fact, Ruled)):
        # The mail server threw its copy away, for a filter has one of its own, and gives it on by itself.
        return Fate(Disposition.UNKNOWN, Verdict.UNKNOWN, incomplete=True)
    if held is None or _released(life) or not isinstance(held.fact, Ruled):
        return None
    # What was put on hold before it was queued is so no more; what a filter took out of the queue is.
    stopped = held.fact.stage is Stage.QUEUE or (life.queued is None and not _passed_on(life))
    return _kept(held.fact, life, held) if stopped else None


def stops_in_queue(rule: Ruled) -> bool:
    """Whether a filter that takes messages out of the queue keeps one, or threw it away."""
    return rule.source is Decider.FILTER and rule.stage is Stage.QUEUE and (rule.action in _KEEPING or rule.action is Action.DISCARD)


def _passed_on(life: Life) -> bool:
    """Whether such a filter said that it lets it go on."""
    return any(rule.action is Action.ACCEPT for rule in of_filters(life))


def _taken_over(life: Life) -> bool:
    """Whether such a filter said what it does with the message, or what it did."""
    return any(rule.stage is Stage.QUEUE and rule.action in _TAKING for rule in of_filters(life))


def of_filters(life: Life) -> list[Ruled]:
    """What filters that take messages out of the queue said of one."""
    return [e.fact for e in life.rules_of_all if isinstance(e.fact, Ruled) and e.fact.source is Decider.FILTER]


def _released(life: Life) -> bool:
    """Whether an administrator let it go."""
    return any(isinstance(e.fact, Administered) and e.fact.action is Handling.RELEASE for e in life.administered)


def _kept(rule: Ruled, life: Life, event: LiveEvent) -> Fate:
    """Kept: in the hold queue a milter's is a quarantine, an access rule's waits for an administrator; a filter has one of its own."""
    if rule.source is Decider.MILTER:
        said = reason_of(None, None, rule.text)
        # Its text seldom says more than that it does.
        reason = Reason.POLICY if said is Reason.UNKNOWN else said
        kept = Fate(Disposition.QUARANTINED, reason=reason, detail=rule.text or None, quarantine_id=life.queue_id, decided=event)
        kept.filtered = True
        return kept
    if rule.quarantine_id is not None:
        return Fate(Disposition.QUARANTINED, reason=Reason.POLICY, detail=rule.detail, quarantine_id=rule.quarantine_id, decided=event)
    return Fate(Disposition.HELD, reason=_reason(rule), detail=rule.text or None, decided=event)


def refused(rule: Ruled, event: LiveEvent | None) -> Fate:
    """Refused in the dialogue, for good or for now; a reply that takes the message refuses nothing."""
    reply = rule.reply or Reply()
    if (reply.code or 0) // 100 == 2:
        return _taken(rule, event)
    for_now = (reply.code or 0) // 100 == 4 or (reply.code is None and (reply.enhanced or "").startswith("4"))
    reason = _reason(rule)
    fate = Fate(
        Disposition.TEMPFAILED if for_now else Disposition.REJECTED,
        reason=reason,
        reply=reply,
        by=By.FILTER if rule.source in _BY_FILTERS and not rule.own else By.LOCAL,
        filtered=rule.source is Decider.MILTER,
        decided=event,
    )
    if rule.source in _BY_SCANNERS and rule.stage is Stage.END_OF_MESSAGE:
        # A milter is a scanner or asks one, as an ACL does, and its words are all that is logged of it.
        fate.verdict = _ACL_VERDICTS.get(reason, Verdict.NOT_SCANNED)
    return fate


def discarded(rule: Ruled, event: LiveEvent | None) -> Fate:
    """Accepted and thrown away by a rule."""
    reason = _reason(rule)
    if rule.source is Decider.ACL and rule.text:
        said = reason_of(None, None, rule.text)
        reason = reason if said is Reason.UNKNOWN else said
    by_milter = rule.source is Decider.MILTER
    return Fate(Disposition.DISCARDED, reason=reason, detail=rule.text or None, filtered=by_milter, decided=event)


def _reason(rule: Ruled) -> Reason:
    """Why a rule stopped the message: the check that it is, else what its text says."""
    known = _REASONS.get(rule.source)
    if known is not None:
        return known
    if rule.action is not Action.REJECT or rule.reply is None:
        return Reason.POLICY
    if rule.source is Decider.PROXY and rule.verdict in REASONS_OF_VERDICTS:
        return REASONS_OF_VERDICTS[rule.verdict]
    words = rule.reply.text or rule.text
    if rule.source is Decider.ACL and rule.reply.inferred:
        # Every refusal of an ACL has the same code unless it says another: only its words say why.
        said = reason_of(None, rule.reply.enhanced, words, side=Side.CLIENT)
        if not words and (rule.reply.code or 0) // 100 == 4:
            # A condition could not be checked, or a rule asks to come back: no word says which.
            return Reason.UNKNOWN
        return Reason.POLICY if said is Reason.UNKNOWN else said
    return reason_of(rule.reply.code, rule.reply.enhanced, words, side=Side.CLIENT)


def refusal_fate(event: LiveEvent, loose: Iterable[Loose]) -> Fate:
    """A recipient (or sender) refused without the message ever being accepted."""
    rule = event.fact
    assert isinstance(rule, Ruled)  # noqa: S101 - told by the caller
    if rule.action is Action.DISCARD:
        return discarded(rule, event)
    if rule.action is Action.ABORT:
        return Fate(Disposition.ABORTED, reason=Reason.CONNECTION, detail=rule.text or None, decided=event)
    around = [e for piece in loose for e in piece.events]
    if rule.source is Decider.PROXY and (rule.reply is None or (rule.reply.code or 0) // 100 not in {4, 5}):
        # Not the filter's answer: the mail server stopped the transaction itself, and another line of the session says why.
        said = ((e, e.fact) for e in around if isinstance(e.fact, Ruled) and e.fact.source is Decider.SIZE)
        event, rule = next(said, (event, rule))
    if rule.action is Action.ACCEPT:
        return _taken(rule, event)
    fate = refused(rule, event)
    if rule.source is Decider.SCREEN:
        _screened(fate, [e.fact for e in around if isinstance(e.fact, Screened)])
    if rule.source is Decider.PROXY:
        fate.verdict, fate.detail = rule.verdict or Verdict.NOT_SCANNED, rule.detail
        if fate.verdict is Verdict.UNKNOWN:
            fate.verdict = Verdict.NOT_SCANNED
    return fate


def _taken(rule: Ruled, event: LiveEvent | None) -> Fate:
    """Taken by a filter before the queue whose own lines are not seen, and no queue file named: its reply is all there is."""
    verdict = rule.verdict or (Verdict.UNKNOWN if rule.source in _BY_FILTERS else Verdict.NOT_SCANNED)
    fate = Fate(rule.did or Disposition.UNKNOWN, verdict, reply=rule.reply, by=By.FILTER, detail=rule.detail, incomplete=True)
    if rule.did is not None:
        fate.reason, fate.decided = REASONS_OF_VERDICTS.get(verdict, Reason.POLICY), event
    return fate


def _screened(fate: Fate, found: list[Screened]) -> None:
    """Why a screening daemon refused: what it had found about the client."""
    blocked = next((one for one in found if one.what in _BLOCKED), None)
    if blocked is not None:
        listed = [one.detail or "" for one in found if one.what is Finding.LISTED]
        errors = [one.detail or "" for one in found if one.what is Finding.LIST_ERROR]
        fate.reason = Reason.LOCAL_SYSTEM if errors and (not listed or _names(fate, errors)) else Reason.REPUTATION
        fate.detail = ": ".join(part for part in (blocked.detail, ", ".join(dict.fromkeys([*listed, *errors]))) if part)
    elif found and fate.reason is Reason.UNKNOWN:
        fate.reason = Reason.PROTOCOL


def _names(fate: Fate, lists: list[str]) -> bool:
    """Whether a refusal names one of the lists: that which weighed most."""
    said = fate.reply.text.casefold() if fate.reply is not None else ""
    return any(one.partition(" ")[0].casefold() in said for one in lists)
