"""The result list: date, sending server, sender, recipient, what became of it, error code, id."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from mailtrace.amounts import counted
from mailtrace.show.layout import GAP, Column, fit
from mailtrace.show.screen import Screen, style_of
from mailtrace.zones import shown_time
from search.answers import SendingServer, TraceAnswer
from search.engines import Total
from search.rows import Cell, Telling, chosen_cells
from search.safe import safe

_COLUMNS = (
    Column("Date"),
    Column("Sending server", 14),
    Column("Sender", 16),
    Column("Recipient", 16),
    Column("Disposition"),
    Column("Error", 9),
    Column("Id"),
)
_DISPOSITION = 4
#: Columns that hold times, and the width to which a chosen one may be cut.
_TIMES = ("time", "last_event", "first_try", "last_try")
_LEAST = 8
#: A page has so many rows where nobody says otherwise.
DEFAULT_LIMIT = 50
#: Below this width a table would cut addresses to stumps; each trace takes three lines instead.
NARROW = 124


def show_traces(screen: Screen, traces: Sequence[TraceAnswer], zone: dt.tzinfo, *, titled: bool = True) -> None:
    """Show traces as a table, with or without its titles, or one below the other where the terminal is narrow."""
    rows = [_row(trace, zone) for trace in traces]
    if screen.width is not None and screen.width < NARROW:
        _show_cards(screen, traces, rows)
        return
    title, *table = fit(_COLUMNS, rows, screen.width)
    if titled:
        screen.line(GAP.join(title).rstrip(), "bold")
    for trace, row in zip(traces, table, strict=True):
        left, word, right = row[:_DISPOSITION], row[_DISPOSITION], row[_DISPOSITION + 1 :]
        screen.styled((GAP.join(left) + GAP, ""), (word, style_of(trace.disposition)), (GAP + GAP.join(right).rstrip(), ""))


def show_columns(
    screen: Screen, traces: Sequence[TraceAnswer], zone: dt.tzinfo, columns: Sequence[str], telling: Telling, *, titled: bool = True
) -> None:
    """Show chosen columns as a table, whatever the width: they are those that somebody wants to see."""
    rows = [
        [_cell(name, cell, zone) for name, cell in zip(columns, chosen_cells(trace, columns, telling), strict=True)] for trace in traces
    ]
    title, *table = fit([Column(name, _LEAST) for name in columns], rows, screen.width)
    if titled:
        screen.line(GAP.join(title).rstrip(), "bold")
    for row in table:
        screen.line(GAP.join(row).rstrip())


def _cell(name: str, cell: Cell, zone: dt.tzinfo) -> str:
    """A cell as people read it: times in their zone."""
    if cell is None:
        return "-"
    return safe(shown_time(str(cell), zone) if name in _TIMES else str(cell))


def total_line(shown: int, total: Total) -> str:
    """Say how many there are, and how many of them are shown."""
    at_least = "" if total.relation == "eq" else " or more (--count counts them)"
    number = counted(total.value, "trace") + at_least
    return f"{number}." if shown == total.value and not at_least else f"{shown:,} of {number}."


def next_page_line(program: str, criteria: str, limit: int, cursor: str) -> str:
    """Say how to see the next page; `program` is how it is called."""
    words = [program, "search", criteria, f"--limit {limit}" if limit != DEFAULT_LIMIT else "", f"--cursor {cursor}"]
    return f"Next page: {' '.join(word for word in words if word)}"


def address(value: str | None) -> str:
    """Write an envelope address: the null sender as `<>`, an unknown one as `-`."""
    return "<>" if value == "" else value or "-"


def server(sending: SendingServer) -> str:
    """Write the sending server: its name, else what it called itself, else its address."""
    return sending.name or sending.helo or sending.ip or "-"


def error(trace: TraceAnswer) -> str:
    """Write the code of a refusal, or the reason why a copy is kept."""
    if trace.error:
        code = " ".join(str(part) for part in (trace.error.code, trace.error.enhanced) if part)
        return code or "-"
    return trace.reason.value if trace.reason else "-"


def _row(trace: TraceAnswer, zone: dt.tzinfo) -> list[str]:
    """Take the cells of a trace, made safe before they are measured."""
    cells = (
        shown_time(trace.time, zone),
        server(trace.sending_server),
        address(trace.sender),
        address(trace.recipient),
        trace.disposition.value,
        error(trace),
        trace.id,
    )
    return [safe(cell) for cell in cells]


def _show_cards(screen: Screen, traces: Sequence[TraceAnswer], rows: Sequence[Sequence[str]]) -> None:
    """Show each trace in three lines."""
    for trace, (date, sending, sender, recipient, word, code, trace_id) in zip(traces, rows, strict=True):
        screen.styled((f"{date}  ", "bold"), (word, style_of(trace.disposition)), ("" if code == "-" else f"  {code}", ""))
        screen.paragraph(f"{sender} to {recipient}", "  ")
        screen.paragraph(f"{trace_id}  from {sending}", "  ")
