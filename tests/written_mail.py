"""Mail logs that are made up: each message with its lines, and with what must be found because it was written so.

Nothing here asks the product; what is expected follows from how a message is built.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from stores import Store

from search.query import Query
from search.scope import EVERYTHING

START = datetime(2026, 3, 2, 10, 0, 0, 1000, tzinfo=UTC)
_TAKEN = "sent (250 2.0.0 Ok: queued as 4Sink01)"
_LONG = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"


@dataclass(frozen=True, slots=True)
class Said:
    """One line: who wrote what, when."""

    at: datetime
    host: str
    tag: str
    pid: int
    text: str

    def fine(self, zone: ZoneInfo | None = None) -> str:
        """Write it as rsyslog does today: microseconds and the zone's offset."""
        return f"{self.at.astimezone(zone or UTC).isoformat(timespec='microseconds')} {self.host} {self.tag}[{self.pid}]: {self.text}\n"

    def whole(self, zone: ZoneInfo | None = None) -> str:
        """Write it as it was always written: whole seconds of local time, no year, no zone."""
        local = self.at.astimezone(zone or UTC)
        return f"{local:%b} {local.day:2d} {local:%H:%M:%S} {self.host} {self.tag}[{self.pid}]: {self.text}\n"


#: Sender, recipient, disposition, queue ids in the order of the hops, and whether the trace says that a part is missing.
Told = tuple[str | None, str | None, str, tuple[str, ...], bool]


@dataclass(slots=True)
class Mail:
    """One message: its lines in order, and the traces that must be found of it."""

    lines: list[Said] = field(default_factory=list)
    traces: list[Told] = field(default_factory=list)


@dataclass(slots=True)
class Server:
    """A mail server that is asked to log messages. Each message is handled by processes of its own unless told otherwise."""

    host: str = "mx1"
    #: Where the time of the next line is.
    clock: datetime = START
    pid: int = 1000

    def at(self, mail: Mail, tag: str, pid: int, text: str, after_ms: int = 40) -> None:
        """Log a line, a little later than the last."""
        self.clock += timedelta(milliseconds=after_ms, microseconds=7)
        mail.lines.append(Said(self.clock, self.host, tag, pid, text))

    def processes(self) -> tuple[int, int, int]:
        """Process ids of an smtpd, a cleanup and an smtp."""
        self.pid += 3
        return self.pid, self.pid + 1, self.pid + 2

    def wait(self, **time: float) -> None:
        """Let time go by."""
        self.clock += timedelta(**time)

    def accept(self, mail: Mail, queue_id: str, sender: str, number: int, *, tag: str = "postfix/smtpd", client: str = "") -> int:
        """Log how a client hands a message over; gives the process id of the delivering process."""
        smtpd, cleanup, smtp = self.processes()
        peer = client or "mail.sender.example[203.0.113.5]"
        self.at(mail, tag, smtpd, f"connect from {peer}")
        self.at(mail, tag, smtpd, f"{queue_id}: client={peer}")
        self.at(mail, "postfix/cleanup", cleanup, f"{queue_id}: message-id=<{queue_id}.{smtpd}@sender.example>")
        self.at(mail, "postfix/qmgr", 99, f"{queue_id}: from=<{sender}>, size=600, nrcpt={number} (queue active)")
        self.at(mail, tag, smtpd, f"disconnect from {peer} ehlo=1 mail=1 rcpt={number} data=1 quit=1 commands={number + 4}")
        return smtp

    def deliver(
        self, mail: Mail, queue_id: str, recipient: str, smtp: int, outcome: str = "sent (250 2.0.0 Ok: queued as 4Sink01)"
    ) -> None:
        """Log an attempt to deliver to another server."""
        dsn = {"sent": "2.0.0", "deferred": "4.4.1", "bounced": "5.1.1"}[outcome.partition(" ")[0]]
        self.at(
            mail,
            "postfix/smtp",
            smtp,
            f"{queue_id}: to=<{recipient}>, relay=mail.example.net[192.0.2.50]:25, delay=0.2, delays=0/0/0.1/0.1,"
            f" dsn={dsn}, status={outcome}",
        )

    def remove(self, mail: Mail, queue_id: str) -> None:
        """Log that the queue file is gone."""
        self.at(mail, "postfix/qmgr", 99, f"{queue_id}: removed")

    def delivered(self, queue_id: str, sender: str, *recipients: str) -> Mail:
        """Write a message that goes straight to its recipients."""
        mail = Mail()
        smtp = self.accept(mail, queue_id, sender, len(recipients))
        for recipient in recipients:
            self.deliver(mail, queue_id, recipient, smtp)
            mail.traces.append((sender, recipient, "delivered", (queue_id,), False))
        self.remove(mail, queue_id)
        return mail

    def filtered(self, ids: tuple[str, str], mail_id: str, sender: str, *recipients: str, filter_host: str = "127.0.0.1") -> Mail:
        """Write a message that goes through amavis and is delivered by a second queue file."""
        first, second = ids
        mail = Mail()
        smtp = self.accept(mail, first, sender, len(recipients))
        amavis = smtp + 5000
        log_id = f"({amavis:05d}-01)"
        back = "localhost[127.0.0.1]"
        out = self.accept(mail, second, sender, len(recipients), tag="postfix/reinject/smtpd", client=back)
        listed = ",".join(f"<{one}>" for one in recipients)
        self.at(
            mail,
            "amavis",
            amavis,
            f"{log_id} Passed CLEAN {{RelayedInbound}}, [203.0.113.5]:4711 [203.0.113.5] <{sender}> -> {listed}, Queue-ID: {first},"
            f" Message-ID: <{first}@sender.example>, mail_id: {mail_id}, Hits: 0.1, size: 600, queued_as: {second}, 80 ms",
        )
        for recipient in recipients:
            self.at(
                mail,
                "postfix/smtp",
                smtp,
                f"{first}: to=<{recipient}>, relay={filter_host}[{filter_host}]:10024, delay=0.4, delays=0.1/0/0/0.3, dsn=2.0.0,"
                f" status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as {second})",
            )
            self.deliver(mail, second, recipient, out)
            mail.traces.append((sender, recipient, "delivered", (first, second), False))
        self.remove(mail, first)
        self.remove(mail, second)
        return mail

    def refused(self, sender: str, recipient: str) -> Mail:
        """Write a recipient that is refused in the dialogue, without any queue id."""
        mail = Mail()
        smtpd, _, _ = self.processes()
        peer = "mail.sender.example[203.0.113.5]"
        self.at(mail, "postfix/smtpd", smtpd, f"connect from {peer}")
        self.at(
            mail,
            "postfix/smtpd",
            smtpd,
            f"NOQUEUE: reject: RCPT from {peer}: 550 5.1.1 <{recipient}>: Recipient address rejected: User unknown;"
            f" from=<{sender}> to=<{recipient}> proto=ESMTP helo=<mail.sender.example>",
        )
        self.at(mail, "postfix/smtpd", smtpd, f"disconnect from {peer} ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4")
        mail.traces.append((sender, recipient, "rejected", (), False))
        return mail


def short_id(rng: Random) -> str:
    """A queue id as Postfix makes it by default: hexadecimal, from the microseconds and the inode."""
    return f"{rng.randrange(1 << 20):05X}{rng.randrange(1 << 20):06X}"


def long_id(at: datetime, rng: Random) -> str:
    """A queue id with `enable_long_queue_ids`: seconds and microseconds to the base 52, then `z` and the inode."""
    inode = "".join(rng.choice(_LONG[:51]) for _ in range(4))
    return f"{_base52(int(at.timestamp()), 6)}{_base52(at.microsecond, 4)}z{inode}"


def _base52(number: int, width: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 52)
        digits = _LONG[rest] + digits
    return digits.rjust(width, "0")


def log(mails: Iterable[Mail], zone: ZoneInfo | None = None, *, whole: bool = False) -> bytes:
    """One log of all messages, in the order of time."""
    lines = sorted((line for mail in mails for line in mail.lines), key=lambda line: line.at)
    return "".join(line.whole(zone) if whole else line.fine(zone) for line in lines).encode()


def expected(mails: Iterable[Mail]) -> Counter[Told]:
    """What must be found of all messages."""
    return Counter(trace for mail in mails for trace in mail.traces)


def traffic(seed: int, number: int, *, long: bool = False) -> list[Mail]:
    """Messages of several kinds, one after the other or overlapping, some seconds apart."""
    rng, mails = Random(seed), []
    server = Server(clock=START + timedelta(hours=seed % 5))
    for count in range(number):
        rcpts = [f"user{rng.randrange(9)}.{count}.{index}@example.net" for index in range(rng.randrange(1, 4))]
        sender = f"sender{count}@sender.example"
        ids = (long_id(server.clock, rng), long_id(server.clock, rng)) if long else (short_id(rng), short_id(rng))
        kind = rng.randrange(4)
        if kind == 0:
            mails.append(server.refused(sender, rcpts[0]))
        elif kind == 1:
            mails.append(server.delivered(ids[0], sender, *rcpts))
        else:
            mails.append(server.filtered(ids, f"mailid{count:03d}{seed % 1000:03d}", sender, *rcpts))
        # Often the next one begins before this one is done.
        server.wait(milliseconds=rng.choice((-300, -100, 0, 500, 2500)))
    return mails


def found(store: Store) -> Counter[Told]:
    """What a store holds, in the same words."""
    with closing(store.engine()) as engine:
        return Counter(
            (trace.sender, trace.recipient, str(trace.disposition), tuple(trace.queue_ids), trace.incomplete)
            for trace in engine.walk(Query(), EVERYTHING)
        )
