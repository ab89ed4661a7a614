"""From a template to an answer, with what every page has: who reads it, in which zone and colours, and how fresh the logs are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

import jinja2
import msgspec
from litestar import Response
from litestar.enums import MediaType
from litestar.exceptions import NotAuthorizedException
from markupsafe import Markup, escape

from mappings.faults import StoreError
from mappings.locales import LANGUAGES, Book, Books, chosen_of, pieces_of
from search.access import Caller, Role
from search.http.pages import assets, hostile
from search.http.pages.chart_markup import written_bars, written_counts
from search.http.pages.clock import Clock, zone_of
from search.http.pages.freshness import Freshness, freshness_of, not_known
from search.http.pages.pins import PINS, pinned
from search.http.pages.row_markup import written_rows
from search.http.pages.select_markup import written_select
from search.http.pages.words import GROUPS, sentence_case
from search.http.sessions import AnyRequest
from search.http.site import Site
from search.http.state import request_id
from search.service import MailTrace

_TEMPLATES: Final = Path(__file__).resolve().parent.parent / "templates"
_NOTHING: Final = Markup("")
#: Says a phrase, with its places filled.
Say = Callable[..., Markup]
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


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """The templates. Everything is escaped; what does not exist is an error."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # They do not change while the program runs. To look lets go of the interpreter, a dozen times a page: others take it.
        auto_reload=False,
    )
    made.filters["shown"] = hostile.shown
    made.filters["left_out"] = hostile.left_out
    made.filters["plain"] = hostile.plain
    made.filters["number"] = _number
    made.filters["sentence_case"] = sentence_case
    made.globals["groups"] = GROUPS
    made.globals |= {one.__name__: one for one in (written_rows, written_bars, written_counts, written_select)}
    made.globals["LONGEST"], made.globals["IN_LIST"] = hostile.LONGEST, hostile.LONGEST_IN_LIST
    return made


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
        return _saying(self.site.books, self.lang)

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
        return self.base + assets.path_of(name)

    def icon(self, name: str, kind: str = "") -> Markup:
        """A drawing beside words; `kind` is a class of the style."""
        return _icon(self.base, name, kind)

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


@lru_cache(maxsize=256)
def _icon(base: str, name: str, kind: str) -> Markup:
    """A drawing, written once."""
    return Markup('<svg class="icon{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>').format(
        f" {kind}" if kind else "", base + assets.path_of("icons.svg"), name
    )


@lru_cache(maxsize=32)
def _script_words(books: Books, lang: str) -> str:
    """What scripts say in a language, in JSON."""
    return msgspec.json.encode({phrase: books[lang].forms(phrase) for phrase in _SCRIPT_PHRASES}).decode()


@lru_cache(maxsize=32)
def _saying(books: Books, lang: str) -> Say:
    """What says phrases in a language. Those without values, and the pieces of others, are escaped once: a list says hundreds."""
    book = books[lang]
    plain: dict[str, Markup] = {}
    pieces: dict[str, tuple[Markup, ...]] = {}

    def say(phrase: str, /, **values: str | float) -> Markup:
        if not values:
            found = plain.get(phrase)
            if found is None:
                found = plain[phrase] = escape(book.phrase(phrase))
            return found
        count = values.get("count")
        text = book.phrase(phrase, None if isinstance(count, str) else count)
        parts = pieces.get(text)
        if parts is None:
            parts = pieces[text] = tuple(map(escape, pieces_of(text)))
        return _NOTHING.join([book.shown(values[one]) if at % 2 else one for at, one in enumerate(parts)])

    return say


@jinja2.pass_context
def _number(context: jinja2.runtime.Context, number: float) -> str:
    """A number as the reader's language writes it."""
    page: PageRequest = context["page"]
    return page.book.number(number)


def _utc() -> Any:
    """The zone that is always there."""
    return zone_of("UTC")


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
    return environment().get_template(template).render(page=page, say=page.say, told=page.told, **values)
