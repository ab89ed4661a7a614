"""Advice for what became of a message where no reply decided: kept, held, thrown away, delivered, under way."""

from __future__ import annotations

from mappings.codes.advice import Advice
from mappings.codes.entry import Move
from mappings.codes.special import DONE
from mappings.vocabulary import Disposition, Reason


def _once(move: Move, next_step: str, customer: str) -> Advice:
    """Advice where refused and delayed are not told apart."""
    return Advice(move, next_step, customer, customer, move)


_RELEASE = "Look at the kept message by its quarantine id. If it is wanted, release it and allow the sender."

#: By reason; `None` for every other reason.
QUARANTINED: dict[Reason | None, Advice] = {
    Reason.VIRUS: _once(
        Move.SENDER,
        "Leave it in quarantine. The sender should have the computer it came from checked; release it only if the finding is surely wrong.",
        "The message was kept back by the mail filter because a harmful file was found in it. It was not delivered. "
        "If it was expected, please ask the sender to have the computer checked and to send it again.",
    ),
    Reason.SPAM: _once(
        Move.US,
        _RELEASE,
        "The message was kept back by the mail filter because it was taken for unwanted advertising. It was not delivered. "
        "If it is wanted, please tell us, and we release it.",
    ),
    Reason.ATTACHMENT: _once(
        Move.US,
        _RELEASE + " Otherwise ask the sender for the file in another form.",
        "The message was kept back by the mail filter because it carries a type of attachment that is not allowed. It was not delivered. "
        "If it is expected, please tell us, or ask the sender to send the file in another form.",
    ),
    Reason.CONTENT: _once(
        Move.US,
        _RELEASE,
        "The message was kept back by the mail filter because its content is not allowed by the rules. It was not delivered. "
        "If it is wanted, please tell us, and we release it.",
    ),
    None: _once(
        Move.US,
        _RELEASE,
        "The message was kept back by the mail filter because of a rule. It was not delivered. If it is wanted, please tell us, and "
        "we release it.",
    ),
}

DISCARDED: dict[Reason | None, Advice] = {
    Reason.VIRUS: _once(
        Move.SENDER,
        "None for us. The sender should have the computer it came from checked.",
        "The message was removed by the mail filter because a harmful file was found in it. It was not delivered. "
        "If it was expected, please ask the sender to have the computer checked and to send it again.",
    ),
    Reason.SPAM: _once(
        Move.US,
        "If it was wanted: allow the sender, and have it sent again; nothing was kept.",
        "The message was removed by the mail filter because it was taken for unwanted advertising. It was not delivered. "
        "If it was wanted, please tell us who sent it, and ask the sender to send it again.",
    ),
    None: _once(
        Move.US,
        "Look which rule threw it away; nothing was kept, so it must be sent again if it was wanted.",
        "The message was removed by a rule of the mail system and was not delivered. If it was wanted, please tell us, and ask the "
        "sender to send it again.",
    ),
}

#: What became of it, where no reason and no reply says more.
OUTCOMES: dict[Disposition, Advice] = {
    Disposition.DELIVERED: _once(
        DONE.move,
        DONE.next_step,
        "The message was delivered: the recipient's mail system accepted it. If it is not in the inbox, please look into the spam folder.",
    ),
    Disposition.EXPANDED: _once(
        Move.NOBODY,
        "Nothing. The addresses behind it have traces of their own where this system sees them.",
        "The message was accepted and passed on to the people behind this address.",
    ),
    Disposition.RELEASED: _once(
        Move.NOBODY,
        "Nothing: it was let out of the quarantine and delivered.",
        "The message was kept back by the mail filter at first, then released and delivered.",
    ),
    Disposition.HELD: _once(
        Move.US,
        "Look at the message in the hold queue: release it, or delete it.",
        "The message is being held back in the mail system until somebody has looked at it. Please ask us if it is urgent.",
    ),
    Disposition.DELETED: _once(
        Move.US,
        "Ask the administrator who removed it; it must be sent again if it was wanted.",
        "The message was removed by an administrator before it was delivered. If it is needed, please ask the sender to send it again.",
    ),
    Disposition.ABORTED: _once(
        Move.PROVIDER,
        "Wait for the next try of the sending server; if none comes, its administrator must look at the connection between the two "
        "servers.",
        "The message did not arrive: the connection to the sending server broke off before the message was complete. "
        "Sending servers usually try again; otherwise, please send it again.",
    ),
    Disposition.IN_PROGRESS: _once(
        Move.NOBODY,
        "Wait a moment, then look again.",
        "The message was accepted and is on its way.",
    ),
    Disposition.UNKNOWN: _once(
        Move.US,
        "Look whether the logs of that time are complete, and at the logs of the next server.",
        "The message is not fully recorded, so we cannot say yet what became of it. We are looking into it.",
    ),
}

#: What a rule of the mailbox owner made of it, which nobody but the owner can change.
OWN_RULES: dict[Disposition, Advice] = {
    Disposition.DISCARDED: _once(
        Move.RECIPIENT_ADMIN,
        "The owner of the mailbox looks through his own rules; nothing was kept, so it must be sent again if it was wanted.",
        "The message was thrown away by a rule that the recipient set up in the own mailbox. It is not in the mailbox. If it was wanted, "
        "the recipient should look through these rules and ask the sender to send it again.",
    ),
    Disposition.EXPANDED: _once(
        Move.NOBODY,
        "Nothing. The message that was sent on has a trace of its own where this system sees it.",
        "The message was accepted, and a rule that the recipient set up in the own mailbox sent it on to another address.",
    ),
}


def outcome_advice(disposition: Disposition, reason: Reason | None) -> Advice:
    """The advice for what became of it, by reason where that matters."""
    if disposition is Disposition.QUARANTINED:
        return QUARANTINED.get(reason, QUARANTINED[None])
    if disposition is Disposition.DISCARDED:
        return DISCARDED.get(reason, DISCARDED[None])
    return OUTCOMES.get(disposition, OUTCOMES[Disposition.UNKNOWN])
