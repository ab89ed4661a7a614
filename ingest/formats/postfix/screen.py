"""postscreen: what is found about a client before smtpd speaks to it, and the refusals that name addresses."""

from __future__ import annotations

import re

from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.formats.postfix.parts import SEVERITIES, tail_of
from ingest.framing.line import Line
from mappings.codes import split_reply
from mappings.facts import Reply, Ruled, Screened
from mappings.log_words import Action, Decider, Finding, Stage

_REJECT = re.compile(r"NOQUEUE: reject: ([A-Z]+) from \[([^\]]+)\]:(\d{1,5}): ")
_FOUND = re.compile(
    r"(DENYLISTED|BLACKLISTED|DNSBL rank \d+ for|PREGREET \d+ after \S+ from|HANGUP after \S+ from|BARE NEWLINE from|"
    r"NON-SMTP COMMAND from|COMMAND PIPELINING from|"
    r"COMMAND TIME LIMIT from|COMMAND COUNT LIMIT from|COMMAND LENGTH LIMIT from|"
    r"(?:DATA|BDAT) without valid RCPT from) \[([^\]]+)\]:(\d{1,5})(.*)",
    re.DOTALL,
)
_LISTED = re.compile(r"addr (\S{2,45}) listed by domain (\S{1,255}) as ([\d.]{7,15})$", re.ASCII)
#: No listing: how the large lists tell that they do not answer this resolver, or not this name (check.spamhaus.org/returnc).
LIST_ERRORS = "127.255.255."
_QUIET = (
    "CONNECT from",
    "PASS ",
    "DISCONNECT",
    "ALLOWLISTED",
    "WHITELISTED",
    "ALLOWLIST VETO",
    "WHITELIST VETO",
    "cache ",
    "close database",
    "reconnect ",
    "entering ",
    "leaving ",
    "reject: connect from ",
    "[",
)
_WHAT = {
    "DENYLISTED": Finding.DENYLISTED,
    "BLACKLISTED": Finding.DENYLISTED,
    "DNSBL": Finding.DNSBL,
    "PREGREET": Finding.PREGREET,
    "HANGUP": Finding.HANGUP,
    "BARE": Finding.BARE_NEWLINE,
    "NON-SMTP": Finding.NON_SMTP_COMMAND,
    "COMMAND": Finding.COMMAND,
    "DATA": Finding.COMMAND,
    "BDAT": Finding.COMMAND,
}


def postscreen(line: Line) -> Outcome:
    """The fact that postscreen states."""
    text = line.text
    match = _REJECT.match(text)
    if match is not None:
        tail = tail_of(text, match.end())
        if tail is None or (tail.sender is None and tail.recipient is None):
            return IGNORED
        said = text[match.end() : tail.start]
        code, enhanced, words = split_reply(said)
        return Ruled(
            queue_id=None,
            action=Action.REJECT,
            stage=Stage(match[1]),
            source=Decider.SCREEN,
            client_ip=match[2],
            client_port=int(match[3]),
            helo=tail.helo,
            sender=tail.sender,
            recipients=tail.recipients,
            reply=Reply(code, enhanced, words or said),
            text=said,
        )
    if text.startswith(_QUIET):
        return IGNORED
    match = _FOUND.match(text)
    if match is not None:
        return Screened(match[2], int(match[3]), _WHAT[match[1].split(" ")[0]], _detail(match[1], match[4]))
    return IGNORED if text.startswith((*SEVERITIES, "NOQUEUE: reject: CONNECT")) else UNKNOWN


def dnsblog(line: Line) -> Outcome:
    """What one list said of a client's address (`dnsblog.c`), for the screening daemon that adds it up."""
    match = _LISTED.match(line.text)
    if match is None:
        return IGNORED if line.text.startswith(SEVERITIES) else UNKNOWN
    what = Finding.LIST_ERROR if match[3].startswith(LIST_ERRORS) else Finding.LISTED
    return Screened(match[1], 0, what, f"{match[2]} ({match[3]})")


def _detail(found: str, more: str) -> str:
    """What postscreen says, without the client: `PREGREET 6 after 1.2: RSET`."""
    return (found.removesuffix(" from").removesuffix(" for") + more).strip()
