"""New rows of a list as they come: each rendered as the list would have it, for the script to put in."""

from __future__ import annotations

from typing import Any

from litestar import Response, get

from search.answers import TraceAnswer
from search.http.described import PLAIN
from search.http.given import TheCaller, TheMail, TheNote, TheSite
from search.http.live import Following, LiveStream
from search.http.pages.chooser import columns_of
from search.http.pages.page_request import PageRequest, page_of
from search.http.pages.question import Items, Question, asked, folded
from search.http.pages.row_markup import RowWriter
from search.http.pages.rows import row_of
from search.http.sessions import AnyRequest
from search.service import MailTrace
from search.sorting import Sort

#: The id of the newest row that the page has.
_AFTER = "after"


@get("/trace/live", include_in_schema=False, sync_to_thread=True, opt={PLAIN: True})
def live(request: AnyRequest, site: TheSite, caller: TheCaller, mail: TheMail, note: TheNote) -> Response[Any]:
    """Follow what comes of a question."""
    page = page_of(request, site, caller)
    given: Items = tuple(request.query_params.multi_items())
    after = next((value for name, value in given if name == _AFTER and value), None)
    rest = tuple(item for item in given if item[0] not in (_AFTER, "cursor", "limit"))
    question = asked(folded(rest, page.clock, site.zone), site, caller, mail)
    note("live", 0)
    after = request.headers.get("last-event-id") or after
    return LiveStream(Following(site, mail, question.query, after, _Shown(page, question)), request)


class _Shown:
    """Writes rows as the page has them."""

    def __init__(self, page: PageRequest, question: Question) -> None:
        self._page = page
        self._columns = columns_of(page, question.items)
        self._writer = RowWriter(page, self._columns, question)

    def __call__(self, mail: MailTrace, rows: list[TraceAnswer]) -> dict[str, Any]:
        """The rows as parts of the page; without one that is gone, or became another, since it was found."""
        values = mail.values([row.id for row in rows], [column.field.name for column in self._columns])
        shown = [row_of(row, self._columns, values[row.id], self._page.clock, mail.scope) for row in rows if row.id in values]
        return {row.id: {"id": row.id, "row": self._writer.row(row)} for row in shown}


def may_follow(question: Question) -> bool:
    """Whether what comes belongs at the top of this list."""
    return question.query.sort is Sort.NEWEST and question.query.until_ms is None and question.cursor is None
