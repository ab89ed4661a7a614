"""Who wrote which part of a line: each shape of each format with the parts that strangers write, as the program writes them down.

A shape is a line with places in `«»`. What stands there is a stranger's, written by the program in its own way: in quotes, without
blanks, cut to so many bytes (`Part.written`). A part may have two forms in one line (`«rcpt»` in quotes, `«rcpt.bare»` without).
`Part.own` names the fields of the fact that are this part's; all others are the program's, or another stranger's, and no text in this part
may change them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from formats.parts import (
    DOMAIN,
    Part,
    Shape,
    address_in_json,
    amavis_id,
    bare,
    claimed,
    doubled,
    escaped,
    exim_forms,
    first_octets,
    in_json,
    in_one,
    neutered,
    one_word,
    printable,
    quoted,
    rspamd_id,
    sendmail_sender,
    str_to_print,
)


def _address(name: str, *own: str, write: Callable[[str], str] = quoted) -> Part:
    fields = {"rcpt": ("recipient", "recipients"), "orig": ("original",)}.get(name, (name,))
    return Part(name, in_one(write), frozenset({*fields, *own}), usual=f"usual-{name}")


# What smtpd says -------------------------------------------------------------------------------------------------------------------

_TEXT = ("reply", "text")
#: What is read out of the words of another server or filter.
_SAID = (*_TEXT, "next_id", "log_id", "stored", "session", "verdict", "detail", "did")
_HELO = Part("helo", in_one(neutered), frozenset({"helo", *_TEXT}))
_SENDER = _address("sender", *_TEXT)
_RCPT = _address("rcpt", *_TEXT)
_CLAIM = Part("claim", in_one(claimed), frozenset())
_REFUSED = "NOQUEUE: reject: RCPT from mail.sender.example[203.0.113.5]: 550 5.1.1"
_TAIL = "; from=<«sender»> to=<«rcpt»> proto=ESMTP helo=<«helo»>"
_LOGIN = " sasl_method=PLAIN sasl_username=anna@example.com"
_CLIENT = "6C8F93041B: client=mail.sender.example[203.0.113.5]"
_ORIGIN = ", orig_queue_id=80582186537, orig_client=mail.sender.example[203.0.113.5]"
_HEADER = Part("header", in_one(lambda text: first_octets(f"Subject: {text}", 200)), frozenset({"subject", "text"}))
_FROM = Part("header", in_one(lambda text: first_octets(f"From: {text}", 200)), frozenset({"header_from", "text"}))
_ANSWER = Part("answer", in_one(printable), frozenset({*_SAID, "filtered"}))
_BARE = tuple(_address(name, *_TEXT, write=bare) for name in ("sender", "rcpt", "orig"))
_SENT = "relay=mx.example.com[198.51.100.9]:25, delay=1.2, delays=0.1/0/0.5/0.6, dsn=2.0.0, status=sent (250 2.0.0 «answer»)"
_FAILED = (
    "relay=mx.example.com[198.51.100.9]:25, delay=1.2, delays=0.1/0/0.5/0.6, dsn=5.1.1, status=bounced "
    "(host mx.example.com[198.51.100.9] said: 550 5.1.1 «answer» (in reply to RCPT TO command))"
)
_LOCAL = "relay=local, delay=0.1, delays=0.1/0/0/0, dsn=5.1.1, status=bounced (unknown user)"

POSTFIX = (
    *(
        Shape("postfix/smtpd", f"{_REFUSED} {why}{_TAIL}{login}", (_SENDER, _RCPT, _HELO, _CLAIM))
        for why in (
            "<«rcpt»>: Recipient address rejected: User unknown",
            "<«sender»>: Sender address rejected: not owned",
            "<«helo»>: Helo command rejected: Host not found",
            "Service unavailable; Client host [203.0.113.5] blocked using bl.example",
        )
        for login in ("", _LOGIN, f"{_LOGIN} sasl_sender=«claim»", " sasl_sender=«claim»")
    ),
    Shape("postfix/smtpd", f"{_REFUSED} <«rcpt»>: Recipient address rejected: User unknown{_TAIL}", (*_BARE[:2], _HELO)),
    Shape(
        "postfix/smtpd",
        f"NOQUEUE: hold: RCPT from unknown[203.0.113.5]: <«rcpt»>: Recipient address on hold{_TAIL}",
        (_SENDER, _RCPT, _HELO),
    ),
    Shape("postfix/smtpd", f"{_CLIENT}, sasl_sender=«claim»", (_CLAIM,)),
    Shape("postfix/smtpd", f"{_CLIENT}, sasl_method=PLAIN, sasl_username=anna@example.com, sasl_sender=«claim»{_ORIGIN}", (_CLAIM,)),
    Shape(
        "postfix/smtpd",
        f"NOQUEUE: milter-reject: END-OF-MESSAGE from mail.sender.example[203.0.113.5]: 5.7.1 no «answer»{_TAIL}",
        (_SENDER, _RCPT, _HELO, Part("answer", in_one(printable), frozenset(_TEXT))),
    ),
    Shape(
        "postfix/smtpd",
        f"proxy-reject: END-OF-MESSAGE: 554 5.7.0 Reject, id=00378-02 - BANNED: «answer»{_TAIL}",
        (_SENDER, _RCPT, _HELO, Part("answer", in_one(printable), frozenset({*_TEXT, "detail"}))),
    ),
    *(
        Shape(
            "postfix/cleanup",
            f"6C8F93041B: {action}: header «header» from mail.sender.example[203.0.113.5]{_TAIL}{said}",
            (part, _SENDER, _RCPT, _HELO),
        )
        for action, said in (("reject", ": 5.7.1 no"), ("info", ""), ("hold", ": looked at"), ("warning", ""))
        for part in (_HEADER, _FROM)
    ),
    Shape("postfix/cleanup", "6C8F93041B: message-id=<«id»>", (Part("id", in_one(printable), frozenset({"message_id"})),)),
    *(
        Shape("postfix/smtp", f"6C8F93041B: to=<«rcpt»>, orig_to=<«orig»>, {end}", (_RCPT, _address("orig"), _ANSWER))
        for end in (_SENT, _FAILED, _LOCAL)
    ),
    *(Shape("postfix/local", f"6C8F93041B: to=<«rcpt»>, {_LOCAL}", (part,)) for part in (_RCPT, _BARE[1])),
    Shape("postfix/local", f"6C8F93041B: to=<bob@example.com>, orig_to=<«orig»>, {_LOCAL}", (_BARE[2],)),
    *(Shape("postfix/qmgr", "6C8F93041B: from=<«sender»>, size=367, nrcpt=2 (queue active)", (part,)) for part in (_SENDER, _BARE[0])),
    *(Shape("postfix/pickup", "6C8F93041B: uid=33 from=<«sender»>", (part,)) for part in (_SENDER, _BARE[0])),
    Shape(
        "postfix/postscreen",
        "NOQUEUE: reject: RCPT from [203.0.113.5]:2030: 550 5.7.1 Service unavailable; client [203.0.113.5] blocked using bl.example; "
        "from=<«sender»>, to=<«rcpt»>, proto=ESMTP, helo=<«helo»>",
        (_SENDER, _RCPT, Part("helo", in_one(one_word), frozenset({"helo"}))),
    ),
)

# amavis ----------------------------------------------------------------------------------------------------------------------------

_PEOPLE = (
    Part("sender", in_one(lambda text: doubled(quoted(text))), frozenset({"sender"})),
    Part("rcpt", in_one(lambda text: doubled(quoted(text))), frozenset({"recipients"})),
)
_AMAVIS_ID = Part("id", in_one(amavis_id), frozenset({"message_id"}))
_BANNED = Part("name", in_one(lambda text: doubled(printable(text))), frozenset({"detail", "file", "file_types"}))
_ORIGINS = "{DiscardedInbound,Quarantined}, [203.0.113.5]:41549 [198.51.100.77]"
_TO = (
    "<«sender»> -> <anna@example.com>,<«rcpt»>, quarantine: 2/x-2mXHabcdefgh, Queue-ID: 80582186537, Message-ID: «id», "
    "mail_id: 2mXHabcdefgh"
)
_END = ", Hits: 7.4, size: 959"
_REPORT = {
    "action": ["DISCARD"],
    "actions_performed": "DiscardedInbound Quarantined",
    "author": ["«author»"],
    "client_ip": "203.0.113.5",
    "client_port": 41549,
    "content_type": "Spam",
    "ip_trace": ["203.0.113.5", "198.51.100.77"],
    "mail_from": "«sender»",
    "mail_id": "2mXHabcdefgh",
    "message_id": "«id»",
    "quarantine": "2/x-2mXHabcdefgh",
    "queue_id": "80582186537",
    "rcpt_to": ["anna@example.com", "«rcpt»"],
    "size": 959,
    "spam_score": 7.4,
    "subject": "«subject»",
    "to_addr": ["«to»"],
    "user_agent": "«agent»",
}
AMAVIS = (
    Shape("amavis", f"(00378-02) Blocked SPAM {_ORIGINS} {_TO}{_END}, 46 ms", (*_PEOPLE, _AMAVIS_ID)),
    Shape("amavis", f"(00378-02) Blocked BANNED (.exe,«name») {_ORIGINS} {_TO}{_END}, 46 ms", (*_PEOPLE, _AMAVIS_ID, _BANNED)),
    Shape(
        "amavis",
        f"(00378-02) Blocked BANNED (.exe,«name») {_ORIGINS} ESMTP/ESMTP {_TO}, b: cUicTv7fd{_END}, "
        'Subject: "«subject»", From: «from», helo=h, 46 ms',
        (
            *_PEOPLE,
            _AMAVIS_ID,
            _BANNED,
            Part("subject", in_one(lambda text: doubled(escaped(text))), frozenset({"subject"})),
            Part("from", in_one(lambda text: doubled(one_word(text.replace(" ", "_")))), frozenset({"header_from"})),
        ),
    ),
    Shape(
        "amavis",
        f"(00378-02) Passed CLEAN {{RelayedInbound}}, [203.0.113.5]:41549 {_TO}{_END}, queued_as: 3033D18654F, 46 ms",
        (*_PEOPLE, _AMAVIS_ID),
    ),
    Shape(
        "amavis",
        f"(00378-02) {json.dumps(_REPORT, separators=(',', ':'), ensure_ascii=False)}",
        tuple(
            Part(
                name,
                in_one(address_in_json if name in {"sender", "rcpt"} else in_json),
                frozenset({own} if own else ()),
            )
            for name, own in (
                ("author", "header_from"),
                ("sender", "sender"),
                ("id", "message_id"),
                ("rcpt", "recipients"),
                ("subject", "subject"),
                ("to", ""),
                ("agent", ""),
            )
        ),
    ),
    Shape("amavis", "(00378-02) Checking: 2mXHabcdefgh [203.0.113.5] <«sender»> -> <anna@example.com>,<«rcpt»>", _PEOPLE),
    Shape(
        "amavis",
        "(00378-02) ESMTP [127.0.0.1]:10024 /var/lib/amavis/tmp/amavis-20261124T090055-00235-bUSjr3XE: "
        "<«sender»> -> <anna@example.com>,<«rcpt»> SIZE=593 RET=HDRS Received: from mx1.example.org",
        _PEOPLE,
    ),
    Shape("amavis", "(rel-Zt9NWx2QEwL8) Quarantined message release (why): 2mXHabcdefgh <«sender»> -> <«rcpt»>", _PEOPLE),
    Shape(
        "amavis",
        "(rel-Zt9NWx2QEwL8) Zt9NWx2QEwL8(2mXHabcdefgh) FWD from <«sender»> -> <«rcpt»>,  250 2.0.0 Ok: queued as 3033D18654F",
        _PEOPLE,
    ),
    Shape("amavis", "(00378-02) 2mXHabcdefgh FWD from <«sender»> -> <«rcpt»>, BODY=7BIT 250 2.0.0 Ok: queued as 3033D18654F", _PEOPLE),
)

# Rspamd, spamd -----------------------------------------------------------------------------------------------------------------------

_RSPAMD = "<9a8448>; task; rspamd_task_write_log: id: <«id»>, qid: <39E6534018F>, ip: 203.0.113.5, from: <«sender»>,"
_JUDGED = (
    " (default: T (add header): [9.00/15.00] [BAYES_SPAM(4.00){99%;},X(1.00){«option»;}]), len: 400, time: 100.1ms, dns req: 3, "
    "digest: <c9a2de2de982e8ae8c750bb5569b2711>"
)
_LISTS = ", rcpts: <anna@example.com,«rcpt»>, mime_rcpts: <«to»>"
#: What a symbol met with is a stranger's, and a virus' name is read out of it.
_SYMBOLS = frozenset({"symbols", "verdict", "reason", "detail"})
_TASK = (
    Part("id", in_one(rspamd_id), frozenset({"message_id"})),
    Part("sender", in_one(quoted), frozenset({"sender"})),
    Part("option", in_one(printable), _SYMBOLS),
    Part("rcpt", in_one(quoted), frozenset({"recipients", *_SYMBOLS})),
    Part("to", in_one(printable), _SYMBOLS),
)
_SUBJECT = Part("subject", in_one(printable), frozenset({"subject", *_SYMBOLS}))
RSPAMD = (
    Shape("rspamd", f"{_RSPAMD}{_JUDGED}{_LISTS}", _TASK),
    Shape("rspamd", f'{_RSPAMD}{_JUDGED}{_LISTS}, forced: reject "clamav: virus found"; score=nan (set by clamav)', _TASK),
    Shape("rspamd", f"{_RSPAMD} subject: '«subject»',{_JUDGED}{_LISTS}", (*_TASK, _SUBJECT)),
)
_SPAMD_ID = Part("id", in_one(lambda text: "".join("_" if sign in " ," else sign for sign in printable(text))), frozenset({"message_id"}))
SPAMD = (
    Shape(
        "spamd",
        "spamd: result: Y 12 - BAYES_99,URIBL_BLACK scantime=0.2,size=678,user=debian-spamd,uid=102,required_score=5.0,rhost=localhost,"
        "raddr=127.0.0.1,rport=39886,mid=<«id»>,rmid=<«other»>,bayes=1.000000,autolearn=disabled",
        (_SPAMD_ID, Part("other", _SPAMD_ID.written, frozenset())),
    ),
)

# Exim --------------------------------------------------------------------------------------------------------------------------------

_ID = "1xVhsP-00001T-1p"
_EXIM_SENDER = Part("sender", in_one(quoted), frozenset({"sender"}))
_EXIM_RCPT = Part("rcpt", exim_forms, frozenset({"recipient", "original", "recipients"}))
_IDENT = Part("ident", in_one(lambda text: printable(text)[:127]), frozenset())
_JUNK = Part("helo", in_one(printable), frozenset({"helo"}))
_DN = Part("dn", in_one(printable), frozenset())
_EXIM_SUBJECT = Part("subject", in_one(lambda text: escaped(text[:100])), frozenset({"subject"}))
_EXIM_ID = Part(
    "id", in_one(lambda text: f'"{printable(text).replace(chr(34), "").replace(chr(92), "")}"@{DOMAIN}'), frozenset({"message_id"})
)
_OTHER = Part("answer", in_one(printable), frozenset(_SAID))
_QUOTED_OTHER = Part("answer", in_one(escaped), _OTHER.own)
_EXIM_CLIENT = "H=mail.sender.example («helo») [203.0.113.5]:41549"
_MX = "R=remote T=remote_smtp H=mx.example.com [198.51.100.9]"
_REFUSAL = Part("answer", in_one(printable), frozenset(_TEXT))
EXIM = (
    Shape(
        "exim",
        f'{_ID} <= «sender» {_EXIM_CLIENT} U=«ident» P=esmtpsa X=TLS1.3:AES:256 CV=no DN="CN=«dn»" SNI="«sni»" A=plain:anna S=575 '
        'id=«id» T="«subject»" for «rcpt» anna@example.com',
        (
            _EXIM_SENDER,
            _JUNK,
            _IDENT,
            _DN,
            Part("sni", in_one(printable), frozenset()),
            _EXIM_ID,
            _EXIM_SUBJECT,
            Part("rcpt", exim_forms, frozenset({"recipients"})),
        ),
    ),
    Shape(
        "exim",
        f'{_ID} <= «sender» H=mail.sender.example [203.0.113.5] P=esmtp S=575 id=«id» T="«subject»" from <«sender»> '
        "for anna@example.com «rcpt»",
        (_EXIM_SENDER, _EXIM_ID, _EXIM_SUBJECT, Part("rcpt", exim_forms, frozenset({"recipients"}))),
    ),
    *(
        Shape(
            "exim",
            f"{_EXIM_CLIENT} U=«ident» F=<«sender»> rejected RCPT <{who}>: «answer»",
            (_JUNK, _IDENT, _EXIM_SENDER, _EXIM_RCPT, _REFUSAL),
        )
        for who in ("anna@example.com", "«rcpt»")
    ),
    Shape("exim", f"{_ID} {_EXIM_CLIENT} F=<«sender»> rejected after DATA: «answer»", (_JUNK, _EXIM_SENDER, _REFUSAL)),
    *(
        Shape("exim", f'{_ID} => «rcpt.{form}» <«rcpt»> {_MX} C="250 «answer»" QT=1s', (_EXIM_RCPT, _QUOTED_OTHER))
        for form in ("bare", "local")
    ),
    Shape("exim", f"{_ID} => «rcpt.local» <«rcpt»> R=localuser T=local_delivery", (_EXIM_RCPT,)),
    Shape("exim", f'{_ID} => anna@example.com {_MX} C="250 «answer»" QT=1s', (_QUOTED_OTHER,)),
    *(
        Shape("exim", f"{_ID} {arrow} SMTP error from remote mail server after RCPT TO:<anna@example.com>: «answer»", (_OTHER,))
        for arrow in (
            f"** anna@example.com {_MX}: 550",
            "== anna@example.com R=remote T=remote_smtp defer (-44) H=mx.example.com [198.51.100.9]:",
        )
    ),
    Shape(
        "exim",
        f"{_ID} {_EXIM_CLIENT} F=<«sender»> rejected after DATA: no\nEnvelope-from: <«sender»>\n"
        "Envelope-to: <anna@example.com>\n\t<«rcpt»>\n"
        "P Received: from mail.sender.example («helo»)\n\tby mx1.example.org\n  Subject: «subject»\nF From: «from»\n"
        "I Message-ID: <«id»>\nT To: «to»\n  X: «to»",
        (
            _JUNK,
            _EXIM_SENDER,
            Part("rcpt", exim_forms, frozenset({"recipients"})),
            *(
                Part(name, in_one(printable), frozenset({own} if own else ()))
                for name, own in (("subject", "subject"), ("from", "header_from"), ("id", "message_id"), ("to", ""))
            ),
        ),
    ),
    Shape(
        "exim",
        f"{_ID} => bob@example.com <anna@example.com> F=<«sender»> P=<«sender»> R=remote T=remote_smtp S=589 "
        'H=mx.example.com [198.51.100.9]:25 X=TLS1.3:AES:256 CV=no DN="CN=«dn»" C="250 «answer»" QT=5s',
        (_EXIM_SENDER, Part("dn", in_one(printable), _OTHER.own), _QUOTED_OTHER),
    ),
    Shape("exim", f"{_ID} ** «rcpt.bare» <«rcpt»> R=localuser: unknown user", (_EXIM_RCPT,)),
    Shape("exim", f'{_ID} {_EXIM_CLIENT} Warning: "SpamAssassin as kim detected message as NOT spam (-1.2)"', (_JUNK,)),
    Shape(
        "exim",
        f"{_ID} SA: Action: permanently rejected message: score=13.4 required=5.0 trigger=10.0 (scanned in 3/3 secs | Message-Id: «id»). "
        "From <«sender»> (host=mail.sender.example [203.0.113.5]) for anna@example.com, «rcpt»",
        (
            Part("id", in_one(lambda text: re.sub(r"[^!-'*-~]", "", text)), frozenset()),
            _EXIM_SENDER,
            Part("rcpt", in_one(quoted), frozenset({"recipients"})),
        ),
    ),
)

# MailScanner --------------------------------------------------------------------------------------------------------------------------

_TAKEN = "874984A0026.A1B2C"
#: As it stands in Postfix' queue file.
_UNQUOTED = Part("sender", in_one(lambda text: f"{printable(text)}@{DOMAIN}"), frozenset({"sender"}))
MAILSCANNER = (
    Shape(
        "MailScanner",
        f"Message {_TAKEN} from 203.0.113.5 («sender») to example.com is spam, SpamAssassin (score=12.3, required 5, BAYES_99 3.50)",
        (_UNQUOTED,),
    ),
    Shape(
        "MailScanner",
        f"Non-delivery of Spam: message {_TAKEN} from «sender» to anna@example.com with subject «subject»",
        (_UNQUOTED, Part("subject", in_one(printable), frozenset({"subject"}))),
    ),
    Shape(
        "MailScanner", f"Filename Checks: Windows Executable ({_TAKEN} «file»)", (Part("file", in_one(printable), frozenset({"detail"})),)
    ),
    Shape(
        "MailScanner",
        f'Saved infected "«file»" to /var/spool/MailScanner/quarantine/20261124/{_TAKEN}',
        (Part("file", in_one(printable), frozenset()),),
    ),
)

# Proxmox Mail Gateway -----------------------------------------------------------------------------------------------------------------

#: It takes no recipient with a blank or a bracket in it.
_PMG = Part("rcpt", in_one(lambda text: one_word(text).replace(">", "_") + f"@{DOMAIN}"), frozenset({"recipients"}))
PMG = (
    Shape("pmg-smtp-filter", "2C225C6817C7EEE1481: accept mail to <«rcpt»> (032F62C229B) (rule: default-accept)", (_PMG,)),
    Shape("pmg-smtp-filter", "2C225C6817C7EEE1481: block mail to <«rcpt»> (rule: Block Spam (Level 10))", (_PMG,)),
    Shape(
        "pmg-smtp-filter",
        "2C225C6817C7EEE1481: moved mail for <«rcpt»> to spam quarantine - 2C2266817C7EFA0B21 (rule: Quarantine/Mark Spam (Level 3))",
        (_PMG,),
    ),
)

# Sendmail ----------------------------------------------------------------------------------------------------------------------------

_QUEUE_FILE = "6AU6Bof1016031"
_MAILED = tuple(
    Part(name, in_one(write), frozenset({*fields, *_TEXT}), usual=f"usual-{name}")
    for name, write, fields in (
        ("sender", sendmail_sender, ("sender",)),
        ("max", lambda text: str_to_print(quoted(text)), ("sender",)),
        ("rcpt", lambda text: str_to_print(quoted(text)), ("recipient", "recipients")),
        ("other", lambda text: str_to_print(quoted(text)), ("recipient", "recipients")),
    )
)
_SENDMAIL_ID = Part("id", in_one(lambda text: str_to_print(f"<{printable(text)}>")[:100]), frozenset({"message_id"}))
_SERVER_SAID = Part("answer", in_one(lambda text: str_to_print(printable(text))), frozenset(_SAID))
_MAILER = "delay=00:00:01, xdelay=00:00:01, mailer=esmtp, pri=60054, relay=mx.example.com. [198.51.100.9]"
_FROM_HOST = "relay=mail.sender.example [203.0.113.5]"
SENDMAIL = (
    Shape(
        "sm-mta",
        f"{_QUEUE_FILE}: from=«sender», size=54, class=0, nrcpts=2, msgid=«id», proto=ESMTP, daemon=MTA-v4, {_FROM_HOST}",
        (*_MAILED, _SENDMAIL_ID),
    ),
    *(
        Shape("sm-mta", f"{_QUEUE_FILE}: to=<«rcpt»>,<anna@example.com>,<«other»>{more}, {_MAILER}, {end}", (*_MAILED, _SERVER_SAID))
        for more in ("", ", [more]")
        for end in (
            "dsn=2.0.0, stat=Sent («answer»)",
            "dsn=5.1.1, reply=550 5.1.1 «answer», stat=User unknown",
            "dsn=4.7.1, reply=451 4.7.1 «answer», stat=Deferred: 451 4.7.1 «answer»",
            "dsn=4.7.1, stat=Deferred: 451 4.7.1 «answer»",
        )
    ),
    Shape(
        "sm-mta", f"{_QUEUE_FILE}: to=<«rcpt»>,<anna@example.com>, delay=00:00:00, pri=34275, stat=Message exceeds maximum size", _MAILED
    ),
    *(
        Shape("sm-mta", f"{_QUEUE_FILE}: ruleset=check_rcpt, arg1=<«rcpt»>, {_FROM_HOST}, {end}", _MAILED)
        for end in ("reject=550 5.7.1 <«rcpt»>... Relaying denied", "discard", "quarantine=look at it")
    ),
    Shape("sm-mta", f"{_QUEUE_FILE}: ruleset=check_mail, arg1=<«max»>, {_FROM_HOST}, reject=553 5.1.8 <«max»>... not there", _MAILED),
    Shape(
        "sm-mta",
        f"{_QUEUE_FILE}: ruleset=CheckSubject, arg1=«value», {_FROM_HOST}, reject=553 5.0.0 Header error",
        (Part("value", in_one(lambda text: str_to_print(printable(text))), frozenset()),),
    ),
    Shape("sm-mta", f"{_QUEUE_FILE}: Milter: to=<«rcpt»>, reject=451 4.7.1 come back later", _MAILED),
    Shape("sm-mta", f"{_QUEUE_FILE}: <«rcpt»>... User unknown", _MAILED),
    Shape("sm-mta", f"{_QUEUE_FILE}: collect: relay=mail.sender.example, from=«sender», info=unexpected close", _MAILED),
)

# Dovecot -----------------------------------------------------------------------------------------------------------------------------

_MAILBOX = "lmtp(bob@example.org)<9127><0v8bJeRqnFrfIwAAb3FXvA>: "
#: Releases before 2.3 write a Message-ID as it stands; later ones without blanks.
_IDS = tuple(Part("id", in_one(write), frozenset({"message_id"})) for write in (printable, lambda text: printable(text).replace(" ", "")))
_ANSWERED = _address("sender", "target", "text")

DOVECOT = (
    *(
        Shape("dovecot", f"{_MAILBOX}{end}", (part,))
        for part in _IDS
        for end in (
            "msgid=<«id»>: saved mail to INBOX",
            "sieve: msgid=<«id»>: fileinto action: stored mail into mailbox 'Junk'",
            "sieve: msgid=<«id»>: discard action: Marked message to be discarded if not explicitly delivered (discard action)",
            "sieve: msgid=<«id»>: redirect action: forwarded to <carol@example.com>",
            "msgid=<«id»>: save failed to INBOX: Quota exceeded (mailbox for user is full)",
        )
    ),
    *(
        Shape("dovecot", f"{_MAILBOX}sieve: msgid=<a1@client.example>: {end}", (_ANSWERED,))
        for end in (
            "reject action: rejected message from <«sender»> (reject)",
            "vacation action: sent vacation response to <«sender»>",
            "vacation action: discarded duplicate vacation response to <«sender»>",
        )
    ),
    Shape("dovecot", f"{_MAILBOX}from=<«sender»>, msgid=<«id»>: saved mail to INBOX", (_IDS[0], _address("sender", "text"))),
)

# The others --------------------------------------------------------------------------------------------------------------------------

OTHERS = (
    Shape(
        "clamav-milter",
        "Message 6C8F93041B from <«sender»> to <«rcpt»> with subject '«subject»' message-id '<«id»>' date 'Tue, 24 Nov 2026' "
        "infected by Eicar-Test-Signature",
        tuple(Part(name, in_one(printable), frozenset()) for name in ("sender", "rcpt", "subject", "id")),
    ),
    Shape("opendmarc", "6C8F93041B: «domain» fail", (Part("domain", in_one(one_word), frozenset({"what"})),)),
    Shape(
        "opendkim",
        "6C8F93041B: s=«selector» d=«domain» SSL error",
        tuple(Part(n, in_one(one_word), frozenset({"what"})) for n in ("selector", "domain")),
    ),
)

SHAPES = (*POSTFIX, *AMAVIS, *RSPAMD, *SPAMD, *EXIM, *MAILSCANNER, *PMG, *SENDMAIL, *DOVECOT, *OTHERS)
