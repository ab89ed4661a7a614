"""Advice for what became of a message where no reply decided: kept, held, thrown away, delivered, under way."""

from __future__ import annotations

from mappings.codes.advice import Advice
from mappings.codes.entry import Move
from mappings.codes.special import DONE
from mappings.vocabulary import Disposition, Reason


def _once(move: Move, next_step: str, cause: str, step: str, fate: str = "") -> Advice:
    """Advice where refused and delayed are not told apart."""
    return Advice(move, next_step, cause, step, step, move, fate=fate)


_RELEASE = "Look at the kept message by its quarantine id. If it is wanted, release it and allow the sender."

#: By reason; `None` for every other reason.
QUARANTINED: dict[Reason | None, Advice] = {
    Reason.VIRUS: _once(
        Move.SENDER,
        "Leave it in quarantine. The sender should have the computer it came from checked; release it only if the finding is surely wrong.",
        "virus",
        "clean",
    ),
    Reason.SPAM: _once(
        Move.US,
        _RELEASE,
        "spam",
        "release",
    ),
    Reason.ATTACHMENT: _once(
        Move.US,
        _RELEASE + " Otherwise ask the sender for the file in another form.",
        "attachment",
        "release_file",
    ),
    Reason.CONTENT: _once(
        Move.US,
        _RELEASE,
        "content",
        "release",
    ),
    None: _once(
        Move.US,
        _RELEASE,
        "own_rule",
        "release",
    ),
}

DISCARDED: dict[Reason | None, Advice] = {
    Reason.VIRUS: _once(
        Move.SENDER,
        "None for us. The sender should have the computer it came from checked.",
        "virus",
        "clean",
    ),
    Reason.SPAM: _once(
        Move.US,
        "If it was wanted: allow the sender, and have it sent again; nothing was kept.",
        "spam",
        "tell_us",
    ),
    None: _once(
        Move.US,
        "Look which rule threw it away; nothing was kept, so it must be sent again if it was wanted.",
        "own_rule",
        "tell_us",
    ),
}

#: What became of it, where no reason and no reply says more.
OUTCOMES: dict[Disposition, Advice] = {
    Disposition.DELIVERED: _once(
        DONE.move,
        DONE.next_step,
        "",
        "spam_folder",
    ),
    Disposition.EXPANDED: _once(
        Move.NOBODY,
        "Nothing. The addresses behind it have traces of their own where this system sees them.",
        "",
        "none",
    ),
    Disposition.RELEASED: _once(
        Move.NOBODY,
        "Nothing: it was let out of the quarantine and delivered.",
        "",
        "none",
    ),
    Disposition.HELD: _once(
        Move.US,
        "Look at the message in the hold queue: release it, or delete it.",
        "",
        "urgent",
    ),
    Disposition.DELETED: _once(
        Move.US,
        "Ask the administrator who removed it; it must be sent again if it was wanted.",
        "",
        "resend",
    ),
    Disposition.ABORTED: _once(
        Move.PROVIDER,
        "Wait for the next try of the sending server; if none comes, its administrator must look at the connection between the two "
        "servers.",
        "",
        "tries_again",
    ),
    Disposition.IN_PROGRESS: _once(
        Move.NOBODY,
        "Wait a moment, then look again.",
        "",
        "none",
    ),
    Disposition.UNKNOWN: _once(
        Move.US,
        "Look whether the logs of that time are complete, and at the logs of the next server.",
        "",
        "ours",
    ),
}

#: What a rule of the mailbox owner made of it, which nobody but the owner can change.
OWN_RULES: dict[Disposition, Advice] = {
    Disposition.DISCARDED: _once(
        Move.RECIPIENT_ADMIN,
        "The owner of the mailbox looks through his own rules; nothing was kept, so it must be sent again if it was wanted.",
        "",
        "own_rules",
        "own_rule_discarded",
    ),
    Disposition.EXPANDED: _once(
        Move.NOBODY,
        "Nothing. The message that was sent on has a trace of its own where this system sees it.",
        "",
        "none",
        "own_rule_expanded",
    ),
}


def outcome_advice(disposition: Disposition, reason: Reason | None) -> Advice:
    """The advice for what became of it, by reason where that matters."""
    if disposition is Disposition.QUARANTINED:
        return QUARANTINED.get(reason, QUARANTINED[None])
    if disposition is Disposition.DISCARDED:
        return DISCARDED.get(reason, DISCARDED[None])
    return OUTCOMES.get(disposition, OUTCOMES[Disposition.UNKNOWN])
