"""The pages that say that something cannot be shown."""

from __future__ import annotations

from typing import Any, Final

from litestar import Response

from search.http import places
from search.http.pages.freshness import not_known
from search.http.pages.page_request import page_of
from search.http.pages.render import render
from search.http.problems import RETRY_S
from search.http.sessions import AnyRequest
from search.http.state import way_of

#: Title and sentence by status.
_WORDS: Final = {
    400: ("This address cannot be read", "It holds something that is not understood. Start from one of the pages above."),
    403: ("This form is too old", "Go back, load the page again, and send it once more."),
    404: ("Not found", "There is no such page, or you may not see it."),
    405: ("Not found", "There is no such page, or you may not see it."),
    413: ("Too much was sent", "What was sent is larger than any form here."),
    429: ("Too many tokens that are not valid", "Wait a minute, then try again with a valid one."),
    503: ("The store does not answer", "No mail is lost: the servers keep their logs, and they are read as soon as the store is back."),
}
_WRONG = ("Something went wrong", "Something went wrong on our side.")
_LACKING: Final = "This cannot be shown"
_BUSY: Final = ("Too many ask at the moment", "Try again in a moment.")


def error_page(request: AnyRequest, status: int, request_id: str, *, busy: bool = False, lacking: str = "") -> Response[Any]:
    """Say what is the matter, in the frame of every page, without asking the store anything; `lacking` is a sentence on that."""
    title, words = _BUSY if busy else _WORDS.get(status, _WORDS[400] if 400 <= status < 500 else _WRONG)
    if lacking:
        title, words = _LACKING, lacking
    headers = {"retry-after": str(places.RETRY_S if busy else RETRY_S)} if status == 503 else {}
    page = page_of(request, request.app.state.site, way_of(request.scope).caller)
    return render(
        page,
        "problem.html",
        status=status,
        headers=headers,
        title=title,
        words=words,
        number=request_id if status >= 500 else "",
        again=status in (429, 503),
        fresh=not_known(page.book) if status == 503 and not busy else None,
    )
