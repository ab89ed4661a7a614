"""One message through a mail server and its filter, as the ingester writes it: material for the tests of answers and reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from ingest.sinks.embedded import EmbeddedSink
from mappings import facts, keys
from mappings.identity import trace_id
from mappings.links import How
from mappings.log_words import By, Status
from mappings.trace import Event, HopLink, Trace
from mappings.vocabulary import Direction, Disposition, Reason, Verdict
from search.engines.embedded import EmbeddedEngine
from search.scope import EVERYTHING, Scope
from search.service import MailTrace

#: 2026-11-24T04:06:42Z
T0 = 1_795_493_202_000
FIRST, SECOND, SCAN = "3883718A9F5", "9253418AA05", "eOgKZo5vfSIj"
ANN, BOB, CARLA = "ann@sender.example", "bob@example.net", "carla@other.example"
HOST = "mx1"


def only(*domains: str) -> Scope:
    """Give the scope of a caller who may see these domains."""
    return Scope(frozenset(domains))


@contextmanager
def stored(
    folder: Path, *traces: Trace, read_up_to: Mapping[str, int] | None = None, scope: Scope = EVERYTHING, now_ms: int = T0 + 60_000
) -> Iterator[MailTrace]:
    """Write traces to a real store and open it for a caller."""
    sink = EmbeddedSink(folder)
    sink.submit(traces)
    sink.note_progress({HOST: T0 + 5_000} if read_up_to is None else read_up_to)
    sink.close()
    with MailTrace(EmbeddedEngine(folder), scope, lambda: now_ms) as mail:
        yield mail


@dataclass
class Lines:
    """Makes events in the order in which they are asked for, 100 ms apart."""

    start_ms: int = T0
    made: list[Event] = field(default_factory=list)

    def add(self, program: str, hop: str, fact: facts.Fact, text: str, names: list[str] | None = None) -> str:
        """Add one line, with a text that names some recipients; give its hash."""
        number = len(self.made)
        self.made.append(
            Event(
                time_us=(self.start_ms + 100 * number) * 1000,
                fine=True,
                host=HOST,
                program=program,
                pid=100,
                number=0,
                hash=f"{self.start_ms:x}-{number:02x}-{program}",
                hop=hop,
                kind=facts.kind_of(fact),
                fields=facts.fields_of(fact),
                raw=f"{HOST} {program}[100]: {text} {names or ''}",
                file="mail.log",
            ),
        )
        return self.made[-1].hash


def trace(recipient: str | None = BOB, *, time_ms: int = T0, first: str = FIRST, log_domain: str = HOST, **changes: Any) -> Trace:
    """One clean, delivered trace; what is given replaces what it has."""
    domain = recipient.rpartition("@")[2] if recipient else None
    made = Trace(
        id=trace_id(time_ms, log_domain, keys.queue(log_domain, first), recipient or "", recipient or ""),
        version=1,
        log_domain=log_domain,
        time_ms=time_ms,
        last_event_ms=time_ms + 900,
        host=log_domain,
        client_name="mail.sender.example",
        client_ip="203.0.113.5",
        client_helo="mail.sender.example",
        sender=ANN,
        sender_domain="sender.example",
        recipient=recipient,
        recipient_domain=domain,
        disposition=Disposition.DELIVERED,
        verdict=Verdict.CLEAN,
        reply_code=250,
        enhanced_code="2.0.0",
        reply_text="250 2.0.0 Ok: queued as 4Sink00001",
        reply_by="remote",
        message_id=f"{first}@client.example",
        size=367,
        queue_ids=[first],
        direction=Direction.INBOUND,
        relay="mailstore.example.org[198.51.100.9]:25",
        attempts=1,
        visible_to=[domain] if domain else [],
        keys=[keys.queue(log_domain, first), keys.message_id(f"{first}@client.example")],
        next_ids=["4Sink00001"],
    )
    return msgspec.structs.replace(made, **changes)


def scanned_journey(**changes: Any) -> Trace:
    """Bob's copy of a message to Bob and Carla: queue file, scan, queue file, next server; lines are in the order of the log."""
    lines, q1, q2, scan = Lines(), keys.queue(HOST, FIRST), keys.queue(HOST, SECOND), keys.scan(SCAN)
    client = facts.Received(FIRST, client_name="mail.sender.example", client_ip="203.0.113.5")
    lines.add("smtpd", q1, client, "Accepted from mail.sender.example[203.0.113.5]")
    lines.add("qmgr", q1, facts.Queued(FIRST, ANN, 367, 2), f"Queued: from {ANN}, 367 bytes")
    # The filter's client comes before the filter's own line, as it does in real logs.
    lines.add("smtpd", q2, facts.Received(SECOND, client_name="localhost", client_ip="127.0.0.1"), "Accepted from localhost[127.0.0.1]")
    result = facts.Scanned(SCAN, "00361-05", passed=True, category="CLEAN", sender=ANN, recipients=[BOB, CARLA], score=-1.5)
    result = msgspec.structs.replace(result, origin_queue_id=FIRST, next_ids=[SECOND])
    scanned = lines.add("amavis", scan, result, f"Passed CLEAN: {ANN} to {BOB}, {CARLA}", [BOB, CARLA])
    reply = facts.Reply(250, "2.0.0", f"from MTA: 250 2.0.0 Ok: queued as {SECOND}")
    handed = facts.Attempted(FIRST, BOB, Status.SENT, relay="127.0.0.1[127.0.0.1]:10024", reply=reply, by=By.FILTER, next_id=SECOND)
    handed = msgspec.structs.replace(handed, relay_ip="127.0.0.1", relay_port=10024)
    sent = facts.Attempted(SECOND, BOB, Status.SENT, relay="mailstore.example.org[198.51.100.9]:25", reply=facts.Reply(250, "2.0.0", "Ok"))
    decided = lines.add("smtp", q2, sent, f"Delivered to {BOB}", [BOB])
    lines.add("qmgr", q2, facts.Removed(SECOND), "Removed from the queue")
    lines.add("smtp", q1, handed, f"Handed to the filter for {BOB}", [BOB])
    lines.add("qmgr", q1, facts.Removed(FIRST), "Removed from the queue")
    values: dict[str, Any] = {
        "queue_ids": [FIRST, SECOND],
        "keys": [q1, q2, scan, keys.message_id("m1@client.example")],
        "message_id": "m1@client.example",
        "hops": [HopLink(q1), HopLink(scan, q1, How.SCAN_OF, scanned, FIRST), HopLink(q2, scan, How.NEXT, scanned, SECOND)],
        "decided": decided,
        "events": lines.made,
    }
    return trace(**{**values, **changes})


def kept_journey(**changes: Any) -> Trace:
    """Give a message that the filter kept for malware."""
    lines, q1, scan = Lines(), keys.queue(HOST, FIRST), keys.scan(SCAN)
    client = facts.Received(FIRST, client_name="mail.sender.example", client_ip="203.0.113.5")
    lines.add("smtpd", q1, client, "Accepted from mail.sender.example[203.0.113.5]")
    result = facts.Scanned(SCAN, "00361-06", passed=False, category="INFECTED", detail="Eicar-Test-Signature", recipients=[BOB])
    result = msgspec.structs.replace(result, quarantine_ids=["e/virus-eOgKZo5vfSIj"])
    decided = lines.add("amavis", scan, result, "Blocked INFECTED (Eicar-Test-Signature), kept as e/virus-eOgKZo5vfSIj", [BOB])
    reply = facts.Reply(250, "2.7.0", "Ok, discarded, id=00361-06 - INFECTED: Eicar-Test-Signature")
    sent = facts.Attempted(FIRST, BOB, Status.SENT, relay="127.0.0.1[127.0.0.1]:10024", reply=reply, by=By.FILTER, log_id="00361-06")
    sent = msgspec.structs.replace(sent, relay_ip="127.0.0.1", relay_port=10024)
    answered = lines.add("smtp", q1, sent, "Handed to the filter, which kept it", [BOB])
    lines.add("qmgr", q1, facts.Removed(FIRST), "Removed from the queue")
    values: dict[str, Any] = {
        "disposition": Disposition.QUARANTINED,
        "verdict": Verdict.VIRUS,
        "reason": Reason.VIRUS,
        "detail": "Eicar-Test-Signature",
        "quarantine_id": "e/virus-eOgKZo5vfSIj",
        "enhanced_code": "2.7.0",
        "reply_text": "250 2.7.0 Ok, discarded, id=00361-06 - INFECTED: Eicar-Test-Signature",
        "reply_by": "filter",
        "keys": [q1, scan],
        "hops": [HopLink(q1), HopLink(scan, q1, How.ANSWERED, answered, "00361-06")],
        "decided": decided,
        "next_ids": [],
        "events": lines.made,
    }
    return trace(**{**values, **changes})
