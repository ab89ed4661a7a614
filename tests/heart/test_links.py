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
    INFO,
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

from ingest.joining.message import Message
from ingest.joining.names import MANY
from ingest.joining.parts import Part
from ingest.joining.within import Within
from mappings.facts import Attempted, Fact, Identified, Infected, Judged, Passed, Received, Release, Removed, Reply, Ruled, Screened
from mappings.links import LINKS, How
from mappings.log_words import Action, Decider, Finding, Sending, Stage, Status
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


def spam(at: float = 1.5, text: str = "", named: str = "x@out") -> At:
    """A result that names its message by the Message-ID only."""
    return At(at, Judged("spamassassin", message_id=named, spam=True, text=text, verdict=Verdict.SPAM))


def ham(at: float = 1.5) -> At:
    """Another one, which says the opposite."""
    return At(at, Judged("spamassassin", message_id="x@out", spam=False, verdict=Verdict.CLEAN))


def rspamds() -> list[Said]:
    """A result that names its message by the Message-ID only, and a line of its task."""
    return [At(1.5, Judged("rspamd", None, "t1", "x@out", score=1.0)), At(1.5, Judged("rspamd", None, "t1", "x@out", forced_by="rule"))]


def nameless(queue_id: str = "A1") -> list[Said]:
    """A message without a Message-ID."""
    return [At(1, client(queue_id)), At(1.2, named(queue_id, "")), At(2, queued(queue_id))]


def of_a_second(count: int) -> list[Said]:
    """Messages with one Message-ID, received at the same time."""
    return [said for number in range(1, count + 1) for said in in_reception(f"A{number}")]


def coarse(said: At) -> At:
    """The same line with a stamp of whole seconds."""
    return said._replace(fine=False)


def in_reception(queue_id: str = "A1", after: float = 0.0, message_id: str = "x@out") -> list[Said]:
    """A message that is received from the first to the second second, or later."""
    return [At(1 + after, client(queue_id)), At(1.2 + after, named(queue_id, message_id)), At(2 + after, queued(queue_id))]


def delivered(address: str, queue_id: str = "A1", **more: Any) -> Attempted:
    """A program of the host took it."""
    return Attempted(queue_id, address, Status.SENT, relay="agent", **more)


def piped(queue_id: str = "A1", *, ip: str = OUTSIDE, takes: float = 2) -> list[At]:
    """A message that a program of the host has from the second to the fourth second."""
    first, third = client(queue_id, ip), named(queue_id)
    told = delivered(BOB, queue_id, delays=f"0/0/0/{takes}")
    return [At(1, first), At(1.2, third), At(2, queued(queue_id)), At(4, told)]


def put_in(
    address: str = BOB,
    *,
    queue_id: str = "B2",
    at: float = 3,
    sender: str = ANN,
    message_id: str = "x@out",
    original: str | None = None,
    tried: Fact | None = None,
    **more: Any,
) -> list[At]:
    """A message that a program of the host hands in."""
    begun = Received(queue_id, sender=sender, **({"uid": 5, **more} if "client_ip" not in more else more))
    last = tried or delivered(address, queue_id, original=original)
    return [At(at, begun), At(at + 0.1, named(queue_id, message_id)), At(at + 0.3, last)]


def in_and_out(queue_id: str, number: int = 0, pid: int = 1) -> list[At]:
    """A message that a program hands in and a program takes, all within one second."""
    begun = Received(queue_id, uid=5, sender=ANN)
    told = (begun, named(queue_id), queued(queue_id), delivered(BOB, queue_id))
    return [At(3, fact, fine=False, number=number, pid=pid) for fact in told]


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


def begun(queue_id: str, at: float, message_id: str = "x@out") -> list[Said]:
    """The beginning of a message, as its stamps have it."""
    return [At(at, client(queue_id, LOOPBACK if queue_id == "B2" else OUTSIDE)), At(at + 0.1, named(queue_id, message_id))]


def listed(at: float, address: str = OUTSIDE) -> At:
    """What a list said of an address."""
    return At(at, Screened(address, 0, Finding.LISTED))


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
NO_MAIL_ID = result(BOB, mail_id=None, log_id="1-1")

ROWS = (
    Row(How.RELAY, "the clock was set back behind its beginning", [*begun("A1", 0), *begun("B2", 90), At(1, HANDED_ON)], "A1 > B2"),
    Row(How.RELAY, "but not by more than an hour", [*begun("A1", 0), *begun("B2", 3700), At(1, HANDED_ON)]),
    Row(How.RELAY, "and not where it is another message", [*begun("A1", 0), *begun("B2", 90, "y@out"), At(1, HANDED_ON)]),
    Row(How.SCAN_OF, "the clock was set back", [*begun("A1", 90), At(1, result(BOB, origin_queue_id="A1", message_id="x@out"))], "A1 > M1"),
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
    Row(How.PUT_BACK, "a filter took A1 out and put it back", [client(), Received("B2", put_back_from="A1")], "A1 > B2"),
    Row(How.PUT_BACK, "that A1 was gone long before", [*LONG_AGO, At(LATER_S, Received("B2", put_back_from="A1"))]),
    Row(How.PIPED, "a program took it and handed it in again", [*piped(), *put_in()], "A1 > B2"),
    Row(How.PIPED, "its own line comes last", [*put_in(), *piped()], "A1 > B2"),
    Row(How.PIPED, "as whole seconds tell it", [coarse(said) for said in (*piped(), *put_in(at=2.9))], "A1 > B2"),
    Row(How.PIPED, "the recipient became another one", [*piped(), *put_in(BOB, original=INFO)], "A1 > B2"),
    Row(How.PIPED, "which the list of the queue file names", [*piped(), *put_in(EVE, recipients=[BOB])[:2]], "A1 > B2"),
    Row(How.PIPED, "another sender", [*piped(), *put_in(sender="list@here.example")]),
    Row(How.PIPED, "another recipient", [*piped(), *put_in(EVE)]),
    Row(How.PIPED, "another recipient as well", [*piped(), *put_in(), At(5, delivered(EVE, "B2"))]),
    Row(How.PIPED, "another Message-ID", [*piped(), *put_in(message_id="y@out")]),
    Row(How.PIPED, "on another host", [*piped(), *(said._replace(host="other") for said in put_in())]),
    Row(How.PIPED, "before it came", [*piped(), *put_in(at=1)]),
    Row(How.PIPED, "before the program had it", [*piped(takes=0.5), *put_in(at=2.3)]),
    Row(How.PIPED, "long after the program had it", [*piped(), *put_in(at=40)]),
    Row(How.PIPED, "a client brought it", [*piped(), *put_in(client_ip=OUTSIDE)]),
    Row(How.PIPED, "a server elsewhere took it", [client(), named(), queued(), At(5, sent()), *put_in()]),
    Row(How.PIPED, "two were handed in", [*piped(), *put_in(), *put_in(queue_id="C3")]),
    Row(
        How.PIPED, "one for each recipient", [*piped(), At(4.5, delivered(EVE)), *put_in(), *put_in(EVE, queue_id="C3")], "A1 > B2, A1 > C3"
    ),
    Row(How.PIPED, "two went in", [*piped(), *piped(queue_id="C3"), *put_in()]),
    Row(How.PIPED, "both were handed in, in this order", [*in_and_out("C3", 1), *in_and_out("B2", 2)], "C3 > B2"),
    Row(How.PIPED, "in no order", [*in_and_out("C3"), *in_and_out("B2", pid=2)]),
    Row(How.PIPED, "it came back from a filter", [*put_in(at=2, tried=to_filter(queue_id="B2")), *piped(ip=LOOPBACK)]),
    Row(How.PIPED, "more than it can tell apart", [*piped(), *(said for i in range(MANY + 1) for said in put_in(queue_id=f"B{i}"))]),
    Row(How.SUBMITTED, "by what it is found", [*piped(), *put_in(at=3.5)], "A1 > B2"),
    Row(How.SUBMITTED, "nothing went into a program", [*put_in(), At(1, client())]),
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
    Row(How.LOG, "a scan that has nothing but its log id", [looked(), NO_MAIL_ID], "1-1#1 > 1-1"),
    Row(How.LOG, "whose other lines name its mail id", [At(1, looked(mail_id="M1")), At(3, NO_MAIL_ID)], "1-1 > M1"),
    Row(
        How.LOG,
        "of two such the nearest",
        [At(1, looked(mail_id="M1")), At(2, NO_MAIL_ID), At(20, looked(mail_id="M2"))],
        "1-1 > M1",
    ),
    Row(How.LOG, "two scans with mail ids", [At(1, looked(mail_id="M1")), At(2, result(BOB, mail_id="M2", log_id="1-1"))]),
    Row(How.ANSWERED, "the answer names the scan", [client(), ANSWER, LOGGED], "A1 > M1"),
    Row(How.ANSWERED, "which names the file too", [client(), ANSWER, result(BOB, log_id="1-1", origin_queue_id="A1")], "A1 > M1"),
    Row(How.ANSWERED, "or one that nobody saw", [client(), ANSWER, result(BOB, log_id="1-1", origin_queue_id="C3")], "A1 > M1"),
    Row(
        How.ANSWERED,
        "of two scans it means the nearest",
        [At(0, client()), At(20, ANSWER), At(19, LOGGED), At(5, result(BOB, log_id="1-1", mail_id="M2"))],
        "A1 > M1",
    ),
    Row(How.ANSWERED, "a scan that has nothing but its log id", [client(), ANSWER, NO_MAIL_ID], "A1 > 1-1"),
    Row(
        How.ANSWERED,
        "after a restart within seconds",
        [At(0, client()), At(20, ANSWER), At(19, NO_MAIL_ID), At(5, result(BOB, mail_id=None, log_id="1-1", sender=ANN))],
        "A1 > 1-1#1",
    ),
    Row(How.ANSWERED, "a scan on another host of the log domain", [client(), ANSWER, At(2, LOGGED, "scan")], "A1 > M1", SEVERAL, HOSTS),
    Row(How.ANSWERED, "a scan on a host that is none of ours", [client(), ANSWER, At(2, LOGGED, "other")]),
    Row(
        How.ANSWERED,
        "of scans on two hosts that for its recipient",
        [client(), ANSWER, At(2, result(EVE, log_id="1-1", mail_id="M2"), "mx"), At(3, LOGGED, "scan")],
        "A1 > M1",
        SEVERAL,
        HOSTS,
    ),
    Row(
        How.ANSWERED,
        "of scans on two hosts that of its Message-ID",
        [
            client(),
            named(),
            At(3, ANSWER),
            At(3, result(BOB, log_id="1-1", mail_id="M2", message_id="y@out"), "mx"),
            At(4, result(BOB, log_id="1-1", message_id="x@out"), "scan"),
        ],
        "A1 > M1",
        SEVERAL,
        HOSTS,
    ),
    Row(How.ANSWERED, "a scan for somebody else", [client(), ANSWER, result(EVE, log_id="1-1")]),
    Row(
        How.ANSWERED,
        "what forced a result that names no queue file",
        [*in_reception(), *rspamds()],
        "x@out > t1",
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
    Row(
        How.PEER,
        "seen from another host of the log domain",
        [At(1, screened(1).fact, "scan"), TURNED_AWAY],
        "line > scan/[192.0.2.7]:25001",
        SEVERAL,
        HOSTS,
    ),
    Row(How.PEER, "another connection of the client", [screened(1, 25002), TURNED_AWAY]),
    Row(How.PEER, "the port was used long before", [screened(1), At(602, TURNED_AWAY.fact)]),
    Row(How.LISTED, "what lists said of the client", [listed(1), TURNED_AWAY], "line > [192.0.2.7]@0"),
    Row(How.LISTED, "in the minute before", [listed(50), At(62, TURNED_AWAY.fact)], "line > [192.0.2.7]@0"),
    Row(How.LISTED, "long before", [listed(1), At(182, TURNED_AWAY.fact)]),
    Row(How.LISTED, "of another client", [listed(1, LOOPBACK), TURNED_AWAY]),
    Row(How.REFUSED, "the server behind the filter refused it", [*refused_at("B2"), behind()], "M1 > B2"),
    Row(How.REFUSED, "two such queue files", [*refused_at("B2"), *refused_at("C3"), behind()]),
    Row(How.REFUSED, "two such results", [*refused_at("B2"), behind(), At(2, result(BOB, mail_id="M2", behind=True, message_id="x@out"))]),
    Row(How.REFUSED, "out of reach", [*refused_at("B2"), At(32, behind().fact)]),
    Row(How.REFUSED, "a stranger's mail with the Message-ID", [*refused_at("B2")[1:], FROM_OUTSIDE, behind()]),
    Row(How.JUDGED, "while it is received", [*in_reception(), spam()], "A1 > x@out"),
    Row(How.JUDGED, "in the second before, by whole seconds", [*in_reception(after=1.5), coarse(spam(1))], "A1 > x@out"),
    Row(How.JUDGED, "in the second before", [*in_reception(after=1.5), spam(1)]),
    Row(How.AMONG, "two are received with this Message-ID", [*in_reception(), *in_reception("B2"), spam()], "A1 > x@out, B2 > x@out"),
    Row(How.JUDGED, "after it was received", [*in_reception(), spam(4)]),
    Row(How.JUDGED, "more results than it can tell apart", [*in_reception(), *(spam(text=str(i)) for i in range(MANY + 1))]),
    Row(
        How.JUDGED,
        "three of a second and a result for each, which say the same",
        [*of_a_second(3), *(spam(text=t) for t in "abc")],
        "A1 > x@out, A2 > x@out, A3 > x@out",
    ),
    Row(
        How.AMONG,
        "three of a second and two results",
        [*of_a_second(3), spam(text="a"), spam(text="b")],
        "A1 > x@out, A2 > x@out, A3 > x@out",
    ),
    Row(How.AMONG, "two of a second, and two results that differ", [*of_a_second(2), spam(), ham()], "A1 > x@out, A2 > x@out"),
    Row(
        How.JUDGED,
        "one after the other, and results that differ",
        [*in_reception(), *in_reception("B2", 1), spam(1.9), ham(2.9)],
        "A1 > x@out, B2 > x@out",
    ),
    Row(How.JUDGED, "more than a few at a time", [*of_a_second(13), *(spam(text=str(i)) for i in range(13))]),
    Row(How.JUDGED, "one without a Message-ID", [*nameless(), *in_reception("B2"), spam(named="")], "A1 >  0"),
    Row(How.AMONG, "two without a Message-ID", [*nameless(), *nameless("B2"), spam(named="")], "A1 >  0, B2 >  0"),
    Row(How.AMONG, "two of a second, and results that differ", [*of_a_second(2), spam()], "A1 > x@out, A2 > x@out"),
    Row(How.AMONG, "more than a few of a second", [*of_a_second(13), spam()]),
    Row(How.CHECKED, "while it is delivered", [*in_reception(), spam(8), At(9, sent())], "A1 > x@out"),
    Row(How.CHECKED, "it had a result when it was received", [*in_reception(), spam(), spam(8), At(9, sent())]),
    Row(
        How.CHECKED,
        "more results than it can tell apart",
        [*in_reception(), *(spam(8, text=str(i)) for i in range(MANY + 1)), At(9, sent())],
    ),
    Row(
        How.CHECKED,
        "a filter had looked at the queue file",
        [*in_reception(), At(1.5, Judged("rspamd", "A1", score=1.0)), spam(8), At(9, sent())],
    ),
    Row(How.CHECKED, "after it was delivered", [*in_reception(), At(9, sent()), spam(12)]),
    Row(
        How.CHECKED,
        "two are delivered with this Message-ID",
        [*in_reception(), *in_reception("B2"), spam(8), At(9, sent()), At(9, sent(queue_id="B2"))],
    ),
    Row(How.CHECKED, "another one is received", [*in_reception(), *in_reception("B2", 6), spam(8), At(9, sent())]),
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
    Row(How.FOLDER, "by a scanner on another host", [*in_folder(), At(2, virus().fact, "scan")], "M1 > scan//tmp/1 at 2", SEVERAL, HOSTS),
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
    Row(How.UNSEEN, "and named on another host", [OF_A1, At(1, ONCE_A1, "scan")], "M1 > scan/B2", SEVERAL, HOSTS),
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
        if by is (How.PIPED if how is How.SUBMITTED else how):
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
