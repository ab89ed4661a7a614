"""What is kept about a file between two runs."""

from __future__ import annotations

import msgspec

from ingest.tail.fingerprint import Identity


class Told(msgspec.Struct, frozen=True):
    """What was said about a file when it was read: it holds as well where a later run goes on with it unasked."""

    log_host: str | None = None
    format: str | None = None
    timezone: str | None = None


class Mark(msgspec.Struct):
    """How far one content has been dealt with, and what must be known to go on there."""

    path: str
    identity: Identity
    #: The low-water mark, in unpacked bytes: the beginning of a line, or the end.
    offset: int
    #: The year of stamps without one, and the time of a line, both at the offset.
    year: int | None = None
    last_us: int | None = None
    device: int = 0
    inode: int = 0
    size: int = 0
    mtime_ns: int = 0
    #: A compressed file that has been read to its end.
    finished: bool = False
    #: Lines from the offset on are not all in the store yet: they are read again, also when the file is not named.
    needed: bool = False
    told: Told = Told()
    #: When the file was last there, in seconds since 1970.
    seen_s: int = 0
