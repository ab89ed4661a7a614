"""Hops: what a document says of the way of its message, which line decided, and what the next server calls it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from heart_cases import (
    ANN,
    BOB,
    HERE,
    LOOPBACK,
    OUTSIDE,
    At,
    Said,
    client,
    events,
    looked,
    queued,
    result,
    sent,
    short,
    to_filter,
    traces_of,
)

from ingest.joining.within import Within
from mappings.facts import Identified, Judged, Passed, Received, Release, Removed, Ruled, Screened
from mappings.keys import in_documents
from mappings.log_words import Action, Decider, Finding, Sending, Stage


@dataclass(frozen=True)
class Row:
    """Lines, and the hops of the one document that they make: each as `id how former (the id in its line) = the same`."""

    says: str
    said: list[Said]
    hops: str
    #: Which line says that the last hop follows.
    line: int | None = None
    within: Within = HERE
    hosts: tuple[str, ...] = ()


RELAYED: list[Said] = [client(), to_filter(next_id="B2"), client("B2", LOOPBACK), sent(queue_id="B2")]
BETWEEN = result(BOB, log_id="1-1", next_ids=["B2"])
OF_A1 = result(BOB, origin_queue_id="A1", next_ids=["B2"])
KEPT = result(BOB, passed=False, quarantine_ids=["k1"], log_id="1-1")
LET_GO = Passed(Sending.RELEASE, "M1", next_id="B2", recipients=[BOB])
BEHIND: list[Said] = [client("B2", LOOPBACK), sent(queue_id="B2")]
RESENT = Identified("B2", "y@here", resent=True, mail_id="M1")

SCREENED = Screened(OUTSIDE, 25001, Finding.DNSBL)
TURNED_AWAY = Ruled(None, Action.REJECT, Stage.RCPT, Decider.SCREEN, client_ip=OUTSIDE, client_port=25001, sender=ANN, recipients=[BOB])
TASK = At(2, Judged("rspamd", "A1", "t1", score=1.0), "scan")
SEVERAL, HOSTS = Within(several=True), ("mx", "scan")

ROWS = (
    Row("one queue file", [client(), sent()], "A1"),
    Row("a filter whose lines are not seen", RELAYED, "A1; B2 relay A1 (B2)", 1),
    Row("a filter that names its queue file", [*RELAYED, OF_A1], "A1; M1 scan_of A1 (A1); B2 next M1 (B2)", 4),
    Row(
        "that it gave on says more than its result",
        [client(), *BEHIND, OF_A1, Passed(Sending.FORWARD, "M1", next_id="B2")],
        "A1; M1 scan_of A1 (A1); B2 passed M1 (B2)",
        4,
    ),
    Row("both name the next queue file", [*RELAYED, result(BOB, next_ids=["B2"])], "A1; M1 unseen A1 (B2); B2 next M1 (B2)", 4),
    Row(
        "that both name it is surer than a log id",
        [client(), to_filter(next_id="B2", log_id="1-1"), *BEHIND, BETWEEN],
        "A1; M1 unseen A1 (B2); B2 next M1 (B2)",
        4,
    ),
    Row("only a log id", [client(), to_filter(log_id="1-1"), result(BOB, log_id="1-1", passed=False)], "A1; M1 answered A1 (1-1)", 1),
    Row(
        "the first lines of a scan are the same hop",
        [client(), looked(), result(BOB, origin_queue_id="A1", log_id="1-1", passed=False)],
        "A1; M1 scan_of A1 (A1) = 1-1",
        2,
    ),
    Row(
        "forwarded",
        [client(), sent(forwarded=True, next_id="B2"), Received("B2", uid=0), sent(queue_id="B2")],
        "A1; B2 forwarded A1 (B2)",
        1,
    ),
    Row("put back", [client(), Removed("A1"), Received("B2", uid=0, requeued_from="A1"), sent(queue_id="B2")], "A1; B2 requeue A1 (A1)", 2),
    Row("passed on", [client(), client("B2", LOOPBACK, origin_queue_id="A1"), sent(queue_id="B2")], "A1; B2 origin A1 (A1)", 1),
    Row("kept and let go", [KEPT, LET_GO, *BEHIND], "M1; B2 release M1 (B2)", 1),
    Row("kept, and sent anew", [KEPT, Release("M1", "R1", recipients=[BOB]), *BEHIND, RESENT], "M1; B2 resent M1 (M1)", 4),
    Row("split off", [client(), queued(), Received("B2", split_from="A1"), sent(queue_id="B2")], "A1; B2 split A1 (A1)", 2),
    Row(
        "a refusal and what was found before",
        [SCREENED, TURNED_AWAY],
        "[192.0.2.7]:25001; line peer [192.0.2.7]:25001 ([192.0.2.7]:25001)",
        1,
    ),
    Row("a result of a filter on another host", [client(), sent(), TASK], "A1 = scan/A1", None, SEVERAL, HOSTS),
)


@pytest.mark.parametrize("row", ROWS, ids=[row.says for row in ROWS])
def test_the_hops_of_a_way(row: Row) -> None:
    """Each with the one that it follows, how that is known, and the line that says so."""
    (trace,) = traces_of(events(row.said, row.within), row.within, row.hosts)
    lines = {one.digest: number for number, one in enumerate(events(row.said, row.within))}
    found = []
    for hop in trace.hops:
        follows = f" {hop.how} {short(hop.follows)} ({hop.named})" if hop.follows else ""
        found.append(" = ".join([short(hop.id) + follows, *map(short, hop.same)]))
    assert "; ".join(found) == row.hops
    last = trace.hops[-1].line
    assert (None if last is None else lines[last]) == row.line
    assert {hop.id for hop in trace.hops} | {same for hop in trace.hops for same in hop.same} >= {in_documents(e.hop) for e in trace.events}


@pytest.mark.parametrize(
    ("says", "said", "decides", "next_ids"),
    [
        ("the delivery", [client(), sent(), Removed("A1")], 1, []),
        ("what the next server calls it", [client(), sent(next_id="XY"), Removed("A1")], 1, ["XY"]),
        ("of the last hop", [*RELAYED, Removed("B2")], 3, []),
        ("nothing yet", [client(recipients=[BOB])], None, []),
        (
            "the filter's result, where it keeps it",
            [client(), to_filter(log_id="1-1"), result(BOB, log_id="1-1", passed=False, quarantine_ids=["k1"])],
            2,
            [],
        ),
    ],
)
def test_the_line_that_decided(says: str, said: list[Said], decides: int | None, next_ids: list[str]) -> None:
    """Told by the document, so that nobody works it out again."""
    (trace,) = traces_of(events(said))
    lines = [one.digest for one in events(said)]
    assert trace.decided == (None if decides is None else lines[decides]), says
    assert trace.next_ids == next_ids
