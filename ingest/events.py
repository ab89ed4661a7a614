"""What a log line can say: a closed set of small typed facts, the same for every program.

Formats make them, correlation reads them, and a document keeps them (as kind and fields), so that a journey can be rebuilt
from its documents. Names of fields are the field's standard terms; `queue_id` is always the id that the line *bears*, every
other id is one that it *names*. Addresses and Message-IDs are normalised here, once.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Fact(msgspec.Struct, frozen=True, omit_defaults=True, gc=False, tag_field="kind"):
    """The common base of all facts."""


class Reply(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """An SMTP reply: basic code, enhanced status code (RFC 3463) and text; each may be missing in the log."""

    code: int | None = None
    enhanced: str | None = None
    text: str = ""
    #: The basic code is not logged, but always the same for this kind of line.
    inferred: bool = False


class Received(Fact, frozen=True, tag="received"):
    """A queue file begins: a client connected (`client=`) or a local process submitted it (`uid=`)."""

    queue_id: str | None
    client_name: str | None = None
    client_ip: str | None = None
    #: The user that logged in (`sasl_username=`).
    user: str | None = None
    #: The queue id before the filter, as XFORWARD passed it, and the client it had there.
    origin_queue_id: str | None = None
    origin_name: str | None = None
    origin_ip: str | None = None
    #: Submitted on the host by this user id.
    uid: int | None = None
    sender: str | None = None
    #: Queue file that an operator requeued into this one.
    requeued_from: str | None = None


class Identified(Fact, frozen=True, tag="identified"):
    """The message's Message-ID is known (`message-id=`), or that of its resending (`resent-message-id=`)."""

    queue_id: str
    message_id: str
    resent: bool = False


class Ruled(Fact, frozen=True, tag="ruled"):
    """A rule, a check or a filter decided something about a message in the dialogue: `action` says what.

    `stage` is where (`RCPT`, `DATA`, `END-OF-MESSAGE`, `header`, `body`, `queue`). With `queue_id` None the queue file did not
    exist yet. Of several recipients, only the last one is named at stages after RCPT.
    """

    queue_id: str | None
    #: reject, hold, discard, redirect, bcc, warn, info, filter, accept, delay ...
    action: str
    stage: str
    #: access, header, body, milter, proxy, size, hops, screen: who decided.
    source: str = "access"
    client_name: str | None = None
    client_ip: str | None = None
    client_port: int | None = None
    helo: str | None = None
    sender: str | None = None
    recipient: str | None = None
    reply: Reply | None = None
    #: What the rule says: its text, or the header that it met.
    text: str = ""
    #: Where it sends the mail instead (redirect), or as well (bcc).
    target: str | None = None
    subject: str | None = None
    header_from: str | None = None
    #: Ids in a proxied answer: the next queue file, the filter's log id.
    next_id: str | None = None
    log_id: str | None = None
    user: str | None = None


class Queued(Fact, frozen=True, tag="queued"):
    """The queue file is complete and active: sender, size in bytes, number of recipients."""

    queue_id: str
    sender: str
    size: int
    count: int


class Attempted(Fact, frozen=True, tag="attempted"):
    """One try to deliver to one recipient: whom, where to, what was answered."""

    queue_id: str
    recipient: str
    #: sent, deferred, bounced, expired, undeliverable, deliverable: the program's own word.
    status: str
    original: str | None = None
    relay: str | None = None
    relay_name: str | None = None
    relay_ip: str | None = None
    relay_port: int | None = None
    reply: Reply = Reply()
    #: remote, filter or local: whose reply it is.
    by: str = "local"
    delay: float | None = None
    delays: str | None = None
    #: Ids in the reply: the next queue file (`queued as`, `forwarded as`), the filter's log id (`id=`).
    next_id: str | None = None
    log_id: str | None = None
    #: Delivered locally into a new queue file (`forwarded as`).
    forwarded: bool = False
    #: Answered as a filter answers, wherever it listens.
    filtered: bool = False
    #: Thrown away on delivery (`/dev/null`, the discard service).
    discarded: bool = False


class Expired(Fact, frozen=True, tag="expired"):
    """Every recipient that is still deferred is given up."""

    queue_id: str
    sender: str | None = None


class Removed(Fact, frozen=True, tag="removed"):
    """The queue file is gone: done, or deleted by an administrator."""

    queue_id: str
    by_admin: bool = False


class Administered(Fact, frozen=True, tag="administered"):
    """An administrator did something to a queue file: `hold`, `release`, `requeue`, `expire`."""

    queue_id: str
    action: str


class Noticed(Fact, frozen=True, tag="noticed"):
    """A notice about a message was made as a new queue file: `non-delivery`, `delay` or `success`."""

    queue_id: str
    notice_id: str
    what: str
    #: To the sender or to the postmaster.
    to: str = "sender"


class Connected(Fact, frozen=True, tag="connected"):
    """A step of a session that bears no queue id: `connect`, `tls`, `lost`, `timeout`, `disconnect`."""

    step: str
    client_name: str | None = None
    client_ip: str | None = None
    detail: str | None = None


class Screened(Fact, frozen=True, tag="screened"):
    """What a screening daemon found about a connection before mail was named: `denylisted`, `dnsbl`, `pregreet` ..."""

    client_ip: str
    client_port: int
    what: str
    detail: str | None = None


class Signed(Fact, frozen=True, tag="signed"):
    """What a signature check or signer did with a message."""

    queue_id: str
    what: str


class Scanned(Fact, frozen=True, tag="scanned"):
    """A filter's result for some recipients of one scan."""

    mail_id: str | None
    log_id: str | None
    passed: bool
    category: str
    detail: str | None = None
    actions: list[str] = []
    client_ip: str | None = None
    client_port: int | None = None
    sender: str | None = None
    recipients: list[str] = []
    #: Where a kept message lies, several where it was kept several times.
    quarantine_ids: list[str] = []
    origin_queue_id: str | None = None
    message_id: str | None = None
    score: float | None = None
    size: int | None = None
    next_ids: list[str] = []
    subject: str | None = None
    header_from: str | None = None
    #: The record was cut before its end.
    cut: bool = False


class Inspected(Fact, frozen=True, tag="inspected"):
    """A scan began: who to whom, and the folder that the virus scanner's lines name."""

    log_id: str
    mail_id: str | None = None
    sender: str | None = None
    recipients: list[str] = []
    client_ip: str | None = None
    folder: str | None = None


class Passed(Fact, frozen=True, tag="passed"):
    """A filter gave a message on (`forward`), or sent one of its own (`notice`), or a released one (`release`)."""

    how: str
    #: The scan that it belongs to.
    mail_id: str
    log_id: str | None = None
    #: The new mail id of a notice or release.
    new_id: str | None = None
    sender: str | None = None
    recipients: list[str] = []
    next_id: str | None = None
    reply: Reply = Reply()


class Release(Fact, frozen=True, tag="release"):
    """An operator asked for a kept message: the scan that kept it, and the id of the release."""

    mail_id: str
    new_id: str
    sender: str | None = None
    recipients: list[str] = []


class Infected(Fact, frozen=True, tag="infected"):
    """A virus scanner found something in a folder of the filter."""

    folder: str
    virus: str


AnyFact = (
    Received
    | Identified
    | Ruled
    | Queued
    | Attempted
    | Expired
    | Removed
    | Administered
    | Noticed
    | Connected
    | Screened
    | Signed
    | Scanned
    | Inspected
    | Passed
    | Release
    | Infected
)

FACTS: dict[str, type[Fact]] = {t.__struct_config__.tag: t for t in AnyFact.__args__}


def fields_of(fact: Fact) -> dict[str, Any]:
    """The fields of a fact as plain values, for the document."""
    fields: dict[str, Any] = msgspec.to_builtins(fact)
    del fields["kind"]
    return fields


def fact_of(kind: str, fields: dict[str, Any]) -> Fact:
    """The fact that a document keeps; raises `msgspec.ValidationError` where it does not fit, `KeyError` for a kind not known."""
    return msgspec.convert(fields, FACTS[kind])
