"""The form of the Mail Trace page as it is shown: what is chosen, what is filled in, and what is wrong with it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from mappings.locales import Book
from mappings.vocabulary import Direction, Reason, Verdict
from search.http.pages.clock import Clock
from search.http.pages.hostile import plain
from search.http.pages.presets import label_of
from search.http.pages.question import (
    BOX,
    BY,
    CUSTOM,
    FIELDS,
    OFF,
    RANGES,
    SHOWN,
    TEXTS,
    Items,
    Question,
    by_of,
    outcomes_in_words,
    range_of,
)
from search.http.pages.words import DIRECTIONS, DISPOSITIONS, GROUPS, REASONS, VERDICT_NAMES, sentence_case
from search.narrowing import is_negated, joined, listed, opposite, parts_of, with_part
from search.query import QueryError, parse_time

_LABELS: Final = {"sender": "Sender", "recipient": "Recipient", "quarantine_id": "Quarantine ID", "address": "Sender or recipient"}
_HINTS: Final = {"quarantine_id": "as the filter or the notice names it"}
#: The box takes as much as fits an address; what is pasted begins with what it is about.
_LONGEST = 4_000
#: So many characters are shown on each side of what is wrong.
_AROUND = 60
_HINT = "address, domain, or part with *"
_CHOICES: Final[dict[str, tuple[str, tuple[tuple[str, str], ...]]]] = {
    "verdict": ("Verdict of the filter", tuple((verdict.value, VERDICT_NAMES[verdict]) for verdict in Verdict)),
    "reason": ("Reason", tuple((reason.value, REASONS[reason]) for reason in Reason)),
    "direction": ("Direction", tuple((direction.value, DIRECTIONS[direction]) for direction in Direction)),
}
#: Criteria that are shown as pills over a result.
FILTERS: Final = ("disposition", "verdict", "reason", "direction", "client", "relay", "code", "message_id", "queue_id", "query", BOX)
_QUOTED: Final = r'"((?:[^"\\]|\\.)*)"'
_ANY_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
#: A part of a question that asks for a value, or for any of several, as links write it.
_SIMPLE: Final = re.compile(rf'([\w.]+): *([^\s"()\\]+|{_ANY_QUOTED}|\({_ANY_QUOTED}(?: or {_ANY_QUOTED})*\))', re.DOTALL).fullmatch
#: The two parameters that the box can stand for.
_BOX_NAMES: Final = ("query", BOX)


@dataclass(frozen=True, slots=True)
class FormFlaw:
    """What is wrong with what was entered, and the field that it is about."""

    words: str
    #: Name of a field that the form has; empty where it is about none of them.
    field: str
    #: Where in a text of the box it is.
    position: int | None = None


@dataclass(frozen=True, slots=True)
class SearchBox:
    """The one box for a question in the language, or whatever somebody has: what is in it, and where it is wrong."""

    value: str
    flaw: FormFlaw | None = None

    @property
    def shown(self) -> str:
        """What is in it, with its lines, free of what would not be seen."""
        return "\n".join(plain(line, longest=_LONGEST) for line in self.value.splitlines())

    @property
    def marked(self) -> tuple[str, str, str] | None:
        """What stands before the place that is wrong, there, and behind it."""
        if self.flaw is None or self.flaw.position is None:
            return None
        at = min(self.flaw.position, len(self.value))
        return self.value[:at][-_AROUND:], self.value[at : at + 1], self.value[at + 1 :][:_AROUND]


@dataclass(frozen=True, slots=True)
class Choice:
    """An entry of a list or a box to tick."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class TimeChoice:
    """A range of time: the address of the same question in it, None where it is one of the reader's own."""

    label: str
    chosen: bool
    address: str | None


@dataclass(frozen=True, slots=True)
class FormField:
    """A field for text."""

    name: str
    label: str
    hint: str
    value: str
    flaw: str


@dataclass(frozen=True, slots=True)
class List:
    """A list to choose from."""

    name: str
    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class SearchForm:
    """Everything that the form shows."""

    box: SearchBox
    by: tuple[Choice, ...]
    fields: tuple[FormField, ...]
    ranges: tuple[Choice, ...]
    since: FormField
    until: FormField
    outcomes: tuple[Choice, ...]
    lists: tuple[List, ...]
    texts: tuple[FormField, ...]
    #: How many filters are set.
    filters: int
    flaw: FormFlaw | None
    #: Name of the field that is ready for typing.
    focus: str
    #: What it sends along without a field for it.
    kept: Items


@dataclass(frozen=True, slots=True)
class Pill:
    """A filter that is set: what it is, and the address without it."""

    label: str
    value: str
    address: str
    #: Whether it leaves out what has the value.
    negated: bool = False
    #: The address with the opposite of it; empty where it has none.
    flipped: str = ""
    #: As a part of a question in the language; empty where that has none.
    part: str = ""
    #: The address with it set aside, or asked again where it is; and whether it is.
    switched: str = ""
    off: bool = False


def form_of(given: Items, clock: Clock, customers: Sequence[str], flaw: FormFlaw | None = None, *, fresh: bool = False) -> SearchForm:
    """The form of these parameters, which may be wrong; `fresh` where nothing was asked yet."""
    by, book = by_of(given), clock.book
    chosen = next((value for name, value in given if name == "range"), None)
    chosen = range_of(given) if chosen is None else chosen

    values: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in given:
        values[name].append(value)

    def text(name: str) -> str:
        return ", ".join(values.get(name, ()))

    def field(name: str, label: str, hint: str = "") -> FormField:
        return FormField(name, label, hint, text(name), flaw.words if flaw is not None and flaw.field == name else "")

    def time(name: str, label: str) -> FormField:
        made = field(name, label)
        return FormField(made.name, made.label, made.hint, local_time(made.value, clock), made.flaw)

    lists = [_list(name, label, _said(choices, book), text(name), book) for name, (label, choices) in _CHOICES.items()]
    if len(customers) > 1:
        names = tuple((name, name) for name in customers)
        lists.append(_list("customer", "Customer", names, text("customer"), book))
    dispositions = set(values.get("disposition", ()))
    return SearchForm(
        box=box_of(given, flaw),
        by=tuple(Choice(value, book.say(label), value == by) for value, (label, _) in BY.items()),
        fields=tuple(field(name, _LABELS[name], _HINTS.get(name, _HINT)) for name in FIELDS),
        ranges=ranges_of(chosen, book),
        since=time("since", "From"),
        until=time("until", "To"),
        outcomes=tuple(
            Choice(member.value, DISPOSITIONS[member].label, member.value in dispositions) for group in GROUPS for member in group.members
        ),
        lists=tuple(lists),
        texts=tuple(field(name, label) for name, label in TEXTS.items()),
        filters=len({name for name, value in given if value.strip() and name in (*FILTERS, "domain", "customer")}),
        flaw=flaw,
        focus=_focus(by, flaw, fresh=fresh),
        kept=tuple(item for item in given if item[0] in SHOWN),
    )


def box_of(given: Items, flaw: FormFlaw | None = None) -> SearchBox:
    """The box of these parameters."""
    value = next((value for name in (*_BOX_NAMES, "q") for one, value in given if one == name), "")
    return SearchBox(value.strip(), flaw if flaw is not None and flaw.field == BOX else None)


def flaw_of(error: QueryError, book: Book, form_fields: Sequence[str] = (*FIELDS, *TEXTS, *_BOX_NAMES, "since", "until")) -> FormFlaw:
    """What is wrong in words, with what would be right."""
    at = f" ({book.say('at character {number}', number=error.position + 1)})" if error.position else ""
    hint = f". {sentence_case(book.told(error.hint))}" if error.hint else ""
    message = book.told(error.message)
    known = error.field in form_fields
    name = f"{error.field}: " if error.field and not known else ""
    words = f"{name}{sentence_case(message) if not name else message}{at}{hint}"
    in_box = error.field in _BOX_NAMES
    return FormFlaw(words, BOX if in_box else error.field or "" if known else "", error.position if in_box else None)


def pills(question: Question, by: str, book: Book) -> list[Pill]:
    """The filters that are set, each with the address without it."""
    return pills_of(question, (*FILTERS, *(name for name in FIELDS if name not in BY[by][1])), book)


def pills_of(question: Question, names: Sequence[str], book: Book) -> list[Pill]:
    """Those of these parameters that are set, each with the address without it."""
    labels = {**_LABELS, **TEXTS, BOX: "Pasted", "disposition": "Outcome", "customer": "Customer"}
    labels |= {name: name.capitalize() for name in ("verdict", "reason", "direction")}
    found: list[Pill] = []
    for name in names:
        values = question.values(name)
        if name == "query":
            found += _of_query(question, book)
        elif values:
            address, part = question.without(name), listed(name, values)
            flipped = question.with_values(**{name: None}, query=with_part(question.value("query"), f"not {part}")) if part else ""
            switched = _set_aside(question, part, **{name: None}) if part else ""
            words = _in_words(name, values, book)
            found.append(Pill(book.say(labels[name]), words, address, flipped=flipped, part=part, switched=switched))
    return [*found, *_aside(question, book)]


def pinned_pills(parts: Sequence[str], book: Book) -> list[Pill]:
    """What a reader has with each new search."""
    found = []
    for part in parts:
        label, value, negated = _told(part, book)
        found.append(Pill(label, value, "", negated, part=part))
    return found


def _set_aside(question: Question, part: str, **changes: str | None) -> str:
    """The address of a question with a part of it set aside."""
    return question.with_values(**changes, off=list(dict.fromkeys((*question.values(OFF), part))))


def _aside(question: Question, book: Book) -> list[Pill]:
    """The parts that are set aside, each with the address without it and with it asked again."""
    found = []
    for part in question.values(OFF):
        address = question.without(OFF, [part])
        switched = question.with_values(
            query=with_part(question.value("query"), part), off=[one for one in question.values(OFF) if one != part]
        )
        label, value, negated = _told(part, book)
        found.append(Pill(label, value, address, negated, part=part, switched=switched, off=True))
    return found


def _told(part: str, book: Book) -> tuple[str, str, bool]:
    """A part of a question in words: what it is about, the value, and whether it leaves that out."""
    negated = is_negated(part)
    plain_part = opposite(part) if negated else part
    simple = _SIMPLE(plain_part)
    if simple is None:
        return book.say("Query"), plain_part, negated
    values = re.findall(_QUOTED, simple[2], re.DOTALL) or [simple[2]]
    return book.say(label_of(simple[1])), _in_words(simple[1], [re.sub(r"\\(.)", r"\1", one) for one in values], book), negated


def _of_query(question: Question, book: Book) -> list[Pill]:
    """The parts of a question in the language, each with the address without it and with its opposite."""
    text = question.value("query")
    parts = parts_of(text)
    found = []
    for number, part in enumerate(parts):
        others = [one for at, one in enumerate(parts) if at != number]
        address = question.with_values(query=joined(others) if others else None)
        flipped = question.with_values(query=joined([*parts[:number], opposite(part), *parts[number + 1 :]]))
        switched = _set_aside(question, part, query=joined(others) if others else None)
        label, value, negated = _told(part, book)
        found.append(Pill(label, value, address, negated, flipped, part, switched))
    return found


def _in_words(name: str, values: Sequence[str], book: Book) -> str:
    """The values of a filter; a group of outcomes by its own name."""
    if name == "disposition":
        group = next((group for group in GROUPS if {member.value for member in group.members} == set(values)), None)
        return book.say(group.label) if group is not None else outcomes_in_words(values, book)
    labels = dict(_said(_CHOICES[name][1], book)) if name in _CHOICES else {}
    return f" {book.say('or')} ".join(labels.get(value, value) for value in values)


def _said(choices: Sequence[tuple[str, str]], book: Book) -> tuple[tuple[str, str], ...]:
    """Choices in the reader's language."""
    return tuple((value, sentence_case(book.say(label))) for value, label in choices)


def ranges_of(chosen: str, book: Book) -> tuple[Choice, ...]:
    """The time ranges, with the one for times of one's own last."""
    listed = [*((value, label) for value, label, _ in RANGES), ("", "Everything kept"), (CUSTOM, "From … to …")]
    return tuple(Choice(value, book.say(label), value == chosen) for value, label in listed)


def times_of(question: Question, book: Book) -> list[TimeChoice]:
    """The time ranges of a list, each with the address of the same question in it."""
    listed = ranges_of(range_of(question.items), book)
    return [
        TimeChoice(
            one.label, one.chosen, None if one.value == CUSTOM else question.with_values(since=one.value or None, until=None, tz=None)
        )
        for one in listed
    ]


def _list(name: str, label: str, choices: Sequence[tuple[str, str]], value: str, book: Book) -> List:
    """A list with what is chosen; several values, which only an address can have, are an entry of their own."""
    entries = [Choice("", book.say("Any"), not value)]
    if value and value not in dict(choices):
        entries.append(Choice(value, f" {book.say('or')} ".join(dict(choices).get(one, one) for one in value.split(", ")), True))
    return List(name, label, (*entries, *(Choice(one, words, one == value) for one, words in choices)))


def local_time(value: str, clock: Clock) -> str:
    """A time as a field for times takes it: in the reader's zone, without naming it."""
    if not value:
        return ""
    try:
        local = clock.at(parse_time(value, clock.now_ms, clock.zone)).local
    except QueryError:
        return ""
    return f"{local:%Y-%m-%dT%H:%M}" + (f":{local:%S}" if local.second else "")


def _focus(by: str, flaw: FormFlaw | None, *, fresh: bool) -> str:
    """Which field is ready for typing: on a first visit the first one; after an error the words about it come first."""
    return BY[by][1][0] if fresh and flaw is None else ""
