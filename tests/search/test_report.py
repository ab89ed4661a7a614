"""The Email Report: what became of a message, its steps and hops, what is related, and what a caller may not see."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import msgspec
import pytest
from answer_samples import ANN, BOB, CARLA, FIRST, HOST, SCAN, SECOND, T0, Lines, kept_journey, only, scanned_journey, stored, trace

from mappings import facts, keys
from mappings.codes import Move
from mappings.links import How
from mappings.log_words import Action, Decider, Finding, Stage, Status
from mappings.sentences import words_of
from mappings.trace import HopLink, Related, Trace
from mappings.vocabulary import Disposition, Reason, Verdict
from search import journey
from search.answers import Hop, ReportAnswer, Step
from search.engines import Page
from search.engines.embedded import EmbeddedEngine
from search.explain import explain
from search.journey import deciding
from search.query import Query
from search.related import LIMIT
from search.scope import EVERYTHING, Scope
from search.service import MailTrace
from search.stated import stated
from search.summary import summary
from search.view import ANOTHER, View


def report(folder: Path, wanted: Trace, *others: Trace, scope: Scope = EVERYTHING, lang: str = "en") -> ReportAnswer:
    """Give the report on a trace out of a real store."""
    with stored(folder, wanted, *others, scope=scope) as mail:
        answer = mail.report(wanted.id, lang=lang)
    assert answer is not None
    return answer


def hops(wanted: Trace) -> list[Hop]:
    """The hops of a trace, for whoever may see everything."""
    return journey.hops(wanted, stated(wanted), View(EVERYTHING))


def timeline(wanted: Trace, scope: Scope = EVERYTHING) -> list[Step]:
    """The steps of a trace."""
    return journey.timeline(wanted, stated(wanted), View.of(wanted, scope))


# Hops ---------------------------------------------------------------------------------------------------------------------


def test_hops_stand_in_the_order_of_the_way_not_of_the_lines() -> None:
    """The scan stands between the queue file that it read and the one that it made, though its line comes later."""
    way = hops(scanned_journey())
    assert [(hop.kind, hop.queue_id or hop.mail_id) for hop in way] == [("queue", FIRST), ("scan", SCAN), ("queue", SECOND)]


def test_each_hop_says_what_joins_it_to_the_one_before() -> None:
    """A hop names the hop that it follows, the evidence, and how sure that is."""
    first, scan, second = hops(scanned_journey())
    assert (first.follows, first.evidence, first.confidence) == (None, None, None)
    assert (scan.follows, scan.confidence) == (first.id, "certain")
    assert scan.evidence is not None
    assert FIRST in scan.evidence
    assert (second.follows, second.confidence) == (scan.id, "certain")
    assert second.evidence is not None
    assert SECOND in second.evidence


def test_a_hop_tells_its_client_times_programs_and_result() -> None:
    """A queue file has its client and whether it was removed, a scan its result and score."""
    first, scan, second = hops(scanned_journey())
    assert (first.client, first.removed, first.result) == ("mail.sender.example[203.0.113.5]", True, None)
    assert (first.begin, first.end) == ("2026-11-24T04:06:42.000Z", "2026-11-24T04:06:42.700Z")
    assert first.programs == ["smtpd", "qmgr", "smtp"]
    assert (scan.result, scan.score, scan.removed, scan.host) == ("Passed CLEAN", -1.5, None, HOST)
    assert second.client == "localhost[127.0.0.1]"


def test_a_scan_that_names_no_queue_id_is_joined_by_its_log_id_and_less_sure() -> None:
    """Where the filter's line lacks the queue id, the log id in its reply joins it; log ids repeat, so it is only likely."""
    first, scan = hops(kept_journey())
    assert (scan.kind, scan.follows, scan.confidence) == ("scan", first.id, "likely")
    assert scan.result == "Blocked INFECTED (Eicar-Test-Signature)"


def test_a_scan_and_its_first_lines_are_one_hop() -> None:
    """Lines of the filter without mail id belong to the scan that the document names."""
    lines, queue, scan, log_id = Lines(), keys.queue(HOST, FIRST), keys.scan(SCAN), keys.log_id(HOST, "1-1")
    lines.add("smtpd", queue, facts.Received(FIRST), "Accepted")
    lines.add("amavis", log_id, facts.Inspected("1-1"), "Looks at it")
    result = facts.Scanned(SCAN, "1-1", passed=True, category="CLEAN", origin_queue_id=FIRST)
    named = lines.add("amavis", scan, result, "Passed")
    wanted = trace(events=lines.made, hops=[HopLink(queue), HopLink(scan, queue, How.SCAN_OF, named, FIRST, [log_id])])
    assert [(hop.id, hop.mail_id) for hop in hops(wanted)] == [(queue, None), (scan, SCAN)]
    assert [step.hop for step in timeline(wanted)] == [queue, scan, scan]


def test_a_refusal_is_joined_to_what_screening_found() -> None:
    """A refusal before the dialogue follows the connection that screening judged."""
    lines, peer, line = Lines(), keys.peer(HOST, "203.0.113.98", 47975), keys.line("ab")
    lines.add("postscreen", peer, facts.Screened("203.0.113.98", 47975, Finding.DENYLISTED), "On the deny list")
    refused = facts.Ruled(None, Action.REJECT, Stage.RCPT, source=Decider.SCREEN, recipients=[BOB])
    named = lines.add("postscreen", line, refused, "Refused", [BOB])
    linked = [HopLink(peer), HopLink(line, peer, How.PEER, named, "[203.0.113.98]:47975")]
    way = hops(trace(events=lines.made, queue_ids=[], hops=linked, disposition=Disposition.REJECTED))
    assert [hop.kind for hop in way] == ["connection", "refusal"]
    assert (way[1].follows, way[1].evidence, way[1].confidence) == (peer, "the same connection [203.0.113.98]:47975", "certain")


@pytest.mark.parametrize(
    ("how", "named", "evidence", "confidence"),
    [
        (How.RELAY, SECOND, f"“queued as {SECOND}” in the line of smtp", "certain"),
        (How.FORWARDED, SECOND, f"“forwarded as {SECOND}” in the line of smtp", "certain"),
        (How.NEXT, SECOND, f"“queued_as: {SECOND}” in the line of smtp", "certain"),
        (How.ORIGIN, FIRST, f"smtp names {FIRST} as the queue id before the filter", "certain"),
        (How.REQUEUE, FIRST, f"requeued by an administrator from {FIRST}", "certain"),
        (How.SCAN_OF, FIRST, f"“Queue-ID: {FIRST}” in the line of the filter", "certain"),
        (How.UNSEEN, SECOND, f"both name the next queue id {SECOND}", "certain"),
        (How.ANSWERED, "1-1", "“id=1-1” in the answer of the filter", "likely"),
    ],
)
def test_each_way_of_naming_has_its_sentence(how: How, named: str, evidence: str, confidence: str) -> None:
    """What the document says of a hop, a report says in words: what is named, and who names it."""
    lines, first, second = Lines(), keys.queue(HOST, FIRST), keys.queue(HOST, SECOND)
    line = lines.add("smtp", first, facts.Attempted(FIRST, BOB, Status.SENT), "Sent")
    lines.add("smtpd", second, facts.Received(SECOND), "Accepted")
    _, hop = hops(trace(events=lines.made, hops=[HopLink(first), HopLink(second, first, how, line, named)]))
    assert (hop.follows, hop.evidence, hop.confidence) == (first, evidence, confidence)


def test_a_line_of_another_recipient_is_told_by_who_writes_such_lines() -> None:
    """What says that hops follow each other may stand in a line that is none of this recipient's."""
    wanted = scanned_journey()
    first, scan, second = wanted.hops
    wanted.hops = [first, msgspec.structs.replace(scan, how=How.RELAY, line="ab", named=SECOND), msgspec.structs.replace(second, line="ab")]
    assert [hop.evidence for hop in hops(wanted)] == [
        None,
        f"“queued as {SECOND}” in the line of the mail server",
        f"“queued_as: {SECOND}” in the line of the filter",
    ]


def test_how_a_newer_release_knows_it_is_not_told() -> None:
    """The hop is shown with the one before it."""
    wanted = scanned_journey()
    wanted.hops[1] = msgspec.convert({"id": wanted.hops[1].id, "follows": wanted.hops[0].id, "how": "divined"}, HopLink)
    hop = hops(wanted)[1]
    assert (hop.follows, hop.evidence, hop.confidence) == (wanted.hops[0].id, None, "likely")


def test_a_document_that_names_no_hops_has_them_in_the_order_of_its_lines() -> None:
    """Documents of revisions before 4 do not say what decided and what joins: nothing is worked out anew."""
    wanted = scanned_journey(hops=[], decided=None)
    way = hops(wanted)
    assert [hop.id for hop in way] == [keys.queue(HOST, FIRST), keys.queue(HOST, SECOND), keys.scan(SCAN)]
    assert {(hop.follows, hop.evidence, hop.confidence) for hop in way} == {(None, None, None)}
    assert not any(step.decides for step in timeline(wanted))


@pytest.mark.parametrize("wanted", [scanned_journey(), kept_journey()], ids=["passed", "kept"])
def test_every_step_belongs_to_a_hop(wanted: Trace) -> None:
    """No step stands outside the hops, and no hop is without a step."""
    assert {step.hop for step in timeline(wanted)} == {hop.id for hop in hops(wanted)}


def test_hops_stand_as_the_document_orders_them() -> None:
    """A scan that was done before the message was queued is the first hop, though its line comes later."""
    lines, queue, scan = Lines(), keys.queue(HOST, FIRST), keys.scan(SCAN)
    lines.add("smtpd", queue, facts.Received(FIRST, client_name="localhost", client_ip="127.0.0.1"), "Accepted")
    result = facts.Scanned(SCAN, "1-1", passed=True, category="CLEAN", recipients=[BOB], next_ids=[FIRST])
    named = lines.add("amavis", scan, result, "Passed CLEAN", [BOB])
    way = hops(trace(events=lines.made, hops=[HopLink(scan), HopLink(queue, scan, How.NEXT, named, FIRST)]))
    assert [hop.kind for hop in way] == ["scan", "queue"]
    assert way[1].follows == scan


def test_a_hop_without_lines_is_not_shown() -> None:
    """A document may name a hop of which none of its lines is: there is nothing to show of it."""
    wanted = scanned_journey()
    wanted.hops = [*wanted.hops, HopLink(keys.queue(HOST, "AA11BB22CC3"))]
    assert len(hops(wanted)) == 3


def test_a_refusal_without_any_id_is_one_hop() -> None:
    """A message refused before it had a queue id has one hop of its own, with its client."""
    lines = Lines()
    fact = facts.Ruled(None, Action.REJECT, Stage.RCPT, client_name="unknown", client_ip="203.0.113.9", recipients=[BOB])
    lines.add("smtpd", keys.line("ab12"), fact, "Refused", [BOB])
    (hop,) = hops(trace(events=lines.made, queue_ids=[], keys=[keys.line("ab12")], disposition=Disposition.REJECTED))
    assert (hop.kind, hop.queue_id, hop.client) == ("refusal", None, "unknown[203.0.113.9]")


# Steps --------------------------------------------------------------------------------------------------------------------


def test_steps_keep_the_order_of_the_document_and_show_their_lines() -> None:
    """Whoever may see everything gets every line as it was read, in the document's order."""
    wanted = scanned_journey()
    steps = timeline(wanted)
    assert [step.raw for step in steps] == [event.raw for event in wanted.events]
    assert [step.words for step in steps] == [words_of(line.fact) for line in stated(wanted) if line.fact is not None]
    assert steps[0].queue_id == FIRST
    assert steps[3].queue_id is None
    assert (steps[3].hop, steps[3].recipients) == (keys.scan(SCAN), [BOB, CARLA])


def test_a_line_that_names_others_is_told_in_words_without_them() -> None:
    """A scoped caller gets no line, no name and no word of a recipient outside his domains."""
    steps = timeline(scanned_journey(), only("example.net"))
    assert (steps[3].raw, steps[3].recipients) == (None, [BOB])
    assert steps[3].words == "The filter passed it as CLEAN, score -1.5"
    assert steps[1].raw is None
    assert steps[4].raw is not None
    assert CARLA not in str(steps)


def test_the_own_recipient_is_no_stranger_to_the_sender(tmp_path: Path) -> None:
    """Whoever sees a trace because he sent it sees the lines that name its recipient alone, and no line that names another."""
    wanted = scanned_journey(visible_to=["example.net", "sender.example"])
    steps = report(tmp_path, wanted, scope=only("sender.example")).timeline
    assert [step.raw is not None for step in steps] == [True, False, True, False, True, True, True, True]
    assert steps[3].recipients == [BOB]
    assert CARLA not in str(steps)


def test_a_count_of_recipients_is_not_told(tmp_path: Path) -> None:
    """The words of a line that counts unnamed recipients do not count them for a scoped caller."""
    wanted = scanned_journey()
    assert report(tmp_path / "scoped", wanted, scope=only("example.net")).timeline[1].words == "Queued: 367 bytes"
    assert report(tmp_path / "all", wanted).timeline[1].words == "Queued: 367 bytes, 2 recipients"


def test_kept_without_lines_a_step_has_none() -> None:
    """Where raw lines are not kept, a step has null for its line, never an empty one."""
    wanted = scanned_journey()
    wanted.events = [msgspec.structs.replace(event, raw="", file="") for event in wanted.events]
    assert {(step.raw, step.file) for step in timeline(wanted)} == {(None, None)}


@pytest.mark.parametrize(
    ("words", "hidden", "shown"),
    [
        ("to carla@other.example.", [CARLA], f"to {ANOTHER}."),
        ("to CARLA@Other.Example", [CARLA], f"to {ANOTHER}"),
        ("to <carla@other.example>,<bob@example.net>", [CARLA], f"to <{ANOTHER}>,<bob@example.net>"),
        ("to xcarla@other.example", [CARLA], f"to {ANOTHER}"),
        ('to "car la"@other.example now', ['"car la"@other.example'], f"to {ANOTHER} now"),
        ("to dora@xn--bcher-kva.example", ["dora@bücher.example"], f"to {ANOTHER}"),
        # A name that the line was not noted to name.
        ("to zoe@third.example", [], f"to {ANOTHER}"),
        ("from ann@sender.example", [CARLA], "from ann@sender.example"),
        ("Message-ID m1@client.example", [CARLA], "Message-ID m1@client.example"),
        ("to carla@other.example.org", [CARLA], f"to {ANOTHER}"),
        ("to root, rooted", ["root"], f"to {ANOTHER}, rooted"),
        ("Queued: 367 bytes, 2 recipients", [], "Queued: 367 bytes"),
        ("no address, 3@ and @ alone", [CARLA], f"no address, {ANOTHER} and {ANOTHER} alone"),
    ],
)
def test_words_are_made_neutral(words: str, hidden: list[str], shown: str) -> None:
    """No form of an address outside the scope stays in the words; what the trace shows anyway does."""
    assert View(only("example.net"), [ANN, BOB, "m1@client.example"]).words(words, hidden) == shown


def test_making_words_neutral_takes_no_long_time_on_hostile_text() -> None:
    """A word of a million characters is gone through once."""
    word = "a" * 1_000_000
    assert View(only("example.net")).words(word, [CARLA]) == word


# What decided, in one sentence ----------------------------------------------------------------------------------------------


def test_the_step_that_decided_is_marked() -> None:
    """The line that the document names: the delivery at the last hop, though the first hop's line is later; the scan of a kept one."""
    assert [step.words for step in timeline(scanned_journey()) if step.decides] == [
        "Delivered to mailstore.example.org[198.51.100.9]:25: 250 2.0.0 Ok"
    ]
    assert [step.program for step in timeline(kept_journey()) if step.decides] == ["amavis"]


def test_where_no_line_decides_none_is_named() -> None:
    """A fate that no single line made has no deciding line."""
    assert deciding(scanned_journey(decided=None)) is None


def put_off(*skipped: bool) -> Trace:
    """Give a message that is put off, each line of which is a try or says that none was made; the last try decides."""
    lines, q1, decided = Lines(), keys.queue(HOST, FIRST), None
    for number, one in enumerate(skipped):
        fact = facts.Attempted(FIRST, BOB, Status.DEFERRED, reply=facts.Reply(text=f"number {number}"), skipped=one)
        line = lines.add("exim", q1, fact, "x", [BOB])
        decided = decided if one else line
    return trace(events=lines.made, disposition=Disposition.DEFERRED, attempts=sum(not one for one in skipped), decided=decided)


def test_the_last_try_is_told_and_no_line_behind_it() -> None:
    """The line behind it that says when it is tried again is no try."""
    tried = put_off(False, True)
    tried.last_event_ms = T0 + 900_000
    assert "1 attempt, the last on 24 Nov 2026 04:06 UTC" in summary(tried)
    assert "2 attempts, the last on " in summary(put_off(False, False, True))
    assert "no delivery was tried yet" in summary(put_off(True, True))


def test_of_an_older_document_the_time_is_that_of_its_reply() -> None:
    """Documents of revisions before 4 name no line that decided; a line behind the reply, such as one of a day later, is not its time."""
    tried = put_off(False, True)
    tried.decided, tried.last_event_ms = None, T0 + 86_400_000
    tried.reply_text, tried.enhanced_code = "number 0", None
    assert "1 attempt, the last on 24 Nov 2026 04:06 UTC" in summary(tried)


def test_the_summary_of_a_kept_message_says_when_and_what_was_found() -> None:
    """A support person reads outcome, time, cause and detail in one sentence."""
    said = summary(kept_journey())
    assert said == "Quarantined on 24 Nov 2026 04:06 UTC: the filter found malware (Eicar-Test-Signature) and kept it."


@pytest.mark.parametrize("disposition", list(Disposition))
@pytest.mark.parametrize("reason", [None, Reason.UNKNOWN, Reason.MAILBOX_FULL, Reason.SPAM])
def test_every_summary_is_one_sentence_that_begins_with_the_outcome(disposition: Disposition, reason: Reason | None) -> None:
    """Whatever is known and not known, there is a whole sentence, without gaps and without empty brackets."""
    bare = trace(disposition=disposition, reason=reason, relay=None, detail=None, score=None, attempts=0, events=[])
    said = summary(bare)
    assert said.endswith(".")
    assert "None" not in said
    assert "()" not in said
    assert "  " not in said
    assert said.count(".") == 1
    assert "the log lines do not say" not in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "Delivered on 24 Nov 2026 04:06 UTC: accepted by mailstore.example.org[198.51.100.9]:25."),
        ({"verdict": Verdict.SUSPECT, "score": 6.4}, "the filter took it for spam-like mail with a score of 6.4."),
        ({"relay": "local"}, "Delivered on 24 Nov 2026 04:06 UTC."),
        ({"disposition": Disposition.RELEASED, "verdict": Verdict.BANNED}, "because it found an attachment that is not allowed."),
        ({"disposition": Disposition.EXPIRED, "reason": Reason.EXPIRED}, "given up after too long a time in the queue."),
        ({"quarantine_id": "e/x"}, "; the filter kept a copy (e/x)."),
        (
            {"disposition": Disposition.BOUNCED, "reason": Reason.RECIPIENT_UNKNOWN, "sender_notified": True},
            "such mailbox; the sender was told.",
        ),
        (
            {"disposition": Disposition.DEFERRED, "reason": Reason.MAILBOX_FULL, "attempts": 3},
            "Deferred: the mailbox is full; 3 attempts, the last",
        ),
        (
            {"disposition": Disposition.REJECTED, "reason": Reason.RELAY_DENIED, "reply_by": "local"},
            "before it was accepted: the server does not relay",
        ),
    ],
)
def test_a_summary_tells_what_is_known(changes: dict[str, object], said: str) -> None:
    """Server, mark of the filter, kept copy, reason, attempts and notice stand in the sentence where they are known."""
    assert said in summary(msgspec.structs.replace(trace(), **changes))


# The report out of a store --------------------------------------------------------------------------------------------------


def test_a_report_holds_answer_explanation_and_evidence(tmp_path: Path) -> None:
    """The report on a kept message has its summary, the customer's text, the steps and hops, and nothing related."""
    wanted = kept_journey()
    answer = report(tmp_path, wanted)
    assert answer.trace.id == wanted.id
    assert answer.summary == summary(wanted)
    assert answer.customer_text == answer.explanation.customer_text
    assert answer.explanation == explain(wanted)
    assert [step.program for step in answer.timeline] == ["smtpd", "amavis", "smtp", "qmgr"]
    assert [hop.kind for hop in answer.hops] == ["queue", "scan"]
    assert answer.related == []
    assert answer.warnings == []


def test_an_incomplete_journey_says_so(tmp_path: Path) -> None:
    """A report whose lines were not all seen warns."""
    assert "not seen" in report(tmp_path, trace(incomplete=True)).warnings[0]


def test_other_recipients_are_related_as_far_as_they_are_in_scope(tmp_path: Path) -> None:
    """Everything sees both copies; a tenant sees no trace of the copy for somebody else's domain, not even a number."""
    carla = trace(CARLA, message_id="m1@client.example")
    (other,) = report(tmp_path, scanned_journey(), carla).related
    assert (other.id, other.how, other.recipient, other.confidence) == (carla.id, "recipient", CARLA, "certain")
    scoped = report(tmp_path, scanned_journey(), carla, scope=only("example.net"))
    assert (scoped.related, scoped.warnings) == ([], [])
    assert b"carla" not in msgspec.json.encode(scoped).lower()


def test_a_later_message_under_a_reused_queue_id_is_not_related(tmp_path: Path) -> None:
    """Another message that gets the same queue id an hour later is no recipient of this one."""
    later = trace(CARLA, time_ms=T0 + 3_600_000)
    assert report(tmp_path, trace(), later).related == []


def test_a_bounce_and_its_cause_know_each_other(tmp_path: Path) -> None:
    """The message names its notice, the notice its message, and neither lists itself or the other's twin as more."""
    notice_key, parent_key = keys.queue(HOST, "AA11BB22CC3"), keys.queue(HOST, FIRST)
    parent = trace(disposition=Disposition.BOUNCED, related=[Related("notice", notice_key)])
    parent.keys = [*parent.keys, notice_key]
    notice = trace(ANN, first="AA11BB22CC3", time_ms=T0 + 800, sender="", related=[Related("notice_of", parent_key)])
    notice.keys = [*notice.keys, parent_key]
    (found,) = report(tmp_path, parent, notice).related
    assert (found.id, found.how, found.confidence) == (notice.id, "notice", "certain")
    assert "AA11BB22CC3" in found.evidence
    (cause,) = report(tmp_path, notice, parent).related
    assert (cause.id, cause.how) == (parent.id, "notice_of")


def test_a_notice_is_no_recipient_of_its_parent(tmp_path: Path) -> None:
    """A notice whose lines name its parent's queue id is listed as the notice, once, and never as another recipient."""
    notice_key = keys.queue(HOST, "AA11BB22CC3")
    parent = trace(related=[Related("notice", notice_key)])
    notice = trace(ANN, first="AA11BB22CC3", message_id=None)
    notice.keys = [keys.queue(HOST, FIRST), notice_key]
    assert [one.how for one in report(tmp_path, parent, notice).related] == ["notice"]


def test_two_notices_of_one_scan_are_not_each_others_cause(tmp_path: Path) -> None:
    """A notice names the scan that it is about: the scanned message is its cause, another notice of that scan is not."""
    scan = keys.scan(SCAN)
    cause = kept_journey()
    notices = [trace(who, first=f"NNNNNNNNN{n}", sender="", related=[Related("notice_of", scan)]) for n, who in enumerate((ANN, CARLA))]
    for notice in notices:
        notice.keys = [*notice.keys, scan]
    (found,) = report(tmp_path, notices[0], notices[1], cause).related
    assert (found.id, found.how, found.evidence) == (cause.id, "notice_of", f"the log names its scan {SCAN}")


def test_a_key_that_others_only_name_does_not_list_them(tmp_path: Path) -> None:
    """Who merely names the queue id of a notice, as another message of one session may, is not related by it."""
    notice_key = keys.queue(HOST, "AA11BB22CC3")
    stranger = trace(CARLA, first="EEEEEEEEEE")
    stranger.keys = [*stranger.keys, notice_key]
    assert report(tmp_path, trace(related=[Related("notice", notice_key)]), stranger).related == []


def test_a_related_queue_id_of_another_time_is_only_guessed(tmp_path: Path) -> None:
    """A key whose only owner lived at another time is shown, and marked as not sure."""
    wanted = trace(related=[Related("notice", keys.queue(HOST, "AA11BB22CC3"))])
    old = trace(ANN, first="AA11BB22CC3", time_ms=T0 - 86_400_000)
    (found,) = report(tmp_path, wanted, old).related
    assert (found.id, found.confidence) == (old.id, "guessed")


def test_the_next_server_of_another_log_domain_is_joined_by_the_queue_id_of_the_reply(tmp_path: Path) -> None:
    """The hop at another server is found by the id that its reply named, and knows the hop before it."""
    here = trace()
    there = trace(first="4Sink00001", log_domain="store1", time_ms=T0 + 500, message_id=here.message_id, next_ids=[])
    (found,) = report(tmp_path, here, there).related
    assert (found.id, found.how, found.host, found.confidence) == (there.id, "next_hop", "store1", "certain")
    (back,) = report(tmp_path, there, here).related
    assert (back.id, back.how, back.confidence) == (here.id, "previous_hop", "certain")


def test_without_its_message_id_the_next_server_is_only_likely(tmp_path: Path) -> None:
    """Queue ids of strangers repeat, so an id alone is no certainty."""
    there = trace(first="4Sink00001", log_domain="store1", message_id=None)
    (found,) = report(tmp_path, trace(), there).related
    assert (found.how, found.confidence) == ("next_hop", "likely")


def test_a_message_id_alone_joins_other_log_domains_as_a_guess(tmp_path: Path) -> None:
    """The same Message-ID elsewhere is shown as a guess, within the same log domain not at all."""
    here = trace(next_ids=[])
    there = trace(first="QQQQQQQQ1", log_domain="store1", message_id=here.message_id)
    beside = trace(first="QQQQQQQQ2", time_ms=T0 + 1_000, message_id=here.message_id)
    (found,) = report(tmp_path, here, there, beside).related
    assert (found.id, found.how, found.confidence) == (there.id, "same_message_id", "guessed")


def test_a_copy_that_was_sent_on_is_related_as_a_guess(tmp_path: Path) -> None:
    """A forward and a list's copies share the Message-ID, and are handed in on the host while the message is on its way."""
    here = trace(next_ids=[], client_ip="203.0.113.5")
    copy = trace("zoe@example.net", first="QQQQQQQQ2", time_ms=T0 + 1_000, message_id=here.message_id, client_ip=None)
    other = trace("eva@example.net", first="QQQQQQQQ3", time_ms=T0 + 1_000, message_id=here.message_id, client_ip="203.0.113.5")
    late = trace("ida@example.net", first="QQQQQQQQ4", time_ms=T0 + 7_200_000, message_id=here.message_id, client_ip=None)
    (found,) = report(tmp_path, here, copy, other, late).related
    assert (found.recipient, found.how, found.confidence) == ("zoe@example.net", "copy", "guessed")


def test_of_several_recipients_at_the_next_server_the_same_one_is_shown(tmp_path: Path) -> None:
    """Where the next server has a copy for this recipient, the copies for others are no hops of this one."""
    here = trace()
    copies = [trace(who, first="4Sink00001", log_domain="store1", message_id=here.message_id) for who in (BOB, "zoe@example.net")]
    (found,) = report(tmp_path, here, *copies).related
    assert found.recipient == BOB


def _returned(first: str, log_domain: str, **changes: Any) -> Trace:
    """The message of `trace()` as another server returned it."""
    refused = {"disposition": Disposition.BOUNCED, "reason": Reason.MAILBOX_FULL, "reply_code": 552, "enhanced_code": "5.2.2"}
    given = {"reply_text": "552 5.2.2 Quota exceeded (mailbox for user is full)", "reply_by": "remote", "next_ids": []}
    return trace(first=first, log_domain=log_domain, time_ms=T0 + 500, message_id=trace().message_id, **{**refused, **given, **changes})


def test_what_a_next_server_returned_was_not_delivered(tmp_path: Path) -> None:
    """The answer at the first server ends with that: its sentence, why, whose move it is; and which trace tells it."""
    there = _returned("4Sink00001", "store1")
    told = report(tmp_path, trace(), there)
    assert told.later is not None
    assert (told.later.id, told.later.disposition, told.trace.disposition) == (there.id, Disposition.BOUNCED, Disposition.DELIVERED)
    assert told.summary.startswith("Passed on")
    assert "and there bounced on" in told.summary
    assert "the mailbox is full" in told.summary
    assert "At the next mail system it could not be delivered: this mailbox, which is on your side, is full." in told.customer_text
    assert (told.explanation.move, told.explanation.reason_sentence) == (Move.RECIPIENT_ADMIN, "The mailbox is full.")
    assert "Der Grund: " in report(tmp_path, trace(), there, lang="de").customer_text


def test_a_message_is_followed_to_the_last_server_whose_lines_are_here(tmp_path: Path) -> None:
    """The second one took it, and the third returned it; and where both name each other it comes to an end."""
    between = trace(first="4Sink00001", log_domain="relay1", time_ms=T0 + 200, message_id=trace().message_id, next_ids=["4Last00001"])
    last = _returned("4Last00001", "store1", next_ids=["4Sink00001"])
    told = report(tmp_path, trace(), between, last)
    assert told.later is not None
    assert told.later.id == last.id
    assert "could not be delivered" in told.customer_text
    circle = trace(first="4Last00001", log_domain="store1", time_ms=T0 + 500, message_id=trace().message_id, next_ids=["4Sink00001"])
    assert report(tmp_path / "circle", trace(), between, circle).summary.startswith("Delivered on")


def test_what_the_next_server_delivered_is_delivered(tmp_path: Path) -> None:
    """And says so; of what is only guessed nothing is said."""
    there = trace(first="4Sink00001", log_domain="store1", time_ms=T0 + 500, message_id=trace().message_id, next_ids=[])
    told = report(tmp_path, trace(), there)
    assert told.later is not None
    assert told.later.id == there.id
    assert told.summary.startswith("Delivered on")
    assert "At the next mail system it was delivered." in told.customer_text
    assert report(tmp_path / "guessed", trace(next_ids=[]), _returned("QQQQQQQQ1", "store1")).later is None


def test_a_refusal_for_now_and_the_next_try_are_related_as_a_guess(tmp_path: Path) -> None:
    """What came back after "try again later" is shown from both sides; another message of the day is not."""
    refused = trace(first="RRRRRRRRR1", disposition=Disposition.TEMPFAILED, queue_ids=[], keys=[keys.line("ab")], message_id=None)
    again = trace(first="RRRRRRRRR2", time_ms=T0 + 300_000)
    more = trace(first="RRRRRRRRR3", time_ms=T0 + 600_000)
    other_server = trace(first="RRRRRRRRR4", time_ms=T0 + 1_000, client_ip="198.51.100.77")
    (later,) = report(tmp_path, refused, again, more, other_server).related
    assert (later.id, later.how, later.confidence) == (again.id, "later_try", "guessed")
    (earlier,) = report(tmp_path, again).related
    assert (earlier.id, earlier.how) == (refused.id, "earlier_try")
    assert report(tmp_path, more).related == []


def test_what_came_again_and_was_delivered_says_so_at_its_first_try(tmp_path: Path) -> None:
    """Put off twice, then taken, from a neighbour's address: summary, sentence and mover of the first try know it."""
    first = trace(
        first="RRRRRRRRR1",
        disposition=Disposition.TEMPFAILED,
        queue_ids=[],
        keys=[keys.line("ab")],
        message_id=None,
        reason=Reason.GREYLIST,
    )
    second = trace(first="RRRRRRRRR5", time_ms=T0 + 60_000, disposition=Disposition.TEMPFAILED, queue_ids=[], keys=[keys.line("cd")])
    again = trace(first="RRRRRRRRR2", time_ms=T0 + 300_000)
    waiting = report(tmp_path, first, second)
    assert "should arrive soon" in waiting.customer_text
    told = report(tmp_path, first, second, again)
    assert [one.id for one in told.related] == [second.id, again.id]
    assert told.summary.endswith("; it came again later, and was delivered.")
    assert told.customer_text.endswith("at 04:11 UTC, and was delivered.")
    assert told.explanation.move is Move.NOBODY


def test_what_came_again_and_was_kept_says_that(tmp_path: Path) -> None:
    """No later try is called delivered that was not."""
    first = trace(first="RRRRRRRRR1", disposition=Disposition.TEMPFAILED, queue_ids=[], keys=[keys.line("ab")], message_id=None)
    told = report(tmp_path, first, trace(first="RRRRRRRRR2", time_ms=T0 + 300_000, disposition=Disposition.QUARANTINED))
    assert "was kept back by the mail filter" in told.customer_text
    assert "delivered" not in told.customer_text


@pytest.mark.parametrize("message_id", ["*", "a?@*", "x" * 2_000, "a\x00b@c"])
def test_a_hostile_message_id_asks_for_nothing(tmp_path: Path, message_id: str) -> None:
    """Wildcards, control characters and endless text in a Message-ID neither raise nor find others."""
    other = trace(first="ZZZZZZZZ1", log_domain="store1")
    wanted = trace(message_id=message_id)
    with stored(tmp_path, wanted, other):
        pass
    engine = Listening(tmp_path)
    with MailTrace(engine) as mail:
        answer = mail.report(wanted.id)
    assert answer is not None
    assert answer.related == []
    assert not any(query.message_id for query in engine.asked)


class Listening(EmbeddedEngine):
    """The real engine, which also keeps what it was asked."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.asked: list[Query] = []

    def search(self, query: Query, scope: Scope, *, limit: int, cursor: str | None = None) -> Page:
        """Note the question and answer it."""
        self.asked.append(query)
        return super().search(query, scope, limit=limit, cursor=cursor)


def test_a_long_list_is_cut_and_says_so(tmp_path: Path) -> None:
    """More related traces than a report lists are not listed, and the report says that there are more."""
    many = [trace(f"r{number}@example.net") for number in range(LIMIT + 5)]
    answer = report(tmp_path, trace(), *many)
    assert len(answer.related) == LIMIT
    assert any("more related mail" in warning for warning in answer.warnings)


def test_a_superseded_trace_is_never_related(tmp_path: Path) -> None:
    """What was replaced is not shown beside what replaced it."""
    wanted = trace()
    gone = trace(CARLA, superseded_by=[wanted.id])
    assert report(tmp_path, wanted, gone).related == []


def test_a_scope_is_a_value() -> None:
    """A scope cannot be widened in place."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        only("example.net").domains = None  # type: ignore[misc]
