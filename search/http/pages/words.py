"""The words of the pages: label, tone and icon of every outcome, short words for verdicts, reasons and whose move it is.

The closed words themselves are those of `mappings.vocabulary`; this is the one table of what a reader sees for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mappings.codes import Move
from mappings.vocabulary import Direction, Disposition, Reason, Verdict


class Tone(StrEnum):
    """What a colour says; always beside a word."""

    OK = "ok"
    WAIT = "wait"
    KEPT = "kept"
    STOP = "stop"
    REF = "ref"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Badge:
    """How an outcome is shown."""

    label: str
    tone: Tone
    icon: str


@dataclass(frozen=True, slots=True)
class OutcomeGroup:
    """Outcomes that are counted together."""

    key: str
    label: str
    tone: Tone
    members: tuple[Disposition, ...]


DISPOSITIONS: Final[dict[Disposition, Badge]] = {
    Disposition.DELIVERED: Badge("Delivered", Tone.OK, "mail-check"),
    Disposition.EXPANDED: Badge("Expanded", Tone.OK, "split"),
    Disposition.RELEASED: Badge("Released", Tone.OK, "lock-open"),
    Disposition.IN_PROGRESS: Badge("In progress", Tone.WAIT, "loader"),
    Disposition.DEFERRED: Badge("Deferred", Tone.WAIT, "clock"),
    Disposition.HELD: Badge("Held", Tone.WAIT, "pause"),
    Disposition.QUARANTINED: Badge("Quarantined", Tone.KEPT, "shield-alert"),
    Disposition.BOUNCED: Badge("Bounced", Tone.STOP, "undo-2"),
    Disposition.EXPIRED: Badge("Expired", Tone.STOP, "calendar-x"),
    Disposition.REJECTED: Badge("Rejected", Tone.REF, "ban"),
    Disposition.TEMPFAILED: Badge("Tempfailed", Tone.REF, "rotate-cw"),
    Disposition.ABORTED: Badge("Aborted", Tone.REF, "unplug"),
    Disposition.DISCARDED: Badge("Discarded", Tone.GONE, "circle-x"),
    Disposition.DELETED: Badge("Deleted", Tone.GONE, "trash-2"),
    Disposition.UNKNOWN: Badge("Unknown", Tone.GONE, "circle-question-mark"),
}

#: In the order of the bars, bottom to top and left to right, the same everywhere.
GROUPS: Final[tuple[OutcomeGroup, ...]] = (
    OutcomeGroup("delivered", "Delivered", Tone.OK, (Disposition.DELIVERED, Disposition.EXPANDED, Disposition.RELEASED)),
    OutcomeGroup("waiting", "Waiting", Tone.WAIT, (Disposition.IN_PROGRESS, Disposition.DEFERRED, Disposition.HELD)),
    OutcomeGroup("quarantined", "Quarantined", Tone.KEPT, (Disposition.QUARANTINED,)),
    OutcomeGroup("bounced", "Bounced or expired", Tone.STOP, (Disposition.BOUNCED, Disposition.EXPIRED)),
    OutcomeGroup("rejected", "Rejected", Tone.REF, (Disposition.REJECTED, Disposition.TEMPFAILED, Disposition.ABORTED)),
    OutcomeGroup("removed", "Removed or unknown", Tone.GONE, (Disposition.DISCARDED, Disposition.DELETED, Disposition.UNKNOWN)),
)

#: Behind the outcome in a headline, where the mail went on: "Delivered · clean".
VERDICTS: Final[dict[Verdict, str]] = {
    Verdict.CLEAN: "clean",
    Verdict.SPAM: "marked as spam",
    Verdict.SUSPECT: "marked as spam-like",
    Verdict.BULK: "marked as bulk mail",
    Verdict.PHISH: "marked as phishing",
    Verdict.VIRUS: "virus found",
    Verdict.BANNED: "forbidden file found",
    Verdict.CONTENT: "forbidden content found",
    Verdict.BAD_HEADER: "bad header found",
    Verdict.OVERSIZED: "too large to check",
    Verdict.UNCHECKED: "could not be checked",
    Verdict.NOT_SCANNED: "not scanned",
    Verdict.UNKNOWN: "",
}

#: The names of the verdicts where they stand alone: in a filter, in the scan details.
VERDICT_NAMES: Final[dict[Verdict, str]] = {
    Verdict.CLEAN: "Clean",
    Verdict.SPAM: "Spam",
    Verdict.SUSPECT: "Spam-like",
    Verdict.BULK: "Bulk mail",
    Verdict.PHISH: "Phishing",
    Verdict.VIRUS: "Virus",
    Verdict.BANNED: "Forbidden file",
    Verdict.CONTENT: "Forbidden content",
    Verdict.BAD_HEADER: "Bad header",
    Verdict.OVERSIZED: "Too large",
    Verdict.UNCHECKED: "Unchecked",
    Verdict.NOT_SCANNED: "Not scanned",
    Verdict.UNKNOWN: "Unknown",
}

#: Why, in a few words, as they stand in the middle of a sentence.
REASONS: Final[dict[Reason, str]] = {
    Reason.VIRUS: "virus",
    Reason.SPAM: "spam",
    Reason.CONTENT: "content not allowed",
    Reason.ATTACHMENT: "attachment not allowed",
    Reason.POLICY: "not allowed by a rule",
    Reason.AUTH_SPF: "SPF check failed",
    Reason.AUTH_DKIM: "DKIM check failed",
    Reason.AUTH_DMARC: "DMARC check failed",
    Reason.AUTH_ARC: "ARC check failed",
    Reason.REPUTATION: "sending server on a block list",
    Reason.REVERSE_DNS: "sending server without a proper name",
    Reason.GREYLIST: "greylisted",
    Reason.RATE_LIMIT: "too much mail at once",
    Reason.RECIPIENT_UNKNOWN: "no such mailbox",
    Reason.MAILBOX_FULL: "mailbox full",
    Reason.MAILBOX_DISABLED: "mailbox disabled",
    Reason.RECIPIENT_DOMAIN: "recipient’s domain takes no mail",
    Reason.SENDER_INVALID: "sender’s address not valid",
    Reason.RELAY_DENIED: "relaying denied",
    Reason.AUTH_REQUIRED: "log-in needed",
    Reason.TOO_LARGE: "too large",
    Reason.TOO_MANY_RECIPIENTS: "too many recipients",
    Reason.DNS: "DNS did not answer",
    Reason.CONNECTION: "other server not reached",
    Reason.TLS: "no encrypted connection",
    Reason.ROUTING_LOOP: "mail goes in a circle",
    Reason.PROTOCOL: "servers did not understand each other",
    Reason.REMOTE_SYSTEM: "problem at the other server",
    Reason.LOCAL_SYSTEM: "problem in the mail system",
    Reason.EXPIRED: "not delivered in time",
    Reason.ADMIN: "by an administrator",
    Reason.UNKNOWN: "reason not known",
}

#: What the filter found, as it stands in "the filter found ...".
FOUND: Final[dict[Reason, str]] = {
    Reason.VIRUS: "a virus",
    Reason.SPAM: "spam",
    Reason.CONTENT: "content that is not allowed",
    Reason.ATTACHMENT: "an attachment that is not allowed",
    Reason.POLICY: "something that a rule does not allow",
}

DIRECTIONS: Final[dict[Direction, str]] = {
    Direction.INBOUND: "Inbound",
    Direction.OUTBOUND: "Outbound",
    Direction.INTERNAL: "Internal",
    Direction.RELAYED: "Relayed",
    Direction.UNKNOWN: "Unknown",
}

#: Whose move it is: the word in an address, and the words on the page.
MOVES: Final[dict[Move, tuple[str, str]]] = {
    Move.SENDER: ("sender", "Sender"),
    Move.RECIPIENT_ADMIN: ("recipient", "Recipient"),
    Move.PROVIDER: ("provider", "Sender’s provider"),
    Move.US: ("us", "Us"),
    Move.NOBODY: ("nobody", "Nobody, wait"),
}

#: Whose reply it is.
SAID_BY: Final = {"remote": "the next server", "filter": "the filter", "local": "the mail system itself"}


def without_mover(sentence: str) -> str:
    """Whose move it is, as it stands behind the word that names him: "We: the administrators" says it twice."""
    mover, colon, rest = sentence.partition(": ")
    return sentence_case(rest) if colon and " " not in mover.strip() else sentence


def sentence_case(words: str) -> str:
    """The words as they stand at the beginning of a line."""
    return words[:1].upper() + words[1:]
