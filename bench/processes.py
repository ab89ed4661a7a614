"""The processes of the generated server: ids, when each is busy, and the queue ids that they give."""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random

_DIGITS = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
SECOND = 1_000_000


def in_base(number: int, base: int, width: int) -> str:
    """Write a number in the digits of long queue ids."""
    digits = ""
    while number or len(digits) < width:
        number, digit = divmod(number, base)
        digits = _DIGITS[digit] + digits
    return digits


class Pool:
    """Processes of one service: each does one thing at a time, and a worn one is replaced by a new process id."""

    def __init__(self, new_pid: Callable[[], int], most_uses: int) -> None:
        self._new_pid = new_pid
        self._most_uses = most_uses
        self._free: list[tuple[int, int, int]] = []

    def take(self, at_us: int) -> tuple[int, int]:
        """Give a process that is free at a time, and how often it was used before."""
        if self._free and self._free[0][0] <= at_us:
            _, pid, uses = heappop(self._free)
            if uses < self._most_uses:
                return pid, uses
        return self._new_pid(), 0

    def give_back(self, pid: int, uses: int, at_us: int) -> None:
        """The process is free again from then on."""
        heappush(self._free, (at_us, pid, uses + 1))


class Queue:
    """Queue ids, short or long. A file's number is used again when the message is gone, as file systems do."""

    def __init__(self, random: Random, *, long: bool) -> None:
        self._random = random
        self._long = long
        self._next = 0x18A000
        self._free: list[tuple[int, int]] = []

    def inode(self, at_us: int) -> int:
        """Take the number of a file."""
        if self._free and self._free[0][0] <= at_us:
            return heappop(self._free)[1]
        self._next += self._random.randint(1, 9)
        return self._next

    def release(self, inode: int, at_us: int) -> None:
        """The message is gone from then on."""
        heappush(self._free, (at_us, inode))

    def name(self, at_us: int, inode: int) -> str:
        """Give the id of a message that arrives now."""
        if self._long:
            return f"{in_base(at_us // SECOND, 52, 6)}{in_base(at_us % SECOND, 52, 4)}z{in_base(inode, 51, 1)}"
        return f"{at_us % SECOND:05X}{inode:06X}"


class PidCounter:
    """New process ids, going up as a busy machine's do and around."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._last = 1200

    def __call__(self) -> int:
        """Give the next process id."""
        self._last += self._random.randint(1, 7)
        if self._last > 4_000_000:
            self._last = 1200
        return self._last
