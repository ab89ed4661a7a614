"""Advice for codes about which more can be said than about their reason."""

from __future__ import annotations

from mappings.codes.advice import ADVICE, Advice
from mappings.codes.entry import Move
from mappings.vocabulary import Reason

_AGAIN = "It is sent again automatically; nothing needs to be done for now."
_FILTER_AGAIN = "Check that the program behind this address runs, and its own log."

_CONVERSION = Advice(
    Move.SENDER,
    "Send the message again as plain text or with common attachments, from a mail program that uses common formats.",
    "The message could not be passed on in its present form. Please send it again as plain text or with common attachments.",
    "The message could not be passed on so far in its present form. Please send it again as plain text or with common attachments.",
    Move.SENDER,
)
_LETTERS = Advice(
    Move.SENDER,
    "Use an address without special letters, if the recipient has one; the other server must learn SMTPUTF8 to take the present one.",
    "The message could not be passed on because the other mail server does not support special letters in addresses or headers. "
    "Please use an address without special letters.",
    "The message could not be passed on so far because of special letters in an address or header. Please use an address without "
    "special letters.",
    Move.SENDER,
)
_OWNER = Advice(
    Move.SENDER,
    "Find out by another way who owns the address now, and ask for the right one.",
    "The message was not delivered because the address has a new owner since it was last used. Please ask the recipient for the "
    "right address.",
    "The message was not delivered so far because it is not sure that the address still has the same owner. " + _AGAIN,
)
_PASSWORD = Advice(
    Move.SENDER,
    "Change the password at the provider, then enter the new one in the mail program.",
    "The message was refused because the password must be changed first. Please change it and enter the new one in the mail program.",
    "The message has not been accepted so far because the password must be changed first. Please change it and enter the new one in "
    "the mail program.",
    Move.SENDER,
)
_BUSY = Advice(
    Move.RECIPIENT_ADMIN,
    "Tell the administrator of that server; it refuses mail as a whole, not this message.",
    "The message could not be delivered because the recipient's mail system takes no mail at present. Please try again later, "
    "or reach the recipient another way.",
    "The message could not be delivered so far because the recipient's mail system takes no mail at present. " + _AGAIN,
)
_STORAGE = Advice(
    Move.RECIPIENT_ADMIN,
    "The administrator of that server must make room on its disks.",
    "The message could not be delivered because the recipient's mail system has no room left. Please try again later.",
    "The message could not be delivered so far because the recipient's mail system has no room left at present. " + _AGAIN,
)
_SETUP = Advice(
    Move.RECIPIENT_ADMIN,
    "The administrator of that server must correct its settings; give the reply text and the time.",
    "The message could not be delivered because the recipient's mail system is not set up correctly. Please tell the recipient "
    "another way.",
    "The message could not be delivered so far because the recipient's mail system is not set up correctly at present. " + _AGAIN,
)
_WRITTEN = Advice(
    Move.SENDER,
    "Correct the recipient's address: look for blanks, missing or doubled signs and a comma for a dot.",
    "The message could not be delivered because the recipient's address is not written correctly. Please check it for typing errors.",
    "The message could not be delivered so far because the recipient's address is not written correctly. Please check it for typing "
    "errors.",
    Move.SENDER,
)
_LIST = Advice(
    Move.SENDER,
    "Ask the owner of the list to be allowed to write to it, or write from the address that is a member.",
    "The message was refused because this sender may not write to the mailing list. Please ask the owner of the list.",
    "The message has not been accepted so far because this sender may not write to the mailing list. Please ask the owner of the list.",
    Move.SENDER,
)
_NULL_SENDER = Advice(
    Move.PROVIDER,
    "Remove the null MX record of the sender's domain, or send from a domain that takes mail.",
    "The message was refused because the sender's domain says that it takes no mail, so nobody could answer. Please send from "
    "another address.",
    "The message has not been accepted so far because the sender's domain says that it takes no mail. Please send from another address.",
    Move.PROVIDER,
)

_NO_WAY = Advice(
    Move.RECIPIENT_ADMIN,
    "Look up the MX and address records of the recipient's domain by name: they are missing, or lead to a name that does not exist. "
    "If the domain is spelled right, its owner must correct them.",
    "The message could not be delivered because the recipient's domain names no mail server that can be found. Please check the "
    "spelling, or tell the recipient another way.",
    "The message could not be delivered so far because the recipient's domain names no mail server that can be found. " + _AGAIN,
)
_ADDRESS = Advice(
    Move.SENDER,
    "Check both addresses, the recipient's first: the code says only that one of them was not accepted. The text of the reply may "
    "say more.",
    "The message could not be delivered because an address was not accepted. Please check the recipient's address for typing errors.",
    "The message could not be delivered so far because an address was not accepted. Please check the recipient's address. " + _AGAIN,
)
_MAILBOX = Advice(
    Move.RECIPIENT_ADMIN,
    "Ask the administrator of that side what is wrong with the mailbox, and give the reply text and the time.",
    "The message could not be delivered because the recipient's mailbox cannot be used. Please reach the recipient another way.",
    "The message could not be delivered so far because the recipient's mailbox cannot be used at present. " + _AGAIN,
)

#: By subject and detail of the enhanced code.
BY_STATUS: dict[tuple[int, int], Advice] = {
    (1, 0): _ADDRESS,
    (2, 0): _MAILBOX,
    (4, 4): _NO_WAY,
    (1, 3): _WRITTEN,
    (1, 4): Advice(
        Move.SENDER,
        "Ask the recipient for an address that is his alone.",
        "The message could not be delivered because the address fits several people. Please ask the recipient for the exact address.",
        "The message could not be delivered so far because the address fits several people. Please ask the recipient for the exact "
        "address.",
        Move.SENDER,
    ),
    (1, 6): Advice(
        Move.SENDER,
        "Ask the recipient for the new address.",
        "The message could not be delivered because the recipient has moved and left no new address. Please ask the recipient another way.",
        "The message could not be delivered so far because the recipient has moved. Please ask the recipient another way.",
        Move.SENDER,
    ),
    (1, 10): Advice(
        Move.SENDER,
        "Use another address: the owner of this domain has stated that it never takes mail.",
        "The message could not be delivered because the part of the address behind the @ takes no mail. Please use another address "
        "of the recipient.",
        "The message could not be delivered so far because the part of the address behind the @ takes no mail. Please use another "
        "address of the recipient.",
        Move.SENDER,
    ),
    (2, 4): _SETUP,
    (3, 1): _STORAGE,
    (3, 2): _BUSY,
    (3, 5): _SETUP,
    (4, 5): _BUSY,
    (6, 1): _CONVERSION,
    (6, 2): _CONVERSION,
    (6, 3): _CONVERSION,
    (6, 4): _CONVERSION,
    (6, 5): _CONVERSION,
    (6, 7): _LETTERS,
    (6, 8): _LETTERS,
    (6, 9): _LETTERS,
    (6, 10): _LETTERS,
    (7, 2): _LIST,
    (7, 12): _PASSWORD,
    (7, 17): _OWNER,
    (7, 18): _OWNER,
    (7, 19): _OWNER,
    (7, 27): _NULL_SENDER,
}

#: Our own content filter or mail store did not take it: the connection is ours.
OWN_HOP = Advice(
    Move.US,
    _FILTER_AGAIN,
    "The message could not be delivered because a part of our mail system did not answer. We are looking into it; please send it again.",
    ADVICE[Reason.LOCAL_SYSTEM].delayed,
    Move.US,
)

#: Accepted: nothing to do.
DONE = Advice(
    Move.NOBODY,
    "Nothing. If the recipient misses it: look into the spam folder and at rules in the recipient's own mail program.",
    "The message was accepted by the recipient's mail system.",
    "The message was accepted by the recipient's mail system.",
)
