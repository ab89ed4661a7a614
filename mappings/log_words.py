"""The closed words of facts: what programs do with mail, in words that are the same for all of them.

They say what a line says. What becomes of a message, and why, is said in those of `mappings.vocabulary`. A word that is not among them,
of a release newer than the list, is `OTHER` where the word of a program itself is read; the line stands beside it.
"""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """What a rule, a check or a filter in the dialogue did."""

    REJECT = "reject"
    ACCEPT = "accept"
    HOLD = "hold"
    DISCARD = "discard"
    QUARANTINE = "quarantine"
    REDIRECT = "redirect"
    BCC = "bcc"
    FILTER = "filter"
    DELAY = "delay"
    PREPEND = "prepend"
    REWRITE = "rewrite"
    WARN = "warn"
    INFO = "info"
    #: The session ended before the answer to the data.
    ABORT = "abort"
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> Action:
        """A word of a program that is not in the list."""
        return cls.OTHER


class Decider(StrEnum):
    """Who decided something in the dialogue or of a message."""

    ACCESS = "access"
    ACL = "acl"
    HEADER = "header"
    BODY = "body"
    MILTER = "milter"
    #: A filter that stands before the queue.
    PROXY = "proxy"
    #: The limit of the size, or of servers on the way.
    SIZE = "size"
    HOPS = "hops"
    #: A daemon that looks at clients before the dialogue.
    SCREEN = "screen"
    #: An administrator, or a filter of the whole system.
    ADMIN = "admin"
    FILTER = "filter"


class Stage(StrEnum):
    """At which command of the dialogue (RFC 5321), or by which part of the message, something was decided."""

    CONNECT = "CONNECT"
    HELO = "HELO"
    EHLO = "EHLO"
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    #: Of each recipient, after the data.
    PRDR = "PRDR"
    END_OF_MESSAGE = "END-OF-MESSAGE"
    HEADER = "header"
    MIME_HEADER = "mime-header"
    NESTED_HEADER = "nested-header"
    MILTER_HEADER = "milter-header"
    BODY = "body"
    #: While it lay in the queue.
    QUEUE = "queue"
    #: The line does not say where.
    NONE = ""
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> Stage:
        """A command that is not in the list."""
        return cls.OTHER


class Status(StrEnum):
    """What a server says of an attempt to deliver; what became of the recipient's copy is its disposition."""

    SENT = "sent"
    DEFERRED = "deferred"
    BOUNCED = "bounced"
    EXPIRED = "expired"
    #: Of an address probe, which is no message.
    DELIVERABLE = "deliverable"
    UNDELIVERABLE = "undeliverable"
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> Status:
        """A word that is not in the list; a probe says also whether its result was kept."""
        word = str(value).removesuffix("-but-not-cached")
        return cls(word) if word in cls._value2member_map_ else cls.OTHER


class By(StrEnum):
    """Whose words a reply is."""

    REMOTE = "remote"
    FILTER = "filter"
    LOCAL = "local"


class Contact(StrEnum):
    """A step of a session that bears no queue id."""

    CONNECT = "connect"
    TLS = "tls"
    LOST = "lost"
    TIMEOUT = "timeout"
    #: The client ended it in order, and had named recipients, but sent no message: it only asked whether they are there.
    LEFT = "left"
    DISCONNECT = "disconnect"


class Handling(StrEnum):
    """What an administrator, or a rule or timer of his, did to a queue file."""

    HOLD = "hold"
    RELEASE = "release"
    REQUEUE = "requeue"
    EXPIRE = "expire"
    GIVE_UP = "give_up"


class Actor(StrEnum):
    """Who did something to a queue file: only an administrator decides."""

    ADMIN = "admin"
    #: A rule that he wrote for all mail, such as a filter of the whole system.
    RULE = "rule"
    #: The server itself: a fault that it met, a timer.
    PROGRAM = "program"


class Notice(StrEnum):
    """What a message tells that the mail server made about another one."""

    NON_DELIVERY = "non-delivery"
    DELAY = "delay"
    SUCCESS = "success"


class Sending(StrEnum):
    """Why a filter hands a message to a server."""

    FORWARD = "forward"
    NOTICE = "notice"
    RELEASE = "release"


class Finding(StrEnum):
    """What a screening daemon found about a client."""

    DENYLISTED = "denylisted"
    DNSBL = "dnsbl"
    #: One list names the client; or answers with an error, which says nothing about it.
    LISTED = "listed"
    LIST_ERROR = "list-error"
    PREGREET = "pregreet"
    HANGUP = "hangup"
    BARE_NEWLINE = "bare-newline"
    NON_SMTP_COMMAND = "non-smtp-command"
    COMMAND = "command"


class Filing(StrEnum):
    """What a mail store, or a rule of the mailbox owner, did with a copy of a message."""

    STORED = "stored"
    #: It could not be stored, or what a rule asked for could not be done.
    FAILED = "failed"
    DISCARDED = "discarded"
    #: To another address, which the owner's rules name.
    SENT_ON = "sent_on"
    #: Refused after the mail server had given it: the store tells the sender.
    RETURNED = "returned"
    #: The sender got an automatic answer.
    ANSWERED = "answered"
    RULES_FAILED = "rules_failed"
    #: What else was said of it, which decides nothing.
    NOTED = "noted"
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> Filing:
        """A word of a newer release."""
        return cls.OTHER
