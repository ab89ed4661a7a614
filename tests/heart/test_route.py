"""Routes: for each kind of fact the hops whose line it is, the ones that it names, whom it lists, and by which ids its journey is found."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from heart_cases import ANN, BOB, EVE, INFO, LOOPBACK, OUTSIDE, At, client, event, looked, result, sent, to_filter

from ingest.joining.way import SessionRole
from ingest.joining.within import Within
from mappings import keys
from mappings.facts import (
    FACTS,
    Administered,
    Connected,
    Expired,
    Fact,
    Filed,
    Hindered,
    Identified,
    Infected,
    Judged,
    Nothing,
    Noticed,
    Passed,
    Queued,
    Received,
    Release,
    Removed,
    Ruled,
    Screened,
    Signed,
    Unread,
    kind_of,
)
from mappings.log_words import Action, Contact, Decider, Filing, Finding, Handling, Notice, Sending, Stage

A1, B2, M1, L1 = "q:mx/A1", "q:mx/B2", "m:M1", "l:mx/1-1"


@dataclass(frozen=True)
class Row:
    """A fact, and what follows from it. `line` stands for the key of a line that is a hop by itself."""

    says: str
    fact: Fact
    #: Hops whose line it is.
    of: str = ""
    #: Hops that it names, and how.
    names: str = ""
    #: Further ids by which its journey is found.
    found: str = ""
    people: str = ""
    #: `new` where it begins something, so that its id is new at the front; `more` where it counts, or leaves out, recipients; its role.
    marks: str = ""
    #: What is looked up beside its own hops.
    asked: str = ""


def ruled(
    action: Action, source: Decider = Decider.ACCESS, stage: Stage = Stage.RCPT, queue_id: str | None = None, **more: str | int
) -> Ruled:
    """A decision in the dialogue."""
    return Ruled(queue_id, action, stage, source, client_ip=OUTSIDE, sender=ANN, recipients=[BOB], **more)  # type: ignore[arg-type]


PEER = "p:mx/[192.0.2.7]:25001"
LISTED, BEFORE = keys.listing("mx", OUTSIDE, 0), keys.listing("mx", OUTSIDE, -1)
ROWS = (
    Row(
        "a client begins a queue file",
        client(message_id="x@out", recipients=[BOB]),
        A1,
        "",
        "j:x@out",
        BOB,
        marks="new begin",
        asked="i:x@out",
    ),
    Row("one behind the filter", client("B2", LOOPBACK, origin_queue_id="A1"), B2, f"origin {A1}", A1, marks="new begin", asked=A1),
    Row("put back", Received("B2", uid=0, requeued_from="A1"), B2, f"requeue {A1}", A1, marks="new begin", asked=A1),
    Row("split off", Received("B2", split_from="A1"), B2, f"split {A1}", A1, marks="new begin", asked=A1),
    Row("made for another message", Received("B2", made_for="A1"), f"{B2} {A1}", marks="begin"),
    Row("said before there is a queue file", Received(None, client_ip=OUTSIDE), marks="ahead"),
    Row("a Message-ID", Identified("A1", "x@out"), A1, "", "j:x@out", asked="i:x@out"),
    Row("a Message-ID of a resending", Identified("B2", "y@out", resent=True, mail_id="M1"), B2, "resent m:M1", "m:M1 j:y@out", asked=M1),
    Row("a Message-ID that names what it is a notice about", Identified("B2", "y@out", mail_id="M1"), B2, "", "j:y@out", asked="i:y@out"),
    Row("delivered in a session of a store", sent(session="S1"), A1, "filed d:S1", "d:S1", BOB, asked="d:S1"),
    Row("a rule about a queue file", ruled(Action.HOLD, queue_id="A1", log_id="1-1"), A1, f"answered {L1}", L1, BOB),
    Row("sent elsewhere", Ruled("A1", Action.REDIRECT, Stage.RCPT, recipients=[BOB], target=EVE), A1, people=f"{BOB} {EVE}"),
    Row("a refusal without a queue file", ruled(Action.REJECT), "line", people=BOB, marks="new"),
    Row(
        "a refusal of a connection",
        ruled(Action.REJECT, Decider.SCREEN, client_port=25001),
        "line",
        f"peer {PEER} listed {LISTED} listed {BEFORE}",
        f"{PEER} {LISTED} {BEFORE}",
        BOB,
        marks="new",
        asked=f"{PEER} {LISTED} {BEFORE}",
    ),
    Row("a decision about the next queue file", ruled(Action.HOLD), people=BOB, marks="ahead"),
    Row("too large, said before the answer", ruled(Action.REJECT, Decider.SIZE, Stage.DATA), people=BOB, marks="ahead"),
    Row("a refusal that names nobody", Ruled(None, Action.REJECT, Stage.CONNECT, more=True), marks="more"),
    Row(
        "an answer of a filter before the queue",
        ruled(Action.ACCEPT, Decider.PROXY, next_id="B2", log_id="1-1"),
        B2,
        f"answered {L1}",
        L1,
        BOB,
        marks="begin",
    ),
    Row("a refusal of it", ruled(Action.REJECT, Decider.PROXY, log_id="1-1"), L1, f"answered {L1}", "", BOB, marks="begin"),
    Row("a refusal of one that names no scan", ruled(Action.REJECT, Decider.PROXY), "line", people=BOB, marks="new begin"),
    Row("complete", Queued("A1", ANN, 1000, 1), A1),
    Row("for several", Queued("A1", ANN, 1000, 2), A1, marks="more"),
    Row("a delivery", sent(original=INFO), A1, people=f"{BOB} {INFO}"),
    Row("a delivery to a stranger, who names his own ids", sent(next_id="B2", log_id="1-1"), A1, "", L1, BOB),
    Row("a hand-over", to_filter(next_id="B2", log_id="1-1"), A1, f"relay {B2} answered {L1}", f"{B2} {L1}", BOB, asked=B2),
    Row("a forwarding", sent(next_id="B2", forwarded=True), A1, f"forwarded {B2}", B2, BOB, asked=B2),
    Row("a server that did not take it", Hindered("A1", "mx1.example.net", "198.51.100.21"), A1),
    Row("given up", Expired("A1"), A1),
    Row("gone", Removed("A1"), A1),
    Row("an administrator", Administered("A1", Handling.HOLD), A1),
    Row("a notice", Noticed("A1", "B2", Notice.DELAY), f"{A1} {B2}"),
    Row("TLS", Connected(Contact.TLS), marks="common"),
    Row("a lost connection", Connected(Contact.LOST), marks="behind"),
    Row("a finding about a connection", Screened(OUTSIDE, 25001, Finding.DNSBL), PEER, marks="new"),
    Row("what a list said of an address", Screened(OUTSIDE, 0, Finding.LISTED), LISTED, marks="new"),
    Row("a signature", Signed("A1", "pass"), A1),
    Row(
        "a filter's result",
        result(BOB, log_id="1-1", origin_queue_id="A1", next_ids=["B2"], quarantine_ids=["k1"], others=[EVE]),
        M1,
        f"scan_of {A1} next {B2} log {L1}",
        f"{A1} {B2} {L1} z:k1",
        f"{BOB} {EVE}",
        marks="new",
        asked=f"{A1} {B2} {L1}",
    ),
    Row("a filter's result that was cut", result(BOB, mail_id=None, log_id="1-1", cut=True), L1, f"log {L1}", "", BOB, marks="new more"),
    Row("what was refused behind it", result(BOB, behind=True, message_id="x@out"), M1, "refused i:x@out", "", BOB, marks="new"),
    Row(
        "a result for a queue file",
        Judged("rspamd", "A1", "t1", recipients=[BOB], more=True),
        A1,
        f"task {A1} answered l:mx/t1",
        "l:mx/t1",
        BOB,
        marks="more",
    ),
    Row("a result of a task", Judged("rspamd", None, "t1"), "l:mx/t1", marks="new"),
    Row(
        "a result of a task that names a Message-ID",
        Judged("rspamd", None, "t1", "x@out", score=1.0),
        "j:x@out",
        "answered l:mx/t1",
        "l:mx/t1",
        marks="new",
    ),
    Row("a result that has a Message-ID only", Judged("spamassassin", message_id="x@out"), "j:x@out", marks="new"),
    Row("a result of nobody", Judged("spamassassin")),
    Row("a run of a filter", looked(folder="d", recipients=[BOB]), L1, f"log {L1} folder f:mx/d", "", BOB, marks="new"),
    Row("a run with its mail id", looked(mail_id="M1"), M1, f"log {L1}", L1, marks="new", asked=L1),
    Row(
        "given on",
        Passed(Sending.FORWARD, "M1", "1-1", recipients=[BOB], next_id="B2"),
        M1,
        f"passed {B2} log {L1}",
        f"{B2} {L1}",
        BOB,
        asked=B2,
    ),
    Row("let go", Passed(Sending.RELEASE, "M1", next_id="B2"), M1, f"release {B2}", B2, asked=B2),
    Row("a notice of the filter", Passed(Sending.NOTICE, "M1", next_id="B2"), f"m:M1 {B2}"),
    Row("asked for", Release("M1", "R1", recipients=[BOB]), M1, people=BOB),
    Row("a virus in a folder", Infected("d", "Eicar"), "f:mx/d", marks="new"),
    Row("a virus in a queue file", Infected("d", "Eicar", "A1"), A1),
    Row("a virus in a file of nobody", Infected(None, "Eicar")),
    Row(
        "what a store did in a session",
        Filed(Filing.STORED, BOB, "S1", "x@out"),
        "d:S1",
        f"boxed b:{BOB}/x@out",
        "j:x@out",
        BOB,
        "new",
        "j:x@out",
    ),
    Row(
        "to a mailbox", Filed(Filing.STORED, BOB, None, "x@out"), f"b:{BOB}/x@out", f"boxed b:{BOB}/x@out", "j:x@out", BOB, "new", "j:x@out"
    ),
    Row("with a message that has no id", Filed(Filing.STORED, BOB), people=BOB),
    Row("a line that we failed on", Unread("A1"), A1, marks="more"),
    Row("one without an id", Unread(), marks="more"),
)


@pytest.mark.parametrize("row", ROWS, ids=[f"{kind_of(row.fact)}: {row.says}" for row in ROWS])
def test_where_a_fact_belongs(row: Row) -> None:
    """Whose line it is, what it names, by which ids it is found, and its part in its session."""
    one = event(row.fact)
    route = one.route
    said = ["line" if key == keys.line(one.digest) else keys.in_documents(key) for key in route.owners]
    names = [f"{how} {key}" for how, key in route.names]
    assert (" ".join(said), " ".join(names)) == (row.of, row.names)
    assert set(route.ids) - {*said, keys.line(one.digest)} == set(row.found.split())
    role = "" if route.role is None else route.role.name.lower()
    marks = ("new" if route.begins else "", "more" if row.fact.counts_more() else "", role)
    assert " ".join(filter(None, marks)) == row.marks
    asked = {*route.mentions, *route.told_alone, *(set(route.own) - set(route.owners))}
    assert asked == set(row.asked.split())
    assert row.fact.people() == row.people.split()


def test_each_kind_of_fact_has_a_row() -> None:
    """None is without its way."""
    assert {kind_of(row.fact) for row in ROWS} == set(FACTS)


def test_a_line_of_a_process_that_is_not_known_is_of_no_session() -> None:
    """It begins its message all the same."""
    route = event(At(0, client(), pid=0)).route
    assert (route.begins, route.role) == (True, None)


def test_what_is_thrown_away_outside_of_any_session_is_told_by_itself() -> None:
    """No queue file comes behind it to which it could be given."""
    thrown = event(At(0, ruled(Action.DISCARD), pid=0))
    assert thrown.route.owners == (keys.line(thrown.digest),)
    assert event(ruled(Action.DISCARD)).route.role is SessionRole.AHEAD


def test_in_a_log_domain_of_several_hosts_a_beginning_is_looked_up() -> None:
    """A filter on another host may have told of it before."""
    several = Within(several=True)
    assert event(client(), several).route.own == (A1,)
    assert event(client()).route.own == ()
    assert event(At(0, Judged("rspamd", "A1"), "scan"), several).route.mentions == ("q:scan/A1",)


def test_a_line_that_says_nothing_is_of_its_queue_file() -> None:
    """So that it takes back what was said of it when we failed on it."""
    assert event(Nothing("A1")).route.owners == (A1,)


def test_ids_are_of_their_host() -> None:
    """The same queue id elsewhere is another message."""
    assert event(At(0, client(), "other")).route.owners != event(client()).route.owners
