"""Delivery agents: smtp, lmtp, local, virtual, pipe, error, retry, discard; and `to=` lines, which any daemon can log."""

from __future__ import annotations

import re

from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.formats.postfix.parts import COUNTED, SEVERITIES, Relay, client_at, path_at, relay_of, split_id
from ingest.formats.replies import filter_answer, log_id_in, next_id_in, session_in
from ingest.formats.side_copies import side_copy
from ingest.framing.line import Line
from ingest.queue_ids import POSTFIX_ID, alike
from mappings.address import domain_of, is_loopback, is_neighbour, local_of, normalise
from mappings.codes import split_reply
from mappings.codes.stage import stage_in
from mappings.facts import Attempted, Hindered, Reply, Ruled
from mappings.log_words import Action, By, Decider, Stage, Status

#: An address as nearly all are; nothing in it can end it.
PLAIN = r"[^<>\"\s@]+@[^<>\"\s@]+"
_TO = rf"(?P<queue_id>{POSTFIX_ID}): to=<(?P<recipient>{PLAIN})>(?:, orig_to=<(?P<original>{PLAIN})>)?"
_TIMES = r"delay=(?P<delay>[0-9]{1,12}(?:\.[0-9]{1,9})?)(?:, delays=(?P<delays>[0-9./]+))?(?:, tls=[^\s,]+)?"
_CODE = r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}"
_SERVER = (
    r"(?P<relay>(?P<name>[^\s,\[\]]*)\[(?:(?P<ip>[0-9a-fA-F.:]+(?:%\w+)?)\](?::(?P<port>[0-9]{1,5}))?|[^\s,\[\]%]+\]))"
    r"(?:, conn_use=[0-9]+)?"
)
_CODES = r"(?P<code>[2-5][0-9]{2}) (?P<enhanced>[245]\.[0-9]{1,3}\.[0-9]{1,3}) (?P<said>[^\s\\-][^\\]{0,2000})"
#: A server, or what is connected to in its place, took the message and said so with both codes.
TAKEN: str = rf"{_TO}, relay={_SERVER}, {_TIMES}, dsn={_CODE}, status=sent \({_CODES}\){COUNTED}"
#: It did not, and said so with both codes; what it says it answers is our own word, for it stands last.
REFUSED: str = (
    rf"{_TO}, relay={_SERVER}, {_TIMES}, dsn={_CODE}, status=(?P<status>deferred|bounced) \(host \S+ said: {_CODES} "
    rf"\((?P<command>in reply to [A-Za-z ]+ command)\)\){COUNTED}"
)
#: Whatever else became of a try.
ATTEMPTED: str = (
    rf"{_TO}, relay=(?P<relay>[^\s,]+)(?:, conn_use=[0-9]+)?, {_TIMES}, dsn=(?P<dsn>{_CODE}), "
    rf"status=(?P<status>sent|deferred|bounced) \((?P<text>.*)\){COUNTED}"
)
# The text in parentheses is the other server's: the first ` status=` after `dsn=` is ours, and the last parenthesis ends it.
_STATUS = rf"(?:, dsn=(?P<dsn>{_CODE}))?, status=(?P<status>[A-Za-z-]+)(?: \((?:(?P<text>.*)\)|(?P<cut>.*)))?{COUNTED}$"
#: What follows an address that is not plain, of an older release, in a line that was cut.
_REST = re.compile(rf", relay=(?P<relay>[^,\s]*)(?:, conn_use=[0-9]+)?,? {_TIMES}{_STATUS}", re.DOTALL)
#: The same where whoever keeps the log left out what is not needed.
_SHORT = re.compile(rf", relay=(?P<relay>[^,\s]+)(?P<delay>)(?P<delays>){_STATUS}", re.DOTALL)
#: Anchored: a server that took the message may say the same within its reply.
_SAID = re.compile(
    r"(?:delivery temporarily suspended: )?"
    r"(?:host \S+ (?:said|refused to talk to me)|SASL (?:\[CACHED\] )?authentication failed; server \S+ said): "
)
_IN_REPLY = re.compile(r" \(in reply to [A-Za-z ]+(?:command)?\)$")
#: amavis' own words. Believed over a socket or loopback of this host, and of a neighbour at a port of its own; many servers elsewhere have
#: amavis in front and answer so too.
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
    """The delivery that a `to=` line states which is not as usual."""
    recipient, at = path_at(rest, 3, ", relay=")
    original = None
    if rest.startswith(", orig_to=", at):
        original, at = path_at(rest, at + 10, ", relay=")
    match = _REST.match(rest, at) or _SHORT.match(rest, at)
    if match is None:
        return UNKNOWN
    where, delay, delays, dsn, word, text, cut = match.groups()
    # With `soft_bounce` a failure is written in capitals and tried again.
    status = Status.DEFERRED if word == "SOFTBOUNCE" else Status(word)
    return _attempt(program, queue_id, recipient, original, where, delay, delays, dsn, status, text or cut or "")


def attempted(
    program: str,
    queue_id: str,
    recipient: str,
    original: str | None,
    relay: str,
    delay: str,
    delays: str | None,
    dsn: str,
    status: str,
    text: str,
) -> Attempted:
    """The delivery that a line as usual states."""
    original = None if original is None else normalise(original)
    return _attempt(program, queue_id, normalise(recipient), original, relay, delay, delays, dsn, Status(status), text)


def taken(
    program: str,
    queue_id: str,
    recipient: str,
    original: str | None,
    relay: str,
    name: str,
    ip: str | None,
    port: str | None,
    delay: str,
    delays: str | None,
    code: str,
    enhanced: str,
    said: str,
) -> Attempted:
    """The delivery to a server that took the message."""
    original = None if original is None else normalise(original)
    reply = Reply(int(code), enhanced, " ".join(said.split()))
    return _answered(
        program, queue_id, normalise(recipient), original, relay, _server(relay, name, ip, port), delay, delays, Status.SENT, reply
    )


def refused(
    program: str,
    queue_id: str,
    recipient: str,
    original: str | None,
    relay: str,
    name: str,
    ip: str | None,
    port: str | None,
    delay: str,
    delays: str | None,
    status: str,
    code: str,
    enhanced: str,
    said: str,
    command: str,
) -> Attempted:
    """The try at a server that refused it."""
    original = None if original is None else normalise(original)
    reply = Reply(int(code), enhanced, " ".join(said.split()), stage=stage_in(command))
    return _answered(
        program, queue_id, normalise(recipient), original, relay, _server(relay, name, ip, port), delay, delays, Status(status), reply
    )


def _server(relay: str, name: str, ip: str | None, port: str | None) -> Relay:
    """The next server; what has no address is named by all that stands there."""
    return Relay(relay) if ip is None else Relay(name or None, ip, int(port) if port is not None else None)


def _attempt(
    program: str,
    queue_id: str,
    recipient: str,
    original: str | None,
    where: str,
    delay: str,
    delays: str | None,
    dsn: str | None,
    status: Status,
    text: str,
) -> Attempted:
    """A try, by what the line says of it; addresses are normalised."""
    reply, by = _reply(text, dsn, "[" in where and status in {Status.SENT, Status.DELIVERABLE})
    # The queue manager found the destination dead, and asks no server for a while.
    suspended = status is Status.DEFERRED and where == "none" and text.startswith("delivery temporarily suspended: ")
    relay = relay_of(where)
    if by is By.REMOTE:
        return _answered(program, queue_id, recipient, original, where, relay, delay, delays, status, reply, suspended)
    text = reply.text
    forwarded = _FORWARDED.match(text) if program == "local" else None
    # A service of the configuration (pipe), or a command of the user.
    command = _COMMAND.match(text)
    copy = side_copy(where, domain_of(recipient), command=command[1] if command is not None else None)
    # PostfixAdmin's address of whoever is away: all of his own before another domain.
    away = original is not None and "@" in original and local_of(recipient) == original.replace("@", "#")
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
        delay=float(delay) if delay else None,
        delays=delays or None,
        next_id=forwarded[1] if forwarded is not None else None,
        forwarded=forwarded is not None,
        automatic=away or copy.automatic,
        aside=copy.aside,
        skipped=suspended,
        discarded=status is Status.SENT and (program == "discard" or text.startswith("delivered to file: /dev/null")),
    )


def _answered(
    program: str,
    queue_id: str,
    recipient: str,
    original: str | None,
    where: str,
    relay: Relay,
    delay: str,
    delays: str | None,
    status: Status,
    reply: Reply,
    suspended: bool = False,
) -> Attempted:
    """A try that a server answered, with what the answer tells of who is at the other end: a filter of this host, or a mail store."""
    text = reply.text
    sent = status is Status.SENT
    verdict, detail, did = filter_answer(text)
    log_id = log_id_in(text)
    next_id = next_id_in(text) if sent else None
    told = log_id is not None or verdict is not None or did is not None
    worded = _FILTERED.match(text) is not None
    if relay.ip is None:
        filtered = worded and "[" in where
    elif is_loopback(relay.ip):
        # Over loopback an id of our own form, or the filter's own, says it already.
        filtered = worded and not (told or (next_id is not None and alike(queue_id, next_id)))
    else:
        filtered = worded and is_neighbour(relay.ip, relay.port)
    session = session_in(text) if sent else None
    # LMTP is how mail is put into boxes (RFC 2033): whoever speaks it is the end of the way, unless a filter answers.
    stored = sent and (session is not None or (program == "lmtp" and not (worded or told)))
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
        by=By.REMOTE,
        delay=float(delay) if delay else None,
        delays=delays or None,
        next_id=next_id,
        log_id=log_id,
        filtered=filtered,
        stored=stored,
        session=session,
        skipped=suspended,
        discarded=sent and program == "discard",
        verdict=verdict,
        detail=detail,
        did=did,
    )


def _reply(text: str, dsn: str | None, answered: bool) -> tuple[Reply, By]:
    """The reply in the parentheses, and whose it is; `answered` where a server took the message and its reply is the text."""
    said = None if answered else _SAID.match(text)
    stage = None
    if said is not None:
        # The last is ours; the server may say the same before it.
        answers = text.rfind(" (in reply to ")
        stage = stage_in(said[0] if answers < 0 else text[answers:])
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
