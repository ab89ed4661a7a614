"""Fate: what became of one recipient's copy. A row for each rule, and for what filters, rules of the dialogue and administrators add."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from heart_cases import (
    ANN,
    BOB,
    EVE,
    HERE,
    HOST,
    LOOPBACK,
    OUTSIDE,
    Said,
    client,
    event,
    events,
    filed,
    life,
    looked,
    named,
    queued,
    recipients,
    result,
    sent,
    to_filter,
    tried,
    words,
)

from ingest.joining.life import Life
from ingest.joining.parts import Loose, Scan
from ingest.joining.within import Within
from ingest.telling.fate import QUEUE_RULES, Case, queue_fate
from ingest.telling.judgement import judgement_of
from ingest.telling.outcome import Fate
from ingest.telling.recipient import recipient
from ingest.telling.ruled import refusal_fate, rule_fate
from ingest.telling.stopped import stopped_fate
from ingest.telling.tries import strongest, tries_of
from mappings.facts import (
    Administered,
    Attempted,
    Connected,
    Expired,
    Fact,
    Filed,
    Infected,
    Judged,
    Noticed,
    Passed,
    Received,
    Removed,
    Reply,
    Ruled,
    Scanned,
    Screened,
)
from mappings.log_words import Action, Actor, By, Contact, Decider, Filing, Finding, Handling, Notice, Sending, Stage, Status
from mappings.vocabulary import Disposition, Reason, Verdict

BOXES = Within(quarantines=re.compile("quarantine"))
LOST = Connected(Contact.LOST)
UNKNOWN_USER = "no such user here"


def deferred(text: str = "mailbox full", **more: Any) -> Attempted:
    """Put off by the next server."""
    return tried(Status.DEFERRED, code=452, text=text, **more)


def bounced(**more: Any) -> Attempted:
    """Refused by the next server."""
    return tried(Status.BOUNCED, code=550, text=UNKNOWN_USER, **more)


def admin(action: Handling) -> Administered:
    """An administrator does something."""
    return Administered("A1", action)


def by(actor: Actor, action: Handling, text: str | None = None) -> Administered:
    """A rule, or the server itself, does something."""
    return Administered("A1", action, actor=actor, text=text)


def rule(
    action: Action, stage: Stage = Stage.END_OF_MESSAGE, source: Decider = Decider.ACCESS, code: int | None = None, **more: Any
) -> Ruled:
    """A rule of the dialogue, about the message."""
    reply = None if code is None else Reply(code, more.pop("enhanced", None), more.pop("said", ""), inferred=more.pop("inferred", False))
    return Ruled("A1", action, stage, source, reply=reply, **more)


def in_queue(action: Action, **more: Any) -> Ruled:
    """A filter that takes messages out of the queue does something."""
    return rule(action, Stage.QUEUE, Decider.FILTER, **more)


def judged(asked: Disposition | None = None, **more: Any) -> Judged:
    """A result of a filter beside the queue."""
    return Judged("rspamd", more.pop("queue_id", "A1"), asked=asked, **more)


# -- the rules of a queue file


@dataclass(frozen=True)
class Row:
    """A rule by what it says, lines for which it is the first to hold, and the fate that it makes."""

    rule: str
    said: list[Said]
    #: Disposition and reason.
    becomes: str
    #: Which of the lines decides.
    decides: int | None = None
    within: Within = HERE


SHORT_ID = "80582186537"
HELD_BOX = "a box of the configuration keeps it"
TAKEN = "a filter took it, or it became other addresses, and nothing more is seen"
DELIVERED = "the next server or agent took it"
NOT_KEPT = "a mail store took it and did not keep it"
FILTER_REFUSED = "a filter refused it"
REFUSED = "the next server or agent refused it"
OVER, OVER_AT = "the time in the queue is over, and no server is named", "the time in the queue is over"
DELETED = "an administrator deleted it"
BROKEN_BEFORE = "the session broke off before there was a message, whatever a rule had in mind"
RETURNED = "an administrator, a rule or a timer gave it up"
HELD_WAITING = "what waits for the next try is held"
WAITS, STOPPED, HELD = "it waits for the next try", "a rule stopped it", "it is held"
BROKEN, ASKED = "the session broke off", "only a filter's lines of it are seen"
GONE, NOTHING = "it is gone, and no line says how", "nothing final has happened yet"

ROWS = (
    Row(HELD_BOX, [client(), sent(relay_ip=None, transport="quarantine_box")], "quarantined policy", 1, BOXES),
    Row(DELIVERED, [client(), sent(relay_ip=None, transport="quarantine_box")], "delivered -", 1),
    Row(TAKEN, [client(), to_filter()], "unknown -"),
    Row(TAKEN, [client(), to_filter(did=Disposition.DISCARDED)], "discarded policy", 1),
    Row(TAKEN, [client(), to_filter(did=Disposition.QUARANTINED, verdict=Verdict.SPAM)], "quarantined spam", 1),
    Row(TAKEN, [client(), sent(forwarded=True, next_id="B2")], "expanded -", 1),
    Row(DELIVERED, [client(), sent()], "delivered -", 1),
    Row(DELIVERED, [client(), sent(), Removed("A1", by_admin=True)], "delivered -", 1),
    Row(DELIVERED, [client(), bounced(), sent()], "delivered -", 2),
    Row(DELIVERED, [client(), sent(relay_ip=LOOPBACK, stored=True)], "delivered -", 1),
    Row(DELIVERED, [client(), sent(relay_ip=LOOPBACK)], "delivered -", 1),
    Row(DELIVERED, [client(SHORT_ID), sent(queue_id=SHORT_ID, relay_ip=LOOPBACK, next_id="1rKv3a-0001Ab-2C")], "delivered -", 1),
    Row(TAKEN, [client(SHORT_ID), sent(queue_id=SHORT_ID, relay_ip=LOOPBACK, next_id="3033D18654F")], "unknown -"),
    Row(TAKEN, [client(), sent(relay_ip=LOOPBACK, log_id="1-1")], "unknown -"),
    Row(TAKEN, [client(), sent(relay_ip="198.51.100.5")], "unknown -", within=Within(frozenset({"198.51.100.5"}))),
    Row(DELIVERED, [client(), sent(relay_ip=None, discarded=True)], "discarded policy", 1),
    Row(DELIVERED, [client(), sent(), filed(folder="Junk")], "delivered -", 1),
    Row(DELIVERED, [client(), sent(), filed(Filing.DISCARDED), filed(folder="Junk")], "delivered -", 1),
    Row(DELIVERED, [client(), sent(), filed(Filing.SENT_ON), filed()], "delivered -", 1),
    Row(DELIVERED, [client(), sent(), filed(Filing.ANSWERED)], "delivered -", 1),
    Row(DELIVERED, [client(), sent(relay_ip=LOOPBACK), filed()], "delivered -", 1),
    Row(NOT_KEPT, [client(), sent(), filed(Filing.DISCARDED)], "discarded policy", 2),
    Row(NOT_KEPT, [client(), sent(relay_ip=LOOPBACK, log_id="1-1"), filed(Filing.DISCARDED)], "discarded policy", 2),
    Row(NOT_KEPT, [client(), sent(), filed(Filing.ANSWERED), filed(Filing.DISCARDED)], "discarded policy", 3),
    Row(NOT_KEPT, [client(), sent(), filed(Filing.DISCARDED), filed(Filing.SENT_ON)], "expanded policy", 3),
    Row(NOT_KEPT, [client(), sent(), filed(Filing.RETURNED)], "bounced policy", 2),
    Row(
        NOT_KEPT,
        [client(), sent(), filed(Filing.FAILED, reason=Reason.MAILBOX_FULL), filed(Filing.RETURNED, reason=Reason.MAILBOX_FULL)],
        "bounced mailbox_full",
        3,
    ),
    Row(NOT_KEPT, [client(), sent(), filed(Filing.FAILED, reason=Reason.MAILBOX_FULL)], "unknown mailbox_full", 2),
    Row(WAITS, [client(), deferred("busy", by=By.LOCAL), filed(Filing.FAILED, reason=Reason.MAILBOX_FULL)], "deferred mailbox_full", 1),
    Row(FILTER_REFUSED, [client(), bounced(relay_ip=LOOPBACK, log_id="1-1")], "bounced recipient_unknown", 1),
    Row(REFUSED, [client(), bounced(relay_ip=LOOPBACK)], "bounced recipient_unknown", 1),
    Row(FILTER_REFUSED, [client(), bounced(filtered=True, verdict=Verdict.VIRUS)], "bounced virus", 1),
    Row(REFUSED, [client(), bounced()], "bounced recipient_unknown", 1),
    Row(REFUSED, [client(), bounced(), deferred(), Expired("A1")], "bounced recipient_unknown", 1),
    Row(OVER, [client(), deferred(), tried(Status.EXPIRED, relay_ip=None)], "expired expired", 1),
    Row(OVER_AT, [client(), deferred(), tried(Status.EXPIRED, code=452)], "expired expired", 2),
    Row(OVER_AT, [client(), deferred(), Expired("A1")], "expired expired", 2),
    Row(DELETED, [client(), deferred(), Removed("A1", by_admin=True)], "deleted admin", 2),
    Row(DELETED, [client(), Removed("A1", by_admin=True), Removed("A1")], "deleted admin", 1),
    Row(BROKEN_BEFORE, [client(), LOST], "aborted connection", 1),
    Row(BROKEN_BEFORE, [client(), rule(Action.ABORT)], "aborted connection", 1),
    Row(BROKEN_BEFORE, [client(), rule(Action.HOLD), LOST], "aborted connection", 2),
    Row(RETURNED, [client(), deferred(), admin(Handling.GIVE_UP)], "bounced admin", 2),
    Row(RETURNED, [client(), deferred(), by(Actor.PROGRAM, Handling.GIVE_UP)], "expired mailbox_full", 2),
    Row(RETURNED, [client(), by(Actor.PROGRAM, Handling.GIVE_UP)], "expired expired", 1),
    Row(RETURNED, [client(), by(Actor.RULE, Handling.GIVE_UP)], "bounced policy", 1),
    Row(RETURNED, [client(), by(Actor.RULE, Handling.GIVE_UP, "this is spam")], "bounced spam", 1),
    Row(HELD_WAITING, [client(), deferred(), by(Actor.PROGRAM, Handling.HOLD)], "held mailbox_full", 2),
    Row(HELD_WAITING, [client(), deferred(), admin(Handling.HOLD)], "held admin", 2),
    Row(WAITS, [client(), deferred()], "deferred mailbox_full", 1),
    Row(WAITS, [client(), deferred(), admin(Handling.HOLD), admin(Handling.RELEASE)], "deferred mailbox_full", 1),
    Row(STOPPED, [client(), rule(Action.REJECT, code=554, said="spam")], "rejected spam", 1),
    Row(STOPPED, [client(), named(), rule(Action.REJECT, code=554, said="spam"), LOST], "rejected spam", 2),
    Row(STOPPED, [client(), named(), rule(Action.REJECT, code=554, said="spam"), rule(Action.ABORT)], "rejected spam", 2),
    Row(HELD, [client(), queued(), admin(Handling.HOLD)], "held admin", 2),
    Row(BROKEN, [client(), named(), LOST], "aborted connection", 2),
    Row(ASKED, [judged(Disposition.QUARANTINED)], "quarantined policy"),
    Row(ASKED, [judged()], "unknown policy"),
    Row(GONE, [client(), Removed("A1")], "unknown -"),
    Row(GONE, [client(), sent(relay_ip=None, automatic=True), Removed("A1")], "unknown -"),
    Row(GONE, [client(), queued(), admin(Handling.HOLD), Removed("A1")], "unknown -"),
    Row(NOTHING, [client(), queued(), LOST], "in_progress -"),
    Row(NOTHING, [client(), judged(Disposition.REJECTED)], "in_progress -"),
    # -- where two hold, the first of them counts
    Row(HELD_BOX, [client(), to_filter(transport="quarantine_box")], "quarantined policy", 1, BOXES),
    Row(
        HELD_BOX,
        [client(), sent(relay_ip=None, transport="quarantine_box"), filed(Filing.DISCARDED)],
        "quarantined policy",
        1,
        BOXES,
    ),
    Row(DELIVERED, [client(), sent(), deferred(), Expired("A1")], "delivered -", 1),
    Row(DELIVERED, [client(), rule(Action.HOLD), sent(), admin(Handling.GIVE_UP)], "delivered -", 2),
    Row(OVER, [client(), tried(Status.EXPIRED, relay_ip=None), Removed("A1", by_admin=True)], "expired expired", 1),
    Row(DELETED, [client(), deferred(), Expired("A1"), Removed("A1", by_admin=True)], "deleted admin", 3),
    Row(OVER_AT, [client(), Expired("A1"), LOST], "expired expired", 1),
    Row(BROKEN_BEFORE, [client(), admin(Handling.GIVE_UP), LOST], "aborted connection", 2),
    Row(RETURNED, [client(), deferred(), admin(Handling.GIVE_UP), admin(Handling.HOLD)], "bounced admin", 2),
    Row(WAITS, [client(), rule(Action.HOLD), deferred()], "deferred mailbox_full", 2),
    Row(STOPPED, [client(), rule(Action.HOLD), admin(Handling.HOLD)], "held policy", 1),
    Row(HELD, [client(), named(), admin(Handling.HOLD), LOST], "held admin", 2),
    Row(BROKEN, [judged(Disposition.REJECTED), named(), LOST], "aborted connection", 2),
    Row(ASKED, [judged(Disposition.REJECTED), Removed("A1")], "rejected policy"),
)


def case_of(row: Row) -> Case:
    """The copy that the lines of a row tell of."""
    queue_file = Life("q:mx/A1", HOST, events(row.said, row.within))
    filings = [e for e in queue_file.events if isinstance(e.fact, Filed)]
    return Case(queue_file, tries_of(queue_file.attempts), row.within, dict.fromkeys(queue_file.attempts, filings))


@pytest.mark.parametrize("row", ROWS, ids=[row.rule for row in ROWS])
def test_the_first_rule_that_holds_makes_the_fate(row: Row) -> None:
    """This rule holds, and none before it."""
    case = case_of(row)
    assert next(known.says for known in QUEUE_RULES if known.holds(case)) == row.rule
    fate = queue_fate(case)
    assert words(fate.disposition, fate.reason) == row.becomes
    assert fate.decided is (None if row.decides is None else case.life.events[row.decides])


def test_each_rule_has_a_row() -> None:
    """No rule stands there that nothing reaches."""
    assert {row.rule for row in ROWS} == {known.says for known in QUEUE_RULES}


def test_each_rule_has_a_row_in_which_the_next_one_would_hold_too() -> None:
    """So their order is a rule as well; some exclude each other by what came of the strongest try."""
    shown = set()
    for row in ROWS:
        case = case_of(row)
        held = [known.holds(case) for known in QUEUE_RULES]
        first = held.index(True)
        if held[first + 1 : first + 2] == [True]:
            shown.add(QUEUE_RULES[first].says)
    assert {known.says for known in QUEUE_RULES} - shown == {DELIVERED, REFUSED, NOTHING}


def test_given_up_it_has_the_words_of_the_last_real_try() -> None:
    """The program says only that the time is over."""
    queue_file = life(client(), deferred("disk full"), deferred("mailbox full"), tried(Status.EXPIRED, relay_ip=None))
    fate = queue_fate(Case(queue_file, tries_of(queue_file.attempts), HERE))
    assert fate.reply is not None
    assert fate.reply.text == "mailbox full"


# -- which try says most

#: Two ways of the configuration.
BOX: dict[str, Any] = {"router": "localuser", "transport": "local_delivery"}
OTHER: dict[str, Any] = {"router": "second", "transport": "second_copy"}


@pytest.mark.parametrize(
    ("says", "said", "which"),
    [
        ("nothing was tried", [], None),
        ("a delivery outweighs all", [sent(), bounced(), deferred()], 0),
        ("a refusal outweighs that the time is over", [bounced(), tried(Status.EXPIRED), deferred()], 0),
        ("that the time is over outweighs a deferral", [tried(Status.EXPIRED), deferred()], 0),
        ("of equal ones the last", [deferred("a"), deferred("b")], 1),
        ("our own cache overwrites no real answer", [deferred("a"), deferred("b", skipped=True)], 0),
        ("a real answer overwrites our own cache", [deferred("a", skipped=True), deferred("b")], 1),
        ("of two of the cache the last", [deferred("a", skipped=True), deferred("b", skipped=True)], 1),
        ("an automatic answer is no delivery", [deferred(), sent(automatic=True)], 0),
        ("a word that is not known says more than nothing", [tried(Status.OTHER)], 0),
        ("a copy that was delivered outweighs the one forwarded", [sent(), sent(forwarded=True)], 0),
        ("a copy that was forwarded outweighs a refusal", [sent(forwarded=True), bounced()], 0),
        ("a delivery of one copy does not outweigh that another failed", [sent(**BOX), bounced(**OTHER)], 1),
        ("nor where that stands first", [bounced(**OTHER), sent(**BOX)], 0),
        ("nor that another was given up", [sent(**BOX), tried(Status.EXPIRED, **OTHER)], 1),
        ("nor that another still waits", [sent(**OTHER), deferred(**BOX), deferred("again", **BOX)], 2),
        ("what waited may have gone another way in the end", [deferred(**OTHER), sent(**BOX)], 1),
        ("or the same way", [sent(**BOX), deferred(**OTHER), sent(**OTHER)], 2),
        ("a delivery out of another queue file is a later one", [bounced(**OTHER), sent(queue_id="B2", **BOX)], 1),
        ("agents of the host are ways as well", [sent(relay_ip=None, relay="archiver"), bounced(relay_ip=None, relay="virtual")], 1),
        ("that an answer failed is no failure", [sent(**BOX), bounced(automatic=True, **OTHER)], 0),
        ("nor that a copy for others did", [sent(**BOX), bounced(aside=True, **OTHER)], 0),
        ("a copy for others is no delivery", [deferred(**BOX), sent(aside=True, **OTHER)], 0),
        ("but says more than an answer", [sent(aside=True, **OTHER), sent(automatic=True)], 0),
    ],
)
def test_the_strongest_try(says: str, said: list[Said], which: int | None) -> None:
    """The strongest fact counts, not the last line."""
    tries = tries_of(events(said))
    assert strongest(tries) is (None if which is None else tries[which]), says


# -- what a filter stopped

KEPT = result(BOB, passed=False, verdict=Verdict.SPAM, quarantine_ids=["k1"], did=Disposition.BOUNCED)
ANSWERED = bounced(relay_ip=LOOPBACK, filtered=True)
CACHED = deferred(by=By.LOCAL, skipped=True)
TOOK_ON = to_filter(next_id="B2")
BEHIND = result(BOB, passed=False, behind=True, did=Disposition.BOUNCED)


def banned(did: Disposition | None = None, **more: Any) -> Scanned:
    """A result that stops the message, and keeps nothing."""
    return result(BOB, passed=False, did=did, **{"verdict": Verdict.BANNED, **more})


def stopped(answer: Scanned, tries: list[Said], told: Ruled | None = None) -> tuple[Fate, Fact]:
    """The fate of a copy that the filter did not pass on, and what decided it."""
    ran = Scan("m:M1", HOST, events([answer, result(EVE)]))
    one = recipient(BOB, [life(client(), *tries), ran], attempts=events(tries), result=answer, scan=ran)
    fate = stopped_fate(one, answer, None if told is None else event(told))
    assert fate.decided is not None
    return fate, fate.decided.fact


@pytest.mark.parametrize(("answer", "code"), [(banned(Disposition.REJECTED), None), (KEPT, 250)], ids=["refused", "kept"])
def test_whose_answer_it_is_that_took_the_message_on(answer: Scanned, code: int | None) -> None:
    """The filter took others on with it: of a copy that it refused it is none; of one that it kept it is what the client was told."""
    fate, _ = stopped(answer, [TOOK_ON])
    assert (None if fate.reply is None else fate.reply.code) == code


@pytest.mark.parametrize(
    ("says", "answer", "tries", "becomes", "decides"),
    [
        ("kept outweighs returned", KEPT, [ANSWERED], "quarantined spam k1", "result"),
        ("thrown away", banned(), [], "discarded attachment -", "result"),
        ("returned", banned(Disposition.BOUNCED), [ANSWERED], "bounced attachment -", "try"),
        ("refused, so the queue returned it", banned(Disposition.REJECTED), [ANSWERED], "bounced attachment -", "try"),
        ("refused before the queue", banned(Disposition.REJECTED), [], "rejected attachment -", "result"),
        ("put off, so it waits", banned(Disposition.TEMPFAILED), [deferred()], "deferred attachment -", "try"),
        ("put off before the queue", banned(Disposition.TEMPFAILED), [], "tempfailed attachment -", "result"),
        ("the server behind it refused", BEHIND, [ANSWERED], "bounced recipient_unknown -", "try"),
        ("refused behind it, with words that are not seen", BEHIND, [], "bounced policy -", "result"),
        ("it says why", banned(reason=Reason.CONTENT), [], "discarded content -", "result"),
        ("nothing says why", banned(verdict=Verdict.CONTENT), [], "discarded policy -", "result"),
        ("refused, and the queue keeps it", banned(Disposition.REJECTED), [deferred()], "rejected attachment -", "try"),
        ("what took others on is no answer to it", banned(Disposition.REJECTED), [TOOK_ON], "rejected attachment -", "result"),
        (
            "its own answer, not our server's",
            banned(Disposition.TEMPFAILED),
            [deferred(), bounced(by=By.LOCAL)],
            "deferred attachment -",
            "try",
        ),
        ("our server's, where that is all", banned(Disposition.BOUNCED), [bounced(by=By.LOCAL)], "bounced attachment -", "try"),
        ("its own answer, not our cache's", banned(Disposition.REJECTED), [ANSWERED, CACHED], "bounced attachment -", "try"),
    ],
)
def test_what_a_filter_stopped(says: str, answer: Scanned, tries: list[Said], becomes: str, decides: str) -> None:
    """What became of a copy that the filter did not pass on, why, where it is kept, and what decided: its result, or the first try."""
    fate, decided = stopped(answer, tries)
    assert words(fate.disposition, fate.reason, fate.quarantine_id) == becomes, says
    assert decided == (answer if decides == "result" else tries[0]), says


def test_what_the_client_was_told_outweighs_what_the_filter_kept() -> None:
    """Nobody waits for a copy of what was refused in the dialogue."""
    told = rule(Action.REJECT, source=Decider.PROXY, code=554, said=UNKNOWN_USER)
    fate, decided = stopped(KEPT, [], told)
    assert words(fate.disposition, fate.reason, fate.quarantine_id, fate.by) == "rejected spam - filter"
    assert decided == told


def test_what_the_client_was_told_may_be_that_all_is_well() -> None:
    """The filter took it and keeps it: its answer is the reply."""
    fate, decided = stopped(KEPT, [], rule(Action.ACCEPT, source=Decider.PROXY, code=250))
    assert fate.reply is not None
    assert words(fate.disposition, fate.quarantine_id, fate.by, fate.reply.code) == "quarantined k1 filter 250"
    assert decided == KEPT


# -- what a rule of the dialogue does


@pytest.mark.parametrize(
    ("says", "said", "becomes"),
    [
        ("nothing", [client()], None),
        ("a warning stops nothing", [rule(Action.WARN)], None),
        ("a refused recipient is not the message", [rule(Action.REJECT, Stage.RCPT, code=550, recipients=[BOB])], None),
        ("for good", [rule(Action.REJECT, code=554, said="spam")], "rejected spam"),
        ("for now", [rule(Action.REJECT, code=450, said="greylisted")], "tempfailed greylist"),
        ("for now, by the enhanced code alone", [Ruled("A1", Action.REJECT, Stage.DATA, reply=Reply(None, "4.7.1"))], "tempfailed policy"),
        ("for good, by the basic code", [Ruled("A1", Action.REJECT, Stage.DATA, reply=Reply(550, "4.7.1"))], "rejected policy"),
        ("by the words of the rule", [rule(Action.REJECT, code=554, text="spam found")], "rejected spam"),
        ("a header", [rule(Action.REJECT, Stage.HEADER, Decider.HEADER, 550)], "rejected content"),
        ("its size", [rule(Action.REJECT, source=Decider.SIZE, code=552)], "rejected too_large"),
        ("too many hops", [rule(Action.REJECT, source=Decider.HOPS, code=554)], "rejected routing_loop"),
        ("an ACL without words of its own", [rule(Action.REJECT, source=Decider.ACL, code=550, inferred=True)], "rejected policy"),
        ("an ACL with words", [rule(Action.REJECT, source=Decider.ACL, code=550, inferred=True, said="virus found")], "rejected virus"),
        ("thrown away", [rule(Action.DISCARD)], "discarded policy"),
        ("thrown away, whatever words there are", [rule(Action.DISCARD, text="virus found")], "discarded policy"),
        ("thrown away by an ACL with words", [rule(Action.DISCARD, source=Decider.ACL, text="virus found")], "discarded virus"),
        ("held by an access rule", [rule(Action.HOLD, Stage.RCPT)], "held policy"),
        ("held for a milter", [rule(Action.HOLD, source=Decider.MILTER)], "quarantined policy"),
        ("held for a milter with words", [rule(Action.QUARANTINE, source=Decider.MILTER, text="spam found")], "quarantined spam"),
        ("held, and active all the same", [rule(Action.HOLD), queued()], None),
        ("held, and let go by an administrator", [rule(Action.HOLD), admin(Handling.RELEASE)], None),
        ("held for a filter, which keeps it", [rule(Action.HOLD), in_queue(Action.QUARANTINE, quarantine_id="A1.1")], "quarantined policy"),
        ("a filter takes it out of the queue", [client(), queued(), in_queue(Action.QUARANTINE, quarantine_id="A1")], "quarantined policy"),
        ("a filter throws it away", [client(), queued(), in_queue(Action.DISCARD)], "discarded policy"),
        ("held for a filter, which lets it go on", [rule(Action.HOLD), in_queue(Action.ACCEPT)], None),
        ("a refusal outweighs a hold", [rule(Action.HOLD), rule(Action.REJECT, code=554, said="spam")], "rejected spam"),
    ],
)
def test_what_a_rule_does_to_a_message(says: str, said: list[Said], becomes: str | None) -> None:
    """Refused, thrown away, kept, or none of it."""
    fate = rule_fate(life(*said))
    assert (fate and words(fate.disposition, fate.reason)) == becomes, says


def test_a_milter_keeps_by_the_queue_id() -> None:
    """An access rule's hold has no quarantine id, a milter's has."""
    kept, held = rule_fate(life(rule(Action.HOLD, source=Decider.MILTER))), rule_fate(life(rule(Action.HOLD)))
    assert kept is not None
    assert held is not None
    assert (kept.quarantine_id, kept.filtered) == ("A1", True)
    assert (held.quarantine_id, held.filtered) == (None, False)


def refusal(source: Decider = Decider.ACCESS, action: Action = Action.REJECT, stage: Stage = Stage.RCPT, **more: Any) -> Ruled:
    """A refusal before there is a queue file."""
    reply = Reply(more.pop("code", 554), None, more.pop("said", ""))
    return Ruled(None, action, stage, source, client_ip=OUTSIDE, client_port=25001, sender=ANN, recipients=[BOB], reply=reply, **more)


def finding(what: Finding) -> Screened:
    """What was found about its connection."""
    return Screened(OUTSIDE, 25001, what, "rank-3")


def said_of_client(detail: str, what: Finding = Finding.LISTED) -> Screened:
    """What one list said of its address."""
    return Screened(OUTSIDE, 0, what, detail)


TOO_LARGE = refusal(Decider.SIZE, code=552)


@pytest.mark.parametrize(
    ("says", "refused", "around", "becomes"),
    [
        ("by a rule", refusal(said=UNKNOWN_USER), [], "rejected recipient_unknown not_scanned - local"),
        ("the session broke off", refusal(action=Action.ABORT), [], "aborted connection not_scanned - -"),
        ("an ACL dropped the recipient", refusal(Decider.ACL, Action.DISCARD, text="why"), [], "discarded policy not_scanned why -"),
        ("a scanner of an ACL", refusal(Decider.ACL, stage=Stage.END_OF_MESSAGE, said="virus found"), [], "rejected virus virus - local"),
        (
            "a scanner that is a milter",
            refusal(Decider.MILTER, stage=Stage.END_OF_MESSAGE, said="virus found"),
            [],
            "rejected virus virus - filter",
        ),
        ("a rule at that stage", refusal(stage=Stage.END_OF_MESSAGE, said="virus found"), [], "rejected virus not_scanned - local"),
        ("an ACL before the data", refusal(Decider.ACL, said="virus found"), [], "rejected virus not_scanned - local"),
        ("a filter before the queue", refusal(Decider.PROXY, verdict=Verdict.SPAM, detail="x"), [], "rejected spam spam x filter"),
        (
            "a filter that says nothing",
            refusal(Decider.PROXY, verdict=Verdict.UNKNOWN, said="spam"),
            [],
            "rejected spam not_scanned - filter",
        ),
        (
            "not the filter, the size",
            refusal(Decider.PROXY, code=250),
            [TOO_LARGE],
            "rejected too_large not_scanned - local",
        ),
        (
            "a blocked client",
            refusal(Decider.SCREEN, said="blocked"),
            [finding(Finding.DNSBL)],
            "rejected reputation not_scanned rank-3 local",
        ),
        (
            "a client that lists name",
            refusal(Decider.SCREEN, said="blocked using one.example"),
            [finding(Finding.DNSBL), said_of_client("one.example (127.0.0.2)")],
            "rejected reputation not_scanned rank-3: one.example (127.0.0.2) local",
        ),
        (
            "a client of whom a list had an error only",
            refusal(Decider.SCREEN, said="blocked using one.example"),
            [finding(Finding.DNSBL), said_of_client("one.example (127.255.255.254)", Finding.LIST_ERROR)],
            "rejected local_system not_scanned rank-3: one.example (127.255.255.254) local",
        ),
        (
            "an error beside a listing that weighs more",
            refusal(Decider.SCREEN, said="blocked using two.example"),
            [finding(Finding.DNSBL), said_of_client("one.example (e)", Finding.LIST_ERROR), said_of_client("two.example (l)")],
            "rejected reputation not_scanned rank-3: two.example (l), one.example (e) local",
        ),
        (
            "an error that weighs more than a listing",
            refusal(Decider.SCREEN, said="blocked using one.example"),
            [finding(Finding.DNSBL), said_of_client("one.example (e)", Finding.LIST_ERROR), said_of_client("two.example (l)")],
            "rejected local_system not_scanned rank-3: two.example (l), one.example (e) local",
        ),
        ("the filter, whatever its size", refusal(Decider.PROXY, said="spam"), [TOO_LARGE], "rejected spam not_scanned - filter"),
        ("a client of whom nothing was found", refusal(Decider.SCREEN, code=None), [], "rejected unknown not_scanned - local"),
        (
            "one who is early, and why",
            refusal(Decider.SCREEN, said="spam"),
            [finding(Finding.PREGREET)],
            "rejected spam not_scanned - local",
        ),
        (
            "a client that talks too early",
            refusal(Decider.SCREEN, code=None),
            [finding(Finding.PREGREET)],
            "rejected protocol not_scanned - local",
        ),
    ],
)
def test_refused_without_a_queue_file(says: str, refused: Ruled, around: list[Said], becomes: str) -> None:
    """Disposition, reason, verdict, detail, and whose words they are."""
    pieces = [Loose("p:mx/[192.0.2.7]:25001", HOST, events(around))] if around else []
    fate = refusal_fate(event(refused), pieces)
    assert words(fate.disposition, fate.reason, fate.verdict, fate.detail, fate.by) == becomes, says


# -- what a filter beside the queue thought


FORCING = judged(queue_id=None, log_id="t1", forced_by="rule", verdict=Verdict.VIRUS, detail="Eicar")
SPAM_TASK = judged(Disposition.REJECTED, log_id="t1", verdict=Verdict.SPAM)


@pytest.mark.parametrize(
    ("says", "of_file", "of_task", "stopped", "thought"),
    [
        ("none", [client()], [], None, None),
        ("the last one", [judged(verdict=Verdict.SPAM), judged(verdict=Verdict.CLEAN)], [], None, "clean - -"),
        (
            "the last that asked for what was done",
            [judged(Disposition.REJECTED, verdict=Verdict.SPAM), judged(verdict=Verdict.CLEAN)],
            [],
            Disposition.REJECTED,
            "spam - -",
        ),
        ("one of the task alone", [client()], [judged(queue_id=None, log_id="t1", score=9.0, verdict=Verdict.SPAM)], None, "spam - -"),
        ("what only forces is no result", [client()], [judged(queue_id=None, log_id="t1", forced_by="rule")], None, None),
        ("forced, and it asked for nothing", [judged(log_id="t1", verdict=Verdict.CLEAN)], [FORCING], None, "clean - Eicar"),
        (
            "forced by what says why",
            [SPAM_TASK],
            [judged(queue_id=None, log_id="t1", forced_by="r", reason=Reason.CONTENT)],
            None,
            "spam content -",
        ),
        (
            "what forced it stands in another line of the task",
            [judged(Disposition.REJECTED, log_id="t1", verdict=Verdict.CLEAN)],
            [FORCING],
            Disposition.REJECTED,
            "virus virus Eicar",
        ),
        (
            "forced in another task",
            [judged(Disposition.REJECTED, log_id="t1", verdict=Verdict.SPAM, reason=Reason.SPAM)],
            [judged(queue_id=None, log_id="t2", forced_by="rule", verdict=Verdict.VIRUS)],
            Disposition.REJECTED,
            "spam spam -",
        ),
    ],
)
def test_judgement(says: str, of_file: list[Said], of_task: list[Said], stopped: Disposition | None, thought: str | None) -> None:
    """Verdict, reason and detail, from all results for a message."""
    found = judgement_of([life(*of_file)], [Loose("l:mx/t1", HOST, events(of_task))] if of_task else [], stopped)
    assert (found and words(found.verdict, found.reason, found.detail)) == thought, says


# -- all together: one recipient over all hops

SCANNED = [
    client(),
    named(),
    to_filter(log_id="1-1"),
    result(BOB, verdict=Verdict.SUSPECT, log_id="1-1", next_ids=["B2"], origin_queue_id="A1"),
    client("B2", LOOPBACK),
]
SPAM_KEPT = result(BOB, passed=False, verdict=Verdict.SPAM, detail="GTUBE", quarantine_ids=["k1"], origin_queue_id="A1", log_id="1-1")
IN_QUARANTINE = [client(), to_filter(log_id="1-1"), SPAM_KEPT]
GIVEN_ON = Passed(Sending.FORWARD, "M1", recipients=[BOB], reply=Reply(250))
TOLD = refusal(Decider.PROXY, stage=Stage.END_OF_MESSAGE, log_id="1-1")
SPAM_JUDGED = judged(Disposition.REJECTED, verdict=Verdict.SPAM, reason=Reason.SPAM)
FOR_A_MILTER = [SPAM_JUDGED, rule(Action.WARN, source=Decider.MILTER)]
BESIDE = banned(milter=True, origin_queue_id="A1")


def let_go(recipient: str = BOB) -> Passed:
    """An operator lets it go."""
    return Passed(Sending.RELEASE, "M1", next_id="B2", recipients=[recipient])


RELEASED = [*IN_QUARANTINE, let_go(), client("B2", LOOPBACK)]
PARKED = [client(), rule(Action.HOLD, source=Decider.MILTER)]
RETURNED_MAIL = [client(), queued(), bounced()]


def noticed(what: Notice = Notice.NON_DELIVERY, to: str = "sender") -> Noticed:
    """The mail server made a notice."""
    return Noticed("A1", "N1", what, to)


@pytest.mark.parametrize(
    ("says", "said", "becomes"),
    [
        ("passed", [*SCANNED, sent(queue_id="B2")], "disposition=delivered verdict=suspect reason=-"),
        ("passed, and refused behind", [*SCANNED, bounced(queue_id="B2")], "disposition=bounced verdict=suspect"),
        ("kept", IN_QUARANTINE, "disposition=quarantined verdict=spam reason=spam detail=GTUBE quarantine_id=k1"),
        ("let go and delivered", [*RELEASED, sent(queue_id="B2")], "disposition=released verdict=spam quarantine_id=k1"),
        ("let go and refused", [*RELEASED, bounced(queue_id="B2")], "disposition=bounced verdict=spam quarantine_id=k1"),
        ("let go, and nothing more is seen", RELEASED, "disposition=quarantined"),
        ("kept for a milter", PARKED, "disposition=quarantined quarantine_id=A1"),
        ("kept for a milter, let go", [*PARKED, admin(Handling.RELEASE), queued(), sent()], "disposition=released quarantine_id=A1"),
        ("no filter", [client(), sent()], "verdict=not_scanned"),
        ("a filter whose lines are not seen", [client(), to_filter()], "verdict=unknown incomplete=True"),
        ("its answer has its words", [client(), to_filter(verdict=Verdict.SPAM)], "verdict=spam"),
        ("a rule was told a score", [client(), rule(Action.WARN, source=Decider.ACL, scored=True), sent()], "verdict=unknown"),
        (
            "a virus scanner",
            [client(), Infected(None, "Eicar", "A1"), rule(Action.REJECT, code=550)],
            "verdict=virus reason=virus detail=Eicar",
        ),
        (
            "a milter's refusal is the filter's",
            [
                client(),
                SPAM_JUDGED,
                rule(Action.REJECT, source=Decider.MILTER, code=554),
            ],
            "disposition=rejected verdict=spam reason=spam by=filter",
        ),
        ("a judgement of passed mail gives no reason", [client(), judged(verdict=Verdict.SPAM), sent()], "verdict=spam reason=-"),
        ("the sender was told", [*RETURNED_MAIL, noticed()], "notified=True"),
        ("the postmaster was told", [*RETURNED_MAIL, noticed(to="postmaster")], "notified=False"),
        ("the sender was told that it takes long", [*RETURNED_MAIL, noticed(Notice.DELAY)], "notified=False"),
        ("a notice of delivery is none of failure", [client(), sent(), noticed()], "notified=False"),
        ("a message with the null sender was made for it", [*RETURNED_MAIL, Received("N1", sender="", made_for="A1")], "notified=True"),
        ("an automatic answer is no notice", [*RETURNED_MAIL, Received("N1", sender=BOB, made_for="A1")], "notified=False"),
        (
            "the filter told the sender",
            [client(), to_filter(log_id="1-1"), result(BOB, passed=False, log_id="1-1", notified=True)],
            "notified=True",
        ),
        ("the filter told nobody", [client(), to_filter(log_id="1-1"), result(BOB, passed=False, log_id="1-1")], "notified=False"),
        ("a score, and what came of it", [client(), judged(verdict=Verdict.SPAM), rule(Action.WARN, scored=True)], "verdict=spam"),
        ("a header, whatever a filter thought", [SPAM_JUDGED, rule(Action.REJECT, Stage.HEADER, Decider.HEADER, 550)], "reason=content"),
        ("only the filter is seen", [result(BOB, next_ids=["B2"])], "disposition=unknown by=- incomplete=True"),
        ("and what it was answered", [looked(mail_id="M1"), GIVEN_ON], "disposition=unknown by=filter incomplete=True"),
        ("let go, though nothing says that it was kept", [banned(), let_go(), client("B2", LOOPBACK)], "disposition=discarded"),
        ("a filter before the queue refused it", [banned(log_id="1-1"), TOLD], "disposition=rejected reason=attachment by=filter"),
        ("of two filters the one in the way says what it thought", [*SCANNED, judged(verdict=Verdict.SPAM)], "verdict=suspect"),
        ("a milter kept it, and only it is seen", [judged(Disposition.QUARANTINED)], "disposition=quarantined quarantine_id=A1"),
        ("local mail comes back for a milter", [*FOR_A_MILTER, bounced(relay_ip=None)], "disposition=bounced reason=spam"),
        ("not where a server refused it", [*FOR_A_MILTER, bounced(relay="mx.example")], "disposition=bounced reason=recipient_unknown"),
        ("nor without a milter", [SPAM_JUDGED, bounced(relay_ip=None)], "disposition=bounced reason=recipient_unknown"),
        ("a milter refused it", [client(), BESIDE, rule(Action.REJECT, source=Decider.MILTER, code=554)], "disposition=rejected by=filter"),
    ],
)
def test_fate(says: str, said: list[Said], becomes: str) -> None:
    """What became of the recipient's copy, with what filters and administrators add to it."""
    (fate,) = [fate for one, fate in recipients(said) if one.final in {BOB, None}]
    fields = [one.partition("=")[0] for one in becomes.split()]
    assert " ".join(f"{field}={words(getattr(fate, field))}" for field in fields) == becomes, says


def test_released_to_somebody_whom_the_scan_does_not_name() -> None:
    """What the filter thought of the message holds for him too; for the other it is still kept."""
    found = {one.final: fate for one, fate in recipients([*IN_QUARANTINE, let_go(EVE), client("B2", LOOPBACK), sent(EVE, "B2")])}
    assert words(found[EVE].disposition, found[EVE].verdict) == "delivered spam"
    assert words(found[BOB].disposition, found[BOB].verdict) == "quarantined spam"


def test_what_a_filter_before_the_queue_accepted_is_not_refused() -> None:
    """Its own lines are not read: `proxy-accept: ... 250 2.7.0 Ok, discarded, id=1-1 - spam`."""
    said = Ruled(None, Action.ACCEPT, Stage.END_OF_MESSAGE, Decider.PROXY, sender=ANN, recipients=[BOB], reply=Reply(250), log_id="1-1")
    assert refusal_fate(event(said), []).disposition is not Disposition.REJECTED


@pytest.mark.parametrize("source", list(Decider), ids=str)
@pytest.mark.parametrize("action", [Action.REJECT, Action.ACCEPT], ids=str)
@pytest.mark.parametrize("text", ["Ok", "Message accepted", "Ok, discarded, id=00389-03 - spam", "2.7.0 BLOCKED (2C225C6817C7EEE1481)"])
def test_an_answer_that_takes_the_message_refuses_nothing(source: Decider, action: Action, text: str) -> None:
    """Whoever decides, and whatever the line calls it: 2xx is no refusal, for good or for now."""
    ruled = Ruled(None, action, Stage.END_OF_MESSAGE, source, recipients=[BOB], reply=Reply(250, "2.0.0", text))
    fate = refusal_fate(event(ruled), [])
    assert fate.disposition not in {Disposition.REJECTED, Disposition.TEMPFAILED, Disposition.BOUNCED}
