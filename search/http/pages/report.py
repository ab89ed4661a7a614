"""The Email Report, and its log lines as plain text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from mappings.locales import LANGUAGES, book
from search.answers import TraceAnswer
from search.engines import Total
from search.http.given import TheCaller, TheMail, TheNote, TheSite
from search.http.pages.form import pills
from search.http.pages.page_request import PageRequest, page_of
from search.http.pages.question import Items, Question, asked, by_of, folded, short_time
from search.http.pages.render import render
from search.http.pages.report_view import Report, report_of
from search.http.pages.sentence import SentencePart, own, search_in_words
from search.http.sessions import AnyRequest
from search.narrowing import quoted
from search.query import Query, QueryError
from search.scope import Scope
from search.service import MailTrace

_DAY_MS = 86_400_000
_OTHERS = (
    "Mail from the same sender, from the day before to the day after",
    "Mail to the same recipient, from the day before to the day after",
)
#: So long before and after a message is what came just before and after it.
_AROUND_MS = 300_000


@dataclass(frozen=True, slots=True)
class Other:
    """Other mail that may have to do with it: what it is, how much, and where."""

    label: str
    total: Total
    path: str


@get("/trace/{trace_id:str}", include_in_schema=False, sync_to_thread=True)
def report(
    request: AnyRequest, trace_id: FromPath[str], *, site: TheSite, caller: TheCaller, mail: TheMail, note: TheNote
) -> Response[Any]:
    """Show the report; one that the reader may not see is not there."""
    page = page_of(request, site, caller)
    chosen = request.query_params.get("text", "")
    language = chosen if chosen in LANGUAGES else page.lang
    found = mail.report(trace_id, lang=page.lang, zone=page.clock.zone)
    note("report", 0 if found is None else 1)
    if found is None:
        raise NotFoundException
    text = found if language == page.lang else mail.report(trace_id, lang=language, zone=page.clock.zone)
    own_words = mail.speech(lang=page.lang).plain
    shown = report_of(found, page.clock, customer_text=(text or found).customer_text, operator=own_words)
    return render(
        page,
        "report.html",
        mail,
        report=shown,
        title=shown.title,
        printing=request.query_params.get("view") == "print",
        back=_back(page, mail, request.query_params.get("from", "")),
        languages=[(code, book(code).name) for code in LANGUAGES],
        language=language,
        others=_others(mail, shown, page.clock.of(found.trace.time).utc.timestamp() * 1000),
        around=around(found.trace, page, mail.scope),
        printed=page.clock.now,
    )


@get("/trace/{trace_id:str}/side", include_in_schema=False, sync_to_thread=True)
def side(request: AnyRequest, trace_id: FromPath[str], *, site: TheSite, caller: TheCaller, mail: TheMail, note: TheNote) -> Response[Any]:
    """Give the answer of the report without its evidence, to stand beside the list."""
    page = page_of(request, site, caller)
    found = mail.report(trace_id, lang=page.lang, zone=page.clock.zone)
    note("report", 0 if found is None else 1)
    if found is None:
        raise NotFoundException
    shown = report_of(found, page.clock, customer_text=found.customer_text, operator=mail.speech(lang=page.lang).plain)
    moment = page.clock.of(found.trace.time)
    return render(page, "trace_side.html", report=shown, moment=moment, around=around(found.trace, page, mail.scope))


@get("/trace/{trace_id:str}/raw", include_in_schema=False, sync_to_thread=True)
def raw(trace_id: FromPath[str], mail: TheMail, note: TheNote) -> Response[bytes]:
    """Give the subject and the log lines as they are, for what is too long for a page."""
    found = mail.report(trace_id)
    note("report", 0 if found is None else 1)
    if found is None:
        raise NotFoundException
    trace = found.trace
    values = [("Sender", trace.sender), ("Recipient", trace.recipient), ("Subject", trace.subject), ("Detail", trace.detail)]
    reply = trace.return_code.text if trace.return_code is not None else None
    lines = [f"{name}: {value}" for name, value in (*values, ("Reply", reply)) if value]
    lines += ["", *(step.raw for step in found.timeline if step.raw is not None)]
    body = "\n".join(lines).encode("utf-8", "backslashreplace") + b"\n"
    return Response(body, media_type="text/plain; charset=utf-8", headers={"x-content-type-options": "nosniff"})


def _back(page: PageRequest, mail: MailTrace, behind: str) -> tuple[list[SentencePart], str] | None:
    """The search that one came from, in words and as an address; None where there was none."""
    if not behind:
        return None
    try:
        question = _question(page, tuple(parse_qsl(behind)), mail)
    except (QueryError, ValueError):
        return None
    filters = [own(f", {pill.label} {pill.value}") for pill in pills(question, by_of(question.items), page.book)]
    return [*search_in_words(question, page.clock), *filters], question.address()


def _question(page: PageRequest, given: Items, mail: MailTrace) -> Question:
    """The question of an address."""
    rest = tuple((name, value) for name, value in given if name != "cursor")
    return asked(folded(rest, page.clock, page.site.zone), page.site, page.reader, mail)


def around(trace: TraceAnswer, page: PageRequest, scope: Scope) -> str:
    """The address of what came just before and after a message, on its server where the reader may ask for that."""
    at_ms = int(page.clock.of(trace.time).utc.timestamp() * 1000)
    items: list[tuple[str, str]] = [("since", short_time(max(at_ms - _AROUND_MS, 0))), ("until", short_time(at_ms + _AROUND_MS))]
    if trace.host and scope.domains is None:
        items.insert(0, ("query", f"host: {quoted(trace.host)}"))
    return urlencode(items)


def _others(mail: MailTrace, shown: Report, time_ms: float) -> list[Other]:
    """Other mail of the day before and the day after, from the same sender and to the same recipient."""
    since, until = max(int(time_ms) - _DAY_MS, 0), int(time_ms) + _DAY_MS
    found = []
    for name, value, label in (("sender", shown.sender, _OTHERS[0]), ("recipient", shown.recipient, _OTHERS[1])):
        if value is None:
            continue
        try:
            query = msgspec.structs.replace(Query(since_ms=since, until_ms=until), **{name: (value,)})
        except QueryError:
            # What a stranger wrote there is nothing that can be asked for.
            continue
        total = mail.search(query, limit=1).total
        if total.value > 1:
            items = ((name, value), ("since", short_time(since)), ("until", short_time(until)))
            found.append(Other(label, total, Question(items, query).address()))
    return found
