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
    #: What it answers, where the line says so: `CONNECT`, `HELO`, `MAIL`, `RCPT`, `DATA`, `END-OF-MESSAGE`.
    stage: str | None = None


class Received(Fact, frozen=True, tag="received"):
    """A queue file begins: a client connected (`client=`) or a local process submitted it (`uid=`).

    Exim says so in one line (`<=`) when the message is complete: then `size` is set, and with it all that it knows by then.
    """

    queue_id: str | None
    client_name: str | None = None
    client_ip: str | None = None
    #: The user that logged in (`sasl_username=`).
    user: str | None = None
    #: The queue id before the filter, as XFORWARD passed it, and the client it had there.
    origin_queue_id: str | None = None
    origin_name: str | None = None
    origin_ip: str | None = None
    #: Submitted on the host by this user id, or by the user of this name.
    uid: int | None = None
    login: str | None = None
    sender: str | None = None
    #: Queue file that an operator requeued into this one.
    requeued_from: str | None = None
    client_port: int | None = None
    helo: str | None = None
    message_id: str | None = None
    #: Bytes, of a message that is complete.
    size: int | None = None
    subject: str | None = None
    #: The recipients that the client named, where the line lists them.
    recipients: list[str] = []
    tls: str | None = None
    #: Queue file of the message that this one was made for: a notice, an automatic answer.
    made_for: str | None = None

    @property
    def submitted(self) -> bool:
        """Whether a user of the host handed it in, not another server."""
        return self.uid is not None or self.login is not None


class Identified(Fact, frozen=True, tag="identified"):
    """The message's Message-ID is known (`message-id=`), or that of its resending (`resent-message-id=`)."""

    queue_id: str
    message_id: str
    resent: bool = False


class Ruled(Fact, frozen=True, tag="ruled"):
    """A rule, a check or a filter decided something about a message in the dialogue: `action` says what.

    `stage` is where (`RCPT`, `DATA`, `END-OF-MESSAGE`, `header`, `body`, `queue`). With `queue_id` None the queue file did not
    exist yet. Of several recipients, some programs name only the last one at stages after RCPT (`recipient`), others all
    (`recipients`).
    """

    queue_id: str | None
    #: reject, hold, discard, redirect, bcc, warn, info, filter, accept, delay ...
    action: str
    stage: str
    #: access, acl, header, body, milter, proxy, size, hops, screen: who decided.
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
    recipients: list[str] = []
    message_id: str | None = None

    @property
    def of_one(self) -> bool:
        """Whether it decided of one recipient only: Exim's ACL drops a recipient, Postfix' access rule the whole message."""
        if self.action == "discard":
            return self.stage == "RCPT" and self.source == "acl" and self.recipient is not None
        return self.action == "reject" and self.stage in {"RCPT", "PRDR"}


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
    #: The server's answer says that it put the message into a mailbox: whoever listens there is the end of the way.
    stored: bool = False
    #: An automatic answer was made: no delivery of the message.
    automatic: bool = False
    #: Thrown away on delivery (`/dev/null`, the discard service).
    discarded: bool = False
    #: Nothing was tried: it was not yet time for it, or our own cache answered.
    skipped: bool = False
    #: Delivered while the client waited for its answer (Exim's cut-through): each recipient for itself.
    cut_through: bool = False
    #: Which rules of the program's configuration took it: names that the administrator chose.
    router: str | None = None
    transport: str | None = None


class Expired(Fact, frozen=True, tag="expired"):
    """Every recipient that is still deferred is given up."""

    queue_id: str
    sender: str | None = None


class Removed(Fact, frozen=True, tag="removed"):
    """The queue file is gone: done, or deleted by an administrator."""

    queue_id: str
    by_admin: bool = False


class Administered(Fact, frozen=True, tag="administered"):
    """An administrator did something to a queue file: `hold`, `release`, `requeue`, `expire`, `give_up`."""

    queue_id: str
    action: str
    #: Who or what did it, where the line says so: a user, an ACL, a timer.
    by: str | None = None


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
    #: It looked at the message as a milter.
    milter: bool = False
    #: Recipients for whom it came off the other way, where one record tells all: it passed their copies.
    others: list[str] = []


class Symbol(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A test of a filter that met: its name, what it adds to the score, and what it met with."""

    name: str
    score: float | None = None
    options: list[str] = []


class Judged(Fact, frozen=True, tag="judged"):
    """A filter's result for a message that it looks at beside the queue (a milter, an ACL): what it says, the mail server does.

    It belongs to the queue file that it names, or, where it has no other key, to the message with its Message-ID.
    """

    #: The filter's name: rspamd, spamassassin.
    filter: str
    queue_id: str | None = None
    #: The filter's own short id of the task, which comes back.
    log_id: str | None = None
    message_id: str | None = None
    #: What it asks for, in its own word: `no action`, `add header`, `reject` ...; None where it only judges.
    action: str | None = None
    #: Whether it takes it for spam; None where it did not come to that.
    spam: bool | None = None
    score: float | None = None
    #: The score at which it asks for a refusal, or takes it for spam.
    required: float | None = None
    symbols: list[Symbol] = []
    #: The module or rule that forced the action whatever the score, and what it says.
    forced_by: str | None = None
    text: str | None = None
    sender: str | None = None
    recipients: list[str] = []
    #: There are more recipients than it lists.
    more: bool = False
    client_ip: str | None = None
    user: str | None = None
    size: int | None = None
    subject: str | None = None


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
    """A virus scanner found something: in a folder of the filter, or in a file that is named after the message."""

    folder: str | None
    virus: str
    queue_id: str | None = None


class Unread(Fact, frozen=True, tag="unread"):
    """A line that this program itself failed on: what it says is not known, only whose line it is where it begins with an id."""

    queue_id: str | None = None


class Nothing(Fact, frozen=True, tag="nothing"):
    """A line that says nothing of the message whose id it begins with: no event, and kept nowhere.

    It is given only where the same line may stand in a document as `Unread`, which it then takes back.
    """

    queue_id: str


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
    | Judged
    | Inspected
    | Passed
    | Release
    | Infected
    | Unread
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
