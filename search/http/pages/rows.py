"""The rows of a result: what stands in each cell, how a search is narrowed by it, and the name of the link to the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import msgspec

from mappings.fields import Kind
from mappings.locales import Book
from mappings.vocabulary import Disposition, Reason, Verdict
from search.answers import ErrorCode, TraceAnswer
from search.engines import Value
from search.http.pages.clock import Clock, Moment
from search.http.pages.columns import ListColumn
from search.http.pages.hostile import plain
from search.http.pages.narrow import linked
from search.http.pages.words import DIRECTIONS, DISPOSITIONS, REASONS, VERDICT_NAMES, VERDICTS, Badge, sentence_case
from search.scope import Scope

_MARKED = (Verdict.SPAM, Verdict.SUSPECT, Verdict.BULK, Verdict.PHISH)
#: Where a copy went on its way, so that the verdict says more than a reason.
PASSED = frozenset({Disposition.DELIVERED, Disposition.EXPANDED, Disposition.RELEASED, Disposition.IN_PROGRESS})
#: The closed words, by field.
_LABELS: Final[dict[str, dict[str, str]]] = {
    "disposition": {one.value: badge.label for one, badge in DISPOSITIONS.items()},
    "verdict": {one.value: label for one, label in VERDICT_NAMES.items()},
    "reason": {one.value: words for one, words in REASONS.items()},
    "direction": {one.value: label for one, label in DIRECTIONS.items()},
}
#: Of several values so many are shown.
_MOST: Final = 8


class Why(msgspec.Struct, frozen=True, gc=False):
    """The line below an outcome: our words, and the detail of the filter or server."""

    words: str
    detail: str = ""


class Code(msgspec.Struct, frozen=True, gc=False):
    """An error code: as it is shown, the page about it, and what it means in short and in full."""

    text: str
    path: str
    short: str
    meaning: str

    @property
    def address(self) -> str:
        """The path as it stands in an address."""
        return quote(self.path, safe="/")


class CellValue(msgspec.Struct, frozen=True, gc=False):
    """One value in a cell: as it is shown, and what stands in an address that narrows the search by it (empty where none can)."""

    text: str
    link: str


class RowCell(msgspec.Struct, frozen=True, gc=False):
    """One cell: its values, and what stands beside or below them."""

    column: ListColumn
    values: tuple[CellValue, ...] = ()
    moment: Moment | None = None
    #: Our own words behind the value, and somebody's text.
    note: str = ""
    detail: str = ""
    #: How many values more there are.
    more: int = 0


class TraceRow(msgspec.Struct, frozen=True, gc=False):
    """One trace in the table."""

    id: str
    word: Badge
    code: Code | None
    cells: tuple[RowCell, ...]
    #: Name of the link to the report.
    label: str


def row_of(trace: TraceAnswer, columns: Sequence[ListColumn], values: Sequence[Sequence[Value]], clock: Clock, scope: Scope) -> TraceRow:
    """The row of one trace; `values` are those of the fields of its columns."""
    moment = clock.of(trace.time)
    word = DISPOSITIONS[trace.disposition]
    return TraceRow(
        id=trace.id,
        word=word,
        code=None if trace.error is None else code_of(trace.error),
        cells=tuple(_cell(column, known, trace, clock, scope) for column, known in zip(columns, values, strict=True)),
        label=_label(trace, word, moment, clock.book),
    )


def _cell(column: ListColumn, values: Sequence[Value], trace: TraceAnswer, clock: Clock, scope: Scope) -> RowCell:
    """One cell; some say more than the value of their field."""
    match column.field.name:
        case "client_name":
            return _of_server(column, trace, scope)
        case "recipient" if trace.original_recipient not in (None, trace.recipient):
            return RowCell(
                column,
                _shown(column, values, scope, clock.book),
                note=f"{clock.book.say('sent to')} ",
                detail=trace.original_recipient or "",
            )
        case "disposition":
            reason = why(trace, clock.book)
            note, detail = (reason.words, reason.detail) if reason is not None else ("", "")
            return RowCell(column, _shown(column, values, scope, clock.book), note=note, detail=detail)
        case "reply_code":
            code = None if trace.error is None else code_of(trace.error)
            if code is None:
                return RowCell(column)
            return RowCell(column, (CellValue(code.text, linked(column.word, code.path, scope)),), note=code.short)
    if column.field.kind is Kind.TIME:
        return RowCell(column, moment=clock.at(int(values[0] or 0))) if values else RowCell(column)
    return RowCell(column, _shown(column, values, scope, clock.book), more=max(len(values) - _MOST, 0))


def _of_server(column: ListColumn, trace: TraceAnswer, scope: Scope) -> RowCell:
    """The sending server: its name, else what it called itself, else its address."""
    server = trace.sending_server
    name = server.name if server.name and server.name != "unknown" else server.helo or server.name
    text = name or server.ip
    if text is None:
        return RowCell(column)
    return RowCell(column, (CellValue(text, linked(column.word, text, scope)),), detail=(server.ip or "") if name else "")


def _shown(column: ListColumn, values: Sequence[Value], scope: Scope, book: Book) -> tuple[CellValue, ...]:
    """The values of a field as they are shown."""
    return tuple(CellValue(_in_words(column, one, book), linked(column.word, one, scope)) for one in values[:_MOST])


def _in_words(column: ListColumn, value: Value, book: Book) -> str:
    """A value in the words of the pages."""
    labels = _LABELS.get(column.field.name)
    if labels is not None:
        return sentence_case(book.say(labels[str(value)])) if str(value) in labels else str(value)
    if isinstance(value, bool):
        return book.say("yes" if value else "no")
    if isinstance(value, int):
        return book.number(value) if column.field.name == "size" else str(value)
    return book.number(value) if isinstance(value, float) else str(value)


def _label(trace: TraceAnswer, word: Badge, moment: Moment, book: Book) -> str:
    """The name of the link to the report."""
    time = f"{moment.day} {moment.time}"
    return book.say(
        "Email Report: {outcome}, from {sender}, {time}", outcome=book.say(word.label), sender=named(trace.sender, book), time=time
    )


def named(address: str | None, book: Book) -> str:
    """An address within a label."""
    if address is None:
        return book.say("unknown")
    return plain(address, longest=200) or "<>"


def why(trace: TraceAnswer, book: Book) -> Why | None:
    """Why it is not delivered, or what the filter marked it as; None where there is nothing to say."""
    if trace.disposition in PASSED:
        if trace.verdict in _MARKED:
            score = f" ({book.number(trace.score)})" if trace.score is not None else ""
            return Why(sentence_case(book.say(VERDICTS[trace.verdict])) + score)
        return None
    if trace.reason is None or trace.reason is Reason.UNKNOWN:
        return Why("", trace.detail) if trace.detail else None
    words = sentence_case(book.say(REASONS[trace.reason]))
    if trace.detail:
        return Why(f"{words}: ", trace.detail)
    if trace.reason is Reason.SPAM and trace.score is not None:
        return Why(f"{words}: {book.say('score {number}', number=trace.score)}")
    return Why(words)


def code_of(error: ErrorCode) -> Code | None:
    """The code of a refusal; None where the reply has none."""
    text = " ".join(str(part) for part in (error.code, error.enhanced) if part is not None)
    if not text:
        return None
    return Code(text, error.enhanced or str(error.code), short_meaning(error.meaning), error.meaning)


def short_meaning(meaning: str) -> str:
    """The beginning of a meaning, as far as it says something by itself."""
    for mark in (":", ". ", ", mostly"):
        head, found, _ = meaning.partition(mark)
        if found and len(head) > 12:
            meaning = head
    return meaning.rstrip(".")
