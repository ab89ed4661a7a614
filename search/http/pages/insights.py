"""The Insights page: any mail over time, who and what is in it most, beside the period before; and what differs."""

from __future__ import annotations

import csv
import io
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

from litestar import Response, get
from litestar.response import Redirect

from search.freshness import FreshnessAnswer
from search.http.given import TheCaller, TheMail, TheNote, TheSite
from search.http.pages.chart import Chart
from search.http.pages.clock import Clock
from search.http.pages.domains import day_of
from search.http.pages.form import FILTERS, Choice, FormFlaw, box_of, flaw_of, local_time, pills_of, ranges_of
from search.http.pages.freshness import freshness_of
from search.http.pages.page_request import PageRequest, page_of
from search.http.pages.presets import DIFFERS, PRESETS, Preset, able, choices, label_of
from search.http.pages.question import BOX, FIELDS, Items, Question, asked, folded, range_of, short_time
from search.http.pages.render import render
from search.http.pages.sections import Section, section_of, telling_of
from search.http.pages.sentence import beginning, time_of
from search.http.pages.trace import drawn
from search.http.sessions import AnyRequest
from search.query import Query, QueryError, nearest
from search.safe import csv_cell, safe
from search.service import MailTrace

#: So many days are shown where nothing else is asked for.
_DAYS: Final = 7
_DAY_MS: Final = 86_400_000
#: How an address asks for all mail that is kept.
_EVERYTHING: Final = (("range", ""),)
#: What the form has fields of its own for; all else that is asked goes with it unseen.
_OWN: Final = (BOX, "query", "since", "until", "tz", "by")


@get("/insights", include_in_schema=False, sync_to_thread=True)
def insights(request: AnyRequest, site: TheSite, caller: TheCaller, mail: TheMail, note: TheNote) -> Response[Any]:
    """Show the presets, or the field that is asked for, of the mail that is asked for."""
    page = page_of(request, site, caller)
    given: Items = tuple(request.query_params.multi_items())
    state = mail.freshness()
    if not given:
        return Redirect(f"{site.base}/insights?{urlencode(_latest(page.clock, site.zone, state))}", status_code=303)
    by, rest = _by(given)
    try:
        preset = None if not by or by == DIFFERS else _chosen(by, mail)
        items = folded(rest, page.clock, site.zone)
        question = asked(items, site, caller, mail)
    except QueryError as error:
        return _show(page, mail, given, by, flaw=flaw_of(error, page.book), status=400)
    address = _address(question, by)
    if sorted(given) != sorted(parse_qsl(address, keep_blank_values=True)):
        return Redirect(f"{site.base}/insights?{address}", status_code=303)
    try:
        sections = [] if by == DIFFERS else _sections(page, mail, question, preset)
        telling = mail.differs(question.query, against=_others(question)) if by == DIFFERS else None
        chart = drawn(page, mail, question, state)
    except QueryError as error:
        return _show(page, mail, given, by, flaw=flaw_of(error, page.book), status=400)
    note("insights", mail.count(question.query))
    return render(
        page,
        "insights.html",
        fresh=freshness_of(state, page.clock),
        **_frame(page, given, by, question),
        result={"chart": chart, "question": question},
        sections=sections,
        telling=None if telling is None else telling_of(question, telling, page.book),
        compared=telling,
        others=question.query.domain if _others(question) is not None else (),
    )


@get("/insights/export", include_in_schema=False, sync_to_thread=True)
def export_section(request: AnyRequest, site: TheSite, caller: TheCaller, mail: TheMail, note: TheNote) -> Response[Any]:
    """Give the numbers of a section as CSV; without one those of the chart."""
    page = page_of(request, site, caller)
    given: Items = tuple(request.query_params.multi_items())
    by, rest = _by(given)
    key = next((value for name, value in rest if name == "section"), "")
    try:
        items = folded(tuple(item for item in rest if item[0] != "section"), page.clock, site.zone)
        question = asked(items, site, caller, mail)
        preset = _chosen(by, mail) if by else _preset(key)
        if preset is None:
            table = _chart_rows(drawn(page, mail, question, mail.freshness()))
        else:
            table = _rows(section_of(mail, question, preset, page.clock, many=bool(by)))
    except QueryError as error:
        return _show(page, mail, rest, by, flaw=flaw_of(error, page.book), status=400)
    note("insights", len(table) - 1)
    out = io.StringIO()
    csv.writer(out).writerows([csv_cell(safe(cell)) if isinstance(cell, str) else cell for cell in row] for row in table)
    name = f'attachment; filename="mail-trace-{preset.key if preset is not None else "time"}.csv"'
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8; header=present", headers={"content-disposition": name})


def _others(question: Question) -> Query | None:
    """With which mail a question is compared: that of the same domains, where it asks for more than them; else with all."""
    query = question.query
    return Query(domain=query.domain) if query.domain and query.node() != Query(domain=query.domain).node() else None


def _by(given: Items) -> tuple[str, Items]:
    """The field that is asked for, and all else."""
    return next((value for name, value in given if name == "by"), ""), tuple(item for item in given if item[0] != "by")


def _address(question: Question, by: str) -> str:
    """The one address of a question with its field; without anything it would be that of a first visit."""
    return (question.with_values(by=by) if by else question.address()) or urlencode(_EVERYTHING)


def _latest(clock: Clock, site_zone: str, state: FreshnessAnswer) -> Items:
    """The last days, or the last that have mail."""
    day = day_of(clock, site_zone, state.newest)
    if day.until_ms is None:
        return (("since", f"{_DAYS}d"),)
    return (("since", short_time(day.since_ms - (_DAYS - 1) * _DAY_MS)), ("until", short_time(day.until_ms)))


def _chosen(by: str, mail: MailTrace) -> Preset:
    """A field that was chosen, as a section."""
    preset = Preset(by, label_of(by), by)
    if not able(preset, mail.scope):
        known = choices(mail.scope)
        raise QueryError(f"nothing is counted by “{by[:60]}”", field="by", hint=nearest(by, known) or f"there are {', '.join(known)}")
    return preset


def _preset(key: str) -> Preset | None:
    """A section by its key; none is the chart."""
    if not key:
        return None
    found = next((preset for preset in PRESETS if preset.key == key), None)
    if found is None:
        raise QueryError(f"there is no section “{key[:60]}”", field="section", hint=f"there are {', '.join(one.key for one in PRESETS)}")
    return found


def _sections(page: PageRequest, mail: MailTrace, question: Question, chosen: Preset | None) -> list[Section]:
    """The field that was chosen, or all presets in which there is something."""
    if chosen is not None:
        return [section_of(mail, question, chosen, page.clock, many=True)]
    found = [section_of(mail, question, preset, page.clock) for preset in PRESETS if able(preset, mail.scope)]
    return [one for one in found if one.bars]


def _frame(page: PageRequest, given: Items, by: str, question: Question | None, flaw: FormFlaw | None = None) -> dict[str, Any]:
    """What the page shows in each of its states."""
    scope, book = page.reader.scope, page.book
    bys = [Choice(word, book.say(label_of(word)), word == by) for word in choices(scope)]
    return {
        "box": box_of(given, flaw),
        "flaw": flaw,
        "ranges": ranges_of(range_of(given), book),
        "since": local_time(next((value for name, value in given if name == "since"), ""), page.clock),
        "until": local_time(next((value for name, value in given if name == "until"), ""), page.clock),
        "bys": [Choice("", book.say("Overview"), not by), bys[0], *sorted(bys[1:], key=lambda one: one.label.lower())],
        "by": by,
        "kept": [item for item in given if item[0] not in _OWN and item[0] != "range"],
        "pills": [] if question is None else pills_of(question, (*FILTERS, *FIELDS, "domain", "customer"), book),
        "subject": [] if question is None else beginning(book.say("Mail"), question, page.clock),
        "nothing": [] if question is None else beginning(book.say("No mail"), question, page.clock),
        "when": "" if question is None else time_of(question, page.clock),
    }


def _show(page: PageRequest, mail: MailTrace, given: Items, by: str, *, flaw: FormFlaw, status: int) -> Response[Any]:
    """The form alone, with what is wrong."""
    frame = _frame(page, given, by, None, flaw)
    return render(page, "insights.html", mail, status=status, **frame, result=None, sections=[], telling=None, compared=None, others=())


def _rows(section: Section) -> list[list[Any]]:
    """A section as rows of a table."""
    head: list[Any] = [section.key, "count", *(["before"] if section.compared else [])]
    return [head, *([one.value, one.count, *([one.before] if section.compared else [])] for one in section.bars)]


def _chart_rows(chart: Chart | None) -> list[list[Any]]:
    """The chart as rows of a table."""
    if chart is None:
        return [["from"]]
    head: list[Any] = ["from", *(cell.group.key for cell in chart.legend)]
    return [head, *([row.begin.iso, *(cell.count for cell in row.cells)] for row in chart.rows)]
