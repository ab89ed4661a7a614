"""What a reason asks for at each side: one table of reason and side, and what a few clear texts ask for there.

Where neither has a row, the advice of the words, of the code or of the reason holds at every side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from mappings.codes.advice import ADVICE, Advice
from mappings.codes.entry import Move
from mappings.codes.side import Side
from mappings.vocabulary import Reason

#: Our server is the one that has to log in, not the person who wrote the message.
OWN_LOGIN = Advice(
    Move.US,
    "Correct the name and password with which our server logs in at the next one (the relay's password table), or its login method.",
    "local_system",
    "ours",
    "ours_wait",
    Move.US,
    "Our server could not log in at the next one.",
)

#: He did log in, but may not send as somebody else.
NOT_HIS_ADDRESS = Advice(
    Move.SENDER,
    "Set the sender's address in the mail program to the one that belongs to this login; or add the address to those that this login may "
    "send with.",
    "not_his_address",
    "sender_address",
    "sender_address",
    Move.SENDER,
    "The sender's address does not belong to the account that sent it.",
)

#: An address is checked at the server that has it, and the sending server is to come back.
CHECKING = Advice(
    Move.NOBODY,
    "Check why the check of the address takes so long: look at the server that has the mailbox, or that of the sender.",
    "checking",
    "ask_recipient_admin",
    "wait",
)
#: The check came to no end, so nothing is known of the address.
UNFINISHED = Advice(
    Move.PROVIDER,
    "The server of the domain that is named must answer: look whether it can be reached, and whether its MX record is right; else switch "
    "off the check of addresses for this domain.",
    "unchecked",
    "resend_later",
    "wait",
)

_GREETED = "The name with which the sending server greets is not accepted."
_GREETING_NEXT = (
    "Give the sending server a full name in its greeting (HELO) that the DNS knows: its own host name, which leads to its address; no "
    "bare address, no name of the other side."
)
#: The greeting name of the sending server is at fault.
GREETING = Advice(
    Move.PROVIDER,
    _GREETING_NEXT,
    "greeting",
    "sender_admin",
    "sender_admin",
    Move.PROVIDER,
    _GREETED,
)
#: The same where it is our server that greets.
GREETING_AT: Mapping[Side, Advice] = {
    Side.SERVER: replace(
        GREETING,
        move=Move.US,
        next_step=f"The sending server is ours. {_GREETING_NEXT}",
        step="ours",
        step_delayed="ours_wait",
        move_delayed=Move.US,
        sentence="The name with which our server greets is not accepted.",
    )
}

_LIST_ERROR = Advice(
    Move.US,
    "Not a listing: the block list answers our resolver with an error. Ask it over a resolver of our own or with a key, not over a public "
    "one, and count only its real answers (127.0.0.x) as a listing; then have the mail sent again.",
    "local_system",
    "ours",
    "ours_comes_again",
    Move.US,
    "A block list answered our own server with an error, which it took for a listing.",
)
#: Refused by the words of a listing, where the lines tell that the lists answered with errors.
NO_LISTING = _LIST_ERROR
#: A list's error code is the fault of whoever asks the list.
LIST_ERROR_AT: Mapping[Side, Advice] = {Side.CLIENT: _LIST_ERROR, Side.OWN: _LIST_ERROR}

#: By reason and side; it beats what words and codes advise, which were written for the other side.
AT_SIDE: dict[tuple[Reason, Side], Advice] = {
    (Reason.AUTH_REQUIRED, Side.SERVER): OWN_LOGIN,
    (Reason.AUTH_REQUIRED, Side.OWN): OWN_LOGIN,
    (Reason.RELAY_DENIED, Side.SERVER): Advice(
        Move.US,
        "Look where our server sent it: if that is our relay, it must know our server (login or address); if it is the server that the "
        "recipient's domain names, that domain is not set up there, and its administrator must act.",
        "relay_denied",
        "ours",
        "ours_wait",
        Move.US,
        "The next server does not take mail for this recipient from our server.",
    ),
    (Reason.LOCAL_SYSTEM, Side.CLIENT): Advice(
        Move.US,
        ADVICE[Reason.LOCAL_SYSTEM].next_step,
        "local_system",
        "ours",
        "ours_comes_again",
        Move.US,
    ),
    (Reason.POLICY, Side.CLIENT): Advice(
        Move.US,
        "Look which of our rules refused it (the reply text names it). If the mail is wanted, make an exception and have it sent again.",
        "own_rule",
        "tell_us",
        "tell_us_wait",
        Move.US,
    ),
    (Reason.POLICY, Side.OWN): Advice(
        Move.US,
        "Look which rule of our own server stopped it (the text names it). If the mail is wanted, make an exception and have it sent "
        "again.",
        "own_rule",
        "tell_us",
        "tell_us_wait",
        Move.US,
        "A rule of our own server does not allow it.",
    ),
    (Reason.RECIPIENT_UNKNOWN, Side.CLIENT): Advice(
        Move.SENDER,
        "Check the spelling of the address. If it should exist, it is missing in our list of recipients or in the customer's mail system.",
        "recipient_unknown",
        "check_address",
        "check_address",
        Move.SENDER,
    ),
    (Reason.UNKNOWN, Side.CLIENT): Advice(
        Move.US,
        "Look at the log of our server at that time: the reply does not say why.",
        "own_unknown",
        "ask_us",
        "tell_us_wait",
        Move.US,
    ),
    (Reason.UNKNOWN, Side.OWN): Advice(
        Move.US,
        "Look at the log of our own server at that time: no other server said anything, and its own words do not say why.",
        "own_unknown",
        "ask_us",
        "tell_us_wait",
        Move.US,
    ),
}

#: Of an automatic message, which nobody wrote: who can do something is whoever uses the address that it goes to.
AUTOMATIC: dict[Reason, Advice] = {
    Reason.RECIPIENT_UNKNOWN: Advice(
        Move.RECIPIENT_ADMIN,
        "This is a notice or an automatic answer to mail that was sent with this address. Whoever runs its domain sets up the mailbox, or "
        "has programs send with an address that exists. Where nobody there sent anything, the address was forged, and nothing is to be "
        "done.",
        "answered_address",
        "set_up_mailbox",
        "set_up_mailbox",
        Move.RECIPIENT_ADMIN,
    ),
}

#: Faults of the sending server, which is ours where another server refuses it.
_OF_THE_SENDING_SERVER = frozenset({Reason.REPUTATION, Reason.REVERSE_DNS, Reason.RATE_LIMIT})


def advice_at(reason: Reason, side: Side | None, at: Mapping[Side, Advice], otherwise: Advice) -> Advice:
    """The advice at a side: of the words, of the table, else what holds everywhere."""
    if side is None:
        return otherwise
    found = at.get(side) or AT_SIDE.get((reason, side)) or otherwise
    if side is not Side.SERVER or reason not in _OF_THE_SENDING_SERVER:
        return found
    if found.move is Move.PROVIDER:
        found = replace(found, move=Move.US, step="ours")
    return replace(found, move_delayed=Move.US, step_delayed="ours_wait") if found.move_delayed is Move.PROVIDER else found
