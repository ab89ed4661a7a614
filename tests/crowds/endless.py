"""A log that never ends anything, read by a following process; and what that holds."""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from zoneinfo import ZoneInfo

from reading import Times

from bench.crowds import START, queue_id
from ingest.options import IngestOptions
from ingest.pipeline import Ingest
from ingest.sinks.embedded import EmbeddedSink

_CLIENT = "mail.sender.example[203.0.113.5]"


def _lines(number: int) -> Iterator[str]:
    """The lines of one message, each of which waits for another one that never comes."""
    qid, mail_id = queue_id(number), f"{number:012d}"
    match number % 12:
        case 0:
            # Put off, and never removed.
            yield f"postfix/smtpd[{1000 + number}]: {qid}: client={_CLIENT}"
            yield f"postfix/cleanup[900]: {qid}: message-id=<m{number}@sender.example>"
            yield f"postfix/qmgr[800]: {qid}: from=<ann@sender.example>, size=999, nrcpt=1 (queue active)"
            yield (
                f"postfix/smtp[700]: {qid}: to=<bob{number}@example.net>, relay=none, delay=1, delays=1/0/0/0, dsn=4.4.1, status=deferred"
                " (connect to mx.example.net[192.0.2.50]:25: Connection timed out)"
            )
        case 1:
            # A session that goes on, and a message that has no recipient yet.
            yield f"postfix/smtpd[{1000 + number}]: connect from {_CLIENT}"
            yield f"postfix/smtpd[{1000 + number}]: NOQUEUE: hold: RCPT from {_CLIENT}: <x@y>: held; from=<a@b.example> to=<c@d.example>"
            yield f"postfix/smtpd[{1000 + number}]: {qid}: client={_CLIENT}"
        case 2:
            yield f"postfix/smtpd[77]: {qid}: client=localhost[127.0.0.1], orig_queue_id={queue_id(number, 9)}, orig_client={_CLIENT}"
        case 3:
            yield (
                f"amavis[60]: ({number:05d}-01) Passed CLEAN {{RelayedInbound}}, [203.0.113.5]:4 [203.0.113.5] <ann@sender.example> ->"
                f" <bob{number}@example.net>, Queue-ID: {qid}, Message-ID: <m{number}@sender.example>, mail_id: {mail_id}, Hits: -0.1,"
                " size: 2002, 247 ms"
            )
        case 4:
            yield (
                f"postfix/smtpd[78]: NOQUEUE: reject: RCPT from {_CLIENT}: 550 5.1.1 <bob{number}@example.net>: Recipient address rejected:"
                f" User unknown; from=<ann@sender.example> to=<bob{number}@example.net> proto=ESMTP helo=<h>"
            )
        case 5:
            client = f"[198.51.{number // 250 % 250}.{number % 250}]:{number % 60000 + 1}"
            yield f"postfix/postscreen[44]: PREGREET 11 after 0.1 from {client}: EHLO x\\r\\n"
        case 6:
            yield f"clamd[55]: /var/lib/amavis/tmp/amavis-20260302T100000-{number:05d}-abcdefgh/parts/p001: Eicar-Test(44d8:68) FOUND"
        case 7:
            yield (
                "spamd[85]: spamd: result: . 1 - BAYES_00 scantime=0.2,size=900,user=debian-spamd,uid=102,required_score=5.0,"
                f"rhost=localhost,raddr=127.0.0.1,rport=39886,mid=<s{number}@sender.example>,autolearn=disabled"
            )
        case 8:
            yield f"amavis[61]: ({number:05d}-02) Passed CLEAN {{RelayedInbound}}, [203.0.113.5]:4 [203.0.113.5] <ann@sender.example> ->..."
        case 9:
            yield f"program{number}[1]: of which nobody knows"
            yield f"postfix/smtpd[{1000 + number}]: Anonymous TLS connection established from {_CLIENT}: TLSv1.3 with cipher TLS_AES_256"
        case 10:
            yield f"postfix/smtpd[79]: {qid}: client={_CLIENT}"
        case _:
            # A kept message is let go, whose scan is not seen; and a notice of a message that is not.
            yield f"postfix/smtpd[80]: {qid}: client=localhost[127.0.0.1]"
            yield f"postfix/cleanup[901]: {qid}: resent-message-id=<{mail_id}-A{mail_id[1:]}@mx1>"
            yield f"postfix/bounce[910]: {queue_id(number, 8)}: sender non-delivery notification: {qid}"


def endless(first: int, count: int, rate: float) -> Iterator[str]:
    """So many messages of the log, from this one on, with their stamps."""
    for number in range(first, first + count):
        stamp = (START + timedelta(seconds=number / rate)).isoformat(timespec="microseconds")
        host = f"host{number}" if number % 12 == 10 and number % 120 < 12 else "mx1"
        for text in _lines(number):
            yield f"{stamp} {host} {text}\n"


class Following(AbstractContextManager["Following"]):
    """A process that follows a file while this one writes to it, and rotates it to another name each time."""

    def __init__(self, folder: Path, times: Times) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._file = folder / "mail.log"
        self._file.touch()
        self._clock: datetime = START
        self._sink = EmbeddedSink(folder / "store")
        options = IngestOptions(
            (f"{self._file}*",), timezone=ZoneInfo("UTC"), year=2026, pin_s=times.pin, hold_back_s=times.hold_back, memory_s=times.memory
        )
        self.ingest = Ingest(options, self._sink, folder / "data", clock=self._now)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.ingest.follow, args=(self._stop,), kwargs={"interval_s": 0.05})
        self._written = 0
        self._number = 0
        self._rotated = 0

    def _now(self) -> float:
        """The wall clock: that of the log."""
        return self._clock.timestamp()

    def __enter__(self) -> Following:
        """Begin to read."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End in order."""
        self._stop.set()
        self._thread.join()
        self._sink.close()

    def write(self, count: int, rate: float) -> None:
        """Write so many messages, and wait until they are read and what they come to is written."""
        lines = list(endless(self._number, count, rate))
        self._number += count
        self._clock = START + timedelta(seconds=self._number / rate)
        with self._file.open("a", encoding="utf-8") as file:
            file.writelines(lines)
        self._written += len(lines)
        until = time.monotonic() + 300
        while self.ingest.summary.lines < self._written and self._thread.is_alive() and time.monotonic() < until:
            time.sleep(0.02)
        assert self.ingest.summary.lines == self._written

    def rotate(self) -> None:
        """Rename the file, as for a new day, and drop the one before the last."""
        self._rotated += 1
        self._file.rename(self._folder / f"mail.log.{self._rotated}")
        self._file.touch()
        old = self._folder / f"mail.log.{self._rotated - 2}"
        old.unlink(missing_ok=True)

    def held(self, at_most: int | None = None) -> int:
        """How many blocks of memory this process holds when it has let go of what it can: the least of some counts.

        With `at_most` it is counted until they are no more, for half a minute at most: when it lets go, a busy machine decides.
        """
        until = time.monotonic() + (2 if at_most is None else 30)
        least = None
        while least is None or (time.monotonic() < until and (at_most is None or least > at_most)):
            time.sleep(0.3)
            gc.collect()
            count = sys.getallocatedblocks()
            least = count if least is None else min(least, count)
        return least
