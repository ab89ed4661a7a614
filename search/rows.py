"""Traces for other programs: one JSON object a line, and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import TextIO

import msgspec

from mappings.authentication import AuthMethod
from search.answers import TraceAnswer
from search.query_error import QueryError, nearest
from search.safe import csv_cell, printable_json, safe

#: What stands in a column; None is an empty cell.
Cell = str | float | None
#: The columns of CSV, in order; documented in docs/commands.md and only ever added to.
CSV_COLUMNS: dict[str, str] = {
    "id": "Id of the trace.",
    "time": "When the message was first seen, RFC 3339 in UTC.",
    "last_event": "When its last line was written.",
    "host": "Where the first hop was logged.",
    "sending_server": "Name of the server that sent the message, else what it called itself.",
    "sending_ip": "Address of that server.",
    "sender": "Envelope sender; `<>` is the null sender, empty is not known.",
    "recipient": "Final envelope recipient.",
    "original_recipient": "The recipient as the client named it, where it was changed.",
    "disposition": "What became of this recipient's copy.",
    "verdict": "What the filter thought.",
    "reason": "Why it is not delivered.",
    "detail": "Virus name, forbidden file, rule text.",
    "quarantine_id": "The id by which a kept message is found.",
    "code": "Basic code of the reply that decided.",
    "enhanced": "Enhanced status code of that reply.",
    "reply": "Text of that reply.",
    "error": "Meaning of a refusing reply.",
    "message_id": "Message-ID without its brackets.",
    "subject": "Subject, where it is logged and kept.",
    "size": "Size in bytes.",
    "score": "The filter's score.",
    "queue_ids": "Queue ids in the order of the hops, separated by blanks.",
    "direction": "Which way it went.",
    "relay": "The server, pipe or agent that took or refused it last.",
    "attempts": "Deliveries that were tried.",
    "incomplete": "`true` where some of its lines were not seen.",
    "user": "Who logged in to send it.",
    "tls": "Protocol and cipher of the incoming connection.",
    "delay": "Seconds since the server that tried last had it.",
    "delay_before_queue": "Seconds of it until it was in the queue.",
    "delay_in_queue": "Seconds of it until it was its turn.",
    "delay_connection": "Seconds of it for connecting.",
    "delay_transmission": "Seconds of it for handing over.",
    "first_try": "When its delivery was first tried.",
    "last_try": "When it was tried last.",
    "symbols": "The filter's tests that met, separated by blanks.",
    "spf": "What came of SPF.",
    "dkim": "What came of DKIM.",
    "dmarc": "What came of DMARC.",
    "arc": "What came of ARC.",
    "mailbox": "The mailbox in which it was put.",
    "folder": "The folder in that mailbox.",
    "file": "Name of a part that is forbidden.",
}

#: A column that takes a report for each row: it is there where it is named.
CUSTOMER_TEXT = "customer_text"
NAMED_COLUMNS = {CUSTOMER_TEXT: "What the customer can be told, in `--lang` and for `--reader`; only where it is named."}
#: Gives the text for the customer of the trace with this id.
Telling = Callable[[str], str]


def write_jsonl(traces: Iterable[TraceAnswer], out: TextIO) -> None:
    """Write one JSON object a line, each as soon as it is there."""
    encode = msgspec.json.Encoder().encode
    out.writelines(printable_json(encode(trace)) + "\n" for trace in traces)


def untold(_: str) -> str:
    """No text for the customer: what gives rows without reports."""
    return ""


def write_csv(traces: Iterable[TraceAnswer], out: TextIO, columns: Sequence[str] = (), telling: Telling = untold) -> None:
    """Write a line of column names, then one line a trace (RFC 4180); these columns, or all of `CSV_COLUMNS`."""
    out.write(csv_header(columns))
    # One writer for all: each row is written as it comes.
    csv.writer(out, lineterminator="\r\n").writerows(_guarded(trace, columns, telling) for trace in traces)


def csv_header(columns: Sequence[str] = ()) -> str:
    """The line of column names."""
    return _csv([list(columns or CSV_COLUMNS)])


def columns_of(listed: str) -> tuple[str, ...]:
    """The columns of `time,sender,size`; raises `QueryError`."""
    names = tuple(name.strip() for name in listed.split(",") if name.strip())
    known = (*CSV_COLUMNS, *NAMED_COLUMNS)
    for name in names:
        if name not in known:
            hint = nearest(name, known) or f"there are {', '.join(known)}"
            raise QueryError(f"there is no column “{name[:60]}”", field="columns", hint=hint)
    return names


def csv_rows(traces: Iterable[TraceAnswer]) -> str:
    """A line a trace."""
    return _csv(map(_guarded, traces))


def _guarded(trace: TraceAnswer, columns: Sequence[str] = (), telling: Telling = untold) -> list[Cell]:
    """The cells of a row: numbers as they are, text guarded against formulas and terminals."""
    return [csv_cell(safe(cell)) if isinstance(cell, str) else cell for cell in chosen_cells(trace, columns, telling)]


def chosen_cells(trace: TraceAnswer, columns: Sequence[str], telling: Telling) -> list[Cell]:
    """The values of these columns, or of all of `CSV_COLUMNS`."""
    found = cells(trace)
    if not columns:
        return found
    named = dict(zip(CSV_COLUMNS, found, strict=True))
    # A signature stands on lines of its own; a cell is one.
    return [" ".join(telling(trace.id).split("\n")) if name == CUSTOMER_TEXT else named[name] for name in columns]


def _csv(rows: Iterable[Sequence[Cell]]) -> str:
    """Rows as lines."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def cells(trace: TraceAnswer) -> list[Cell]:
    """Take the values of the columns from a trace."""
    code, server = trace.return_code, trace.sending_server
    return [
        trace.id,
        trace.time,
        trace.last_event,
        trace.host,
        server.name or server.helo,
        server.ip,
        "<>" if trace.sender == "" else trace.sender,
        trace.recipient,
        trace.original_recipient,
        trace.disposition.value,
        trace.verdict.value,
        trace.reason.value if trace.reason else None,
        trace.detail,
        trace.quarantine_id,
        code.code if code else None,
        code.enhanced if code else None,
        code.text if code else None,
        trace.error.meaning if trace.error else None,
        trace.message_id,
        trace.subject,
        trace.size,
        trace.score,
        " ".join(trace.queue_ids),
        trace.direction.value,
        trace.relay,
        trace.attempts,
        "true" if trace.incomplete else "false",
        trace.user,
        trace.tls,
        *(msgspec.structs.astuple(trace.delay) if trace.delay is not None else (None,) * 5),
        trace.first_try,
        trace.last_try,
        " ".join(symbol.name for symbol in trace.symbols),
        *(None if trace.auth is None else getattr(trace.auth, method.value) for method in AuthMethod),
        trace.mailbox,
        trace.folder,
        trace.file,
    ]
