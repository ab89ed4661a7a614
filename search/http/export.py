"""A whole result as a stream: CSV or one JSON object a line, to the end, in bounded memory."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, Literal, cast

from litestar.response import Stream
from litestar.response.streaming import ASGIStreamingResponse
from litestar.types import Receive, Scope, Send

from search.answers import TraceAnswer
from search.http.places import MOST_EXPORTS, Places
from search.http.problems import Busy
from search.query import Query
from search.rows import csv_header, csv_rows, write_jsonl
from search.service import MailTrace
from search.sorting import MOST_RANKED, ranked_note

Format = Literal["csv", "jsonl"]
MEDIA_TYPES: dict[Format, str] = {"csv": "text/csv; header=present", "jsonl": "application/x-ndjson"}
#: The stream of each, by its media type without its options.
STREAMS: dict[str, Format] = {media_type.partition(";")[0]: kind for kind, media_type in MEDIA_TYPES.items()}
#: A header that says what a stream lacks.
INCOMPLETE = "mail-trace-incomplete"
#: Rows that are written together.
_AT_ONCE = 500
#: Exports have threads of their own, and few: searches never wait behind them.
_THREADS = ThreadPoolExecutor(2, thread_name_prefix="export")


def stream(
    mail: MailTrace,
    query: Query,
    kind: Format,
    places: Places,
    note: Callable[[str, int], None],
    *,
    cursor: str | None = None,
    download: bool = False,
) -> Stream:
    """Answer with all traces that fit, in the question's order; raises `Busy` where very many exports are under way.

    With `cursor`, the id of the last whole row that somebody has, it goes on behind that row, and CSV has no line of names.
    """
    if places.exports >= MOST_EXPORTS:
        raise Busy
    headers = {"content-disposition": f'attachment; filename="mail-trace.{kind}"'} if download else {}
    # Rows have no place for it, and what lacks mail must not look whole.
    lacking = mail.lacking(query.since_ms, query.until_ms)
    if query.sort.field is not None and mail.total(query).value > MOST_RANKED:
        lacking.append(ranked_note(query.sort))
    if lacking:
        headers[INCOMPLETE] = " ".join(lacking).encode("ascii", "replace").decode()
    return _Export(
        _pieces(mail.walk(query, cursor=cursor), kind, note, named=cursor is None), media_type=MEDIA_TYPES[kind], headers=headers
    )


class _Export(Stream):
    """A stream whose first rows are read before the answer begins, so that a store that is away is told; by the threads of exports."""

    def to_asgi_response(self, *given: Any, **options: Any) -> Any:
        """The answer, when its first rows are there."""
        pieces = cast("Iterator[bytes]", self.iterator)
        answer = cast("ASGIStreamingResponse", super().to_asgi_response(*given, **options))

        async def begun(scope: Scope, receive: Receive, send: Send) -> None:
            first = await asyncio.get_running_loop().run_in_executor(_THREADS, next, pieces, b"")
            answer.iterator = _with(first, pieces)
            await answer(scope, receive, send)

        return begun


async def _with(first: bytes, rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    """The first piece, and then the others, each made when the one before it has been taken."""
    piece = first
    while piece:
        yield piece
        piece = await asyncio.get_running_loop().run_in_executor(_THREADS, next, rest, b"")


def _pieces(traces: Iterator[TraceAnswer], kind: Format, note: Callable[[str, int], None], *, named: bool) -> Iterator[bytes]:
    """Rows, some hundred at a time; how many there were is noted as they are written."""
    rows, head = 0, csv_header().encode() if kind == "csv" and named else b""
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
