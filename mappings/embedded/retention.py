"""Which files are to go: retention drops whole files, never rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mappings.embedded import columnar
from mappings.embedded.catalog import Partition

#: A file and the files that SQLite keeps beside it.
SUFFIXES = ("", "-wal", "-shm")


def too_old(partitions: Sequence[Partition], keep_ms: int, now_ms: int) -> list[Partition]:
    """The files whose whole range is longer ago than `keep_ms`."""
    return [partition for partition in partitions if partition.upper_ms <= now_ms - keep_ms]


def too_large(partitions: Sequence[Partition], size: Callable[[Partition], int], most_bytes: int) -> list[Partition]:
    """The oldest files that must go so that the rest has at most this size; the newest one stays in any case."""
    newest_first = sorted(partitions, key=lambda partition: partition.lower_ms, reverse=True)
    total = 0
    for kept, partition in enumerate(newest_first):
        total += size(partition)
        if kept and total > most_bytes:
            return newest_first[kept:]
    return []


def size_of(path: Path) -> int:
    """Bytes of a file and what stands beside it."""
    parts = [path.with_name(path.name + suffix) for suffix in SUFFIXES]
    return sum(part.stat().st_size for part in (*parts, *columnar.all_beside(path)) if part.exists())


def delete(path: Path) -> None:
    """Delete a file; the database goes first, so that no reader finds it without its log."""
    for suffix in SUFFIXES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    columnar.clear(path)
