"""From a trace to what it means, whose move it is, and the sentence for the customer."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.codes import Move
from mappings.locales import book
from mappings.trace import Trace
from mappings.vocabulary import Disposition, Reason, Verdict
from search.answers import RelatedTrace
from search.explain import Explanation, explain, explained, found_in
from search.later import later_of, with_later
from search.scope import Scope
from search.speech import Reader, Speech

_TIME_MS = 1_795_490_530_123  # 24 November 2026 at 03:22:10 UTC


def _trace(disposition: Disposition, **fields: Any) -> Trace:
    """A trace of a message from Ann to Bob with this fate."""
    known: dict[str, Any] = {
        "id": "0" * 26,
        "version": 1,
        "log_domain": "mx1",
        "host": "mx1.internal.example",
        "time_ms": _TIME_MS,
        "last_event_ms": _TIME_MS,
        "sender": "ann@example.org",
        "recipient": "bob@example.net",
        "queue_ids": ["4QUEUE1"],
        "quarantine_id": None,
    }
    return Trace(disposition=disposition, **{**known, **fields})


_WHICH = "from ann@example.org to bob@example.net of 24 November 2026 at 03:22 UTC "


def test_the_sentence_says_which_message() -> None:
    """Sender, recipient and date, so that it can be passed on as it is."""
    told = explain(_trace(Disposition.DELIVERED, reply_code=250, enhanced_code="2.0.0", reply_text="Ok: queued as 4X"))
    assert told.customer_text.startswith(f"The message {_WHICH}was delivered: ")
    assert told.move is Move.NOBODY
    assert told.move_sentence == Move.NOBODY.sentence


def test_the_recipient_is_named_as_the_sender_named_it() -> None:
    """What stands behind an alias is not told to the sender."""
    told = explain(_trace(Disposition.DELIVERED, recipient="secret@example.net", original_recipient="info@example.net"))
    assert "info@example.net" in told.customer_text
    assert "secret@" not in told.customer_text


def test_the_null_sender_is_an_automatic_message() -> None:
    """A bounce has no sender to name."""
    assert explain(_trace(Disposition.DELIVERED, sender="")).customer_text.startswith("The automatic message to bob@example.net of ")


@pytest.mark.parametrize("disposition", list(Disposition))
@pytest.mark.parametrize("reason", [None, *Reason])
def test_every_fate_and_reason_has_an_answer(disposition: Disposition, reason: Reason | None) -> None:
    """No combination is left without meaning, move, next step and sentence, and none tells our ids and hosts to the customer."""
    told = explain(_trace(disposition, reason=reason, quarantine_id="spam-4Q", relay="mx9.internal.example[192.0.2.9]:25"))
    assert told.meaning.endswith(".")
    assert told.next_step.endswith(".")
    assert told.customer_text.startswith(f"The message {_WHICH}")
    assert told.customer_text.endswith(".")
    assert not re.search("internal|4QUEUE1|spam-4Q|192", told.customer_text)
    assert msgspec.json.decode(msgspec.json.encode(told), type=Explanation) == told


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason.VIRUS, "harmful file"),
        (Reason.SPAM, "unwanted advertising"),
        (Reason.CONTENT, "content is not allowed"),
        (Reason.ATTACHMENT, "attachment"),
        (Reason.POLICY, "a rule of our mail system"),
    ],
)
def test_kept_mail_says_why(reason: Reason, words: str) -> None:
    """Quarantined for virus, spam or content is told apart, and that the sender knows is said."""
    told = explain(_trace(Disposition.QUARANTINED, reason=reason, detail="Eicar-Test", sender_notified=True))
    assert words in told.customer_text
    assert "was kept back by the mail filter" in told.customer_text
    assert "The sender has been told that it was not delivered." in told.customer_text
    assert "Eicar-Test" in told.meaning


@pytest.mark.parametrize(
    ("fields", "move", "words", "source"),
    [
        ({"reply_code": 550, "enhanced_code": "5.1.1", "reply_text": "gone", "reply_by": "remote"}, Move.SENDER, "does not exist", "code"),
        ({"reply_code": 552, "enhanced_code": "5.7.1", "reply_text": "mailbox full"}, Move.RECIPIENT_ADMIN, "mailbox is full", "text"),
        (
            {"reply_code": 554, "enhanced_code": "5.7.1", "reply_text": "Client host blocked using x.example"},
            Move.PROVIDER,
            "block list",
            "text",
        ),
        ({"reply_text": "maildir delivery failed: disk"}, Move.US, "fault in our mail system", "text"),
        ({}, Move.RECIPIENT_ADMIN, "did not say why", "disposition"),
        ({"reason": Reason.TOO_LARGE, "reply_code": 550}, Move.SENDER, "too large", "reason"),
    ],
)
def test_a_bounce_is_explained_by_its_reply(fields: dict[str, Any], move: Move, words: str, source: str) -> None:
    """Text, code and the reason that is known decide, and the source says which."""
    told = explain(_trace(Disposition.BOUNCED, **fields))
    assert (told.move, told.source) == (move, source)
    assert words in told.customer_text


def test_waiting_mail_is_not_told_as_lost() -> None:
    """A deferral says that it goes on by itself, also where the reply looks final."""
    told = explain(
        _trace(Disposition.DEFERRED, reply_code=554, enhanced_code="5.7.1", reply_text="Your host is not welcome here", reply_by="remote")
    )
    assert "It is sent again automatically" in told.customer_text
    assert told.move is Move.NOBODY
    assert told.next_step.startswith("Wait: ")


def test_given_up_mail_names_the_last_answer() -> None:
    """Expired is final, and the last answer says whose move it is, also where it was a temporary one."""
    told = explain(
        _trace(Disposition.EXPIRED, reason=Reason.EXPIRED, reply_text="connect to mx.down.example[198.51.100.20]:25: Connection refused")
    )
    assert "within the time for which delivery is tried" in told.customer_text
    assert "could not be reached" in told.meaning
    assert told.move is Move.RECIPIENT_ADMIN
    full = explain(_trace(Disposition.EXPIRED, reply_code=452, enhanced_code="4.2.2", reply_text="Over quota", reply_by="remote"))
    assert "The mailbox is full." in full.meaning
    assert not full.next_step.startswith("Wait")


def test_our_own_filter_that_does_not_answer_is_ours() -> None:
    """A connection to the same machine is no fault of the recipient's side."""
    told = explain(
        _trace(Disposition.DEFERRED, reply_text="connect to 127.0.0.1[127.0.0.1]:10024: Connection refused", reason=Reason.CONNECTION)
    )
    assert told.move is Move.US
    elsewhere = explain(_trace(Disposition.DEFERRED, reply_text="connect to mx.x.example[192.0.2.1]:25: Connection refused"))
    assert elsewhere.move is Move.NOBODY
    kept = explain(_trace(Disposition.DEFERRED, reply_code=451, reply_text="Error in processing", relay_ip="127.0.0.1", reply_by="filter"))
    assert kept.move is Move.US


def test_what_our_rule_refused_is_our_move() -> None:
    """Refused in the dialogue by our own rule: we can make an exception; the same words from elsewhere are theirs."""
    reply: dict[str, Any] = {"reply_code": 554, "enhanced_code": "5.7.1", "reply_text": "Access denied"}
    assert explain(_trace(Disposition.REJECTED, reply_by="local", **reply)).move is Move.US
    assert explain(_trace(Disposition.BOUNCED, reply_by="remote", **reply)).move is Move.RECIPIENT_ADMIN


def test_delivered_but_marked_is_said() -> None:
    """Mail that the filter tagged arrived, and the customer learns where to look."""
    assert "marked it as possible advertising" in explain(_trace(Disposition.DELIVERED, verdict=Verdict.SPAM)).customer_text
    assert "marked" not in explain(_trace(Disposition.DELIVERED, verdict=Verdict.CLEAN)).customer_text


@given(st.text(max_size=300), st.text(max_size=300), st.integers(), st.sampled_from(list(Disposition)))
def test_hostile_addresses_stay_in_one_line(sender: str, text: str, time_ms: int, disposition: Disposition) -> None:
    """Whatever an address or a reply holds, the sentence stays printable and short."""
    told = explain(_trace(disposition, sender=sender, recipient=text, reply_text=text, detail=text, time_ms=time_ms))
    assert told.customer_text.isprintable()
    assert told.meaning.isprintable()
    assert len(told.customer_text) < 1200


# Who reads it, and what happened since ------------------------------------------------------------------------------------------

_MISSING: dict[str, Any] = {"reply_code": 550, "enhanced_code": "5.1.1", "reply_text": "no such user", "reply_by": "remote"}
_SIDES = {"sender_domain": "example.org", "recipient_domain": "example.net"}


@pytest.mark.parametrize(
    ("domains", "words"),
    [
        (("example.net",), "there is no mailbox with this address in your domain"),
        (("example.org",), "the recipient's address does not exist. Please check the spelling"),
        # Of mail between his own domains it is his own mailbox that is missing.
        (("example.net", "example.org"), "there is no mailbox with this address in your domain"),
        (("elsewhere.example",), "the recipient's address does not exist. The sender should check"),
    ],
)
def test_the_scope_tells_whose_side_reads_it(domains: tuple[str, ...], words: str) -> None:
    """Of a bounce to his own missing mailbox the customer reads that it is his."""
    told = explain(_trace(Disposition.BOUNCED, **_MISSING, **_SIDES), Speech(scope=Scope(frozenset(domains))))
    assert words in told.customer_text
    assert told.meaning in told.customer_text
    assert told.next_step in told.customer_text


def test_a_reader_may_be_chosen() -> None:
    """Whoever sees everything can say it to anybody; the keys of the mover stay."""
    trace = _trace(Disposition.QUARANTINED, reason=Reason.SPAM, **_SIDES)
    told = {reader: explain(trace, Speech(reader=reader)) for reader in Reader}
    assert {one.move for one in told.values()} == {Move.US}
    assert told[Reader.OPERATOR].next_step.startswith("Look at the kept message by its quarantine id.")
    assert told[Reader.RECIPIENT].next_step == "If it is wanted, please ask your mail provider to release it."
    assert (told[Reader.RECIPIENT].move_word, told[Reader.LINK].move_word) == ("Your provider", "The administrators")
    assert "provider" not in told[Reader.LINK].customer_text


def test_in_another_language_the_operator_keeps_his_next_step() -> None:
    """What is translated is what he passes on, what it means and whose move it is."""
    told = explain(_trace(Disposition.QUARANTINED, reason=Reason.SPAM), Speech(book("de")))
    assert told.meaning.startswith("Die Nachricht von ann@example.org")
    assert told.next_step.startswith("Look at the kept message")
    assert (told.move_word, told.reason_sentence) == ("Wir", "Sie wurde für unerwünschte Werbung gehalten.")


@pytest.mark.parametrize(
    ("disposition", "how", "confidence", "end", "words", "move"),
    [
        (Disposition.TEMPFAILED, "later_try", "guessed", Disposition.DELIVERED, "It came again on", Move.NOBODY),
        (Disposition.QUARANTINED, "release", "certain", Disposition.DELIVERED, "at first: it was taken for unwanted", Move.NOBODY),
        (Disposition.DELIVERED, "next_hop", "likely", Disposition.BOUNCED, "At the next mail system it could not be", Move.RECIPIENT_ADMIN),
        (Disposition.DELIVERED, "next_hop", "likely", Disposition.DELIVERED, "At the next mail system it was delivered.", Move.NOBODY),
        (Disposition.DELIVERED, "next_hop", "likely", Disposition.DEFERRED, "accepted and is on its way", Move.NOBODY),
        # Not sure enough to be said; and put off again is no end.
        (Disposition.DELIVERED, "next_hop", "guessed", Disposition.BOUNCED, "", Move.NOBODY),
        (Disposition.DELIVERED, "next_hop", "certain", Disposition.TEMPFAILED, "", Move.NOBODY),
        (Disposition.BOUNCED, "later_try", "certain", Disposition.DELIVERED, "", Move.RECIPIENT_ADMIN),
    ],
)
def test_what_happened_since(disposition: Disposition, how: str, confidence: str, end: Disposition, words: str, move: Move) -> None:
    """It came again, was released, went on at a next server: told with its end, and nothing is said of what is guessed."""
    trace = _trace(disposition, reason=Reason.SPAM if disposition is Disposition.QUARANTINED else None)
    related = RelatedTrace(
        id="1" * 26,
        how=how,
        recipient="bob@example.net",
        disposition=end,
        time="2026-11-24T04:00:00.000Z",
        host="mx2",
        evidence="",
        confidence=confidence,
    )
    later = later_of(trace, [related])
    assert (later is not None) == bool(words)
    found = found_in(trace)
    told = explained(trace, found if later is None else with_later(found, later), Speech())
    assert words in told.customer_text
    assert told.move is move
    assert "was not delivered" not in told.customer_text or not words
