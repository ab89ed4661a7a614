"""A folder of logs to which things are done, and a model that knows for each line whether it could be read.

The model mirrors the files: which lines each holds. When the last copy of a line is destroyed, it knows whether somebody had the time to
read it (`safe`), or whether anybody could have known of the content at all (`seen`).
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import zstandard

START = datetime(2026, 3, 2, 10, 0, 0, tzinfo=UTC)
_PACKERS = (
    ("gz", gzip.compress),
    ("bz2", bz2.compress),
    ("xz", lzma.compress),
    ("zst", lambda data: zstandard.ZstdCompressor().compress(data)),
)


@dataclass(slots=True, eq=False)
class Content:
    """What one file held from its beginning; `seen`: somebody who reads has had a whole look at it."""

    seen: bool = False


@dataclass(slots=True, eq=False)
class Line:
    """One line, where it was written first, and what is known of its reading."""

    text: str
    at_ms: int
    content: Content
    #: The saves of the reader when it was written.
    saves: int
    #: It was there long enough for a reader that could read it.
    safe: bool = False


@dataclass(slots=True)
class Message:
    """One message: what must be found of it, the lines that are written, and those still to come."""

    recipient: str
    disposition: str
    left: list[tuple[str, str]]
    lines: list[Line] = field(default_factory=list)


class World:
    """The files, and the model of them."""

    def __init__(self, folder: Path) -> None:
        self.logs = folder / "logs"
        self.data = folder / "data"
        for made in (self.logs, self.data):
            made.mkdir(parents=True)
        self.log = self.logs / "mail.log"
        self.files: dict[str, list[Line]] = {}
        self.contents: dict[str, Content] = {}
        self.messages: list[Message] = []
        self.clock = START
        self.day = 0
        #: How often the reader has saved, and since which save it reads all that is there.
        self.saves = 0
        self.base = 0
        self.up = False
        self.locked: Path | None = None
        self.destroyed = False

    # What is done to the files

    def write(self, count: int) -> None:
        """Whole messages."""
        for number in range(count):
            self._append(self._message(refused=number % 2 == 0), 9)

    def part(self, _count: int) -> None:
        """The first lines of a message, whose rest comes later or never."""
        self._append(self._message(refused=False), 2)

    def rest(self, _count: int) -> None:
        """The rest of all messages that have begun."""
        for message in self.messages:
            if message.left:
                self._append(message, 9)

    def rotate(self, count: int) -> None:
        """Rename the whole set by one number, as logrotate does; with an even count a new log is made at once."""
        self._shift()
        self._rename("mail.log", "mail.log.1")
        if count % 2 == 0:
            self.log.touch()

    def rotate_dated(self, count: int) -> None:
        """Rename the log to a date."""
        self.day += 1
        self._rename("mail.log", f"mail.log-202603{self.day:02}")
        if count % 2 == 0:
            self.log.touch()

    def burst(self, count: int) -> None:
        """Several rotations at once, with lines in each file."""
        for _ in range(2 + count % 2):
            self.write(1 + count % 3)
            self.rotate(count)

    def copytruncate(self, _count: int) -> None:
        """Copy the log and empty it."""
        if "mail.log" in self.files:
            self._shift()
            shutil.copyfile(self.log, self.logs / "mail.log.1")
            self.files["mail.log.1"], self.contents["mail.log.1"] = list(self.files["mail.log"]), self.contents["mail.log"]
            self._cut("mail.log")

    def compress(self, count: int) -> None:
        """Pack a rotated file."""
        plain = sorted(name for name in self.files if name != "mail.log" and name.rpartition(".")[2] not in dict(_PACKERS))
        if plain:
            name = plain[count % len(plain)]
            kind, pack = _PACKERS[count % len(_PACKERS)]
            path, packed = self.logs / name, self.logs / f"{name}.{kind}"
            packed.write_bytes(pack(path.read_bytes()))
            shutil.copystat(path, packed)
            path.unlink()
            self._moved(name, packed.name)

    def cut(self, _count: int) -> None:
        """Empty the log; nobody has a copy."""
        if "mail.log" in self.files:
            self._cut("mail.log")

    def delete(self, _count: int) -> None:
        """Remove the log."""
        if self.log.exists():
            self.log.unlink()
            self._drop("mail.log")

    def drop(self, _count: int) -> None:
        """Remove the oldest rotated file."""
        old = sorted(name for name in self.files if name != "mail.log")
        if old:
            (self.logs / old[-1]).unlink()
            self._drop(old[-1])

    def lock(self, count: int) -> None:
        """Take the rights to the folder away, or those to the log."""
        self.unlock(0)
        path = self.logs if count % 2 or not self.log.exists() else self.log
        path.chmod(0)
        self.locked = path

    def unlock(self, _count: int) -> None:
        """Give the rights back."""
        if self.locked is not None:
            if self.locked.exists():
                self.locked.chmod(0o755)
            for path in self.logs.iterdir():
                path.chmod(0o644)
            self.locked, self.base = None, self.saves

    # What the reader does

    def began(self) -> None:
        """A reader was started."""
        self.up, self.base = True, self.saves

    def ended(self, *, killed: bool) -> None:
        """It ended; a killed one forgets what it held of messages that are not whole."""
        self.look()
        self.up = False
        for message in self.messages:
            # In order it writes what is known; of a message without a recipient that is nothing yet, and its lines are read again.
            if message.left and (killed or len(message.lines) < 4):
                for line in message.lines:
                    line.safe = False

    def look(self) -> None:
        """Note what a reader has had the time for: a whole reading, with all rights, in three saves; an orderly end saves twice."""
        if not self.up or self.locked is not None:
            return
        for lines in self.files.values():
            for line in lines:
                if self.saves >= max(line.saves, self.base) + 3:
                    line.safe = line.content.seen = True

    def alive(self) -> set[int]:
        """The lines that a file holds."""
        return {id(line) for lines in self.files.values() for line in lines}

    # How it is done

    def _message(self, *, refused: bool) -> Message:
        """A new message."""
        number = len(self.messages)
        recipient, queue_id, peer = f"u{number}@example.net", f"{number:05X}A0B1C", "mail.sender.example[203.0.113.5]"
        if refused:
            why = f"550 5.1.1 <{recipient}>: Recipient address rejected: User unknown"
            tail = f"from=<s{number}@sender.example> to=<{recipient}> proto=ESMTP helo=<mail.sender.example>"
            said = [("smtpd", f"NOQUEUE: reject: RCPT from {peer}: {why}; {tail}")]
        else:
            took = "relay=mx.example.net[198.51.100.7]:25, delay=0.4, delays=0.1/0/0.1/0.2"
            said = [
                ("smtpd", f"{queue_id}: client={peer}"),
                ("cleanup", f"{queue_id}: message-id=<m{number}@sender.example>"),
                ("qmgr", f"{queue_id}: from=<s{number}@sender.example>, size=900, nrcpt=1 (queue active)"),
                ("smtp", f"{queue_id}: to=<{recipient}>, {took}, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4Sink01)"),
                ("qmgr", f"{queue_id}: removed"),
            ]
        message = Message(recipient, "rejected" if refused else "delivered", said)
        self.messages.append(message)
        return message

    def _append(self, message: Message, count: int) -> None:
        """Write some lines of a message to the log, as syslog does: open, write, close."""
        self.look()
        content = self.contents.setdefault("mail.log", Content())
        with self.log.open("a") as file:
            for program, said in message.left[:count]:
                self.clock += timedelta(milliseconds=700)
                text = f"{self.clock.isoformat(timespec='microseconds')} mx1 postfix/{program}[{100 + len(self.messages)}]: {said}"
                line = Line(text, int(self.clock.timestamp() * 1000), content, self.saves)
                message.lines.append(line)
                self.files.setdefault("mail.log", []).append(line)
                file.write(f"{text}\n")
        if self.locked == self.log:
            self.log.chmod(0)
        del message.left[:count]

    def _shift(self) -> None:
        """Number the rotated files up."""
        for name in sorted(self.files, key=_number, reverse=True):
            if _number(name):
                base, _, ending = name.removeprefix("mail.log.").partition(".")
                self._rename(name, f"mail.log.{int(base) + 1}{'.' if ending else ''}{ending}")

    def _rename(self, old: str, new: str) -> None:
        """Rename a file that has lines."""
        if old in self.files:
            (self.logs / old).rename(self.logs / new)
            if self.locked == self.logs / old:
                self.locked = self.logs / new
            self._moved(old, new)

    def _moved(self, old: str, new: str) -> None:
        """The lines of a file are under another name."""
        self.files[new], self.contents[new] = self.files.pop(old), self.contents.pop(old)

    def _cut(self, name: str) -> None:
        """Empty a file."""
        os.truncate(self.logs / name, 0)
        self._drop(name)

    def _drop(self, name: str) -> None:
        """The lines of a file are gone from it."""
        self.look()
        gone = self.files.pop(name, [])
        self.contents.pop(name, None)
        alive = self.alive()
        self.destroyed |= any(id(line) not in alive for line in gone)


def _number(name: str) -> int:
    """The number of a rotated file; 0 where it has none."""
    first = name.removeprefix("mail.log.").partition(".")[0]
    return int(first) if first.isdigit() else 0
