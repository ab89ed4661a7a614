"""The Domains page: today's mail of each domain by outcome, received and sent apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, get
from litestar.response import Redirect

from mappings.vocabulary import Disposition
from search.access import Caller
from search.engines import Side
from search.http.api import list_domains
from search.http.pages.clock import Clock
from search.http.pages.render import Page, page_of, render
from search.http.pages.sentence import midnight
from search.http.pages.words import GROUPS, Group
from search.http.sessions import AnyRequest
from search.http.site import Site
from search.query import MOST_VALUES, Query
from search.service import MailTrace

Note = Callable[[str, int], None]
#: So many domains are on a page.
PAGE_LENGTH: Final = 100
_SENT = ("outbound", "internal")
_FIELDS: Final[dict[str, Side]] = {"received": "recipient", "sent": "sender"}
#: Width of the bar in the units of its drawing.
_BAR = 120


@dataclass(frozen=True, slots=True)
class Number:
    """A count and where its mail is; no address where it is nought."""

    group: Group | None
    count: int
    address: str
    #: Where the part of the bar begins and how wide it is.
    begin: float = 0
    width: float = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One domain, or all of them."""

    name: str
    note: str
    address: str
    total: Number
    numbers: tuple[Number, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The table of one page."""

    rows: list[Row]
    #: How many domains fit the filter, and how many there are.
    fitting: int
    known: int
    sort: str
    page: int
    pages: int


@get("/", include_in_schema=False, sync_to_thread=False)
def start(site: Site) -> Response[Any]:
    """The first page is the list of domains."""
    return Redirect(f"{site.base}/domains", status_code=303)


@get("/domains", include_in_schema=False, sync_to_thread=True)
def domains(request: AnyRequest, site: Site, caller: Caller, mail: MailTrace, note: Note) -> Response[Any]:
    """Show the domains; only their table, where the script asks for it."""
    page = page_of(request, site, caller)
    asked = {name: value.strip() for name, value in request.query_params.items()}
    side = asked.get("side") if asked.get("side") in _FIELDS else "received"
    table = _table(page, mail, str(side), asked)
    note("domains", len(table.rows))
    day = page.clock.now
    return render(
        page,
        "domains_table.html" if page.partial else "domains.html",
        mail,
        table=table,
        side=side,
        wanted=asked.get("filter", ""),
        day=day,
        oldest=mail.freshness().oldest,
        address=lambda **values: _address(page, asked, values),
    )


def _address(page: Page, asked: Mapping[str, str], values: Mapping[str, str | None]) -> str:
    """The address of this page with some parameters changed."""
    merged = {name: value for name, value in {**asked, **values}.items() if value and name in ("side", "filter", "sort", "page")}
    return page.base + "/domains" + (f"?{urlencode(merged)}" if merged else "")


def _table(page: Page, mail: MailTrace, side: str, asked: Mapping[str, str]) -> Table:
    """The table as it is asked for."""
    since, caller = midnight(page.clock), page.reader
    counts = mail.domains(since_ms=since, side=_FIELDS[side])
    # Who sees everything would see the domains of all the world; the customers' are what the page is for.
    listed = [one for one in list_domains(counts, caller.domains, caller) if not caller.domains or one.domain in caller.domains]
    known = len(listed)
    rows = [_row(one.domain, one.customer or "", one.counts, side, page.clock, page.site.zone) for one in listed]
    wanted = asked.get("filter", "").lower()
    fitting = [row for row in rows if wanted in row.name.lower() or wanted in row.note.lower()]
    sort = asked.get("sort", "")
    fitting = _sorted(fitting, sort)
    pages = max(-(-len(fitting) // PAGE_LENGTH), 1)
    number = min(max(int(asked["page"]) if asked.get("page", "").isascii() and asked.get("page", "").isdigit() else 1, 1), pages)
    shown = fitting[(number - 1) * PAGE_LENGTH : number * PAGE_LENGTH]
    if known > 1 and not wanted and number == 1:
        shown.insert(0, _everything(page, mail, side, [one.domain for one in listed], counts))
    return Table(shown, len(fitting), known, sort, number, pages)


def _sorted(rows: list[Row], sort: str) -> list[Row]:
    """The rows by name, or by a number, the greatest first; by all mail where nothing else is asked for."""
    if sort == "domain":
        return sorted(rows, key=lambda row: row.name)
    keys = [group.key for group in GROUPS]
    if sort in keys:
        return sorted(rows, key=lambda row: (-row.numbers[keys.index(sort)].count, row.name))
    return rows


def _row(name: str, note: str, counts: Mapping[Disposition, int], side: str, clock: Clock, site_zone: str) -> Row:
    """The row of one domain; its name leads to all its mail, each number to what it counts."""
    own = [(_FIELDS[side], f"@{name}")]
    return _made(name, note, urlencode([("domain", name)]), own, counts, side, clock, site_zone)


def _everything(page: Page, mail: MailTrace, side: str, names: Sequence[str], counts: Mapping[str, Mapping[Disposition, int]]) -> Row:
    """The row of all domains together: a message that is of two of them is counted once."""
    since = midnight(page.clock)
    bounded = 1 < len(names) <= MOST_VALUES and bool(page.reader.domains)
    own = [(_FIELDS[side], f"@{name}") for name in names] if bounded else []
    if not bounded and page.reader.domains and side == "received":
        own = [("direction", "inbound"), ("direction", "internal")]
    values: dict[str, Any] = {}
    for field, text in own + [("direction", word) for word in _SENT if side == "sent"]:
        values[field] = (*values.get(field, ()), text)
    query = Query(**values, since_ms=since)
    counted = mail.over_time(query, [since, page.clock.now_ms + 86_400_000])
    label = "All my domains" if page.own_domains else "All domains"
    total = counted.counts[0] if counted.from_ms is None else _summed(counts, names)
    return _made(label, f"{len(names):,} domains", "", own, total, side, page.clock, page.site.zone)


def _summed(counts: Mapping[str, Mapping[Disposition, int]], names: Sequence[str]) -> dict[Disposition, int]:
    """All domains added up, where there is too much mail to count it once more."""
    return {one: sum(counts.get(name, {}).get(one, 0) for name in names) for one in Disposition}


def _made(
    name: str,
    note: str,
    address: str,
    own: Sequence[tuple[str, str]],
    counts: Mapping[Disposition, int],
    side: str,
    clock: Clock,
    site_zone: str,
) -> Row:
    """A row of these counts."""
    time = [("since", "today"), *([("tz", clock.name)] if clock.name != site_zone else [])]
    sent = [("direction", word) for word in _SENT if side == "sent"]
    total = sum(counts.values())
    numbers: list[Number] = []
    at = 0.0
    for group in GROUPS:
        count = sum(counts.get(member, 0) for member in group.members)
        members = [("disposition", member.value) for member in group.members]
        width = _BAR * count / total if total else 0.0
        found = urlencode([*own, *sent, *members, *time]) if count else ""
        numbers.append(Number(group, count, found, round(at, 2), round(width, 2)))
        at += width
    everything = urlencode([*own, *sent, *time])
    return Row(name, note, address or everything, Number(None, total, everything if total else ""), tuple(numbers))
