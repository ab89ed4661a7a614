"""A whole result as a stream: CSV or one JSON object a line, to the end, in bounded memory."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Literal

from litestar.response import Stream

from search.answers import TraceAnswer
from search.query import Query
from search.rows import csv_header, csv_rows, write_jsonl
from search.service import MailTrace

Format = Literal["csv", "jsonl"]
MEDIA_TYPES: dict[Format, str] = {"csv": "text/csv; header=present", "jsonl": "application/x-ndjson"}
#: A header that says what a stream lacks.
INCOMPLETE = "mail-trace-incomplete"
#: Rows that are written together.
_AT_ONCE = 500
#: Exports have threads of their own, and few: searches never wait behind them.
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="export")


def stream(mail: MailTrace, query: Query, kind: Format, note: Callable[[str, int], None], *, download: bool = False) -> Stream:
    """Answer with all traces that fit, newest first. The first rows are read before the answer begins, so a store that is away is told."""
    pieces = _pieces(mail.walk(query), kind, note)
    first = next(pieces, b"")
    headers = {"content-disposition": f'attachment; filename="mail-trace.{kind}"'} if download else {}
    # Rows have no place for it, and what lacks mail must not look whole.
    if lacking := mail.lacking(query.since_ms, query.until_ms):
        headers[INCOMPLETE] = " ".join(lacking).encode("ascii", "replace").decode()
    return Stream(_with(first, pieces), media_type=MEDIA_TYPES[kind], headers=headers)


async def _with(first: bytes, rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The first piece, and then the others, each made when the one before it has been taken."""
    piece = first
    while piece:
        yield piece
        piece = await asyncio.get_running_loop().run_in_executor(_THREADS, next, rest, b"")


def _pieces(traces: Iterator[TraceAnswer], kind: Format, note: Callable[[str, int], None]) -> Iterator[bytes]:
    """Rows, some hundred at a time; how many there were is noted as they are written."""
    rows, head = 0, csv_header().encode() if kind == "csv" else b""
    note("export", 0)
    while some := list(islice(traces, _AT_ONCE)):
        rows += len(some)
        note("export", rows)
        if kind == "csv":
            yield head + csv_rows(some).encode("utf-8", "backslashreplace")
            head = b""
        else:
            out = io.StringIO()
            write_jsonl(some, out)
            yield out.getvalue().encode("utf-8", "backslashreplace")
    if head:
        yield head
