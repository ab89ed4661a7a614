"""The queue: cleanup, qmgr, pickup, bounce, postsuper."""

from __future__ import annotations

import re

from ingest.formats.headers import header_address, header_text
from ingest.formats.made_ids import identified
from ingest.formats.outcome import IGNORED, UNKNOWN, Outcome
from ingest.formats.postfix.delivery import attempt_of
from ingest.formats.postfix.parts import COUNTED, SEVERITIES, client_at, path_at, split_id, tail_of, tails_behind
from ingest.framing.line import Line
from ingest.queue_ids import POSTFIX_ID
from mappings.address import message_id, normalise
from mappings.codes import split_reply
from mappings.facts import Administered, Expired, Fact, Identified, Noticed, Queued, Received, Removed, Reply, Ruled
from mappings.log_words import Action, Decider, Handling, Notice, Stage

_ACTION = re.compile(r"([a-z_-]+): ((?:nested-|mime-)?header|body|milter-header|[A-Z][A-Z-]*) ")
_WARNED = re.compile(rf"warning: ({POSTFIX_ID}|NOQUEUE): (message rejected: hopcount exceeded|queue file size limit exceeded)")
#: A table could not be asked; the address may be the sender's or a recipient's, as some tables' names tell.
#: Older releases do not say what follows, and so not where the address ends.
_NO_TABLE = re.compile(
    rf"(?:warning: )?({POSTFIX_ID}): ((\S{{1,128}}) (?:map )?lookup problem (?:for (.*) -- message not .*|for .*|-- message not .*))",
    re.DOTALL,
)
_OF_SENDERS, _OF_RECIPIENTS = "sender_", ("virtual_", "recipient_")
#: The message is no MIME, where that is asked of it (`strict_mime_encoding_domain` and its kin).
_NO_MIME = re.compile(r"reject: mime-error (?=[a-z])")
_ACTIVE = r", size=(?P<size>[0-9]{1,18}), nrcpt=(?P<count>[0-9]{1,9}) \(queue active"
_QUEUED = re.compile(_ACTIVE)
_UID = re.compile(rf"uid=(\d{{1,10}}) from=(?:<(.*?)>(?= orig_id=|{COUNTED}$)|(\S*))(?: orig_id=({POSTFIX_ID}))?{COUNTED}$", re.DOTALL)
REMOVED: str = rf"(?P<queue_id>{POSTFIX_ID}): removed{COUNTED}"
QUEUED: str = rf"(?P<queue_id>{POSTFIX_ID}): from=<(?P<sender>[^<>\"\s]*)>{_ACTIVE}\){COUNTED}"
IDENTIFIED: str = rf"(?P<queue_id>{POSTFIX_ID}): (?P<resent>resent-)?message-id=<(?P<name>[^<>\s#]*)>"
NOTICED: str = (
    rf"(?P<queue_id>{POSTFIX_ID}): (?P<to>sender|postmaster) (?P<what>non-delivery|delay|delivery status) notification: "
    rf"(?P<notice_id>{POSTFIX_ID}){COUNTED}"
)
_NOTICES = {"non-delivery": Notice.NON_DELIVERY, "delay": Notice.DELAY, "delivery status": Notice.SUCCESS}
_NO_NOTICE = ("not sending trace/success notification", "no trace file -- not sending a notification")
_DONE_TO = re.compile(rf"([a-z ]{{1,64}}){COUNTED}$")
_POSTSUPER = {
    "requeued": Handling.REQUEUE,
    "released from hold": Handling.RELEASE,
    "placed on hold": Handling.HOLD,
    "expired": Handling.EXPIRE,
    "expired and released from hold": Handling.EXPIRE,
}
#: Basic codes that cleanup does not log and always gives: held in every capture with the client's view beside the log.
_TOO_MANY_HOPS = Reply(554, "5.4.0", "Error: too many hops", inferred=True)
_TOO_BIG = Reply(552, "5.3.4", "Error: message file too big", inferred=True)
_WRITE_ERROR = Reply(451, "4.3.0", "Error: queue file write error", inferred=True)
#: `CLEANUP_STAT_CONT` in cleanup_strerror.c.
_NOT_MIME = Reply(550, "5.7.1", "Error: content rejected", inferred=True)
_GONE = re.compile(r"removed \((?:canceled|discarded)\)")


def queued(queue_id: str, sender: str, size: str, count: str) -> Queued:
    """The message is complete, and its deliveries begin."""
    return Queued(queue_id, normalise(sender), int(size), int(count))


def message_named(queue_id: str, resent: str | None, name: str) -> Identified:
    """Its Message-ID, between brackets and without blanks."""
    return identified(queue_id, name, resent=resent is not None)


def noticed(queue_id: str, to: str, what: str, notice_id: str) -> Noticed:
    """A notice about it: the only link between the two."""
    return Noticed(queue_id, notice_id, _NOTICES[what], to)


def refused_late(text: str) -> Fact | None:
    """A message refused after its data by a `warning:` line of smtpd or cleanup; None for every other warning."""
    match = _NO_TABLE.match(text)
    if match is not None:
        queue_id, text, table, address = match.groups()
        return Ruled(
            queue_id=queue_id,
            action=Action.REJECT,
            stage=Stage.END_OF_MESSAGE,
            sender=normalise(address) if address and table.startswith(_OF_SENDERS) else None,
            recipients=[normalise(address)] if address and table.startswith(_OF_RECIPIENTS) else [],
            reply=_WRITE_ERROR,
            text=text,
        )
    match = _WARNED.match(text)
    if match is None:
        return None
    queue_id = None if match[1] == "NOQUEUE" else match[1]
    if match[2].startswith("message"):
        return Ruled(
            queue_id=queue_id, action=Action.REJECT, stage=Stage.END_OF_MESSAGE, source=Decider.HOPS, reply=_TOO_MANY_HOPS, text=match[2]
        )
    return Ruled(queue_id=queue_id, action=Action.REJECT, stage=Stage.END_OF_MESSAGE, source=Decider.SIZE, reply=_TOO_BIG, text=match[2])


def cleanup(line: Line) -> Outcome:
    """Message-IDs, header and body checks, milters' decisions after the data."""
    text = line.text
    split = split_id(text)
    if split is None:
        return refused_late(text) or (IGNORED if text.startswith(SEVERITIES) else UNKNOWN)
    queue_id, rest = split
    if rest.startswith("message-id=") and queue_id:
        return identified(queue_id, message_id(rest[11:]))
    if rest.startswith("resent-message-id=") and queue_id:
        return identified(queue_id, message_id(rest[18:]), resent=True)
    if rest.startswith("to=") and queue_id:
        return attempt_of(queue_id, rest, "cleanup")
    if _NO_MIME.match(rest) is not None:
        return _no_mime(queue_id, rest)
    if _GONE.match(rest) is not None:
        # What was refused or thrown away is said by another line.
        return IGNORED
    return refused_late(text) or _checked(queue_id, rest)


def _no_mime(queue_id: str | None, rest: str) -> Outcome:
    """`reject: mime-error TEXT: CONTENT from CLIENT; from=<> to=<>`: of the recipients the last one is named."""
    start = rest.index("mime-error ") + len("mime-error ")
    found = tails_behind(rest, start)
    if not found:
        return UNKNOWN
    at, tail = found[-1]
    client = client_at(rest, at + 6) if len(found) == 1 else None
    return Ruled(
        queue_id=queue_id,
        action=Action.REJECT,
        stage=Stage.END_OF_MESSAGE,
        source=Decider.BODY,
        client_name=client.name if client else None,
        client_ip=client.ip if client else None,
        sender=tail.sender if client else None,
        recipients=tail.recipients if client and tail.recipient != "unknown" else [],
        reply=_NOT_MIME,
        text=rest[start:at].partition(": ")[0],
    )


def _checked(queue_id: str | None, rest: str) -> Outcome:
    """`ACTION: header NAME: VALUE from CLIENT; from=<> to=<>...: TEXT`, or a milter's decision."""
    match = _ACTION.match(rest)
    if match is None:
        return UNKNOWN
    word, stage = match[1], match[2]
    if word.startswith("milter-header-"):
        # A header that a milter added met a rule (milter_header_checks).
        word = word.removeprefix("milter-header-")
    elif word.startswith("milter-"):
        return milter_decision(queue_id, word, stage, rest, match.end())
    action = Action.WARN if word == "warning" else Action(word)
    decider = Decider.BODY if stage == "body" else Decider.HEADER
    if action is Action.HOLD and rest.startswith("Received:", match.end()):
        # Each message has it, and servers write it: a rule about how it came, or the way in which a filter takes all mail out of the queue.
        decider = Decider.ACCESS
    found = tails_behind(rest, match.end())
    if not found and (not queue_id or " from " not in rest):
        return UNKNOWN
    if len(found) != 1:
        # Somebody wrote a tail into the header, or it is longer than Postfix logs: that the rule met is known, and of whom only the
        # queue id tells.
        reply = Reply(550, "5.7.1", inferred=True) if action is Action.REJECT else None
        return Ruled(queue_id, action, Stage(stage), decider, reply=reply)
    at, tail = found[0]
    client = client_at(rest, at + 6)
    met = rest[match.end() : at]
    said = tail.text or ""
    name, _, value = met.partition(":") if stage.endswith("header") else ("", "", "")
    value = value.strip()
    reply = None
    if action is Action.REJECT:
        code, enhanced, words = split_reply(said)
        reply = Reply(code or 550, enhanced or "5.7.1", words or said, inferred=code is None)
    return Ruled(
        queue_id=queue_id,
        action=action,
        stage=Stage(stage),
        source=decider,
        client_name=client.name if client else None,
        client_ip=client.ip if client else None,
        helo=tail.helo,
        sender=tail.sender,
        recipients=tail.recipients,
        reply=reply,
        # What was met is kept where logging it is all that the rule does; elsewhere its name will do.
        text=said or (met if action is Action.INFO else name or "body"),
        target=normalise(said) if action in {Action.REDIRECT, Action.BCC} and "@" in said else None,
        subject=header_text(value) if name.lower() == "subject" else None,
        header_from=header_address(value) if name.lower() == "from" and stage == "header" else None,
    )


def milter_decision(queue_id: str | None, word: str, stage: str, rest: str, at: int) -> Outcome:
    """`milter-ACTION: STAGE from CLIENT: TEXT; from=<> to=<> ...`; the basic code is often missing and always the same."""
    client = client_at(rest, at + 5)
    start = (client.end if client else at) + 2
    tail = tail_of(rest, start)
    if tail is None or not rest.startswith("from ", at):
        return UNKNOWN
    said = rest[start : tail.start]
    action = Action(word.removeprefix("milter-"))
    reply = None
    if action is Action.REJECT:
        code, enhanced, words = split_reply(said)
        inferred = code is None
        if code is None:
            code = 451 if enhanced and enhanced.startswith("4") else 554
        reply = Reply(code, enhanced, words or said, inferred=inferred)
    return Ruled(
        queue_id=queue_id,
        action=action,
        stage=Stage(stage),
        source=Decider.MILTER,
        client_name=client.name if client else None,
        client_ip=client.ip if client else None,
        client_port=client.port if client else None,
        helo=tail.helo,
        sender=tail.sender,
        recipients=tail.recipients,
        reply=reply,
        text=said,
    )


def qmgr(line: Line) -> Outcome:
    """The queue manager: complete, expired, removed."""
    text = line.text
    split = split_id(text)
    if split is None:
        return IGNORED if text.startswith(SEVERITIES) else UNKNOWN
    queue_id, rest = split
    if queue_id is None:
        return UNKNOWN
    if rest.startswith("from="):
        sender, at = path_at(rest, 5, ", size=")
        match = _QUEUED.match(rest, at)
        if match is not None:
            return Queued(queue_id, sender, int(match[1]), int(match[2]))
        if rest.startswith((", status=expired", ", status=force-expired"), at):
            return Expired(queue_id, sender)
        return UNKNOWN
    if rest.startswith("to="):
        return attempt_of(queue_id, rest, "qmgr")
    return IGNORED if rest.startswith("skipped, still being delivered") else UNKNOWN


def pickup(line: Line) -> Outcome:
    """Local submission, or a queue file put back by `postsuper -r`."""
    split = split_id(line.text)
    if split is None:
        return IGNORED if line.text.startswith(SEVERITIES) else UNKNOWN
    queue_id, rest = split
    match = _UID.match(rest)
    if match is None or queue_id is None:
        return UNKNOWN
    # The sender is all that stands between: a user of the host wrote it.
    return Received(queue_id, uid=int(match[1]), sender=normalise(match[2] or match[3] or ""), requeued_from=match[4])


def bounce(line: Line) -> Outcome:
    """What the notices' daemons say beside their notices."""
    split = split_id(line.text)
    if split is None:
        return IGNORED if line.text.startswith(SEVERITIES) else UNKNOWN
    queue_id, rest = split
    return IGNORED if queue_id is not None and rest.startswith(_NO_NOTICE) else UNKNOWN


def postsuper(line: Line) -> Outcome:
    """What an administrator does to the queue."""
    split = split_id(line.text)
    if split is None:
        # `Deleted: 1 message` and the like count what the other lines name.
        return IGNORED
    queue_id, rest = split
    if queue_id is None:
        return UNKNOWN
    done = _DONE_TO.match(rest)
    word = done[1] if done is not None else ""
    if word == "removed":
        return Removed(queue_id, by_admin=True)
    action = _POSTSUPER.get(word)
    if action is None:
        return UNKNOWN
    return Administered(queue_id, action)
