"""Sendmail: the mail server, its submission program and its queue runs, all through syslog.

A line is `ID: text`. Source: the `sm_syslog` calls of Sendmail 8.17, and the forms of releases from 8.12 on; `LogLevel` 9 or more.
"""

from __future__ import annotations

import re

from ingest.formats.outcome import IGNORED, Outcome
from ingest.formats.sendmail.delivery import delivery
from ingest.formats.sendmail.dialogue import arrival, broken, milter, refused, ruleset
from ingest.formats.sendmail.parts import printed
from ingest.framing.line import Line
from ingest.queue_ids import SENDMAIL_ID
from mappings.facts import Administered, Expired, Noticed, Received, Removed, Ruled
from mappings.log_words import Action, Handling, Notice, Stage

PROGRAMS: tuple[str, ...] = (
    "sendmail",
    "sm-mta",
    "sm-acceptingconnections",
    "sm-mta-queue",
    "sm-mta-runq",
    "sm-msp-queue",
    "sm-smmsp-queue",
    "sm-msp",
    "sm-queue",
    "sendmail-in",
    "sendmail-out",
)
#: With a number in brackets it is a piece of a line that was too long (`sm_syslog` in conf.c).
_ID = re.compile(rf"({SENDMAIL_ID}|NOQUEUE)(?:\[(\d{{1,3}})\])?: ")
_PIECE = " ..."
#: `returntosender` in savemail.c.
_NOTICE = re.compile(rf"({SENDMAIL_ID}): (DSN|sender notify|postmaster notify|return to sender): (.*)$", re.DOTALL)
#: A list with an owner, to whom its notices go; more recipients than one queue file may have (queue.c).
_CLONE = re.compile(rf"({SENDMAIL_ID}): clone: owner=")
_SPLIT = re.compile(rf"split: (?:maxrcpts=\d{{1,9}}, rcpts=\d{{1,9}}, )?count=\d{{1,9}}, ids?=({SENDMAIL_ID}(?:; {SENDMAIL_ID})*)$")
_DONE = re.compile(r"done; delay=[\d+:]{1,20}, ntries=\d{1,9}$")
_GIVEN_UP = ("Cannot send message for ", "Cannot send message within ")
_WARNED = "Warning: could not send message for past "
_RECEIPT = "Return receipt"
#: Of a message, and no news: told by another line as well, or how it came to be.
_QUIET = (
    "Milter ",
    "SYSERR(",
    "Authentication-Warning: ",
    "Warning: ",
    "alias ",
    "forward ",
    "include ",
    "collect: ",
    "lost input channel from ",
    "timeout waiting for input from ",
    "makeconnection ",
    "SMTP outgoing connect on ",
    "invalid domain name ",
    "possible spam from <> to list: ",
    "Truncated ",
    "Fixed MIME ",
    "Dropped invalid comments ",
    "header overflow ",
    "headers too large ",
    "AUTH",
    "STARTTLS",
    "SMTP ",
    "Losing ",
    "Saved message in ",
    "low on space ",
    "delaying=",
    "deferred: ",
    "aliasing/forwarding loop broken: ",
    "POSSIBLE ATTACK ",
    "tcpwrappers ",
    "rejecting commands from ",
    "setsender: ",
    "cannot prescan from ",
    "queueup",
    "dropenvelope",
    "sendenvelope",
    "assigned id",
    "unlock",
    "expand ",
    "ldap=",
    "dns ",
    "--- ",
    "<-- ",
    "discarded",
)
#: `localhost [127.0.0.1]: VRFY root`, `host [address] did not issue MAIL/EXPN/VRFY/ETRN ...`.
_OF_CLIENT = re.compile(r"(?:[^\s\[\]]{1,255} )?\[(?:IPv6:)?[0-9A-Fa-f.:]{2,45}\](?: \(may be forged\))?(?:: | did not issue )")
#: Another server broke the rules: `mx.example.com: SMTP RCPT protocol error: 250 ok`.
_OF_SERVER = re.compile(r"[^\s:]{1,100}: SMTP [A-Z0-9-]{2,8} protocol error: ")


def parse(line: Line) -> Outcome:
    """The facts that a line of Sendmail states."""
    text = printed(line.text)
    match = _ID.match(text)
    if match is None:
        # The daemon, its queues, and what it says of a connection: nothing of a message.
        return IGNORED
    rest = text[match.end() :]
    if match[2] is not None:
        if match[2] != "1":
            # Its beginning is read without it.
            return IGNORED
        rest = rest.removesuffix(_PIECE)
    if match[1] == "NOQUEUE":
        return ruleset(None, rest) if rest.startswith("ruleset=") else IGNORED
    return _of_message(match[1], rest)


def _of_message(queue_id: str, rest: str) -> Outcome:
    """What a line says of a message or of a transaction."""
    if rest.startswith("to="):
        return delivery(queue_id, rest[3:])
    if rest.startswith("from="):
        return arrival(queue_id, rest[5:])
    if rest.startswith("ruleset="):
        return ruleset(queue_id, rest)
    if rest.startswith(("Milter: ", "milter=")):
        return milter(queue_id, rest)
    if _DONE.match(rest) is not None:
        return Removed(queue_id)
    made = _made(queue_id, rest) or broken(queue_id, rest) or _administered(queue_id, rest)
    if made is not None:
        return made
    if rest.startswith(_QUIET) or _OF_CLIENT.match(rest) is not None or _OF_SERVER.match(rest) is not None:
        return IGNORED
    return refused(queue_id, rest)


def _made(queue_id: str, rest: str) -> Outcome | None:
    """Other queue files that were made of this one: a notice, or parts of it with recipients of their own."""
    clone, split = _CLONE.match(rest), _SPLIT.match(rest)
    if clone is not None:
        return Received(clone[1], split_from=queue_id)
    if split is not None:
        return tuple(Received(part, split_from=queue_id) for part in split[1].split("; "))
    notice = _NOTICE.match(rest)
    if notice is None:
        return None
    made, how, why = notice.groups()
    what = Notice.DELAY if why.startswith(_WARNED) else Notice.SUCCESS if why == _RECEIPT else Notice.NON_DELIVERY
    told = Noticed(queue_id, made, what, "postmaster" if how in {"postmaster notify", "return to sender"} else "sender")
    return (told, Expired(queue_id)) if why.startswith(_GIVEN_UP) else told


def _administered(queue_id: str, rest: str) -> Outcome | None:
    """`quarantine=why` and `unquarantine` (`sendmail -Q`); `discarded`, where a rule or milter had it so."""
    if rest == "unquarantine":
        return Administered(queue_id, Handling.RELEASE)
    if rest.startswith("quarantine="):
        return Administered(queue_id, Handling.HOLD)
    if rest == "discarded":
        return Ruled(queue_id, Action.DISCARD, Stage.NONE)
    return None
