"""Recipients: whom a message is for, under which names, and on which way each goes."""

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
    INFO,
    LOOPBACK,
    Said,
    client,
    looked,
    named,
    queued,
    recipients,
    result,
    sent,
    short,
    to_filter,
    tried,
)

from ingest.joining.within import Within
from mappings.facts import Identified, Judged, Passed, Received, Removed, Reply, Ruled
from mappings.log_words import Action, Decider, Sending, Stage, Status

GONE = Removed("A1")


@dataclass(frozen=True)
class Row:
    """Lines, and the recipients that they come to: `named>final way fate`, with the local part of the addresses."""

    says: str
    said: list[Said]
    come_to: str
    within: Within = HERE


def refused(recipient: str = EVE, source: Decider = Decider.ACCESS) -> Ruled:
    """One recipient is refused in the dialogue."""
    return Ruled("A1", Action.REJECT, Stage.RCPT, source, recipients=[recipient], reply=Reply(550))


def bounced(recipient: str, queue_id: str = "A1", **more: Any) -> Said:
    """The next server refuses one."""
    return tried(Status.BOUNCED, recipient, queue_id, 550, **more)


def waits(recipient: str, **more: Any) -> Said:
    """One is put off before it is known where it goes."""
    return tried(Status.DEFERRED, recipient, relay_ip=None, **more)


def alias(*final: str) -> list[Said]:
    """The address info became others."""
    return [sent(one, original=INFO) for one in final]


def kept(*people: str) -> Said:
    """The filter keeps the copy of some."""
    return result(*people, passed=False, quarantine_ids=["k1"], origin_queue_id="A1")


def passed(*people: str) -> Said:
    """The filter passes the copy of some."""
    return result(*people, origin_queue_id="A1", next_ids=["B2"])


def let_go(*people: str) -> list[Said]:
    """An operator lets a kept copy go."""
    return [Passed(Sending.RELEASE, "M1", next_id="B2", recipients=list(people)), BEHIND]


def moved(action: Action = Action.REDIRECT, target: str | None = EVE) -> Ruled:
    """A rule about the message, which names bob."""
    return Ruled("A1", action, Stage.RCPT, recipients=[BOB], target=target)


BEHIND = client("B2", LOOPBACK)
AGAIN: list[Said] = [Passed(Sending.RELEASE, "M1", next_id="C3", recipients=[BOB]), client("C3", LOOPBACK)]
#: A filter made two queue files for one recipient.
TWO_WAYS: list[Said] = [to_filter(), BEHIND, client("C3", LOOPBACK), result(BOB, origin_queue_id="A1", next_ids=["B2", "C3"])]
MADE, SPLIT = Received("B2", uid=0), Received("B2", split_from="A1")
ANSWERED = Ruled("A1", Action.WARN, Stage.END_OF_MESSAGE, Decider.MILTER)
MILTER = result(INFO, milter=True, origin_queue_id="A1")

ALL = "all@here.example"
BOXES = Within(quarantines=re.compile("quarantine"))
BOXED = sent("quarantine@here.example", original=BOB, relay_ip=None, router="kept")
FORWARDED, ON = sent(INFO, forwarded=True, next_id="B2"), to_filter(next_id="B2")
OUT, OUT_EVE = sent(queue_id="B2"), sent(EVE, "B2")

ROWS = (
    Row("one", [client(), sent()], "bob>bob A1 delivered"),
    Row("nobody is named", [client(), queued()], "->- A1 in_progress"),
    Row("two", [client(), sent(), bounced(EVE)], "bob>bob A1 delivered; eve>eve A1 bounced"),
    Row("twice the same, by one case and the other", [client(), bounced("BOB@here.example"), sent()], "BOB>BOB A1 delivered"),
    Row("put off, then delivered", [client(), tried(Status.DEFERRED, code=452), sent()], "bob>bob A1 delivered"),
    # -- one address becomes others
    Row("an alias", [client(), *alias(BOB)], "info>bob A1 delivered"),
    Row("an alias for several", [client(), *alias(BOB, EVE)], "info>bob A1 delivered; info>eve A1 delivered"),
    Row("the alias and one behind it by himself", [client(), *alias(BOB), sent()], "info>bob A1 delivered; bob>bob A1 delivered"),
    Row(
        "put off before it was known what it becomes",
        [client(), waits(INFO), *alias(BOB, EVE)],
        "info>bob A1 delivered; info>eve A1 delivered",
    ),
    Row(
        "put off, with a way of its own",
        [client(), waits(INFO, transport="lmtp"), *alias(BOB)],
        "info>info A1 deferred; info>bob A1 delivered",
    ),
    Row("it is not known of whom a stranger's alias is", [client(), sent(EVE, original="EVE@here.example")], "EVE>eve A1 delivered"),
    Row("put off, and it becomes nothing", [client(), waits(INFO), sent()], "info>info A1 deferred; bob>bob A1 delivered"),
    Row("put off by a server", [client(), waits(INFO, relay="mx"), *alias(BOB)], "info>info A1 deferred; info>bob A1 delivered"),
    Row("refused before that", [client(), bounced(INFO, relay_ip=None), *alias(BOB)], "info>info A1 bounced; info>bob A1 delivered"),
    Row("put off behind it", [client(), waits(BOB, original=INFO), *alias(EVE)], "info>bob A1 deferred; info>eve A1 delivered"),
    # -- forwarded
    Row("forwarded", [client(), FORWARDED, MADE, OUT_EVE], "info>eve A1+B2 delivered"),
    Row("to several", [client(), FORWARDED, MADE, OUT, bounced(EVE, "B2")], "info>bob A1+B2 delivered; info>eve A1+B2 bounced"),
    Row("with a copy that it keeps", [client(), sent(INFO), FORWARDED, MADE, OUT_EVE], "info>eve A1+B2 delivered; info>info A1 delivered"),
    Row("and the next file is not seen", [client(), FORWARDED], "info>info A1 expanded"),
    Row("and nothing is tried there yet", [client(), FORWARDED, MADE], "info>info A1+B2 in_progress"),
    Row(
        "one that became the other's duplicate",
        [client(), ON, to_filter(INFO, next_id="B2"), BEHIND, sent(BOB, "B2", original=BOB), Removed("B2")],
        "bob>bob A1+B2 delivered; info>bob A1+B2 delivered",
    ),
    Row(
        "one whom the next file has under the other's name",
        [client(), BEHIND, ON, to_filter(INFO, next_id="B2"), sent(BOB, "B2", original=INFO)],
        "bob>bob A1+B2 delivered; info>bob A1+B2 delivered",
    ),
    Row(
        "of two next files each in his",
        [client(), BEHIND, client("C3", LOOPBACK), ON, to_filter(EVE, next_id="C3"), sent(EVE, "C3")],
        "bob>bob A1+B2 in_progress; eve>eve A1+C3 delivered",
    ),
    # -- sent elsewhere by a rule
    Row("redirected", [client(), moved(), sent(EVE)], "eve>eve A1 delivered; bob>eve A1 delivered"),
    Row("redirected to one who is not seen", [client(), moved()], "bob>bob A1 in_progress"),
    Row("a copy besides", [client(), moved(Action.BCC), sent(), sent(EVE)], "bob>bob A1 delivered; eve>eve A1 delivered"),
    Row(
        "a copy besides, and for him nothing yet", [client(), moved(Action.BCC), sent(EVE)], "eve>eve A1 delivered; bob>bob A1 in_progress"
    ),
    Row("held", [client(), moved(Action.HOLD, None)], "bob>bob A1 held"),
    Row("done, and a rule names one more", [client(), moved(Action.WARN, None), sent(EVE), GONE], "eve>eve A1 delivered"),
    Row("done, and only a rule names him", [client(), moved(Action.WARN, None), GONE], "bob>bob A1 unknown"),
    # -- refused
    Row("one refused, one accepted", [client(), refused(), sent()], "bob>bob A1 delivered; eve>eve A1 rejected"),
    Row("refused, then accepted", [client(), refused(BOB), sent()], "bob>bob A1 delivered"),
    Row("refused twice", [client(), refused(), refused(source=Decider.ACL), sent()], "bob>bob A1 delivered; eve>eve A1 rejected"),
    # -- who is only listed
    Row("in the mail server's own list", [client(recipients=[BOB, EVE]), sent()], "bob>bob A1 delivered; eve>eve A1 in_progress"),
    Row(
        "in it, and all is done: without a line of his own he became the alias' one",
        [client(recipients=[INFO, ALL]), *alias(BOB), GONE],
        "info>bob A1 delivered; all>bob A1 delivered",
    ),
    Row(
        "in it, and all is done: he may have become either",
        [client(recipients=[INFO, ALL]), *alias(BOB, EVE), GONE],
        "info>bob A1 delivered; info>eve A1 delivered; all>all A1 unknown",
    ),
    Row("in it, and all is done for another", [client(recipients=[BOB, EVE]), sent(), GONE], "bob>bob A1 delivered; eve>eve A1 unknown"),
    Row(
        "in it, and all lie in one box",
        [client(recipients=[BOB, EVE]), BOXED, GONE],
        "bob>bob A1 quarantined; eve>eve A1 quarantined",
        BOXES,
    ),
    Row("in a result of a filter beside the queue", [client(), Judged("rspamd", "A1", recipients=[BOB])], "bob>bob A1 in_progress"),
    Row(
        "in it, and an administrator deleted it",
        [client(), Judged("rspamd", "A1", recipients=[BOB, INFO]), Removed("A1", by_admin=True)],
        "bob>bob A1 deleted; info>info A1 deleted",
    ),
    Row(
        "in it, and it was deleted when one had been tried",
        [client(), queued(count=2), Judged("rspamd", "A1", recipients=[BOB, INFO]), tried(Status.DEFERRED), Removed("A1", by_admin=True)],
        "bob>bob A1 deleted; info>info A1 deleted",
    ),
    Row("in it, and all is done", [client(), Judged("rspamd", "A1", recipients=[BOB, INFO]), *alias(EVE), GONE], "info>eve A1 delivered"),
    Row("in a filter's result alone", [client(), kept(BOB)], "bob>bob A1+M1 quarantined"),
    Row("in a filter's first lines alone", [looked(recipients=[BOB]), result(log_id="1-1")], "bob>bob M1 unknown"),
    Row("in what a filter gave on alone", [looked(mail_id="M1"), Passed(Sending.FORWARD, "M1", recipients=[BOB])], "bob>bob M1 unknown"),
    # -- filters
    Row("through a filter", [client(), ON, passed(BOB), BEHIND, OUT], "bob>bob A1+M1+B2 delivered"),
    Row(
        "an alias behind it",
        [client(), to_filter(INFO, next_id="B2"), passed(INFO), BEHIND, sent(queue_id="B2", original=INFO)],
        "info>bob A1+M1+B2 delivered",
    ),
    Row("an alias before it", [client(), to_filter(original=INFO, next_id="B2"), passed(BOB), BEHIND, OUT], "info>bob A1+M1+B2 delivered"),
    Row(
        "one kept, one passed",
        [client(), to_filter(), to_filter(EVE, next_id="B2"), kept(BOB), passed(EVE), BEHIND, OUT_EVE],
        "bob>bob A1+M1 quarantined; eve>eve A1+M1+B2 delivered",
    ),
    Row(
        "one record tells both",
        [client(), to_filter(), to_filter(EVE), result(BOB, passed=False, quarantine_ids=["k1"], others=[EVE], origin_queue_id="A1")],
        "bob>bob A1+M1 quarantined; eve>eve A1+M1 unknown",
    ),
    Row(
        "a copy that a filter adds",
        [client(), ON, passed(BOB), BEHIND, OUT, OUT_EVE],
        "bob>bob A1+M1+B2 delivered; eve>eve A1+M1+B2 delivered",
    ),
    Row("kept outweighs passed", [client(), to_filter(), passed(BOB), kept(BOB)], "bob>bob A1+M1 quarantined"),
    Row("over two ways", [client(), *TWO_WAYS, OUT, bounced(BOB, "C3")], "bob>bob A1+M1+B2+C3 delivered"),
    Row("only the second hop is seen", [BEHIND, OUT], "bob>bob B2 delivered"),
    Row("a milter sees the address as the client named it", [client(), MILTER, *alias(BOB), GONE], "info>bob M1+A1 delivered"),
    Row(
        "a milter takes one off",
        [client(), result(EVE, passed=False, milter=True, origin_queue_id="A1"), sent(), GONE],
        "bob>bob A1 delivered; eve>eve M1+A1 discarded",
    ),
    Row("what a milter's answer did was beside the queue", [client(), ANSWERED, kept(BOB), sent()], "bob>bob M1+A1 quarantined"),
    # -- let go
    Row("let go to the same", [client(), kept(BOB), *let_go(BOB), OUT], "bob>bob A1+M1 released"),
    Row("let go to a stranger", [client(), kept(BOB), *let_go(EVE), OUT_EVE], "bob>bob A1+M1 quarantined; eve>eve A1+M1+B2 delivered"),
    Row("let go to one of two", [client(), kept(BOB, EVE), *let_go(EVE), OUT_EVE], "bob>bob A1+M1 quarantined; eve>eve A1+M1 released"),
    Row("sent anew", [kept(BOB), BEHIND, Identified("B2", "y@here", resent=True, mail_id="M1"), OUT], "bob>bob M1 released"),
    Row("let go twice", [client(), kept(BOB), *let_go(BOB), *AGAIN, sent(queue_id="C3")], "bob>bob A1+M1 released"),
    Row("and the second time nothing is tried yet", [client(), kept(BOB), *let_go(BOB), OUT, *AGAIN], "bob>bob A1+M1 released"),
    # -- a queue file in parts
    Row("each part has its own", [client(), sent(), SPLIT, OUT_EVE], "bob>bob A1 delivered; eve>eve A1+B2 delivered"),
    Row(
        "and none is waited for there",
        [client(recipients=[BOB]), queued(), SPLIT, OUT_EVE],
        "eve>eve A1+B2 delivered; bob>bob A1 in_progress",
    ),
    # -- ways that end nowhere
    Row(
        "in a circle",
        [BEHIND, to_filter(queue_id="B2", next_id="C3"), client("C3", LOOPBACK), to_filter(queue_id="C3", next_id="B2")],
        "bob>bob B2+C3 in_progress",
    ),
    Row("handed over to what is not seen", [client(), ON], "bob>bob A1 unknown"),
    Row("handed over, and nothing is tried there yet", [client(), ON, BEHIND], "bob>bob A1+B2 in_progress"),
    Row("put back", [client(), named(), waits(BOB), Received("B2", uid=0, requeued_from="A1"), GONE, OUT], "bob>bob A1+B2 delivered"),
)


@pytest.mark.parametrize("row", ROWS, ids=[row.says for row in ROWS])
def test_whom_a_message_is_for(row: Row) -> None:
    """The address as the client named it, the final one, the way, and what became of the copy."""
    found = []
    for one, fate in recipients(row.said, row.within):
        sides = ">".join("-" if side is None else side.partition("@")[0] for side in (one.named, one.final))
        way = "+".join(short(part.key) for part in one.path)
        found.append(f"{sides} {way} {fate.disposition}")
    assert "; ".join(found) == row.come_to


@pytest.mark.parametrize(
    ("says", "said", "tries"),
    [
        ("each that was made", [client(), tried(Status.DEFERRED), tried(Status.DEFERRED, text="again"), sent()], 3),
        ("not what our cache answered", [client(), tried(Status.DEFERRED, skipped=True), sent()], 1),
        ("not an automatic answer", [client(), sent(), sent(automatic=True)], 1),
        ("not a hand-over within", [client(), to_filter(next_id="B2"), BEHIND, sent(queue_id="B2")], 1),
        ("of all hops", [client(), tried(Status.DEFERRED, filtered=True), to_filter(next_id="B2"), BEHIND, sent(queue_id="B2")], 2),
        ("of the one that it became", [client(), waits(INFO), *alias(BOB)], 2),
    ],
)
def test_how_often_a_delivery_was_tried(says: str, said: list[Said], tries: int) -> None:
    """What counts as a try."""
    ((one, _),) = recipients(said)
    assert one.tries == tries, says


def test_over_two_ways_each_try_counts_once() -> None:
    """One delivery, and at the other what our cache answered and one more."""
    cached = tried(Status.DEFERRED, queue_id="C3", skipped=True)
    ((one, _),) = recipients([client(), *TWO_WAYS, OUT, cached, sent(queue_id="C3")])
    assert one.tries == 2


def test_a_box_that_keeps_mail_back_is_nobodys_address() -> None:
    """It is the recipient's copy that lies there."""
    ((one, fate),) = recipients([client(), BOXED], BOXES)
    assert (one.named, one.final, fate.disposition) == (BOB, BOB, "quarantined")


def test_each_delivery_of_cut_through_is_for_itself() -> None:
    """Each recipient has its own line: one without is no duplicate of another."""
    said: list[Said] = [client(recipients=[INFO, ANN]), sent(original=INFO, cut_through=True), GONE]
    assert [(one.named, one.final) for one, _ in recipients(said)] == [(INFO, BOB), (ANN, ANN)]
