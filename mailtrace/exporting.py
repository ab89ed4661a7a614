"""A whole result in a file: broken off at any moment it goes on where it was, and the file is then the same.

Rows go into `FILE.part`, beside it `FILE.asked` says what was asked, and when; the last whole row there is where it goes on. Only when all
is there, the part becomes the file.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from mailtrace.problems import WrongUsage
from search.answers import TraceAnswer
from search.query import Query
from search.rows import cells, csv_header, csv_rows, write_jsonl
from search.service import MailTrace
from search.sorting import Sort

#: Rows that are written together.
_AT_ONCE = 500
#: So much is read from the end of a part at a time.
_TAIL = 65_536


class _Begun(msgspec.Struct, frozen=True):
    """What an export asks, as it was typed, and the time that "now" is in it."""

    asked: str
    format: str
    now_ms: int


@dataclass(frozen=True, slots=True)
class _Form:
    """How rows are written, and how the id of one is read again."""

    head: bytes
    rows: Callable[[Iterable[TraceAnswer]], bytes]
    id_of: Callable[[bytes], str]


def _jsonl(traces: Iterable[TraceAnswer]) -> bytes:
    """One JSON object a line."""
    out = io.StringIO()
    write_jsonl(traces, out)
    return out.getvalue().encode("utf-8", "backslashreplace")


def _typed(traces: Iterable[TraceAnswer]) -> bytes:
    """The cells of each row as a JSON array a line: what columns are made of in the end."""
    return b"".join(msgspec.json.encode(cells(trace)) + b"\n" for trace in traces)


_FORMS = {
    "csv": _Form(
        csv_header().encode(),
        lambda traces: csv_rows(traces).encode("utf-8", "backslashreplace"),
        lambda line: line.partition(b",")[0].decode(),
    ),
    "jsonl": _Form(b"", _jsonl, lambda line: str(msgspec.json.decode(line)["id"])),
    "parquet": _Form(b"", _typed, lambda line: str(msgspec.json.decode(line)[0])),
}


class Export:
    """One file that is written, or written on."""

    def __init__(self, target: Path, format_: str, asked: str, now_ms: int, sort: Sort = Sort.NEWEST, *, resume: bool) -> None:
        """Begin it, or find what there is of it; raises `WrongUsage` where that is of another question. The order is told in `asked`."""
        self.sort = sort
        self.target, self._form, self._format = target, _FORMS[format_], format_
        self._part = target.with_name(f"{target.name}.part")
        self._note = target.with_name(f"{target.name}.asked")
        self._begun = _Begun(asked, format_, now_ms)
        if format_ == "parquet":
            from mailtrace.parquet import library  # noqa: PLC0415 - an extra

            library()
        if not self._part.exists() or not self._note.exists():
            self._note.write_bytes(msgspec.json.encode(self._begun))
            self._part.write_bytes(self._form.head)
            return
        found = msgspec.json.decode(self._note.read_bytes(), type=_Begun)
        if not resume:
            raise WrongUsage(f"{self._part} was broken off; go on with --resume, or delete it")
        if (found.asked, found.format) != (asked, format_):
            raise WrongUsage(
                f"--resume: {self._part} holds {found.format} of another question ({found.asked or 'everything'}); ask the same"
            )
        self._begun = found

    @property
    def now_ms(self) -> int:
        """The time that "now" is in its question, also when it goes on later."""
        return self._begun.now_ms

    def write(self, mail: MailTrace, query: Query, told: Callable[[int], None]) -> int:
        """Write what is missing; tells how many rows there are, time and again, and gives their number."""
        with self._part.open("r+b") as out:
            cursor = self._cursor(out)
            out.seek(0)
            rows = sum(block.count(b"\n") for block in iter(lambda: out.read(1 << 20), b"")) - self._form.head.count(b"\n")
            told(rows)
            traces = mail.walk(query, cursor=cursor)
            while some := list(islice(traces, _AT_ONCE)):
                out.write(self._form.rows(some))
                rows += len(some)
                told(rows)
            out.flush()
            os.fsync(out.fileno())
        self._finish()
        return rows

    def _cursor(self, out: io.BufferedRandom) -> str | None:
        """The id of the last whole row; what stands behind it is cut off."""
        end = out.seek(0, os.SEEK_END)
        tail, start = b"", end
        # A whole row is what stands between two ends of lines; the first one begins the file.
        while start and tail.count(b"\n") < 2:
            begin = max(0, start - _TAIL)
            out.seek(begin)
            tail, start = out.read(start - begin) + tail, begin
        whole, newline, _ = tail.rpartition(b"\n")
        kept = start + len(whole) + len(newline)
        if kept < len(self._form.head):
            out.seek(0)
            out.write(self._form.head)
            kept = len(self._form.head)
        out.truncate(kept)
        return self._form.id_of(whole.rpartition(b"\n")[2]) if kept > len(self._form.head) else None

    def _finish(self) -> None:
        """The part becomes the file."""
        if self._format == "parquet":
            from mailtrace.parquet import write_parquet  # noqa: PLC0415 - an extra

            made = self.target.with_name(f"{self.target.name}.made")
            write_parquet(self._part, made)
            made.replace(self.target)
            self._part.unlink()
        else:
            self._part.replace(self.target)
        self._note.unlink()
