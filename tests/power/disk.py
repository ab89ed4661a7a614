"""A disk in a model: what of the recorded writes is left when the power goes at a moment.

Of a file that is left which was synced, of a folder which names it had when it was synced. Of the rest nothing, or any part: writes are
kept, torn at sectors, or lost, each by itself, and so are the changes of names.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from random import Random

_HEAD = struct.Struct("=cQQIII")
_SECTOR = 512


@dataclass(frozen=True, slots=True)
class Record:
    """A call that changed something: `w`rite, `t`runcate, `s`ync, `c`reate, make a `d`irectory, `r`ename, `u`nlink."""

    kind: str
    number: int
    offset: int
    name: str
    other: str
    data: bytes


def recorded(log: Path) -> list[Record]:
    """What `record.c` wrote down."""
    return list(_records(log.read_bytes()))


def _records(content: bytes) -> Iterator[Record]:
    """Take the log apart."""
    at = 0
    while at < len(content):
        kind, number, offset, *lengths = _HEAD.unpack_from(content, at)
        at += _HEAD.size
        parts = []
        for length in lengths:
            parts.append(content[at : at + length])
            at += length
        yield Record(kind.decode(), number, offset, parts[0].decode(), parts[1].decode(), parts[2])


@dataclass(slots=True, eq=False)
class _File:
    """What is on the disk for certain, and what was written since."""

    durable: bytearray = field(default_factory=bytearray)
    pending: list[Record] = field(default_factory=list)


@dataclass(slots=True)
class _Change:
    """A change of names: what is no longer there, and what is."""

    number: int
    folder: str
    gone: str | None
    name: str | None
    node: _File | None


class Disk:
    """A disk that has seen records up to a moment."""

    def __init__(self, records: list[Record]) -> None:
        #: What every name means now, and for certain after a loss of power; a folder is None.
        self._now: dict[str, _File | None] = {}
        self._durable: dict[str, _File | None] = {}
        self._pending: list[_Change] = []
        for record in records:
            self._take(record)

    def left(self, rng: Random | None, folder: Path) -> None:
        """Write into a folder what the loss of power leaves: what is certain, and of the rest nothing, or what chance leaves."""
        names = dict(self._durable)
        for change in self._pending:
            if rng is not None and rng.random() < 0.5:
                _change(names, change)
        for name, node in sorted(names.items()):
            path = folder / name
            if node is None:
                path.mkdir(parents=True, exist_ok=True)
            elif path.parent.is_dir():
                # A file whose folder is gone is gone with it.
                path.write_bytes(_content(node, rng))

    def _take(self, record: Record) -> None:
        """Let something happen."""
        name, number = record.name, record.number
        match record.kind:
            case "w" | "t":
                node = self._now.get(name)
                assert node is not None, f"{name} is written and was never made"
                node.pending.append(record)
            case "s":
                self._sync(name, record.offset)
            case "c":
                self._rename(_Change(number, _parent(name), None, name, _File()))
            case "d":
                self._rename(_Change(number, _parent(name), None, name, None))
            case "u":
                self._rename(_Change(number, _parent(name), name, None, None))
            case "r":
                self._rename(_Change(number, _parent(name), name, record.other, self._now[name]))

    def _sync(self, name: str, until: int) -> None:
        """Make durable what happened to a file, or to the names in a folder, up to a record."""
        node = self._now.get(name)
        if node is not None:
            for record in [record for record in node.pending if record.number <= until]:
                _apply(node.durable, record)
                node.pending.remove(record)
            return
        for change in [change for change in self._pending if change.folder == name and change.number <= until]:
            _change(self._durable, change)
            self._pending.remove(change)

    def _rename(self, change: _Change) -> None:
        """Change names."""
        _change(self._now, change)
        self._pending.append(change)


def _parent(name: str) -> str:
    """The folder of a name."""
    parent = str(PurePosixPath(name).parent)
    return "" if parent == "." else parent


def _change(names: dict[str, _File | None], change: _Change) -> None:
    """Do a change of names."""
    if change.gone is not None:
        names.pop(change.gone, None)
    if change.name is not None:
        names[change.name] = change.node


def _apply(content: bytearray, record: Record) -> None:
    """Do a write or a cut."""
    if record.kind == "t":
        if len(content) > record.offset:
            del content[record.offset :]
        else:
            content.extend(bytes(record.offset - len(content)))
        return
    if len(content) < record.offset:
        content.extend(bytes(record.offset - len(content)))
    content[record.offset : record.offset + len(record.data)] = record.data


def _content(node: _File, rng: Random | None) -> bytes:
    """What is left of a file."""
    content = bytearray(node.durable)
    if rng is not None:
        kept = rng.choice((0.1, 0.5, 0.9))
        for record in node.pending:
            if rng.random() < kept:
                _apply(content, _torn(record, rng))
    return bytes(content)


def _torn(record: Record, rng: Random) -> Record:
    """A write that reached the disk, or some of its sectors."""
    if record.kind == "t" or rng.random() < 0.7:
        return record
    end = (record.offset // _SECTOR + rng.randrange(1, 2 + len(record.data) // _SECTOR)) * _SECTOR - record.offset
    return Record("w", record.number, record.offset, record.name, "", record.data[: max(end, 1)])
