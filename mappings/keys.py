"""Keys: the ids by which a journey is found again, written `kind:value`.

Queue ids and log ids are unique on their host only, so those keys name the host.
"""

from __future__ import annotations


def queue(host: str, queue_id: str) -> str:
    """Key of a queue file on `host`; queue ids are case-sensitive (Postfix long ids, Exim)."""
    return f"q:{host}/{queue_id}"


def queue_id_of(key: str) -> str:
    """The queue id in a key made by `queue`."""
    return key.rpartition("/")[2]


def host_of(key: str) -> str:
    """The host in a key made by `queue`."""
    return key[2:].rpartition("/")[0]


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


def peer(host: str, address: str, port: int) -> str:
    """Key of a client connection seen by postscreen: `[ip]:port`."""
    return f"p:{host}/[{address}]:{port}"


def folder(host: str, name: str) -> str:
    """Key of a filter's working folder, which one scan after the other uses."""
    return f"f:{host}/{name}"


def line(digest: str) -> str:
    """Key of a line that has no id of its own: the hash of the event."""
    return f"h:{digest}"
