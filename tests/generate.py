"""Seeded traces and questions: odd addresses, ties in time, many recipients, tenants, superseded and rewritten ones."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from typing import Any

import msgspec

from mappings import facts, identity, keys
from mappings.address import domain_of, normalise
from mappings.authentication import AuthResult
from mappings.links import How
from mappings.trace import Event, HopLink, Trace
from mappings.vocabulary import Direction, Disposition, Reason, Verdict
from search.query import Query, format_time
from search.scope import EVERYTHING, Scope

START_MS = 1_764_000_000_000
DAY_MS = 86_400_000

OWN_DOMAINS = ("example.org", "example.net", "bücher.example", "sub.example.net")
OUTSIDE_DOMAINS = (
    "sender.example",
    "example.com",
    "EXAMPLE.edu",
    "xn--bcher-kva.test",
    "a-b.example",
    "a_b.example",
    "[192.0.2.9]",
    "localhost",
)
LOCALS = (
    "ann",
    "Ann",
    "bob",
    "oskar",
    "o'brien",
    "ann+tag",
    "a.b",
    "a_b",
    "a%b",
    "per%cent",
    "x*y",
    "what?",
    "[odd]",
    '"john smith"',
    "ßtraße",
    "Ünal",
    "a",
)
WHOLE = (
    "",
    "root",
    "oskar",
    '"a@b"@example.net',
    "ann@",
    "x" * 300 + "@example.net",
    "ann@example.org\x01",
    "'; DROP TABLE trace; --@example.net",
)
NAMES = ("mail.example.org", "MX.Example.com", "unknown", "mx[1].example", "a_b.example", None)
IPS = ("192.0.2.7", "192.0.2.200", "203.0.113.5", "2001:db8::1", "2001:DB8:0::2", "::ffff:198.51.100.4", "not an address", None)
HELOS = ("mail.example.org", "[192.0.2.7]", "HELO%", "ümlaut", "x\x00y", None)
RELAYS = (("mx.example.net", "198.51.100.1"), ("mx.example.net", "198.51.100.2"), ("127.0.0.1", "127.0.0.1"), (None, None))
CODES = (
    (250, "2.0.0"),
    (250, None),
    (550, "5.1.1"),
    (550, "5.1.10"),
    (554, "5.7.1"),
    (450, "4.2.0"),
    (None, "5.1.2"),
    (421, None),
    (None, None),
)


def traces(seed: int, count: int, *, span_ms: int = 3 * DAY_MS, events: bool = True) -> list[Trace]:
    """Traces in the order of their writing, which is not that of their time; some are written several times."""
    chance = random.Random(seed)
    written: list[Trace] = []
    while len(written) < count:
        written.extend(_message(chance, span_ms, events))
        if written and chance.random() < 0.2:
            written.append(_rewritten(chance, chance.choice(written)))
        if len(written) > 2 and chance.random() < 0.1:
            written.append(_superseded(chance, written))
    return written[:count]


def address(chance: random.Random, domains: tuple[str, ...]) -> str:
    """An address as a trace holds it: normalised."""
    if chance.random() < 0.1:
        return normalise(chance.choice(WHOLE))
    return normalise(f"{chance.choice(LOCALS)}@{chance.choice(domains)}")


def event(chance: random.Random, trace_time_ms: int, number: int, hop: str, names: list[str]) -> Event:
    """One line of a journey; some state what no release knows."""
    time_us = trace_time_ms * 1000 + number
    text = (
        f"4xYz{number}: to=<{', '.join(names)}>, relay=mx.example.net[198.51.100.1]:25, delay=0.{number}, dsn=2.0.0, status=sent (250 ok)"
    )
    return Event(
        time_us=time_us,
        fine=chance.random() < 0.5,
        host="mx1",
        program=chance.choice(("smtpd", "qmgr", "smtp", "amavis")),
        pid=chance.randrange(1, 99_999),
        number=number,
        hash=f"{chance.getrandbits(64):016x}",
        hop=hop,
        kind="delivery" if number % 3 == 2 else "judged",
        fields=_fields(number, names, more=chance.random() < 0.1),
        raw=f"Nov 24 03:22:10 mx1 postfix/smtp[123]: {text}",
        file="/var/log/mail.log",
    )


def _fields(number: int, names: list[str], *, more: bool) -> dict[str, Any]:
    """What a line states: of the third one no release knows it."""
    if number % 3 == 2:
        return {"to": names, "code": 250, "nested": {"text": "ü\x00", "none": None, "share": 0.5}}
    return facts.fields_of(facts.Judged("rspamd", recipients=names, more=more, symbols=[facts.FilterSymbol("ü\x00", 0.5, ["x"])]))


def _message(chance: random.Random, span_ms: int, events: bool) -> list[Trace]:
    """The traces of one message, one for each recipient."""
    # Whole seconds make ties; ids then differ in their hash only.
    time_ms = START_MS + chance.randrange(span_ms) // 1000 * 1000 if chance.random() < 0.5 else START_MS + chance.randrange(span_ms)
    log_domain = chance.choice(("mx1", "mx2"))
    queue_id = f"4{chance.getrandbits(40):010X}"
    second = [f"4{chance.getrandbits(40):010X}"] if chance.random() < 0.5 else []
    sender = address(chance, OWN_DOMAINS + OUTSIDE_DOMAINS) if chance.random() < 0.9 else None
    header_from = chance.choice((sender, None, address(chance, OUTSIDE_DOMAINS)))
    message_id = chance.choice(
        (f"{chance.getrandbits(32):08x}@client.example", "Same@client.example", "same@CLIENT.example", "odd[1]*", None)
    )
    made = []
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        recipient = address(chance, OWN_DOMAINS) if chance.random() < 0.95 else None
        original = address(chance, OWN_DOMAINS) if chance.random() < 0.2 else None
        message = _Message(time_ms, log_domain, [queue_id, *second], sender, header_from, message_id)
        made.append(_trace(chance, message, recipient, original, events))
    return made


@dataclass(frozen=True, slots=True)
class _Message:
    """What the traces of one message share."""

    time_ms: int
    log_domain: str
    queue_ids: list[str]
    sender: str | None
    header_from: str | None
    message_id: str | None


def _trace(chance: random.Random, message: _Message, recipient: str | None, original: str | None, events: bool) -> Trace:
    """One trace."""
    time_ms, log_domain, queue_ids = message.time_ms, message.log_domain, message.queue_ids
    sender, header_from, message_id = message.sender, message.header_from, message.message_id
    first = keys.queue(log_domain, queue_ids[0])
    disposition = chance.choice((Disposition.DELIVERED,) * 6 + tuple(Disposition))
    code, enhanced = chance.choice(CODES)
    relay_host, relay_ip = chance.choice(RELAYS)
    mail_id = f"{chance.getrandbits(64):012x}"[:12]
    quarantine = (
        chance.choice((f"{mail_id[0]}/banned-{mail_id}", f"spam-{mail_id}.gz", queue_ids[0], "virus-a[b]c?d*efg"))
        if chance.random() < 0.2
        else None
    )
    recipient_domains = [domain for address_ in (recipient, original) if address_ and (domain := domain_of(address_))]
    visible_to = list(dict.fromkeys([*recipient_domains, *([domain_of(sender or "") or "example.org"] if chance.random() < 0.3 else [])]))
    names = [recipient] if recipient else []
    count = chance.randrange(1, 6)
    made = Trace(
        id=identity.trace_id(time_ms, log_domain, first, original or recipient or "", recipient or ""),
        version=(1 << 20) + count,
        log_domain=log_domain,
        time_ms=time_ms,
        last_event_ms=time_ms + chance.randrange(100_000),
        host=log_domain,
        client_name=chance.choice(NAMES),
        client_ip=chance.choice(IPS),
        client_helo=chance.choice(HELOS),
        sender=sender,
        sender_domain=None if sender is None else domain_of(sender),
        header_from=header_from,
        header_from_domain=None if header_from is None else domain_of(header_from),
        recipient=recipient,
        recipient_domain=None if recipient is None else domain_of(recipient),
        original_recipient=original,
        original_recipient_domain=None if original is None else domain_of(original),
        disposition=disposition,
        verdict=chance.choice((Verdict.CLEAN, Verdict.CLEAN, *Verdict)),
        reason=None if disposition is Disposition.DELIVERED else chance.choice(list(Reason)),
        direction=chance.choice(list(Direction)),
        quarantine_id=quarantine,
        reply_code=code,
        enhanced_code=enhanced,
        reply_text=chance.choice(("host said: “no”", "ok", None)),
        message_id=message_id,
        subject=chance.choice((None, "Figures", "Ünïcode \x00")),
        size=chance.choice((None, 0, 1234, 1 << 40)),
        score=chance.choice((None, 0.5, -3.0)),
        queue_ids=list(queue_ids),
        relay=relay_host,
        relay_host=relay_host,
        relay_ip=relay_ip,
        attempts=chance.randrange(3),
        visible_to=visible_to,
        **_measured(chance, time_ms),
        keys=[
            *(keys.queue(log_domain, queue_id) for queue_id in queue_ids),
            keys.scan(mail_id),
            *([] if message_id is None else [keys.message_id(message_id)]),
            *([] if quarantine is None else [keys.quarantine(quarantine)]),
        ],
        ingested_ms=time_ms + 1000,
        events=[event(chance, time_ms, number, first, names) for number in range(count)] if events else [],
    )
    if made.events:
        line = made.events[-1].hash
        made.hops = [HopLink(first), HopLink(keys.scan(mail_id), first, How.SCAN_OF, line, queue_ids[0], [keys.log_id(log_domain, "1-2")])]
        made.decided, made.next_ids = None if count == 1 else line, [queue_ids[0][::-1]] * (count % 2)
    return made


def _measured(chance: random.Random, time_ms: int) -> dict[str, Any]:
    """What only some traces have: delays, tests, what was checked, where it was put."""
    symbols = chance.sample(("BAYES_SPAM", "R_SPF_ALLOW", "URIBL_BLACK", "odd*one"), chance.randrange(4))
    tried = chance.choice((None, time_ms + 5))
    return {
        "authenticated_as": chance.choice((None, None, "Ann", "ann@example.org", "bob*")),
        "login_method": chance.choice((None, None, "PLAIN", "plain_login")),
        "tls_version": chance.choice((None, "TLSv1.3", "TLSv1.2")),
        "tls_cipher": chance.choice((None, "TLS_AES_256_GCM_SHA384")),
        "relay_tls_version": chance.choice((None, None, "TLSv1.3")),
        "delay": chance.choice((None, 0.0, 0.5, 70.25)),
        "delay_in_queue": chance.choice((None, 0.0, 5.5)),
        "first_try_ms": tried,
        "last_try_ms": None if tried is None else tried + chance.randrange(1000),
        "symbols": symbols,
        "symbol_scores": [chance.choice((None, 1.5)) for _ in symbols],
        "spf": chance.choice((None, AuthResult.PASS, AuthResult.FAIL)),
        "spf_domain": chance.choice((None, "example.org", "EXAMPLE.edu")),
        "dmarc": chance.choice((None, AuthResult.NONE)),
        "dmarc_domain": chance.choice((None, "sub.example.net")),
        "file": chance.choice((None, None, "Setup.EXE")),
        "file_types": chance.choice(([], [], ["exe", "exe-ms"])),
        "mailbox": chance.choice((None, None, "bob")),
        "folder": chance.choice((None, None, "Junk", "INBOX")),
        "reply_shape": chance.choice((None, "mailbox <address> is full")),
    }


def _copy(trace: Trace) -> Trace:
    """Another object of the same content."""
    return Trace(**{name: getattr(trace, name) for name in Trace.__struct_fields__})


def _rewritten(chance: random.Random, trace: Trace) -> Trace:
    """A later, equal or earlier version with another fate."""
    other = _copy(trace)
    other.version += chance.choice((1, 1, 0, -1))
    other.disposition = chance.choice(list(Disposition))
    other.reply_code, other.enhanced_code = chance.choice(CODES)
    other.recipient_domain = chance.choice((trace.recipient_domain, "example.org"))
    other.visible_to = [chance.choice(OWN_DOMAINS)]
    other.keys = [*trace.keys[1:], keys.scan(f"again{chance.randrange(9)}")]
    other.last_event_ms += chance.randrange(5000)
    other.superseded_by = []
    return other


def _superseded(chance: random.Random, written: list[Trace]) -> Trace:
    """A trace replaced by others; now and then by one that is not there, or in a circle."""
    other = _copy(chance.choice(written))
    other.version += 1
    other.events, other.hops, other.decided = [], [], None
    pool = [chance.choice(written).id for _ in range(chance.choice((1, 1, 2, 3)))]
    other.superseded_by = [*pool, *([identity.smallest(START_MS)] if chance.random() < 0.1 else [])]
    return other


# Questions ------------------------------------------------------------------------------------------------------------------


def scope(chance: random.Random) -> Scope:
    """Everybody, one customer, several, very many, or nobody."""
    kind = chance.randrange(6)
    if kind < 2:
        return EVERYTHING
    if kind == 2:
        return Scope(frozenset([chance.choice(OWN_DOMAINS)]))
    if kind == 3:
        return Scope(frozenset(chance.sample(OWN_DOMAINS, 2)))
    if kind == 4:
        return Scope(frozenset([*OWN_DOMAINS[:3], *(f"c{number}.example" for number in range(40))]))
    return Scope(frozenset([] if chance.random() < 0.5 else ["nobody.example"]))


def query(chance: random.Random, written: list[Trace]) -> Query:
    """A question about these traces: mostly one criterion or two, with values that are there, nearly there, or patterns of them."""
    fields: dict[str, tuple[str, ...]] = {}
    kept = [trace for trace in written if trace.quarantine_id]
    for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3))):
        field = chance.choice(_FIELDS)
        pool = kept if field == "quarantine_id" and kept else written
        fields[field] = tuple(_value(chance, field, chance.choice(pool)) for _ in range(chance.choice((1, 1, 1, 2, 3))))
    since = chance.choice((None, None, chance.choice(written).time_ms, START_MS + DAY_MS))
    until = chance.choice((None, None, chance.choice(written).time_ms, START_MS + 2 * DAY_MS))
    if since is not None and until is not None and until < since:
        since, until = until, since
    return msgspec.structs.replace(Query(since_ms=since, until_ms=until), **fields)


_FIELDS = (
    *("sender", "recipient", "address") * 3,
    *("domain", "quarantine_id", "message_id", "queue_id", "client", "relay", "code"),
    *("quarantine_id", "message_id", "queue_id"),
    *("direction", "disposition", "verdict", "reason"),
)


def _value(chance: random.Random, field: str, trace: Trace) -> str:
    """A value for one field, taken from a trace."""
    if field in ("direction", "disposition", "verdict"):
        return str(getattr(trace, field).value)
    if field == "reason":
        return (trace.reason or Reason.SPAM).value
    if field == "code":
        return chance.choice(("250", "2", "550", "55x", "5", "5xx", "5.1", "5.1.1", "5.1.x", "4", "421", "2.0.0", "599", "4.9.9"))
    if field == "client":
        return _clean(
            chance.choice((trace.client_name, trace.client_ip, trace.client_helo, "192.0.2.0/24", "2001:db8::/32", "192.0.2.*", "m*", "*")),
            "x",
        )
    if field == "relay":
        return chance.choice((trace.relay_host, trace.relay_ip, "198.51.100.0/30", "mx.*", "*.1", "nowhere")) or "mx.example.net"
    return _wild(chance, _clean(_source(chance, field, trace), "nothing"), field)


def _source(chance: random.Random, field: str, trace: Trace) -> str | None:
    """A text that is there."""
    if field == "sender":
        return chance.choice((trace.sender, trace.header_from, trace.sender_domain, chance.choice(LOCALS)))
    if field == "recipient":
        return chance.choice((trace.recipient, trace.original_recipient, trace.recipient_domain, chance.choice(LOCALS)))
    if field == "address":
        return chance.choice((trace.sender, trace.recipient, trace.recipient_domain and "@" + trace.recipient_domain))
    if field == "domain":
        return chance.choice((trace.sender_domain, trace.recipient_domain, trace.header_from_domain))
    if field == "quarantine_id":
        whole = trace.quarantine_id or "spam-0123456789ab.gz"
        return chance.choice((whole, whole.rpartition("/")[2], whole.removesuffix(".gz"), whole.rpartition("-")[2], f"/var/kept/{whole}"))
    if field == "message_id":
        return chance.choice((trace.message_id, f"<{trace.message_id}>", "same@client.example"))
    return chance.choice(trace.queue_ids)


#: Fields that only the language has, and values that traces have in them, or nearly.
_LANGUAGE_FIELDS = {
    "subject": ("invoice", '"Re: Invoice"', "in*", "überweisung no", "nothing"),
    "reply": ("mailbox full", '"mailbox full"', "unkno*", "250", "user"),
    "detail": ("eicar*", "*exe*", "Eicar-Test-Signature"),
    "vendor": ("Blocked*", "*", "spam"),
    "user": ("*", "ann*", "ann@example.org"),
    "helo": ("*", "mail.example.org", "m*"),
    "host": ("mx1", "MX*", "mx2"),
    "tls": ("TLSv1.3*", "*"),
    "reply_by": ("remote", "filter", "l*"),
    "incomplete": ("true", "false"),
    "sender_notified": ("true", "false"),
    "mailtrace.sender": ("ann@example.org", "*@example.net", '""'),
    "source.ip": ("192.0.2.0/24", "192.0.2.*", "*"),
    "mailtrace.enhanced_code": ("5.1.1", "5.*", "*"),
    "email.*.address": ("*", "ann@example.org"),
    "login_method": ("plain*", "PLAIN", "*"),
    "tls_version": ("TLSv1.3", "TLS*", "*"),
    "symbol": ("BAYES_SPAM", "*BL*", "*", '"odd*one"'),
    "spf": ("pass", "fail", "*"),
    "dmarc": ("none", "*"),
    "auth_domain": ("example.edu", "*.net", "*"),
    "file": ("*.exe", "setup.exe"),
    "file_type": ("EXE", "exe*", "*"),
    "mailbox": ("BOB", "*"),
    "folder": ("junk", "*"),
    "reply_shape": ("*full*", "*"),
    "delay": ("0", "*", "70.25"),
    "first_try": ("*",),
    "size": ("0", "*"),
    "user.name": ("ann*", "*"),
    "tls.version": ("TLSv1.2",),
    "score": ("*", "5", "0"),
    "attempts": ("0", "1", "*"),
}
#: Words of the language, which are quoted where a value has them.
_OPERATORS = re.compile(r"(?:^|\s)(?:and|or|not)(?:[\s(]|$)", re.IGNORECASE)
_ORDERED_FIELDS = (
    *("size", "score", "required", "attempts", "time", "last_event", "mailtrace.reply_code"),
    *("delay", "delay_in_queue", "last_try"),
)


def text_query(chance: random.Random, written: list[Trace], depth: int = 3) -> str:
    """A question in the query language about these traces."""
    shape = chance.random()
    if depth and shape < 0.25:
        return " and ".join(f"({text_query(chance, written, depth - 1)})" for _ in range(chance.choice((2, 2, 3))))
    if depth and shape < 0.5:
        return " or ".join(f"({text_query(chance, written, depth - 1)})" for _ in range(chance.choice((2, 2, 3))))
    if depth and shape < 0.62:
        return f"not ({text_query(chance, written, depth - 1)})"
    if shape < 0.72:
        field = chance.choice(_ORDERED_FIELDS)
        bound = chance.choice((0, 1, 5, 5.5, 550, 1000, 20_000))
        moment = f'"{format_time(chance.choice(written).time_ms)}"'
        return f"{field} {chance.choice(('<', '<=', '>', '>='))} {moment if field in ('time', 'last_event', 'last_try') else bound}"
    if shape < 0.87:
        field = chance.choice(list(_LANGUAGE_FIELDS))
        return f"{field}: {chance.choice(_LANGUAGE_FIELDS[field])}"
    field = chance.choice(_FIELDS)
    value = _value(chance, field, chance.choice(written))
    quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if chance.random() < 0.5 or field == "code" or _OPERATORS.search(value):
        return f"{field}: {quoted}"
    plain = "".join(f"\\{one}" if one in '\\():<>"{}' else one for one in value)
    return f"{field}: {plain or quoted}" if chance.random() < 0.8 else plain or quoted


def _clean(text: str | None, default: str) -> str:
    """The text as a question can hold it."""
    return "".join(character for character in text or "" if character.isprintable()) or default


def _wild(chance: random.Random, text: str, field: str) -> str:
    """The text, or a pattern of it, or the text in other letters."""
    if field == "domain":
        text = text.rpartition("@")[2] or "example.net"
    start = chance.randrange(len(text))
    end = chance.randrange(start, len(text))
    kind = chance.randrange(8 if field not in ("quarantine_id", "queue_id") else 16)
    if kind == 0:
        text = f"{text[:start]}*{text[end:]}"
    elif kind == 1:
        text = f"{text[:start]}?{text[start + 1 :]}"
    elif kind == 2:
        text = f"*{text[start:]}"
    elif kind == 3:
        text = f"{text[: end + 1]}*"
    elif kind == 4:
        text = text.swapcase()
    text = text[:900].strip() or "*"
    while text.count("*") + text.count("?") > 20:
        text = text.replace("?", "", 1).replace("*", "", 1) or "*"
    return text[1:].replace("@", "") + "x" if field == "domain" and "@" in text[1:] else text
