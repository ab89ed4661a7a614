"""The product's closed words: disposition, verdict, reason, direction. A sentence for each member.

They are never mixed: *disposition* is what became of a recipient's copy, *verdict* what the filter thought of the
message, *reason* why the copy is not delivered. Codes, reply text and the vendor's own word stand beside them, untouched.
"""

from __future__ import annotations

from enum import StrEnum


class _Word(StrEnum):
    """A closed word that carries its own sentence."""

    sentence: str

    def __new__(cls, value: str, sentence: str) -> _Word:
        """Make a member of its word and the sentence that explains it."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    @classmethod
    def _missing_(cls, _word: object) -> _Word | None:
        """A word that a newer release has written is not known here: one document of it must not keep others from being read."""
        return cls.__members__.get("UNKNOWN")


class Disposition(_Word):
    """What became of this recipient's copy."""

    IN_PROGRESS = "in_progress", "Accepted; nothing final has happened yet."
    DEFERRED = "deferred", "Waiting in our queue; delivery is tried again."
    DELIVERED = "delivered", "Accepted by the next server beyond us, or put into a local mailbox, pipe or command."
    EXPANDED = "expanded", "The address became other addresses that are not seen here."
    BOUNCED = "bounced", "Refused after it had been accepted; the sender gets a notice."
    EXPIRED = "expired", "Given up after too long a time in the queue."
    REJECTED = "rejected", "Refused for good in the SMTP dialogue."
    TEMPFAILED = "tempfailed", "Refused for now in the SMTP dialogue; the other side may try again."
    QUARANTINED = "quarantined", "A filter keeps it."
    RELEASED = "released", "Was kept by a filter, then released and delivered."
    HELD = "held", "Stopped in the queue until somebody lets it go."
    DISCARDED = "discarded", "Accepted and thrown away."
    DELETED = "deleted", "An administrator removed it from the queue."
    ABORTED = "aborted", "The session broke off before the answer to the data."
    UNKNOWN = "unknown", "The log lines do not say what became of it."


class Verdict(_Word):
    """What the filter thought of the message; never null."""

    CLEAN = "clean", "The filter found nothing."
    SPAM = "spam", "The filter took it for spam."
    SUSPECT = "suspect", "The filter found it spam-like, but not enough to stop it."
    BULK = "bulk", "The filter took it for bulk mail."
    PHISH = "phish", "The filter took it for phishing."
    VIRUS = "virus", "The filter found malware."
    BANNED = "banned", "The filter found a forbidden file type or name."
    CONTENT = "content", "The filter found forbidden words or data."
    BAD_HEADER = "bad_header", "The filter found a header that breaks the rules."
    OVERSIZED = "oversized", "The filter found it too large."
    UNCHECKED = "unchecked", "The filter could not look into it, for example because it is encrypted."
    NOT_SCANNED = "not_scanned", "No line of a filter belongs to this recipient."
    UNKNOWN = "unknown", "A filter ran, or may have run, and its result is not seen."


class Reason(_Word):
    """Why the copy is not delivered."""

    VIRUS = "virus", "It contains malware."
    SPAM = "spam", "It was taken for spam."
    CONTENT = "content", "Its content is not allowed."
    ATTACHMENT = "attachment", "An attachment of this type or name is not allowed."
    POLICY = "policy", "A rule of the receiving side does not allow it."
    AUTH_SPF = "auth_spf", "The sending server is not allowed to send for the sender's domain (SPF)."
    AUTH_DKIM = "auth_dkim", "The signature of the sender's domain is missing or wrong (DKIM)."
    AUTH_DMARC = "auth_dmarc", "The sender's domain asks to refuse mail that fails its checks (DMARC)."
    AUTH_ARC = "auth_arc", "The chain of authentication results is broken (ARC)."
    REPUTATION = "reputation", "The sending server is on a block list or has a bad reputation."
    REVERSE_DNS = "reverse_dns", "The sending server's address has no proper name in the DNS."
    GREYLIST = "greylist", "Unknown sender: asked to come back later (greylisting)."
    RATE_LIMIT = "rate_limit", "Too much mail in too short a time."
    RECIPIENT_UNKNOWN = "recipient_unknown", "There is no such mailbox."
    MAILBOX_FULL = "mailbox_full", "The mailbox is full."
    MAILBOX_DISABLED = "mailbox_disabled", "The mailbox is disabled."
    RECIPIENT_DOMAIN = "recipient_domain", "The recipient's domain does not exist or takes no mail."
    SENDER_INVALID = "sender_invalid", "The sender's address is not valid."
    RELAY_DENIED = "relay_denied", "The server does not relay mail for this sender and recipient."
    AUTH_REQUIRED = "auth_required", "The sender must log in first."
    TOO_LARGE = "too_large", "The message is too large."
    TOO_MANY_RECIPIENTS = "too_many_recipients", "Too many recipients."
    DNS = "dns", "The DNS did not answer."
    CONNECTION = "connection", "The other server could not be reached, or the connection broke."
    TLS = "tls", "No encrypted connection could be made."
    ROUTING_LOOP = "routing_loop", "The message goes round in a circle."
    PROTOCOL = "protocol", "The two servers did not understand each other."
    REMOTE_SYSTEM = "remote_system", "The other server has a problem of its own."
    LOCAL_SYSTEM = "local_system", "Our server has a problem of its own."
    EXPIRED = "expired", "It could not be delivered in time."
    ADMIN = "admin", "An administrator decided so."
    UNKNOWN = "unknown", "The log lines do not say why."


class Direction(_Word):
    """Which way the message went, seen from the own domains."""

    INBOUND = "inbound", "From outside to one of the own domains."
    OUTBOUND = "outbound", "From one of the own domains to outside."
    INTERNAL = "internal", "Between own domains."
    RELAYED = "relayed", "Neither side is an own domain."
    UNKNOWN = "unknown", "The settings and the lines do not tell."


class Seen(_Word):
    """The three words of the first view: clean, quarantined and why."""

    VIRUS = "virus", "Malware."
    SPAM = "spam", "Spam."
    CONTENT = "content", "Content that is not allowed."


#: Why a message is stopped of which a filter thought this.
REASONS_OF_VERDICTS: dict[Verdict, Reason] = {
    Verdict.SPAM: Reason.SPAM,
    Verdict.SUSPECT: Reason.SPAM,
    Verdict.VIRUS: Reason.VIRUS,
    Verdict.BANNED: Reason.ATTACHMENT,
    Verdict.BAD_HEADER: Reason.PROTOCOL,
    Verdict.UNCHECKED: Reason.POLICY,
    Verdict.OVERSIZED: Reason.TOO_LARGE,
}

#: How the reasons of a kept message fold to the three that a customer is told.
SEEN_AS: dict[Reason, Seen] = {
    Reason.VIRUS: Seen.VIRUS,
    Reason.SPAM: Seen.SPAM,
    Reason.CONTENT: Seen.CONTENT,
    Reason.ATTACHMENT: Seen.CONTENT,
    Reason.POLICY: Seen.CONTENT,
}

#: How people call the filters that look at mail beside the queue.
FILTERS: dict[str, str] = {"rspamd": "Rspamd", "spamassassin": "SpamAssassin", "mailscanner": "MailScanner"}
