"""What the lines of mail stores state: the programs behind the mail server that keep mailboxes, and sort by their owners' rules."""

from __future__ import annotations

from mappings import keys
from mappings.address import mailbox_of
from mappings.facts.base import Fact
from mappings.links import How, Named
from mappings.log_words import Filing
from mappings.vocabulary import Reason


class Filed(Fact, frozen=True, tag="filed"):
    """Something was done with one user's copy of a message, by the store or by a rule of the mailbox owner: `what` says what."""

    what: Filing
    #: The user whose mailbox it is, which need not be an address.
    recipient: str
    #: The store's session of this delivery, which its reply to the mail server names.
    session: str | None = None
    message_id: str | None = None
    folder: str | None = None
    #: To whom it was sent on, or who got an answer.
    target: str | None = None
    #: Why not, or what else was said of it.
    text: str = ""
    reason: Reason | None = None

    @property
    def box(self) -> str | None:
        """The key of the mailbox and the Message-ID; None where a line names no Message-ID."""
        if not self.message_id:
            return None
        local, domain = mailbox_of(self.recipient)
        return keys.box(local if domain is None else f"{local}@{domain}", self.message_id)

    def bears(self, host: str) -> tuple[str, ...]:
        """The delivery by its session, else by mailbox and Message-ID."""
        if self.session is not None:
            return (keys.delivery(self.session),)
        return () if self.box is None else (self.box,)

    def names(self, host: str) -> tuple[Named, ...]:
        """The hand-over to this mailbox."""
        return () if self.box is None else (Named(How.BOXED, self.box),)

    def ids(self, host: str) -> tuple[str, ...]:
        """Its Message-ID."""
        return (keys.judged(self.message_id),) if self.message_id else ()

    def people(self) -> list[str]:
        """Whose mailbox it is, and to whom something was sent."""
        return [self.recipient] if self.target is None else [self.recipient, self.target]
