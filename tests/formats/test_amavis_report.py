"""The summary of amavis as JSON says what the text form says, and no stranger's text gets out of its string."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.format_samples import framed
from ingest.formats import UNKNOWN, parser_of
from mappings.facts import Scanned

REPORT: dict[str, object] = {
    "action": ["PASS"],
    "actions_performed": "RelayedInbound",
    "author": ["max@sender.example"],
    "client_ip": "203.0.113.5",
    "client_port": 41549,
    "content_type": "CleanTag",
    "ip_trace": ["203.0.113.5"],
    "log_id": "00235-02",
    "mail_from": "max@sender.example",
    "mail_id": "rEde0x3Se_vt",
    "message_id": "<a1@client.example>",
    "queue_id": "80582186537",
    "queued_as": ["3033D18654F"],
    "rcpt_to": ["anna@example.com", "bob@example.com"],
    "recipients": [
        {"action": "PASS", "ccat_main": "CleanTag", "queued_as": "3033D18654F", "rcpt_to": "anna@example.com", "spam_score": 1.3},
        {"action": "PASS", "ccat_main": "CleanTag", "queued_as": "3033D18654F", "rcpt_to": "bob@example.com", "spam_score": 1.3},
    ],
    "size": 593,
    "spam_score": 1.3,
    "subject": "Figures",
}
TEXT = (
    "(00235-02) Passed CLEAN {RelayedInbound}, [203.0.113.5]:41549 [203.0.113.5] <max@sender.example> -> "
    "<anna@example.com>,<bob@example.com>, Queue-ID: 80582186537, Message-ID: <a1@client.example>, mail_id: rEde0x3Se_vt, "
    'Hits: 1.3, size: 593, queued_as: 3033D18654F, Subject: "Figures", From: max@sender.example, 96 ms'
)


def logged(report: dict[str, object]) -> str:
    """A report as amavis logs it: its own JSON, each backslash doubled."""
    text = json.dumps(report, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return "(00235-02) " + text.replace("\\", "\\\\")


def read(text: str) -> object:
    """What the format makes of a line."""
    parse = parser_of("amavis", "amavis")
    assert parse is not None
    return parse(framed("amavis", text))


def scanned(text: str) -> Scanned:
    """The fact of a line, which must state one."""
    fact = read(text)
    assert isinstance(fact, Scanned)
    return fact


def test_both_forms_say_the_same() -> None:
    """An administrator may choose the form; the traces are the same."""
    assert read(logged(REPORT)) == read(TEXT)


@pytest.mark.parametrize("text", [logged(REPORT), "(00235-02) @cee: " + logged(REPORT)[11:], "(00235-02) " + json.dumps(REPORT)])
def test_a_cookie_and_plain_json_change_nothing(text: str) -> None:
    """Some write a cookie for rsyslog before it; where JSON came another way its backslashes are not doubled."""
    assert read(text) == read(TEXT)


@given(st.text(alphabet=st.sampled_from('"\\,:{}[]a0 é\n')) | st.text(), st.booleans())
def test_a_subject_stays_a_subject(subject: str, doubled: bool) -> None:
    """Quotes and backslashes end no string: what stands behind a subject is amavis' own in every case."""
    if subject.encode("utf-8", "replace") != subject.encode("utf-8", "surrogatepass"):
        return
    text = logged(REPORT | {"subject": subject})
    fact = scanned(text if doubled else text.replace("\\\\", "\\"))
    assert (fact.mail_id, fact.passed, fact.recipients) == ("rEde0x3Se_vt", True, ["anna@example.com", "bob@example.com"])
    if doubled:
        assert fact.subject == subject


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("Clean", "CLEAN"),
        ("CleanTag", "CLEAN"),
        ("Spam", "SPAM"),
        ("Spammy", "SPAMMY"),
        ("Spammy3", "SPAMMY"),
        ("Virus", "INFECTED"),
        ("Banned", "BANNED"),
        ("BadHdrDupl", "BAD-HEADER-8"),
        ("Oversized", "OVERSIZED"),
        ("UncheckedEncrypted", "UNCHECKED-ENCRYPTED"),
        ("MtaTempFailed", "MTA-BLOCKED"),
        ("CatchAll", "OTHER"),
        ("Newer", "NEWER"),
    ],
)
def test_categories_have_the_words_of_the_text_form(name: str, category: str) -> None:
    """What was found is named in one way."""
    assert scanned(logged({"action": ["PASS"], "content_type": name})).category == category


def test_of_different_results_the_blocked_ones_are_told_and_the_line_is_said_to_name_more() -> None:
    """Anna's copy was stopped, Bob's went on: the fact is about Anna, and whoever may see her only does not see the line."""
    people = [
        {"action": "DISCARD", "ccat_blocking": "Spam", "rcpt_to": "anna@example.com", "spam_score": 13.6},
        {"action": "PASS", "ccat_main": "Spam", "queued_as": "3033D18654F", "rcpt_to": "bob@example.com", "spam_score": 2.0},
    ]
    fact = scanned(logged(REPORT | {"action": ["DISCARD", "PASS"], "content_type": "Spam", "recipients": people, "quarantine": "b/spam-x"}))
    assert (fact.passed, fact.recipients, fact.score, fact.others) == (False, ["anna@example.com"], 13.6, ["bob@example.com"])
    assert (fact.quarantine_ids, fact.next_ids) == (["b/spam-x"], ["3033D18654F"])


def test_different_results_that_are_not_told_apart_are_nobodys() -> None:
    """Without a result for each recipient none is known."""
    fact = scanned(logged({"action": ["DISCARD", "PASS"], "rcpt_to": ["anna@example.com", "bob@example.com"]}))
    assert (fact.recipients, fact.cut) == ([], True)


@pytest.mark.parametrize(
    "text", ["{", "{}", '{"action":[1]}', '{"action":{}}', '{"mail_id":"x"}', "{" * 100_000, '{"action":' + "[" * 100_000]
)
def test_what_is_no_report_is_counted(text: str) -> None:
    """It says nothing that can be relied on, and it never raises."""
    assert read(f"(00235-02) {text}") is UNKNOWN
