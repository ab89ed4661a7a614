"""The pages about the service itself: who searched what, and how far the logs of each source have been read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, get
from litestar.exceptions import NotFoundException

from search.access import Role
from search.http.audit import Entry
from search.http.given import TheCaller, TheMail, TheNote, TheSite
from search.http.pages.clock import Clock, Moment
from search.http.pages.freshness import freshness_of
from search.http.pages.page_request import page_of
from search.http.pages.reading_view import reading_view
from search.http.pages.render import render
from search.http.sessions import AnyRequest

PAGE_LENGTH: Final = 100
_REFUSED: Final = ("sign-in refused", "token refused", "tokens refused")
_KINDS: Final = ("search", "report", "export", "domains", "errors", "audit", *_REFUSED, "sign-out")


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One entry of the audit log, with its time in the reader's zone."""

    moment: Moment
    entry: Entry
    #: The page that was asked for, where it can be opened again.
    link: str


@get("/audit", include_in_schema=False, sync_to_thread=True)
def audit(request: AnyRequest, site: TheSite, caller: TheCaller, mail: TheMail, note: TheNote) -> Response[Any]:
    """Show who searched what, when, and how many rows it gave; to nobody else than an admin."""
    note("audit", 0)
    if caller.role is not Role.ADMIN:
        raise NotFoundException
    page = page_of(request, site, caller)
    who, what, before = (request.query_params.get(name, "").strip() for name in ("who", "what", "before"))
    entries = site.audit.search(who=who or None, what=what or None, before=before or None, limit=PAGE_LENGTH)
    note("audit", len(entries))
    older = ""
    if len(entries) >= PAGE_LENGTH:
        given = (("who", who), ("what", what), ("before", entries[-1].time))
        older = urlencode([(name, value) for name, value in given if value])
    kinds = [(kind, kind == what) for kind in dict.fromkeys((*_KINDS, *([what] if what else [])))]
    lines = [_line(entry, page.clock) for entry in entries]
    return render(page, "audit.html", mail, lines=lines, who=who, kinds=kinds, older=older, filtered=bool(who or what), before=before)


def _line(entry: Entry, clock: Clock) -> AuditLine:
    """One entry as it is shown."""
    opens = entry.question.startswith(("/trace", "/domains", "/errors"))
    return AuditLine(clock.of(entry.time), entry, entry.question if opens else "")


@get("/sources", include_in_schema=False, sync_to_thread=True)
def sources(request: AnyRequest, site: TheSite, caller: TheCaller, mail: TheMail) -> Response[Any]:
    """Show how the reading of each source stands, what is to be looked at first."""
    page = page_of(request, site, caller)
    state = mail.freshness()
    # A log domain of whose lines none has a stamp that can be has no time.
    times = [page.clock.at(source.read_up_to_ms) if source.read_up_to_ms > 0 else None for source in state.sources]
    listed = [(source, at, page.told(source.words)) for source, at in zip(state.sources, times, strict=True)]
    oldest = page.clock.of(state.oldest) if state.oldest is not None else None
    return render(
        page,
        "sources.html",
        fresh=freshness_of(state, page.clock),
        sources=listed,
        readings=[reading_view(one, page.clock) for one in state.readings],
        oldest=oldest,
        lacking=[page.told(one) for one in state.warnings],
    )


@get("/freshness", include_in_schema=False, sync_to_thread=True)
def fresh(request: AnyRequest, site: TheSite, caller: TheCaller, mail: TheMail) -> Response[Any]:
    """Say how fresh the logs are, for the foot of a page that stays open."""
    page = page_of(request, site, caller)
    return render(page, "freshness.html", mail)
