"""What is asked: a `Query`. Validated, describes itself in words, to and from a URL."""

from __future__ import annotations

import msgspec


class Query(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A question. Different fields must all fit; several values of one field are alternatives; none is "everything".

    Text values may hold `*` (any characters) and `?` (one character) in any place. `sender`, `recipient` and `address` take an
    address, a bare domain (`example.net`, `@example.net`) or a pattern; `""` or `<>` is the null sender.
    """

    sender: tuple[str, ...] = ()
    recipient: tuple[str, ...] = ()
    #: Either side: sender or recipient.
    address: tuple[str, ...] = ()
    quarantine_id: tuple[str, ...] = ()
    message_id: tuple[str, ...] = ()
    queue_id: tuple[str, ...] = ()
    #: Name, address or HELO of the sending server.
    client: tuple[str, ...] = ()
    #: Name or address of the next hop.
    relay: tuple[str, ...] = ()
    #: Basic (`550`) or enhanced code (`5.1.1`); `5` and `5.1` take the whole class.
    code: tuple[str, ...] = ()
    direction: tuple[str, ...] = ()
    disposition: tuple[str, ...] = ()
    verdict: tuple[str, ...] = ()
    reason: tuple[str, ...] = ()
    #: Sender's or recipient's domain.
    domain: tuple[str, ...] = ()
    #: First sight at or after / before this time, in milliseconds since 1970 UTC.
    since_ms: int | None = None
    until_ms: int | None = None
