"""What all facts have in common."""

from __future__ import annotations

import msgspec

from mappings.links import Named
from mappings.log_words import Stage


class Fact(msgspec.Struct, frozen=True, omit_defaults=True, gc=False, tag_field="kind"):
    """The common base of all facts. What it asks is asked once for each line."""

    def bears(self, host: str) -> tuple[str, ...]:
        """Keys of the hops whose line it is; `host` is the one that the line names, for ids are their host's own."""
        return ()

    def names(self, host: str) -> tuple[Named, ...]:
        """The ids of other hops in it, and how it names them."""
        return ()

    def ids(self, host: str) -> tuple[str, ...]:
        """Further keys by which its journey is found: of what it says of its own message."""
        return ()

    def people(self) -> list[str]:
        """The recipients that the line names, as it writes them."""
        return []

    def counts_more(self) -> bool:
        """Whether the line counts, or may have left out, recipients that it does not name."""
        return False


class Reply(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """An SMTP reply: basic code, enhanced status code (RFC 3463) and text; each may be missing in the log."""

    code: int | None = None
    enhanced: str | None = None
    text: str = ""
    #: The basic code is not logged, but always the same for this kind of line.
    inferred: bool = False
    #: What it answers, where the line says so: `CONNECT`, `HELO`, `MAIL`, `RCPT`, `DATA`, `END-OF-MESSAGE`.
    stage: Stage | None = None
