"""The Mail Trace page: the form, and what a search finds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from litestar import Response, get
from litestar.response import Redirect

from mappings.faults import StoreError
from search.answers import TraceAnswer
from search.engines import Total
from search.freshness import FreshnessAnswer
from search.http.export import Format, stream
from search.http.given import TheCaller, TheMail, TheNote, TheSite
from search.http.pages.chart import Chart, chart_of, clipped, counted_over_time, edges
from search.http.pages.chooser import Chooser, ColumnHead, chooser_of, columns_of
from search.http.pages.columns import CHOICE, USUAL, ListColumn, chosen, in_address
from search.http.pages.first import first_visit
from search.http.pages.form import FILTERS, FormFlaw, TimeChoice, flaw_of, form_of, pills_of, pinned_pills, times_of
from search.http.pages.freshness import freshness_of, not_known
from search.http.pages.live import may_follow
from search.http.pages.narrow import added, narrowed
from search.http.pages.nothing import Offer, near_offers, offers, tried
from search.http.pages.page_request import PageRequest, page_of
from search.http.pages.question import BOX, BY, FIELDS, NOT, ONLY, PIN, SHOWN, TIMES, Items, Question, asked, by_of, folded, missing
from search.http.pages.render import render
from search.http.pages.rows import TraceRow, row_of
from search.http.pages.same_question import SameQuestion, same_question
from search.http.pages.sentence import SentencePart, as_text, headline
from search.http.problems import RETRY_S
from search.http.sessions import AnyRequest
from search.query import QueryError
from search.service import MailTrace
from search.table import Table

#: So often a chart is clipped to where mail is: each time it becomes twice as short at least, mostly tens of times.
_LOOKS: Final = 3


@dataclass(frozen=True, slots=True)
class Result:
    """What a search found, as it is shown."""

    question: Question
    headline: list[SentencePart]
    total: Total
    columns: tuple[ListColumn, ...]
    chooser: Chooser
    rows: list[TraceRow]
    #: Where the next rows are; empty at the end.
    more: str
    notices: list[str]
    #: How reading stands concerns what was asked for.
    concerned: bool
    chart: Chart | None
    times: list[TimeChoice]
    same: SameQuestion
    #: Whether new rows come by themselves.
    live: bool
    causes: list[str]
    offers: list[Offer]


@get("/trace", include_in_schema=False, sync_to_thread=True)
def trace(request: AnyRequest, site: TheSite, caller: TheCaller, mail: TheMail, note: TheNote) -> Response[Any]:
    """Show the form, and the answer to what it asks."""
    page = page_of(request, site, caller)
    given: Items = tuple(request.query_params.multi_items())
    try:
        items = folded(given, page.clock, site.zone)
        if (words := missing(given, items)) is not None:
            return _show(page, mail, given, flaw=FormFlaw(page.book.say(words), BY[by_of(given)][1][0]), status=400)
        items = _as_shown(page, narrowed(_apart(page, mail, items, given), given), given)
        question = asked(items, site, caller, mail)
        if sorted(items) != sorted(given):
            return Redirect(f"{site.base}/trace" + (f"?{question.address(cursor=question.cursor)}" if items else ""), status_code=303)
        if not items:
            return render(
                page,
                "trace.html",
                mail,
                **{**_frame(page, given), "first": first_visit(page, mail), "first_heads": [ColumnHead(one) for one in USUAL]},
            )
        return _answer(page, mail, question, note)
    except QueryError as error:
        return _show(page, mail, given, flaw=flaw_of(error, page.book), status=400)
    except StoreError:
        headers = {"retry-after": str(RETRY_S)}
        return render(page, "trace.html", status=503, headers=headers, fresh=not_known(page.book), **{**_frame(page, given), "away": True})


@get("/trace/export", include_in_schema=False, sync_to_thread=True)
def export(request: AnyRequest, site: TheSite, caller: TheCaller, mail: TheMail, note: TheNote) -> Response[Any]:
    """Give everything that fits as a file, to the end."""
    page = page_of(request, site, caller)
    given: Items = tuple(request.query_params.multi_items())
    rest = tuple((name, value) for name, value in given if name not in ("format", "cursor", "limit"))
    chosen = dict(given).get("format", "csv")
    kinds: dict[str, Format] = {"csv": "csv", "jsonl": "jsonl", "ndjson": "jsonl"}
    try:
        if chosen not in kinds:
            raise QueryError(f"there is no format “{chosen[:60]}”", field="format", hint="it is csv or jsonl")
        question = asked(folded(rest, page.clock, site.zone), site, caller, mail)
    except QueryError as error:
        return _show(page, mail, rest, flaw=flaw_of(error, page.book), status=400)
    return stream(mail, question.query, kinds[chosen], site.places, note, download=True)


def _apart(page: PageRequest, mail: MailTrace, items: Items, given: Items) -> Items:
    """The parameters, where a link narrows them, with what was pasted taken for what it was read as."""
    if not any(name in (ONLY, NOT) for name, _ in given) or not any(name == BOX for name, _ in items):
        return items
    meant = asked(items, page.site, page.reader, mail).query.to_params()
    return (*(item for item in meant if item[0] not in (*TIMES, *SHOWN)), *(item for item in items if item[0] in (*TIMES, "tz", *SHOWN)))


def _as_shown(page: PageRequest, items: Items, given: Items) -> Items:
    """The parameters with the columns in the words of an address; a choice that is the browser's own is not in it."""
    listed = next((value for name, value in items if name == CHOICE), "")
    items = added(items, given, listed or in_address(columns_of(page, ())))
    return tuple((name, in_address(chosen(value)) if name == CHOICE else value) for name, value in items)


def _frame(page: PageRequest, given: Items, flaw: FormFlaw | None = None) -> dict[str, Any]:
    """What the page shows in each of its states."""
    names = tuple(customer.name for customer in page.reader.customers)
    values = {name: [value for one, value in given if one == name] for name in ("domain", "customer")}
    form = form_of(given, page.clock, names, flaw, fresh=not given)
    return {
        "form": replace(form, kept=(*form.kept, *((PIN, part) for part in page.pins))),
        "pinned": pinned_pills(page.pins, page.book),
        "within": values["domain"] or values["customer"],
        "number": page.own_domains,
        "everywhere": [(name, value) for name, value in given if name not in ("domain", "customer", "cursor")],
        "away": False,
        "first": None,
        "result": None,
    }


def _show(page: PageRequest, mail: MailTrace, given: Items, *, flaw: FormFlaw | None = None, status: int = 200) -> Response[Any]:
    """The form alone, for a first visit, or with what is wrong."""
    return render(page, "trace.html", mail, status=status, **_frame(page, given, flaw))


def _answer(page: PageRequest, mail: MailTrace, question: Question, note: Callable[[str, int], None]) -> Response[Any]:
    """The result of a search; only its next rows, where the script asks for them."""
    columns = columns_of(page, question.items)
    found = mail.speaking(page.lang).table(
        [column.field.name for column in columns], question.query, limit=question.limit, cursor=question.cursor, trying=False
    )
    note("search", len(found.rows))
    state = mail.freshness()
    fresh = freshness_of(state, page.clock)
    result = _result(page, mail, question, columns, found, state)
    template = "trace_rows.html" if page.partial and question.cursor else "trace.html"
    title = as_text(result.headline)
    # Where nothing is found the sentence alone names who was asked for.
    names = (*FILTERS, *FIELDS, "domain", "customer") if result.rows or result.total.value else FILTERS
    return render(
        page,
        template,
        fresh=fresh,
        title=title,
        pills=pills_of(question, names, page.book),
        **{**_frame(page, question.items), "result": result},
    )


def _result(
    page: PageRequest, mail: MailTrace, question: Question, columns: tuple[ListColumn, ...], table: Table, state: FreshnessAnswer
) -> Result:
    """Everything that is shown of what was found."""
    found = table.answer
    nothing = not found.total.value and not found.traces

    def count(items: Items) -> Total:
        return mail.total(asked(items, page.site, page.reader, mail).query)

    return Result(
        question=question,
        headline=headline(question, found.total, page.clock),
        total=found.total,
        columns=columns,
        chooser=chooser_of(page, question, columns, mail.scope),
        rows=[row_of(one, columns, values, page.clock, mail.scope) for one, values in zip(found.traces, table.rows, strict=True)],
        more="" if found.next is None else question.address(cursor=found.next),
        # How reading stands is told above them.
        concerned=f"{state.notice}." in found.warnings,
        notices=[] if nothing else [page.told(one) for one in found.warnings if one != f"{state.notice}."],
        chart=None if nothing or question.cursor else drawn(page, mail, question, state, found.traces if found.next is None else None),
        times=times_of(question, page.book),
        same=same_question(question, page),
        live=may_follow(question),
        causes=[page.told(cause) for cause in found.warnings] if nothing else [],
        offers=[*near_offers(question, found.did_you_mean, page.book), *tried(offers(question, page.own_domains, page.book), count)]
        if nothing and found.total.relation == "eq"
        else [],
    )


def drawn(
    page: PageRequest, mail: MailTrace, question: Question, state: FreshnessAnswer, found: Sequence[TraceAnswer] | None = None
) -> Chart | None:
    """Mail over time; None where there is no time range to draw. `found` is all that fits, where that is known."""
    if state.oldest is None or state.newest is None:
        return None
    oldest, newest = (int(page.clock.of(bound).utc.timestamp() * 1000) for bound in (state.oldest, state.newest))
    end = max(page.clock.now_ms, newest) + 1
    until = end if question.query.until_ms is None else min(question.query.until_ms, end)
    since = oldest if question.query.since_ms is None else question.query.since_ms
    if since >= until:
        return None
    count = partial(mail.over_time, question.query) if found is None else partial(counted_over_time, found)
    bounds, step = edges(since, until, page.clock.zone)
    counted = count(bounds)
    for _ in range(_LOOKS):
        # The few bars of much emptiness are looked at closer.
        if counted.from_ms is not None or (span := clipped(bounds, counted.counts)) is None:
            break
        bounds, step = edges(*span, page.clock.zone)
        counted = count(bounds)
    return chart_of(question, bounds, step, counted, page.clock)
