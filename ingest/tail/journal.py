"""The systemd journal as a source: what `journalctl` gives out is read as a stream, and its cursor is the position in it.

`journald:` is the whole journal, `journald:UNIT` that of a unit (or of a pattern of units). Source: the manual of `journalctl`.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections import deque
from tempfile import TemporaryFile
from typing import IO

from ingest.handles import Handles
from ingest.tail.cutter import LineCutter
from ingest.tail.faults import TailError
from ingest.tail.fingerprint import ENOUGH
from ingest.tail.names import JOURNAL
from ingest.tail.reader import FileReader

#: What is needed of an entry; cursor and time are always given.
_FIELDS = "MESSAGE,_HOSTNAME,SYSLOG_IDENTIFIER,SYSLOG_PID,_PID"
#: The first one in a line is the entry's: within a value the quotes are escaped.
_CURSOR = re.compile(r'"__CURSOR"\s{0,4}:\s{0,4}"([^"\\]{1,400})"')
#: Seconds between two starts of a command that ends.
_PAUSE_S = 1.0


class JournalReader(FileReader):
    """Reads entries from the one behind `cursor` on; without it from the first. With `once` to the last, else it waits for more.

    Places are counted in what was read by this reader; which entry lies before one is asked of `cursor_before`.
    """

    def __init__(self, path: str, cursor: str | None = None, *, once: bool = False, handles: Handles | None = None) -> None:
        self._once = once
        self._cursor = cursor
        #: Where lines begin, each with the cursor of the entry before it.
        self._before: deque[tuple[int, str | None]] = deque()
        self._started = 0.0
        #: Why the command ended when it should not have; None since it gives out entries again.
        self.failure: str | None = None
        self._command: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None
        super().__init__(path, handles=handles)
        # All of a journal is one content, whatever of it is still kept.
        self._head = path.encode("utf-8", "surrogateescape").ljust(ENOUGH)

    def cursor_before(self, offset: int) -> str | None:
        """The cursor of the entry before the line that begins there; None for the first. Earlier places are not asked for any more."""
        while len(self._before) > 1 and self._before[1][0] <= offset:
            self._before.popleft()
        return self._before[0][1] if self._before and self._before[0][0] <= offset else self._cursor

    def has_more(self) -> bool:
        """Whether reading again may give something; a command that ended is started anew after a moment."""
        if self.closed and not self.ended:
            return time.monotonic() - self._started >= _PAUSE_S
        return super().has_more()

    def close(self) -> None:
        """End the command; lines that were read from it are still given."""
        if self._command is not None:
            self._command.kill()
            self._command.wait()
            self._command = None
        if self._said is not None:
            self._said.close()
            self._said = None
        super().close()

    def _opened(self, path: str) -> int:
        """Start the command; the descriptor of what it gives out."""
        unit = path.removeprefix(JOURNAL)
        words = ["journalctl", "--quiet", "--all", "--no-pager", "--output=json", f"--output-fields={_FIELDS}"]
        words += [f"--after-cursor={self._cursor}"] if self._cursor else []
        words += [f"--unit={unit}"] if unit else []
        words += [] if self._once else ["--follow", "--no-tail"]
        self._started = time.monotonic()
        self._said = TemporaryFile()  # noqa: SIM115 - closed with the command
        reading, writing = os.pipe()
        try:
            self._command = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=writing, stderr=self._said)  # noqa: S603
        except OSError as error:
            os.close(reading)
            self._said.close()
            raise TailError(f"{path}: journalctl cannot be started: {(error.strerror or str(error)).lower()}", path) from None
        finally:
            os.close(writing)
        return reading

    def _fill(self) -> bool:
        """Get more entries, and note where each stands."""
        filled = super()._fill()
        for offset, text in self._lines:
            self._before.append((offset, self._cursor))
            found = _CURSOR.search(text)
            self._cursor = found[1] if found is not None else self._cursor
        return filled

    def _more(self) -> bytes:
        """The next bytes; where the command has ended and more may come, it is started anew behind the last entry."""
        if self.closed:
            self._fd = self._opened(self.path)
            self._decided, self._first = False, b""
            self._handles.opened(self)
        data = super()._more()
        if data:
            self.failure = None
        if not self.ended:
            return data
        code = self._command.wait() if self._command is not None else 0
        if self._once and code == 0:
            return data
        self.ended = self._once
        self.failure = f"{self.path}: journalctl ended with {code}{self._last_words()}"
        # The beginning of an entry that was cut off is given anew with the whole of it.
        self._cutter = LineCutter(self._cutter.line_start)
        self.close()
        raise TailError(self.failure, self.path)

    def _last_words(self) -> str:
        """What the command said of why it ended."""
        if self._said is None:
            return ""
        self._said.seek(0)
        words = self._said.read()[-500:].decode("utf-8", "backslashreplace").strip()
        return f": {words.splitlines()[-1]}" if words else ""
