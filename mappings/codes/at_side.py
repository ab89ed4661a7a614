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

_LOST = ADVICE[Reason.LOCAL_SYSTEM]

#: Our server is the one that has to log in, not the person who wrote the message.
OWN_LOGIN = Advice(
    Move.US,
    "Correct the name and password with which our server logs in at the next one (the relay's password table), or its login method.",
    _LOST.refused,
    _LOST.delayed,
    Move.US,
    "Our server could not log in at the next one.",
)

#: He did log in, but may not send as somebody else.
NOT_HIS_ADDRESS = Advice(
    Move.SENDER,
    "Set the sender's address in the mail program to the one that belongs to this login; or add the address to those that this login may "
    "send with.",
    "The message was refused because its sender's address does not belong to the account that sent it. Please set your own address as the "
    "sender in the mail program.",
    "The message has not been accepted so far because its sender's address does not belong to the account that sent it. Please set your "
    "own address as the sender in the mail program.",
    Move.SENDER,
    "The sender's address does not belong to the account that sent it.",
)

#: An address is checked at the server that has it, and the sending server is to come back.
CHECKING = Advice(
    Move.NOBODY,
    "Check why the check of the address takes so long: look at the server that has the mailbox, or that of the sender.",
    ADVICE[Reason.POLICY].refused,
    "The message was asked to come again some minutes later, because an address is still being checked. It is sent again automatically; "
    "nothing needs to be done for now.",
)
#: The check came to no end, so nothing is known of the address.
UNFINISHED = Advice(
    Move.PROVIDER,
    "The server of the domain that is named must answer: look whether it can be reached, and whether its MX record is right; else switch "
    "off the check of addresses for this domain.",
    "The message was refused because an address could not be checked: the mail server of its domain did not answer. Please try again "
    "later.",
    "The message was asked to come again some minutes later, because an address could not be checked yet. It is sent again automatically; "
    "nothing needs to be done for now.",
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
    "The message was refused because the server that sent it greets with a name that is not accepted. The administrator of the sending "
    "server has to correct this.",
    "The message has not been accepted so far because the server that sent it greets with a name that is not accepted. The administrator "
    "of the sending server has to correct this.",
    Move.PROVIDER,
    _GREETED,
)
#: The same where it is our server that greets.
GREETING_AT: Mapping[Side, Advice] = {
    Side.SERVER: replace(
        GREETING,
        move=Move.US,
        next_step=f"The sending server is ours. {_GREETING_NEXT}",
        move_delayed=Move.US,
        sentence="The name with which our server greets is not accepted.",
    )
}

_PUT_OFF = (
    "The message has been turned away for now because of a fault in our mail system. We are looking into it; the sending server usually "
    "tries again by itself."
)
_LIST_ERROR = Advice(
    Move.US,
    "Not a listing: the block list answers our resolver with an error. Ask it over a resolver of our own or with a key, not over a public "
    "one, and count only its real answers (127.0.0.x) as a listing; then have the mail sent again.",
    _LOST.refused,
    _PUT_OFF,
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
        "The message could not be delivered because the server that was asked next does not handle mail for this recipient. We are looking "
        "into it; please check the address, too.",
        "The message could not be delivered so far because the server that was asked next does not handle mail for this recipient. We are "
        "looking into it.",
        Move.US,
        "The next server does not take mail for this recipient from our server.",
    ),
    (Reason.LOCAL_SYSTEM, Side.CLIENT): Advice(
        Move.US,
        _LOST.next_step,
        "The message was refused because of a fault in our mail system. We are looking into it; please send it again later.",
        _PUT_OFF,
        Move.US,
    ),
    (Reason.POLICY, Side.CLIENT): Advice(
        Move.US,
        "Look which of our rules refused it (the reply text names it). If the mail is wanted, make an exception and have it sent again.",
        "The message was refused by a rule of the mail system that protects the recipient. If it is wanted, please tell us, "
        "and ask the sender to send it again.",
        "The message has been turned away for now by a rule of the mail system that protects the recipient. The sending server usually "
        "tries again by itself. If it is wanted and does not arrive, please tell us.",
        Move.US,
    ),
    (Reason.POLICY, Side.OWN): Advice(
        Move.US,
        "Look which rule of our own server stopped it (the text names it). If the mail is wanted, make an exception and have it sent "
        "again.",
        "The message was stopped by a rule of our mail system. If it is wanted, please tell us.",
        "The message is kept back for now by a rule of our mail system. If it does not arrive, please tell us.",
        Move.US,
        "A rule of our own server does not allow it.",
    ),
    (Reason.RECIPIENT_UNKNOWN, Side.CLIENT): Advice(
        Move.SENDER,
        "Check the spelling of the address. If it should exist, it is missing in our list of recipients or in the customer's mail system.",
        "The message was refused because the recipient's address does not exist. Please check the spelling, or ask the recipient "
        "for the right address.",
        "The message has not been accepted so far because the recipient's address could not be confirmed. Please check the spelling. "
        "The sending server usually tries again by itself.",
        Move.SENDER,
    ),
    (Reason.UNKNOWN, Side.CLIENT): Advice(
        Move.US,
        "Look at the log of our server at that time: the reply does not say why.",
        "The message was refused by our mail system. Please ask us, and we look for the cause.",
        "The message has been turned away for now by our mail system. The sending server usually tries again by itself. "
        "If it does not arrive, please ask us.",
        Move.US,
    ),
    (Reason.UNKNOWN, Side.OWN): Advice(
        Move.US,
        "Look at the log of our own server at that time: no other server said anything, and its own words do not say why.",
        "The message could not be delivered by our mail system. Please ask us, and we look for the cause.",
        "The message has been delayed in our mail system. It is tried again automatically; if it does not arrive, please ask us.",
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
        "The message could not be delivered because the address that it answers to does not exist. If you send mail with this address, "
        "please have the mailbox set up, or use another one.",
        "The message could not be delivered so far because the address that it answers to is not known at present. If you send mail with "
        "this address, please have the mailbox set up, or use another one.",
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
    theirs, delayed = found.move is Move.PROVIDER, found.move_delayed is Move.PROVIDER
    return replace(found, move=Move.US if theirs else found.move, move_delayed=Move.US if delayed else found.move_delayed)
