"""A framed log line: what the transport says about it, before any program's format is read."""

from __future__ import annotations

import msgspec


class Line(msgspec.Struct, gc=False, eq=False):
    """One line (or joined record) with its header taken apart.

    `time_us` is microseconds since 1970 UTC; `fine` is False where the stamp has whole seconds only. `number` counts the lines
    of one process in one second and is set by the reader. A `pid` of 0 is a process that is not known.
    """

    time_us: int
    fine: bool
    host: str
    #: The tag as logged, without pid: `postfix/submission/smtpd`.
    tag: str
    #: The last part of the tag: `smtpd`.
    program: str
    pid: int
    text: str
    raw: str
    file: str
    number: int = 0
    #: The text of the first piece, where several lines were joined to one record: that is its identity.
    head: str = ""
    #: The record was given before, in a shorter version.
    again: bool = False
    #: Its identity (`ingest.joining.event.digest_of`), once it is known to state something.
    digest: str = ""
