"""What a line says, in words: one plain sentence for each fact, without the addresses of other recipients.

Written into the document beside the raw line, for callers who may not see the line because it names somebody else.
"""

from __future__ import annotations

from ingest.events import (
    Administered,
    Attempted,
    Connected,
    Expired,
    Fact,
    Identified,
    Infected,
    Inspected,
    Noticed,
    Passed,
    Queued,
    Received,
    Release,
    Removed,
    Reply,
    Ruled,
    Scanned,
    Screened,
    Signed,
)

_STATUS = {
    "sent": "Delivered to {relay}",
    "deferred": "Delivery to {relay} put off",
    "bounced": "Delivery to {relay} failed for good",
    "expired": "Delivery to {relay} given up",
    "deliverable": "Address probe: deliverable",
    "undeliverable": "Address probe: not deliverable",
}
_RULES = {
    "reject": "Refused",
    "hold": "Put on hold",
    "discard": "Thrown away by a rule",
    "redirect": "Sent elsewhere by a rule",
    "bcc": "A rule sent a copy",
    "warn": "A rule gave a warning",
    "info": "Header logged",
    "filter": "Sent through another filter by a rule",
    "accept": "The filter before the queue accepted it",
}
_ADMIN = {"hold": "put it on hold", "release": "released it from hold", "requeue": "put it back into the queue", "expire": "had it expire"}
_NOTICES = {"non-delivery": "A notice of non-delivery", "delay": "A notice of delay", "success": "A notice of delivery"}
_SESSION = {"tls": "Encrypted connection", "lost": "The session broke off"}


def names_of(fact: Fact) -> tuple[list[str], bool]:
    """The recipients that the line names, and whether it counts others that it does not name."""
    match fact:
        case Attempted():
            return ([fact.recipient] if fact.original is None else [fact.recipient, fact.original]), False
        case Ruled():
            return [a for a in (fact.recipient, fact.target) if a], False
        case Scanned() | Inspected() | Passed() | Release():
            return list(fact.recipients), False
        case Queued():
            return [], fact.count > 1
        case _:
            return [], False


def words_of(fact: Fact) -> str:
    """One sentence for a fact."""
    match fact:
        case Received():
            return _received(fact)
        case Identified():
            return f"Message-ID of the resending: {fact.message_id}" if fact.resent else f"Message-ID: {fact.message_id or '(none)'}"
        case Ruled():
            return _ruled(fact)
        case Queued():
            return f"Queued: {fact.size} bytes, {fact.count} recipient{'s' if fact.count > 1 else ''}"
        case Attempted():
            return _attempted(fact)
        case Expired():
            return "Too long in the queue: given up, returned to the sender"
        case Removed():
            return "An administrator deleted it from the queue" if fact.by_admin else "Done: removed from the queue"
        case Administered():
            return f"An administrator {_ADMIN.get(fact.action, fact.action)}"
        case Noticed():
            return f"{_NOTICES.get(fact.what, 'A notice')} goes to the {fact.to} as {fact.notice_id}"
        case Connected():
            return _SESSION.get(fact.step, fact.step) + (f": {fact.detail}" if fact.detail else "")
        case Screened():
            return f"Before the dialogue: {fact.detail or fact.what}"
        case Signed():
            return fact.what
        case _:
            return _filtered(fact)


def _filtered(fact: Fact) -> str:
    """One sentence for a fact of a filter or scanner."""
    match fact:
        case Scanned():
            what = "passed" if fact.passed else "blocked"
            detail = f" ({fact.detail})" if fact.detail else ""
            score = f", score {fact.score:g}" if fact.score is not None else ""
            kept = f", kept as {fact.quarantine_ids[0]}" if fact.quarantine_ids else ""
            return f"The filter {what} it as {fact.category}{detail}{score}{kept}"
        case Inspected():
            return "The filter looks at it"
        case Passed():
            how = {
                "forward": "The filter passed it on",
                "notice": "The filter sent a notice",
                "release": "The released message was passed on",
            }[fact.how]
            return how + (f" as {fact.next_id}" if fact.next_id else "") + _said(fact.reply)
        case Release():
            return "An operator released it from quarantine"
        case Infected():
            return f"The virus scanner found {fact.virus}"
        case _:
            return type(fact).__name__


def _received(fact: Received) -> str:
    """How a queue file began."""
    if fact.requeued_from:
        return f"Put back into the queue, before: {fact.requeued_from}"
    if fact.uid is not None:
        return f"Submitted on this host by user id {fact.uid}"
    where = f"{fact.client_name or 'unknown'} [{fact.client_ip or 'unknown'}]"
    user = f", logged in as {fact.user}" if fact.user else ""
    return f"Received from {where}{user}"


def _ruled(fact: Ruled) -> str:
    """What a rule decided."""
    what = _RULES.get(fact.action, fact.action)
    where = f" at {fact.stage}" if fact.stage else ""
    said = _said(fact.reply) if fact.reply is not None else f": {fact.text}" if fact.text and fact.source != "screen" else ""
    return f"{what}{where}{said}"


def _attempted(fact: Attempted) -> str:
    """What came of a delivery."""
    relay = fact.relay or "the next server"
    return _STATUS.get(fact.status, f"Delivery to {{relay}}: {fact.status}").format(relay=relay) + _said(fact.reply)


def _said(reply: Reply) -> str:
    """A reply as it follows a sentence."""
    codes = " ".join(str(c) for c in (reply.code, reply.enhanced) if c is not None)
    said = " ".join(p for p in (codes, reply.text) if p)
    return f": {said}" if said else ""
