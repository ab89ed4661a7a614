"""The pages about errors: the list of the most common ones with what was seen of each, and everything about one code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Response, get
from litestar.params import FromPath

from mappings.locales import Book
from mappings.patterns import asked_code
from search.answers import REFUSED, TraceAnswer
from search.error_answer import ErrorAnswer
from search.http.given import TheCaller, TheMail, TheNote, TheSite
from search.http.pages.chooser import ColumnHead
from search.http.pages.columns import USUAL
from search.http.pages.page_request import PageRequest, page_of
from search.http.pages.render import render
from search.http.pages.rows import TraceRow, row_of
from search.http.pages.words import MOVES, REASONS, sentence_case, without_mover
from search.http.sessions import AnyRequest
from search.query import Query
from search.service import MailTrace

_LATEST = 10
_TEXTS = 5


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """One error as it is shown."""

    code: str
    path: str
    kind: str
    meaning: str
    move: str
    move_sentence: str
    next_step: str
    customer_text: str
    reason: str
    seen: int
    #: Where its traces are; empty where none was seen.
    address: str


@get("/errors", include_in_schema=False, sync_to_thread=True)
def errors(request: AnyRequest, site: TheSite, caller: TheCaller, mail: TheMail, note: TheNote) -> Response[Any]:
    """Show the list; only its table, where the script asks for it."""
    page = page_of(request, site, caller)
    wanted, move = request.query_params.get("q", "").strip(), request.query_params.get("move", "").strip()
    known = mail.errors(seen=True, lang=page.lang)
    lines = [line_of(one, page.book) for one in known if _fits(one, wanted, move, page.book)]
    note("errors", len(lines))
    moves = [(word, label, word == move) for word, label in MOVES.values()]
    template = "errors_table.html" if page.partial else "errors.html"
    return render(page, template, mail, lines=lines, wanted=wanted, moves=moves, filtered=bool(wanted or move))


@get("/errors/{code:str}", include_in_schema=False, sync_to_thread=True)
def error(request: AnyRequest, code: FromPath[str], *, site: TheSite, caller: TheCaller, mail: TheMail, note: TheNote) -> Response[Any]:
    """Show everything about a code; what is no code has no page."""
    page = page_of(request, site, caller)
    listed = mail.errors(code, seen=True, lang=page.lang)
    note("errors", len(listed))
    first = listed[0]
    variants = [line_of(one, page.book) for one in listed[1:]] or _variants(mail.errors(seen=True, lang=page.lang), first, page.book)
    traces, rows = _latest(page, mail, first)
    texts = dict.fromkeys(one.return_code.text for one in traces if one.return_code is not None and one.return_code.text)
    line = line_of(first, page.book)
    return render(
        page,
        "error.html",
        mail,
        line=line,
        variants=variants,
        rows=rows,
        columns=[ColumnHead(one) for one in USUAL],
        texts=list(texts)[:_TEXTS],
        title=line.code,
    )


def _latest(page: PageRequest, mail: MailTrace, one: ErrorAnswer) -> tuple[list[TraceAnswer], list[TraceRow]]:
    """The latest traces that a code decided, and their rows."""
    if asked_code(_path(one)) is None:
        return [], []
    found = mail.speaking(page.lang).table([column.field.name for column in USUAL], _query(one), limit=_LATEST, trying=False)
    rows = [row_of(trace, USUAL, values, page.clock, mail.scope) for trace, values in zip(found.answer.traces, found.rows, strict=True)]
    return found.answer.traces, rows


def line_of(one: ErrorAnswer, book: Book) -> ErrorLine:
    """An entry as it is shown."""
    return ErrorLine(
        code=_code(one) or book.say("No code"),
        path=_path(one),
        kind=_kind(one, book),
        meaning=one.meaning,
        move=one.move_word,
        move_sentence=without_mover(one.move_sentence),
        next_step=book.told(one.next_step),
        customer_text=one.customer_text,
        reason=sentence_case(book.say(REASONS[one.reason])),
        seen=one.seen or 0,
        address=urlencode([("code", _path(one)), *(("disposition", word) for word in _refused())]) if one.seen and _path(one) else "",
    )


def _code(one: ErrorAnswer) -> str:
    return " ".join(str(part) for part in (one.code, one.enhanced) if part is not None)


def _path(one: ErrorAnswer) -> str:
    """The code by which it is asked for."""
    return one.enhanced or (str(one.code) if one.code is not None else "")


def _kind(one: ErrorAnswer, book: Book) -> str:
    """Whether it is for good."""
    first = str(one.code or one.enhanced or "")[:1]
    words = {"2": "Kept", "4": "For now", "5": "Permanent"}.get(first)
    return book.say(words) if words else ""


def _refused() -> list[str]:
    """The outcomes that a refusing reply decides, in the order of their words."""
    return sorted(one.value for one in REFUSED)


def _query(one: ErrorAnswer) -> Query:
    return Query(code=(_path(one),), disposition=tuple(_refused()))


def _variants(known: Iterable[ErrorAnswer], first: ErrorAnswer, book: Book) -> list[ErrorLine]:
    """The same enhanced code beside several basic ones."""
    return [line_of(one, book) for one in known if one.enhanced == first.enhanced and one.code != first.code and one.enhanced is not None]


def _fits(one: ErrorAnswer, wanted: str, move: str, book: Book) -> bool:
    """Whether an entry is asked for: by the beginning of a code, or by words of its meaning."""
    if move and move not in (one.move.value, MOVES[one.move][0]):
        return False
    words = wanted.lower().split()
    text = f"{_code(one)} {one.meaning} {book.told(one.next_step)} {book.say(REASONS[one.reason])}".lower()
    codes = [part for part in (str(one.code or ""), one.enhanced or "") if part]
    for word in words:
        stem = word.rstrip("x.") if word[:1].isdigit() else word
        if not (any(code.startswith(stem) for code in codes) if word[:1].isdigit() else word in text):
            return False
    return True
