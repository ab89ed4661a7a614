"""Keys: the ids by which a journey is found again, written `kind:value`.

Queue ids, log ids, ports and folders are unique on their host only, so those keys name the host. A key is made, and taken apart, here only.
"""

from __future__ import annotations

from enum import StrEnum


class KeyKind(StrEnum):
    """What an id names: the first letter of its key."""

    #: A queue file.
    QUEUE = "q"
    #: A filter's run, by the filter's own mail id.
    SCAN = "m"
    #: The same, by the id in the filter's log.
    LOG = "l"
    #: A connection, by the client's address and port.
    PEER = "p"
    #: A working folder of a filter.
    FOLDER = "f"
    #: A line without any id.
    LINE = "h"
    #: A result that names its message by the Message-ID only; and what has that Message-ID.
    JUDGED = "j"
    #: A Message-ID.
    MESSAGE = "i"
    #: What goes into a program of a host, and what comes out of it, by Message-ID and recipient.
    PIPED = "r"
    #: A mail store's session of one delivery.
    DELIVERY = "d"
    #: What a mail store did for a mailbox with a Message-ID.
    BOX = "b"
    #: A quarantine.
    QUARANTINE = "z"
    #: What a newer release names.
    OTHER = ""


_KINDS = {kind.value: kind for kind in KeyKind}
#: Between the key that documents have and the line that makes a node of its own of it.
_OF_LINE = "\x1f"
_MINUTE_US = 60_000_000
#: Of which kinds each line is a hop by itself.
_OF_LINES = ("j:", "f:")


def kind_of(key: str) -> KeyKind:
    """What a key names."""
    return _KINDS.get(key[:1], KeyKind.OTHER)


def queue(host: str, queue_id: str) -> str:
    """Key of a queue file on `host`; queue ids are case-sensitive (Postfix long ids, Exim)."""
    return f"q:{host}/{queue_id}"


def queue_id_of(key: str) -> str:
    """The id in a key made by `queue`, `log_id`, `peer` or `folder`."""
    return key.rpartition("/")[2]


def host_of(key: str) -> str:
    """The host in a key made by `queue`, `log_id` or `peer`."""
    return key[2:].rpartition("/")[0]


def on_host(host: str, key: str) -> str:
    """The key of the same id on another host, for a key made by `queue`, `log_id`, `peer` or `folder`."""
    return f"{key[:2]}{host}/{key[2:].partition('/')[2]}"


def value_of(key: str) -> str:
    """What stands behind the kind, with its host where it has one."""
    return key[2:]


def scan(mail_id: str) -> str:
    """Key of a filter's run by the filter's own mail id (amavis `mail_id`)."""
    return f"m:{mail_id}"


def log_id(host: str, value: str) -> str:
    """Key of a filter's log id (amavis `(00370-05-2)`), which repeats after a restart."""
    return f"l:{host}/{value}"


def quarantine(value: str) -> str:
    """Key of a quarantine id as the filter writes it."""
    return f"z:{value}"


def message_id(value: str) -> str:
    """Key of a Message-ID, without its angle brackets."""
    return f"i:{value}"


def judged(value: str) -> str:
    """Key of a filter's result that names its message by the Message-ID only (SpamAssassin's spamd)."""
    return f"j:{value}"


def nameless(time_us: int) -> str:
    """Key of what has no Message-ID, by its minute: a result that names its message by nothing else, and such a message."""
    return f"j: {time_us // _MINUTE_US}"


def nameless_between(since_us: int, until_us: int) -> list[str]:
    """The keys of all minutes in a span of time."""
    return [f"j: {minute}" for minute in range(since_us // _MINUTE_US, until_us // _MINUTE_US + 1)]


def piped(host: str, message: str, recipient: str) -> str:
    """Key of a message to a recipient that a program of a host may take out of the queue and hand in again."""
    return f"r:{host}/{recipient}/{message}"


def delivery(session: str) -> str:
    """Key of a mail store's session of one delivery, which its reply names; the same on every host."""
    return f"d:{session}"


def box(mailbox: str, value: str) -> str:
    """Key of a mailbox and the Message-ID of what it gets; `mailbox` as `mappings.address.mailbox_of` writes it."""
    return f"b:{mailbox}/{value}"


def peer(host: str, address: str, port: int) -> str:
    """Key of a client connection seen by postscreen: `[ip]:port`."""
    return f"p:{host}/[{address}]:{port}"


def listing(host: str, address: str, minute: int) -> str:
    """Key of what lists said of a client's address in one minute: about its connections at that time, whatever their port."""
    return f"p:{host}/[{address}]@{minute}"


def folder(host: str, name: str) -> str:
    """Key of a filter's working folder, which one scan after the other uses."""
    return f"f:{host}/{name}"


def line(digest: str) -> str:
    """Key of a line that has no id of its own: the hash of the event."""
    return f"h:{digest}"


def of_line(key: str, digest: str) -> str:
    """The key of one of the lines that bear a key and have nothing to do with each other, of which each is a hop by itself.

    So it is with results that name their message by its Message-ID, and with hits of a virus scanner in a folder.
    """
    return f"{key}{_OF_LINE}{digest}"


def stored(kind_and_value: str, digest: str) -> str:
    """The key of the hop that holds a line, of the key that documents have for it."""
    return of_line(kind_and_value, digest) if kind_and_value.startswith(_OF_LINES) else kind_and_value


def in_documents(key: str) -> str:
    """The key that documents have, of that of a hop in memory."""
    return key if not key.startswith(_OF_LINES) else key.partition(_OF_LINE)[0]
