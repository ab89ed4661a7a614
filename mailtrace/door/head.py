"""The head of a request, gathered before any parser sees it: bounded in bytes, in lines, and in the length of its address."""

from __future__ import annotations

import re

from mappings.faults import MailTraceError

#: Bytes of a whole head, with its blank line.
MOST_BYTES = 32 * 1024
#: Lines of it; browsers send about twenty. A parser's work goes by the line.
MOST_LINES = 128
#: Bytes of the address in its first line.
LONGEST_ADDRESS = 8 * 1024
#: What stands beside the address in the first line: the method, the version, and blanks.
_BESIDE = 32
_END = re.compile(rb"\n\r?\n")
#: A blank line may begin one line end before what is new.
_BACK = 3


class HeadError(MailTraceError):
    """Such a head is not taken; `status` says why."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Head:
    """What a client has sent and no parser has taken yet."""

    def __init__(self) -> None:
        self._given = bytearray()
        self._searched = 0

    def __len__(self) -> int:
        """How many bytes wait."""
        return len(self._given)

    def add(self, data: bytes) -> None:
        """Put to it what has come. Line ends between two requests are passed over (RFC 9112, 2.2)."""
        self._given += data if self._given else data.lstrip(b"\r\n")

    def take(self) -> bytes | None:
        """Take one whole head, or None where more has to come; raises `HeadError` where it is, or can only become, too much."""
        given = self._given
        if not given:
            return None
        if given[0] <= 0x20:
            # No method begins so: it may be TLS, to which nothing can be answered.
            raise HeadError(400)
        found = _END.search(given, max(0, self._searched - _BACK))
        self._searched = len(given)
        end = found.end() if found else len(given)
        if given.find(b"\n", 0, LONGEST_ADDRESS + _BESIDE) < 0 < end - LONGEST_ADDRESS - _BESIDE:
            raise HeadError(414)
        if end > MOST_BYTES or given.count(b"\n", 0, end) > MOST_LINES:
            raise HeadError(431)
        if found is None:
            return None
        whole = bytes(given[:end])
        self._rest(end)
        return whole

    def rest(self) -> bytes:
        """Take all that waits: the beginning of a body."""
        rest = bytes(self._given)
        self._given.clear()
        self._searched = 0
        return rest

    def _rest(self, end: int) -> None:
        """What stands behind a head may be the next one."""
        del self._given[:end]
        self._searched = 0
        blanks = len(self._given) - len(self._given.lstrip(b"\r\n"))
        del self._given[:blanks]
