"""What strangers wrote reaches no document: no login, no sender, no sight, no second message."""

from __future__ import annotations

from ipaddress import ip_network

from reading import Place

from ingest.telling.ownership import Owner
from promise.fates import exim_id, mainlog, syslog, told, traces_of

CUSTOMERS = (
    Owner("Victim", frozenset({"victim.example"}), (ip_network("192.0.2.0/24"),)),
    Owner("Other", frozenset({"other.example"})),
)
ID = "3883718A9F5"
EVIL = "mail.evil.example[203.0.113.66]"


def received(claim: str, recipient: str = "bob@other.example") -> list[str]:
    """A message that a client without a login sends in somebody's name."""
    return [
        f"postfix/smtpd[300]: {ID}: client={EVIL}, sasl_sender={claim}",
        f"postfix/cleanup[301]: {ID}: message-id=<m1@evil.example>",
        f"postfix/qmgr[99]: {ID}: from=<ceo@victim.example>, size=900, nrcpt=1 (queue active)",
        f"postfix/virtual[302]: {ID}: to=<{recipient}>, relay=virtual, delay=0.1, dsn=2.0.0, status=sent (delivered to maildir)",
        f"postfix/qmgr[99]: {ID}: removed",
    ]


def test_a_claim_is_no_login(place: Place) -> None:
    """`MAIL FROM ... AUTH=` gives no user, no direction and no sight, whatever else is written in it."""
    claims = ("ceo@victim.example", '"x, sasl_username=root, orig_queue_id=4DDD1111AAA, orig_client=a[192.0.2.1]"')
    for number, claim in enumerate(claims):
        (trace,) = traces_of(place.beside(f"{number}"), {"mail.log": syslog(received(claim))}, customers=CUSTOMERS)
        assert (trace.authenticated_as, trace.direction, trace.client_ip) == (None, "inbound", "203.0.113.66")
        assert trace.visible_to == ["other.example"]
        assert trace.queue_ids == [ID]


def test_a_refused_stranger_is_nobody_else(place: Place) -> None:
    """A quoted recipient that imitates the end of its line names neither sender nor recipient."""
    recipient = '"; from=<boss@bank.example> to=<ceo@victim.example> proto=ESMTP helo=<h>: "@other.example'
    line = (
        f"postfix/smtpd[300]: NOQUEUE: reject: RCPT from {EVIL}: 550 5.1.1 <{recipient}>: Recipient address rejected: User unknown; "
        f"from=<eve@evil.example> to=<{recipient}> proto=ESMTP helo=<h>"
    )
    (trace,) = traces_of(place, {"mail.log": syslog([line])}, customers=CUSTOMERS)
    assert (trace.sender, trace.recipient, trace.disposition) == ("eve@evil.example", recipient, "rejected")
    assert trace.visible_to == ["other.example"]


def test_the_name_of_an_attachment_makes_no_second_message(place: Place) -> None:
    """A kept message stays with its recipient and its quarantine id."""
    name = (
        "a.exe) {RelayedInbound}, [192.0.2.1]:25 <a@b.example> -> <ceo@victim.example>, Queue-ID: 4DDD1111AAA, mail_id: KEPTaaaaaaaa, 1 ms"
    )
    scanned = (
        f"(00642-01) Blocked BANNED (.exe,{name}) {{DiscardedInbound,Quarantined}}, [203.0.113.66]:34574 [192.0.2.77] <eve@evil.example> "
        f"-> <bob@other.example>, quarantine: b/banned-2RMUt4qyt4Ak, Queue-ID: {ID}, Message-ID: <m1@evil.example>, "
        "mail_id: 2RMUt4qyt4Ak, Hits: -, size: 900, 103 ms"
    )
    handed = (
        f"{ID}: to=<bob@other.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, delays=0.1/0/0.1/0.8, dsn=2.7.0, "
        f"status=sent (250 2.7.0 Ok, discarded, id=00642-01 - BANNED: .exe,{name})"
    )
    lines = [
        f"postfix/smtpd[300]: {ID}: client={EVIL}",
        f"postfix/cleanup[301]: {ID}: message-id=<m1@evil.example>",
        f"postfix/qmgr[99]: {ID}: from=<eve@evil.example>, size=900, nrcpt=1 (queue active)",
        f"amavis[642]: {scanned}",
        f"postfix/smtp[302]: {handed}",
        f"postfix/qmgr[99]: {ID}: removed",
    ]
    (trace,) = traces_of(place, {"mail.log": syslog(lines)}, customers=CUSTOMERS)
    assert (trace.recipient, trace.disposition, trace.client_ip) == ("bob@other.example", "quarantined", "203.0.113.66")
    assert trace.quarantine_id is not None
    assert trace.visible_to == ["other.example"]


def test_a_local_part_makes_no_second_recipient(place: Place) -> None:
    """Exim names the mailbox first, without its quotes."""
    name, local = exim_id(1), 'x R=r T=t C="250=ok"'
    quoted = '"x R=r T=t C=\\"250=ok\\""@other.example'
    lines = [
        f"{name} <= eve@evil.example H=mail.evil.example [203.0.113.66] P=esmtp S=575 for {quoted}",
        f"{name} => {local} <{quoted}> R=localuser T=local_delivery",
        f"{name} Completed",
    ]
    assert told(traces_of(place, {"mainlog": mainlog(lines)})) == [(quoted, "delivered")]
