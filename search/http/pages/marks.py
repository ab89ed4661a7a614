"""What is unusual for the domains of the Domains page, in words that lead to the mail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from mappings.locales import Book
from mappings.vocabulary import Disposition
from search.engines import Side
from search.http.pages.clock import Clock
from search.http.pages.page_request import PageRequest
from search.http.pages.question import short_time
from search.http.pages.words import GROUPS
from search.service import MailTrace
from search.unusual import Fates, Unusual, unusual, usual_of

_HOUR_MS: Final = 3_600_000
#: What waited in the weeks before does so no longer: it is no measure of what waits now.
_COMPARED: Final = tuple(group for group in GROUPS if group.key != "waiting")


@dataclass(frozen=True, slots=True)
class UnusualMark:
    """One thing that is unusual for a domain, and where its mail is."""

    words: str
    address: str
    more: bool


def hours_of(since_ms: int, until_ms: int) -> tuple[int, int]:
    """The whole hours of a day that are over: they are compared, so that what was counted of other weeks holds for an hour."""
    return since_ms, until_ms - (until_ms - since_ms) % _HOUR_MS


def marks_of(
    page: PageRequest, mail: MailTrace, hours: tuple[int, int], side: Side, *, sent: Sequence[tuple[str, str]], names: Sequence[str]
) -> dict[str, tuple[UnusualMark, ...]]:
    """What is unusual for each of these domains in these hours."""
    since_ms, until_ms = hours
    if until_ms <= since_ms or not names:
        return {}
    weeks = page.site.weeks.before(mail, since_ms, until_ms, page.clock.zone, side)
    if not weeks:
        return {}
    counts = mail.domains(since_ms=since_ms, until_ms=until_ms, side=side)
    asked = [*sent, ("since", short_time(since_ms)), ("until", short_time(until_ms))]
    found = {}
    for name in names:
        usual = {group.key: usual_of(weeks, name, group.members) for group in _COMPARED}
        everything = usual_of(weeks, name, tuple(Disposition))
        own = [(side, f"@{name}"), *asked]
        found[name] = _marks(counts.get(name, {}), usual, everything, own, _until(page.clock, until_ms), page.book)
    return found


def _marks(
    fates: Fates, usual: dict[str, list[int]], everything: list[int], own: list[tuple[str, str]], until: str, book: Book
) -> tuple[UnusualMark, ...]:
    """What is unusual by outcome; where nothing is, in all."""
    found = []
    for group in _COMPARED:
        if one := unusual(sum(fates.get(member, 0) for member in group.members), usual[group.key]):
            address = urlencode([*own, *(("disposition", member.value) for member in group.members)])
            found.append(UnusualMark(_in_words(one, book.say(group.label), until, book), address if one.count else "", one.more))
    if not found and (one := unusual(sum(fates.values()), everything)):
        found.append(UnusualMark(_in_words(one, book.say("All mail"), until, book), urlencode(own) if one.count else "", one.more))
    return tuple(found)


def _until(clock: Clock, until_ms: int) -> str:
    """Up to when it was counted; empty where it was to the end of the day."""
    moment = clock.at(until_ms)
    return f"{moment.local:%H:%M}" if moment.local.hour or moment.local.minute else ""


def _in_words(one: Unusual, label: str, until: str, book: Book) -> str:
    """What is unusual in words: `Rejected: much more than usual until 14:00 (214, usually about 12)`."""
    if until:
        phrase = "{label}: much more than usual until {time}" if one.more else "{label}: much less than usual until {time}"
    else:
        phrase = "{label}: much more than usual" if one.more else "{label}: much less than usual"
    usual = "{number}, usually about {total}" if one.usual else "{number}, usually next to none"
    return f"{book.say(phrase, label=label, time=until)} ({book.say(usual, number=one.count, total=one.usual)})"
