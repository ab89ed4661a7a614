"""Which file is this: by its first bytes, not by its name.

A log that is renamed, copied or compressed begins with the same bytes when unpacked, so it is the same content, and reading goes on
where it stopped. A wrong "same" would skip lines, a wrong "other" only reads lines twice, which changes nothing. So what is too
short to tell has no identity.
"""

from __future__ import annotations

from hashlib import blake2b

import msgspec

#: How many bytes from the beginning identify a file.
HEAD = 1024
#: With fewer, two files may begin alike by chance.
ENOUGH = 64


class Identity(msgspec.Struct, frozen=True):
    """The hash of the first `length` bytes; it goes on to fit while the file grows."""

    length: int
    digest: str

    def fits(self, head: bytes) -> bool:
        """Whether a file with this head may be this content."""
        return len(head) >= self.length and digest(head[: self.length]) == self.digest


def identify(head: bytes) -> Identity | None:
    """The identity of a file with these first bytes (up to `HEAD`), or None where they do not tell one file from another."""
    head = head[:HEAD]
    # A file that was truncated under its writer begins with a hole, and so do others.
    if len(head) < ENOUGH or head[0] == 0:
        return None
    return Identity(len(head), digest(head))


def digest(data: bytes) -> str:
    """Hash the first bytes of a file."""
    return blake2b(data, digest_size=16).hexdigest()
