"""What is kept about a file between two runs."""

from __future__ import annotations

import msgspec

from ingest.tail.fingerprint import Identity


class Told(msgspec.Struct, frozen=True):
    """What was said about a file when it was read: it holds as well where a later run goes on with it unasked."""

    log_host: str | None = None
    format: str | None = None
    timezone: str | None = None
    #: What message ids say instead of the zone that was given, where they do.
    zone_of_ids: str | None = None

    def zone_in_words(self, path: str) -> str | None:
        """What is to be said of the zone of this file: where message ids say another one than was given."""
        if self.zone_of_ids is None:
            return None
        if self.zone_of_ids == self.timezone:
            return f"{path}: its stamps name no zone, and were taken as of {self.timezone}, as its message ids say; none is set."
        return f"{path}: its stamps name no zone, and were taken as of {self.timezone}, as set; its message ids say {self.zone_of_ids}."


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
    #: Of a journal: the entry behind which reading goes on; the other places count for nothing in the next run.
    cursor: str | None = None
    #: Whether its lines are wrapped in something, as its first lines decided; None while that is open.
    wrapped: bool | None = None
    #: When the file was last there, in seconds since 1970.
    seen_s: int = 0
    #: Behind the last line that was read, in unpacked bytes (None in marks of older releases), and the greatest time in the lines before.
    read: int | None = None
    read_us: int | None = None
    #: The file is compressed: its size is not in the bytes of its text.
    packed: bool = False
    #: Read to its end, and nobody writes to it any more; or what it lacked has been told.
    over: bool = False

    @property
    def open(self) -> bool:
        """Whether there may be more of this content than is in the store: where it is gone, something may be lost."""
        if self.needed:
            return True
        return not self.finished and not (self.over and not self.unread)

    @property
    def unread(self) -> int:
        """Bytes that were seen in the file and not read, as far as that can be told."""
        return 0 if self.packed or self.read is None else max(self.size - self.read, 0)
