"""Mail to several tenants at once: each trace's lines name recipients of others, as those of real servers do."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from mappings import facts, keys
from mappings.address import domain_of
from mappings.identity import trace_id
from mappings.links import How
from mappings.log_words import Action, By, Notice, Stage, Status
from mappings.trace import Event, HopLink, Related, Trace
from mappings.vocabulary import Direction, Disposition, Reason, Verdict

START_MS = 1_764_000_000_000
_SPAN_MS = 3 * 86_400_000
TENANTS = ("example.org", "example.net", "bücher.example", "sub.example.net")
#: Domains that are no tenant's.
STRANGERS = ("sender.example", "far.example")
_FATES = (
    (Disposition.DELIVERED, Verdict.CLEAN, None, 250, "2.0.0", Status.SENT),
    (Disposition.DELIVERED, Verdict.CLEAN, None, 250, "2.0.0", Status.SENT),
    (Disposition.BOUNCED, Verdict.CLEAN, Reason.RECIPIENT_UNKNOWN, 550, "5.1.1", Status.BOUNCED),
    (Disposition.DEFERRED, Verdict.CLEAN, Reason.MAILBOX_FULL, 452, "4.2.2", Status.DEFERRED),
    (Disposition.QUARANTINED, Verdict.VIRUS, Reason.VIRUS, 250, "2.7.0", Status.SENT),
    (Disposition.REJECTED, Verdict.SPAM, Reason.SPAM, 554, "5.7.1", Status.BOUNCED),
)


@dataclass
class _Message:
    """One message to several recipients."""

    chance: random.Random
    number: int
    time_ms: int
    log_domain: str
    sender: str
    recipients: list[str]
    first: str
    second: str
    mail_id: str
    message_id: str
    made: list[Event] = field(default_factory=list)

    def line(self, program: str, hop: str, fact: facts.Fact, text: str, names: list[str]) -> Event:
        """One line; its raw text names whom it is said to name, and, where it counts more, everybody."""
        number = len(self.made)
        told = self.recipients if fact.counts_more() else names
        event = Event(
            time_us=(self.time_ms + 100 * number) * 1000,
            fine=True,
            host=self.log_domain,
            program=program,
            pid=100,
            number=0,
            hash=f"{self.number:08x}{number:04x}{self.chance.getrandbits(16):04x}",
            hop=hop,
            kind=facts.kind_of(fact),
            fields=facts.fields_of(fact),
            raw=f"{self.log_domain} {program}[100]: line {number} of {self.first}: {text}; to {' '.join(told)}",
            file="mail.log",
        )
        self.made.append(event)
        return event


def mail(seed: int, count: int) -> list[Trace]:
    """The traces of so many messages, with their notices, their hops at another server, and tries that were repeated."""
    chance = random.Random(seed)
    written: list[Trace] = []
    for number in range(count):
        written += _message(chance, number)
    return written


def _message(chance: random.Random, number: int) -> list[Trace]:
    """All traces that one message makes."""
    time_ms = START_MS + chance.randrange(_SPAN_MS)
    own = chance.random() < 0.4
    sender = f"sender{number}@{chance.choice(TENANTS if own else STRANGERS)}"
    domains = chance.sample((*TENANTS, "far.example") if own else TENANTS, chance.choice((1, 2, 3, 4)))
    # Now and then two recipients of one tenant.
    domains += [domains[0]] * (chance.random() < 0.3)
    recipients = [f"secret{number}n{place}x{chance.getrandbits(24):06x}@{domain}" for place, domain in enumerate(domains)]
    message = _Message(
        chance=chance,
        number=number,
        time_ms=time_ms,
        log_domain="mx7",
        sender=sender,
        recipients=recipients,
        first=f"5{number:05X}{chance.getrandbits(20):05X}",
        second=f"6{number:05X}{chance.getrandbits(20):05X}",
        mail_id=f"mail{number:04d}{chance.getrandbits(16):04x}",
        message_id=f"m{number}.{chance.getrandbits(32):08x}@client.example",
    )
    size = chance.randrange(300, 100_000)
    fates = [chance.choice(_FATES) for _ in recipients]
    traces = [_copy(message, recipient, fate, size, own=own) for recipient, fate in zip(recipients, fates, strict=True)]
    if any(fate[0] is Disposition.BOUNCED for fate in fates):
        traces.append(_notice(message, traces))
    if chance.random() < 0.3:
        traces += [_elsewhere(message, one) for one in traces[: len(recipients)]]
    if chance.random() < 0.3:
        traces.append(_try_before(message, traces[0]))
    return traces


def _copy(message: _Message, recipient: str, fate: tuple[Any, ...], size: int, *, own: bool) -> Trace:
    """The trace of one recipient; its lines are the message's, the scan's, and its own."""
    chance, log_domain = message.chance, message.log_domain
    disposition, verdict, reason, code, enhanced, status = fate
    # An alias: the client named an address of, perhaps, another tenant.
    original = f"alias{message.number}x{chance.getrandbits(24):06x}@{chance.choice(TENANTS)}" if chance.random() < 0.2 else None
    q1, q2, scan = keys.queue(log_domain, message.first), keys.queue(log_domain, message.second), keys.scan(message.mail_id)
    names = [recipient, *([original] if original else [])]
    many = len(message.recipients)
    message.made = []
    message.line("smtpd", q1, facts.Received(message.first, client_name="mail.sender.example"), "Accepted from mail.sender.example", [])
    queued = f"Queued: from {message.sender}, {size} bytes, {many} recipient{'s' if many > 1 else ''}"
    message.line("qmgr", q1, facts.Queued(message.first, message.sender, size, many), queued, [])
    scanned = facts.Scanned(message.mail_id, "00361-05", passed=status is Status.SENT, category="CLEAN", recipients=message.recipients)
    words = f"Passed CLEAN: {message.sender} to {', '.join(message.recipients)}"
    passed = message.line("amavis", scan, scanned, words, list(message.recipients)).hash
    message.line("smtpd", q2, facts.Received(message.second, client_name="localhost"), "Accepted from localhost", [])
    reply = facts.Reply(code, enhanced, f"<{recipient}>: so it is; queued as 4Sink{message.number:05d}")
    relay = "mx.far.example[198.51.100.9]:25"
    tried = facts.Attempted(message.second, recipient, status, original=original, relay=relay, reply=reply, by=By.REMOTE)
    decided = message.line("smtp", q2, tried, f"Tried for {recipient}{f', first named {original}' if original else ''}", names)
    message.line("qmgr", q2, facts.Removed(message.second), "Removed from the queue", [])
    sees = [domain_of(name) or "" for name in names] + ([domain_of(message.sender) or ""] if own else [])
    return Trace(
        id=trace_id(message.time_ms, log_domain, q1, original or recipient, recipient),
        version=(1 << 20) + len(message.made),
        log_domain=log_domain,
        time_ms=message.time_ms,
        last_event_ms=message.time_ms + 600,
        host=log_domain,
        client_name="mail.sender.example",
        client_ip="203.0.113.5",
        client_helo="mail.sender.example",
        sender=message.sender,
        sender_domain=domain_of(message.sender),
        recipient=recipient,
        recipient_domain=domain_of(recipient),
        original_recipient=original,
        original_recipient_domain=None if original is None else domain_of(original),
        disposition=disposition,
        verdict=verdict,
        reason=reason,
        quarantine_id=f"q/virus-{message.mail_id}" if disposition is Disposition.QUARANTINED else None,
        reply_code=code,
        enhanced_code=enhanced,
        reply_text=reply.text,
        reply_by="remote",
        message_id=message.message_id,
        subject=f"About {recipient}",
        size=size,
        queue_ids=[message.first, message.second],
        direction=Direction.OUTBOUND if own else Direction.INBOUND,
        relay=relay,
        relay_host="mx.far.example",
        relay_ip="198.51.100.9",
        attempts=1,
        visible_to=list(dict.fromkeys(sees)),
        keys=[q1, q2, scan, keys.message_id(message.message_id)],
        hops=[HopLink(q1), HopLink(scan, q1, How.SCAN_OF, passed, message.first), HopLink(q2, scan, How.NEXT, passed, message.second)],
        decided=decided.hash,
        next_ids=[f"4Sink{message.number:05d}"],
        events=message.made,
    )


def _notice(message: _Message, traces: list[Trace]) -> Trace:
    """The notice to the sender that some could not be reached; it and its cause know each other."""
    first, log_domain = f"7{message.number:05X}{message.chance.getrandbits(20):05X}", message.log_domain
    key, parent = keys.queue(log_domain, first), keys.queue(log_domain, message.second)
    for trace in traces:
        trace.related = [Related("notice", key)]
    message.made = []
    failed = [trace.recipient or "" for trace in traces if trace.disposition is Disposition.BOUNCED]
    noticed = facts.Noticed(message.second, first, Notice.NON_DELIVERY)
    message.line("bounce", key, noticed, f"A notice about {', '.join(failed)}", failed)
    tried = facts.Attempted(first, message.sender, Status.SENT)
    message.line("smtp", key, tried, f"Tried for {message.sender}", [message.sender])
    return Trace(
        id=trace_id(message.time_ms + 700, log_domain, key, message.sender, message.sender),
        version=(1 << 20) + len(message.made),
        log_domain=log_domain,
        time_ms=message.time_ms + 700,
        last_event_ms=message.time_ms + 900,
        host=log_domain,
        sender="",
        recipient=message.sender,
        recipient_domain=domain_of(message.sender),
        disposition=Disposition.DELIVERED,
        queue_ids=[first],
        direction=Direction.OUTBOUND,
        visible_to=[domain_of(message.sender) or ""],
        keys=[key, parent],
        related=[Related("cause", parent)],
        events=message.made,
    )


def _elsewhere(message: _Message, trace: Trace) -> Trace:
    """The same message for the same recipient at the next server, which writes a log of its own."""
    queue_id = f"4Sink{message.number:05d}"
    key, recipient, time_ms = keys.queue("mx8", queue_id), trace.recipient or "", trace.time_ms + 5_000
    message.made = []
    message.line("smtpd", key, facts.Received(queue_id, client_name="mx7"), "Accepted from mx7", [])
    message.line("local", key, facts.Attempted(queue_id, recipient, Status.SENT), f"Tried for {recipient}", [recipient])
    return Trace(
        id=trace_id(time_ms, "mx8", key, recipient, recipient),
        version=(1 << 20) + len(message.made),
        log_domain="mx8",
        time_ms=time_ms,
        last_event_ms=time_ms + 200,
        host="mx8",
        sender=message.sender,
        sender_domain=domain_of(message.sender),
        recipient=recipient,
        recipient_domain=trace.recipient_domain,
        disposition=Disposition.DELIVERED,
        message_id=message.message_id,
        queue_ids=[queue_id],
        visible_to=[trace.recipient_domain or ""],
        keys=[key, keys.message_id(message.message_id)],
        events=message.made,
    )


def _try_before(message: _Message, trace: Trace) -> Trace:
    """A refusal for now, before the try that was taken."""
    time_ms, recipient = trace.time_ms - 300_000, trace.recipient or ""
    key = keys.line(f"{message.number:016x}")
    message.made = []
    ruled = facts.Ruled(
        None, Action.REJECT, Stage.RCPT, sender=message.sender, recipients=[recipient], reply=facts.Reply(450, "4.2.0", "Greylisted")
    )
    message.line("smtpd", key, ruled, f"Refused for now: {message.sender} to {recipient}", [recipient])
    return Trace(
        id=trace_id(time_ms, message.log_domain, key, recipient, recipient),
        version=(1 << 20) + len(message.made),
        log_domain=message.log_domain,
        time_ms=time_ms,
        last_event_ms=time_ms,
        host=message.log_domain,
        client_ip=trace.client_ip,
        sender=message.sender,
        sender_domain=domain_of(message.sender),
        recipient=recipient,
        recipient_domain=trace.recipient_domain,
        disposition=Disposition.TEMPFAILED,
        reason=Reason.GREYLIST,
        reply_code=450,
        enhanced_code="4.2.0",
        reply_text="Greylisted",
        reply_by="local",
        visible_to=[trace.recipient_domain or ""],
        keys=[key],
        events=message.made,
    )
