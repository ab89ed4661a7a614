"""Fate: what became of one recipient's copy, why, and which line decided. The strongest fact counts, not the last line.

A recipient who was refused, a copy that a filter stopped, and a scan without queue files have ways of their own (`fate_of`, `_own_fate`).
For all else the rules of a queue file stand in a table, in the order in which they count: the first whose condition holds makes the fate.
What filters thought, and what an administrator let go, is added to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ingest.clock import SECOND
from ingest.joining.event import LiveEvent
from ingest.joining.life import Life
from ingest.joining.parts import Loose, Scan, facts_of
from ingest.joining.programs import goes_to_program
from ingest.joining.within import Within
from ingest.telling.filed import became, by_try, reason_of_filing, telling_most, tells_sender
from ingest.telling.handled import given_up, given_up_fate, held_fate, held_now
from ingest.telling.judgement import judgement_of
from ingest.telling.outcome import Fate
from ingest.telling.recipient import Recipient
from ingest.telling.ruled import of_filters, refusal_fate, refused, rule_fate
from ingest.telling.stopped import stopped_fate
from ingest.telling.tries import Try, is_submission, reason_of_try, strongest, tries_of
from mappings.facts import Attempted, Fact, Infected, Judged, Noticed, Passed, Received, Ruled
from mappings.keys import KeyKind
from mappings.links import How
from mappings.log_words import Action, By, Decider, Notice, Sending, Status
from mappings.vocabulary import REASONS_OF_VERDICTS, Disposition, Reason, Verdict

#: Where the reason is of interest.
_STOPPED = frozenset({Disposition.REJECTED, Disposition.TEMPFAILED, Disposition.QUARANTINED, Disposition.DISCARDED})
_RETURNED = frozenset({Disposition.BOUNCED, Disposition.EXPIRED, Disposition.QUARANTINED})
_FAILED = frozenset({Disposition.BOUNCED, Disposition.DEFERRED, Disposition.EXPIRED})
_NOT_FILED: Mapping[Loose, LiveEvent] = {}
_VAGUE = frozenset({None, Reason.UNKNOWN, Reason.POLICY})


def fate_of(one: Recipient, within: Within, loose: Sequence[Loose], answered: Mapping[Loose, LiveEvent] = _NOT_FILED) -> Fate:
    """The fate of a recipient's copy; `answered` has the tries that the lines of mail stores among the loose ends are about."""
    if one.refusal is not None:
        return refusal_fate(one.refusal, loose)
    fate = _own_fate(one, within, loose, answered)
    lives = [part for part in one.path if type(part) is Life]
    verdict, detail = _verdict(one, within)
    if verdict is not Verdict.NOT_SCANNED:
        fate.verdict = verdict
    fate.detail = fate.detail or detail
    _judge(lives, fate, _before_tried(one, loose) if loose else loose)
    if one.result is not None and one.result.quarantine_ids and fate.quarantine_id is None:
        fate.quarantine_id = one.result.quarantine_ids[0]
    if one.released is not None and fate.quarantine_id is not None:
        fate = _released_fate(fate, one.released, within)
    parked = next((life.queue_id for life in lives if life.milter_rules and _parked(life)), None)
    if parked is not None and fate.quarantine_id is None:
        # Kept in the hold queue for a milter, and let go by an administrator.
        fate.quarantine_id = parked
        if fate.disposition is Disposition.DELIVERED:
            fate.disposition = Disposition.RELEASED
    fate.notified = fate.notified or _notified(one, lives, fate)
    return fate


def _own_fate(one: Recipient, within: Within, loose: Sequence[Loose], answered: Mapping[Loose, LiveEvent] = _NOT_FILED) -> Fate:
    """The fate before what other lines of filters say is added, and what an administrator let go."""
    answer = _client_answer(one, loose) if loose or one.scan is not None else None
    if one.result is not None and not one.result.passed:
        return stopped_fate(one, one.result, answer)
    last = one.path[-1]
    if isinstance(last, Scan):
        if answer is not None and isinstance(answer.fact, Ruled) and answer.fact.action is Action.REJECT:
            return refused(answer.fact, answer)
        return _scan_fate(one, last)
    assert isinstance(last, Life)  # noqa: S101 - rows end in a queue file or a scan
    return queue_fate(Case(last, tries_of(one.attempts), within, by_try(loose, answered) if answered else None))


# -- what a queue file says


class Case:
    """The copy of one recipient in the queue file where it is, or was, last."""

    __slots__ = ("best", "filing", "life", "ruled", "tries", "within")

    def __init__(self, life: Life, tries: list[Try], within: Within, filed: Mapping[LiveEvent, list[LiveEvent]] | None = None) -> None:
        self.life = life
        self.tries = tries
        self.within = within
        best = strongest(tries)
        #: The strongest try; None where nothing but an automatic answer was made, which is no delivery.
        self.best = None if best is not None and best.fact.automatic else best
        #: What a mail store says that it did at that try.
        self.filing = telling_most(filed.get(self.best.event, ())) if filed and self.best is not None else None
        #: What a rule did to the whole message.
        self.ruled = rule_fate(life) if life.rules_of_all else None

    def ended(self, status: Status) -> bool:
        """Whether this is what came of the strongest try."""
        return self.best is not None and self.best.fact.status is status

    @property
    def handed_over(self) -> bool:
        """Whether it was handed to a filter, or to another queue file. Nothing more is seen of it, for this is where its way ends."""
        if self.best is None or became(self.filing) is Disposition.DELIVERED:
            return False
        return (self.best.fact.forwarded and self.ended(Status.SENT)) or self.within.takes(self.best.fact)

    def fate(self, disposition: Disposition, reason: Reason | None, by: LiveEvent | None = None) -> Fate:
        """A fate with the reply of the strongest try, decided by a line or by that try."""
        best = self.best
        if best is None:
            return Fate(disposition, reason=reason, decided=by)
        return Fate(disposition, reason=reason, reply=best.fact.reply, by=best.fact.by, relay=best.fact, decided=by or best.event)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule about a queue file: what it says, when it holds, and what the fate is then."""

    says: str
    holds: Callable[[Case], bool]
    makes: Callable[[Case], Fate]


def queue_fate(case: Case) -> Fate:
    """The fate by the first rule that holds."""
    fate = next(rule.makes(case) for rule in QUEUE_RULES if rule.holds(case))
    if fate.disposition in _FAILED and (fate.reason in _VAGUE or fate.by is By.LOCAL):
        # An agent's word for a failure says less than the store's.
        fate.reason = reason_of_filing(case.filing) or fate.reason
    return fate


def _boxed(case: Case) -> Fate:
    fate = case.fate(Disposition.QUARANTINED, Reason.POLICY)
    fate.quarantine_id, fate.reply, fate.by = case.life.queue_id, None, None
    return fate


def _delivered(case: Case) -> Fate:
    thrown_away = case.best is not None and case.best.fact.discarded
    return case.fate(Disposition.DISCARDED, Reason.POLICY) if thrown_away else case.fate(Disposition.DELIVERED, None)


def _filed(case: Case) -> Fate:
    """Taken by a store, and not kept there: by the rules of the mailbox owner, or because it could not be."""
    assert case.filing is not None  # noqa: S101 - by the rule
    fate = case.fate(became(case.filing) or Disposition.UNKNOWN, reason_of_filing(case.filing) or Reason.POLICY, case.filing)
    fate.incomplete = fate.disposition is Disposition.UNKNOWN
    if tells_sender(case.filing.fact):
        # The mail server was told that all is well.
        fate.reply, fate.by, fate.notified = None, None, True
    return fate


def _bounced(case: Case) -> Fate:
    fate = case.fate(Disposition.BOUNCED, reason_of_try(case.best))
    # A milter's refusal of local mail comes back as a bounce.
    fate.filtered = case.best is not None and case.best.fact.relay is None and bool(case.life.milter_rules)
    return fate


def _handed_over(case: Case) -> Fate:
    """Of a filter's lines for this recipient, or the next queue file's, none is seen: its reply is all there is."""
    assert case.best is not None  # noqa: S101 - by `Case.handed_over`
    fact = case.best.fact
    fate = case.fate(Disposition.UNKNOWN, None)
    fate.by, fate.incomplete = By.FILTER, True
    fate.verdict, fate.detail = fact.verdict or Verdict.UNKNOWN, fact.detail
    reason = REASONS_OF_VERDICTS.get(fate.verdict)
    if fact.status is Status.BOUNCED:
        fate.disposition, fate.reason = Disposition.BOUNCED, reason or reason_of_try(case.best)
    elif fact.next_id is None and fact.did is not None:
        other = Reason.POLICY if fact.did is Disposition.DISCARDED else Reason.CONTENT
        fate.disposition, fate.reason = fact.did, reason or other
    elif fact.forwarded:
        fate.disposition, fate.by = Disposition.EXPANDED, By.LOCAL
    else:
        fate.decided = None
    return fate


def _given_up(case: Case) -> Fate:
    """The program says only that the time is over: the reply is that of the last real try."""
    real = strongest([one for one in case.tries if one.fact.status is Status.DEFERRED])
    fate = case.fate(Disposition.EXPIRED, Reason.EXPIRED)
    if real is not None:
        fate.reply, fate.by, fate.relay, fate.decided = real.fact.reply, real.fact.by, real.fact, real.event
    return fate


def _asked(case: Case) -> Fate:
    """A filter's result without the mail server's lines: what it asked for is what the server did, as far as one can know."""
    asked = next((e.fact.asked for e in reversed(case.life.judged) if isinstance(e.fact, Judged)), None)
    disposition = asked or Disposition.UNKNOWN
    kept = case.life.queue_id if disposition is Disposition.QUARANTINED else None
    return Fate(disposition, reason=Reason.POLICY, quarantine_id=kept, filtered=True, incomplete=True)


def _broke_off(life: Life) -> bool:
    """Whether the session broke off before the message was complete."""
    return life.lost is not None and life.queued is None


def _without_a_try(fact: Attempted) -> bool:
    """Whether nothing was tried when a copy was given up."""
    return fact.skipped or (fact.relay_ip is None and fact.reply.code is None)


QUEUE_RULES: tuple[Rule, ...] = (
    Rule(
        "a box of the configuration keeps it",
        lambda c: c.ended(Status.SENT) and c.best is not None and c.within.keeps(c.best.fact),
        _boxed,
    ),
    Rule(
        "a mail store took it and did not keep it",
        lambda c: c.ended(Status.SENT) and c.filing is not None and became(c.filing) is not Disposition.DELIVERED,
        _filed,
    ),
    Rule(
        "a filter took it, or it became other addresses, and nothing more is seen",
        lambda c: c.ended(Status.SENT) and c.handed_over,
        _handed_over,
    ),
    Rule("the next server or agent took it", lambda c: c.ended(Status.SENT), _delivered),
    Rule("a filter refused it", lambda c: c.ended(Status.BOUNCED) and c.handed_over, _handed_over),
    Rule("the next server or agent refused it", lambda c: c.ended(Status.BOUNCED), _bounced),
    Rule(
        "the time in the queue is over, and no server is named",
        lambda c: c.best is not None and c.ended(Status.EXPIRED) and _without_a_try(c.best.fact),
        _given_up,
    ),
    Rule("an administrator deleted it", lambda c: c.life.deleted, lambda c: c.fate(Disposition.DELETED, Reason.ADMIN, c.life.removed)),
    Rule(
        "the time in the queue is over",
        lambda c: c.life.expired is not None or c.ended(Status.EXPIRED),
        lambda c: c.fate(Disposition.EXPIRED, Reason.EXPIRED, c.life.expired),
    ),
    Rule(
        "the session broke off before there was a message, whatever a rule had in mind",
        lambda c: c.best is None and _broke_off(c.life) and not c.life.identified,
        lambda c: Fate(Disposition.ABORTED, reason=Reason.CONNECTION, decided=c.life.lost),
    ),
    Rule(
        "an administrator, a rule or a timer gave it up",
        lambda c: given_up(c.life) is not None,
        lambda c: given_up_fate(given_up(c.life), c.best),
    ),
    Rule(
        "what waits for the next try is held",
        lambda c: c.ended(Status.DEFERRED) and held_now(c.life) is not None,
        lambda c: held_fate(held_now(c.life), c.best),
    ),
    Rule("it waits for the next try", lambda c: c.ended(Status.DEFERRED), lambda c: c.fate(Disposition.DEFERRED, reason_of_try(c.best))),
    Rule("a rule stopped it", lambda c: c.ruled is not None, lambda c: c.ruled or Fate(Disposition.UNKNOWN)),
    Rule(
        "it is held",
        lambda c: c.life.removed is None and held_now(c.life) is not None,
        lambda c: held_fate(held_now(c.life), None),
    ),
    Rule(
        "the session broke off",
        lambda c: _broke_off(c.life),
        lambda c: Fate(Disposition.ABORTED, reason=Reason.CONNECTION, decided=c.life.lost),
    ),
    Rule(
        "only a filter's lines of it are seen",
        lambda c: bool(c.life.judged) and c.life.received is None and c.life.queued is None,
        _asked,
    ),
    # An address that became others, or lines that were not read.
    Rule("it is gone, and no line says how", lambda c: c.life.removed is not None, lambda c: Fate(Disposition.UNKNOWN, incomplete=True)),
    Rule("nothing final has happened yet", lambda c: True, lambda c: Fate(Disposition.IN_PROGRESS)),
)


# -- what filters say


def _client_answer(one: Recipient, loose: Sequence[Loose]) -> LiveEvent | None:
    """What a filter before the queue, or one that is a milter, had the client told."""
    found = [e for piece in loose for e in piece.events if isinstance(e.fact, Ruled) and e.fact.source is Decider.PROXY]
    if not found and one.scan is not None:
        told = [e for part in one.path if isinstance(part, Life) for e in part.milter_rules]
        found = [e for e in told if isinstance(e.fact, Ruled) and e.fact.action is Action.REJECT]
    return found[-1] if found else None


def _scan_fate(one: Recipient, scan: Scan) -> Fate:
    """A scan whose queue files are not seen: what the filter says that it did."""
    forwards = [e.fact for e in scan.given if isinstance(e.fact, Passed) and e.fact.how is Sending.FORWARD]
    if one.result is None and not forwards:
        return Fate(Disposition.UNKNOWN, incomplete=True)
    reply = forwards[-1].reply if forwards else None
    return Fate(Disposition.UNKNOWN, reply=reply, by=By.FILTER if reply else None, incomplete=True)


def _verdict(one: Recipient, within: Within) -> tuple[Verdict, str | None]:
    """What the filter thought, and its detail."""
    virus = _virus_in(one.scan)
    if virus is not None:
        return Verdict.VIRUS, virus
    if one.result is not None:
        return one.result.verdict, one.result.detail
    if one.scan is not None:
        # Released to somebody whom the scan does not name: what it thought of the message holds for him too.
        found = {result.verdict for result in facts_of(one.scan)}
        return (found.pop() if len(found) == 1 else Verdict.UNKNOWN), None
    for known in tries_of([*one.attempts, *one.handed]):
        if known.fact.status in _ANSWERED and within.takes(known.fact) and not is_submission(known.fact, one.path):
            return known.fact.verdict or Verdict.UNKNOWN, known.fact.detail
    put_back = any(isinstance(part, Life) and How.PUT_BACK in part.hows for part in one.path)
    if put_back or any(goes_to_program(e.fact) for e in one.handed):
        # Who took it out of the queue and put it back looked at it.
        return Verdict.UNKNOWN, None
    return Verdict.NOT_SCANNED, None


def _virus_in(scan: Scan | None) -> str | None:
    """The virus that a line of the scan itself names, where its results name none."""
    found = [e.fact for e in scan.events if isinstance(e.fact, Infected)] if scan is not None else []
    return next((one.virus for one in found if one.mail_id is not None), None)


_ANSWERED = frozenset({Status.SENT, Status.BOUNCED})


def _judge(lives: list[Life], fate: Fate, loose: Sequence[Loose]) -> None:
    """Add what a filter beside the queue thought, and why it had the mail server stop the message."""
    done = fate.disposition if fate.disposition in _STOPPED else None
    judged = fate.judgement = judgement_of(lives, loose, done) if loose or any(life.judged for life in lives) else None
    if judged is not None and fate.verdict in {Verdict.NOT_SCANNED, Verdict.UNKNOWN}:
        fate.verdict = judged.verdict
    _found(lives, fate)
    if fate.verdict is Verdict.NOT_SCANNED and any(
        isinstance(e.fact, Ruled) and e.fact.scored for life in lives for e in life.rules_of_all
    ):
        fate.verdict = Verdict.UNKNOWN
    if fate.filtered and judged is not None:
        fate.reason = judged.reason or fate.reason
        fate.detail = judged.detail or fate.detail
    elif done is not None and fate.reason in _VAGUE:
        # The mail server's own rule, by what a filter told it.
        forced = judged.reason if judged is not None and judged.result.asked is done else None
        fate.reason = REASONS_OF_VERDICTS.get(fate.verdict) or forced or fate.reason


def _before_tried(one: Recipient, loose: Sequence[Loose]) -> Sequence[Loose]:
    """Without results later than the last try, where others are left: a filter on the way has one for each recipient's copy."""
    last = max([e.time_us + (0 if e.fine else SECOND - 1) for e in one.attempts], default=None)
    found = [piece for piece in loose if last is None or piece.kind is not KeyKind.JUDGED or piece.start_us <= last]
    return found if any(piece.kind is KeyKind.JUDGED for piece in found) else loose


def _found(lives: list[Life], fate: Fate) -> None:
    """Add what virus scanners found, and what else a filter found wrong that took the message out of the queue."""
    viruses = [infected.virus for life in lives for infected in life.infected]
    found = next((rule for life in lives for rule in of_filters(life) if rule.verdict is not None), None)
    if viruses:
        fate.verdict, fate.detail = Verdict.VIRUS, next(filter(None, viruses), fate.detail)
    elif found is not None and found.verdict is not None:
        fate.verdict, fate.detail = found.verdict, found.detail or fate.detail


def _parked(life: Life) -> bool:
    """Whether a milter had the message kept in the hold queue."""
    return any(isinstance(e.fact, Ruled) and e.fact.action is Action.HOLD for e in life.milter_rules)


def _released_fate(fate: Fate, copy: Recipient, within: Within) -> Fate:
    """A kept message that was let go: released where the copy was delivered, else what became of the copy."""
    became = _own_fate(copy, within, ())
    if became.disposition is Disposition.DELIVERED:
        became.disposition = Disposition.RELEASED
    if became.disposition in {Disposition.UNKNOWN, Disposition.IN_PROGRESS}:
        return fate
    became.verdict, became.detail, became.quarantine_id = fate.verdict, fate.detail, fate.quarantine_id
    return became


def _notified(one: Recipient, lives: list[Life], fate: Fate) -> bool:
    """Whether the sender got a notice that it was not delivered."""
    if fate.disposition in _RETURNED and any(_tells_sender(e.fact) for life in lives for e in life.noticed):
        return True
    return one.result is not None and not one.result.passed and one.result.notified


def _tells_sender(notice: Fact) -> bool:
    """Whether a notice tells the sender that something was not delivered."""
    if isinstance(notice, Noticed):
        return notice.what is Notice.NON_DELIVERY and notice.to == "sender"
    # An automatic answer of a recipient is made for the message as well, and is nobody's notice.
    return isinstance(notice, Received) and notice.sender == ""
