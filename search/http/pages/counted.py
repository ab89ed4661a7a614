"""How much there is by now, for a list to which rows come by themselves: the sentence over it, and the chart."""

from __future__ import annotations

from typing import Any

from litestar import Response, get

from search.http.given import TheCaller, TheMail, TheNote, TheSite
from search.http.pages.page_request import page_of
from search.http.pages.question import Items, asked, folded
from search.http.pages.render import render
from search.http.pages.sentence import headline
from search.http.pages.trace import drawn
from search.http.sessions import AnyRequest


@get("/trace/counted", include_in_schema=False, sync_to_thread=True)
def counted(request: AnyRequest, site: TheSite, caller: TheCaller, mail: TheMail, note: TheNote) -> Response[Any]:
    """Give the parts of the page that count, for the script to put in place of those that are there."""
    page = page_of(request, site, caller)
    given: Items = tuple(item for item in request.query_params.multi_items() if item[0] not in ("cursor", "limit"))
    question = asked(folded(given, page.clock, site.zone), site, caller, mail)
    total = mail.total(question.query)
    note("insights", total.value)
    result = {
        "headline": headline(question, total, page.clock),
        "total": total,
        "chart": drawn(page, mail, question, mail.freshness()) if total.value else None,
        "question": question,
    }
    return render(page, "trace_counted.html", result=result)
