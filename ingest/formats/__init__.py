"""Formats: one file (or package) per program, one entry here. A format never imports another one's parser.

`FORMATS` is the registry. A format is asked for a line by the line's program; Postfix' daemons are known by the instance before
the slash in their tag (`postfix/smtpd`, `postfix-out/smtp`), all others by the program's name.
"""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

from ingest.formats import (
    amavis,
    clamav,
    dovecot,
    exim,
    mailscanner,
    openarc,
    opendkim,
    opendmarc,
    pmg,
    policyd_spf,
    postfix,
    postgrey,
    rspamd,
    sendmail,
    spamassassin,
)
from ingest.formats.format import Format, Parser
from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome, Silent
from ingest.formats.tags import HOLDERS, is_instance, words_of
from ingest.framing.own import OwnFrames
from ingest.framing.stamps import Stamp
from ingest.framing.syslog import Framer
from ingest.framing.syslog import peek_time as peek_time_of
from ingest.records import Joiner
from ingest.unwrapping import Unwrapper

__all__ = [
    "FORMATS",
    "IGNORED",
    "UNKNOWN",
    "Format",
    "Outcome",
    "Silent",
    "format_of",
    "framer_of",
    "new_joiner",
    "parser_of",
    "peek_time",
    "unwrapper_of",
]

FORMATS: tuple[Format, ...] = (
    Format(
        "postfix",
        postfix.parse,
        tuple(postfix.PROGRAMS),
        title="Postfix",
        versions="2.3 to 3.10",
        example=(
            "2026-11-24T03:53:14.311264+00:00 mx1 postfix/smtp[325]: 80582186537: to=<anna@example.com>, "
            "relay=mail.example.com[198.51.100.9]:25, delay=0.5, delays=0.1/0/0.2/0.2, dsn=2.0.0, status=sent (250 2.0.0 Ok)"
        ),
        templates=postfix.TEMPLATES,
        instanced=True,
        serves=True,
        speaker=postfix.speaker,
    ),
    Format(
        "amavis",
        amavis.parse,
        ("amavis", "amavisd", "amavisd-new", "amavisd-milter"),
        title="amavisd-new",
        versions="2.6 to 2.13, as text and as JSON",
        example=(
            "2026-11-24T03:53:14.311264+00:00 mx1 amavis[235]: (00235-02) Passed CLEAN {RelayedInbound}, [203.0.113.5]:41549 "
            "<max@sender.example> -> <anna@example.com>, Queue-ID: 80582186537, Message-ID: <a1@client.example>, "
            "mail_id: rEde0x3Se_vt, Hits: 1.3, size: 593, queued_as: 3033D18654F, 96 ms"
        ),
        join=amavis.AmavisPieces,
    ),
    Format(
        "exim",
        exim.parse,
        ("exim", "exim4"),
        title="Exim",
        versions="4.80 to 4.99",
        example=(
            "2026-11-24 03:53:14 1xVhsP-00001T-1p => anna@example.com R=remote T=remote_smtp H=mail.example.com [198.51.100.9] "
            'C="250 2.0.0 Ok: queued as 3033D18654F"'
        ),
        serves=True,
        frame=exim.FRAME,
        join=exim.EximPieces,
    ),
    Format(
        "sendmail",
        sendmail.parse,
        sendmail.PROGRAMS,
        title="Sendmail",
        versions="8.12 to 8.18",
        example=(
            "Nov 24 03:53:14 mx1 sm-mta[15660]: 6AO3rEHB015660: to=<anna@example.com>,<bob@example.com>, delay=00:00:01, xdelay=00:00:01, "
            "mailer=esmtp, pri=60054, relay=mail.example.com. [198.51.100.9], dsn=2.0.0, stat=Sent (Ok: queued as 3033D18654F)"
        ),
        serves=True,
    ),
    Format(
        "rspamd",
        rspamd.parse,
        ("rspamd",),
        title="Rspamd",
        versions="1.6 to 3.11",
        example=(
            "2026-11-24 03:53:14 #100(rspamd_proxy) <dd29ba>; proxy; rspamd_task_write_log: id: <a1@client.example>, qid: <80582186537>, "
            "ip: 203.0.113.5, from: <max@sender.example>, (default: T (add header): [7.90/15.00] [FROM_INVALID(2.00){},MIME_GOOD(-0.10)"
            "{text/plain;}]), len: 364, time: 21.6ms, dns req: 0, digest: <01f7e25dfe47651fe822ca0222c69963>, rcpts: <anna@example.com>, "
            "mime_rcpts: <anna@example.com>"
        ),
        frame=rspamd.FRAME,
    ),
    Format(
        "spamassassin",
        spamassassin.parse,
        ("spamd", "spamassassin", "spampd"),
        title="SpamAssassin (spamd, spampd)",
        versions="3.1 to 4.0",
        example=(
            "Nov 24 03:53:14 mx1 spamd[85]: spamd: result: Y 12 - BAYES_99,URIBL_BLACK scantime=0.2,size=678,user=debian-spamd,uid=102,"
            "required_score=5.0,rhost=localhost,raddr=127.0.0.1,rport=39886,mid=<a1@client.example>,autolearn=disabled"
        ),
        frame=spamassassin.FRAME,
    ),
    Format(
        "mailscanner",
        mailscanner.parse,
        ("MailScanner", "mailscanner"),
        title="MailScanner",
        versions="4.x and 5.x",
        example=(
            "Nov 24 03:53:14 mx1 MailScanner[12001]: Message 80582186537.A1B2C from 203.0.113.5 (max@sender.example) to example.com "
            "is spam, SpamAssassin (not cached, score=12.3, required 5, BAYES_99 3.50, URIBL_BLACK 1.70)"
        ),
    ),
    Format(
        "pmg",
        pmg.parse,
        ("pmg-smtp-filter",),
        title="Proxmox Mail Gateway",
        versions="5 to 9",
        example=(
            "Nov 24 03:53:14 mx1 pmg-smtp-filter[1201]: 2C225C6817C7EEE1481: moved mail for <anna@example.com> to spam quarantine - "
            "2C2266817C7EFA0B21 (rule: Quarantine/Mark Spam (Level 3))"
        ),
    ),
    Format(
        "clamav",
        clamav.parse,
        ("clamd", "clamav", "clamd.amavisd", "clamav-milter", "freshclam", "clamsmtpd"),
        title="ClamAV",
        versions="0.9x to 1.4",
        example=(
            "Tue Nov 24 03:53:14 2026 -> /var/lib/amavis/tmp/amavis-20261124T035300-00234-iFlv9YBx/parts/p002: "
            "Eicar-Test-Signature(44d88612fea8a8f36de82e1278abb02f:68) FOUND"
        ),
        frame=clamav.FRAME,
    ),
    Format(
        "dovecot",
        dovecot.parse,
        ("dovecot",),
        title="Dovecot",
        versions="1.2 to 2.4, with Pigeonhole's Sieve",
        example=(
            "Nov 24 03:53:14 mx1 dovecot: lmtp(anna@example.com)<198><UU5uGHIrDWvGAAAAds41pg>: sieve: msgid=<a1@client.example>: "
            "fileinto action: stored mail into mailbox 'Junk'"
        ),
        frame=dovecot.FRAME,
    ),
    Format(
        "opendkim",
        opendkim.parse,
        ("opendkim",),
        title="OpenDKIM",
        versions="2.9 to 2.11",
        example="Nov 24 03:53:14 mx1 opendkim[122]: 80582186537: DKIM-Signature field added (s=mail, d=example.com)",
    ),
    Format(
        "opendmarc",
        opendmarc.parse,
        ("opendmarc",),
        title="OpenDMARC",
        versions="1.3 to 1.4",
        example="Nov 24 03:53:14 mx1 opendmarc[131]: 80582186537: sender.example pass",
    ),
    Format(
        "openarc",
        openarc.parse,
        ("openarc",),
        title="OpenARC",
        versions="1.0 to 1.3",
        example='Nov 24 03:53:14 mx1 openarc[131]: 80582186537: chain state forced to "fail" due to prior result found',
    ),
    Format(
        "postgrey",
        postgrey.parse,
        ("postgrey",),
        title="Postgrey",
        versions="1.3x",
        example=(
            "Nov 24 03:53:14 mx1 postgrey[138]: action=greylist, reason=new, client_name=mail.sender.example, "
            "client_address=203.0.113.5, sender=max@sender.example, recipient=anna@example.com"
        ),
        helper=True,
    ),
    Format(
        "policyd_spf",
        policyd_spf.parse,
        ("policyd-spf", "policy-spf"),
        title="policyd-spf",
        versions="2.0 to 3.0 (Python), 2.0 (Perl)",
        example=(
            "Nov 24 03:53:14 mx1 policyd-spf[266]: prepend Received-SPF: Pass (mailfrom) identity=mailfrom; client-ip=203.0.113.5; "
            "helo=mail.sender.example; envelope-from=max@sender.example; receiver=<UNKNOWN>"
        ),
        helper=True,
    ),
)

_INSTANCED = {program: f for f in FORMATS if f.instanced for program in f.programs}
_PLAIN = {program: f for f in FORMATS if not f.instanced for program in f.programs}
_BY_NAME = {f.name: f for f in FORMATS}
#: Programs whose own files others send on, under names that they make of the file's.
_SENT_ON = {program for f in FORMATS if f.frame is not None for program in f.programs}

_SPEAKERS = {f.name: f.speaker for f in FORMATS if f.speaker is not None}


def format_of(tag: str, program: str, format_name: str | None = None) -> Format | None:
    """The format of lines with this tag, or None where none knows the program; `format_name` overrides what is recognised."""
    if format_name is not None:
        return _BY_NAME[format_name]
    # A daemon may be named by the path that it was started by: `/usr/sbin/amavisd-new`.
    if "/" not in tag or tag[0] == "/":
        return _PLAIN.get(program)
    return _INSTANCED.get(program) if is_instance(tag, _PLAIN) else None


def _meant(tag: str, text: str | None) -> str | None:
    """The tag of the program that a tag means which is none.

    `exim_mainlog` and `exim-in` mean Exim, and so does a container that is called so; `postfix@-` means the daemon that says such a text.
    Without a text, which is said to be as that program writes it, a word anywhere in the tag will do.
    """
    words = words_of(tag)
    if text is not None and words and "/" not in tag and words[0] in _SPEAKERS:
        return _SPEAKERS[words[0]](text)
    if len(words) > 1 and words[0] in HOLDERS:
        return next((word for word in words[1:] if word in _PLAIN), None)
    if text is None:
        return next((word for word in words if word in _SENT_ON), None)
    return words[0] if words and "/" not in tag and words[0] in _SENT_ON else None


_FRAMES = OwnFrames(
    ((f.frame, f.programs) for f in FORMATS if f.frame is not None),
    lambda tag, program: format_of(tag, program) is not None,
    _meant,
)


def parser_of(tag: str, program: str) -> Parser | None:
    """The parser for lines with this tag, or None where no format knows the program."""
    found = format_of(tag, program)
    return None if found is None else found.parse


def framer_of(file: str, zone: tzinfo, year: int | None = None, not_after_us: int | None = None, *, zone_set: bool = True) -> Framer:
    """What takes the lines of a file apart, with what the formats know of their programs' stamps; see `Framer`."""
    return Framer(file, zone, _FRAMES, year, not_after_us, zone_set=zone_set)


def unwrapper_of(*, wrapped: bool | None = None) -> Unwrapper:
    """What takes the lines of a file out of what they are wrapped in; see `Unwrapper`."""
    return Unwrapper(_FRAMES, wrapped=wrapped)


def peek_time(text: str) -> Stamp | None:
    """The stamp of a line as written, without any state; None where it has none that we know."""
    return peek_time_of(text, _FRAMES)


def new_joiner() -> Joiner[Any]:
    """What joins the pieces of records of all programs."""
    return Joiner((f.name, f.programs, f.join()) for f in FORMATS if f.join is not None)
