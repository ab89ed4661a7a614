"""The Domains page: a day's mail of each domain by outcome, received and sent apart.

The day is today; where no mail of today is there at all, as in old logs, it is the last day that has mail, and the page says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from litestar import Response, get
from litestar.response import Redirect

from mappings.vocabulary import Disposition
from search.engines import Side
from search.http.api import list_domains
from search.http.given import TheCaller, TheMail, TheNote, TheSite
from search.http.pages.clock import Clock, Moment
from search.http.pages.freshness import freshness_of
from search.http.pages.marks import UnusualMark, hours_of, marks_of
from search.http.pages.page_request import PageRequest, page_of
from search.http.pages.question import short_time
from search.http.pages.render import render
from search.http.pages.words import GROUPS, OutcomeGroup
from search.http.sessions import AnyRequest
from search.query import MOST_VALUES, Query, parse_time
from search.service import MailTrace
from search.unusual import WEEKS

#: So many domains are on a page.
PAGE_LENGTH: Final = 100
_SENT = ("outbound", "internal")
_DAY_MS = 86_400_000
_FIELDS: Final[dict[str, Side]] = {"received": "recipient", "sent": "sender"}
#: Width of the bar in the units of its drawing.
_BAR = 120


@dataclass(frozen=True, slots=True)
class Number:
    """A count and where its mail is; no address where it is nought."""

    group: OutcomeGroup | None
    count: int
    address: str
    #: Where the part of the bar begins and how wide it is.
    begin: float = 0
    width: float = 0


@dataclass(frozen=True, slots=True)
class DomainRow:
    """One domain, or all of them."""

    name: str
    note: str
    address: str
    total: Number
    numbers: tuple[Number, ...]
    #: Whether it is all domains together.
    all: bool = False
    #: What is unusual for it, in words, each with its mail.
    marks: tuple[UnusualMark, ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """The day that is counted, in the reader's zone."""

    begin: Moment
    since_ms: int
    #: None is today, which is not over.
    until_ms: int | None
    #: How a link asks for it.
    asked: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Counting:
    """What is counted: which side of a day's mail, and how a link asks for the same."""

    side: str
    day: Day

    @property
    def field(self) -> Side:
        """The side as the query layer names it."""
        return _FIELDS[self.side]

    @property
    def sent(self) -> list[tuple[str, str]]:
        """A sender in mail from outside is a claim that anybody can make: only what really came from that side is counted as sent."""
        return [("direction", word) for word in _SENT if self.side == "sent"]

    def row(self, name: str, note: str, address: str, own: Sequence[tuple[str, str]], counts: Mapping[Disposition, int]) -> DomainRow:
        """A row of these counts; `own` is what asks for its mail, `address` where its name leads to."""
        total = sum(counts.values())
        numbers: list[Number] = []
        at = 0.0
        for group in GROUPS:
            count = sum(counts.get(member, 0) for member in group.members)
            members = [("disposition", member.value) for member in group.members]
            width = _BAR * count / total if total else 0.0
            found = urlencode([*own, *self.sent, *members, *self.day.asked]) if count else ""
            numbers.append(Number(group, count, found, round(at, 2), round(width, 2)))
            at += width
        everything = urlencode([*own, *self.sent, *self.day.asked])
        return DomainRow(name, note, address or everything, Number(None, total, everything if total else ""), tuple(numbers))


@dataclass(frozen=True, slots=True)
class DomainTable:
    """The table of one page."""

    rows: list[DomainRow]
    #: How many domains are on this page.
    shown: int
    #: How many domains fit the filter, and how many there are.
    fitting: int
    known: int
    sort: str
    page: int
    pages: int


@get("/", include_in_schema=False, sync_to_thread=False)
def start(site: TheSite) -> Response[Any]:
    """The first page is the list of domains."""
    return Redirect(f"{site.base}/domains", status_code=303)


@get("/domains", include_in_schema=False, sync_to_thread=True)
def domains(request: AnyRequest, site: TheSite, caller: TheCaller, mail: TheMail, note: TheNote) -> Response[Any]:
    """Show the domains; only their table, where the script asks for it."""
    page = page_of(request, site, caller)
    asked = {name: value.strip() for name, value in request.query_params.items()}
    side = asked.get("side") if asked.get("side") in _FIELDS else "received"
    state = mail.freshness()
    day = day_of(page.clock, site.zone, state.newest)
    table = _table(page, mail, Counting(str(side), day), asked)
    note("domains", table.shown)
    return render(
        page,
        "domains_table.html" if page.partial else "domains.html",
        fresh=freshness_of(state, page.clock),
        lacking=[page.told(warning) for warning in mail.lacking(day.since_ms, day.until_ms)],
        table=table,
        side=side,
        wanted=asked.get("filter", ""),
        day=day,
        oldest=state.oldest,
        weeks=WEEKS,
        address=lambda **values: _address(page, asked, values),
    )


def day_of(clock: Clock, site_zone: str, newest: str | None) -> Day:
    """Today, or the day of the newest mail where that is an earlier one."""
    since_ms = parse_time("today", clock.now_ms, clock.zone)
    last = clock.of(newest) if newest is not None else None
    if last is None or clock.at(since_ms).local.date() <= last.local.date():
        # Another reader's, and the API's, today is another day.
        zone = [("tz", clock.name)] if clock.name != site_zone else []
        return Day(clock.at(since_ms), since_ms, None, [("since", "today"), *zone])
    days = [last.local.date(), last.local.date() + timedelta(days=1)]
    begin_ms, end_ms = (parse_time(day.isoformat(), clock.now_ms, clock.zone) for day in days)
    return Day(clock.at(begin_ms), begin_ms, end_ms, [("since", short_time(begin_ms)), ("until", short_time(end_ms))])


def _address(page: PageRequest, asked: Mapping[str, str], values: Mapping[str, str | None]) -> str:
    """The address of this page with some parameters changed."""
    merged = {name: value for name, value in {**asked, **values}.items() if value and name in ("side", "filter", "sort", "page")}
    return page.base + "/domains" + (f"?{urlencode(merged)}" if merged else "")


def _table(page: PageRequest, mail: MailTrace, counting: Counting, asked: Mapping[str, str]) -> DomainTable:
    """The table as it is asked for."""
    caller, day = page.reader, counting.day
    counts = mail.domains(since_ms=day.since_ms, until_ms=day.until_ms, side=counting.field)
    # Who sees everything would see the domains of all the world; the customers' are what the page is for.
    listed = [one for one in list_domains(counts, caller.domains, caller) if not caller.domains or one.domain in caller.domains]
    wanted, sort = asked.get("filter", "").lower(), asked.get("sort", "")
    rows = [
        counting.row(one.domain, one.customer or "", urlencode([("domain", one.domain)]), [(counting.field, f"@{one.domain}")], one.counts)
        for one in listed
    ]
    fitting = _sorted([row for row in rows if wanted in row.name.lower() or wanted in row.note.lower()], sort)
    pages = max(-(-len(fitting) // PAGE_LENGTH), 1)
    number = min(max(_whole(asked.get("page", "")), 1), pages)
    shown = fitting[(number - 1) * PAGE_LENGTH : number * PAGE_LENGTH]
    here = len(shown)
    hours = hours_of(day.since_ms, day.until_ms or page.clock.now_ms)
    marks = marks_of(page, mail, hours, counting.field, sent=counting.sent, names=[row.name for row in shown])
    shown = [replace(row, marks=marks.get(row.name, ())) for row in shown]
    if len(listed) > 1 and not wanted and number == 1:
        shown.insert(0, _everything(page, mail, counting, [one.domain for one in listed], counts))
    return DomainTable(shown, here, len(fitting), len(listed), sort, number, pages)


def _whole(text: str) -> int:
    """A number of a page."""
    return int(text[:6]) if text.isascii() and text.isdigit() else 1


def _sorted(rows: list[DomainRow], sort: str) -> list[DomainRow]:
    """The rows by name, or by a number, the greatest first; by all mail where nothing else is asked for."""
    if sort == "domain":
        return sorted(rows, key=lambda row: row.name)
    keys = [group.key for group in GROUPS]
    if sort in keys:
        return sorted(rows, key=lambda row: (-row.numbers[keys.index(sort)].count, row.name))
    return rows


def _everything(
    page: PageRequest, mail: MailTrace, counting: Counting, names: Sequence[str], counts: Mapping[str, Mapping[Disposition, int]]
) -> DomainRow:
    """The row of all domains together: a message that is of two of them is counted once."""
    own: list[tuple[str, str]] = []
    if page.reader.domains and len(names) <= MOST_VALUES:
        own = [(counting.field, f"@{name}") for name in names]
    elif page.reader.domains and not counting.sent:
        own = [("direction", "inbound"), ("direction", "internal")]
    values: dict[str, Any] = {}
    for field, text in (*own, *counting.sent):
        values[field] = (*values.get(field, ()), text)
    since, until = counting.day.since_ms, counting.day.until_ms
    counted = mail.over_time(Query(**values, since_ms=since, until_ms=until), [since, until or page.clock.now_ms + _DAY_MS])
    # Where there is too much mail to count it once more, the domains are added up.
    total = counted.counts[0] if counted.from_ms is None else _summed(counts, names)
    label = page.book.say("All my domains" if page.own_domains else "All domains")
    return replace(counting.row(label, page.book.say("{count} domains", count=len(names)), "", own, total), all=True)


def _summed(counts: Mapping[str, Mapping[Disposition, int]], names: Sequence[str]) -> dict[Disposition, int]:
    """The counts of some domains together."""
    return {one: sum(counts.get(name, {}).get(one, 0) for name in names) for one in Disposition}
