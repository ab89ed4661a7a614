"""How a trace lies in a file: positional msgpack, compressed by zstd with dictionaries that the file itself keeps.

A head is compressed by itself, a journey together with others, in a block; earlier releases compressed journeys by themselves too, and
had one dictionary for both.

The head is everything but the journey (the events, and what says how they belong together); lists read it alone. Each packed value
begins with the number of its layout, the order of the fields, which the file keeps too: a field that is added, moved or taken away later
needs no rewriting of what is there.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping
from functools import cache
from importlib import resources
from operator import attrgetter
from typing import Any, get_type_hints

import msgspec
import zstandard
from msgspec.structs import astuple

from mappings.faults import MailTraceError
from mappings.trace import JOURNEY, Event, Trace

#: The newest shipped dictionaries, for journeys and for heads; older files keep what they were begun with.
DICTIONARY, HEADS = "dictionary-2.dict", "heads-1.dict"
_LEVEL = 1


#: What unpacking raises where bytes are not those that were packed, or in a layout that is not known.
_NOT_PACKED = (zstandard.ZstdError, msgspec.MsgspecError, ValueError, TypeError, LookupError)


class Unpackable(MailTraceError, sqlite3.DatabaseError):  # noqa: N818 - it says what the bytes are
    """What a column holds is not what was packed: damage that SQLite cannot see, told as it tells of its own."""

    sqlite_errorcode = sqlite3.SQLITE_CORRUPT


class Layout(msgspec.Struct, frozen=True):
    """The order of the packed fields: of the head, of an event, and of what is packed before the events; revisions before 4 had none."""

    trace: tuple[str, ...]
    event: tuple[str, ...]
    journey: tuple[str, ...] = ()


CURRENT = Layout(
    tuple(name for name in Trace.__struct_fields__ if name not in JOURNEY),
    Event.__struct_fields__,
    tuple(name for name in JOURNEY if name != "events"),
)


@cache
def shipped_dictionary(name: str = DICTIONARY) -> bytes:
    """A dictionary that new files are begun with; empty where it is not shipped."""
    file = resources.files("mappings.embedded") / name
    return file.read_bytes() if file.is_file() else b""


def _row_type(model: type[msgspec.Struct], names: tuple[str, ...], **instead: Any) -> type[msgspec.Struct]:
    """A struct that reads these fields by position, some as another type; fields that the model has no more may hold anything."""
    hints = get_type_hints(model) | instead
    return msgspec.defstruct(f"{model.__name__}Row", [(name, hints.get(name, Any)) for name in names], array_like=True)


class _Reader:
    """Reads what was packed in one layout."""

    def __init__(self, layout: Layout) -> None:
        self._head = msgspec.msgpack.Decoder(_row_type(Trace, layout.trace))
        self._whole = set(layout.trace) >= set(CURRENT.trace)
        self._plain = layout.event == CURRENT.event
        rows: Any = list[list[Any]] if self._plain else list[_row_type(Event, layout.event)]  # type: ignore[misc]
        self._before = tuple(name for name in layout.journey if name in JOURNEY)
        self._only_events = not layout.journey
        self._journey: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(
            rows if self._only_events else _row_type(Trace, (*layout.journey, "events"), events=rows)
        )

    def head(self, packed: bytes) -> Trace:
        """The trace without its journey."""
        return msgspec.convert(self._head.decode(packed), Trace, from_attributes=True)

    def told(self, packed: bytes) -> Any:
        """The same where it is looked at and not kept: the fields as they lie there, where the layout has each."""
        return self._head.decode(packed) if self._whole else self.head(packed)

    def row(self, packed: bytes) -> Any:
        """The fields of the head under their names; those that the layout does not have are not there."""
        return self._head.decode(packed)

    def journey(self, trace: Trace, packed: bytes | memoryview) -> None:
        """Put the journey into a trace."""
        read = self._journey.decode(packed)
        rows = read if self._only_events else read.events
        trace.events = [Event(*values) for values in rows] if self._plain else msgspec.convert(rows, list[Event], from_attributes=True)
        for name in self._before:
            setattr(trace, name, getattr(read, name))


@cache
def _reader(layout: Layout) -> _Reader:
    """The reader of a layout, made once."""
    return _Reader(layout)


_ENCODER = msgspec.msgpack.Encoder()
_head_values, _values_before = attrgetter(*CURRENT.trace), attrgetter(*CURRENT.journey)


def encode_head(trace: Trace) -> bytes:
    """Everything of a trace but its journey, in the current layout."""
    return _ENCODER.encode(_head_values(trace))


def encode_journey(trace: Trace) -> bytes:
    """The events of a trace and what says how they belong together, in the current layout."""
    return _ENCODER.encode((*_values_before(trace), [astuple(event) for event in trace.events]))


def decode_head(head: bytes) -> Trace:
    """The trace without its journey, as `encode_head` gave it."""
    return _reader(CURRENT).head(head)


def decode_whole(head: bytes, journey: bytes) -> Trace:
    """The trace with its journey, as the two functions gave it."""
    trace = decode_head(head)
    _reader(CURRENT).journey(trace, journey)
    return trace


_BLOCK = msgspec.msgpack.Decoder(list[memoryview])


class Packer:
    """Packs and unpacks for one file. Compressors are not safe for several threads, so each thread has its own."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        dictionaries, layouts = _read_meta(connection)
        self._dictionary = dictionaries.get("dictionary")
        self._of_heads = dictionaries.get("dictionary of heads", self._dictionary)
        self._readers = {number: _reader(layout) for number, layout in layouts.items()}
        number = next((number for number, layout in layouts.items() if layout == CURRENT), None)
        self._prefix = b"" if number is None else bytes((number,))
        self._own = threading.local()

    @classmethod
    def for_writing(cls, connection: sqlite3.Connection) -> Packer:
        """The packer of a file that may lack dictionaries and the current layout: they are put into it."""
        dictionaries, layouts = _read_meta(connection)
        if "dictionary" not in dictionaries:
            # The one that makes the file a begun one comes last.
            for name, shipped in (("dictionary of heads", HEADS), ("dictionary", DICTIONARY)):
                connection.execute("INSERT OR REPLACE INTO meta VALUES(?, ?)", (name, shipped_dictionary(shipped)))
        if CURRENT not in layouts.values():
            number = max(layouts, default=0) + 1
            connection.execute("INSERT INTO meta VALUES(?, ?)", (f"layout {number}", msgspec.json.encode(CURRENT)))
        return cls(connection)

    def knows(self, packed: bytes) -> bool:
        """Whether the layout of a packed value is one that was read when this packer was made."""
        return packed[0] in self._readers

    def pack_head(self, encoded: bytes) -> bytes:
        """What `encode_head` gave, as the file keeps it: as short as can be, for each trace has one."""
        compressor = getattr(self._own, "of_heads", None)
        if compressor is None:
            compressor = self._own.of_heads = zstandard.ZstdCompressor(
                _LEVEL, dict_data=self._of_heads, write_checksum=False, write_dict_id=False
            )
        compressed: bytes = compressor.compress(encoded)
        return self._written() + compressed

    def member(self, encoded: bytes) -> bytes:
        """What `encode_journey` gave, as a block holds it."""
        return self._written() + encoded

    def pack_block(self, members: Mapping[bytes, bytes | memoryview]) -> bytes:
        """The journeys of some traces, by their ids, packed together; with a sum by which each changed bit is noticed."""
        compressor = getattr(self._own, "of_blocks", None)
        if compressor is None:
            compressor = self._own.of_blocks = zstandard.ZstdCompressor(_LEVEL, dict_data=self._dictionary, write_checksum=True)
        compressed: bytes = compressor.compress(_ENCODER.encode([part for member in members.items() for part in member]))
        return compressed

    def unpack_block(self, packed: bytes) -> dict[bytes, memoryview]:
        """What `pack_block` packed; raises `Unpackable`."""
        try:
            parts = _BLOCK.decode(self._unpack(packed))
            return {bytes(key): member for key, member in zip(parts[::2], parts[1::2], strict=True)}
        except _NOT_PACKED as error:
            raise Unpackable(str(error)) from error

    def head(self, packed: bytes) -> Trace:
        """The trace, without its journey; raises `Unpackable`."""
        try:
            return self._readers[packed[0]].head(self._unpack_head(packed))
        except _NOT_PACKED as error:
            raise Unpackable(str(error)) from error

    def told(self, packed: bytes) -> Any:
        """The trace without its journey, or what has its fields, for who looks at it and keeps it not; raises `Unpackable`."""
        try:
            return self._readers[packed[0]].told(self._unpack_head(packed))
        except _NOT_PACKED as error:
            raise Unpackable(str(error)) from error

    def row(self, packed: bytes) -> Any:
        """The fields of a head under their names, for who takes some of them out of many; raises `Unpackable`."""
        try:
            return self._readers[packed[0]].row(self._unpack_head(packed))
        except _NOT_PACKED as error:
            raise Unpackable(str(error)) from error

    def journey(self, trace: Trace, packed: bytes) -> None:
        """Put a journey that lies by itself into its trace; raises `Unpackable`."""
        try:
            self._readers[packed[0]].journey(trace, self._unpack(memoryview(packed)[1:]))
        except _NOT_PACKED as error:
            raise Unpackable(str(error)) from error

    def journey_of(self, trace: Trace, member: memoryview) -> None:
        """Put a journey out of a block into its trace; raises `Unpackable`."""
        try:
            self._readers[member[0]].journey(trace, member[1:])
        except _NOT_PACKED as error:
            raise Unpackable(str(error)) from error

    def _written(self) -> bytes:
        """The number of the layout that is written."""
        assert self._prefix, "a file is prepared by for_writing"  # noqa: S101 - a mistake of ours, not of the data
        return self._prefix

    def _unpack_head(self, packed: bytes) -> bytes:
        """The msgpack of a head."""
        decompressor = getattr(self._own, "from_heads", None)
        if decompressor is None:
            decompressor = self._own.from_heads = zstandard.ZstdDecompressor(dict_data=self._of_heads)
        plain: bytes = decompressor.decompress(memoryview(packed)[1:])
        return plain

    def _unpack(self, compressed: bytes | memoryview) -> bytes:
        """The msgpack of a block, or of a journey that lies by itself."""
        decompressor = getattr(self._own, "decompressor", None)
        if decompressor is None:
            decompressor = self._own.decompressor = zstandard.ZstdDecompressor(dict_data=self._dictionary)
        plain: bytes = decompressor.decompress(compressed)
        return plain


def _read_meta(connection: sqlite3.Connection) -> tuple[dict[str, zstandard.ZstdCompressionDict | None], dict[int, Layout]]:
    """The dictionaries of a file (none where it is not yet begun) and its layouts."""
    dictionaries: dict[str, zstandard.ZstdCompressionDict | None] = {}
    layouts: dict[int, Layout] = {}
    for name, value in connection.execute("SELECT name, value FROM meta"):
        if name in ("dictionary", "dictionary of heads"):
            try:
                dictionaries[name] = zstandard.ZstdCompressionDict(value) if value else None
            except _NOT_PACKED as error:
                raise Unpackable(f"the {name}: {error}") from error
        elif name.startswith("layout "):
            try:
                layouts[int(name[7:])] = msgspec.json.decode(value, type=Layout)
            except _NOT_PACKED as error:
                raise Unpackable(f"{name}: {error}") from error
    return dictionaries, layouts
