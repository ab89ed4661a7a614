"""The one table of fields: name, name in the store, kind, the short words people type, one sentence.

Schema, index template, query names, command-line options and the docs derive from it. `name` is the attribute of
`mappings.trace.Trace`; `store` is the name in Elasticsearch and Kibana: ECS where ECS defines the thing, `mailtrace.*` for
everything SMTP, which ECS places outside `email.*`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a field is stored and compared."""

    #: Exact, as written.
    KEYWORD = "keyword"
    #: Exact, compared without case.
    FOLDED = "folded"
    #: A mail address: local part compared without case, domain normalised.
    ADDRESS = "address"
    #: A domain: lower case, Unicode form; a search takes its subdomains only with a wildcard.
    DOMAIN = "domain"
    IP = "ip"
    TIME = "time"
    INTEGER = "integer"
    FLOAT = "float"
    FLAG = "flag"
    #: Words in it are searched.
    TEXT = "text"
    #: One of a closed list of `mappings.vocabulary`.
    WORD = "word"
    #: Stored and given back, never searched.
    STORED = "stored"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the trace."""

    name: str
    store: str
    kind: Kind
    sentence: str
    aliases: tuple[str, ...] = ()
    #: True where the field has several values.
    many: bool = False
    #: What ECS calls it: names under which Kibana finds it too, which cost no bytes.
    ecs: tuple[str, ...] = ()


FIELDS: tuple[Field, ...] = (
    Field("id", "id", Kind.KEYWORD, "Id of the trace; sorts in time."),
    Field("version", "mailtrace.version", Kind.STORED, "Document revision and number of events; the higher one is kept."),
    Field("log_domain", "mailtrace.log_domain", Kind.KEYWORD, "The scope of queue ids: the host that the lines name, or as set."),
    Field("time_ms", "@timestamp", Kind.TIME, "When the message was first seen.", ("time",), ecs=("event.start",)),
    Field("last_event_ms", "event.end", Kind.TIME, "When its last line was written.", ("last_event",)),
    Field("host", "host.name", Kind.FOLDED, "The host where the first hop was logged.", ("host",)),
    Field("client_name", "source.domain", Kind.FOLDED, "Name of the server that sent the message to us.", ("client", "sending_server")),
    Field("client_ip", "source.ip", Kind.IP, "Address of the server that sent the message to us.", ("ip", "client_ip")),
    Field("client_helo", "mailtrace.helo", Kind.FOLDED, "What that server called itself (HELO, EHLO).", ("helo",)),
    Field(
        "authenticated_as",
        "mailtrace.authenticated_as",
        Kind.FOLDED,
        "The user that logged in to send it.",
        ("user", "login"),
        ecs=("user.name",),
    ),
    Field("tls", "mailtrace.tls", Kind.KEYWORD, "Protocol and cipher of the incoming connection.", ("tls",)),
    Field(
        "sender",
        "mailtrace.sender",
        Kind.ADDRESS,
        "Envelope sender; the null sender is empty.",
        ("sender", "from"),
        ecs=("email.sender.address",),
    ),
    Field("sender_domain", "mailtrace.sender_domain", Kind.DOMAIN, "Domain of the envelope sender.", ("sender_domain",)),
    Field("header_from", "email.from.address", Kind.ADDRESS, "Address of the From header, where it is logged.", ("header_from",)),
    Field("header_from_domain", "email.from.domain", Kind.DOMAIN, "Domain of the From header.", ()),
    Field("recipient", "mailtrace.recipient", Kind.ADDRESS, "Final envelope recipient.", ("recipient", "to"), ecs=("email.to.address",)),
    Field("recipient_domain", "mailtrace.recipient_domain", Kind.DOMAIN, "Domain of the final recipient.", ("recipient_domain",)),
    Field(
        "original_recipient",
        "mailtrace.original_recipient",
        Kind.ADDRESS,
        "The recipient as the client named it, where it was changed.",
        ("original_recipient", "orig_to"),
    ),
    Field("original_recipient_domain", "mailtrace.original_recipient_domain", Kind.DOMAIN, "Domain of the original recipient.", ()),
    Field("disposition", "mailtrace.disposition", Kind.WORD, "What became of this recipient's copy.", ("disposition", "status")),
    Field("verdict", "mailtrace.verdict", Kind.WORD, "What the filter thought.", ("verdict",)),
    Field("reason", "mailtrace.reason", Kind.WORD, "Why it is not delivered.", ("reason",)),
    Field("detail", "mailtrace.detail", Kind.FOLDED, "Virus name, forbidden file, rule text.", ("detail", "virus")),
    Field("vendor", "mailtrace.vendor", Kind.KEYWORD, "The filter's own words.", ("vendor",)),
    Field(
        "quarantine_id",
        "mailtrace.quarantine_id",
        Kind.KEYWORD,
        "The id by which a kept message is found and released.",
        ("quarantine_id", "qid"),
    ),
    Field("sender_notified", "mailtrace.sender_notified", Kind.FLAG, "The sender was told by a notice.", ("sender_notified",)),
    Field(
        "reply_code",
        "mailtrace.reply_code",
        Kind.INTEGER,
        "Basic code of the reply that decided.",
        ("code", "reply_code"),
        ecs=("error.code",),
    ),
    Field(
        "enhanced_code",
        "mailtrace.enhanced_code",
        Kind.KEYWORD,
        "Enhanced status code of that reply.",
        ("enhanced", "enhanced_code", "dsn"),
    ),
    Field("reply_text", "mailtrace.reply_text", Kind.TEXT, "Text of that reply.", ("reply", "reply_text")),
    Field("reply_by", "mailtrace.reply_by", Kind.KEYWORD, "Whose reply it is: remote, filter or local.", ("reply_by",)),
    Field("reply_inferred", "mailtrace.reply_inferred", Kind.FLAG, "The basic code is not logged, but always the same.", ()),
    Field("message_id", "email.message_id", Kind.KEYWORD, "Message-ID header without its brackets.", ("message_id", "msgid")),
    Field("subject", "email.subject", Kind.TEXT, "Subject header, where it is logged and kept.", ("subject",)),
    Field("size", "mailtrace.size", Kind.INTEGER, "Size in bytes.", ("size",)),
    Field("score", "mailtrace.score", Kind.FLOAT, "The filter's score.", ("score",)),
    Field(
        "required_score", "mailtrace.required_score", Kind.FLOAT, "The score at which the filter stops it or calls it spam.", ("required",)
    ),
    Field(
        "queue_ids",
        "mailtrace.queue_ids",
        Kind.KEYWORD,
        "Queue ids in the order of the hops.",
        ("queue_id",),
        many=True,
        ecs=("email.local_id",),
    ),
    Field(
        "direction",
        "mailtrace.direction",
        Kind.WORD,
        "Which way it went, seen from the own domains.",
        ("direction",),
        ecs=("email.direction",),
    ),
    Field("direction_inferred", "mailtrace.direction_inferred", Kind.FLAG, "The direction was inferred, not set.", ()),
    Field("relay", "mailtrace.relay", Kind.STORED, "The server, pipe or agent that took or refused it last."),
    Field("relay_host", "destination.domain", Kind.FOLDED, "Host name of that server.", ("relay", "next_hop")),
    Field("relay_ip", "destination.ip", Kind.IP, "Address of that server.", ("relay_ip",)),
    Field("attempts", "mailtrace.attempts", Kind.INTEGER, "Deliveries that were tried.", ("attempts",)),
    Field("incomplete", "mailtrace.incomplete", Kind.FLAG, "Some of its lines were not seen.", ("incomplete",)),
    Field("visible_to", "mailtrace.visible_to", Kind.DOMAIN, "Domains whose tenants may see it.", (), many=True),
    Field("keys", "mailtrace.keys", Kind.KEYWORD, "Every id that its lines name.", (), many=True),
    Field("related", "mailtrace.related", Kind.STORED, "Journeys that have to do with it.", (), many=True),
    Field("superseded_by", "mailtrace.superseded_by", Kind.KEYWORD, "The documents that replaced it.", (), many=True),
    Field("hops", "mailtrace.hops", Kind.STORED, "The hops of its way, and how each is known to follow another.", (), many=True),
    Field("decided", "mailtrace.decided", Kind.STORED, "The line that decided, by its hash."),
    Field("next_ids", "mailtrace.next_ids", Kind.STORED, "What the next server called it.", (), many=True),
    Field("login_method", "mailtrace.login_method", Kind.FOLDED, "How the user logged in.", ("login_method",)),
    Field(
        "tls_version", "mailtrace.tls_version", Kind.KEYWORD, "Protocol of the incoming connection.", ("tls_version",), ecs=("tls.version",)
    ),
    Field("tls_cipher", "mailtrace.tls_cipher", Kind.KEYWORD, "Its cipher.", ("tls_cipher",), ecs=("tls.cipher",)),
    Field("relay_tls_version", "mailtrace.relay_tls_version", Kind.KEYWORD, "Protocol of the connection to the next server."),
    Field("relay_tls_cipher", "mailtrace.relay_tls_cipher", Kind.KEYWORD, "Its cipher."),
    Field("delay", "mailtrace.delay", Kind.FLOAT, "Seconds since the server that tried last had it.", ("delay",)),
    Field("delay_before_queue", "mailtrace.delay_before_queue", Kind.FLOAT, "Seconds of it until it was in the queue."),
    Field("delay_in_queue", "mailtrace.delay_in_queue", Kind.FLOAT, "Seconds of it until it was its turn."),
    Field("delay_connection", "mailtrace.delay_connection", Kind.FLOAT, "Seconds of it for connecting."),
    Field("delay_transmission", "mailtrace.delay_transmission", Kind.FLOAT, "Seconds of it for handing over."),
    Field("first_try_ms", "mailtrace.first_try", Kind.TIME, "When its delivery was first tried.", ("first_try",)),
    Field("last_try_ms", "mailtrace.last_try", Kind.TIME, "When it was tried last.", ("last_try",)),
    Field("symbols", "mailtrace.symbols", Kind.KEYWORD, "The filter's tests that met.", ("symbol",), many=True),
    Field("symbol_scores", "mailtrace.symbol_scores", Kind.STORED, "What each adds to the score.", (), many=True),
    Field("spf", "mailtrace.auth.spf", Kind.WORD, "What came of SPF.", ("spf",)),
    Field("spf_domain", "mailtrace.auth.spf_domain", Kind.DOMAIN, "The domain that SPF was about."),
    Field("dkim", "mailtrace.auth.dkim", Kind.WORD, "What came of DKIM.", ("dkim",)),
    Field("dkim_domain", "mailtrace.auth.dkim_domain", Kind.DOMAIN, "The domain of the signature that counts."),
    Field("dmarc", "mailtrace.auth.dmarc", Kind.WORD, "What came of DMARC.", ("dmarc",)),
    Field("dmarc_domain", "mailtrace.auth.dmarc_domain", Kind.DOMAIN, "The author's domain, as DMARC took it."),
    Field("arc", "mailtrace.auth.arc", Kind.WORD, "What came of ARC.", ("arc",)),
    Field("file", "mailtrace.file", Kind.FOLDED, "Name of a part that is forbidden.", ("file",)),
    Field("file_types", "mailtrace.file_types", Kind.FOLDED, "Types of that part.", ("file_type",), many=True),
    Field("mailbox", "mailtrace.mailbox", Kind.FOLDED, "The mailbox in which it was put.", ("mailbox",)),
    Field("folder", "mailtrace.folder", Kind.FOLDED, "The folder in that mailbox.", ("folder",)),
    Field("reply_shape", "mailtrace.reply_shape", Kind.FOLDED, "The reply without what differs from message to message.", ("reply_shape",)),
    Field("ingested_ms", "event.ingested", Kind.TIME, "When it was written.", ("ingested",)),
    Field("events", "mailtrace.events", Kind.STORED, "The lines of the journey.", (), many=True),
)

BY_NAME: dict[str, Field] = {f.name: f for f in FIELDS}
#: Every word that a query may use for a field: its aliases and its name in the store.
BY_WORD: dict[str, Field] = {word: f for f in FIELDS for word in (f.name, f.store, *f.aliases, *f.ecs) if f.kind is not Kind.STORED}
