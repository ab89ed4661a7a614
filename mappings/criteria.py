"""The one table of what can be asked of a trace: its words, how it is compared, and what it says of itself.

A criterion is not a field of the document: `sender` looks at the envelope and at the From header, `client` at a name, an address
and a HELO. `over` has the fields that it looks at, in the order in which engines name them. The options of `mailtrace search`, the
parameters of the API, the query language and both engines fold over this table; an engine has one function for each `Compare`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mappings.authentication import AuthResult
from mappings.fields import BY_NAME, FIELDS, Field, Kind
from mappings.vocabulary import Direction, Disposition, Reason, Verdict


class Compare(StrEnum):
    """How a value that is asked for is held against a trace's."""

    #: An address, a domain, a local part or a pattern.
    ADDRESS = "address"
    DOMAIN = "domain"
    #: A name, an address, a HELO or a network.
    SERVER = "server"
    #: A basic or enhanced code, or a class of them.
    CODE = "code"
    #: One of a closed list.
    WORD = "word"
    #: A quarantine id, in each form that people copy.
    QUARANTINE = "quarantine"
    #: Exact, with or without the brackets of a Message-ID.
    MESSAGE_ID = "message_id"
    #: Exact, with its case.
    EXACT = "exact"
    #: Without case.
    FOLDED = "folded"
    #: Words in a text, in any order; in quotes one after the other.
    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that can be asked."""

    name: str
    compare: Compare
    #: The fields of the document that it looks at.
    over: tuple[str, ...]
    sentence: str
    example: str
    #: Other words for it in the query language.
    words: tuple[str, ...] = ()
    #: How it is called in a sentence, where not by its name.
    label: str = ""
    #: True where it is an option of `search` and a parameter of the API as well.
    option: bool = False
    #: True where a word that names no field is looked for in it.
    bare: bool = False
    #: True where it looks at words that may name others: only who sees everything may ask it.
    private: bool = False
    #: The closed list of a `WORD`.
    closed: type[StrEnum] | None = None

    def __hash__(self) -> int:
        """By its name, which is its own: questions are looked up by the criteria in them."""
        return hash(self.name)

    @property
    def counted(self) -> str | None:
        """The field whose values are counted where one counts by it; None where they are not: texts, times, and what has several fields."""
        field = _COUNTED.get(self.name, self.over[0] if len(self.over) == 1 else None)
        return None if field is None or BY_NAME[field].kind in (Kind.TEXT, Kind.TIME) or field == "id" else field

    @property
    def called(self) -> str:
        """Its name in a sentence."""
        return self.label or self.name.replace("_", " ")


_SENDERS = ("sender", "header_from")
_RECIPIENTS = ("recipient", "original_recipient")


#: What is counted where a criterion looks at several fields.
_COUNTED: Final[Mapping[str, str]] = {
    "sender": "sender",
    "recipient": "recipient",
    "sender_domain": "sender_domain",
    "recipient_domain": "recipient_domain",
    "client": "client_ip",
    "relay": "relay_host",
    "code": "reply_code",
}


def _plain(field: Field) -> Criterion:
    """A field of the document by its name in the store, as people who know Kibana write it."""
    compare = _COMPARE[field.kind]
    closed = WORDS.get(field.name) if compare is Compare.WORD else None
    return Criterion(field.store, compare, (field.name,), field.sentence, "", private=field.name in _PRIVATE, closed=closed)


#: Fields that hold words of others; answers show them to a tenant with what he may not read left out.
_PRIVATE: Final = frozenset(
    {"subject", "reply_text", "detail", "vendor", "authenticated_as", "client_helo", "client_name", "file", "mailbox", "folder"}
)
#: Fields that are ours: nobody asks for them, and they name what others own.
_OURS: Final = frozenset({"keys", "visible_to", "superseded_by", "ingested_ms"})
#: How a field is compared that is asked for by its name in the store.
_COMPARE: Final[Mapping[Kind, Compare]] = {
    Kind.KEYWORD: Compare.EXACT,
    Kind.FOLDED: Compare.FOLDED,
    Kind.ADDRESS: Compare.ADDRESS,
    Kind.DOMAIN: Compare.DOMAIN,
    Kind.IP: Compare.SERVER,
    Kind.TIME: Compare.TIME,
    Kind.INTEGER: Compare.NUMBER,
    Kind.FLOAT: Compare.NUMBER,
    Kind.FLAG: Compare.FLAG,
    Kind.TEXT: Compare.TEXT,
    Kind.WORD: Compare.WORD,
}
#: The closed lists, by the field that holds one of their words.
WORDS: Final[Mapping[str, type[StrEnum]]] = {
    "direction": Direction,
    "disposition": Disposition,
    "verdict": Verdict,
    "reason": Reason,
    **dict.fromkeys(("spf", "dkim", "dmarc", "arc"), AuthResult),
}

CRITERIA: Final[tuple[Criterion, ...]] = (
    Criterion(
        "sender",
        Compare.ADDRESS,
        _SENDERS,
        "Envelope sender or From header: an address, a domain or a pattern with * and ?; <> is the null sender.",
        "ann@example.org",
        words=("from",),
        option=True,
    ),
    Criterion(
        "recipient",
        Compare.ADDRESS,
        _RECIPIENTS,
        "Recipient, final or as first named: an address, a domain or a pattern.",
        "bob@example.net",
        words=("to",),
        option=True,
    ),
    Criterion(
        "address",
        Compare.ADDRESS,
        (*_SENDERS, *_RECIPIENTS),
        "Sender or recipient.",
        "example.net",
        label="sender or recipient",
        bare=True,
        option=True,
    ),
    Criterion(
        "domain",
        Compare.DOMAIN,
        tuple(f"{side}_domain" for side in (*_SENDERS, *_RECIPIENTS)),
        "Domain of the sender or the recipient.",
        "example.net",
        option=True,
    ),
    Criterion(
        "quarantine_id",
        Compare.QUARANTINE,
        ("quarantine_id",),
        "Id of a kept message, whole or the part that people copy.",
        "pYLzAPuX7vKZ",
        words=("qid",),
        bare=True,
        option=True,
    ),
    Criterion(
        "message_id",
        Compare.MESSAGE_ID,
        ("message_id",),
        "Message-ID, with or without its brackets.",
        "1@example.org",
        words=("msgid",),
        label="Message-ID",
        bare=True,
        option=True,
    ),
    Criterion("queue_id", Compare.EXACT, ("queue_ids",), "Queue id of any hop.", "4D09318A9FB", bare=True, option=True),
    Criterion(
        "client",
        Compare.SERVER,
        ("client_ip", "client_name", "client_helo"),
        "Name or address of the server that sent it to us.",
        "192.0.2.0/24",
        words=("sending_server", "ip", "client_ip"),
        bare=True,
        option=True,
    ),
    Criterion(
        "relay",
        Compare.SERVER,
        ("relay_ip", "relay_host"),
        "Name or address of the server that it went to.",
        "mx.example.net",
        words=("next_hop", "relay_ip", "relay_host"),
        bare=True,
        option=True,
    ),
    Criterion(
        "code",
        Compare.CODE,
        ("reply_code", "enhanced_code"),
        "Reply code: 550, 5.1.1, or a class such as 5xx or 5.1.",
        "5.1.1",
        words=("reply_code", "enhanced", "enhanced_code", "dsn"),
        option=True,
    ),
    Criterion(
        "direction",
        Compare.WORD,
        ("direction",),
        "inbound, outbound, internal, relayed or unknown.",
        "inbound",
        closed=Direction,
        option=True,
    ),
    Criterion(
        "disposition",
        Compare.WORD,
        ("disposition",),
        "What became of it: delivered, quarantined, bounced, rejected, deferred, ...",
        "quarantined",
        words=("status",),
        closed=Disposition,
        option=True,
    ),
    Criterion(
        "verdict",
        Compare.WORD,
        ("verdict",),
        "What the filter thought: clean, spam, virus, banned, ...",
        "virus",
        closed=Verdict,
        option=True,
    ),
    Criterion(
        "reason",
        Compare.WORD,
        ("reason",),
        "Why it is not delivered: virus, spam, recipient_unknown, greylist, ...",
        "spam",
        closed=Reason,
        option=True,
    ),
    Criterion("envelope_sender", Compare.ADDRESS, ("sender",), "Envelope sender alone.", "ann@example.org"),
    Criterion("header_from", Compare.ADDRESS, ("header_from",), "Address of the From header.", "ann@example.org"),
    Criterion("final_recipient", Compare.ADDRESS, ("recipient",), "Final recipient alone.", "bob@example.net"),
    Criterion(
        "original_recipient",
        Compare.ADDRESS,
        ("original_recipient",),
        "The recipient as the client named it, where it was changed.",
        "info@example.net",
        words=("orig_to",),
    ),
    Criterion(
        "sender_domain",
        Compare.DOMAIN,
        ("sender_domain", "header_from_domain"),
        "Domain of the envelope sender or the From header.",
        "example.org",
    ),
    Criterion(
        "recipient_domain",
        Compare.DOMAIN,
        ("recipient_domain", "original_recipient_domain"),
        "Domain of the recipient, final or original.",
        "example.net",
    ),
    Criterion("subject", Compare.TEXT, ("subject",), "Words of the subject, where it is logged.", "invoice", bare=True, private=True),
    Criterion(
        "reply",
        Compare.TEXT,
        ("reply_text",),
        "Words of the reply that decided.",
        '"mailbox full"',
        words=("reply_text",),
        bare=True,
        private=True,
    ),
    Criterion("reply_by", Compare.EXACT, ("reply_by",), "Whose reply it is: remote, filter or local.", "remote"),
    Criterion(
        "detail", Compare.FOLDED, ("detail",), "Virus name, forbidden file, rule text.", "Eicar*", words=("virus",), bare=True, private=True
    ),
    Criterion("vendor", Compare.EXACT, ("vendor",), "The filter's own words.", "Blocked*", private=True),
    Criterion(
        "user", Compare.FOLDED, ("authenticated_as",), "The user that logged in to send it.", "ann@example.org", bare=True, private=True
    ),
    Criterion("helo", Compare.FOLDED, ("client_helo",), "What the sending server called itself.", "mail.example.org"),
    Criterion("tls", Compare.EXACT, ("tls",), "Protocol and cipher of the incoming connection.", "TLSv1.3*"),
    Criterion("login_method", Compare.FOLDED, ("login_method",), "How the user logged in.", "PLAIN"),
    Criterion("tls_version", Compare.EXACT, ("tls_version",), "Protocol of the incoming connection.", "TLSv1.3"),
    Criterion("tls_cipher", Compare.EXACT, ("tls_cipher",), "Cipher of the incoming connection.", "TLS_AES_256_GCM_SHA384"),
    Criterion("relay_tls_version", Compare.EXACT, ("relay_tls_version",), "Protocol of the connection to the next server.", "TLSv1.2"),
    Criterion("relay_tls_cipher", Compare.EXACT, ("relay_tls_cipher",), "Cipher of that connection.", "TLS_AES_256_GCM_SHA384"),
    Criterion("symbol", Compare.EXACT, ("symbols",), "A test of the filter that met.", "BAYES_SPAM", words=("symbols", "test")),
    Criterion("spf", Compare.WORD, ("spf",), "What came of SPF: pass, fail, softfail, ...", "fail", closed=AuthResult),
    Criterion("dkim", Compare.WORD, ("dkim",), "What came of DKIM.", "pass", closed=AuthResult),
    Criterion("dmarc", Compare.WORD, ("dmarc",), "What came of DMARC.", "fail", closed=AuthResult),
    Criterion("arc", Compare.WORD, ("arc",), "What came of ARC.", "pass", closed=AuthResult),
    Criterion(
        "auth_domain",
        Compare.DOMAIN,
        ("spf_domain", "dkim_domain", "dmarc_domain"),
        "A domain for which SPF, DKIM or DMARC was checked.",
        "example.org",
    ),
    Criterion("file", Compare.FOLDED, ("file",), "Name of a part that is forbidden.", "*.exe", private=True),
    Criterion("file_type", Compare.FOLDED, ("file_types",), "Type of a part that is forbidden.", "exe", words=("file_types",)),
    Criterion("mailbox", Compare.FOLDED, ("mailbox",), "The mailbox in which it was put.", "bob@example.net", private=True),
    Criterion("folder", Compare.FOLDED, ("folder",), "The folder in that mailbox.", "Junk", private=True),
    Criterion(
        "reply_shape",
        Compare.FOLDED,
        ("reply_shape",),
        "The reply without what differs from message to message.",
        '"*mailbox full*"',
        words=("shape",),
    ),
    Criterion("host", Compare.FOLDED, ("host",), "The host where the first hop was logged.", "mx1"),
    Criterion("log_domain", Compare.EXACT, ("log_domain",), "The scope of queue ids.", "mx1"),
    Criterion("id", Compare.EXACT, ("id",), "Id of the trace.", "01m85vk67g6e0z0v06jz3ksy6h"),
    Criterion("size", Compare.NUMBER, ("size",), "Size in bytes.", "size > 1000000"),
    Criterion("score", Compare.NUMBER, ("score",), "The filter's score.", "score >= 5"),
    Criterion("required", Compare.NUMBER, ("required_score",), "The score at which the filter calls it spam.", "required: 6"),
    Criterion("attempts", Compare.NUMBER, ("attempts",), "Deliveries that were tried.", "attempts > 3"),
    Criterion("delay", Compare.NUMBER, ("delay",), "Seconds since the server that tried last had it.", "delay > 60"),
    Criterion(
        "delay_before_queue", Compare.NUMBER, ("delay_before_queue",), "Seconds until it was in the queue.", "delay_before_queue > 5"
    ),
    Criterion("delay_in_queue", Compare.NUMBER, ("delay_in_queue",), "Seconds until it was its turn.", "delay_in_queue > 60"),
    Criterion("delay_connection", Compare.NUMBER, ("delay_connection",), "Seconds for connecting.", "delay_connection > 10"),
    Criterion("delay_transmission", Compare.NUMBER, ("delay_transmission",), "Seconds for handing over.", "delay_transmission > 10"),
    Criterion("first_try", Compare.TIME, ("first_try_ms",), "When its delivery was first tried.", "first_try >= now-1d"),
    Criterion("last_try", Compare.TIME, ("last_try_ms",), "When it was tried last.", "last_try < now-1h"),
    Criterion("time", Compare.TIME, ("time_ms",), "When the message was first seen.", "time >= now-7d"),
    Criterion("last_event", Compare.TIME, ("last_event_ms",), "When its last line was written.", "last_event < now-1h"),
    Criterion("incomplete", Compare.FLAG, ("incomplete",), "Some of its lines were not seen.", "incomplete: true"),
    Criterion("sender_notified", Compare.FLAG, ("sender_notified",), "The sender was told by a notice.", "sender_notified: true"),
)

BY_CRITERION: Final[Mapping[str, Criterion]] = {criterion.name: criterion for criterion in CRITERIA}
#: Every word that the language knows for one: its name, its other words, and the names that its fields have in the store.
BY_WORD: Final[Mapping[str, Criterion]] = {
    **{
        name: _plain(field)
        for field in FIELDS
        if field.kind is not Kind.STORED and field.name not in _OURS
        for name in (field.store, *field.ecs)
    },
    **{word: criterion for criterion in CRITERIA for word in (criterion.name, *criterion.words)},
}
#: What a word without a name is looked for in.
BARE: Final = tuple(criterion for criterion in CRITERIA if criterion.bare)
#: Those that are options and parameters, in the order in which a question is described.
OPTIONS: Final = tuple(criterion.name for criterion in CRITERIA if criterion.option)
