"""From a template to an answer, with what every page has, and how fresh the logs are."""

from __future__ import annotations

from typing import Any

from litestar import Response
from litestar.enums import MediaType

from mappings.faults import StoreError
from search.http.pages.freshness import Freshness, freshness_of, not_known
from search.http.pages.page_request import PageRequest
from search.http.pages.templates import environment
from search.service import MailTrace


def fresh(page: PageRequest, mail: MailTrace) -> Freshness:
    """How fresh the logs are, for the foot of the page."""
    try:
        return freshness_of(mail.freshness(), page.clock)
    except StoreError:
        return not_known(page.book)


def render(
    page: PageRequest,
    template: str,
    mail: MailTrace | None = None,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **values: Any,
) -> Response[str]:
    """The answer; without `mail` the store is not asked how fresh it is."""
    if "fresh" not in values:
        values["fresh"] = fresh(page, mail) if mail is not None else None
    text = rendered(page, template, **values)
    return Response(
        text, media_type=MediaType.HTML, status_code=status, headers={"vary": "HX-Request, Accept-Language, Cookie", **(headers or {})}
    )


def rendered(page: PageRequest, template: str, **values: Any) -> str:
    """A template with what every one has at hand."""
    templates = environment(page.site.books, page.lang, page.base)
    return templates.get_template(template).render(page=page, say=page.say, told=page.told, **values)
