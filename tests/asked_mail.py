"""Mail of an ordinary site, the same for all time: what the questions of `tests/data/questions` are asked of.

Unlike `generate`, it looks as mail looks, every field that can be asked has values, and nothing in it is left to a seed alone: each message
is one of a few cases that people ask about.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from mappings import identity, keys
from mappings.address import domain_of
from mappings.trace import Trace
from mappings.vocabulary import Direction, Disposition, Reason, Verdict

#: The time at which questions are asked: a Wednesday.
NOW_MS = int(datetime(2026, 11, 25, 12, 30, 15, tzinfo=UTC).timestamp() * 1000)
#: The domains of the site; mail to them is seen by their tenants.
OWN = ("example.org", "example.net", "büro.example")
_DAY_MS = 86_400_000
_FIRST_MS = NOW_MS - 30 * _DAY_MS

_OUTSIDE = (
    ("ann@partner.example", "ann.smith@partner.example", "mail.partner.example", "192.0.2.7", "mail.partner.example"),
    ("Rossi@shop.example", None, "out1.shop.example", "192.0.2.40", "out1.shop.example"),
    ("rossi@shop.example", "orders@shop.example", "out2.shop.example", "192.0.2.41", "out2.shop.example"),
    ("news-4711@bulk.example", "newsletter@bulk.example", "m7.bulk.example", "203.0.113.77", "m7.bulk.example"),
    ("o'brien@example.com", None, None, "198.51.100.9", "[198.51.100.9]"),
    ("", "MAILER-DAEMON@partner.example", "mail.partner.example", "192.0.2.7", "mail.partner.example"),
    ("jürgen@köln.example", None, "mx.köln.example", "2001:db8::25", "mx.xn--kln-sna.example"),
    ("spam@a.sender.example", None, "unknown", "203.0.113.99", "WIN-7F3A"),
)
_INSIDE = (
    "bob@example.net", "oskar@example.net", "Info@example.net", "anna@example.org", "bob@example.org", "sales@büro.example",
    "john.smith@example.org", '"john doe"@example.net',
)  # fmt: skip
_SUBJECTS = (
    "Invoice 2026-11 overdue", "Re: Invoice 4711", "Überweisung ist da", "Lunch on Friday?", "Your parcel is waiting",
    "[EXT] Quarterly figures, final", "AW: Rechnung Nr. 5.1.1", None, "free money now", "100% of a_b*c",
)  # fmt: skip
_RELAYS = (
    ("mx.partner.example", "198.51.100.1"), ("mx2.partner.example", "198.51.100.2"), ("store.example.net", "192.0.2.250"), (None, None),
)  # fmt: skip

_Case = dict[str, Any]


def _case(disposition: Disposition, code: int | None = None, enhanced: str | None = None, text: str | None = None, **more: Any) -> _Case:
    """What became of a copy: by which reply, and what else there is to say."""
    whole = text if text is None or code is None else f"{code} {enhanced} {text}"
    return {"disposition": disposition, "reply_code": code, "enhanced_code": enhanced, "reply_text": whole, **more}


_KEPT = Disposition.QUARANTINED
_VIRUS = {"verdict": Verdict.VIRUS, "reason": Reason.VIRUS, "detail": "Eicar-Test-Signature", "vendor": "Blocked INFECTED"}
_BANNED = {
    "verdict": Verdict.BANNED,
    "reason": Reason.ATTACHMENT,
    "detail": "application/x-msdownload,Invoice.exe",
    "vendor": "Blocked BANNED",
}
_SPAM = {"verdict": Verdict.SPAM, "reason": Reason.SPAM, "detail": "BAYES_99", "vendor": "reject", "score": 17.25, "required_score": 15.0}
_NOTICE = {"reply_by": "remote", "sender_notified": True}
_OFTEN = {"reply_by": "local", "attempts": 4}
_TIMED_OUT = "connect to mx.partner.example[198.51.100.1]:25: Connection timed out"
#: What became of it, in the order of the numbers of messages.
_CASES: tuple[_Case, ...] = (
    _case(Disposition.DELIVERED, 250, "2.0.0", "Ok: queued as 9F1", reply_by="remote"),
    _case(Disposition.DELIVERED, 250, "2.6.0", "accepted", reply_by="remote"),
    _case(Disposition.BOUNCED, 550, "5.1.1", "User unknown in virtual mailbox table", reason=Reason.RECIPIENT_UNKNOWN, **_NOTICE),
    _case(Disposition.BOUNCED, 552, "5.2.2", "The mailbox is full; try again later", reason=Reason.MAILBOX_FULL, **_NOTICE),
    _case(_KEPT, 250, "2.7.0", "Ok, discarded", reply_by="filter", **_VIRUS),
    _case(_KEPT, 554, "5.7.0", "Reject, BANNED", reply_by="filter", **_BANNED),
    _case(Disposition.REJECTED, 554, "5.7.1", "Spam message rejected", reply_by="filter", **_SPAM),
    _case(Disposition.TEMPFAILED, 451, "4.7.1", "Greylisted, please try again", reply_by="local", reason=Reason.GREYLIST),
    _case(Disposition.DEFERRED, None, "4.4.1", _TIMED_OUT, reason=Reason.CONNECTION, **_OFTEN),
    _case(Disposition.EXPIRED, 421, "4.4.2", reason=Reason.EXPIRED, reply_by="remote", attempts=60),
    _case(Disposition.HELD, verdict=Verdict.SUSPECT, reason=Reason.POLICY, score=6.5, required_score=6.2, vendor="hold"),
    _case(Disposition.RELEASED, verdict=Verdict.SPAM, score=8.0, required_score=6.2, vendor="Blocked SPAM"),
    _case(Disposition.IN_PROGRESS, incomplete=True),
    _case(Disposition.DELIVERED, 250, "2.0.0", verdict=Verdict.CLEAN, score=-1.9, required_score=6.2),
    _case(Disposition.DISCARDED, verdict=Verdict.BULK, reason=Reason.POLICY, score=0.0, detail="no bulk mail"),
)


def asked_mail(count: int = 420) -> list[Trace]:
    """The traces, oldest first."""
    return [trace for number in range(count // 2) for trace in _message(number)]


def _message(number: int) -> Iterator[Trace]:
    """Two copies of one message: one comes in or goes out, the other shares what belongs to the message."""
    chance = random.Random(f"message {number}")
    inbound = number % 3 != 2
    envelope, header, name, ip, helo = _OUTSIDE[number % len(_OUTSIDE)]
    inside = _INSIDE[number % len(_INSIDE)]
    time_ms = _FIRST_MS + number * 12_345_678 + chance.randrange(3) * 500
    queue_ids = [f"4{number:03X}B{chance.randrange(16**6):06X}", *([f"5{number:03X}C00D"] if number % 2 else [])]
    shared: _Case = {
        "log_domain": "mx1" if number % 5 else "mx2",
        "host": "mx1" if number % 5 else "MX2",
        "message_id": None
        if number % 11 == 10
        else f"{number}.{chance.randrange(10**6):06d}@{'client.example' if inbound else 'mail.example.org'}",
        "subject": _SUBJECTS[number % len(_SUBJECTS)],
        "size": None if number % 13 == 12 else 900 + number * 7_331,
        "queue_ids": queue_ids,
        "tls": ("TLSv1.3 TLS_AES_256_GCM_SHA384", "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256", None)[number % 3],
        "sender": envelope if inbound else inside,
        "header_from": header if inbound else None,
        "direction": Direction.INBOUND if inbound else Direction.OUTBOUND,
    }
    if inbound:
        shared |= {"client_name": name, "client_ip": ip, "client_helo": helo}
    else:
        shared |= {
            "client_name": "pc7.example.org",
            "client_ip": f"10.0.0.{number % 9}",
            "client_helo": "[10.0.0.7]",
            "authenticated_as": inside.lower(),
        }
    for copy in range(2):
        to = _INSIDE[(number * 3 + copy * 5 + 1) % len(_INSIDE)] if inbound else _OUTSIDE[(number + copy * 3) % 5][0]
        yield _copy(time_ms, number, copy, to, shared)


def _copy(time_ms: int, number: int, copy: int, to: str, shared: _Case) -> Trace:
    """The copy of one recipient."""
    case = _CASES[(number * 2 + copy) % len(_CASES)]
    host, ip = _RELAYS[(number + copy) % len(_RELAYS)]
    first = keys.queue(shared["log_domain"], shared["queue_ids"][0])
    original = f"info{number % 4}@example.net" if number % 7 == 0 and copy else None
    kept = None
    if case["disposition"] in (Disposition.QUARANTINED, Disposition.RELEASED, Disposition.HELD):
        mail_id = f"Kp{number:03d}-{copy}xYz_Q"
        kept = (f"{mail_id[0]}/virus-{mail_id}", f"spam-{mail_id}.gz", shared["queue_ids"][0])[number % 3]
    domains = [domain for one in (to, original) if one and (domain := domain_of(one))]
    sight = [*domains, *([domain_of(shared["sender"])] if shared["direction"] is Direction.OUTBOUND else [])]
    return Trace(
        id=identity.trace_id(time_ms, shared["log_domain"], first, original or to, f"{to}{copy}"),
        version=(5 << 20) + 3,
        time_ms=time_ms,
        last_event_ms=time_ms + 1_500 * (number % 40),
        sender_domain=domain_of(shared["sender"]),
        header_from_domain=None if shared["header_from"] is None else domain_of(shared["header_from"]),
        recipient=to,
        recipient_domain=domain_of(to),
        original_recipient=original,
        original_recipient_domain=None if original is None else domain_of(original),
        quarantine_id=kept,
        relay=None if host is None else f"{host}[{ip}]:25",
        relay_host=host,
        relay_ip=ip,
        visible_to=list(dict.fromkeys(domain for domain in sight if domain in OWN)),
        keys=[
            *(keys.queue(shared["log_domain"], one) for one in shared["queue_ids"]),
            *([] if shared["message_id"] is None else [keys.message_id(shared["message_id"])]),
            *([] if kept is None else [keys.quarantine(kept)]),
        ],
        ingested_ms=time_ms + 2_000,
        **{"attempts": number % 3, **shared, **case},
    )
