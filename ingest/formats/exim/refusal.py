"""Exim's refusals: ACLs at every stage, sizes, and the headers of a refused message as `rejectlog` has them.

What is logged is the administrator's `log_message`, not always what the client saw. Where it begins with no code, Exim's usual one is
taken (`smtp_in.c`: 550, put off 451, too big 552).
"""

from __future__ import annotations

import re

from ingest.formats.escapes import plain
from ingest.formats.exim.fields import Fields, address_at, address_list, quoted_locals, read_fields
from ingest.formats.exim.scanners import score_told
from ingest.formats.headers import header_address, header_text
from ingest.formats.outcome import FREE, IGNORED, UNKNOWN, Outcome
from mappings.address import message_id, normalise, parse_path
from mappings.codes import split_reply
from mappings.facts import Fact, Reply, Ruled
from mappings.log_words import Action, Decider, Stage

_VERB = re.compile(r" ?(temporarily rejected|rejected|dropped by|(?=(?:RCPT|MAIL) <?[^\n]{0,400}>?: discarded by )|Warning:) ?")
_WHERE = re.compile(
    r"(RCPT|MAIL|PRDR)(?: FROM:| TO:)? ?(?=<|\"|[^\s<>:\"]{1,400}@)|"
    r"(after DATA PRDR|after DATA|during MIME ACL checks|DATA|DKIM|by non-SMTP ACL|by local_scan\(\))(?= ?(?::|$))"
)
_DROPPED = re.compile(r"(RCPT|MAIL) (?=<)")
_DROPPED_BY = re.compile(r": discarded by (RCPT|MAIL) ACL(?:: (.*))?$", re.DOTALL)
#: `rejected from <sender> H=...: message too big`, `rejected MAIL FROM:<sender> H=...: message too big`.
_FROM = re.compile(r"(temporarily rejected|rejected) (?:from|(MAIL FROM:)) ?(?=<)")
_UNQUALIFIED = re.compile(r"unqualified (sender|recipient) rejected: (?=<)")
_TOO_MANY = re.compile(r"too many recipients: message rejected: sender=(?=<)")
#: The client fell silent within the data.
_SILENT = re.compile(r"SMTP (data timeout) \(message abandoned\) on connection from (local process )?")
_BROKEN_OFF = re.compile(r" ?incomplete transaction \([^()]{1,80}\) from (?=<)")
_HEADER = re.compile(r"[A-Z* ] ([A-Za-z][A-Za-z-]{0,76}): ?(.*)", re.DOTALL)
_ENVELOPE = re.compile(r"Envelope-(from|to): (.*)", re.DOTALL)
#: Strangers' words before the sender, which nothing escapes.
_FREE_WORDS = frozenset({"U", "DN", "SNI"})
#: How the ACLs that are in use name a score that a filter told them.
_SCORE = re.compile(r"\bspam[-_ ]?(?:score|points|level|bar|report)\b|\bSpamAssassin as \S+ detected\b", re.IGNORECASE)
_STAGES = {"RCPT": Stage.RCPT, "MAIL": Stage.MAIL, "PRDR": Stage.PRDR, "DATA": Stage.DATA}
_LATE = Stage.END_OF_MESSAGE
_TOO_MANY_REPLY = Reply(552, text="too many recipients", inferred=True)
_MOST_RECIPIENTS = 1000


def refusal(queue_id: str | None, text: str) -> Outcome:
    """What an ACL or a limit decided of a message; FREE where the line has another shape."""
    head, _, headers = text.partition("\n")
    limited = _limited(queue_id, head, headers)
    if limited is not None:
        return limited
    silent = _SILENT.match(head)
    if silent is not None:
        # Its id, where it has one already, is never seen again.
        fields = read_fields(head[silent.end() :] if silent[2] else f"H={head[silent.end() :]}", 0)
        return IGNORED if fields.path("F") is None else _ruled(None, Action.ABORT, Stage.DATA, fields, text=silent[1])
    fields = read_fields(head, 0)
    if fields.greeted >= 0 or (not fields.values.keys().isdisjoint(_FREE_WORDS) and head.count(" F=<") > 1):
        return UNKNOWN
    broken = _BROKEN_OFF.match(head, fields.end)
    if broken is not None:
        return _broken_off(head, broken.end(), fields)
    verb = _VERB.match(head, fields.end)
    if verb is None or fields.end == 0:
        return FREE
    if verb[1] == "Warning:":
        # Logged by a `warn` of the administrator: of a message where it has an id, else of the connection.
        return _warned(queue_id, plain(head[verb.end() :]), fields) if queue_id else IGNORED
    if not verb[1]:
        return _dropped(queue_id, head, verb.end(), fields)
    return _refused(queue_id, head, headers, fields, verb)


def _warned(queue_id: str, said: str, fields: Fields) -> Fact:
    """What a `warn` of the administrator logs; some log what a filter told them: its result, or its score."""
    client_ip = fields.host.ip if fields.host is not None else None
    return score_told(queue_id, said, client_ip) or _ruled(queue_id, Action.WARN, Stage.NONE, fields, text=said, scored=logs_score(said))


def logs_score(said: str) -> bool:
    """Whether the text of a `warn` names the score that a filter told it: then one ran, whether its own line is seen or not."""
    return _SCORE.search(said) is not None


def _refused(queue_id: str | None, head: str, headers: str, fields: Fields, verb: re.Match[str]) -> Outcome:
    """`H=.. F=<s> rejected RCPT <r>: text`."""
    where = _WHERE.match(head, verb.end())
    if where is None or verb[1] == "dropped by":
        # A connection, a greeting, a login or a question: nobody's mail is named.
        return UNKNOWN if head.startswith("RCPT ", verb.end()) else IGNORED
    sender = recipient = None
    end = where.end()
    if where[1]:
        named, end = _path_at(head, end)
        if named is None:
            return UNKNOWN
        sender, recipient = (named, None) if where[1] == "MAIL" else (None, named)
    said = plain(head[end:].lstrip().removeprefix(":").strip())
    return _ruled(
        queue_id,
        Action.REJECT,
        _STAGES.get(where[1] or where[2], _LATE),
        fields,
        sender=sender,
        recipient=recipient,
        reply=_reply(said, for_now=verb[1] != "rejected"),
        text=said,
        headers=headers,
    )


def _dropped(queue_id: str | None, head: str, at: int, fields: Fields) -> Outcome:
    """`... RCPT <r>: discarded by RCPT ACL: text`: the client is told that it was taken."""
    named = _DROPPED.match(head, at)
    if named is None:
        return FREE
    address, end = _path_at(head, named.end())
    by = _DROPPED_BY.match(head, end)
    if by is None:
        return FREE
    sender, recipient = (None, address) if named[1] == "RCPT" else (address, None)
    return _ruled(queue_id, Action.DISCARD, _STAGES[by[1]], fields, sender=sender, recipient=recipient, text=plain(by[2] or ""))


def _broken_off(head: str, at: int, fields: Fields) -> Outcome:
    """`incomplete transaction (connection lost) from <s> for r1 r2`: of those who were accepted; without any it is the end of a refusal."""
    sender, at = _path_at(head, at)
    recipients = address_list(head, at + 5) if head.startswith(" for ", at) else []
    why = head[fields.end :].partition(" from ")[0].strip()
    return _ruled(None, Action.ABORT, Stage.DATA, fields, sender=sender, text=why, recipients=recipients) if recipients else IGNORED


def _limited(queue_id: str | None, head: str, headers: str) -> Ruled | None:
    """A message that is larger than allowed or has gone through too many servers; addresses without a domain; too many of them."""
    match = _FROM.match(head)
    if match is not None:
        sender, at = _path_at(head, match.end())
        fields = read_fields(head, at)
        said = plain(head[fields.end :].removeprefix(":").strip())
        big = said.startswith("message too big")
        reply = Reply(552, text=said, inferred=True) if big else _reply(said, for_now=match[1] != "rejected")
        source = Decider.SIZE if big else Decider.HOPS if said.startswith("Too many") else Decider.ACL
        stage = Stage.MAIL if match[2] else _LATE
        return _ruled(queue_id, Action.REJECT, stage, fields, sender=sender, reply=reply, text=said, headers=headers, source=source)
    match = _UNQUALIFIED.match(head)
    if match is not None:
        address, at = _path_at(head, match.end())
        reply = Reply(501, text=f"unqualified {match[1]} rejected", inferred=True)
        if match[1] == "recipient":
            return _ruled(queue_id, Action.REJECT, Stage.RCPT, read_fields(head, at), recipient=address, reply=reply)
        return _ruled(queue_id, Action.REJECT, Stage.MAIL, read_fields(head, at), sender=address, reply=reply)
    match = _TOO_MANY.match(head)
    if match is not None:
        sender, at = _path_at(head, match.end())
        return _ruled(queue_id, Action.REJECT, Stage.RCPT, read_fields(head, at), sender=sender, reply=_TOO_MANY_REPLY)
    return None


def _path_at(text: str, at: int) -> tuple[str | None, int]:
    """The normalised address at `at` as the client wrote it, mostly in brackets, and where it ends; None where it is cut off."""
    if not text.startswith("<", at):
        address, end = address_at(text, at)
        # Without brackets only what follows tells that it is whole.
        return (address if text.startswith(":", end) else None), end
    raw, end = parse_path(text, at)
    # Exim cuts what the client wrote: a quote that is not closed holds whatever follows.
    whole = text[end - 1 : end] == ">" and (not raw.startswith('"') or bool(quoted_locals(raw)))
    return (normalise(plain(raw)) if whole else None), end


def _reply(said: str, *, for_now: bool) -> Reply:
    """What the client was told, as far as the logged text says it."""
    code, enhanced, words = split_reply(said)
    if code is not None and code // 100 == (4 if for_now else 5):
        return Reply(code, enhanced, words or said)
    return Reply(451 if for_now else 550, enhanced if code is None else None, words if code is None else said, inferred=True)


def _ruled(
    queue_id: str | None,
    action: Action,
    stage: Stage,
    fields: Fields,
    *,
    sender: str | None = None,
    recipient: str | None = None,
    recipients: list[str] | None = None,
    reply: Reply | None = None,
    text: str = "",
    headers: str = "",
    scored: bool = False,
    source: Decider = Decider.ACL,
) -> Ruled:
    """The fact, with the client and what the headers of the message say."""
    host, known = fields.host, _record(headers)
    return Ruled(
        queue_id=queue_id,
        action=action,
        stage=stage,
        source=source,
        client_name=host.name if host else None,
        client_ip=host.ip if host else None,
        client_port=host.port if host else None,
        helo=host.helo if host else None,
        sender=sender if sender is not None else fields.path("F"),
        recipients=recipients or [*([recipient] if recipient is not None else []), *known.recipients],
        more=bool(recipients or known.recipients) and action is Action.REJECT,
        reply=reply,
        text=text,
        scored=scored,
        user=fields.user if fields.values.keys().isdisjoint(_FREE_WORDS) else None,
        message_id=known.message_id,
        subject=known.subject,
        header_from=known.header_from,
    )


class _Record:
    """What the lines behind a refusal say: envelope and headers of the message."""

    def __init__(self) -> None:
        self.recipients: list[str] = []
        self.message_id: str | None = None
        self.subject: str | None = None
        self.header_from: str | None = None


def _record(headers: str) -> _Record:
    """Read the lines behind a refusal; a folded header goes on behind a tab or blanks."""
    record = _Record()
    if not headers:
        return record
    entries: list[str] = []
    for line in headers.split("\n"):
        if _HEADER.match(line) or _ENVELOPE.match(line) or not entries:
            entries.append(line)
        else:
            entries[-1] += "\n" + line
    for entry in entries:
        envelope = _ENVELOPE.match(entry)
        if envelope is not None:
            if envelope[1] == "to":
                record.recipients = [normalise(plain(r)) for r in _paths(envelope[2])]
            continue
        header = _HEADER.match(entry)
        if header is None:
            continue
        name, value = header[1].lower(), " ".join(header[2].split())
        if name == "message-id":
            record.message_id = record.message_id or message_id(value)
        elif name == "subject":
            record.subject = record.subject or header_text(value)
        elif name == "from":
            record.header_from = record.header_from or header_address(value)
    return record


def _paths(text: str) -> list[str]:
    """The addresses of a record, each in brackets on a line of its own."""
    found: list[str] = []
    at = text.find("<")
    while at >= 0 and len(found) < _MOST_RECIPIENTS:
        raw, end = parse_path(text, at)
        if text[end - 1] == ">":
            found.append(raw)
        at = text.find("<", end)
    return list(dict.fromkeys(found))
