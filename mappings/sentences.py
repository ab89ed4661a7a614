"""What a line says, in words: one plain sentence for each fact, without the addresses of other recipients.

Shown beside the raw line, and instead of it to callers who may not see the line because it names somebody else.
"""

from __future__ import annotations

import re

from mappings.address import is_loopback
from mappings.facts import (
    Administered,
    Attempted,
    Connected,
    Expired,
    Fact,
    Filed,
    FilterSymbol,
    Hindered,
    Identified,
    Infected,
    Inspected,
    Judged,
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
    Unread,
)
from mappings.log_words import Action, Actor, Contact, Decider, Filing, Finding, Handling, Notice, Sending, Stage, Status
from mappings.vocabulary import FILTERS

#: What is said of a line that states what this release does not know: a newer one wrote it.
NOT_READ = "A line that this release of Mail Trace cannot read"
#: How the sentence of an attempt begins that was none.
NOT_TRIED = "Not tried"
#: What came of a hand-over: to another server, to a filter of ours, to an agent of this host.
_STATUS = {
    Status.SENT: ("Delivered to {}", "Handed to the filter {}", "Delivered by {}"),
    Status.DEFERRED: ("Delivery to {} put off", "Hand-over to the filter {} put off", "Delivery by {} put off"),
    Status.BOUNCED: ("Delivery to {} failed for good", "The filter {} refused it for good", "Delivery by {} failed for good"),
    Status.EXPIRED: ("Delivery to {} given up", "Hand-over to the filter {} given up", "Delivery by {} given up"),
    Status.DELIVERABLE: ("Address probe at {}: deliverable",) * 3,
    Status.UNDELIVERABLE: ("Address probe at {}: not deliverable",) * 3,
    Status.OTHER: (
        "Delivery to {}, with a result that is not known",
        "Hand-over to the filter {}, with a result that is not known",
        "Delivery by {}, with a result that is not known",
    ),
}
#: The same where nothing was handed to anybody.
_UNSENT = {
    Status.SENT: "Delivered",
    Status.DEFERRED: "Delivery put off",
    Status.BOUNCED: "Delivery failed for good",
    Status.EXPIRED: "Delivery given up",
}
_RULES = {
    Action.REJECT: "Refused",
    Action.HOLD: "Put on hold",
    Action.DISCARD: "Thrown away",
    Action.REDIRECT: "Sent elsewhere",
    Action.BCC: "A copy was sent",
    Action.WARN: "A warning",
    Action.FILTER: "Sent through another filter",
    Action.ACCEPT: "Accepted",
    Action.PREPEND: "A header was added",
    Action.DELAY: "Put off",
    Action.QUARANTINE: "Put into quarantine",
    Action.REWRITE: "The sender was rewritten",
    Action.ABORT: "Broken off",
    Action.OTHER: "A rule was applied",
}
_PLACES = {
    Stage.CONNECT: "at the connection",
    Stage.HELO: "at the greeting",
    Stage.EHLO: "at the greeting",
    Stage.MAIL: "at the sender",
    Stage.RCPT: "at the recipient",
    Stage.DATA: "before the data",
    Stage.END_OF_MESSAGE: "after the data",
    Stage.HEADER: "because of a header",
    Stage.MIME_HEADER: "because of a header of a part",
    Stage.NESTED_HEADER: "because of a header of an attached message",
    Stage.MILTER_HEADER: "because of a header",
    Stage.BODY: "because of the body",
}
_BY = {Decider.MILTER: "by a milter", Decider.PROXY: "by the filter before the queue", Decider.SCREEN: "before the dialogue"}
_QUEUE_FILTER = "by the filter"
_ADMIN = {
    Handling.HOLD: "Put on hold",
    Handling.RELEASE: "Released from hold",
    Handling.REQUEUE: "Put back into the queue",
    Handling.EXPIRE: "Made to expire",
    Handling.GIVE_UP: "Given up",
}
_NOTICES = {Notice.NON_DELIVERY: "A notice of non-delivery", Notice.DELAY: "A notice of delay", Notice.SUCCESS: "A notice of delivery"}
_SESSION = {
    Contact.CONNECT: "A session began",
    Contact.DISCONNECT: "The session ended",
    Contact.TLS: "Encrypted connection",
    Contact.LOST: "The session broke off",
    Contact.TIMEOUT: "The session timed out",
    Contact.LEFT: "The session ended without a message",
}
_FILED = {
    Filing.STORED: "Put into the mailbox",
    Filing.FAILED: "The mail store could not do it",
    Filing.DISCARDED: "Thrown away by a rule of the mailbox owner, unless another line says that it was kept",
    Filing.SENT_ON: "Sent on to another address by a rule of the mailbox owner",
    Filing.RETURNED: "Refused by the mail store, which tells the sender",
    Filing.ANSWERED: "A rule of the mailbox owner sent an automatic answer",
    Filing.RULES_FAILED: "The rules of the mailbox owner could not be followed",
    Filing.NOTED: "The mail store says",
    Filing.OTHER: "The mail store did something that this release does not know",
}
_SCREEN = {
    Finding.DENYLISTED: "The client is on the server's own deny list",
    Finding.DNSBL: "Lists of senders of spam name the client",
    Finding.LISTED: "A list of senders of spam names the client",
    Finding.LIST_ERROR: "A list answered the server with an error, which is no listing",
    Finding.PREGREET: "The client spoke before its turn",
    Finding.HANGUP: "The client hung up during the tests",
    Finding.BARE_NEWLINE: "The client ends lines in the wrong way",
    Finding.NON_SMTP_COMMAND: "The client sent what is no SMTP",
    Finding.COMMAND: "The client broke the rules of the dialogue",
}
_PASSED = {
    Sending.FORWARD: "The filter passed it on",
    Sending.NOTICE: "The filter sent a notice",
    Sending.RELEASE: "The released message was passed on",
}
_PASSED_NOT = {
    Sending.FORWARD: "The filter could not pass it on",
    Sending.NOTICE: "The filter could not send a notice",
    Sending.RELEASE: "The released message could not be passed on",
}
#: Findings that are about the sender, and no signature.
_CHECKS = ("DMARC: ", "SPF(", "ARC: ")
#: Addresses in what others wrote; the name of a mailbox may be quoted.
_ADDRESS = re.compile(r'(?:"[^"@<>]{1,64}"|(?<![^\s<>"@,;:()\[\]{}])[^\s<>"@,;:()\[\]{}]++)@[^\s<>"@,;:()\[\]{}]{1,255}')
_HIDDEN = "..."
#: A sentence is no place for more of what strangers wrote.
_LONGEST = 2000
#: And of a filter's tests no more than those that say why.
_MOST_TESTS = 3
#: A filter's reply that repeats the next server's.
_RELAYED = re.compile(r"from MTA\([^)]{0,200}\): (\d{3}(?: \d\.\d{1,3}\.\d{1,3})?) ")


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
        case Hindered():
            server = f" {_client(fact.server_name, fact.server_ip)}" if fact.server_ip else ""
            return f"The server{server} did not take it, another one is tried{_said(fact.reply, [])}"
        case Expired():
            return "Too long in the queue: given up, returned to the sender"
        case Removed():
            return "An administrator deleted it from the queue" if fact.by_admin else "Done: removed from the queue"
        case Administered():
            return _administered(fact)
        case Noticed():
            return f"{_NOTICES[fact.what]} goes to the {fact.to} as {fact.notice_id}"
        case Connected():
            return _connected(fact)
        case Screened():
            found = _SCREEN[fact.what]
            return found + (f": {_without_addresses(fact.detail)}" if fact.detail else "")
        case Unread():
            return "A line that Mail Trace failed to read"
        case Signed():
            return f"{'Checked' if fact.what.startswith(_CHECKS) else 'Signature'}: {_without_addresses(fact.what)}"
        case _:
            return _filtered(fact)


def _administered(fact: Administered) -> str:
    """What was done to a queue file, and by whom."""
    by = _without_addresses(fact.by) if fact.by else ""
    if fact.actor is Actor.PROGRAM:
        return f"{_ADMIN[fact.action]} by the mail server itself" + (f": {by}" if by else "")
    said = f": {_without_addresses(fact.text)}" if fact.text else ""
    return f"{_ADMIN[fact.action]} by {by or 'an administrator'}{said}"


def _filtered(fact: Fact) -> str:
    """One sentence for a fact of a filter or scanner."""
    match fact:
        case Scanned():
            return _scanned(fact)
        case Judged():
            return _judged(fact)
        case Inspected():
            return "The filter looks at it"
        case Passed():
            done = _PASSED if (fact.reply.code or 0) < 400 else _PASSED_NOT
            return done[fact.how] + (f" as {fact.next_id}" if fact.next_id else "") + _said(fact.reply, fact.recipients)
        case Release():
            return "An operator released it from quarantine"
        case Infected():
            return f"The virus scanner found {fact.virus or 'malware'}"
        case Filed():
            return _filed(fact)
        case _:
            return type(fact).__name__


def _scanned(fact: Scanned) -> str:
    """A filter's result; a quarantine may be somebody's mailbox."""
    what = "passed" if fact.passed else "blocked"
    detail = f" ({_without_addresses(fact.detail)})" if fact.detail else ""
    score = f", score {fact.score:g}{_highest(fact.symbols)}" if fact.score is not None else ""
    places = ["in a mailbox" if "@" in place else f"as {place}" for place in fact.quarantine_ids]
    kept = f", kept {', '.join(places)}" if places else ""
    return f"The filter {what} it as {fact.category}{detail}{score}{kept}"


def _highest(symbols: list[FilterSymbol]) -> str:
    """The tests that add most to a score."""
    adding = sorted((one for one in symbols if (one.score or 0) > 0), key=lambda one: -(one.score or 0))
    return f" (highest: {', '.join(f'{one.name} {one.score:g}' for one in adding[:_MOST_TESTS])})" if adding else ""


def _judged(fact: Judged) -> str:
    """The result of a filter beside the queue."""
    by = FILTERS.get(fact.filter, fact.filter)
    asked = (
        "looked at it, and its result cannot be told from the line"
        if fact.spam is None
        else "takes it for spam"
        if fact.spam
        else "takes it for clean"
    )
    if fact.action is not None:
        asked = f"asks for “{fact.action}”"
    score = f", score {fact.score:g}" if fact.score is not None else ""
    score += f" of {fact.required:g}" if score and fact.required is not None else ""
    forced = f", forced by {fact.forced_by}" if fact.forced_by else ""
    said = f": {_without_addresses(fact.text)}" if fact.text else ""
    return f"{by} {asked}{score}{forced}{said}"


def _filed(fact: Filed) -> str:
    """What a mail store did; a folder may be named after somebody."""
    folder = f", folder {_without_addresses(fact.folder)}" if fact.folder else ""
    said = f": {_without_addresses(fact.text, fact.people())}" if fact.text else ""
    return f"{_FILED[fact.what]}{folder}{said}"


def _received(fact: Received) -> str:
    """How a queue file began."""
    if fact.requeued_from:
        return f"Put back into the queue, before: {fact.requeued_from}"
    if fact.put_back_from:
        return f"Put back into the queue by the filter, before: {fact.put_back_from}"
    if fact.split_from:
        return f"Split off for some of the recipients, before: {fact.split_from}"
    if fact.uid is not None:
        return f"Submitted on this host by user id {fact.uid}"
    if fact.made_for:
        return f"About {fact.made_for} the mail server made a message of its own: {fact.queue_id}"
    if fact.login is not None:
        return f"Submitted on this host by {fact.login}"
    if fact.origin_queue_id:
        return f"Received back from the filter, before: {fact.origin_queue_id}"
    user = f", logged in as {fact.user}" if fact.user else ""
    return f"Received from {_client(fact.client_name, fact.client_ip)}{user}"


def _connected(fact: Connected) -> str:
    """A step of a session."""
    client = f" with {_client(fact.client_name, fact.client_ip)}" if fact.step is Contact.CONNECT else ""
    return _SESSION[fact.step] + client + (f": {fact.detail}" if fact.detail else "")


def _client(name: str | None, ip: str | None) -> str:
    """A client as a reader knows it."""
    return f"{name or 'unknown'} [{ip or 'unknown'}]"


def _ruled(fact: Ruled) -> str:
    """What a rule decided, who did, where; a header that was only logged is told as it is."""
    people = [a for a in (*fact.recipients[:1], fact.target) if a]
    # A subject is shown as it was meant, not in its encoding.
    text = _without_addresses(f"Subject: {fact.subject}" if fact.subject is not None and fact.action is Action.INFO else fact.text, people)
    if fact.action is Action.INFO:
        logged = (
            "Line of the body logged" if fact.stage is Stage.BODY else "Header logged" if "header" in fact.stage else "Logged by a rule"
        )
        return logged + (f": {text}" if text else "")
    by = _QUEUE_FILTER if fact.source is Decider.FILTER and fact.stage is Stage.QUEUE else "" if fact.own else _BY.get(fact.source, "")
    what = " ".join(p for p in (_RULES[fact.action], by, _place(fact)) if p)
    if fact.reply is not None:
        return what + _said(fact.reply, people)
    told = text and fact.action not in {Action.REDIRECT, Action.BCC}
    return what + (f": {text}" if told else "")


def _place(fact: Ruled) -> str:
    """Where in the dialogue or the message it was decided; postscreen and a filter before the queue answer at one place only."""
    if fact.source in {Decider.PROXY, Decider.SCREEN} or fact.stage in {Stage.NONE, Stage.OTHER, Stage.QUEUE}:
        return ""
    return _PLACES.get(fact.stage, f"at {fact.stage}")


def _attempted(fact: Attempted) -> str:
    """What came of a delivery."""
    people = [fact.recipient, *([fact.original] if fact.original else [])]
    if fact.skipped and fact.status is Status.EXPIRED:
        return "Given up without another try" + _said(fact.reply, people)
    if fact.skipped:
        return NOT_TRIED + _said(fact.reply, people)
    if fact.discarded:
        what = "Thrown away on delivery"
    elif fact.automatic:
        what = f"Automatic answer {'made' if fact.status is Status.SENT else 'not made'}"
    elif fact.forwarded:
        what = "Sent on to another address"
    else:
        what = _handed(fact)
    return what + _said(fact.reply, people)


def _handed(fact: Attempted) -> str:
    """To whom a message was handed, and whether it was taken."""
    if fact.relay is None and fact.status in _UNSENT:
        return _UNSENT[fact.status]
    known = _STATUS[fact.status]
    if fact.relay_ip is None:
        # An agent of this host has a name only, a server behind a socket its path too.
        agent = fact.relay is not None and "[" not in fact.relay
        # A command may be given the address that it is for.
        people = [a for a in (fact.recipient, fact.original) if a]
        relay, kind = _without_addresses(fact.relay or "the next server", people), 2 if agent else 0
    elif is_loopback(fact.relay_ip) and not fact.stored:
        # The filters of a mail server listen on its own loopback addresses, and so do mail stores: what is there tells by its answer.
        host = f"[{fact.relay_ip}]" if ":" in fact.relay_ip else fact.relay_ip
        filter_of_ours = fact.as_filters_answer or fact.next_id is not None
        relay, kind = f"{host}:{fact.relay_port}" if fact.relay_port else host, 1 if filter_of_ours else 0
    else:
        relay, kind = fact.relay or fact.relay_ip, 0
    return known[kind].format(relay)


def _said(reply: Reply, people: list[str]) -> str:
    """A reply as it follows a sentence, each code once."""
    codes = " ".join(str(c) for c in (reply.code, reply.enhanced) if c is not None)
    text = reply.text
    again = _RELAYED.match(text)
    if again is not None and again[1] in {codes, str(reply.code)}:
        text = text[again.end() :]
    said = " ".join(p for p in (codes, _without_addresses(text, people)) if p)
    return f": {said}" if said else ""


def _without_addresses(text: str, people: list[str] | None = None) -> str:
    """The text with every address in it hidden, first those of the people that the line is about, however they are written."""
    text = text if len(text) <= _LONGEST else text[:_LONGEST] + _HIDDEN
    if "@" not in text:
        return text
    lower = text.lower()
    for person in people or []:
        # Most replies name nobody: a pattern for each address would cost more than all else.
        if "@" in person and person.lower() in lower:
            text = re.sub(re.escape(person), _HIDDEN, text, flags=re.IGNORECASE)
    return _ADDRESS.sub(_HIDDEN, text)
