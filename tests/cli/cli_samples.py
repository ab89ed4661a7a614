"""Traces and answers for the tests of the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ingest.sinks.embedded import EmbeddedSink
from mappings import keys
from mappings.facts import Fact, Received, fields_of, kind_of
from mappings.identity import trace_id
from mappings.trace import REVISION, VERSION_STEP, Event, Trace
from mappings.vocabulary import Direction, Disposition, Reason, Verdict

#: 2026-11-24T04:06:25.232Z
BEGIN_MS = 1_795_493_185_232


def event(time_ms: int, fact: Fact, raw: str) -> Event:
    """An event of a queue file on mx1."""
    values: dict[str, Any] = {
        "time_us": time_ms * 1000,
        "fine": True,
        "host": "mx1",
        "program": "smtpd",
        "pid": 12,
        "number": 1,
        "hash": f"{hash(raw) & 0xFFFFFFFF:08x}",
        "hop": keys.queue("mx1", "3883718A9F5"),
        "kind": kind_of(fact),
        "fields": fields_of(fact),
        "raw": raw,
        "file": "/var/log/mail.log",
    }
    return Event(**values)


def trace(number: int, **more: Any) -> Trace:
    """A delivered, clean trace, the `number`th second after the first one."""
    time_ms = BEGIN_MS + 1000 * number
    recipient = more.get("recipient", f"bob{number}@example.net")
    queue_id = f"3883718A9{number:02X}"
    values: dict[str, Any] = {
        "id": trace_id(time_ms, "mx1", queue_id, recipient or "", recipient or ""),
        "version": REVISION * VERSION_STEP + 1,
        "log_domain": "mx1",
        "time_ms": time_ms,
        "last_event_ms": time_ms + 500,
        "host": "mx1",
        "client_name": "mail.sender.example",
        "client_ip": "203.0.113.5",
        "sender": "ann@sender.example",
        "sender_domain": "sender.example",
        "recipient": recipient,
        "recipient_domain": "example.net",
        "disposition": Disposition.DELIVERED,
        "verdict": Verdict.CLEAN,
        "reply_code": 250,
        "enhanced_code": "2.0.0",
        "reply_text": "250 2.0.0 Ok: queued as 1234",
        "reply_by": "remote",
        "message_id": f"{number}@client.example",
        "size": 560,
        "queue_ids": [queue_id],
        "direction": Direction.INBOUND,
        "relay": "mx.example.net[192.0.2.9]:25",
        "attempts": 1,
        "visible_to": ["example.net"],
        "keys": [keys.queue("mx1", queue_id)],
        "events": [
            event(
                time_ms,
                Received(queue_id, client_name="mail.sender.example"),
                f"2026-11-24T04:06:25+00:00 mx1 postfix/smtpd[12]: {queue_id}: client=mail.sender.example",
            )
        ],
    }
    return Trace(**{**values, **more})


def some_traces() -> list[Trace]:
    """A clean, a bounced, a quarantined and a hostile trace."""
    return [
        trace(0),
        trace(
            1,
            disposition=Disposition.BOUNCED,
            reason=Reason.RECIPIENT_UNKNOWN,
            reply_code=550,
            enhanced_code="5.1.1",
            reply_text="550 5.1.1 <bob1@example.net>: Recipient address rejected: User unknown",
        ),
        trace(
            2,
            disposition=Disposition.QUARANTINED,
            verdict=Verdict.VIRUS,
            reason=Reason.VIRUS,
            detail="Eicar-Test-Signature",
            quarantine_id="virus-pYLzAPuX7vKZ",
            reply_text="250 2.7.0 Ok, discarded, id=00370-05 - INFECTED: Eicar-Test-Signature",
            enhanced_code="2.7.0",
            reply_by="filter",
        ),
        trace(3, sender="", sender_domain=None, client_name="\x1b[31mevil\u202egnp.exe", subject="=HYPERLINK(1)", message_id=None),
    ]


def fill(folder: Path, traces: list[Trace]) -> None:
    """Write traces to the store in a folder."""
    sink = EmbeddedSink(folder)
    try:
        sink.submit(traces)
        sink.note_progress({"mx1": BEGIN_MS + 60_000})
        sink.flush()
    finally:
        sink.close()
