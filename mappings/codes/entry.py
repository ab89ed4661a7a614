"""What is known about one error, and whose move it is."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from mappings.faults import MailTraceError
from mappings.locales import Saying, Voice
from mappings.vocabulary import Reason


class Move(StrEnum):
    """Who must act next."""

    sentence: str

    def __new__(cls, value: str, sentence: str) -> Move:
        """Make a member of its word and the sentence that explains it."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.sentence = sentence
        return member

    SENDER = "sender", "The person who sent the message."
    RECIPIENT_ADMIN = "recipient_admin", "Whoever runs the recipient's mail: the recipient or the administrator of that side."
    PROVIDER = "provider", "Whoever runs the mail server that sent it: the sender's provider or administrator."
    US = "us", "We: the administrators of this mail system."
    NOBODY = "nobody", "Nobody: it goes on by itself, or it is done."


class UnknownCode(MailTraceError, ValueError):  # noqa: N818 -- it names what was asked, as the caller says it
    """What was asked for is no reply code and no enhanced status code."""


class KnownError(msgspec.Struct, frozen=True, kw_only=True):
    """One error: its codes, what they mean, who acts, the next step, and what to say to the customer."""

    #: Basic reply code; None where only the enhanced code says it.
    code: int | None = None
    #: Enhanced status code such as `5.1.1`.
    enhanced: str | None = None
    reason: Reason = Reason.UNKNOWN
    meaning: str
    move: Move
    next_step: str
    #: What the customer is told, in parts.
    saying: Saying
    #: The reason in one sentence, as it is meant at this side.
    sentence: str = ""

    @property
    def customer_text(self) -> str:
        """What the customer is told, in English: it can be passed on as it is."""
        return Voice().customer_text(self.saying)
