"""Links: for each way in which a line names another hop, the lines that join and the lines that must not."""

from __future__ import annotations

from collections.abc import Iterator
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
    At,
    Said,
    client,
    events,
    filed,
    joined,
    looked,
    named,
    queued,
    result,
    sent,
    short,
    to_filter,
)

from ingest.joining.names import MANY
from ingest.joining.parts import Message, Part
from ingest.joining.within import Within
from mappings.facts import Identified, Infected, Judged, Passed, Received, Release, Removed, Reply, Ruled, Screened
from mappings.links import LINKS, How
from mappings.log_words import Action, Decider, Finding, Sending, Stage
from mappings.vocabulary import Verdict

SEVERAL = Within(several=True)
HOSTS = (HOST, "scan")


@dataclass(frozen=True)
class Row:
    """What lines say, and the hand-overs by one way of naming that are found: `from > to`, or none."""

    how: How
    says: str
    said: list[Said]
    joins: str = ""
    within: Within = HERE
    hosts: tuple[str, ...] = ()


def forward(next_id: str = "B2", how: Sending = Sending.FORWARD) -> Passed:
    """A filter gives a message on."""
    return Passed(how, "M1", next_id=next_id, recipients=[BOB])


def refused_at(queue_id: str) -> list[Said]:
    """A message behind the filter that the mail server refuses when it is complete."""
    refusal = Ruled(queue_id, Action.REJECT, Stage.END_OF_MESSAGE, reply=Reply(554))
    return [At(1, client(queue_id, LOOPBACK)), At(1.1, named(queue_id)), At(1.2, refusal)]


def behind(log_id: str = "1-1") -> At:
    """The filter's result for what was refused behind it."""
    return At(2, result(BOB, passed=False, behind=True, message_id="x@out", log_id=log_id))


def spam(at: float = 1.5, text: str = "") -> At:
    """A result that names its message by the Message-ID only."""
    return At(at, Judged("spamassassin", message_id="x@out", spam=True, text=text))


def coarse(said: At) -> At:
    """The same line with a stamp of whole seconds."""
    return said._replace(fine=False)


def in_reception(queue_id: str = "A1", after: float = 0.0, message_id: str = "x@out") -> list[Said]:
    """A message that is received from the first to the second second, or later."""
    return [At(1 + after, client(queue_id)), At(1.2 + after, named(queue_id, message_id)), At(2 + after, queued(queue_id))]


def task(**more: Any) -> At:
    """A filter on another host has a result for a queue file."""
    return At(2, Judged("rspamd", "A1", score=1.0, **more), "scan")


def virus(at: float = 2.0, found: str = "Eicar") -> At:
    """A hit in the filter's folder."""
    return At(at, Infected("/tmp/1", found))  # noqa: S108 - what a scanner says


def in_folder() -> list[Said]:
    """A scan in a folder, which finds a virus."""
    eicar = result(BOB, passed=False, verdict=Verdict.VIRUS, detail="Eicar", log_id="1-1")
    return [At(1, looked(folder="/tmp/1")), At(3, eicar)]  # noqa: S108


def screened(at: float, port: int = 25001) -> At:
    """A finding about a connection."""
    return At(at, Screened(OUTSIDE, port, Finding.DNSBL))


TURNED_AWAY = At(2, Ruled(None, Action.REJECT, Stage.RCPT, Decider.SCREEN, client_ip=OUTSIDE, client_port=25001, sender=ANN))
HANDED = in_reception()
FROM_OUTSIDE = client("B2")
FROM_FILTER = client("B2", LOOPBACK)
RESENT = Identified("B2", "y@here", resent=True, mail_id="M1")
#: A queue file that ended more than the reach before what names its id.
LONG_AGO: list[Said] = [At(0, client()), At(1, Removed("A1"))]
LATER_S = 700
#: One life of B2 that has ended, and one that begins with its Message-ID.
TWO_B2: list[Said] = [At(0, FROM_FILTER), At(2, Removed("B2")), At(30, named("B2"))]
TRIED_AGAIN = to_filter(next_id="B2", delay=2000)

#: What the mail server and the filter say of A1, the scan `1-1` and B2.
HANDED_ON, ANSWER, MADE_B2 = to_filter(next_id="B2"), to_filter(log_id="1-1"), sent(next_id="B2", forwarded=True)
LOGGED, OF_A1, ONCE_A1 = result(BOB, log_id="1-1"), result(BOB, origin_queue_id="A1"), client("B2", LOOPBACK, origin_queue_id="A1")

ROWS = (
    Row(How.RELAY, "the filter took it as B2", [client(), HANDED_ON, FROM_FILTER], "A1 > B2"),
    Row(How.RELAY, "the next file's lines come first", [FROM_FILTER, client(), HANDED_ON], "A1 > B2"),
    Row(How.RELAY, "its beginning was not read", [client(), HANDED_ON, At(30, queued("B2"))], "A1 > B2"),
    Row(How.RELAY, "its lines come long behind", [client(), HANDED_ON, At(LATER_S, queued("B2"))]),
    Row(How.RELAY, "and not one that begins later", [client(), *TWO_B2, At(1, HANDED_ON)], "A1 > B2"),
    Row(How.RELAY, "B2 here came from outside", [client(), HANDED_ON, FROM_OUTSIDE]),
    Row(How.RELAY, "a stranger's server calls it B2", [client(), sent(next_id="B2"), FROM_FILTER]),
    Row(
        How.RELAY,
        "of two lives of B2 the one in reception then",
        [client(), FROM_FILTER, At(2, Removed("B2")), At(3, HANDED_ON), At(3, FROM_FILTER), At(900, client("B2", LOOPBACK, helo="f"))],
        "A1 > B2#1",
    ),
    Row(How.RELAY, "B2 was gone long before", [At(0, FROM_FILTER), At(1, Removed("B2")), At(LATER_S, client()), At(LATER_S, HANDED_ON)]),
    Row(How.FORWARDED, "it became B2 on the host", [client(), MADE_B2, Received("B2", uid=0)], "A1 > B2"),
    Row(How.FORWARDED, "its beginning was not read", [client(), MADE_B2, queued("B2")], "A1 > B2"),
    Row(How.FORWARDED, "B2 has a client", [client(), MADE_B2, FROM_FILTER]),
    Row(How.NEXT, "the result names B2", [result(BOB, next_ids=["B2"]), FROM_FILTER], "M1 > B2"),
    Row(How.NEXT, "one for each recipient", [FROM_FILTER, client("C3", LOOPBACK), result(BOB, next_ids=["B2", "C3"])], "M1 > B2, M1 > C3"),
    Row(How.NEXT, "B2 here came from outside", [result(BOB, next_ids=["B2"]), FROM_OUTSIDE]),
    Row(How.PASSED, "the filter gave it on as B2", [forward(), FROM_FILTER], "M1 > B2"),
    Row(How.PASSED, "B2 here came from outside", [forward(), FROM_OUTSIDE]),
    Row(How.RELEASE, "the filter let it go as B2", [forward(how=Sending.RELEASE), FROM_FILTER], "M1 > B2"),
    Row(How.RELEASE, "B2 here came from outside", [forward(how=Sending.RELEASE), FROM_OUTSIDE]),
    Row(How.ORIGIN, "the filter passes on what it was before", [client(), ONCE_A1], "A1 > B2"),
    Row(How.ORIGIN, "a client outside says so", [client(), client("B2", origin_queue_id="A1")]),
    Row(How.REQUEUE, "put back from A1", [client(), Received("B2", uid=0, requeued_from="A1")], "A1 > B2"),
    Row(How.REQUEUE, "after long in the queue", [At(0, client()), At(LATER_S, Received("B2", uid=0, requeued_from="A1"))], "A1 > B2"),
    Row(How.REQUEUE, "that A1 was gone long before", [*LONG_AGO, At(LATER_S, Received("B2", uid=0, requeued_from="A1"))]),
    Row(How.SPLIT, "a part of A1", [client(), Received("B2", split_from="A1")], "A1 > B2"),
    Row(How.SPLIT, "that A1 was gone long before", [*LONG_AGO, At(LATER_S, Received("B2", split_from="A1"))]),
    Row(How.SCAN_OF, "the filter says whose it is", [client(), OF_A1], "A1 > M1"),
    Row(How.SCAN_OF, "the result comes first", [OF_A1, client()], "A1 > M1"),
    Row(How.SCAN_OF, "that A1 was gone long before", [*LONG_AGO, At(LATER_S, OF_A1)]),
    Row(How.SCAN_OF, "A1 of another host", [At(0, client(), "other"), OF_A1]),
    Row(How.SCAN_OF, "A1 of another host of the log domain", [At(0, client()), At(1, OF_A1, "scan")], "A1 > M1", SEVERAL, HOSTS),
    Row(How.RESENT, "what was kept is sent anew", [result(BOB, passed=False), At(LATER_S, FROM_FILTER), At(LATER_S, RESENT)], "M1 > B2"),
    Row(How.RESENT, "a stranger wrote the header", [result(BOB, passed=False), FROM_OUTSIDE, RESENT]),
    Row(How.LOG, "the first lines of a scan have its log id only", [looked(), LOGGED], "M1 > 1-1"),
    Row(How.LOG, "more lines than are of one scan", [LOGGED, *(At(1, looked(sender=str(i))) for i in range(MANY + 1))]),
    Row(How.LOG, "after a restart the log id is another's", [At(0, looked()), At(31, LOGGED)]),
    Row(How.ANSWERED, "the answer names the scan", [client(), ANSWER, LOGGED], "A1 > M1"),
    Row(How.ANSWERED, "which names the file too", [client(), ANSWER, result(BOB, log_id="1-1", origin_queue_id="A1")], "A1 > M1"),
    Row(How.ANSWERED, "or one that nobody saw", [client(), ANSWER, result(BOB, log_id="1-1", origin_queue_id="C3")], "A1 > M1"),
    Row(
        How.ANSWERED,
        "of two scans it means the nearest",
        [At(0, client()), At(20, ANSWER), At(19, LOGGED), At(5, result(BOB, log_id="1-1", mail_id="M2"))],
        "A1 > M1",
    ),
    Row(How.ANSWERED, "out of reach", [At(0, client()), At(0, ANSWER), At(31, LOGGED)]),
    Row(How.ANSWERED, "two files that name one scan, which nobody saw", [client(), ANSWER, to_filter(queue_id="C3", log_id="1-1")]),
    Row(
        How.ANSWERED,
        "the scan says that it is another file's",
        [client(), ANSWER, client("C3"), result(BOB, log_id="1-1", origin_queue_id="C3")],
    ),
    Row(How.ANSWERED, "a stranger's server has such ids too", [client(), sent(log_id="1-1"), LOGGED]),
    Row(
        How.ANSWERED,
        "more files than it can tell apart",
        [LOGGED, *(At(1, to_filter(queue_id=f"A{i}", log_id="1-1")) for i in range(MANY + 1))],
    ),
    Row(How.PEER, "what was found about the connection", [screened(1), TURNED_AWAY], "line > [192.0.2.7]:25001"),
    Row(How.PEER, "another connection of the client", [screened(1, 25002), TURNED_AWAY]),
    Row(How.PEER, "the port was used long before", [screened(1), At(602, TURNED_AWAY.fact)]),
    Row(How.REFUSED, "the server behind the filter refused it", [*refused_at("B2"), behind()], "M1 > B2"),
    Row(How.REFUSED, "two such queue files", [*refused_at("B2"), *refused_at("C3"), behind()]),
    Row(How.REFUSED, "two such results", [*refused_at("B2"), behind(), At(2, result(BOB, mail_id="M2", behind=True, message_id="x@out"))]),
    Row(How.REFUSED, "out of reach", [*refused_at("B2"), At(32, behind().fact)]),
    Row(How.REFUSED, "a stranger's mail with the Message-ID", [*refused_at("B2")[1:], FROM_OUTSIDE, behind()]),
    Row(How.JUDGED, "while it is received", [*in_reception(), spam()], "A1 > x@out"),
    Row(How.JUDGED, "in the second before, by whole seconds", [*in_reception(after=1.5), coarse(spam(1))], "A1 > x@out"),
    Row(How.JUDGED, "in the second before", [*in_reception(after=1.5), spam(1)]),
    Row(How.JUDGED, "two are received with this Message-ID", [*in_reception(), *in_reception("B2"), spam()]),
    Row(How.JUDGED, "after it was received", [*in_reception(), spam(4)]),
    Row(How.JUDGED, "more results than it can tell apart", [*in_reception(), *(spam(text=str(i)) for i in range(MANY + 1))]),
    Row(How.FILED, "the reply names the session", [*HANDED, At(2, sent(session="S1")), At(1.9, filed())], "A1 > S1"),
    Row(How.FILED, "another message's session of the same name", [*HANDED, At(2, sent(session="S1")), At(LATER_S, filed())]),
    Row(
        How.FILED,
        "two messages with one session's name, told apart by the Message-ID",
        [
            *HANDED,
            At(2, sent(session="S1")),
            *in_reception("B2", message_id="y@out"),
            At(2, sent(EVE, "B2", session="S1")),
            At(1.9, filed()),
        ],
        "A1 > S1",
    ),
    Row(How.BOXED, "to this mailbox then", [*HANDED, At(2, sent()), At(1.9, filed())], "A1 > S1"),
    Row(How.BOXED, "without a session", [*HANDED, At(2, sent()), At(1.9, filed(session=None))], f"A1 > {BOB}/x@out"),
    Row(How.BOXED, "by the user's name", [*HANDED, At(2, sent("Bob+news@here.example")), At(1.9, filed(recipient="bob"))], "A1 > S1"),
    Row(How.BOXED, "users of one name", [*HANDED, At(2, sent()), At(2, sent("bob@else.example")), At(1.9, filed(recipient="bob"))]),
    Row(How.BOXED, "another domain", [*HANDED, At(2, sent()), At(1.9, filed(recipient="bob@else.example"))]),
    Row(How.BOXED, "another Message-ID", [*HANDED, At(2, sent()), At(1.9, filed(message_id="y@out"))]),
    Row(How.BOXED, "long after", [*HANDED, At(2, sent()), At(63, filed())]),
    Row(
        How.BOXED,
        "two messages with this Message-ID",
        [*HANDED, *in_reception("B2"), At(2, sent()), At(2, sent(queue_id="B2")), At(1.9, filed())],
    ),
    Row(
        How.BOXED, "only the reply names a session", [*HANDED, At(2, sent(session="S1")), At(1.9, filed(session=None))], f"A1 > {BOB}/x@out"
    ),
    Row(How.BOXED, "the second recipient of a session", [*HANDED, At(2, sent(session="S1:R2")), At(1.9, filed())], "A1 > S1"),
    Row(
        How.BOXED,
        "more than it can tell apart",
        [
            *HANDED,
            At(2, sent()),
            *(At(2, sent(queue_id="A1", text=str(i))) for i in range(2)),
            *(At(3, filed(session=f"S{i}")) for i in range(MANY + 1)),
        ],
    ),
    Row(How.BOXED, "the reply names another session", [*HANDED, At(2, sent(session="S2")), At(1.9, filed())]),
    Row(How.TASK, "a filter on another host", [client(), queued(), task()], "A1 > scan/A1", SEVERAL, HOSTS),
    Row(
        How.TASK,
        "of two lives the one with its Message-ID",
        [At(0, client()), At(0.1, named()), At(1, client(helo="again")), task(message_id="x@out")],
        "A1 > scan/A1",
        SEVERAL,
        HOSTS,
    ),
    Row(How.TASK, "it had not begun", [At(4, client()), task()], "", SEVERAL, HOSTS),
    Row(How.TASK, "by whole seconds it had", [At(2.5, client()), coarse(task())], "A1 > scan/A1", SEVERAL, HOSTS),
    Row(How.TASK, "it was gone long before", [At(0, client()), At(LATER_S, task().fact, "scan")], "", SEVERAL, HOSTS),
    Row(How.TASK, "hosts that hand each other no mail", [client(), task()]),
    Row(How.FOLDER, "what was found in its folder meanwhile", [*in_folder(), virus()], "M1 > /tmp/1 at 2"),
    Row(How.FOLDER, "of another name", [*in_folder(), virus(found="Worm")]),
    Row(How.FOLDER, "before the scan began", [*in_folder(), virus(0.5)]),
    Row(How.OWN, "a line that is a hop by itself", [*in_folder(), virus(), virus(3.2)], "M1 > /tmp/1 at 2, M1 > /tmp/1 at 3"),
    Row(How.OWN, "nothing asks for it", [LOGGED, virus()]),
    Row(
        How.UNSEEN,
        "between two times of one who names it",
        [client(), HANDED_ON, At(2000, TRIED_AGAIN), At(1000, result(BOB, next_ids=["B2"]))],
    ),
    Row(How.UNSEEN, "both come from A1, which nobody saw", [OF_A1, ONCE_A1], "B2 > M1"),
    Row(How.UNSEEN, "the id came back", [At(0, OF_A1), At(601, result(BOB, origin_queue_id="A1", mail_id="M2"))]),
    Row(How.UNSEEN, "more than it can tell apart", [At(0, result(BOB, origin_queue_id="A1", mail_id=f"M{i}")) for i in range(MANY + 1)]),
    Row(How.UNSEEN, "results for a queue file that nobody saw", [task(), task(text="again")], "scan/A1 > scan/A1#1", SEVERAL, HOSTS),
)


def name(part: Part) -> str:
    """What a row calls a part: its id, and which of the parts of that it is, where that is not the first."""
    return short(part.key) + (f"#{part.number}" if part.number else "")


def found(message: Message, how: How) -> Iterator[str]:
    """The hand-overs of a message by one way of naming."""
    if how in {How.FOLDER, How.OWN}:
        yield from (f"{short(scan)} > {short(key)} at {hit.second}" for scan, hits in message.hits.items() for key, hit in hits)
    for source, target, by, _ in message.edges:
        if by is how:
            # Of two that name what is not seen, neither comes first.
            ends = sorted([source, target], key=name) if how is How.UNSEEN else [source, target]
            yield " > ".join(map(name, ends))


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.how}: {row.says}" for row in ROWS])
def test_what_joins(row: Row) -> None:
    """Lines join by this way of naming, or do not; the order in which they come decides nothing."""
    lines = events(row.said, row.within)
    messages = joined(lines, row.within, row.hosts)
    ways = {way for message in messages for way in found(message, row.how)}
    assert ways == set(filter(None, row.joins.split(", ")))
    assert ways or len(messages) > 1
    parted = {frozenset((part.key, part.number) for part in message.parts) for message in messages}
    again = joined(reversed(lines), row.within, row.hosts)
    assert parted == {frozenset((part.key, part.number) for part in message.parts) for message in again}


@pytest.mark.parametrize("how", [how for how in LINKS if how is not How.OTHER])
def test_each_way_of_naming_has_both(how: How) -> None:
    """Lines that join by it, and lines that must not."""
    assert {bool(row.joins) for row in ROWS if row.how is how} == {True, False}


def test_the_parts_of_a_message_stand_in_the_order_of_time() -> None:
    """From whichever of them it was found."""
    lines = events([At(5, FROM_FILTER), At(6, forward()), At(4, OF_A1), At(1, client()), At(2, Release("M1", "R1"))])
    for said in (lines, lines[::-1]):
        (message,) = joined(said)
        assert [short(part.key) for part in message.lives] == ["A1", "B2"]
        assert all(part.events == sorted(part.events, key=lambda one: one.time_us) for part in message.parts)
