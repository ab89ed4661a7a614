"""Codes and phrases: every registered code has a meaning, a move, a next step and a sentence, and texts are read as people read them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mappings import codes
from mappings.codes import Move, UnknownCode, advice, at_side, basic, enhanced, find, outcomes, page, phrases, special
from mappings.codes.side import Side
from mappings.locales import Saying, Voice
from mappings.vocabulary import Disposition, Reason

# What was logged or said, and the reasons that fit: as servers of the laboratory said it, then as large providers do.
_SAID: list[tuple[str, set[str]]] = [
    ("550 5.1.1 <gone@partner.example>: Recipient address rejected: User unknown in virtual mailbox table", {"recipient_unknown"}),
    ("550 5.1.1 <inject@partner.example>: to=<o@example.net>, relay=none, dsn=2.0.0, status=sent (250 Ok)", {"recipient_unknown"}),
    ("550 5.1.1 Empfänger unbekannt „acht@partner.example“ (siehe https://example.net/hilfe?x=1&y=(2))", {"recipient_unknown"}),
    ("550 5.1.1 Empf\\303\\244nger unbekannt \\342\\200\\236acht@partner.example", {"recipient_unknown"}),
    ("550 No such user here", {"recipient_unknown"}),
    ("550 Unrouteable address", {"recipient_unknown"}),
    (
        (
            "550-5.1.1 The email account that you tried to reach does not exist. Please try 550-5.1.1 double-checking the recipient's "
            "email address for typos or 550 5.1.1 unnecessary spaces. id=ab12-20020a05 - lab"
        ),
        {"recipient_unknown"},
    ),
    (
        (
            "550 5.1.1 <m@customer.example>: Recipient address rejected: undeliverable address: host s.example[192.0.2.51] said: 550 5.1.1 "
            "<m@customer.example>: Recipient address rejected: User unknown in virtual mailbox table (in reply to RCPT TO command)"
        ),
        {"recipient_unknown"},
    ),
    ("552 5.2.2 <full@partner.example>: Mailbox full, quota exceeded", {"mailbox_full"}),
    ("552 5.2.2 Over quota", {"mailbox_full"}),
    ("554 5.7.1 Your host is not welcome here", {"policy", "reputation"}),
    ("X-Postfix; SMTPUTF8 is required, but was not offered by host ascii.example.test[198.51.100.15]", {"protocol"}),
    (
        "X-Postfix; Host or domain name not found. Name service error for name=no.example type=AAAA: Host not found",
        {"recipient_domain", "dns"},
    ),
    ("Host or domain name not found. Name service error for name=no.example type=MX: Host not found, try again", {"dns"}),
    ("Domain nomail.example does not accept mail (nullMX)", {"recipient_domain"}),
    (
        "554 5.7.1 Service unavailable; Client host [203.0.113.99] blocked using bl.example.test; Listed, see http://x.example/",
        {"reputation"},
    ),
    ("550 5.7.1 Service unavailable; client [203.0.113.98] blocked using bl.example.test", {"reputation"}),
    ("550 203.0.113.99 is listed at bl.example.test: / Listed, see http://bl.example.test/q?ip=203.0.113.99", {"reputation"}),
    ("554 5.7.1 <unknown[203.0.113.66]>: Client host rejected: Client is on the local block list", {"policy", "reputation"}),
    ("550 5.3.2 Service currently unavailable", {"policy", "reputation"}),
    ("mail for selfloop.example loops back to myself", {"routing_loop"}),
    ("mail forwarding loop for loopy@example.org", {"routing_loop"}),
    ("554 5.4.0 Error: too many hops", {"routing_loop"}),
    ("554 5.7.1 Message rejected as spam by content filter, id=99-1", {"spam"}),
    ("554 5.7.1 Spam message rejected", {"spam"}),
    ("554 5.7.1 Gtube pattern", {"spam"}),
    ("550 This message scored 1001.3 spam points.", {"spam"}),
    ("554-5.7.0 Bounce, id=00332-08 - BANNED: 554 5.7.0 .exe,.exe-ms,readme.scr", {"attachment"}),
    ("550 Attachment type not allowed: tool.exe", {"attachment"}),
    ('554 5.7.1 clamav: virus found: "Eicar-Test-Signature.UNOFFICIAL"', {"virus"}),
    ("550 This message contains malware (Lab.Worm.Test-1.UNOFFICIAL)", {"virus"}),
    ("535 5.7.8 Error: authentication failed: authentication failure", {"auth_required"}),
    ("535 Incorrect authentication data", {"auth_required"}),
    ("530 5.7.0 Must issue a STARTTLS command first", {"tls"}),
    ("550 5.7.1 Forbidden words in the body", {"content", "policy"}),
    ("550 This mailbox was closed", {"mailbox_disabled", "recipient_unknown"}),
    ("550 Forged name", {"policy", "protocol", "connection"}),
    ("554 5.7.1 <mx1.example.org>: Helo command rejected: You are not me", {"policy", "protocol"}),
    ("501 5.5.2 <in?valid>: Helo command rejected: Invalid name", {"protocol"}),
    ("500 5.5.2 Error: command not recognized", {"protocol"}),
    ("504 5.5.2 <justaname>: Sender address rejected: need fully-qualified address", {"sender_invalid", "protocol"}),
    ("450 4.1.8 <x@no-such-domain.example>: Sender address rejected: Domain not found", {"sender_invalid", "dns"}),
    ("550 Verification failed for <x@no.example> / Unrouteable address / Sender verify failed", {"sender_invalid"}),
    ("554 5.7.1 <banned@partner.example>: Sender address rejected: Sender blocked by policy (ticket #4711)", {"policy"}),
    ("554 5.7.1 <x@elsewhere.test>: Relay access denied", {"relay_denied"}),
    ("550 relay not permitted", {"relay_denied"}),
    ("552 5.3.4 Message size exceeds fixed limit", {"too_large"}),
    ("552 5.3.4 Error: message file too big", {"too_large"}),
    ("450 4.7.1 <greyuser@example.com>: Recipient address rejected: Greylisted for 300 seconds", {"greylist"}),
    ("451 4.7.1 Try again later", {"policy"}),
    ("451 4.7.1 Greylisting in action, please come back later", {"greylist"}),
    ("451 4.7.1 come back later please", {"policy", "content", "spam"}),
    ("450 4.7.1 <unknown[203.0.113.67]>: Client host rejected: Slow down please", {"policy", "rate_limit"}),
    ("421 4.7.0 Too many concurrent connections, try again later", {"rate_limit"}),
    ("451 4.3.0 <never@partner.example>: Temporary lookup failure", {"dns", "remote_system"}),
    ("421 4.3.2 System not accepting network messages", {"remote_system", "connection"}),
    ("connect to mx.down.example[198.51.100.20]:25: Connection refused", {"connection"}),
    ("connect to mx.down.example[2001:db8::1]:25: Network is unreachable", {"connection"}),
    ("lost connection with gw.bigmail.test[198.51.100.13] while sending DATA command", {"connection"}),
    ("conversation with mx.silent.example[198.51.100.21] timed out while receiving the initial server greeting", {"connection"}),
    ("delivery temporarily suspended: connect to mx.down.example[198.51.100.20]:25: Connection timed out", {"connection"}),
    ("host mx.busy.example[198.51.100.22] refused to talk to me: 421 4.3.2 System not accepting network messages", {"remote_system"}),
    ("maildir delivery failed: create maildir file /nonexistent/Maildir/tmp/1.P2.mx: Permission denied", {"local_system"}),
    ("service unavailable. Command output: cannot store this ", {"local_system"}),
    ("unknown mail transport error", {"local_system"}),
    ("mail transport unavailable", {"local_system"}),
    ("mail system configuration error", {"local_system"}),
    ("451 4.3.0 Error: queue file write error", {"local_system"}),
    ("TLS is required, but was not offered by host mx.example.net[192.0.2.1]", {"tls"}),
    ("Server certificate not trusted", {"tls"}),
    ("Cannot start TLS: handshake failure", {"tls"}),
    ("450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]", {"reverse_dns"}),
    ("554 5.7.1 <x@example.net>: Recipient address rejected: Access denied", {"policy"}),
    ("550 5.4.1 Recipient address rejected: Access denied. [AM1.example 2026-01-01]", {"recipient_unknown"}),
    ("550-5.7.26 Unauthenticated email from example.com is not accepted due to domain's 550-5.7.26 DMARC policy.", {"auth_dmarc"}),
    (
        (
            "550-5.7.26 Your email has been blocked because the sender is unauthenticated. 550-5.7.26 Requires all senders to authenticate "
            "with either SPF or DKIM."
        ),
        {"auth_spf", "auth_dkim", "auth_dmarc"},
    ),
    ("550 5.7.23 The message was rejected because of Sender Policy Framework violation", {"auth_spf"}),
    ("550 5.7.1 [192.0.2.1] is not allowed to send mail for example.org. Please see http://x.example", {"auth_spf"}),
    ("550-5.7.25 The IP address sending this message does not have a PTR record setup", {"reverse_dns"}),
    (
        "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Part of their network is on our block list (S3150).",
        {"reputation"},
    ),
    (
        "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints",
        {"rate_limit", "reputation"},
    ),
    ("450-4.2.1 The user you are trying to contact is receiving mail at a rate that prevents delivery", {"rate_limit"}),
    ("452-4.2.2 The recipient's inbox is out of storage space and inactive.", {"mailbox_full"}),
    ("550 5.2.1 The email account that you tried to reach is inactive.", {"mailbox_disabled"}),
    ("550 5.5.0 Requested action not taken: mailbox unavailable", {"recipient_unknown"}),
    ("554 delivery error: dd This user doesn't have an account here (user@example.com) [0]", {"recipient_unknown"}),
    ("452 4.5.3 Error: too many recipients", {"too_many_recipients"}),
    ("452 4.3.1 Insufficient system storage", {"remote_system", "local_system"}),
    ("554 5.7.1 Attachment too large", {"too_large"}),
    ("550 5.0.0 Mailbox is full", {"mailbox_full"}),
    ("550 5.7.1 Message contains a forbidden file extension", {"attachment"}),
    ("553 5.7.1 <a@example.net>: Sender address rejected: not logged in", {"auth_required"}),
    ("553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)", {"relay_denied"}),
    ("451 4.4.3 Temporary server error", {"dns"}),
    ("", {"unknown"}),
    ("hello", {"unknown"}),
]


@pytest.mark.parametrize(("said", "fitting"), _SAID)
def test_a_reply_is_read_as_people_read_it(said: str, fitting: set[str]) -> None:
    """Real replies and the servers' own texts get a reason that fits."""
    assert codes.reason_of(*codes.split_reply(said)).value in fitting


def test_a_clear_text_beats_a_vague_code_and_a_specific_code_beats_an_empty_text() -> None:
    """5.7.1 means almost anything; 5.1.1 does not."""
    assert codes.reason_of(550, "5.7.1", "mailbox full") is Reason.MAILBOX_FULL
    assert codes.reason_of(550, "5.0.0", "your IP is listed in a DNSBL") is Reason.REPUTATION
    assert codes.reason_of(550, "5.2.2", "not accepted") is Reason.MAILBOX_FULL
    assert codes.reason_of(550, "5.1.1", "see our policy") is Reason.RECIPIENT_UNKNOWN
    assert codes.reason_of(550, None, "no") is Reason.POLICY


@pytest.mark.parametrize(
    "address", ["<virus.spam@example.net>", "greylisted@example.net", "<mailbox-full@over-quota.example>", "<user@dmarc.example>"]
)
def test_an_address_is_no_phrase(address: str) -> None:
    """What an address is named does not decide the reason."""
    assert codes.reason_of(550, "5.1.1", f"{address}: Recipient address rejected") is Reason.RECIPIENT_UNKNOWN


def test_a_fault_belongs_to_the_side_that_answered() -> None:
    """The same words are our fault or theirs, by who said them; expiry wins over all."""
    text = "Error: queue file write error"
    assert codes.reason_of(451, "4.3.0", text, side=Side.SERVER) is Reason.REMOTE_SYSTEM
    assert codes.reason_of(451, "4.3.0", text, side=Side.OWN) is Reason.LOCAL_SYSTEM
    assert codes.reason_of(450, "4.3.2", "<x@y.example>: Recipient address rejected: being moved", side=Side.CLIENT) is Reason.LOCAL_SYSTEM
    assert codes.reason_of(451, "4.3.0", text, expired=True) is Reason.EXPIRED


@pytest.mark.parametrize(
    ("reply", "parts"),
    [
        ("250 2.0.0 Ok: queued as 4Sink", (250, "2.0.0", "Ok: queued as 4Sink")),
        ("250 Ok", (250, None, "Ok")),
        ("550 No such user", (550, None, "No such user")),
        ("550", (550, None, "")),
        ("550 5.1.1", (550, "5.1.1", "")),
        ("550-5.1.1 one two 550-5.1.1 three 550 5.1.1 four", (550, "5.1.1", "one two three four")),
        ("550-one\r\n550-two\r\n550 three", (550, None, "one two three")),
        ("550-5.1.1 one\\n550 5.1.1 two", (550, "5.1.1", "one two")),
        ("550 #5.1.0 Address rejected.", (550, "5.1.0", "Address rejected.")),
        ("550 said: 550 5.1.1 inner", (550, None, "said: 550 5.1.1 inner")),
        ("5.7.1 Spam message rejected", (None, "5.7.1", "Spam message rejected")),
        ("550 203.0.113.99 is listed", (550, None, "203.0.113.99 is listed")),
        ("550 5.1.1.9 is listed", (550, None, "5.1.1.9 is listed")),
        ("smtp; 552 5.2.2 Over quota", (552, "5.2.2", "Over quota")),
        ("host mx.x.example[192.0.2.1] said: 550 5.1.1 gone (in reply to RCPT TO command)", (550, "5.1.1", "gone")),
        ("host mx.x.example[192.0.2.1] refused to talk to me: 554 5.7.1 No", (554, "5.7.1", "No")),
        ("connect to mx[192.0.2.1]:25: Connection refused", (None, None, "connect to mx[192.0.2.1]:25: Connection refused")),
        ("5505 things", (None, None, "5505 things")),
        ("", (None, None, "")),
    ],
)
def test_a_reply_comes_apart(reply: str, parts: tuple[int | None, str | None, str]) -> None:
    """Codes and text of one-line, many-line and wrapped replies."""
    assert codes.split_reply(reply) == parts


@example("", None, "200")
@example("", 550, "#5.1.1")
@given(st.text(max_size=200), st.none() | st.integers(), st.none() | st.text(max_size=12))
def test_no_text_and_no_code_breaks_it(text: str, code: int | None, status: str | None) -> None:
    """Whatever was logged, there is a reason and an entry."""
    codes.split_reply(text)
    assert isinstance(codes.reason_of(code, status, text), Reason)
    assert codes.best_entry(code, status, text).meaning


_HOSTILE = [
    "a",
    " ",
    "550-",
    "550 5.1.1 ",
    "host x said: ",
    "mailbox ",
    "user address ",
    "message size ",
    "<",
    "a@",
    "\udc80",
    "exceeds ",
    "not allowed ",
    "\\303",
    "name service error for name=",
    "nemesis esmtp service not available",
    "unfortunately, messages from ",
]


@pytest.mark.parametrize("piece", _HOSTILE)
def test_hostile_length_is_no_trouble(piece: str) -> None:
    """A hundred thousand characters are looked at in linear time, and only their beginning."""
    text = piece * (100_000 // len(piece))
    codes.split_reply(text)
    codes.reason_of(None, None, text)
    assert codes.reason_of(None, None, "x" * 100_000 + " user unknown") is Reason.UNKNOWN


def test_expressions_are_linear() -> None:
    """No phrase has an unbounded repetition, so hostile text cannot make it slow."""
    for phrase in phrases.PHRASES:
        assert not re.search(r"(?<!\\)[*+]|,\}", phrase.pattern), phrase.pattern


def test_every_registered_code_is_known_in_full() -> None:
    """Each enhanced and basic code has a meaning, whose move it is, a next step and a sentence for the customer."""
    assert len(enhanced.ENHANCED) == 11 + 5 + 7 + 8 + 7 + 11 + 31 + 1
    for entry in [*find.registered(), *map(find.basic_entry, basic.BASIC), *codes.entries()]:
        for text in (entry.meaning, entry.next_step, entry.customer_text):
            assert re.fullmatch(r"[A-Z][ -~]{3,}\.", text), entry
        assert entry.customer_text.startswith("The message "), entry
        assert isinstance(entry.move, Move)


def test_each_customer_sentence_can_be_passed_on() -> None:
    """It begins with the message, ends as a sentence, and holds no code and no jargon that is not explained."""
    everything = [*advice.ADVICE.values(), *special.BY_STATUS.values(), special.OWN_HOP, special.DONE]
    everything += [
        *outcomes.OUTCOMES.values(),
        *outcomes.OWN_RULES.values(),
        *outcomes.QUARANTINED.values(),
        *outcomes.DISCARDED.values(),
        *at_side.AT_SIDE.values(),
        *at_side.AUTOMATIC.values(),
    ]
    for one in everything:
        for step in (one.step, one.step_delayed):
            text = Voice().customer_text(Saying(one.fate or "bounced", one.cause, step))
            assert text.startswith("The message "), text
            assert text.endswith("."), text
            assert not re.search(r"\d|SMTP|MX|relay|queue|DNS|TLS|envelope|\(s\)", text), text


def test_every_reason_and_disposition_has_advice() -> None:
    """No reason and no outcome is left without an answer."""
    assert set(advice.ADVICE) == set(Reason)
    by_reply = {Disposition.BOUNCED, Disposition.REJECTED, Disposition.EXPIRED, Disposition.DEFERRED, Disposition.TEMPFAILED}
    assert {*outcomes.OUTCOMES, Disposition.QUARANTINED, Disposition.DISCARDED} == set(Disposition) - by_reply


def test_the_common_errors_are_a_list_in_order() -> None:
    """The list that the first page links to: registered codes, each once, with a reason."""
    listed = [(entry.code, entry.enhanced) for entry in codes.entries()]
    assert len(set(listed)) == len(listed) >= 50
    assert [code for code, _ in listed] == sorted(code or 0 for code, _ in listed)
    assert all(entry.reason is not Reason.UNKNOWN for entry in codes.entries())


@pytest.mark.parametrize(
    ("word", "first", "at_least"),
    [
        ("550", (550, None), 10),
        ("5.1.1", (None, "5.1.1"), 1),
        ("550 5.1.1", (550, "5.1.1"), 1),
        ("#5.2.2", (None, "5.2.2"), 1),
        ("5.1", (None, "5.1.0"), 8),
    ],
)
def test_a_code_is_looked_up(word: str, first: tuple[int | None, str | None], at_least: int) -> None:
    """By basic code, enhanced code, both, or a subject."""
    found = codes.lookup(word)
    assert (found[0].code, found[0].enhanced) == first
    assert len(found) >= at_least


def test_a_pasted_reply_is_looked_up() -> None:
    """Who pastes a whole reply gets what its text says."""
    assert codes.lookup("550 5.7.1 Client host [192.0.2.1] blocked using bl.example.test")[0].reason is Reason.REPUTATION


def test_codes_that_are_not_registered_are_read_by_their_class() -> None:
    """A made-up code is told apart from a registered one, and still explained."""
    assert codes.lookup("5.9.9")[0].meaning.startswith("Not a registered code.")
    assert codes.lookup("4.7.99")[0].move is Move.NOBODY
    assert codes.lookup("599")[0].meaning.startswith("Not a registered code.")


@pytest.mark.parametrize("word", ["", "abc", "1.2.3", "999", "55", "5505", "5.8", "3.1.1", "x" * 1000])
def test_what_is_no_code_is_refused_in_one_sentence(word: str) -> None:
    """The sentence says what a code looks like, and stays short."""
    with pytest.raises(UnknownCode) as caught:
        codes.lookup(word)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_the_page_of_errors_is_up_to_date() -> None:
    """`docs/errors.md` is what the tables say: made by `python -m mappings.codes.page`."""
    written = Path(__file__).parents[2] / "docs" / "errors.md"
    assert written.read_text(encoding="utf-8") == page.errors_page()
