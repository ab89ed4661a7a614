"""The question of a Mail Trace page: from its address, or from its form, to a `Query` and back to the one address of that question.

The parameters are those of the API, so the address of the page asks the API the same when `/trace` is replaced. The form has two more,
`by` and `range`; the server folds them into the others and answers with the address that is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from mappings.locales import Book
from search import pasting
from search.access import Caller
from search.http import parameters
from search.http.pages.clock import Clock
from search.http.pages.words import DISPOSITIONS
from search.http.site import Site
from search.narrowing import listed, parts_of, with_part
from search.query import CRITERIA, WORDS, Query, QueryError, format_time, nearest, parse_time
from search.service import MailTrace
from search.sorting import Sort
from search.times import DAYS

#: Parameters in their order in an address.
Items = tuple[tuple[str, str], ...]

#: What can be searched by, and the fields that belong to each choice.
BY: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "sender": ("Sender", ("sender",)),
    "recipient": ("Recipient", ("recipient",)),
    "both": ("Sender/Recipient", ("sender", "recipient")),
    "quarantine_id": ("Quarantine ID", ("quarantine_id",)),
    "address": ("Sender or recipient", ("address",)),
}
#: The fields of the form's first line.
FIELDS: Final = ("sender", "recipient", "quarantine_id", "address")
#: The time ranges of the form: what stands in an address, in the list, and in a sentence.
RANGES: Final = (
    ("15m", "Last 15 minutes", "in the last 15 minutes"),
    ("1h", "Last hour", "in the last hour"),
    ("24h", "Last 24 hours", "in the last 24 hours"),
    ("today", "Today", "today"),
    ("this-week", "This week", "this week"),
    ("7d", "Last 7 days", "in the last 7 days"),
    ("30d", "Last 30 days", "in the last 30 days"),
    ("90d", "Last 90 days", "in the last 90 days"),
)
EVERYTHING, CUSTOM = "", "custom"
#: Further criteria as text fields under "More filters", with their labels.
TEXTS: Final = {
    "domain": "Domain",
    "client": "Sending server",
    "relay": "Next server",
    "code": "Error code",
    "message_id": "Message-ID",
    "queue_id": "Queue ID",
}
#: The box on top: what somebody pasted, or a question in the language; a flaw of it is told of the language's parameter.
BOX: Final = "text"
#: Rows of a page where nothing else is asked for.
PAGE_LENGTH: Final = 50
_LONGEST_PAGE = 1_000
#: The parameters that an address may have; those of a form come beside them.
_KNOWN = (*CRITERIA, "query", BOX, "customer", "since", "until", "tz", "sort", "columns", "off", "cursor", "limit")
#: What links and forms of the list have beside them: a value that is asked for or left out, and one more column.
ONLY, NOT, ADD = "only", "not", "add"
#: A part of a question that is set aside for now, and one that the reader has with each new search.
OFF, PIN = "off", "pin"
#: How the list is shown; nothing of what is asked.
SHOWN: Final = ("sort", "columns", OFF)
TIMES: Final = ("since", "until")
_BRACKETED = re.compile(r"<([^<>\s]+@[^<>\s]+)>").findall
_EMPTY: Final = {
    "sender": "Enter a sender, or * for all",
    "recipient": "Enter a recipient, or * for all",
    "both": "Enter a sender, a recipient, or both",
    "quarantine_id": "Enter a quarantine ID",
    "address": "Enter an address or a domain, or * for all",
}


@dataclass(frozen=True, slots=True)
class Question:
    """What a page is asked: the parameters of the one address it has, and what they mean."""

    #: Without `cursor` and `limit`.
    items: Items
    query: Query
    cursor: str | None = None
    limit: int = PAGE_LENGTH
    #: What the text in the box was read as, where it is no question.
    read_as: str = ""

    def values(self, name: str) -> tuple[str, ...]:
        """The values of one parameter."""
        return tuple(value for one, value in self.items if one == name)

    def value(self, name: str) -> str:
        """The values of one parameter as its field shows them."""
        return ", ".join(self.values(name))

    def address(self, *, cursor: str | None = None) -> str:
        """The part of the address behind the `?`."""
        more = [("cursor", cursor)] if cursor else []
        if self.limit != PAGE_LENGTH:
            more.append(("limit", str(self.limit)))
        return urlencode([*self.items, *more])

    def with_values(self, **values: str | Sequence[str] | None) -> str:
        """The address of the same question with other values for some parameters; None takes one out."""
        return urlencode(changed(self.items, values))

    def without(self, name: str, gone: Iterable[str] | None = None) -> str:
        """The address of the same question without (some of) the values of a parameter."""
        out = None if gone is None else set(gone)
        return urlencode([(one, value) for one, value in self.items if one != name or (out is not None and value not in out)])


def changed(items: Items, values: dict[str, str | Sequence[str] | None]) -> list[tuple[str, str]]:
    """The parameters with other values for some of them, in the order of an address."""
    # A zone stands beside a day only, which goes with the time.
    kept = [(name, value) for name, value in items if name not in values and not (name == "tz" and "since" in values)]
    for name, given in values.items():
        if given is not None:
            kept += [(name, value) for value in ((given,) if isinstance(given, str) else given)]
    return sorted(kept, key=lambda item: _place(item[0]))


def _place(name: str) -> int:
    """Where a parameter stands in an address."""
    order = (*CRITERIA, "query", BOX, "customer", *TIMES, "tz", *SHOWN, "by", "cursor", "limit")
    return order.index(name) if name in order else len(order)


def folded(given: Items, clock: Clock, site_zone: str) -> Items:
    """The parameters without what is empty, what belongs to another choice of the form, and what only the form has."""
    by, chosen = _one(given, "by"), _one(given, "range")
    if by is not None and by not in BY:
        raise QueryError(f"there is no search by “{by[:60]}”", field="by", hint=f"it is one of {', '.join(BY)}")
    mine = BY[by][1] if by is not None else FIELDS
    kept: list[tuple[str, str]] = []
    for name, written in given:
        value = written.strip()
        if (
            name in ("by", "range", ONLY, NOT, ADD, PIN)
            or (name, value) == ("sort", Sort.NEWEST)
            or not value
            or (name in FIELDS and name not in mine)
        ):
            continue
        if name in TIMES:
            # The form always sends its two fields for times; they count only where they were chosen.
            if chosen in (None, CUSTOM):
                kept.append((name, _absolute(value, clock)))
        elif name == "q" or (name == BOX and pasting.read(value) is None):
            kept.append(("query", value))
        elif by is not None and (name in FIELDS or name in TEXTS or name in WORDS):
            kept += [(name, one) for one in _several(value)]
        else:
            kept.append((name, value))
    if chosen not in (None, CUSTOM, EVERYTHING):
        kept.append(("since", str(chosen)))
    kept = _pinned(kept, [value for name, value in given if name == PIN and value.strip()])
    if clock.name != site_zone and _one(given, "tz") is None and any(name in TIMES and value in DAYS for name, value in kept):
        # Another reader's, and the API's, today is another day.
        kept.append(("tz", clock.name))
    return tuple(sorted(dict.fromkeys(kept), key=lambda item: _place(item[0])))


def _pinned(items: list[tuple[str, str]], parts: Sequence[str]) -> list[tuple[str, str]]:
    """The parameters with what the reader has pinned, where they do not ask for it already."""
    criteria = {name: [value for one, value in items if one == name] for name in CRITERIA}
    there = {listed(name, values) for name, values in criteria.items()}
    for part in parts:
        text = next((value for name, value in items if name == "query"), "")
        if part not in there and part not in parts_of(text):
            items = changed(tuple(items), {"query": with_part(text, part)})
    return items


def asked(items: Items, site: Site, caller: Caller, mail: MailTrace) -> Question:
    """The question that these (folded) parameters ask, for who sees this mail; raises `QueryError`."""
    for name, _ in items:
        if name not in _KNOWN:
            raise QueryError("there is no such parameter", field=name[:100], hint=nearest(name, _KNOWN) or f"there are {', '.join(_KNOWN)}")
    found = parameters.question(items, site, caller)
    query, pasted = found.query, _one(items, BOX)
    meant = mail.meant(pasted, found.zone) if pasted is not None else None
    if meant is not None:
        query = parameters.with_meant(query, meant)
    question = tuple(item for item in items if item[0] not in ("cursor", "limit"))
    read_as = (meant.read_as or "") if meant is not None else ""
    return Question(question, query, _one(items, "cursor"), _limit(_one(items, "limit")), read_as)


def missing(given: Items, items: Items) -> str | None:
    """What is said of a form in which nothing was entered; None where something was, or it is no form."""
    by = _one(given, "by")
    if by is None or any(name not in (*TIMES, "tz", *SHOWN, "limit") for name, _ in items):
        return None
    return _EMPTY[by]


def by_of(given: Items) -> str:
    """What the form shows as searched by: as it was sent, else what the fields say."""
    by = _one(given, "by")
    if by in BY:
        return str(by)
    names = {name for name, value in given if value.strip()}
    if {"sender", "recipient"} <= names:
        return "both"
    return next((name for name in ("address", "quarantine_id", "sender", "recipient") if name in names), "recipient")


def range_of(items: Items) -> str:
    """Which time range the form shows as chosen."""
    since, until = _one(items, "since"), _one(items, "until")
    if since is None and until is None:
        return EVERYTHING
    return since if until is None and since in {value for value, _, _ in RANGES} else CUSTOM


def outcomes_in_words(values: Sequence[str], book: Book) -> str:
    """Some dispositions in words: "Delivered or Released"."""
    labels = {disposition.value: book.say(word.label) for disposition, word in DISPOSITIONS.items()}
    return f" {book.say('or')} ".join(labels.get(value, value) for value in values)


def _one(items: Items, name: str) -> str | None:
    """The value of a parameter that has one."""
    return next((value for one, value in items if one == name), None)


def _several(value: str) -> list[str]:
    """What a field of the form holds: values are parted by commas, semicolons or blanks, unless one is quoted.

    Of addresses as mail programs copy them, `Anna <anna@example.com>`, the address is taken.
    """
    if bracketed := _BRACKETED(value):
        return bracketed
    if '"' in value:
        return [value]
    return value.replace(",", " ").replace(";", " ").split()


def _absolute(value: str, clock: Clock) -> str:
    """A time of the reader's zone as one that means the same to everybody; what is relative stays as it is."""
    word = value.lower()
    if word == "now" or word in DAYS or word[-1:] in "smhdwz":
        return value
    try:
        return short_time(parse_time(value, clock.now_ms, clock.zone))
    except QueryError:
        # It is said where the question is made, with the name of the field.
        return value


def short_time(time_ms: int) -> str:
    """A time in RFC 3339, with no more digits than it needs."""
    return format_time(time_ms).replace(".000Z", "Z")


def _limit(text: str | None) -> int:
    """How many rows a page has."""
    if text is None:
        return PAGE_LENGTH
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= _LONGEST_PAGE:
        raise QueryError(f"“{text[:60]}” is not a number from 1 to {_LONGEST_PAGE:,}", field="limit")
    return int(text[:6])
