"""Delivery agents: smtp, lmtp, local, virtual, pipe, error, retry, discard; and `to=` lines, which any daemon can log."""

from __future__ import annotations

import re

from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.formats.postfix.parts import SEVERITIES, path_at, relay_of, split_id
from ingest.formats.replies import filter_answer, log_id_in, next_id_in, session_in, stored_by
from ingest.framing.line import Line
from mappings.codes import split_reply
from mappings.codes.stage import stage_in
from mappings.facts import Attempted, Reply
from mappings.log_words import By, Status

# The text in parentheses is the other server's: the first ` status=` after `dsn=` is ours, and the last parenthesis ends it.
_REST = re.compile(
    r", relay=(.*?)(?:, conn_use=\d+)?,? delay=(\d{1,12}(?:\.\d{1,9})?)(?:, delays=([\d./]+))?(?:, tls=[^\s,]+)?"
    r"(?:, dsn=(\d\.\d{1,3}\.\d{1,3}))?"
    r", status=([A-Za-z-]+)(?: \((?:(.*)\)|(.*)))?$",
    re.DOTALL,
)
#: Anchored: a server that took the message may say the same within its reply.
_SAID = re.compile(r"(?:delivery temporarily suspended: )?host \S+ (?:said|refused to talk to me): ")
_IN_REPLY = re.compile(r" \(in reply to [A-Za-z ]+(?:command)?\)$")
#: amavis' own words. Believed over a socket of this host only: many servers elsewhere have amavis in front and answer so too.
_FILTERED = re.compile(r"from MTA\(|Ok, discarded, id=|Ok, id=\S+, BOUNCE|Reject, id=")
_FORWARDED = re.compile(r"forwarded as ([0-9A-Za-z]+)$")
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
    match = _REST.match(rest, at)
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
    return Attempted(
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
        delay=float(delay),
        delays=delays,
        next_id=next_id,
        log_id=log_id,
        forwarded=forwarded is not None,
        filtered=by is By.REMOTE and "[" in where and relay.ip is None and _FILTERED.match(text) is not None,
        stored=status is Status.SENT and by is By.REMOTE and stored_by(text),
        session=session_in(text) if status is Status.SENT and by is By.REMOTE else None,
        skipped=suspended,
        discarded=status is Status.SENT and (program == "discard" or text.startswith("delivered to file: /dev/null")),
        verdict=verdict,
        detail=detail,
        did=did,
    )


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
    # What an agent says on its way (`host ... said`, `breaking line`, `enabling PIX workarounds`) is repeated by `to=`, or is no fate.
    return IGNORED
