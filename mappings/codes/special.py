"""Advice for codes about which more can be said than about their reason."""

from __future__ import annotations

from mappings.codes.advice import Advice
from mappings.codes.entry import Move

_FILTER_AGAIN = "Check that the program behind this address runs, and its own log."

_CONVERSION = Advice(
    Move.SENDER,
    "Send the message again as plain text or with common attachments, from a mail program that uses common formats.",
    "conversion",
    "plain_form",
    "plain_form",
    Move.SENDER,
)
_LETTERS = Advice(
    Move.SENDER,
    "Use an address without special letters, if the recipient has one; the other server must learn SMTPUTF8 to take the present one.",
    "letters",
    "plain_letters",
    "plain_letters",
    Move.SENDER,
)
_OWNER = Advice(
    Move.SENDER,
    "Find out by another way who owns the address now, and ask for the right one.",
    "new_owner",
    "ask_address",
    "wait",
)
_PASSWORD = Advice(
    Move.SENDER,
    "Change the password at the provider, then enter the new one in the mail program.",
    "password",
    "new_password",
    "new_password",
    Move.SENDER,
)
_BUSY = Advice(
    Move.RECIPIENT_ADMIN,
    "Tell the administrator of that server; it refuses mail as a whole, not this message.",
    "busy",
    "resend_later",
    "wait",
)
_STORAGE = Advice(
    Move.RECIPIENT_ADMIN,
    "The administrator of that server must make room on its disks.",
    "storage",
    "resend_later",
    "wait",
)
_SETUP = Advice(
    Move.RECIPIENT_ADMIN,
    "The administrator of that server must correct its settings; give the reply text and the time.",
    "setup",
    "recipient_admin",
    "wait",
)
_WRITTEN = Advice(
    Move.SENDER,
    "Correct the recipient's address: look for blanks, missing or doubled signs and a comma for a dot.",
    "miswritten",
    "check_address",
    "check_address",
    Move.SENDER,
)
_LIST = Advice(
    Move.SENDER,
    "Ask the owner of the list to be allowed to write to it, or write from the address that is a member.",
    "list",
    "list_owner",
    "list_owner",
    Move.SENDER,
)
_NULL_SENDER = Advice(
    Move.PROVIDER,
    "Remove the null MX record of the sender's domain, or send from a domain that takes mail.",
    "null_sender",
    "other_sender",
    "other_sender",
    Move.PROVIDER,
)

_NO_WAY = Advice(
    Move.RECIPIENT_ADMIN,
    "Look up the MX and address records of the recipient's domain by name: they are missing, or lead to a name that does not exist. "
    "If the domain is spelled right, its owner must correct them.",
    "no_way",
    "check_domain",
    "wait",
)
_ADDRESS = Advice(
    Move.SENDER,
    "Check both addresses, the recipient's first: the code says only that one of them was not accepted. The text of the reply may "
    "say more.",
    "address",
    "check_both",
    "check_both",
)
_MAILBOX = Advice(
    Move.RECIPIENT_ADMIN,
    "Ask the administrator of that side what is wrong with the mailbox, and give the reply text and the time.",
    "mailbox_unusable",
    "recipient_admin",
    "wait",
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
        "ambiguous",
        "ask_address",
        "ask_address",
        Move.SENDER,
    ),
    (1, 6): Advice(
        Move.SENDER,
        "Ask the recipient for the new address.",
        "moved",
        "ask_address",
        "ask_address",
        Move.SENDER,
    ),
    (1, 10): Advice(
        Move.SENDER,
        "Use another address: the owner of this domain has stated that it never takes mail.",
        "null_domain",
        "other_address",
        "other_address",
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
    "local_system",
    "ours",
    "ours_wait",
    Move.US,
)

#: Accepted: nothing to do.
DONE = Advice(
    Move.NOBODY,
    "Nothing. If the recipient misses it: look into the spam folder and at rules in the recipient's own mail program.",
    "",
    "none",
    "none",
)
