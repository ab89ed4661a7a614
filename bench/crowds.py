"""Logs in which one value of a kind of key is shared by all messages, and the same logs with a value for each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
#: Messages a second.
RATE = 20.0

#: Seconds after the first message, and the line from the program on.
Line = tuple[float, str]
#: The lines of the message with this number; the other number is that of the value that its key has.
Crowd = Callable[[int, int], Iterator[Line]]


def queue_id(number: int, kind: int = 0) -> str:
    """A queue id as Postfix gives it; each kind has its own."""
    return f"{kind:X}{number:07X}A9F"


def _in(name: str, pid: int, text: str) -> str:
    return f"{name}[{pid}]: {text}"


def _accepted(at: float, number: int, mid: str, *, client: str = "mail.sender.example[203.0.113.5]", kind: int = 0) -> Iterator[Line]:
    qid, pid = queue_id(number, kind), 1000 + number % 500
    yield at, _in("postfix/smtpd", pid, f"{qid}: client={client}")
    yield at + 0.01, _in("postfix/cleanup", 900, f"{qid}: message-id=<{mid}>")
    yield at + 0.03, _in("postfix/qmgr", 800, f"{qid}: from=<ann@sender.example>, size=999, nrcpt=1 (queue active)")


def _left(at: float, number: int, to: str = "bob", *, relay: str = "mx.example.net[192.0.2.50]:25", said: str = "250 ok") -> Iterator[Line]:
    qid = queue_id(number)
    yield at, _in("postfix/smtp", 700, _attempt(qid, f"{to}{number}@example.net", relay, said))
    yield at + 0.01, _in("postfix/qmgr", 800, f"{qid}: removed")


def _attempt(qid: str, to: str, relay: str, said: str) -> str:
    return f"{qid}: to=<{to}>, relay={relay}, delay=0.2, delays=0.1/0/0/0.1, dsn=2.0.0, status=sent ({said})"


def _score(at: float, mid: str) -> Line:
    return at, _in(
        "spamd",
        85,
        "spamd: result: . 1 - BAYES_00 scantime=0.2,size=900,user=debian-spamd,uid=102,required_score=5.0,rhost=localhost,raddr=127.0.0.1,"
        f"rport=39886,mid=<{mid}>,autolearn=disabled",
    )


def message_id(number: int, value: int) -> Iterator[Line]:
    """A mailing: spamd names each mail by its Message-ID. Receptions overlap, as scanning takes time."""
    at, mid = number / RATE, f"m{value}@sender.example"
    qid = queue_id(number)
    yield at, _in("postfix/smtpd", 1000 + number % 500, f"{qid}: client=mail.sender.example[203.0.113.5]")
    yield at + 0.01, _in("postfix/cleanup", 900, f"{qid}: message-id=<{mid}>")
    yield _score(at + 0.22, mid)
    yield at + 0.25, _in("postfix/qmgr", 800, f"{qid}: from=<ann@sender.example>, size=999, nrcpt=1 (queue active)")
    yield from _left(at + 0.4, number)


def message_id_exim(number: int, value: int) -> Iterator[Line]:
    """The same with Exim."""
    at, mid = number / RATE, f"m{value}@sender.example"
    qid = f"{_base62(int(START.timestamp() + at), 6)}-{number:06d}-0A"
    yield _score(at + 0.22, mid)
    yield at + 0.25, _in("exim", 500 + number, f"{qid} <= ann@sender.example H=mail.sender.example [203.0.113.5] P=esmtp S=999 id={mid}")
    yield (
        at + 0.4,
        _in("exim", 501 + number, f'{qid} => bob{number}@example.net R=dnslookup T=remote_smtp H=mx.example.net [192.0.2.50] C="250 ok"'),
    )
    yield at + 0.41, _in("exim", 501 + number, f"{qid} Completed")


def _base62(number: int, digits: int) -> str:
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    text = ""
    while number or len(text) < digits:
        number, digit = divmod(number, 62)
        text = alphabet[digit] + text
    return text


def refused_message_id(number: int, value: int) -> Iterator[Line]:
    """A filter's result and a queue file that the mail server refused the filter, which only a Message-ID joins."""
    at, mid, qid = number / RATE, f"m{value}@sender.example", queue_id(number)
    yield at, _in("postfix/smtpd", 1000 + number % 500, f"{qid}: client=localhost[127.0.0.1]")
    yield at + 0.01, _in("postfix/cleanup", 900, f"{qid}: message-id=<{mid}>")
    yield (
        at + 0.02,
        _in(
            "postfix/cleanup",
            900,
            f"{qid}: reject: header Subject: x from localhost[127.0.0.1]; from=<ann@sender.example> to=<bob{number}@example.net>"
            " proto=ESMTP helo=<localhost>: 5.7.1 Subject refused",
        ),
    )
    yield (
        at + 0.05,
        _in(
            "amavis",
            600 + number,
            f"({600 + number:05d}-03) Blocked MTA-BLOCKED {{RejectedInbound}}, [203.0.113.5]:4 [203.0.113.5] <ann@sender.example>"
            f" -> <bob{number}@example.net>, Message-ID: <{mid}>, mail_id: {_base62(number, 12)}, Hits: -0.1, size: 2002, 247 ms",
        ),
    )


def unseen_origin(number: int, value: int) -> Iterator[Line]:
    """Queue files that a filter gave back and that name the one before it, whose own lines were not read."""
    at = number / RATE
    client = f"localhost[127.0.0.1], orig_queue_id={queue_id(value, 9)}, orig_client=mail.sender.example[203.0.113.5]"
    yield from _accepted(at, number, f"m{number}@sender.example", client=client)
    yield from _left(at + 0.2, number)


def _scanned(at: float, number: int, log_id: str, *, origin: str = "", category: str = "Passed CLEAN {RelayedInbound}") -> Line:
    named = f" Queue-ID: {origin}," if origin else ""
    return at, _in(
        "amavis",
        int(log_id.partition("-")[0]),
        f"({log_id}) {category}, [203.0.113.5]:4 [203.0.113.5] <ann@sender.example> -> <bob{number}@example.net>,{named}"
        f" Message-ID: <m{number}@sender.example>, mail_id: {_base62(number, 12)}, Hits: -0.1, size: 2002, 247 ms",
    )


def log_id(number: int, value: int) -> Iterator[Line]:
    """A filter's log id in its result and in the reply to the mail server."""
    at, log = number / RATE, f"{value % 30000:05d}-{value // 30000:02d}"
    yield from _accepted(at, number, f"m{number}@sender.example")
    yield _scanned(at + 0.2, number, log)
    said = f"250 2.7.0 Ok, discarded, id={log} - spam"
    yield from _left(at + 0.3, number, relay="127.0.0.1[127.0.0.1]:10024", said=said)


def peer(number: int, value: int) -> Iterator[Line]:
    """A client's port at postscreen, which finds something and refuses."""
    at, client = number / RATE, f"[198.51.{value // 250 % 250}.{value % 250}]:4567"
    yield at, _in("postfix/postscreen", 44, f"PREGREET 11 after 0.1 from {client}: EHLO ylmf-pc\\r\\n")
    yield (
        at + 0.1,
        _in(
            "postfix/postscreen",
            44,
            f"NOQUEUE: reject: RCPT from {client}: 550 5.5.1 Protocol error; from=<ann@sender.example>, to=<bob{number}@example.net>,"
            " proto=ESMTP, helo=<ylmf-pc>",
        ),
    )


def folder(number: int, value: int) -> Iterator[Line]:
    """A filter's working folder, in which a virus scanner finds something."""
    at, log = number / RATE, f"{number % 30000:05d}-{number // 30000:02d}"
    place = f"/var/lib/amavis/tmp/amavis-20260302T100000-{value:05d}-abcdefgh"
    yield (
        at,
        _in(
            "amavis",
            number % 30000,
            f"({log}) LMTP [127.0.0.1]:10024 {place}: <ann@sender.example> -> <bob{number}@example.net> SIZE=999 Received: from mx",
        ),
    )
    yield at + 0.02, _in("clamd", 55, f"{place}/parts/p001: Eicar-Test-Signature(44d88612fea8a8f36de82e1278abb02f:68) FOUND")
    category = "Blocked INFECTED (Eicar-Test-Signature) {DiscardedInbound}"
    yield _scanned(at + 0.04, number, log, origin=queue_id(number), category=category)


def session(number: int, value: int) -> Iterator[Line]:
    """One connection of one process, in which all messages come; else one for each."""
    at, qid, pid = number / RATE, queue_id(number), 1000 + value
    client = "mail.sender.example[203.0.113.5]"
    if number == value:
        yield at, _in("postfix/smtpd", pid, f"connect from {client}")
    yield at + 0.001, _in("postfix/smtpd", pid, f"Anonymous TLS connection established from {client}: TLSv1.3 with cipher TLS_AES_256")
    yield at + 0.002, _in("postfix/smtpd", pid, f"{qid}: client={client}")
    yield at + 0.01, _in("postfix/cleanup", 900, f"{qid}: message-id=<m{number}@sender.example>")
    yield at + 0.03, _in("postfix/qmgr", 800, f"{qid}: from=<ann@sender.example>, size=999, nrcpt=1 (queue active)")
    yield at + 0.03, _in("postfix/smtpd", pid, f"lost connection after DATA from {client}")
    yield from _left(at + 0.1, number)


def disordered_session(number: int, value: int) -> Iterator[Line]:
    """The same, but every line of the process stands before one that it wrote earlier, as a relay of logs may have it."""
    pid, client = 1000 + value, "mail.sender.example[203.0.113.5]"
    at = number / RATE
    if number == value:
        yield at, _in("postfix/smtpd", pid, f"connect from {client}")
    yield at + 0.04, _in("postfix/smtpd", pid, f"{queue_id(number)}: client={client}")
    yield (
        at + 0.02,
        _in(
            "postfix/smtpd", pid, f"NOQUEUE: hold: RCPT from {client}: <x@y>: held; from=<ann@sender.example> to=<bob{number}@example.net>"
        ),
    )
    yield at + 0.05, _in("postfix/qmgr", 800, f"{queue_id(number)}: from=<ann@sender.example>, size=999, nrcpt=1 (queue active)")
    yield from _left(at + 0.06, number)


def lives(number: int, value: int) -> Iterator[Line]:
    """A queue id that comes back for each message."""
    at = number / RATE * 40
    yield from _accepted(at, value, f"m{number}@sender.example")
    yield from _left(at + 0.2, value, to=f"bob{number}-")


def recipients(number: int, value: int) -> Iterator[Line]:
    """A message to all recipients."""
    qid = queue_id(value)
    if number == value:
        yield from _accepted(number / RATE, value, f"m{value}@sender.example")
    yield 1 + number / RATE, _in("postfix/smtp", 700, _attempt(qid, f"bob{number}@example.net", "mx.example.net[192.0.2.50]:25", "250 ok"))


def recipients_exim(number: int, value: int) -> Iterator[Line]:
    """The same with Exim, which lists them when the message comes, each name becoming another one."""
    qid = f"{_base62(int(START.timestamp() + value / RATE), 6)}-{value:06d}-0A"
    if number == value:
        listed = " ".join(f"all{one}@example.net" for one in range(value, value + 5))
        yield (
            number / RATE,
            _in(
                "exim",
                500 + value,
                f"{qid} <= ann@sender.example H=mail.sender.example [203.0.113.5] P=esmtp S=999 id=m{value}@sender.example for {listed}",
            ),
        )
    text = f'bob{number}@example.org <all{number}@example.net> R=dnslookup T=remote_smtp H=mx.example.net [192.0.2.50] C="250 ok"'
    yield 1 + number / RATE, _in("exim", 500 + value, f"{qid} => {text}")


def expanded(number: int, value: int) -> Iterator[Line]:
    """An address that becomes all recipients, each of which is handed to a filter, and comes back in a queue file of its own."""
    qid, next_id = queue_id(value), queue_id(number, 7)
    at = 1 + number / RATE
    if number == value:
        yield from _accepted(number / RATE, value, f"m{value}@sender.example")
    to = f"bob{number}@example.net>, orig_to=<all{value}@example.org"
    client = f"localhost[127.0.0.1], orig_queue_id={qid}, orig_client=mail.sender.example[203.0.113.5]"
    yield from _accepted(at, number, f"m{value}@sender.example", client=client, kind=7)
    yield at + 0.1, _in("postfix/lmtp", 700, _attempt(qid, to, "127.0.0.1[127.0.0.1]:10024", f"250 2.0.0 Ok: queued as {next_id}"))
    yield at + 0.2, _in("postfix/smtp", 701, _attempt(next_id, f"bob{number}@example.net", "mx.example.net[192.0.2.50]:25", "250 ok"))
    yield at + 0.21, _in("postfix/qmgr", 800, f"{next_id}: removed")


def refused_recipients(number: int, value: int) -> Iterator[Line]:
    """A message of which recipients are refused in the dialogue: rules name them, and no delivery does."""
    pid, client = 1000 + value, "mail.sender.example[203.0.113.5]"
    at = number / RATE
    qid = queue_id(value)
    if number == value:
        yield from _accepted(at, value, f"m{value}@sender.example")
    yield (
        at + 0.2,
        _in(
            "postfix/smtpd",
            pid,
            f"{qid}: reject: RCPT from {client}: 550 5.1.1 <bob{number}@example.net>: Recipient address rejected: User unknown;"
            f" from=<ann@sender.example> to=<bob{number}@example.net> proto=ESMTP helo=<mail.sender.example>",
        ),
    )


def released(number: int, value: int) -> Iterator[Line]:
    """A kept message that is let go, to somebody else each time."""
    at, mail_id = number / RATE, _base62(value, 12)
    if number == value:
        yield (
            at,
            _in(
                "amavis",
                300,
                f"(00300-{value:05d}) Blocked SPAM {{DiscardedInbound,Quarantined}}, [203.0.113.5]:4 [203.0.113.5] <ann@sender.example>"
                f" -> <bob{value}@example.net>, quarantine: spam-{mail_id}.gz, Message-ID: <m{value}@sender.example>, mail_id: {mail_id},"
                " Hits: 12, size: 2002, 247 ms",
            ),
        )
    qid = queue_id(number)
    yield at + 0.1, _in("postfix/smtpd", 1000 + number % 500, f"{qid}: client=localhost[127.0.0.1]")
    yield at + 0.11, _in("postfix/cleanup", 900, f"{qid}: resent-message-id=<{mail_id}-{_base62(number + 7_000_000, 12)}@mx1>")
    yield at + 0.12, _in("postfix/qmgr", 800, f"{qid}: from=<ann@sender.example>, size=999, nrcpt=1 (queue active)")
    yield from _left(at + 0.2, number)


def notices(number: int, value: int) -> Iterator[Line]:
    """Notices that were made for one message."""
    at, parent, notice = number / RATE, queue_id(value), queue_id(number, 7)
    if number == value:
        yield from _accepted(at, value, f"m{value}@sender.example")
    yield at + 0.1, _in("postfix/cleanup", 900, f"{notice}: message-id=<n{number}@mx1>")
    yield at + 0.11, _in("postfix/bounce", 910, f"{parent}: sender non-delivery notification: {notice}")
    yield at + 0.12, _in("postfix/qmgr", 800, f"{notice}: from=<>, size=999, nrcpt=1 (queue active)")
    yield at + 0.2, _in("postfix/smtp", 700, _attempt(notice, "ann@sender.example", "mx.sender.example[192.0.2.51]:25", "250 ok"))
    yield at + 0.21, _in("postfix/qmgr", 800, f"{notice}: removed")


#: Every kind of key that messages may share, by its name.
CROWDS: dict[str, Crowd] = {
    "Message-ID, Postfix and spamd": message_id,
    "Message-ID, Exim and spamd": message_id_exim,
    "Message-ID, refused to the filter": refused_message_id,
    "origin that is not seen": unseen_origin,
    "log id of a filter": log_id,
    "peer of postscreen": peer,
    "folder of a filter": folder,
    "session": session,
    "session, out of order": disordered_session,
    "queue id that comes back": lives,
    "message of all recipients, Postfix": recipients,
    "message of all recipients, Exim": recipients_exim,
    "expanded, each a hop of its own": expanded,
    "recipients refused in one message": refused_recipients,
    "kept message, let go": released,
    "message with many notices": notices,
}


def log(crowd: Crowd, count: int, *, shared: bool, several: int = 5) -> Iterator[str]:
    """The log of so many messages in the order of time, as rsyslog writes it, with one value for all or one for each.

    Where each has its own, what belongs to one message (its recipients, its notices) still comes `several` times.
    """
    timed: list[tuple[float, int, str]] = []
    spans = crowd in {recipients, recipients_exim, expanded, refused_recipients, released, notices}
    for number in range(count):
        value = 0 if shared else number - number % several if spans else number
        timed.extend((at, number, text) for at, text in crowd(number, value))
    if crowd is not disordered_session:
        timed.sort(key=lambda line: line[:2])
    for at, _, text in timed:
        stamp = START + timedelta(seconds=at)
        yield f"{stamp.isoformat(timespec='microseconds')} mx1 {text}\n"
