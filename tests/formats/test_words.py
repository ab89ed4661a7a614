"""The sentence for a fact: plain, each code once, and without the address of anybody who should get the mail."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from formats.format_samples import all_samples, facts_of
from mappings.facts import Attempted, Connected, Fact, Passed, Queued, Received, Reply, Ruled, Scanned
from mappings.log_words import Action, By, Contact, Decider, Sending, Stage, Status
from mappings.sentences import words_of

STATED = [pytest.param(fact, id=str(sample)) for sample in all_samples() for fact in facts_of(sample.outcome)]
FILTERED = Reply(250, "2.0.0", "from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 3033D18654F")


@pytest.mark.parametrize("fact", STATED)
def test_no_sentence_names_a_recipient(fact: Fact) -> None:
    """Who reads the sentence may not see the line, because it names somebody else."""
    words = words_of(fact).lower()
    assert words
    assert [name for name in fact.people() if "@" in name and name.lower() in words] == []


@pytest.mark.parametrize("fact", STATED)
def test_no_sentence_says_a_code_twice(fact: Fact) -> None:
    """A reply's codes stand before its text, once."""
    assert not re.search(r"(\b[245]\d\d (?:\d\.\d+\.\d+ )?)(?:from MTA\S* )?\1", words_of(fact))
    assert not re.search(r"(\b[245]\.\d+\.\d+ )\1", words_of(fact))


@pytest.mark.parametrize(
    ("address", "port", "words"),
    [
        ("127.0.0.1", 10024, "Handed to the filter 127.0.0.1:10024: 250 2.0.0 Ok: queued as 3033D18654F"),
        ("::1", 10024, "Handed to the filter [::1]:10024: 250 2.0.0 Ok: queued as 3033D18654F"),
        ("127.0.0.2", None, "Handed to the filter 127.0.0.2: 250 2.0.0 Ok: queued as 3033D18654F"),
        ("198.51.100.9", 25, "Delivered to mx.example.net[198.51.100.9]:25: 250 2.0.0 Ok: queued as 3033D18654F"),
    ],
)
def test_a_hand_over_to_a_filter_is_no_delivery(address: str, port: int | None, words: str) -> None:
    """A filter listens on an address of the host itself; nobody has the mail yet."""
    relay = f"mx.example.net[{address}]:{port}"
    fact = Attempted("80582186537", "anna@example.com", Status.SENT, None, relay, None, address, port, FILTERED, By.REMOTE)
    assert words_of(replace(fact, next_id="3033D18654F")) == words


def test_a_mail_store_on_the_host_is_no_filter() -> None:
    """What listens on loopback is a filter where it answers as one."""
    stored = Reply(250, "2.1.5", "Ok SESSIONID=<mx-1672619404-57025-2>")
    relay = "127.0.0.1[127.0.0.1]:2003"
    fact = Attempted("80582186537", "anna@example.com", Status.SENT, None, relay, None, "127.0.0.1", 2003, stored, By.REMOTE)
    assert words_of(fact) == "Delivered to 127.0.0.1:2003: 250 2.1.5 Ok SESSIONID=<mx-1672619404-57025-2>"


def test_a_reply_that_another_one_contradicts_is_kept_whole() -> None:
    """Only a repetition is left out: a filter that says something else than the next server keeps both."""
    reply = Reply(451, "4.5.0", "from MTA(smtp:[127.0.0.1]:10025): 550 5.7.1 Forbidden")
    assert words_of(Passed(Sending.FORWARD, "M", reply=reply)) == (
        "The filter could not pass it on: 451 4.5.0 from MTA(smtp:[127.0.0.1]:10025): 550 5.7.1 Forbidden"
    )


@pytest.mark.parametrize(
    "text",
    [
        "<anna@example.com>: User unknown",
        "mailbox of ANNA@Example.COM is full",
        "bob@example.com,carol@partner.example: no",
        "to=<dora+lists@example.net>",
        "see mailto:eva@example.com",
    ],
)
def test_addresses_in_a_reply_are_hidden(text: str) -> None:
    """The other server repeats addresses in its reply, in whatever form."""
    words = words_of(Attempted("80582186537", "anna@example.com", Status.BOUNCED, reply=Reply(550, "5.1.1", text), by=By.REMOTE))
    assert "@" not in words
    assert words.startswith("Delivery failed for good: 550 5.1.1 ")


def test_a_quoted_recipient_is_hidden() -> None:
    """A recipient's own form is known, so that blanks and brackets in it do not save a part of it."""
    address = '"anna, <the> first"@example.com'
    words = words_of(Attempted("80582186537", address, Status.BOUNCED, reply=Reply(550, "5.1.1", f"<{address}> unknown")))
    assert words == "Delivery failed for good: 550 5.1.1 <...> unknown"


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        (Connected(Contact.CONNECT, "mail.sender.example", "203.0.113.5"), "A session began with mail.sender.example [203.0.113.5]"),
        (Connected(Contact.DISCONNECT, "mail.sender.example", "203.0.113.5"), "The session ended"),
        (Connected(Contact.LOST, None, None, "timeout after DATA"), "The session broke off: timeout after DATA"),
        (Received("A", "h.example", "203.0.113.5", user="anna"), "Received from h.example [203.0.113.5], logged in as anna"),
        (Received("A", "localhost", "127.0.0.1", origin_queue_id="B"), "Received back from the filter, before: B"),
        (Attempted("A", "anna@example.com", Status.OTHER), "Delivery to the next server, with a result that is not known"),
        (Queued("A", "max@sender.example", 367, 2), "Queued: 367 bytes, 2 recipients"),
        (Ruled("A", Action.INFO, Stage.HEADER, Decider.HEADER, text="Subject: x", subject="Grüße"), "Header logged: Subject: Grüße"),
        (Ruled("A", Action.INFO, Stage.HEADER, Decider.HEADER), "Header logged"),
        (
            Ruled(None, Action.ACCEPT, Stage.END_OF_MESSAGE, Decider.PROXY, reply=FILTERED),
            "Accepted by the filter before the queue: 250 2.0.0 Ok: queued as 3033D18654F",
        ),
        (
            Ruled("A", Action.REDIRECT, Stage.HEADER, Decider.HEADER, text="tina@boxes.example", target="tina@boxes.example"),
            "Sent elsewhere because of a header",
        ),
        (
            Scanned("M", "1-1", False, "SPAM", score=7.0, quarantine_ids=["A/spam-M.gz"]),
            "The filter blocked it as SPAM, score 7, kept as A/spam-M.gz",
        ),
        (Scanned("M", "1-1", True, "CLEAN", quarantine_ids=["tina@boxes.example"]), "The filter passed it as CLEAN, kept in a mailbox"),
    ],
)
def test_what_a_sentence_says(fact: Fact, words: str) -> None:
    """The sentences that a journey is made of."""
    assert words_of(fact) == words


def test_a_long_reply_is_cut() -> None:
    """A sentence is no place for a page of text."""
    assert len(words_of(Attempted("A", "anna@example.com", Status.BOUNCED, reply=Reply(550, None, "no " * 10_000)))) < 2200


@pytest.mark.parametrize("count", [1, 2, 60])
def test_who_else_there_is_is_told(count: int) -> None:
    """A line that counts recipients names none of them, but says that there are others."""
    fact = Queued("A", "max@sender.example", 1, count)
    assert (fact.people(), fact.counts_more()) == ([], count > 1)
