"""Mail of a usual day, with one cause planted for which more of it went wrong: one next hop, one rule, one sender or one code."""

from __future__ import annotations

import random
from dataclasses import dataclass

from mappings import identity
from mappings.trace import Trace
from mappings.vocabulary import Direction, Disposition, Reason, Verdict
from search.differing import Differences
from search.engines import Value
from search.narrowing import counted_as
from search.query import Query

START_MS = 1_764_000_000_000
DAY_MS = 86_400_000
KINDS = ("next hop", "rule", "sender", "code")
#: What refused mail is told, by its reason; each with how often.
_BOUNCES = (
    (Reason.RECIPIENT_UNKNOWN, 550, "5.1.1", 6),
    (Reason.MAILBOX_FULL, 552, "5.2.2", 2),
    (Reason.POLICY, 554, "5.7.1", 2),
    (Reason.REPUTATION, 550, "5.7.1", 1),
)
_DELAYS = ((Reason.GREYLIST, 450, "4.2.0", 5), (Reason.CONNECTION, None, "4.4.1", 3), (Reason.RATE_LIMIT, 421, "4.7.0", 2))
_RULES = tuple(f"Lab.Rule-{number}" for number in range(12))


@dataclass(frozen=True, slots=True)
class Cause:
    """What was planted: the question of somebody who looks into it, and the value that is to be found."""

    kind: str
    query: Query
    fields: tuple[str, ...]
    value: Value


@dataclass(frozen=True, slots=True)
class _Domain:
    """A domain with its server and its people."""

    name: str
    server: str
    ip: str
    people: int
    #: How much of its mail goes wrong.
    trouble: float


def world(seed: int, count: int) -> tuple[list[Trace], Cause]:
    """So many traces, and the cause in them."""
    chance = random.Random(seed)
    domains = [_domain(chance, number) for number in range(200)]
    weights = [1 / (number + 1) for number in range(200)]
    made = [_usual(chance, number, *chance.choices(domains, weights, k=2)) for number in range(count)]
    return made, _plant(chance, made, KINDS[seed % len(KINDS)])


def _domain(chance: random.Random, number: int) -> _Domain:
    """A domain; small ones share a server."""
    server = number if number < 60 else 60 + number % 7
    return _Domain(
        f"d{number}.example", f"mx{server}.example", f"192.0.2.{server}", chance.randrange(1, 60), chance.choice((0.01, 0.02, 0.04))
    )


def _usual(chance: random.Random, number: int, sender: _Domain, recipient: _Domain) -> Trace:
    """One trace of the day."""
    time_ms = START_MS + chance.randrange(DAY_MS)
    to = f"r{chance.randrange(recipient.people)}@{recipient.name}"
    made = Trace(
        id=identity.trace_id(time_ms, "mx1", f"q:mx1/{number}", to, to),
        version=(1 << 20) + 1,
        log_domain="mx1",
        time_ms=time_ms,
        last_event_ms=time_ms,
        host=chance.choice(("mx1", "mx2")),
        client_name=sender.server,
        client_ip=sender.ip,
        client_helo=sender.server,
        tls=chance.choice(("TLSv1.3", "TLSv1.3", "TLSv1.2", None)),
        sender=f"s{chance.randrange(sender.people)}@{sender.name}",
        sender_domain=sender.name,
        recipient=to,
        recipient_domain=recipient.name,
        disposition=Disposition.DELIVERED,
        verdict=Verdict.CLEAN,
        reply_code=250,
        enhanced_code="2.0.0",
        reply_by="remote",
        direction=Direction.INBOUND,
        relay_host=recipient.server,
        relay_ip=recipient.ip,
        visible_to=[recipient.name],
    )
    draw = chance.random()
    if draw < recipient.trouble:
        _refused(chance, made, Disposition.BOUNCED, _BOUNCES)
    elif draw < 2 * recipient.trouble:
        _refused(chance, made, Disposition.DEFERRED, _DELAYS)
    elif draw < 2 * recipient.trouble + 0.02:
        _kept(made, chance.choice(_RULES))
    return made


def _refused(chance: random.Random, trace: Trace, disposition: Disposition, how: tuple[tuple[Reason, int | None, str, int], ...]) -> None:
    """It was refused, or has to wait."""
    trace.disposition = disposition
    trace.reason, trace.reply_code, trace.enhanced_code, _ = chance.choices(how, [weight for *_, weight in how])[0]


def _kept(trace: Trace, rule: str) -> None:
    """A filter kept it."""
    trace.disposition, trace.verdict, trace.reason, trace.detail = Disposition.QUARANTINED, Verdict.SPAM, Reason.SPAM, rule
    trace.relay_host = trace.relay_ip = None
    trace.reply_by, trace.enhanced_code = "filter", "2.7.0"


def _plant(chance: random.Random, made: list[Trace], kind: str) -> Cause:
    """Let one cause do its work in a part of the mail."""
    hit = chance.sample(made, len(made) * chance.randrange(6, 12) // 1_000)
    if kind == "next hop":
        for trace in hit:
            trace.relay_host, trace.relay_ip = "mx-slow.example", "203.0.113.9"
            # Some of its mail comes through.
            if chance.random() < 0.7:
                _refused(chance, trace, Disposition.DEFERRED, _DELAYS)
        return Cause(kind, Query(disposition=("deferred",)), ("relay_host", "relay_ip"), "mx-slow.example")
    if kind == "rule":
        for trace in hit:
            _kept(trace, "Lab.Broken-Rule")
        return Cause(kind, Query(disposition=("quarantined",)), ("detail",), "lab.broken-rule")
    if kind == "sender":
        of_domain = [trace for trace in made if trace.sender_domain == "d3.example"]
        for trace in chance.sample(of_domain, min(len(hit), len(of_domain) // 2)):
            trace.sender = "list@d3.example"
            _refused(chance, trace, Disposition.BOUNCED, _BOUNCES)
        return Cause(kind, Query(disposition=("bounced",)), ("sender", "header_from"), "list@d3.example")
    for trace in made:
        if trace.recipient_domain == "d4.example" and chance.random() < 0.3:
            trace.disposition, trace.reason, trace.reply_code, trace.enhanced_code = Disposition.BOUNCED, Reason.POLICY, 553, "5.7.26"
    return Cause(kind, Query(recipient=("@d4.example",)), ("reply_code", "enhanced_code"), 553)


def found_first(cause: Cause, found: Differences) -> bool:
    """Whether what is listed first is the cause, in any of the fields that tell it."""
    if not found.values:
        return False
    said: dict[Value, tuple[Value, ...]] = {"mx-slow.example": ("203.0.113.9",), 553: ("5.7.26",)}
    first = found.values[0]
    return first.by in map(counted_as, cause.fields) and first.value in (cause.value, *said.get(cause.value, ()))
