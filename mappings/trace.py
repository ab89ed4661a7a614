"""The trace: one document per message and recipient, and the events of its journey.

Times are integers: milliseconds (`_ms`) or microseconds (`_us`) since 1970-01-01 UTC. Addresses are normalised by
`mappings.address`. Names of the fields in a store or a query come from `mappings.fields`, nowhere else.
"""

from __future__ import annotations

from typing import Any

import msgspec

from mappings.authentication import AuthResult
from mappings.links import How
from mappings.vocabulary import Direction, Disposition, Reason, Verdict

#: Revision of what formats and correlation write. Raised when that changes, so that a re-read replaces older documents.
REVISION = 6
#: A version is `REVISION * VERSION_STEP + number of events`.
VERSION_STEP = 1 << 20
#: What only a whole trace has: lists leave it out.
JOURNEY = ("hops", "decided", "events")


class Event(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One log line (or record) of the journey, as the document keeps it: enough to report it and to rebuild the journey.

    `hash` is the event's identity: log domain, program, process, text and second, so the same line read from another file
    or with a finer stamp is the same event.
    """

    time_us: int
    #: False where the stamp has whole seconds only.
    fine: bool
    host: str
    #: The program without its instance or service: `smtpd`, `cleanup`, `amavis`.
    program: str
    pid: int
    #: Its number among the lines of the same program and process in the same second.
    number: int
    hash: str
    #: Which hop or scan of the journey it belongs to: a key as in `Trace.keys`.
    hop: str
    #: Kind of the fact that it states, with its fields (`mappings.facts`); what follows from them, such as a sentence, is not kept.
    kind: str
    fields: dict[str, Any]
    #: The line as it was read, and the file it was first read from; empty where raw lines are not kept.
    raw: str = ""
    file: str = ""


class Related(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A journey that has to do with this one: how (`Relation` words), and the key by which it is found."""

    how: str
    key: str


class HopLink(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A hop of the journey, in the order of the way, and what says that it follows an earlier one."""

    #: A key as in `Trace.keys` and `Event.hop`.
    id: str
    #: The hop before, how it is known (`mappings.links` has the sentence and how sure it is), and the line that says so, by its hash.
    follows: str | None = None
    how: How | None = None
    line: str | None = None
    #: The id by which that line names the other hop.
    named: str | None = None
    #: Hops that are this one under another id: a filter's first lines have no mail id yet.
    same: list[str] = []


class Trace(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What happened to one message for one recipient."""

    id: str
    version: int
    log_domain: str
    time_ms: int
    last_event_ms: int
    host: str = ""
    client_name: str | None = None
    client_ip: str | None = None
    client_helo: str | None = None
    authenticated_as: str | None = None
    tls: str | None = None
    #: Envelope sender; "" is the null sender, None is not known.
    sender: str | None = None
    sender_domain: str | None = None
    header_from: str | None = None
    header_from_domain: str | None = None
    recipient: str | None = None
    recipient_domain: str | None = None
    original_recipient: str | None = None
    original_recipient_domain: str | None = None
    disposition: Disposition = Disposition.UNKNOWN
    verdict: Verdict = Verdict.NOT_SCANNED
    reason: Reason | None = None
    #: The filter's or server's own detail: virus name, forbidden file, rule text.
    detail: str | None = None
    #: The filter's own words, such as `Blocked INFECTED {DiscardedInbound,Quarantined}`.
    vendor: str | None = None
    quarantine_id: str | None = None
    #: True where the sender was told by a notice that it was not delivered.
    sender_notified: bool = False
    reply_code: int | None = None
    enhanced_code: str | None = None
    reply_text: str | None = None
    #: Whose reply decided: `remote`, `filter` or `local`.
    reply_by: str | None = None
    reply_inferred: bool = False
    message_id: str | None = None
    subject: str | None = None
    size: int | None = None
    score: float | None = None
    #: The score at which the filter refuses it, or takes it for spam.
    required_score: float | None = None
    queue_ids: list[str] = []
    direction: Direction = Direction.UNKNOWN
    direction_inferred: bool = False
    #: The server, pipe or agent that took or refused it last: `mx.example.net[192.0.2.1]:25`.
    relay: str | None = None
    #: Host name and address of the relay apart, for search; None where it is not a server.
    relay_host: str | None = None
    relay_ip: str | None = None
    attempts: int = 0
    incomplete: bool = False
    #: The domains whose tenants may see the trace.
    visible_to: list[str] = []
    #: Every id that the lines name, as `kind:value` (see `mappings.keys`): how the journey is found again.
    keys: list[str] = []
    related: list[Related] = []
    superseded_by: list[str] = []
    #: The way of the message for this recipient; empty in documents of revisions before 4.
    hops: list[HopLink] = []
    #: Hash of the event whose reply or word is the fate; None where no single one is.
    decided: str | None = None
    #: What the next server called the message, by the reply that took it.
    next_ids: list[str] = []
    #: How the user logged in.
    login_method: str | None = None
    #: `tls` in its parts, and those of the connection to the next server.
    tls_version: str | None = None
    tls_cipher: str | None = None
    relay_tls_version: str | None = None
    relay_tls_cipher: str | None = None
    #: Seconds, as the program says them that tried last: since it had the message, and of it until the message was in its queue, until it
    #: was its turn, for connecting, and for handing over.
    delay: float | None = None
    delay_before_queue: float | None = None
    delay_in_queue: float | None = None
    delay_connection: float | None = None
    delay_transmission: float | None = None
    #: The first and the last delivery that was tried.
    first_try_ms: int | None = None
    last_try_ms: int | None = None
    #: The filter's tests that met, and what each adds to the score.
    symbols: list[str] = []
    symbol_scores: list[float | None] = []
    #: What came of authenticating it, and for which domain.
    spf: AuthResult | None = None
    spf_domain: str | None = None
    dkim: AuthResult | None = None
    dkim_domain: str | None = None
    dmarc: AuthResult | None = None
    dmarc_domain: str | None = None
    arc: AuthResult | None = None
    #: Name and types of a part that is forbidden.
    file: str | None = None
    file_types: list[str] = []
    #: Where a mail store put it: whose mailbox, and the folder in it.
    mailbox: str | None = None
    folder: str | None = None
    #: `reply_text` without what differs from message to message: what one counts.
    reply_shape: str | None = None
    ingested_ms: int = 0
    events: list[Event] = []
