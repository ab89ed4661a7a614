"""The registered enhanced status codes (RFC 3463, 5248 and their successors), in our own words."""

from __future__ import annotations

from typing import NamedTuple

from mappings.vocabulary import Reason


class EnhancedStatus(NamedTuple):
    """One registered code without its class."""

    meaning: str
    reason: Reason
    #: Classes in which it makes sense: success, for now, for good.
    classes: tuple[int, ...] = (4, 5)
    #: True where it says so much that a vague text cannot say more.
    specific: bool = True


_ALL = (2, 4, 5)
_R = Reason

#: Subject and detail to what they mean.
ENHANCED: dict[tuple[int, int], EnhancedStatus] = {
    (0, 0): EnhancedStatus("Nothing more is known.", _R.UNKNOWN, _ALL, specific=False),
    (1, 0): EnhancedStatus("Something about an address is wrong.", _R.UNKNOWN, _ALL, specific=False),
    (1, 1): EnhancedStatus("There is no such mailbox.", _R.RECIPIENT_UNKNOWN),
    (1, 2): EnhancedStatus("The recipient's domain or host does not exist.", _R.RECIPIENT_DOMAIN),
    (1, 3): EnhancedStatus("The recipient's address is badly written.", _R.RECIPIENT_UNKNOWN),
    (1, 4): EnhancedStatus("The address fits several mailboxes.", _R.RECIPIENT_UNKNOWN),
    (1, 5): EnhancedStatus("The recipient's address is valid.", _R.UNKNOWN, (2,), specific=False),
    (1, 6): EnhancedStatus("The mailbox has moved, and there is no new address.", _R.RECIPIENT_UNKNOWN),
    (1, 7): EnhancedStatus("The sender's address is badly written.", _R.SENDER_INVALID),
    (1, 8): EnhancedStatus("The domain of the sender's address cannot be used: it does not exist or takes no mail.", _R.SENDER_INVALID),
    (1, 9): EnhancedStatus("Passed on to a mail system that sends no notices of its own.", _R.PROTOCOL, _ALL),
    (1, 10): EnhancedStatus("The recipient's domain says that it takes no mail (null MX).", _R.RECIPIENT_DOMAIN),
    (2, 0): EnhancedStatus("Something about the mailbox is wrong.", _R.UNKNOWN, _ALL, specific=False),
    (2, 1): EnhancedStatus("The mailbox is disabled and takes no mail.", _R.MAILBOX_DISABLED),
    (2, 2): EnhancedStatus("The mailbox is full.", _R.MAILBOX_FULL),
    (2, 3): EnhancedStatus("The message is longer than the mailbox allows.", _R.TOO_LARGE),
    (2, 4): EnhancedStatus("The mailing list could not be expanded.", _R.REMOTE_SYSTEM),
    (3, 0): EnhancedStatus("Something about the receiving mail system is wrong.", _R.REMOTE_SYSTEM, _ALL, specific=False),
    (3, 1): EnhancedStatus("The receiving system has no storage left.", _R.REMOTE_SYSTEM),
    (3, 2): EnhancedStatus("The receiving system takes no mail at present.", _R.REMOTE_SYSTEM),
    (3, 3): EnhancedStatus("The receiving system lacks a feature that was asked for.", _R.PROTOCOL),
    (3, 4): EnhancedStatus("The message is too large for the receiving system.", _R.TOO_LARGE),
    (3, 5): EnhancedStatus("The receiving system is wrongly set up.", _R.REMOTE_SYSTEM),
    (3, 6): EnhancedStatus("Accepted, but the priority that was asked for was changed.", _R.UNKNOWN, (2,), specific=False),
    (4, 0): EnhancedStatus("Something about the network or the route is wrong.", _R.CONNECTION, _ALL, specific=False),
    (4, 1): EnhancedStatus("The other host does not answer.", _R.CONNECTION),
    (4, 2): EnhancedStatus("The connection broke.", _R.CONNECTION),
    (4, 3): EnhancedStatus("A directory or the DNS could not be asked.", _R.DNS),
    (4, 4): EnhancedStatus("No way to the recipient's domain was found.", _R.RECIPIENT_DOMAIN),
    (4, 5): EnhancedStatus("The mail system has too much to do.", _R.REMOTE_SYSTEM),
    (4, 6): EnhancedStatus("The message goes round in a circle.", _R.ROUTING_LOOP),
    (4, 7): EnhancedStatus("The message was kept too long without success, and was given up.", _R.EXPIRED),
    (5, 0): EnhancedStatus("Something about the dialogue of the two servers is wrong.", _R.PROTOCOL, _ALL, specific=False),
    (5, 1): EnhancedStatus("The command is unknown, or comes at the wrong place.", _R.PROTOCOL),
    (5, 2): EnhancedStatus("The command is badly written.", _R.PROTOCOL),
    (5, 3): EnhancedStatus("Too many recipients in one go.", _R.TOO_MANY_RECIPIENTS),
    (5, 4): EnhancedStatus("What stands behind the command is wrong.", _R.PROTOCOL),
    (5, 5): EnhancedStatus("The two servers speak versions that do not fit together.", _R.PROTOCOL),
    (5, 6): EnhancedStatus("A line of the login is too long.", _R.PROTOCOL),
    (6, 0): EnhancedStatus("Something about the content is wrong.", _R.CONTENT, _ALL, specific=False),
    (6, 1): EnhancedStatus("The type of content is not supported.", _R.CONTENT),
    (6, 2): EnhancedStatus("The message would have to be converted, and that is forbidden.", _R.PROTOCOL),
    (6, 3): EnhancedStatus("The message would have to be converted, and that is not possible.", _R.PROTOCOL),
    (6, 4): EnhancedStatus("The message was converted, and something was lost.", _R.PROTOCOL, _ALL),
    (6, 5): EnhancedStatus("Converting the message failed.", _R.PROTOCOL),
    (6, 6): EnhancedStatus("The content could not be fetched.", _R.REMOTE_SYSTEM),
    (6, 7): EnhancedStatus("An address with letters beyond ASCII is not allowed here.", _R.PROTOCOL),
    (6, 8): EnhancedStatus("The reply needs letters beyond ASCII, and the client does not take them.", _R.PROTOCOL, _ALL),
    (6, 9): EnhancedStatus("Headers with letters beyond ASCII cannot be passed on to this recipient.", _R.PROTOCOL),
    (6, 10): EnhancedStatus("Retired twin of X.6.8: the reply needs letters beyond ASCII.", _R.PROTOCOL, _ALL),
    (7, 0): EnhancedStatus("Something about security or a rule is wrong.", _R.POLICY, _ALL, specific=False),
    (7, 1): EnhancedStatus("Not permitted; refused by a rule.", _R.POLICY, _ALL, specific=False),
    (7, 2): EnhancedStatus("The sender may not write to this list.", _R.POLICY),
    (7, 3): EnhancedStatus("The message would have to be converted securely, and that is not possible.", _R.PROTOCOL),
    (7, 4): EnhancedStatus("A security feature that was asked for is not supported.", _R.PROTOCOL),
    (7, 5): EnhancedStatus("Encryption or a signature failed.", _R.TLS),
    (7, 6): EnhancedStatus("The encryption method is not supported.", _R.TLS),
    (7, 7): EnhancedStatus("The message was altered on the way.", _R.AUTH_DKIM),
    (7, 8): EnhancedStatus("User name or password is wrong.", _R.AUTH_REQUIRED),
    (7, 9): EnhancedStatus("The login method is too weak.", _R.AUTH_REQUIRED),
    (7, 10): EnhancedStatus("An encrypted connection is needed.", _R.TLS),
    (7, 11): EnhancedStatus("Logging in this way needs an encrypted connection.", _R.TLS),
    (7, 12): EnhancedStatus("The password must be changed first.", _R.AUTH_REQUIRED),
    (7, 13): EnhancedStatus("The account is disabled.", _R.MAILBOX_DISABLED),
    (7, 14): EnhancedStatus("The two servers do not trust each other as they must.", _R.TLS),
    (7, 15): EnhancedStatus("The priority of the message is too low at present.", _R.POLICY),
    (7, 16): EnhancedStatus("The message is too large for its priority.", _R.TOO_LARGE),
    (7, 17): EnhancedStatus("The mailbox has had another owner since the sender last knew it.", _R.RECIPIENT_UNKNOWN),
    (7, 18): EnhancedStatus("The domain has had another owner since the sender last knew it.", _R.RECIPIENT_UNKNOWN),
    (7, 19): EnhancedStatus("Whether the mailbox still has the same owner could not be tested.", _R.POLICY),
    (7, 20): EnhancedStatus("No DKIM signature of the message is valid.", _R.AUTH_DKIM),
    (7, 21): EnhancedStatus("No DKIM signature of the message is acceptable.", _R.AUTH_DKIM),
    (7, 22): EnhancedStatus("No valid DKIM signature is of the author's domain.", _R.AUTH_DKIM),
    (7, 23): EnhancedStatus("The sending server is not allowed to send for the sender's domain (SPF failed).", _R.AUTH_SPF),
    (7, 24): EnhancedStatus("Whether the sending server may send for the sender's domain could not be found out (SPF error).", _R.AUTH_SPF),
    (7, 25): EnhancedStatus("The sending server's address has no proper name in the DNS.", _R.REVERSE_DNS),
    (7, 26): EnhancedStatus("Several checks of the sender's domain failed (SPF, DKIM, DMARC).", _R.AUTH_DMARC),
    (7, 27): EnhancedStatus("The sender's domain says that it takes no mail (null MX), so it may not send either.", _R.SENDER_INVALID),
    (7, 28): EnhancedStatus("A flood of mail was noticed.", _R.RATE_LIMIT),
    (7, 29): EnhancedStatus("The chain of authentication results is broken (ARC failed).", _R.AUTH_ARC),
    (7, 30): EnhancedStatus("The message must travel encrypted, and the next server does not offer that (REQUIRETLS).", _R.TLS),
}

#: What the middle number says.
SUBJECTS: dict[int, str] = {
    0: "Other.",
    1: "It is about an address.",
    2: "It is about the mailbox.",
    3: "It is about the receiving mail system.",
    4: "It is about the network or the route.",
    5: "It is about the dialogue of the two servers.",
    6: "It is about the content.",
    7: "It is about security or a rule.",
}


def status_of(enhanced: str | None) -> EnhancedStatus | None:
    """The registered code behind `5.1.1`; None where it is not registered."""
    if enhanced is None:
        return None
    parts = enhanced.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) <= 3 for part in parts):
        return None
    return ENHANCED.get((int(parts[1]), int(parts[2])))
