"""Delivery agents: smtp, lmtp, local, virtual, pipe, error, retry, discard; and `to=` lines, which any daemon can log."""

from __future__ import annotations

import re

from msgspec.structs import replace

from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.formats.postfix.parts import COUNTED, SEVERITIES, client_at, path_at, relay_of, split_id
from ingest.formats.replies import filter_answer, log_id_in, next_id_in, session_in, stored_by
from ingest.formats.side_copies import SideCopy, side_copy
from ingest.framing.line import Line
from ingest.queue_ids import alike
from mappings.address import domain_of, is_loopback, local_of
from mappings.codes import split_reply
from mappings.codes.stage import stage_in
from mappings.facts import Attempted, Hindered, Reply, Ruled
from mappings.log_words import Action, By, Decider, Stage, Status

# The text in parentheses is the other server's: the first ` status=` after `dsn=` is ours, and the last parenthesis ends it.
_REST = re.compile(
    r", relay=(.*?)(?:, conn_use=\d+)?,? delay=(\d{1,12}(?:\.\d{1,9})?)(?:, delays=([\d./]+))?(?:, tls=[^\s,]+)?"
    r"(?:, dsn=(\d\.\d{1,3}\.\d{1,3}))?"
    rf", status=([A-Za-z-]+)(?: \((?:(.*)\)|(.*)))?{COUNTED}$",
    re.DOTALL,
)
#: The same where whoever keeps the log left out what is not needed.
_SHORT = re.compile(
    r", relay=([^,\s]+)()()(?:, dsn=(\d\.\d{1,3}\.\d{1,3}))?"
    rf", status=([A-Za-z-]+)(?: \((?:(.*)\)|(.*)))?{COUNTED}$",
    re.DOTALL,
)
#: Anchored: a server that took the message may say the same within its reply.
_SAID = re.compile(r"(?:delivery temporarily suspended: )?host \S+ (?:said|refused to talk to me): ")
_IN_REPLY = re.compile(r" \(in reply to [A-Za-z ]+(?:command)?\)$")
#: amavis' own words. Believed over a socket or loopback of this host only: many servers elsewhere have amavis in front and answer so too.
_FILTERED = re.compile(r"from MTA\(|Ok, discarded, id=|Ok, id=\S+, BOUNCE|Reject, id=")
_COMMAND = re.compile(r"(?:delivered to command|Command died with [^:]{1,80}): (.*)", re.DOTALL)
_FORWARDED = re.compile(r"forwarded as ([0-9A-Za-z]+)$")
#: Why a server did not take it, where that is no end: the next one is tried (`smtp_bulk_fail`, `smtp_rcpt_fail` in smtp_trouble.c).
_HINDERED = re.compile(
    r"(?:host|lost connection with|conversation with|local data error while talking to|authentication protocol loop with server|"
    r"SASL (?:\[CACHED\] )?authentication failed; (?:cannot authenticate to )?server|TLS is required, but(?: was not offered by)? host) "
    r"(?=[^\s\[\]]{1,255}\[)|Cannot start TLS: |TLS is required, but |Server certificate not (?:trusted|verified)"
)
_ANSWERED = (" said: ", " refused to talk to me: ")
#: A header met a rule of the agent (`smtp_header_checks`); what it is made of is not told apart from what it was.
_HEADER = re.compile(r"([a-z]{1,16}): (header|body|mime-header|nested-header) (?=\S)")
#: What an agent says about its connections and its host, without a recipient; the `to=` line that follows has all of it.
_HELPERS = (
    "connect to ",
    "Untrusted TLS connection ",
    "Trusted TLS connection ",
    "Verified TLS connection ",
    "Anonymous TLS connection ",
    "certificate verification failed ",
    "SSL_connect error ",
    "server certificate verification failed ",
    "setting up TLS connection ",
    "Host offered ",
    "discarding EHLO keywords",
    "TLS SNI ",
    "SSL_connect:",
    "lost connection ",
    "conversation with ",
    "name service error ",
    "dane ",
    "using ",
)


def attempt_of(queue_id: str, rest: str, program: str) -> Outcome:
    """The delivery that a `to=` line states."""
    recipient, at = path_at(rest, 3, ", relay=")
    original = None
    if rest.startswith(", orig_to=", at):
        original, at = path_at(rest, at + 10, ", relay=")
    match = _REST.match(rest, at) or _SHORT.match(rest, at)
    if match is None:
        return UNKNOWN
    where, delay, delays, dsn, word, text, cut = match.groups()
    relay = relay_of(where)
    # With `soft_bounce` a failure is written in capitals and tried again.
    status = Status.DEFERRED if word == "SOFTBOUNCE" else Status(word)
    # The queue manager found the destination dead, and asks no server for a while.
    suspended = status is Status.DEFERRED and where == "none" and (text or "").startswith("delivery temporarily suspended: ")
    reply, by = _reply(text or cut or "", dsn, "[" in where and status in {Status.SENT, Status.DELIVERABLE})
    text = reply.text
    next_id = log_id = None
    forwarded = _FORWARDED.match(text) if program == "local" else None
    if status is Status.SENT and by is By.REMOTE:
        next_id = next_id_in(text)
    log_id = log_id_in(text) if by is By.REMOTE else None
    if forwarded is not None:
        next_id = forwarded[1]
    verdict, detail, did = filter_answer(text) if by is By.REMOTE else (None, None, None)
    # A service of the configuration (pipe), or a command of the user.
    command = _COMMAND.match(text)
    ran = command[1] if command is not None else None
    copy = SideCopy() if by is By.REMOTE else side_copy(where, domain_of(recipient), command=ran)
    # PostfixAdmin's address of whoever is away: all of his own before another domain.
    away = by is By.LOCAL and original is not None and "@" in original and local_of(recipient) == original.replace("@", "#")
    fact = Attempted(
        queue_id=queue_id,
        recipient=recipient,
        status=status,
        original=original if original != recipient else None,
        relay=None if where == "none" else where,
        relay_name=relay.name,
        relay_ip=relay.ip,
        relay_port=relay.port,
        reply=reply,
        by=by,
        delay=float(delay) if delay else None,
        delays=delays or None,
        next_id=next_id,
        log_id=log_id,
        forwarded=forwarded is not None,
        automatic=away or copy.automatic,
        aside=copy.aside,
        session=session_in(text) if status is Status.SENT and by is By.REMOTE else None,
        skipped=suspended,
        discarded=status is Status.SENT and (program == "discard" or text.startswith("delivered to file: /dev/null")),
        verdict=verdict,
        detail=detail,
        did=did,
    )
    return _answered(fact, program) if by is By.REMOTE else fact


def _answered(fact: Attempted, program: str) -> Attempted:
    """With what the answer tells of who is at the other end: a filter of this host, or a mail store."""
    text, told = fact.reply.text, fact.as_filters_answer
    worded = _FILTERED.match(text) is not None
    # Over loopback an id of our own form, or the filter's own, says it already.
    filtered = worded and _is_here(fact) and (fact.relay_ip is None or not (told or _is_relayed(fact)))
    # LMTP is how mail is put into boxes (RFC 2033): whoever speaks it is the end of the way, unless a filter answers.
    stored = fact.status is Status.SENT and (stored_by(text) or (program == "lmtp" and not (worded or told)))
    return replace(fact, filtered=filtered, stored=stored) if filtered or stored else fact


def _is_relayed(fact: Attempted) -> bool:
    """Whether the next queue file may be one of this mail server's."""
    return fact.next_id is not None and alike(fact.queue_id, fact.next_id)


def _is_here(fact: Attempted) -> bool:
    """Whether a server listens on this host: behind a socket, or on loopback."""
    return is_loopback(fact.relay_ip) if fact.relay_ip is not None else fact.relay is not None and "[" in fact.relay


def _reply(text: str, dsn: str | None, answered: bool) -> tuple[Reply, By]:
    """The reply in the parentheses, and whose it is; `answered` where a server took the message and its reply is the text."""
    said = None if answered else _SAID.match(text)
    stage = stage_in(text) if said is not None else None
    if said is not None:
        text = _IN_REPLY.sub("", text[said.end() :])
    elif not answered:
        return Reply(None, dsn, text), By.LOCAL
    code, enhanced, words = split_reply(text)
    return Reply(code, enhanced or dsn, words or text, stage=stage), By.REMOTE


def deliver(line: Line) -> Outcome:
    """The fact that a delivery agent states."""
    text = line.text
    split = split_id(text)
    if split is None:
        return IGNORED if text.startswith(_HELPERS) or text.startswith(SEVERITIES) else UNKNOWN
    queue_id, rest = split
    if queue_id is None:
        return UNKNOWN
    if rest.startswith("to="):
        return attempt_of(queue_id, rest, line.program)
    header = _HEADER.match(rest)
    if header is not None:
        action = Action.WARN if header[1] == "warning" else Action(header[1])
        return Ruled(queue_id, action, Stage(header[2]), Decider.HEADER, text=rest[header.end() :])
    # What else an agent says on its way (`breaking line`, `enabling PIX workarounds`) says nothing of what becomes of the message.
    return _hindered(queue_id, rest) if _HINDERED.match(rest) is not None else IGNORED


def _hindered(queue_id: str, rest: str) -> Hindered:
    """`host NAME[IP] said: 450 ... (in reply to RCPT TO command)`, `lost connection with NAME[IP] while sending MAIL FROM`."""
    found = _HINDERED.match(rest)
    server = client_at(rest, found.end()) if found is not None else None
    said = next((words for words in _ANSWERED if server is not None and rest.startswith(words, server.end)), None)
    if server is None or said is None:
        reply, by = Reply(text=rest), By.LOCAL
    else:
        code, enhanced, words = split_reply(_IN_REPLY.sub("", rest[server.end + len(said) :]))
        reply, by = Reply(code, enhanced, words, stage=stage_in(rest)), By.REMOTE
    return Hindered(
        queue_id,
        server_name=server.name if server is not None else None,
        server_ip=server.ip if server is not None else None,
        server_port=server.port if server is not None else None,
        reply=reply,
        by=by,
    )
