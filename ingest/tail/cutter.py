"""Bytes in pieces of any size become lines with the place where each begins."""

from __future__ import annotations

from collections.abc import Iterator

#: Longer lines are cut.
MAX_LINE = 1024 * 1024


class LineCutter:
    """Holds the beginning of a line until its end has come, in bounded memory."""

    def __init__(self, offset: int = 0) -> None:
        self._carry = b""
        self._carry_at = offset
        #: Bytes of the carried line beyond `MAX_LINE`.
        self._dropped = 0
        self.cut_lines = 0
        self.cut_bytes = 0

    @property
    def line_start(self) -> int:
        """Where the line begins whose end has not come."""
        return self._carry_at

    @property
    def partial(self) -> int:
        """Bytes of a last line without its newline."""
        return len(self._carry) + self._dropped

    def feed(self, data: bytes) -> list[tuple[int, str]]:
        """The lines that are complete now, without their newlines, each with its offset."""
        if len(data) > MAX_LINE:
            # So that no line is longer than that which is not put together from pieces.
            pieces = (data[at : at + MAX_LINE] for at in range(0, len(data), MAX_LINE))
            return [line for piece in pieces for line in self._feed(piece)]
        return self._feed(data)

    def _feed(self, data: bytes) -> list[tuple[int, str]]:
        end = data.rfind(b"\n")
        if end < 0:
            self._keep(data)
            return []
        whole, rest = data[:end], data[end + 1 :]
        lines: list[tuple[int, str]] = []
        if self._carry or self._dropped:
            first, newline, whole_rest = whole.partition(b"\n")
            self._keep(first)
            lines.append(self._finish(1))
            if not newline:
                self._keep(rest)
                return lines
            whole = whole_rest
        else:
            self._carry_at = self._skip_hole(self._carry_at, whole)
            whole = whole.lstrip(b"\0") if whole[:1] == b"\0" else whole
        start = self._carry_at
        self._carry_at += len(whole) + 1
        lines.extend(_split(start, whole))
        self._keep(rest)
        return lines

    def finish(self) -> list[tuple[int, str]]:
        """The last line without its newline, where nothing more will come."""
        return [self._finish(0)] if self.partial else []

    @staticmethod
    def _skip_hole(offset: int, data: bytes) -> int:
        return offset + len(data) - len(data.lstrip(b"\0")) if data[:1] == b"\0" else offset

    def _keep(self, data: bytes) -> None:
        """Carry the beginning of a line on, up to `MAX_LINE`."""
        if not self._carry and not self._dropped and data[:1] == b"\0":
            # A hole before a line is no part of it, however long it is.
            self._carry_at = self._skip_hole(self._carry_at, data)
            data = data.lstrip(b"\0")
        room = MAX_LINE - len(self._carry)
        if len(data) > room:
            self._dropped += len(data) - room
            data = data[:room]
        if data:
            self._carry += data

    def _finish(self, newline: int) -> tuple[int, str]:
        """The carried line, which is complete."""
        start, line = self._carry_at, self._carry
        self._carry_at += len(line) + self._dropped + newline
        if self._dropped:
            self.cut_lines += 1
            self.cut_bytes += self._dropped
        self._carry, self._dropped = b"", 0
        return start, line.removesuffix(b"\r").decode("utf-8", "surrogateescape")


def _split(offset: int, data: bytes) -> Iterator[tuple[int, str]]:
    """Complete lines (the last newline taken off): decoded at once, for that is most of the cost."""
    lines = data.decode("utf-8", "surrogateescape").split("\n")
    returns = b"\r" in data
    # No byte of a longer UTF-8 sequence is a newline, so both splits have the same pieces.
    pieces = lines if data.isascii() else data.split(b"\n")
    for line, piece in zip(lines, pieces, strict=True):
        yield offset, line.removesuffix("\r") if returns else line
        offset += len(piece) + 1
