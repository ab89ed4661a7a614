"""A request for a page: who reads it, in which language, zone and colours."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import quote, urlencode

import msgspec
from litestar.exceptions import NotAuthorizedException
from markupsafe import Markup

from mappings.locales import LANGUAGES, Book, Books, chosen_of
from search.access import Caller, Role
from search.http.pages.clock import Clock, zone_of
from search.http.pages.pins import PINS, pinned
from search.http.pages.saying import Say, asset, icon, saying
from search.http.sessions import AnyRequest
from search.http.site import Site
from search.http.state import request_id

THEMES: Final = ("light", "dark")
#: What scripts say: the page hands it to them in the reader's language.
_SCRIPT_PHRASES: Final = (
    "Copied",
    "It could not be copied. Select the text and copy it.",
    "That did not work. The page is as it was; try again.",
    "{count} new",
    "More than {number} new",
    "{count} new messages",
    "{count} messages",
    "{count} to choose from with the arrow keys",
    "How the question may go on",
    "Forget the search {name}",
)


@dataclass(frozen=True, slots=True)
class PageRequest:
    """One request for a page, and what its templates need beside its own."""

    request: AnyRequest
    site: Site
    caller: Caller | None
    clock: Clock

    @property
    def base(self) -> str:
        """What every link begins with."""
        return self.site.base

    @property
    def reader(self) -> Caller:
        """Who reads it; on the pages for which one must be signed in."""
        if self.caller is None:
            raise NotAuthorizedException
        return self.caller

    @property
    def own_domains(self) -> int:
        """How many domains the reader sees; 0 where he sees everything."""
        return 0 if self.caller is None or self.caller.scope.domains is None else len(self.caller.domains)

    @property
    def path(self) -> str:
        """The path of this page below the base."""
        return str(self.request.scope["path"])

    @property
    def here(self) -> str:
        """Path and question of this page, as a link within the site."""
        query = self.request.scope["query_string"].decode("latin-1")
        return f"{self.path}?{query}" if query else self.path

    @property
    def preferences(self) -> str:
        """Where zone and colours are chosen, with the way back."""
        return f"{self.base}/preferences?{urlencode({'next': self.here})}"

    @property
    def theme(self) -> str:
        """The colours that were chosen; empty where the system's are taken."""
        chosen = self.request.cookies.get("theme", "")
        return chosen if chosen in THEMES else ""

    @property
    def book(self) -> Book:
        """What is written in the reader's language."""
        return self.clock.book

    @property
    def lang(self) -> str:
        """The reader's language."""
        return self.book.code

    @property
    def say(self) -> Say:
        """Says a phrase in the reader's language, for a template; values that are no parts of a page are escaped."""
        return saying(self.site.books, self.lang)

    @property
    def script_words(self) -> str:
        """The phrases that scripts show, in JSON: each by its English, with its plural forms where it counts."""
        return _script_words(self.site.books, self.lang)

    def told(self, sentence: str) -> str:
        """A sentence of the service in the reader's language, with its times in the reader's zone."""
        return self.clock.localised(sentence)

    @property
    def roomy(self) -> bool:
        """Whether rows of lists have room, as was chosen; else they are dense."""
        return self.request.cookies.get("rows", "") == "roomy"

    @property
    def pins(self) -> tuple[str, ...]:
        """What the reader has with each new search: parts of a question in the language."""
        return pinned(self.request.cookies.get(PINS, ""))

    @property
    def chart_folded(self) -> bool:
        """Whether the chart is folded away, as it was left."""
        return self.request.cookies.get("chart", "") == "folded"

    @property
    def is_admin(self) -> bool:
        """Whether the reader sees the audit log."""
        return self.caller is not None and self.caller.role is Role.ADMIN

    @property
    def anonymous(self) -> bool:
        """Whether it is whoever sits at this machine, where no token is configured; there is nothing to sign out of."""
        return self.site.open and self.site.sessions.of(self.request) is None

    @property
    def reader_name(self) -> str:
        """By which name the reader is known here."""
        return self.book.say("this machine") if self.anonymous else self.reader.name

    @property
    def number(self) -> str:
        """The number of the request, as in the log."""
        return request_id(self.request.scope)

    @property
    def partial(self) -> bool:
        """Whether the script asks for a part of the page, to put it into the page that is there."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def csrf(self) -> str:
        """What a form brings back."""
        return self.site.sessions.csrf(self.request)

    def asset(self, name: str) -> str:
        """Where a file lies."""
        return asset(self.base, name)

    def icon(self, name: str, kind: str = "") -> Markup:
        """A drawing beside words; `kind` is a class of the style."""
        return icon(self.base, name, kind)

    @staticmethod
    def reported(asked: str) -> str:
        """What stands behind the address of a report, so that it leads back to the list of what was asked."""
        return f"?from={quote(asked, safe='/')}"


def page_of(request: AnyRequest, site: Site, caller: Caller | None) -> PageRequest:
    """The page for this request."""
    chosen = request.cookies.get("zone", "")
    zone = zone_of(chosen)
    name = chosen if zone is not None else site.zone
    book = site.books[_language(request)]
    return PageRequest(request, site, caller, Clock(zone or zone_of(site.zone) or _utc(), name, site.clock(), book))


def _language(request: AnyRequest) -> str:
    """The reader's language: the one that was chosen, else the best that the browser asks for."""
    chosen = request.cookies.get("lang", "")
    return chosen if chosen in LANGUAGES else chosen_of(request.headers.get("accept-language", ""))


@lru_cache(maxsize=32)
def _script_words(books: Books, lang: str) -> str:
    """What scripts say in a language, in JSON."""
    return msgspec.json.encode({phrase: books[lang].forms(phrase) for phrase in _SCRIPT_PHRASES}).decode()


def _utc() -> Any:
    """The zone that is always there."""
    return zone_of("UTC")
