"""Exim: `mainlog`, `rejectlog` and `paniclog`, or the same through syslog, with any `log_selector`.

A line is `[ID] text`, its stamp and process taken off by the transport. Lines that an administrator's ACLs write have no closed list:
what has no known shape is free text. Source: `log_write` calls of Exim 4.80 to 4.99.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from ingest.formats.escapes import plain
from ingest.formats.exim.arrival import arrival
from ingest.formats.exim.delivery import ARROWS, delivery
from ingest.formats.exim.fields import address_at
from ingest.formats.exim.pieces import EximPieces
from ingest.formats.exim.refusal import refusal
from ingest.formats.exim.scanners import by_local_scan
from ingest.formats.exim.stamp import FRAME
from ingest.formats.outcome import FREE, IGNORED, UNKNOWN, Outcome
from ingest.framing.line import Line
from ingest.queue_ids import EXIM_ID
from mappings.address import normalise, parse_path
from mappings.authentication import AuthCheck, AuthMethod, AuthResult, domain_in
from mappings.facts import Administered, Attempted, Removed, Reply, Ruled, Signed
from mappings.log_words import Action, Actor, Decider, Handling, Stage, Status

__all__ = ["FRAME", "EximPieces", "in_our_words", "parse"]

_ID = re.compile(rf"({EXIM_ID}) ")
_COMPLETED = re.compile(r"Completed(?: [A-Z]+=\S+)*$")
_REWRITTEN = re.compile(r'"(?=[^"])(.*?)" from env-from rewritten (?:as|with) ', re.DOTALL)
#: Of headers; and of recipients, whose lines of delivery name the new address.
_REWRITTEN_ELSEWHERE = re.compile(r'"[^\n]{0,2000}?" from (?:sender|from|to|cc|bcc|reply-to|env-to):? rewritten (?:as|with) ')
#: An administrator took one recipient out of the queue (`exim -Mmd`).
_TAKEN_OUT = re.compile(r"address (?=<)")
_TAKEN_OUT_BY = re.compile(r" (marked delivered by .*)", re.DOTALL)
_PRDR = re.compile(r"PRDR R=(?=<)")
_REFUSALS = {" refusal": 550, " temporary refusal": 450}
_SIGNATURES = ("DKIM: ", "DMARC ", "SPF ", "ARC: ")
#: What follows the domain is of a stranger's signature, without blanks but before Exim's own last words.
_DKIM = re.compile(r"DKIM: d=(\S{1,253}) (?:\S{1,1000} ){1,20}\[(verification succeeded|verification failed|invalid)\b[^\]]{0,200}\]$")
_DKIM_RESULTS = {"verification succeeded": AuthResult.PASS, "verification failed": AuthResult.FAIL, "invalid": AuthResult.PERMERROR}
#: What an administrator, a rule or a timer did to a message: `Frozen`, `frozen by USER`, `cancelled by system filter: TEXT`.
_ADMINISTERED = re.compile(r"(?:\*\*\* )?([Ff]rozen|[Uu]nfrozen|cancelled)(?: by (.+)| \((.+)\)|$)", re.DOTALL)
_ACTIONS = {"frozen": Handling.HOLD, "unfrozen": Handling.RELEASE, "cancelled": Handling.GIVE_UP}
#: Timers of Exim's, and what it does on its own account.
_BY_ITSELF = frozenset({"timeout_frozen_after", "auto-thaw", "errmsg timer", "delivery error message"})
#: Rules for all mail; a filter's may have a text of its own.
_RULES = re.compile(r"((?:the )?system filter|filter|ACL|local_scan\(\))(?:: (.*))?$", re.DOTALL)
_TOO_OLD = "it is older than allowed"
#: Of a message, and no news: repeated at each queue run, told by the next line, or about the spool.
_QUIET = (
    "Message is frozen",
    "Spool file ",
    "Spool error ",
    "Format error in spool file ",
    "Error reading spool file ",
    "moved from ",
    "no immediate delivery",
    "recipient <",
    "sender address changed to ",
    "H=",
    "SMTP error from remote ",
    "LMTP error from remote ",
    "Remote host ",
    "SMTP timeout ",
    "TLS error on connection ",
    "TLS session",
    "DANE ",
    "Failed to ",
    "failed to ",
    "Tainted ",
    "Error in system filter",
    "SMTP connection ",
    "Message abandoned: ",
    "Error while reading message ",
    "local_scan() function ",
    "malware acl condition: ",
    "spam acl condition: ",
    "qualify/rewrite: ",
    "list matching forced to fail: ",
    "Header modification in data ACLs ",
    "peer close after ",
    "remote host address is the local host",
    "lowest numbered MX record points to local host",
    "original recipients ignored (system filter)",
    "locked by ",
    "no host name found for ",
    "no IP address found for ",
)
#: What became of a connection to another server, as releases before 4.83 write it, and of its certificate.
_SERVER = re.compile(r"(?:[^\s\[\]]{1,255} )?\[[0-9A-Fa-f.:]{2,45}\](?::\d{1,5})?:? [A-Z]")
_ERROR_IGNORED = re.compile(r": error ignored(?:: |$)")
#: Of no message: the daemon, queue runs, connections that named nobody.
_DAEMON = (
    "Start queue run",
    "End queue run",
    "Start ODMR queue run",
    "Start '",
    "End '",
    "cwd=",
    "DKIM: ",
    "ATRN ",
    "ACL for QUIT ",
    "ignoring AUTH=",
    "recipient verify ",
    "sender verify ",
    "malware acl condition: ",
    "spam acl condition: ",
    "local_scan() function ",
    "timed out while reading local message",
    "spool directory space check failed",
    "overlong message header line received ",
    "ridiculously long message header received ",
    "Error while reading message ",
    "bind of ",
    "list matching forced to fail: ",
    "Failed to ",
    "failed to ",
    "exim ",
    "Exim ",
    "SMTP connection ",
    "SMTP call ",
    "SMTP protocol ",
    "SMTP command timeout ",
    "SMTP data timeout ",
    "SMTP syntax error ",
    "SA: ",
    "Connection from ",
    "connection from ",
    "refused connection ",
    "temporarily refused connection ",
    "unexpected disconnection ",
    "unexpected ",
    "no host name found for ",
    "no IP address found for ",
    "no MAIL in ",
    "TLS error on connection ",
    "TLS client disconnected",
    "TLS session: ",
    "rejected ",
    "temporarily rejected ",
    "Warning: ",
    "WARNING: ",
    "pid ",
    "daemon: ",
    "queue run: ",
    "log string overflow",
    "socket bind() ",
    "listen() ",
    "IPv6 socket ",
    "daemon ",
    "ETRN ",
    "VRFY ",
    "EXPN ",
    "ident connection ",
    "too many recipients: excess ",
    "dnslists query ",
    "DNS list lookup ",
    "H=",
    "U=",
)


def parse(line: Line) -> Outcome:
    """The fact that a line of Exim states."""
    text = line.text
    match = _ID.match(text)
    if match is None:
        return _without_id(text)
    queue_id, rest = match[1], text[match.end() :]
    arrow = rest[:2]
    if arrow in {"<=", "(="} and rest[2:3] == " ":
        # With a bow: the client was told that it is refused (`control = fakereject`), and it was taken.
        return arrival(queue_id, rest[3:])
    if arrow in ARROWS and rest[2:3] == " ":
        return delivery(queue_id, arrow, rest[3:])
    return _of_message(queue_id, rest)


def _of_message(queue_id: str, rest: str) -> Outcome:
    """What a line says of a message beside arrival and deliveries."""
    if _COMPLETED.match(rest):
        return Removed(queue_id)
    if rest.startswith("removed by "):
        return Removed(queue_id, by_admin=True)
    if rest.startswith("Message removed because older than "):
        return Administered(queue_id, Handling.GIVE_UP, _TOO_OLD, Actor.PROGRAM), Removed(queue_id)
    administered = _ADMINISTERED.match(rest)
    if administered is not None:
        return _administered(queue_id, *administered.groups())
    if rest.startswith("SA: "):
        return by_local_scan(queue_id, rest)
    if rest.startswith(_SIGNATURES):
        return Signed(queue_id, plain(rest), _checks(rest))
    rewritten = _REWRITTEN.match(rest)
    if rewritten is not None:
        sender = address_at(plain(rewritten[1]), 0)[0]
        return Ruled(queue_id, Action.REWRITE, Stage.NONE, Decider.ACL, sender=sender, text=plain(rest))
    taken = _TAKEN_OUT.match(rest)
    if taken is not None:
        return _taken_out(queue_id, rest, taken.end())
    if rest.startswith("all addresses marked delivered by "):
        # `exim -Mmad`: nobody gets it any more.
        return Ruled(queue_id, Action.DISCARD, Stage.NONE, Decider.ADMIN, text=rest)
    if rest == "Delivery deferred by system filter":
        return Ruled(queue_id, Action.DELAY, Stage.NONE, Decider.FILTER, text=rest)
    prdr = _PRDR.match(rest)
    if prdr is not None:
        raw, end = parse_path(rest, prdr.end())
        told = _REFUSALS.get(rest[end:])
        if told is None:
            return IGNORED
        return Ruled(queue_id, Action.REJECT, Stage.PRDR, Decider.ACL, recipients=[normalise(plain(raw))], reply=Reply(told, inferred=True))
    ruled = refusal(queue_id, rest)
    if ruled is not FREE:
        return ruled
    known = rest.startswith(_QUIET) or _SERVER.match(rest) or _ERROR_IGNORED.search(rest) or _REWRITTEN_ELSEWHERE.match(rest)
    return IGNORED if known else FREE


def _administered(queue_id: str, verb: str, by: str | None, why: str | None) -> Administered:
    """Frozen, let go or given up: by a user who is named, by a rule for all mail, or by Exim itself (`deliver.c`, `receive.c`)."""
    action, said = _ACTIONS[verb.lower()], by or why
    done = Administered(queue_id, action, plain(said) if said else None)
    return replace(done, actor=Actor.PROGRAM) if by is None else in_our_words(done)


def in_our_words(fact: Administered) -> Administered:
    """Who did it, by the words that stand behind `by`."""
    by = fact.by or ""
    if by in _BY_ITSELF:
        return replace(fact, actor=Actor.PROGRAM)
    rule = _RULES.match(by)
    return fact if rule is None else replace(fact, by=rule[1], actor=Actor.RULE, text=rule[2] or fact.text)


def _checks(rest: str) -> list[AuthCheck]:
    """`DKIM: d=sender.example s=mail ... [verification succeeded]` (`dkim_exim_verify_log_header`)."""
    said = _DKIM.match(rest)
    if said is None:
        return []
    return [AuthCheck(AuthMethod.DKIM, _DKIM_RESULTS[said[2]], domain_in(plain(said[1])))]


def _taken_out(queue_id: str, rest: str, at: int) -> Outcome:
    """`address <r> marked delivered by USER`: nobody gets it."""
    raw, end = parse_path(rest, at)
    by = _TAKEN_OUT_BY.match(rest, end)
    if by is None:
        return FREE
    return Attempted(queue_id, normalise(plain(raw)), Status.SENT, reply=Reply(text=plain(by[1])), discarded=True)


def _without_id(text: str) -> Outcome:
    """Refusals that name somebody; lines of the daemon and of connections that named nobody."""
    ruled = refusal(None, text)
    if isinstance(ruled, Ruled):
        return ruled if ruled.sender is not None or ruled.recipients else IGNORED
    if ruled is UNKNOWN:
        return UNKNOWN
    if ruled is IGNORED or text.startswith(_DAEMON) or _SERVER.match(text) or " authenticator failed for " in text:
        return IGNORED
    return FREE
