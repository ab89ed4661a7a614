"""The fields of the messages of a question, each with the values that most of them have: to have only one, or to leave it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from litestar import Response, get

from mappings.locales import Book
from search.counting import CountsAsked, ValueCounts
from search.http.given import TheCaller, TheMail, TheNote, TheSite
from search.http.pages.narrow import linked
from search.http.pages.page_request import page_of
from search.http.pages.presets import DIFFERS, choices, label_of
from search.http.pages.question import Items, asked, folded
from search.http.pages.render import render
from search.http.pages.sections import value_label
from search.http.sessions import AnyRequest
from search.ranking import NETWORK
from search.scope import Scope

#: The name of the parameter for the field whose values are shown.
_OF: Final = "of"
#: So many values are shown of a field.
_MOST: Final = 8
#: What is looked at most, in its order; all others stand behind, by what they are called.
_FIRST: Final = (
    *("disposition", "reason", "verdict", "sender", "recipient", "sender_domain", "recipient_domain"),
    *("client", "relay", "direction", "code", "user"),
)


@dataclass(frozen=True, slots=True)
class FieldName:
    """A field that can be counted by: its word in an address, and what it is called."""

    word: str
    label: str


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One value: as it is shown, how many have it, and what narrows the question by it (empty where nothing can)."""

    #: A phrase of the page, or a stranger's value.
    label: str
    foreign: bool
    count: int
    share: str
    link: str


@dataclass(frozen=True, slots=True)
class FieldValues:
    """The values that most have; in how many others, and how many messages have none."""

    field: FieldName
    values: tuple[FieldValue, ...]
    others: int
    missing: int


@get("/trace/fields", include_in_schema=False, sync_to_thread=True)
def fields(request: AnyRequest, site: TheSite, caller: TheCaller, mail: TheMail, note: TheNote) -> Response[Any]:
    """Show the fields, and of one its values; the script asks for either alone."""
    page = page_of(request, site, caller)
    given: Items = tuple(request.query_params.multi_items())
    word = next((value for name, value in given if name == _OF), "")
    question = asked(folded(tuple(item for item in given if item[0] not in (_OF, "cursor")), page.clock, site.zone), site, caller, mail)
    words = [one for one in choices(mail.scope) if one not in (DIFFERS, NETWORK)]
    known = {one: FieldName(one, page.book.say(label_of(one))) for one in words}
    others = sorted((one for one in known.values() if one.word not in _FIRST), key=lambda one: one.label.lower())
    names = (*(known[one] for one in _FIRST if one in known), *others)
    counted = None
    if word:
        counts = mail.counts(CountsAsked(word, limit=_MOST), question.query, zone=page.clock.zone)
        assert isinstance(counts, ValueCounts)  # noqa: S101 - time is no field
        counted = _values(FieldName(word, page.book.say(label_of(word))), counts, mail.scope, page.book)
        note("insights", counts.total)
    template = ("field_values.html" if counted is not None else "field_names.html") if page.partial else "fields.html"
    return render(page, template, None if page.partial else mail, question=question, names=names, counted=counted)


def _values(field: FieldName, counts: ValueCounts, scope: Scope, book: Book) -> FieldValues:
    """The counts as they are shown."""
    total = counts.total or 1
    values = tuple(
        FieldValue(*value_label(field.word, one.value), one.count, book.share(one.count / total, 0), linked(field.word, one.value, scope))
        for one in counts.values
    )
    return FieldValues(field, values, counts.rest, counts.missing)
