"""Signing in, and what a reader chooses: zone, language and colours. They are kept by the browser."""

from __future__ import annotations

from typing import Any, Final
from zoneinfo import available_timezones

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.response import Redirect

from mappings.locales import LANGUAGES, book
from search.http.forms import form_of
from search.http.given import TheCaller, TheMail, TheSite
from search.http.pages.clock import zone_of
from search.http.pages.columns import CHOICE, USUAL, in_address, kept
from search.http.pages.page_request import THEMES, page_of
from search.http.pages.pins import PINS, as_cookie, pinned, turned
from search.http.pages.render import render
from search.http.sessions import AnyRequest, is_secure
from search.http.site import Site
from search.http.state import way_of

_YEAR_S: Final = 365 * 86_400


@get("/sign-in", include_in_schema=False, sync_to_thread=False)
def sign_in(request: AnyRequest, site: TheSite) -> Response[Any]:
    """Ask for a token; whoever is signed in goes on."""
    behind = local(request.query_params.get("next", ""))
    if way_of(request.scope).caller is not None:
        return Redirect(f"{site.base}{behind}", status_code=303)
    return sign_in_page(request, site, behind)


def sign_in_page(request: AnyRequest, site: Site, next: str, *, failed: bool = False) -> Response[Any]:  # noqa: A002 -- the form's name
    """The page with the field for a token; the same words for whatever is wrong with it."""
    return render(page_of(request, site, None), "sign_in.html", status=400 if failed else 200, behind=next, failed=failed)


@get("/preferences", include_in_schema=False, sync_to_thread=True)
def preferences(request: AnyRequest, site: TheSite, caller: TheCaller, mail: TheMail) -> Response[Any]:
    """Show what can be chosen."""
    page = page_of(request, site, caller)
    behind = local(request.query_params.get("next", ""))
    return render(page, "preferences.html", mail, behind=behind, flaw="", zone=page.clock.name, **_choices())


@post("/preferences", include_in_schema=False, status_code=303)
async def prefer(request: AnyRequest, site: TheSite, caller: TheCaller, mail: TheMail) -> Response[Any]:
    """Keep what was chosen, and go back."""
    form = await form_of(request)
    site.sessions.check_csrf(request, form.get("csrf"))
    behind = local(form.get("next", ""))
    zone, theme, lang = form.get("zone", "").strip(), form.get("theme", ""), form.get("lang", "")
    if zone and zone_of(zone) is None:
        page = page_of(request, site, caller)
        flaw = "There is no such zone. Zones are named like Europe/Berlin or UTC"
        return render(page, "preferences.html", mail, status=400, behind=behind, flaw=flaw, zone=zone, **_choices())
    answer = Redirect(f"{site.base}{behind}", status_code=303)
    # The script reads the zone, to see whether one was chosen.
    answer.set_cookie(_cookie(request, site, "zone", zone))
    answer.set_cookie(_cookie(request, site, "theme", theme if theme in THEMES else ""))
    answer.set_cookie(_cookie(request, site, "lang", lang if lang in LANGUAGES else ""))
    return answer


def _choices() -> dict[str, Any]:
    """What can be chosen: zones, and languages by code and name of their own."""
    return {"zones": sorted(available_timezones()), "languages": [(code, book(code).name) for code in LANGUAGES]}


@post("/preferences/list", include_in_schema=False, status_code=303)
async def prefer_list(request: AnyRequest, site: TheSite) -> Response[Any]:
    """Keep how lists are shown, their columns or their rows, and what is asked with each new search; and go back."""
    form = await form_of(request)
    site.sessions.check_csrf(request, form.get("csrf"))
    answer = Redirect(f"{site.base}{local(form.get('next', ''))}", status_code=303)
    if CHOICE in form:
        # Commas cannot stand in a cookie.
        columns = kept(form[CHOICE])
        answer.set_cookie(_cookie(request, site, CHOICE, "" if columns == USUAL else in_address(columns).replace(",", "~")))
    if PINS in form:
        pins = turned(pinned(request.cookies.get(PINS, "")), form[PINS])
        answer.set_cookie(_cookie(request, site, PINS, as_cookie(pins)))
    if "rows" in form:
        answer.set_cookie(_cookie(request, site, "rows", "roomy" if form["rows"] == "roomy" else ""))
    return answer


def _cookie(request: AnyRequest, site: Site, key: str, value: str) -> Cookie:
    """A cookie that keeps a choice for a year; an empty one is forgotten."""
    age = _YEAR_S if value else 0
    return Cookie(key=key, value=value, path=site.base or "/", max_age=age, samesite="lax", secure=is_secure(request))


def local(address: str) -> str:
    """Where to go on: a page of ours only, never one that a link elsewhere chose."""
    fits = address.startswith("/") and address[1:2] not in ("/", "\\") and "\\" not in address and address.isprintable()
    return address if fits else "/"
