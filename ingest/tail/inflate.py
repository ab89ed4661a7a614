"""Compressed files as a stream of bytes that ends where the damage begins."""

from __future__ import annotations

import bz2
import lzma
import zlib
from collections.abc import Callable
from typing import Protocol

import zstandard

_INPUT = 64 * 1024
#: zstd unpacks all that it is given at once, so it gets little.
_SMALL_INPUT = 4 * 1024
_OUTPUT = 1024 * 1024
#: What an xz file may ask for.
_MEMORY = 512 * 1024 * 1024

_MAGIC = {
    b"\x1f\x8b\x08": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    # A frame that is skipped, before the first one with data.
    b"\x50\x2a\x4d\x18": "zstd",
}
#: Those that may be filled up with zeros.
_PADDED = frozenset({"gzip", "xz"})

Read = Callable[[int], bytes]


def kind_of(head: bytes) -> str | None:
    """The kind of compression that these first bytes name, or None for plain text."""
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)


def undecided(head: bytes) -> bool:
    """Whether these few bytes may yet become the beginning of a compressed file."""
    return any(magic.startswith(head) and len(head) < len(magic) for magic in _MAGIC)


class _Member(Protocol):
    """One compressed member (gzip), stream (bzip2, xz) or frame (zstd)."""

    @property
    def done(self) -> bool:
        """Whether its end has been read."""
        ...

    def feed(self, data: bytes) -> bytes:
        """Unpack at most `_OUTPUT` bytes (zstd: all); `data` is empty where `hungry` is False."""
        ...

    @property
    def hungry(self) -> bool:
        """Whether it needs more input."""
        ...

    @property
    def rest(self) -> bytes:
        """Input after its end."""
        ...


class _Gzip:
    def __init__(self) -> None:
        self._z = zlib.decompressobj(31)
        self._broken = False

    @property
    def done(self) -> bool:
        return self._z.eof

    @property
    def hungry(self) -> bool:
        return not self._broken and not self._z.unconsumed_tail

    @property
    def rest(self) -> bytes:
        return self._z.unused_data

    def feed(self, data: bytes) -> bytes:
        if self._broken:
            raise zlib.error("damaged before")
        data = self._z.unconsumed_tail + data
        before = self._z.copy()
        try:
            return self._z.decompress(data, _OUTPUT)
        except zlib.error:
            self._broken = True
            return _up_to_damage(before, data)


def _up_to_damage(z: zlib._Decompress, data: bytes) -> bytes:
    """What is good of data in which there is damage: unpacked in steps too small to lose any of it."""
    good = bytearray()
    for byte in data:
        try:
            good += z.decompress(bytes((byte,)))
        except zlib.error:
            break
    return bytes(good)


class _Stream:
    """bzip2 and xz, which have the same shape."""

    def __init__(self, z: bz2.BZ2Decompressor | lzma.LZMADecompressor) -> None:
        self._z = z

    @property
    def done(self) -> bool:
        return self._z.eof

    @property
    def hungry(self) -> bool:
        return self._z.needs_input

    @property
    def rest(self) -> bytes:
        return self._z.unused_data

    def feed(self, data: bytes) -> bytes:
        return self._z.decompress(data, _OUTPUT)


class _Zstd:
    hungry = True

    def __init__(self) -> None:
        self._z = zstandard.ZstdDecompressor().decompressobj()

    @property
    def done(self) -> bool:
        return self._z.eof

    @property
    def rest(self) -> bytes:
        return self._z.unused_data

    def feed(self, data: bytes) -> bytes:
        return self._z.decompress(data)


def _member(kind: str) -> _Member:
    if kind == "gzip":
        return _Gzip()
    if kind == "bzip2":
        return _Stream(bz2.BZ2Decompressor())
    if kind == "xz":
        return _Stream(lzma.LZMADecompressor(memlimit=_MEMORY))
    return _Zstd()


class Inflater:
    """Unpacks what `source` gives, member after member, as far as it is good."""

    def __init__(self, kind: str, source: Read) -> None:
        self.kind = kind
        self._source = source
        self._step = _SMALL_INPUT if kind == "zstd" else _INPUT
        self._member = _member(kind)
        self._input = b""
        self._fresh = True
        self._over = False
        #: What is wrong with the data, said after the path; None while nothing is.
        self.damage: str | None = None

    def read(self) -> bytes:
        """The next bytes; empty at the end, whether that is good or not (`damage`)."""
        while not self._over:
            try:
                data = self._next()
            except (zlib.error, OSError, EOFError, lzma.LZMAError, zstandard.ZstdError) as error:
                if isinstance(error, OSError) and error.errno is not None:
                    # The disk, not the data.
                    raise
                self._stop(f"the {self.kind} data is damaged; what comes before the damage was read")
                break
            if data:
                return data
        return b""

    def _next(self) -> bytes:
        """One step: the end of a member, or input for it."""
        if self._member.done:
            self._input = self._member.rest
            self._member = _member(self.kind)
            self._fresh = True
        given = b""
        if self._member.hungry:
            given = self._input or self._source(self._step)
            self._input = b""
            if not given:
                self._stop(None if self._fresh else f"the {self.kind} data ends too early; what is there was read")
                return b""
            if self._fresh and self.kind in _PADDED:
                given = given.lstrip(b"\0")
                if not given:
                    return b""
        self._fresh = False
        return self._member.feed(given)

    def _stop(self, damage: str | None) -> None:
        self._over = True
        self.damage = damage
