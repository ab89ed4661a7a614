"""Message-IDs that filters make, which name the filter's run that they are about: amavis' notices, and what it lets go of.

The mail server logs them as it logs every other, so its format asks here.
"""

from __future__ import annotations

from mappings.facts import Identified

#: What stands before the mail id in the Message-ID of a notice: to the sender, to administrators about a virus or spam, to spam's sender.
_NOTICES = ("DSN", "VA", "VS", "SS")
#: How long a mail id may be.
_MAIL_ID_LENGTHS = range(8, 25)


def identified(queue_id: str, message_id: str, *, resent: bool = False) -> Identified:
    """The fact that a message has a Message-ID, with the filter's run that this names."""
    mail_id = _kept(message_id) if resent else _noticed(message_id)
    return Identified(queue_id, message_id, resent, mail_id)


def _kept(resent: str) -> str | None:
    """The mail id of the kept message in `M1-M2@host`, amavis' Resent-Message-ID; both ids have the same length."""
    local = resent.partition("@")[0]
    middle = len(local) // 2
    return local[:middle] if len(local) % 2 == 1 and local[middle] == "-" and middle >= _MAIL_ID_LENGTHS.start else None


def _noticed(message_id: str) -> str | None:
    """The mail id of the scan that a notice is about."""
    if not message_id.startswith(_NOTICES):
        return None
    local = message_id.partition("@")[0]
    for prefix in _NOTICES:
        if local.startswith(prefix) and len(local) - len(prefix) in _MAIL_ID_LENGTHS:
            return local[len(prefix) :]
    return None
