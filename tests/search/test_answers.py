"""The shapes of the answers: names, nesting, times, and what is null."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from answer_samples import ANN, BOB, T0, trace

from mappings.codes import best_entry
from mappings.trace import Trace
from mappings.vocabulary import Direction, Disposition, Reason, Verdict
from search.answers import REFUSED, ReportAnswer, SearchAnswer, trace_answer
from search.error_answer import error_answer
from search.explain import explain
from search.freshness import as_of
from search.times import utc, utc_words

#: One trace as the contract writes it: names in their order, and the names inside.
CONTRACT = (
    "id time last_event host sending_server sender header_from recipient original_recipient disposition verdict reason detail "
    "quarantine_id return_code error message_id subject size score queue_ids direction relay attempts incomplete "
    "user tls delay first_try last_try symbols auth mailbox folder file"
)


def shown(one: Trace) -> dict[str, Any]:
    """Give the trace as it goes over the wire."""
    answer: dict[str, Any] = json.loads(msgspec.json.encode(trace_answer(one)))
    return answer


def test_a_trace_has_the_names_of_the_contract_in_their_order() -> None:
    """One trace in JSON has every name of the contract, and no other."""
    answer = shown(trace())
    assert " ".join(answer) == CONTRACT
    assert list(answer["sending_server"]) == ["name", "ip", "helo"]
    assert list(answer["return_code"]) == ["code", "enhanced", "text", "by", "inferred"]


def test_a_search_and_a_report_have_the_names_of_the_contract() -> None:
    """The search answer and the report hold at least the names that other programs rely on."""
    assert SearchAnswer.__struct_fields__[:8] == ("traces", "next", "total", "since", "until", "as_of", "complete", "warnings")
    assert ReportAnswer.__struct_fields__[:7] == ("trace", "summary", "customer_text", "explanation", "timeline", "hops", "related")


def test_nothing_of_a_trace_is_lost_in_its_answer() -> None:
    """Every value of a trace stands in its answer under its name."""
    answer = shown(
        trace(
            header_from="news@list.example",
            original_recipient="info@example.net",
            disposition=Disposition.QUARANTINED,
            verdict=Verdict.BANNED,
            reason=Reason.ATTACHMENT,
            detail="setup.exe",
            quarantine_id="I/banned-IMfe2sx-62IC",
            subject="Grüße",
            score=6.4,
            direction=Direction.INBOUND,
            incomplete=True,
            reply_inferred=True,
        ),
    )
    assert answer["time"] == "2026-11-24T04:06:42.000Z"
    assert answer["last_event"] == "2026-11-24T04:06:42.900Z"
    assert answer["sending_server"] == {"name": "mail.sender.example", "ip": "203.0.113.5", "helo": "mail.sender.example"}
    assert (answer["sender"], answer["header_from"]) == (ANN, "news@list.example")
    assert (answer["recipient"], answer["original_recipient"]) == (BOB, "info@example.net")
    assert (answer["disposition"], answer["verdict"], answer["reason"]) == ("quarantined", "banned", "attachment")
    assert (answer["detail"], answer["quarantine_id"]) == ("setup.exe", "I/banned-IMfe2sx-62IC")
    assert answer["return_code"]["inferred"] is True
    assert (answer["subject"], answer["size"], answer["score"]) == ("Grüße", 367, 6.4)
    assert (answer["queue_ids"], answer["direction"], answer["attempts"]) == (["3883718A9F5"], "inbound", 1)
    assert answer["relay"] == "mailstore.example.org[198.51.100.9]:25"
    assert answer["incomplete"] is True


@pytest.mark.parametrize("sender", ["", None])
def test_the_null_sender_is_not_an_unknown_one(sender: str | None) -> None:
    """The null sender is the empty string, a sender that no line tells is null."""
    assert shown(trace(sender=sender))["sender"] == sender


def test_a_message_without_recipient_is_answered() -> None:
    """A trace that no line gives a recipient has null there."""
    assert shown(trace(None))["recipient"] is None


@pytest.mark.parametrize("disposition", list(Disposition))
def test_an_error_stands_only_where_a_refusing_reply_decided(disposition: Disposition) -> None:
    """Bounced, expired, rejected, tempfailed and deferred mail has an error with a meaning; nothing else has one."""
    refused = trace(disposition=disposition, reply_code=550, enhanced_code="5.1.1", reply_text="550 5.1.1 No such user")
    answer = shown(refused)
    if disposition in REFUSED:
        assert (answer["error"]["code"], answer["error"]["enhanced"]) == (550, "5.1.1")
        assert answer["error"]["meaning"]
        assert answer["error"]["meaning"] in explain(refused).meaning
    else:
        assert answer["error"] is None
    assert answer["return_code"]["code"] == 550


def test_without_any_reply_there_is_no_return_code_and_no_error() -> None:
    """Where nothing of a reply is known, nothing is made up."""
    answer = shown(trace(disposition=Disposition.BOUNCED, reply_code=None, enhanced_code=None, reply_text=None, reply_by=None))
    assert answer["return_code"] is None
    assert answer["error"] is None


def test_a_reply_with_its_enhanced_code_alone_is_a_return_code() -> None:
    """A log that names only the enhanced code still gives a return code and an error."""
    answer = shown(trace(disposition=Disposition.DEFERRED, reply_code=None, enhanced_code="4.4.1", reply_text=None, reply_by="local"))
    assert answer["return_code"] == {"code": None, "enhanced": "4.4.1", "text": None, "by": "local", "inferred": False}
    assert answer["error"]["enhanced"] == "4.4.1"


@pytest.mark.parametrize(
    ("time_ms", "text"),
    [
        (T0 + 123, "2026-11-24T04:06:42.123Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (-5, "1970-01-01T00:00:00.000Z"),
        (1_709_164_800_001, "2024-02-29T00:00:00.001Z"),
        ((1 << 48) - 1, "9999-12-31T23:59:59.999Z"),
    ],
)
def test_a_time_is_rfc_3339_in_utc_with_milliseconds(time_ms: int, text: str) -> None:
    """Every time has three digits and `Z`, also one that a stranger's clock made up."""
    assert utc(time_ms) == text


def test_a_time_in_a_sentence_is_one_that_people_write() -> None:
    """A time in a sentence names day, month, year and zone, whatever the locale is."""
    assert utc_words(T0) == "24 Nov 2026 04:06 UTC"
    assert utc_words(1 << 60) == "31 Dec 9999 23:59 UTC"


def test_sources_are_named_in_order() -> None:
    """How far each source was read stands under its name, sorted."""
    assert list(as_of({"mx2": T0, "mx1": T0 + 1}).items()) == [("mx1", "2026-11-24T04:06:42.001Z"), ("mx2", "2026-11-24T04:06:42.000Z")]


def test_an_entry_of_the_errors_tells_whose_move_it_is() -> None:
    """An entry of the list of errors has its word and its sentence for who acts, and a count only where it was asked for."""
    entry = best_entry(550, "5.1.1", None)
    answer = error_answer(entry)
    assert (answer.move, answer.move_sentence) == (entry.move, entry.move.sentence)
    assert answer.seen is None
    assert error_answer(entry, seen=0).seen == 0
