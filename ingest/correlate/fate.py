"""Fate: what became of one recipient's copy, why, and whose reply decided. The strongest fact counts, not the last line."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ingest.correlate.event import Event
from ingest.correlate.judgement import Judgement, judgement_of, virus_in
from ingest.correlate.life import Life
from ingest.correlate.links import Loose, Scan, Within
from ingest.correlate.rows import Row
from mappings.codes import reason_of
from mappings.facts import Administered, Attempted, Fact, Judged, Noticed, Passed, Received, Reply, Ruled, Scanned, Screened
from mappings.vocabulary import Disposition, Reason, Verdict

#: amavis' categories (`$log_templ`); a suffix after a hyphen is the minor category.
_VERDICTS = {
    "CLEAN": Verdict.CLEAN,
    "SPAM": Verdict.SPAM,
    "SPAMMY": Verdict.SUSPECT,
    "INFECTED": Verdict.VIRUS,
    "BANNED": Verdict.BANNED,
    "BAD": Verdict.BAD_HEADER,
    "UNCHECKED": Verdict.UNCHECKED,
    "OVERSIZED": Verdict.OVERSIZED,
    "TEMPFAIL": Verdict.UNCHECKED,
}
_REASONS = {
    Verdict.SPAM: Reason.SPAM,
    Verdict.SUSPECT: Reason.SPAM,
    Verdict.VIRUS: Reason.VIRUS,
    Verdict.BANNED: Reason.ATTACHMENT,
    Verdict.BAD_HEADER: Reason.PROTOCOL,
    Verdict.UNCHECKED: Reason.POLICY,
    Verdict.OVERSIZED: Reason.TOO_LARGE,
}
#: What a filter's reply says where its own log is not read: `250 2.7.0 Ok, discarded, id=00332-08 - spam`.
_REPLY_VERDICT = re.compile(r" - (INFECTED|BANNED|spam|SPAM|UNCHECKED|BAD.HEADER)\b(?:: (.*))?")
_REPLY_WORDS = {
    "INFECTED": Verdict.VIRUS,
    "BANNED": Verdict.BANNED,
    "SPAM": Verdict.SPAM,
    "UNCHECKED": Verdict.UNCHECKED,
    "BAD HEADER": Verdict.BAD_HEADER,
    "BAD-HEADER": Verdict.BAD_HEADER,
}
#: What a scanner found, by the reason that an ACL gives for its refusal.
_ACL_VERDICTS = {Reason.VIRUS: Verdict.VIRUS, Reason.SPAM: Verdict.SPAM, Reason.ATTACHMENT: Verdict.BANNED}
#: What becomes of a message when a filter asks for this.
_ASKED = {
    "reject": Disposition.REJECTED,
    "soft reject": Disposition.TEMPFAILED,
    "greylist": Disposition.TEMPFAILED,
    "discard": Disposition.DISCARDED,
    "quarantine": Disposition.QUARANTINED,
}
#: Where the reason is of interest.
_STOPPED = {Disposition.REJECTED, Disposition.TEMPFAILED, Disposition.QUARANTINED, Disposition.DISCARDED}
#: How the ACLs that are in use name a score that a filter told them.
_SCORE = re.compile(r"\bspam[-_ ]?(?:score|points|level|bar|report)\b|\bSpamAssassin as \S+ detected\b", re.IGNORECASE)
_DISCARDED = re.compile(r"\bdiscarded\b", re.IGNORECASE)
_RETURNED = {Disposition.BOUNCED, Disposition.EXPIRED, Disposition.QUARANTINED}
#: An automatic answer is no delivery of the message: any other try says more.
_AUTOMATIC = 0.5
_RANK = {"deferred": 1, "expired": 2, "bounced": 3, "sent": 4}


@dataclass(slots=True)
class Fate:
    """What became of the copy; `reply` decided it, and `by` says whose it is."""

    disposition: Disposition
    verdict: Verdict = Verdict.NOT_SCANNED
    reason: Reason | None = None
    reply: Reply | None = None
    by: str | None = None
    relay: Attempted | None = None
    detail: str | None = None
    quarantine_id: str | None = None
    notified: bool = False
    incomplete: bool = False
    #: What a filter beside the queue thought, and whether it was that which decided.
    judgement: Judgement | None = None
    filtered: bool = False


def verdict_of(category: str) -> Verdict:
    """What a category of amavis means."""
    return _VERDICTS.get(category.split("-", maxsplit=1)[0], Verdict.UNKNOWN)


def fate_of(row: Row, within: Within, loose: list[Loose]) -> Fate:
    """The fate of a row."""
    if row.refusal is not None:
        return _refusal_fate(row.refusal, loose)
    fate = _own_fate(row, within, loose)
    verdict, detail = _verdict(row, within)
    if verdict is not Verdict.NOT_SCANNED:
        fate.verdict = verdict
    fate.detail = fate.detail or detail
    _judge(row, fate, loose)
    kept = row.result.quarantine_ids if row.result is not None else []
    if kept and fate.quarantine_id is None:
        fate.quarantine_id = kept[0]
    if row.released is not None and fate.quarantine_id is not None:
        fate = _released_fate(fate, row.released, within)
    parked = next((p.queue_id for p in row.path if isinstance(p, Life) and _parked(p)), None)
    if parked is not None and fate.quarantine_id is None:
        # Kept in the hold queue for a milter, and let go by an administrator.
        fate.quarantine_id = parked
        if fate.disposition is Disposition.DELIVERED:
            fate.disposition = Disposition.RELEASED
    fate.notified = fate.notified or _notified(row, fate)
    return fate


def _judge(row: Row, fate: Fate, loose: list[Loose]) -> None:
    """Add what a filter beside the queue thought, and why it had the mail server stop the message."""
    lives = [p for p in row.path if isinstance(p, Life)]
    done = fate.disposition
    judged = fate.judgement = judgement_of(lives, loose, lambda action: _ASKED.get(action) is (done if done in _STOPPED else None))
    virus = virus_in(lives)
    if judged is not None and fate.verdict in {Verdict.NOT_SCANNED, Verdict.UNKNOWN}:
        fate.verdict = judged.verdict
    if virus is not None:
        fate.verdict, fate.detail = Verdict.VIRUS, virus
    if fate.verdict is Verdict.NOT_SCANNED and any(_logs_score(rule) for life in lives for rule in life.rules_of_all):
        fate.verdict = Verdict.UNKNOWN
    if fate.filtered and judged is not None:
        fate.reason = judged.reason or fate.reason
        fate.detail = judged.detail or fate.detail
    elif fate.disposition in _STOPPED and fate.reason in {None, Reason.UNKNOWN, Reason.POLICY}:
        # The mail server's own rule, by what a filter told it.
        forced = judged.reason if judged is not None and _ASKED.get(judged.result.action or "") is done else None
        fate.reason = _REASONS.get(fate.verdict) or forced or fate.reason


def _logs_score(event: Event) -> bool:
    """Whether an administrator's ACL logged what a filter told it: then one ran, whether its own line is seen or not."""
    rule = event.fact
    return isinstance(rule, Ruled) and rule.source == "acl" and rule.action == "warn" and _SCORE.search(rule.text) is not None


def _parked(life: Life) -> bool:
    """Whether a milter had the message kept in the hold queue."""
    return any(isinstance(e.fact, Ruled) and e.fact.action == "hold" for e in life.milter_rules)


def _own_fate(row: Row, within: Within, loose: list[Loose]) -> Fate:
    """The fate without verdict and release."""
    answer = _client_answer(row, loose)
    if row.result is not None and not row.result.passed:
        return _blocked_fate(row, row.result, answer)
    last = row.path[-1]
    if isinstance(last, Scan):
        if answer is not None and answer.action == "reject":
            return _refused(answer)
        return _scan_fate(row)
    assert isinstance(last, Life)  # noqa: S101 - rows end in a queue file or a scan
    own = [e.fact for e in row.attempts if isinstance(e.fact, Attempted)]
    best = _best(own)
    if best is not None and best.status == "sent":
        if within.keeps(best):
            return Fate(Disposition.QUARANTINED, reason=Reason.POLICY, relay=best, quarantine_id=best.queue_id)
        if best.forwarded or within.takes(best):
            return _handed_fate(best)
        return _sent_fate(best)
    if best is not None and best.status == "bounced":
        if within.takes(best):
            return _handed_fate(best)
        # A milter's refusal of local mail comes back as a bounce.
        refused = best.relay is None and bool(last.milter_rules)
        return Fate(Disposition.BOUNCED, reason=_reason(best), reply=best.reply, by=best.by, relay=best, filtered=refused)
    return _stopped_fate(last, best, own)


def _best(attempts: list[Attempted]) -> Attempted | None:
    """The strongest attempt; of equally strong ones the last that was answered."""
    best: Attempted | None = None
    for fact in attempts:
        rank, known = _rank(fact), _rank(best) if best else -1
        if rank > known or (rank == known and best is not None and not (_skipped(fact) and not _skipped(best))):
            best = fact
    return best


def _rank(fact: Attempted) -> float:
    """How strong an attempt is as a fact; a copy that was forwarded says less than one that was delivered."""
    if fact.automatic:
        return _AUTOMATIC
    return _RANK.get(fact.status, 0) - (0.5 if fact.forwarded else 0)


def _skipped(fact: Attempted) -> bool:
    """Whether nothing was tried: our own cache or limit answered. Such an attempt never overwrites a real answer."""
    return fact.skipped or (fact.relay is None and "delivery temporarily suspended" in fact.reply.text)


def _reason(fact: Attempted) -> Reason:
    """Why a delivery failed."""
    return reason_of(fact.reply.code, fact.reply.enhanced, fact.reply.text, by=fact.by, stage=fact.reply.stage)


def _sent_fate(fact: Attempted) -> Fate:
    """Taken by the next server or agent, or thrown away by it."""
    disposition = Disposition.DISCARDED if fact.discarded else Disposition.DELIVERED
    return Fate(disposition, reason=Reason.POLICY if fact.discarded else None, reply=fact.reply, by=fact.by, relay=fact)


def _handed_fate(fact: Attempted) -> Fate:
    """Handed to a filter whose lines for this recipient, or the next queue file's, are not seen: its reply is all there is."""
    verdict, detail = _reply_verdict(fact.reply.text)
    reason = _REASONS.get(verdict)
    fate = Fate(Disposition.UNKNOWN, verdict, reply=fact.reply, by="filter", relay=fact, detail=detail, incomplete=True)
    if fact.status == "bounced":
        fate.disposition, fate.reason = Disposition.BOUNCED, reason or _reason(fact)
    elif fact.next_id is None and _DISCARDED.search(fact.reply.text):
        fate.disposition, fate.reason = Disposition.DISCARDED, reason or Reason.POLICY
    elif fact.next_id is None and fact.reply.text.endswith("BOUNCE"):
        fate.disposition, fate.reason = Disposition.BOUNCED, reason or Reason.CONTENT
    elif fact.forwarded:
        fate.disposition, fate.by = Disposition.EXPANDED, "local"
    return fate


def _stopped_fate(life: Life, best: Attempted | None, own: list[Attempted]) -> Fate:
    """Nothing final was delivered: what else the queue file's lines say."""
    if best is not None and best.status == "expired" and best.relay_ip is None and best.reply.code is None:
        # Exim says only that the time is over: the reply is that of the last real try.
        best = _best([f for f in own if f.status == "deferred"]) or best
        return Fate(Disposition.EXPIRED, reason=Reason.EXPIRED, reply=best.reply, by=best.by, relay=best)
    reply, by = (best.reply, best.by) if best is not None else (None, None)
    if life.removed is not None and life.removed.by_admin:
        return Fate(Disposition.DELETED, reason=Reason.ADMIN, reply=reply, by=by, relay=best)
    if life.expired or (best is not None and best.status == "expired"):
        return Fate(Disposition.EXPIRED, reason=Reason.EXPIRED, reply=reply, by=by, relay=best)
    if best is None and life.lost is not None and life.queued is None and not life.identified:
        # Whatever a rule had in mind: the session broke off before there was a message.
        return Fate(Disposition.ABORTED, reason=Reason.CONNECTION)
    if any(isinstance(e.fact, Administered) and e.fact.action == "give_up" for e in life.administered):
        return Fate(Disposition.BOUNCED, reason=Reason.ADMIN, reply=reply, by=by, relay=best)
    ruled = _ruled_fate(life)
    if best is not None and best.status == "deferred":
        if _held_now(life):
            return Fate(Disposition.HELD, reason=Reason.ADMIN, reply=reply, by=by, relay=best)
        return Fate(Disposition.DEFERRED, reason=_reason(best), reply=best.reply, by=best.by, relay=best)
    if ruled is not None:
        return ruled
    if _held_now(life) and life.removed is None:
        return Fate(Disposition.HELD, reason=Reason.ADMIN)
    if life.lost is not None and life.queued is None:
        return Fate(Disposition.ABORTED, reason=Reason.CONNECTION)
    if life.judged and life.received is None and life.queued is None:
        return _asked_fate(life)
    if life.removed is not None:
        # Gone, and no line says how: an address that became others, or lines that were not read.
        return Fate(Disposition.UNKNOWN, incomplete=True)
    return Fate(Disposition.IN_PROGRESS)


def _ruled_fate(life: Life) -> Fate | None:
    """What a rule, check or milter did to the whole message."""
    held: Ruled | None = None
    for event in life.rules_of_all:
        rule = event.fact
        if not isinstance(rule, Ruled):
            continue
        if rule.action == "reject":
            return _refused(rule)
        if rule.action == "discard":
            return _discarded(rule)
        if rule.action in {"hold", "quarantine"}:
            held = rule
    if (
        held is None
        or life.queued is not None
        or any(isinstance(e.fact, Administered) and e.fact.action == "release" for e in life.administered)
    ):
        return None
    if held.source == "milter":
        fate = Fate(Disposition.QUARANTINED, reason=_milter_reason(held), detail=held.text or None, quarantine_id=life.queue_id)
        fate.filtered = True
        return fate
    return Fate(Disposition.HELD, reason=_rule_reason(held), detail=held.text or None)


def _held_now(life: Life) -> bool:
    """Whether an administrator's hold is the last thing that he did."""
    done = [(e.time_us, e.number, e.fact.action != "hold") for e in life.administered if isinstance(e.fact, Administered)]
    # Of two in one second whose order nothing tells, the release came after.
    return bool(done) and not max(done)[2]


def _refused(rule: Ruled) -> Fate:
    """Refused in the dialogue, for good or for now."""
    reply = rule.reply or Reply()
    for_now = (reply.code or 0) // 100 == 4 or (reply.code is None and (reply.enhanced or "").startswith("4"))
    by = "filter" if rule.source in {"milter", "proxy"} else "local"
    reason = _rule_reason(rule)
    fate = Fate(Disposition.TEMPFAILED if for_now else Disposition.REJECTED, reason=reason, reply=reply, by=by)
    fate.filtered = rule.source == "milter"
    if rule.source == "acl" and rule.stage == "END-OF-MESSAGE":
        # The ACL asked a scanner, and its words are all that is logged of it.
        fate.verdict = _ACL_VERDICTS.get(reason, Verdict.NOT_SCANNED)
    return fate


def _discarded(rule: Ruled) -> Fate:
    """Accepted and thrown away by a rule."""
    fate = Fate(Disposition.DISCARDED, reason=_rule_reason(rule), detail=rule.text or None, filtered=rule.source == "milter")
    if rule.source == "acl" and rule.text:
        said = reason_of(None, None, rule.text)
        fate.reason = fate.reason if said is Reason.UNKNOWN else said
    return fate


def _asked_fate(life: Life) -> Fate:
    """A filter's result without the mail server's lines: what it asked for is what the server did, as far as one can know."""
    asked = next((e.fact.action for e in reversed(life.judged) if isinstance(e.fact, Judged)), None)
    disposition = _ASKED.get(asked or "", Disposition.UNKNOWN)
    kept = life.queue_id if disposition is Disposition.QUARANTINED else None
    return Fate(disposition, reason=Reason.POLICY, quarantine_id=kept, filtered=True, incomplete=True)


def _rule_reason(rule: Ruled) -> Reason:
    """Why a rule stopped the message: the check that it is, else what its text says."""
    if rule.source == "hops":
        return Reason.ROUTING_LOOP
    if rule.source == "size":
        return Reason.TOO_LARGE
    if rule.source in {"header", "body"}:
        return Reason.CONTENT
    if rule.action != "reject" or rule.reply is None:
        return Reason.POLICY
    if rule.source == "proxy":
        verdict, _ = _reply_verdict(rule.reply.text)
        if verdict in _REASONS:
            return _REASONS[verdict]
    if rule.source == "acl" and rule.reply.inferred:
        # Every refusal of an ACL has the same code unless it says another: only its words say why.
        said = reason_of(None, rule.reply.enhanced, rule.reply.text or rule.text, by="local")
        return Reason.POLICY if said is Reason.UNKNOWN else said
    return reason_of(rule.reply.code, rule.reply.enhanced, rule.reply.text or rule.text, by="local")


def _milter_reason(rule: Ruled) -> Reason:
    """Why a milter keeps a message: its text seldom says more than that it does."""
    reason = reason_of(None, None, rule.text)
    return Reason.POLICY if reason is Reason.UNKNOWN else reason


def _refusal_fate(event: Event, loose: list[Loose]) -> Fate:
    """A recipient (or sender) refused without the message ever being accepted."""
    rule = event.fact
    assert isinstance(rule, Ruled)  # noqa: S101 - told by the caller
    if rule.action == "discard":
        return _discarded(rule)
    if rule.action == "abort":
        return Fate(Disposition.ABORTED, reason=Reason.CONNECTION, detail=rule.text or None)
    if rule.source == "proxy" and (rule.reply is None or (rule.reply.code or 0) // 100 not in {4, 5}):
        # Not the filter's answer: the mail server stopped the transaction itself, and another line of the session says why.
        rule = next((e.fact for p in loose for e in p.events if isinstance(e.fact, Ruled) and e.fact.source == "size"), rule)
    fate = _refused(rule)
    found = [e.fact for piece in loose for e in piece.events if isinstance(e.fact, Screened)]
    if rule.source == "screen":
        screened = next((s for s in found if s.what in {"denylisted", "dnsbl"}), None)
        if screened is not None:
            fate.reason, fate.detail = Reason.REPUTATION, screened.detail
        elif found and fate.reason is Reason.UNKNOWN:
            fate.reason = Reason.PROTOCOL
    if rule.source == "proxy":
        fate.verdict, fate.detail = _reply_verdict((rule.reply or Reply()).text)
        if fate.verdict is Verdict.UNKNOWN:
            fate.verdict = Verdict.NOT_SCANNED
    return fate


def _client_answer(row: Row, loose: list[Loose]) -> Ruled | None:
    """What a filter before the queue, or one that is a milter, had the client told."""
    found = [e.fact for piece in loose for e in piece.events if isinstance(e.fact, Ruled) and e.fact.source == "proxy"]
    if not found and row.scan is not None:
        found = [e.fact for p in row.path if isinstance(p, Life) for e in p.milter_rules if isinstance(e.fact, Ruled)]
        found = [f for f in found if f.action == "reject"]
    return found[-1] if found else None


def _blocked_fate(row: Row, result: Scanned, told: Ruled | None) -> Fate:
    """Stopped by the filter: kept, refused, returned or thrown away. Kept outweighs returned."""
    reason = _REASONS.get(verdict_of(result.category), Reason.POLICY)
    if told is not None and told.action == "reject":
        # Refused in the dialogue: a copy that the filter kept all the same is no message that anybody waits for.
        fate = _refused(told)
        if not result.category.startswith("MTA"):
            fate.reason = reason
        return fate
    answer, by, relay = _filter_answer(row)
    if answer is None and told is not None:
        answer, by = told.reply, "filter"
    actions = " ".join(result.actions)
    fate = Fate(Disposition.UNKNOWN, reason=reason, reply=answer, by=by, relay=relay)
    if result.quarantine_ids:
        fate.disposition, fate.quarantine_id = Disposition.QUARANTINED, result.quarantine_ids[0]
    elif "TempFailed" in actions or result.category.startswith("TEMPFAIL"):
        fate.disposition = Disposition.DEFERRED if relay is not None else Disposition.TEMPFAILED
    elif "Rejected" in actions:
        fate.disposition = Disposition.BOUNCED if relay is not None and relay.status == "bounced" else Disposition.REJECTED
    elif "Bounced" in actions:
        fate.disposition = Disposition.BOUNCED
    else:
        fate.disposition = Disposition.DISCARDED
    if result.category.startswith("TEMPFAIL"):
        fate.reason = Reason.LOCAL_SYSTEM
    if result.category.startswith("MTA"):
        fate.reason = reason_of(answer.code, answer.enhanced, answer.text) if answer is not None else Reason.POLICY
    return fate


def _filter_answer(row: Row) -> tuple[Reply | None, str | None, Attempted | None]:
    """The filter's own reply for this recipient: to the queue file before it, or to the client."""
    own = [e.fact for e in row.attempts if isinstance(e.fact, Attempted)]
    best = _best([f for f in own if f.by == "remote"]) or _best(own)
    if best is not None:
        return best.reply, "filter", best
    return None, None, None


def _scan_fate(row: Row) -> Fate:
    """A scan whose queue files are not seen: what the filter says that it did."""
    scan = row.path[-1]
    forwards = [e.fact for e in scan.given if isinstance(e.fact, Passed) and e.fact.how == "forward"] if isinstance(scan, Scan) else []
    if row.result is None and not forwards:
        return Fate(Disposition.UNKNOWN, incomplete=True)
    reply = forwards[-1].reply if forwards else None
    return Fate(Disposition.UNKNOWN, reply=reply, by="filter" if reply else None, incomplete=True)


def _verdict(row: Row, within: Within) -> tuple[Verdict, str | None]:
    """What the filter thought, and its detail."""
    if row.result is not None:
        return verdict_of(row.result.category), row.result.detail
    if row.scan is not None:
        # Released to somebody whom the scan does not name: what it thought of the message holds for him too.
        found = {verdict_of(e.fact.category) for e in row.scan.results if isinstance(e.fact, Scanned)}
        return (found.pop() if len(found) == 1 else Verdict.UNKNOWN), None
    for event in (*row.attempts, *row.handed):
        fact = event.fact
        if isinstance(fact, Attempted) and within.takes(fact) and fact.status in {"sent", "bounced"}:
            return _reply_verdict(fact.reply.text)
    return Verdict.NOT_SCANNED, None


def _reply_verdict(text: str) -> tuple[Verdict, str | None]:
    """The verdict that a filter's reply names."""
    match = _REPLY_VERDICT.search(text)
    if match is None:
        return Verdict.UNKNOWN, None
    return _REPLY_WORDS.get(match[1].upper(), Verdict.UNKNOWN), match[2]


def _released_fate(fate: Fate, copy: Row, within: Within) -> Fate:
    """A kept message that was let go: released where the copy was delivered, else what became of the copy."""
    became = _own_fate(copy, within, [])
    if became.disposition is Disposition.DELIVERED:
        became.disposition = Disposition.RELEASED
    if became.disposition in {Disposition.UNKNOWN, Disposition.IN_PROGRESS}:
        return fate
    became.verdict, became.detail, became.quarantine_id = fate.verdict, fate.detail, fate.quarantine_id
    return became


def _notified(row: Row, fate: Fate) -> bool:
    """Whether the sender got a notice that it was not delivered."""
    lives = [p for p in row.path if isinstance(p, Life)]
    notices = [e.fact for life in lives for e in life.noticed]
    if fate.disposition in _RETURNED and any(_tells_sender(n) for n in notices):
        return True
    if row.result is None or row.result.passed:
        return False
    return any("Bounced" in a for a in row.result.actions)


def _tells_sender(notice: Fact) -> bool:
    """Whether a notice tells the sender that something was not delivered."""
    if isinstance(notice, Noticed):
        return notice.what == "non-delivery" and notice.to == "sender"
    # An automatic answer of a recipient is made for the message as well, and is nobody's notice.
    return isinstance(notice, Received) and notice.sender == ""
