"""The common log of a site of several hosts: some always busy, the others in bursts with long pauses; the same seed, the same lines."""

from __future__ import annotations

import gzip
import re
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import heappop, merge
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Self
from zlib import crc32

from bench.messages import Lines, Mail
from bench.processes import SECOND

_ID = re.compile(r"\]: ([0-9A-Za-z]{6,20}): ")
_ORIGIN = re.compile(r", orig_queue_id=(\w+), orig_client=\S+")
_SCANNED = re.compile(r"Queue-ID: (\w+),")
_FILTER = "relay=127.0.0.1[127.0.0.1]:10024"
#: A line with its time in microseconds.
Timed = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Site:
    """What the site is like."""

    seed: int
    #: When the log begins, in seconds since 1970 UTC.
    start_s: int
    hosts: int = 8
    #: So many of them are always busy, with so many messages a second each.
    busy: int = 2
    rate: float = 0.3
    #: How long the others are silent between two bursts, in seconds.
    quiet_s: tuple[int, int] = (300, 1500)
    #: Share of messages whose lines of the queue manager, and those that join both sides of the filter, are missing or of no known shape:
    #: what is read of them waits for lines that do not come.
    lacking: float = 0.0

    def lines(self) -> Iterator[Timed]:
        """Lines without end, in the order of time."""
        return merge(*map(self._host, range(self.hosts)), key=lambda line: line[0])

    def _host(self, number: int) -> Iterator[Timed]:
        """The lines of one host."""
        random = Random(f"{self.seed}/{number}")
        pending: Lines = []
        mail = Mail(random, pending, long_ids=number % 2 == 1, subjects=False)
        name, now, left = f"mx{number + 1}", self.start_s * SECOND + number, 0
        while True:
            if number < self.busy:
                now += int(random.expovariate(self.rate) * SECOND) + 1
            elif left:
                now, left = now + random.randint(1, 4 * SECOND), left - 1
            else:
                now, left = now + random.randint(*self.quiet_s) * SECOND, random.randint(1, 6)
            while pending and pending[0][0] < now:
                time_us, _, text = heappop(pending)
                written = self._written(text)
                if written:
                    when = datetime.fromtimestamp(time_us // SECOND, UTC)
                    yield time_us, f"{when:%Y-%m-%dT%H:%M:%S}.{time_us % SECOND:06d}+00:00 {name} {written}\n"
            mail.arrives(now)

    def _written(self, text: str) -> str:
        """A line as this site writes it; empty where it does not."""
        origin, scanned, ident = _ORIGIN.search(text), _SCANNED.search(text), _ID.search(text)
        if origin is not None:
            other = "" if _coin(origin[1]) else f", origin={origin[1]}"
            return text.replace(origin[0], other) if self._lacks(origin[1]) else text
        if scanned is not None:
            return "" if self._lacks(scanned[1]) else text
        if ident is None or not self._lacks(ident[1]) or not (text.startswith("postfix/qmgr") or _FILTER in text):
            return text
        return "" if _coin(ident[1]) else text[: ident.end()] + "seen by the new queue manager"

    def _lacks(self, queue_id: str) -> bool:
        """Whether a message is one of those whose lines are lacking."""
        return Random(f"{self.seed}/{queue_id}").random() < self.lacking


def _coin(word: str) -> int:
    """0 or 1, always the same for a word."""
    return crc32(word.encode()) % 2


class Growing:
    """Writes a site's lines to `mail.log` in a folder as their time comes, `pace` times as fast as real time, and rotates it.

    Of rotated files all are kept, or the newest `kept`.
    """

    def __init__(
        self, folder: Path, site: Site, *, pace: float, rotate_s: float | None = None, backlog_s: float = 0.0, kept: int | None = None
    ) -> None:
        self.log = folder / "mail.log"
        #: Lines that are written, and the time of the last one in microseconds.
        self.written = 0
        self.written_us = 0
        self._kept = kept
        self.rotations = 0
        self._lines = site.lines()
        self._next = next(self._lines)
        self._from_us = site.start_s * SECOND + int(backlog_s * SECOND)
        self._pace = pace
        self._rotate_s = rotate_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="growing")
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Self:
        self._write(self._from_us)
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        """Write what is due, until it is enough."""
        began = rotated = time.monotonic()
        while not self._stop.wait(0.02):
            now = time.monotonic()
            self._write(self._from_us + int((now - began) * self._pace * SECOND))
            if self._rotate_s is not None and now - rotated >= self._rotate_s:
                self.rotate()
                rotated = now

    def _write(self, until_us: int) -> None:
        """Write the lines up to a time."""
        due = []
        while self._next[0] <= until_us:
            due.append(self._next[1])
            self._next = next(self._lines)
        with self.log.open("a", encoding="utf-8") as file:
            file.write("".join(due))
        self.written += len(due)
        self.written_us = max(self.written_us, until_us)

    def rotate(self) -> None:
        """Rename as logrotate does: the newest is number 1, and from number 2 on they are compressed."""
        for number in range(self.rotations, 1, -1):
            old = self.log.with_name(f"mail.log.{number}.gz")
            if old.exists():
                old.rename(old.with_name(f"mail.log.{number + 1}.gz"))
        if self._kept is not None:
            self.log.with_name(f"mail.log.{self._kept + 1}.gz").unlink(missing_ok=True)
        first = self.log.with_name("mail.log.1")
        if first.exists():
            second = first.with_name("mail.log.2.gz")
            with first.open("rb") as plain, gzip.open(second.with_suffix(".new"), "wb", 1) as packed:
                shutil.copyfileobj(plain, packed)
            second.with_suffix(".new").rename(second)
            first.unlink()
        self.log.rename(first)
        self.log.touch()
        self.rotations += 1
