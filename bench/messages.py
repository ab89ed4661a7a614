"""The life of a generated message: the lines that every program on its way writes, shaped as real logs have them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from heapq import heappush
from random import Random

from bench.people import address, client, domain, skewed
from bench.processes import SECOND, PidCounter, Pool, Queue

#: Lines that are to come: microsecond, a number that keeps the order of equal ones, the line from its program on.
Lines = list[tuple[int, int, str]]

_TLS = (
    "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) "
    "key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256"
)
_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"
_RETRIES_S = (300, 600, 1200, 2400, 4000, 4000, 4000)
_REJECTS = (
    "554 5.7.1 <{to}>: Relay access denied",
    "550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table",
    "554 5.7.1 Service unavailable; Client host [{ip}] blocked using bl.example.test; Listed, see http://bl.example.test/q?ip={ip}",
    "450 4.7.1 <{name}[{ip}]>: Client host rejected: Slow down please",
    "450 4.1.8 <{sender}>: Sender address rejected: Domain not found",
)
_BOUNCES = (
    ("5.1.1", "550 5.1.1 <{to}>: Recipient address rejected: User unknown in virtual mailbox table (in reply to RCPT TO command)"),
    ("5.2.2", "552 5.2.2 <{to}>: Mailbox full, quota exceeded (in reply to RCPT TO command)"),
    ("5.7.1", "554 5.7.1 Message refused as spam (in reply to end of DATA command)"),
    ("5.0.0", "550 No such user here (in reply to RCPT TO command)"),
)
_SUBJECTS = ("Figures for week 47", "Minutes of the meeting", "Your invoice", "Re: offer", "Newsletter", "Three places", "Lunch?")


@dataclass(frozen=True, slots=True)
class Letter:
    """What stays the same on a message's way."""

    message_id: str
    sender: str
    to: list[str]
    size: int
    #: Name and address of the client that brought it.
    who: tuple[str, str]
    inbound: bool


def spent(seconds: float) -> str:
    """Write a delay as the server does: two digits that count, and whole seconds from ten on."""
    return f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.2g}"


class Mail:
    """A mail server with a filter behind its queue; each call adds the lines of one message to the pending ones."""

    def __init__(self, random: Random, pending: Lines, *, long_ids: bool, subjects: bool) -> None:
        self._random = random
        self._pending = pending
        self._subjects = subjects
        self._count = 0
        self._queue = Queue(random, long=long_ids)
        pids = PidCounter(random)
        self._smtpd, self._reinject = Pool(pids, 100), Pool(pids, 100)
        self._cleanup, self._bounce, self._local = Pool(pids, 100), Pool(pids, 100), Pool(pids, 100)
        self._smtp, self._relay, self._filter = Pool(pids, 100), Pool(pids, 100), Pool(pids, 20)
        self._qmgr = pids()

    def arrives(self, now: int) -> None:
        """Somebody connects: most bring a message, some are turned away."""
        kind = self._random.random()
        if kind < 0.05:
            self._rejected(now)
            return
        inbound = kind < 0.75
        sender = address(self._random, local=not inbound)
        if inbound and self._random.random() < 0.03:
            sender = ""
        count = self._recipients()
        first = address(self._random, local=inbound)
        to = [first]
        while len(to) < count:
            one = address(self._random, local=inbound)
            if one not in to:
                to.append(one)
        self._message(now, sender, to, inbound=inbound)

    def _recipients(self) -> int:
        """How many recipients a message has."""
        draw = self._random.random()
        return 1 if draw < 0.8 else self._random.randint(2, 5) if draw < 0.98 else self._random.randint(6, 20)

    # -- lines

    def _say(self, at_us: int, text: str) -> None:
        """Add a line."""
        self._count += 1
        heappush(self._pending, (at_us, self._count, text))

    def _after(self, low_ms: int, high_ms: int) -> int:
        """Draw a while in microseconds."""
        return self._random.randint(low_ms * 1000, high_ms * 1000)

    def _word(self, count: int) -> str:
        """Draw an id of so many characters."""
        return "".join(self._random.choices(_ALPHABET, k=count))

    # -- in at the front

    def _rejected(self, now: int) -> None:
        """A client that is turned away at RCPT."""
        sender, to = address(self._random, local=False), address(self._random, local=True)
        name, ip = client(sender.partition("@")[2])
        pid, uses = self._smtpd.take(now)
        why = self._random.choice(_REJECTS).format(to=to, sender=sender, name=name, ip=ip)
        done = now + self._after(20, 900)
        self._say(now, f"postfix/smtpd[{pid}]: connect from {name}[{ip}]")
        self._say(
            done - 9000,
            f"postfix/smtpd[{pid}]: NOQUEUE: reject: RCPT from {name}[{ip}]: {why}; from=<{sender}> to=<{to}> proto=ESMTP helo=<{name}>",
        )
        self._say(done, f"postfix/smtpd[{pid}]: disconnect from {name}[{ip}] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4")
        self._smtpd.give_back(pid, uses, done)

    def _message(self, now: int, sender: str, to: list[str], *, inbound: bool) -> None:
        """A message that is taken in, and all that becomes of it."""
        home = sender.partition("@")[2] or domain(skewed(self._random, 500), local=False)
        name, ip = client(home) if inbound else ("app1.example.org", "192.0.2.77")
        pid, uses = self._smtpd.take(now)
        tag = f"postfix/smtpd[{pid}]:"
        self._say(now, f"{tag} connect from {name}[{ip}]")
        at = now + self._after(5, 60)
        if self._random.random() < 0.6:
            self._say(at, f"{tag} Anonymous TLS connection established from {name}[{ip}]: {_TLS}")
            at += self._after(2, 20)
        inode = self._queue.inode(at)
        queue_id = self._queue.name(at, inode)
        message_id = f"{self._random.getrandbits(64):016x}.{self._count}@{name}"
        self._say(at, f"{tag} {queue_id}: client={name}[{ip}]")
        at = self._cleaned(at, queue_id, message_id, f"from {name}[{ip}]; from=<{sender}> to=<{to[0]}> proto=ESMTP helo=<{name}>")
        size = int(10 ** self._random.uniform(3.2, 6.5))
        at += self._after(2, 40)
        self._active(at, queue_id, sender, size, len(to))
        left = at + self._after(1, 30)
        self._say(left, f"{tag} disconnect from {name}[{ip}] ehlo=2 starttls=1 mail=1 rcpt={len(to)} data=1 quit=1 commands={6 + len(to)}")
        self._smtpd.give_back(pid, uses, left)
        gone = self._filtered(at, queue_id, Letter(message_id, sender, to, size, (name, ip), inbound))
        self._queue.release(inode, gone)

    def _cleaned(self, at: int, queue_id: str, message_id: str, about: str | None) -> int:
        """What cleanup says; gives the time after it."""
        pid, uses = self._cleanup.take(at)
        at += self._after(1, 15)
        if about is not None and self._subjects:
            self._say(at, f"postfix/cleanup[{pid}]: {queue_id}: info: header Subject: {self._random.choice(_SUBJECTS)} {about}")
        self._say(at + 20, f"postfix/cleanup[{pid}]: {queue_id}: message-id=<{message_id}>")
        self._cleanup.give_back(pid, uses, at + 20)
        return at + 20

    def _active(self, at: int, queue_id: str, sender: str, size: int, count: int) -> None:
        """The queue manager takes a message up."""
        self._say(at, f"postfix/qmgr[{self._qmgr}]: {queue_id}: from=<{sender}>, size={size}, nrcpt={count} (queue active)")

    def _removed(self, at: int, queue_id: str) -> int:
        """The queue manager is done with a message."""
        self._say(at + 600, f"postfix/qmgr[{self._qmgr}]: {queue_id}: removed")
        return at + 600

    # -- the filter

    def _filtered(self, at: int, queue_id: str, letter: Letter) -> int:
        """The filter looks at a message: it goes on, or is kept. Gives when the first hop is over."""
        pid, uses = self._filter.take(at)
        smtp, smtp_uses = self._smtp.take(at)
        log_id, mail_id = f"{pid:05d}-{uses + 1:02d}", self._word(12)
        began, at = at, at + self._after(60, 900)
        draw = self._random.random() if letter.inbound else 1.0
        list_of, ip = ",".join(f"<{a}>" for a in letter.to), letter.who[1]
        common = f"[{ip}]:{self._random.randint(32768, 60999)} [{ip}] <{letter.sender}> -> {list_of},"
        ids = f"Queue-ID: {queue_id}, Message-ID: <{letter.message_id}>, mail_id: {mail_id}"
        took = f"{(at - began) // 1000} ms"
        if draw < 0.05:
            word, verdict, ending, why = (
                ("spam", "SPAM", ".gz", "spam")
                if draw < 0.042
                else ("virus", "INFECTED (Eicar-Test-Signature)", "", "INFECTED: Eicar-Test-Signature")
                if draw < 0.047
                else ("banned", "BANNED (application/octet-stream,.exe,.exe-ms,tool.exe)", "", "BANNED")
            )
            kept = f"{mail_id[0]}/{word}-{mail_id}{ending}"
            hits = f"{self._random.uniform(12, 40):.3f}" if word == "spam" else "-"
            self._say(
                at,
                f"amavis[{pid}]: ({log_id}) Blocked {verdict} {{DiscardedInbound,Quarantined}}, {common} "
                f"quarantine: {kept}, {ids}, Hits: {hits}, size: {letter.size}, {took}",
            )
            reply = f"2.7.0, status=sent (250 2.7.0 Ok, discarded, id={log_id} - {why})"
            if self._random.random() < 0.03:
                self._released(at + self._after(60_000, 7_200_000), mail_id, letter)
        else:
            hop = self._again(at - 40_000, queue_id, letter.who)
            mode = "SPAMMY {RelayedTaggedInbound}" if draw < 0.07 else f"CLEAN {{Relayed{'In' if letter.inbound else 'Out'}bound}}"
            hits = f"{self._random.uniform(-3, 4.9):.3f}"
            self._say(
                at,
                f"amavis[{pid}]: ({log_id}) Passed {mode}, {common} {ids}, Hits: {hits}, size: {letter.size}, queued_as: {hop[0]}, {took}",
            )
            reply = f"2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as {hop[0]})"
            self._onward(at - 30_000, hop, letter)
        self._filter.give_back(pid, uses, at + 500)
        delay = (at - began) / SECOND
        at += 1500
        for one in letter.to:
            self._say(
                at,
                f"postfix/smtp[{smtp}]: {queue_id}: to=<{one}>, relay=127.0.0.1[127.0.0.1]:10024, delay={spent(delay + 0.1)}, "
                f"delays=0.1/0.01/0/{spent(delay)}, dsn={reply}",
            )
            at += 25
        self._smtp.give_back(smtp, smtp_uses, at)
        return self._removed(at, queue_id)

    def _again(self, at: int, parent: str | None, who: tuple[str, str]) -> tuple[str, int]:
        """The filter hands a message back: the second hop's queue id, and its file's number."""
        pid, uses = self._reinject.take(at)
        if uses == 0:
            self._say(at - 3000, f"postfix/smtpd[{pid}]: connect from localhost[127.0.0.1]")
        inode = self._queue.inode(at)
        queue_id = self._queue.name(at, inode)
        origin = f", orig_queue_id={parent}, orig_client={who[0]}[{who[1]}]" if parent is not None else ""
        self._say(at, f"postfix/smtpd[{pid}]: {queue_id}: client=localhost[127.0.0.1]{origin}")
        self._reinject.give_back(pid, uses, at + 20_000)
        return queue_id, inode

    def _released(self, at: int, kept: str, letter: Letter) -> None:
        """Somebody has a kept message delivered after all."""
        sender, to = letter.sender, letter.to[0]
        log_id, mail_id = f"rel-{self._word(12)}", self._word(12)
        pid, uses = self._filter.take(at)
        queue_id, inode = self._again(at + 2000, None, ("", ""))
        self._say(at, f"amavis[{pid}]: ({log_id}) Quarantined message release (miscategorized): {kept} <{sender}> -> <{to}>")
        self._say(
            at + 40_000,
            f"amavis[{pid}]: ({log_id}) {mail_id}({kept}) FWD from <{sender}> -> <{to}>,  250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): "
            f"250 2.0.0 Ok: queued as {queue_id}",
        )
        self._filter.give_back(pid, uses, at + 50_000)
        self._onward(at + 10_000, (queue_id, inode), replace(letter, to=[to]))

    # -- out at the back

    def _onward(self, at: int, hop: tuple[str, int], letter: Letter) -> None:
        """The second hop: to the mail store, to mailboxes here, or out to the world."""
        queue_id, inode = hop
        at = self._cleaned(at, queue_id, letter.message_id, None)
        at += self._after(1, 10)
        self._active(at, queue_id, letter.sender, letter.size + 520, len(letter.to))
        gone = self._inside(at, queue_id, letter.to) if letter.inbound else self._outside(at, queue_id, letter.sender, letter.to)
        self._queue.release(inode, gone)

    def _inside(self, at: int, queue_id: str, to: list[str]) -> int:
        """Delivery to the mail store, or to local mailboxes, some through aliases."""
        at += self._after(2, 60)
        for one in to:
            if self._random.random() < 0.1:
                pid, uses = self._local.take(at)
                alias = ", orig_to=<" + "list." + one + ">" if self._random.random() < 0.5 else ""
                self._say(
                    at,
                    f"postfix/local[{pid}]: {queue_id}: to=<{one}>{alias}, relay=local, delay=0.06, delays=0.02/0.01/0/0.03, "
                    "dsn=2.0.0, status=sent (delivered to maildir)",
                )
                self._local.give_back(pid, uses, at)
                at += 300
                continue
            pid, uses = self._relay.take(at)
            peer = "mailstore.example.org[192.0.2.50]:25"
            if self._random.random() < 0.5:
                self._say(at, f"postfix/relay/smtp[{pid}]: Untrusted TLS connection established to {peer}: {_TLS}")
            at += self._after(1, 8)
            self._say(
                at,
                f"postfix/relay/smtp[{pid}]: {queue_id}: to=<{one}>, relay={peer}, delay=0.05, delays=0.02/0.01/0.01/0.01, dsn=2.0.0, "
                f"status=sent (250 2.0.0 Ok: queued as 4{self._word(14)})",
            )
            self._relay.give_back(pid, uses, at)
        return self._removed(at, queue_id)

    def _outside(self, at: int, queue_id: str, sender: str, to: list[str]) -> int:
        """Delivery to other servers: most take it, some say later, some say no."""
        gone, refused = at, False
        for one in to:
            gone_to, accepted = self._attempts(at + self._after(50, 2500), queue_id, sender, one)
            gone, refused = max(gone, gone_to), refused or not accepted
        if refused:
            gone = self._notice(gone, queue_id, sender)
        return self._removed(gone, queue_id)

    def _attempts(self, at: int, queue_id: str, sender: str, one: str) -> tuple[int, bool]:
        """Try a recipient until it is settled: when that was, and whether it was taken."""
        name, ip = client(one.partition("@")[2])
        relay = f"mx.{name}[{ip}]:25"
        began, draw = at, self._random.random()
        tries = 0 if draw > 0.04 else len(_RETRIES_S) if draw < 0.003 else self._random.randint(1, 4)
        for wait_s in _RETRIES_S[:tries]:
            pid, uses = self._smtp.take(at)
            delay = (at - began) // SECOND
            why = f"host mx.{name}[{ip}] said: 450 4.2.0 <{one}>: Recipient address rejected: Greylisted (in reply to RCPT TO command)"
            self._say(
                at,
                f"postfix/smtp[{pid}]: {queue_id}: to=<{one}>, relay={relay}, delay={delay}, delays={delay}/0/0.01/0.03, dsn=4.2.0, "
                f"status=deferred ({why})",
            )
            self._smtp.give_back(pid, uses, at)
            at += wait_s * SECOND + self._after(0, 9000)
            self._active(at - 30_000, queue_id, sender, 4711, 1)
        pid, uses = self._smtp.take(at)
        delay_s = spent((at - began) / SECOND + 0.3)
        front = f"postfix/smtp[{pid}]: {queue_id}: to=<{one}>, relay={relay}, delay={delay_s}, delays=0.1/0/0.1/0.1, dsn="
        if draw < 0.003:
            self._say(at, f"postfix/qmgr[{self._qmgr}]: {queue_id}: from=<{sender}>, status=expired, returned to sender")
        elif draw > 0.98:
            code, why = self._random.choice(_BOUNCES)
            self._say(at, f"{front}{code}, status=bounced (host mx.{name}[{ip}] said: {why.format(to=one)})")
        else:
            if self._random.random() < 0.7:
                self._say(at - 9000, f"postfix/smtp[{pid}]: Untrusted TLS connection established to {relay}: {_TLS}")
            self._say(at, f"{front}2.0.0, status=sent (250 2.0.0 OK id=1{self._word(5)}-{self._word(6)}-{self._word(2)})")
        self._smtp.give_back(pid, uses, at)
        return at, 0.003 <= draw <= 0.98

    def _notice(self, at: int, parent: str, sender: str) -> int:
        """Tell the sender that a message could not be delivered."""
        pid, uses = self._bounce.take(at)
        at += 2000
        inode = self._queue.inode(at)
        queue_id = self._queue.name(at, inode)
        done = self._cleaned(at, queue_id, f"20250303080000.{queue_id}@mx1.example.org", None)
        self._say(done + 300, f"postfix/bounce[{pid}]: {parent}: sender non-delivery notification: {queue_id}")
        self._bounce.give_back(pid, uses, done + 300)
        self._active(done + 500, queue_id, "", 2900, 1)
        self._queue.release(inode, self._inside(done + 500, queue_id, [sender]))
        return done + 400
