"""Mail of several tenants in the words of every program, with the addresses of others planted wherever strangers and programs write.

Each address of the world has a local part of its own, so that a test finds it however it is written.
"""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

TENANTS = ("north.example", "south.example", "bücher.example", "west.example")
_START = datetime(2026, 3, 2, 10, tzinfo=UTC)
#: Places on a server that stand in some lines.
PATHS = ("/var/spool/secret", "/home/boxes/inbox", "/srv/mail/kept", "/opt/filter/rules.cf")


@dataclass(frozen=True, slots=True)
class Someone:
    """An address; `mark` is in no other one."""

    mark: str
    domain: str

    @property
    def address(self) -> str:
        """As it is usually written."""
        return f"{self.mark}@{self.domain}"


#: A way to write somebody's address.
Form = Callable[[Someone], str]
#: The ways in which somebody's address is written by others.
FORMS: tuple[Form, ...] = (
    lambda one: one.address,
    lambda one: f"<{one.address}>",
    lambda one: one.address.upper(),
    lambda one: f'"{one.mark} x"@{one.domain}',
    lambda one: f'<"; to={one.mark} "@{one.domain}>',
    lambda one: f"<@relay.example:{one.address}>",
    lambda one: f"{one.mark}%{one.domain}@gw.example",
    lambda one: f"{one.mark}%{one.domain}",
    lambda one: f"{one.domain}!{one.mark}",
    lambda one: f"gw.example!{one.domain}!{one.mark}",
    lambda one: f"bounce-7-{one.mark}={one.domain}@lists.example",
    lambda one: f"SRS0=aB=XY={one.domain}={one.mark}@fwd.example",
    lambda one: f"SRS1=aB=fwd.example==XY={one.domain}={one.mark}",
    lambda one: f"prvs=012345678={one.address}",
    lambda one: f"{one.mark}={one.domain}",
    lambda one: f"{one.mark}@[192.0.2.77]",
    lambda one: f"{one.mark}\\x40{one.domain}",
    lambda one: f"{one.mark}\\100{one.domain}",
    lambda one: f"{one.mark}+40{one.domain}",
    lambda one: f"{one.mark}=40{one.domain}",
    lambda one: f"{one.mark}%40{one.domain}",
    lambda one: f"{one.mark}&#64;{one.domain}",
    lambda one: f"&lt;{one.address}&gt;",
    lambda one: f"{one.mark}(at){one.domain}",
    lambda one: f"{one.mark}＠{one.domain}",
    lambda one: f"{one.mark}?{one.domain}",
    lambda one: f"rfc822;{one.address}",
    lambda one: f"mailto:{one.address}?subject=x",
    lambda one: f"'{one.address}'",
    lambda one: f"{one.address}.",
    lambda one: f"{one.mark}@{one.domain.encode('idna').decode()}",
    lambda one: f"=?utf-8?q?{one.mark}=40{one.domain}?=" if one.domain.isascii() else one.address,
    lambda one: f"=?utf-8?b?{b64encode(one.address.encode()).decode()}?=",
)


@dataclass
class Planted:
    """The logs, and everybody in them."""

    seed: int
    everybody: list[Someone] = field(default_factory=list)
    files: dict[str, list[str]] = field(default_factory=dict)
    _number: int = 0

    def __post_init__(self) -> None:
        """Write every program's lines once with every form."""
        self._chance = random.Random(self.seed)
        self._now = _START
        messages = (self._postfix, self._amavis, self._rspamd, self._exim, self._spamd, self._refused, self._session)
        for round_ in range(len(FORMS)):
            for message in messages:
                message(FORMS[round_])

    def contents(self) -> dict[str, bytes]:
        """The files by their names."""
        return {name: "".join(f"{line}\n" for line in lines).encode() for name, lines in self.files.items()}

    def someone(self, domain: str | None = None) -> Someone:
        """Somebody who was not there before."""
        one = Someone(f"who{len(self.everybody):05d}q", domain or self._chance.choice(TENANTS))
        self.everybody.append(one)
        return one

    def _people(self, form: Form) -> tuple[Someone, Someone, Someone, str, str]:
        """Sender, recipient, another recipient, and two of other tenants as others write them."""
        domains = self._chance.sample(TENANTS, 3)
        sender = self.someone(self._chance.choice(("far.example", domains[2])))
        others = [self.someone(domain) for domain in domains[1:]]
        return sender, self.someone(domains[0]), self.someone(domains[1]), form(others[0]), form(others[1])

    def _id(self) -> str:
        """A queue id of Postfix."""
        self._number += 1
        return f"{0x5A0000 + self._number:06X}{self._chance.randrange(16**5):05X}"

    def _log(self, line: str, file: str = "mail.log") -> None:
        """A line through syslog."""
        self._now += timedelta(milliseconds=self._chance.randrange(20, 900))
        self.files.setdefault(file, []).append(f"{self._now.isoformat(timespec='microseconds')} mx1 {line}")

    def _own(self, line: str, file: str) -> None:
        """A line of a program that writes files of its own."""
        self._now += timedelta(seconds=1)
        self.files.setdefault(file, []).append(f"{self._now:%Y-%m-%d %H:%M:%S} {line}")

    def _begin(self, first: str, sender: Someone, count: int, subject: str = "") -> None:
        """A message comes in through Postfix."""
        self._log(f"postfix/smtpd[11]: {first}: client=mail.far.example[203.0.113.5]")
        if subject:
            tail = f"from mail.far.example[203.0.113.5]; from=<{sender.address}> to=<last@far.example> proto=ESMTP helo=<mail.far.example>"
            self._log(f"postfix/cleanup[12]: {first}: info: header Subject: {subject} {tail}")
        self._named(first, sender, count)

    def _named(self, first: str, sender: Someone | None, count: int) -> None:
        """Its Message-ID, its sender, the number of its recipients."""
        self._log(f"postfix/cleanup[12]: {first}: message-id=<{first}.{sender.mark if sender else 'mx1'}@far.example>")
        self._log(f"postfix/qmgr[13]: {first}: from=<{sender.address if sender else ''}>, size=567, nrcpt={count} (queue active)")

    def _tried(self, first: str, to: Someone, status: str, text: str, relay: str = "mx.far.example[198.51.100.9]:25") -> None:
        """A try to deliver it: what the next server, or an agent, said."""
        dsn = {"sent": "2.0.0", "deferred": "4.3.0", "bounced": "5.1.1"}[status]
        tried = f"to=<{to.address}>, relay={relay}, delay=1, delays=0/0/0/1, dsn={dsn}, status={status} ({text})"
        self._log(f"postfix/smtp[14]: {first}: {tried}")

    def _postfix(self, form: Form) -> None:
        """A bounce and a delivery, whose replies name others; a notice about them."""
        sender, one, other, x, y = self._people(form)
        first, notice = self._id(), self._id()
        self._begin(first, sender, 2, f"Fwd: {x}")
        said = f"550 5.1.1 <{one.address}>: no such user, see {x} and {y} (in reply to RCPT TO command)"
        self._tried(first, one, "bounced", f"host mx.{one.domain}[198.51.100.9] said: {said}")
        self._tried(first, other, "sent", f"250 2.0.0 Ok for {y}: queued as 4Sink{self._number:05d}")
        self._log(f"postfix/bounce[15]: {first}: sender non-delivery notification: {notice}")
        self._log(f"postfix/qmgr[13]: {first}: removed")
        self._named(notice, None, 1)
        place = self._chance.choice(PATHS)
        self._tried(notice, sender, "deferred", f"delivery to {x} failed: cannot write {place}/{y}", "local")

    def _amavis(self, form: Form) -> None:
        """Two recipients of two tenants in one scan; one copy is kept."""
        sender, one, other, x, y = self._people(form)
        first, second, scan = self._id(), self._id(), f"sc{self._number:05d}AbCdEf"[:12]
        self._begin(first, sender, 2)
        log_id, message_id = f"amavis[17]: ({self._number:05d}-01)", f"{first}.{sender.mark}@far.example"
        folder = f"{PATHS[0]}/amavis-{self._number}"
        people = f"<{sender.address}> -> <{one.address}>,<{other.address}>"
        self._log(f"{log_id} ESMTP [127.0.0.1]:10024 {folder}: {people} SIZE=567 Received: from x")
        self._log(f"clamd[22]: {folder}/parts/p002: Eicar-{y}.UNOFFICIAL FOUND")
        client, ids = (
            "[203.0.113.5]:1 [203.0.113.5]",
            f"Queue-ID: {first}, Message-ID: <{message_id}>, mail_id: {scan}, Hits: 1.2, size: 567",
        )
        place = self._chance.choice(("s/banned-" + scan, f"{PATHS[2]}/{scan}", self.someone().address))
        kept = f"Blocked BANNED (application/octet-stream,.exe,{x}.exe) {{DiscardedInbound,Quarantined}}"
        self._log(f"{log_id} {kept}, {client} <{sender.address}> -> <{one.address}>, quarantine: {place}, {ids}, 99 ms")
        passed = f"Passed CLEAN {{RelayedInbound}}, {client} <{sender.address}> -> <{other.address}>"
        self._log(f"{log_id} {passed}, {ids}, queued_as: {second}, 99 ms")
        for recipient in (one, other):
            answer = f"250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as {second}, but 1 DISCARD"
            self._tried(first, recipient, "sent", answer, "127.0.0.1[127.0.0.1]:10024")
        origin = f"orig_queue_id={first}, orig_client=mail.far.example[203.0.113.5]"
        self._log(f"postfix/smtpd[18]: {second}: client=localhost[127.0.0.1], {origin}")
        self._named(second, sender, 1)
        self._tried(second, other, "sent", f"delivered to {PATHS[1]} for {y}", "dovecot")
        self._log(f"postfix/qmgr[13]: {second}: removed")

    def _rspamd(self, form: Form) -> None:
        """A milter's result with lists of recipients, a `To:` and symbols that name others."""
        sender, one, other, x, y = self._people(form)
        first, tag = self._id(), f"{self._number:06x}"
        self._begin(first, sender, 1)
        symbols = f"FORGED_RECIPIENTS(2.00){{m:{x},s:{y};}},R_SPF_ALLOW(-0.20){{+ip4:203.0.113.0/24;}},TO_DN(0.00){{{y};}}"
        ids = f"id: <{first}.{sender.mark}@far.example>, qid: <{first}>, ip: 203.0.113.5, from: <{sender.address}>"
        lists = f"rcpts: <{one.address}>, mime_rcpts: <{other.address},{x}>"
        result = f"{ids}, (default: F (no action): [4.20/15.00] [{symbols}]), len: 567, time: 12.3ms, dns req: 3, digest: <d>, {lists}"
        self._own(f"#100(rspamd_proxy) <{tag}>; proxy; rspamd_task_write_log: {result}", "rspamd.log")
        held = f"milter-hold: END-OF-MESSAGE from mail.far.example[203.0.113.5]: milter triggers HOLD action for {x}"
        self._log(f"postfix/cleanup[12]: {first}: {held}; from=<{sender.address}> to=<{one.address}> proto=ESMTP helo=<mail.far.example>")

    def _exim(self, form: Form) -> None:
        """Exim names all recipients of a message in one line, and quotes what the next server says."""
        sender, one, other, x, y = self._people(form)
        self._number += 1
        queue_id = f"1vx04G-{self._number:06d}-0A"
        subject, said = (text.replace("\\", "\\\\").replace('"', '\\"') for text in (x, y))
        arrived = f'H=mail.far.example [203.0.113.5] P=esmtps S=567 id={queue_id}.{sender.mark}@far.example T="{subject}"'
        self._own(f"{queue_id} <= {sender.address} {arrived} from <{sender.address}> for {one.address} {other.address}", "mainlog")
        where = "R=remote T=remote_smtp H=mx.far.example [198.51.100.9]"
        refused = f"SMTP error from remote mail server after RCPT TO:<{one.address}>: 550 5.7.1 {x} is not {y}"
        self._own(f"{queue_id} ** {one.address} {where}: {refused}", "mainlog")
        self._own(f'{queue_id} => {other.address} {where} C="250 2.0.0 Ok {said}"', "mainlog")
        self._own(f"{queue_id} => |{PATHS[3]} <{one.address}> R=pipe T=address_pipe", "mainlog")
        self._own(f"{queue_id} Completed", "mainlog")

    def _spamd(self, form: Form) -> None:
        """SpamAssassin's daemon names a message by its Message-ID, and a mailbox its own place."""
        sender, one, _, x, y = self._people(form)
        first = self._id()
        self._begin(first, sender, 1)
        user = self._chance.choice((y, "debian-spamd"))
        where = f"user={user},uid=102,required_score=5.0,rhost=localhost,raddr=127.0.0.1,rport=/run/spamd"
        result = f"Y 7 - X,Y scantime=0.4,size=567,{where},mid=<{first}.{sender.mark}@far.example>,autolearn=no"
        self._log(f"spamd[20]: spamd: result: {result}")
        self._tried(first, one, "sent", f"250 2.0.0 <{one.address}> {x} Saved", f"mx1[{PATHS[1]}/lmtp]")
        self._log(f"postfix/qmgr[13]: {first}: removed")

    def _refused(self, form: Form) -> None:
        """Refusals in the dialogue, with texts of other servers and names in HELO that name others."""
        sender, one, _, x, y = self._people(form)
        helo = x.replace(" ", "").replace("<", "").replace(">", "")
        said = f"host mx.far.example[198.51.100.9] said: 550 5.1.1 {x} unknown, ask {y} (in reply to RCPT TO command)"
        refused = f"550 5.1.1 <{one.address}>: Recipient address rejected: undeliverable address: {said}"
        tail = f"from=<{sender.address}> to=<{one.address}> proto=ESMTP helo=<{helo}>"
        self._log(f"postfix/smtpd[11]: NOQUEUE: reject: RCPT from mail.far.example[203.0.113.5]: {refused}; {tail}")
        client = f"H=mail.far.example ({helo}) [203.0.113.5] F=<{sender.address}>"
        self._own(f"{client} rejected RCPT <{one.address}>: {y} says no", "mainlog")

    def _session(self, form: Form) -> None:
        """One session brings mail for several tenants; lines without a queue id belong to all of them."""
        sender, one, other, x, y = self._people(form)
        client = "mail.far.example[203.0.113.5]"
        self._log(f"postfix/smtpd[21]: connect from {client}")
        for recipient in (one, other):
            first = self._id()
            self._log(f"postfix/smtpd[21]: {first}: client={client}, sasl_method=PLAIN, sasl_username={sender.address}")
            self._named(first, sender, 1)
            self._tried(first, recipient, "sent", f"250 2.0.0 Ok {x}")
            self._log(f"postfix/qmgr[13]: {first}: removed")
        self._log(f"postfix/smtpd[21]: warning: {client}: SASL PLAIN authentication failed: {y}")
        self._log(f"postfix/smtpd[21]: lost connection after DATA from {client}")
        self._log(f"postfix/smtpd[21]: disconnect from {client} ehlo=1 mail=2 rcpt=2/3 data=2 commands=7/8")
