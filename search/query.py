"""What is asked: a `Query`. Validated, describes itself in words, to and from a URL."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from functools import cache
from typing import Any, Final

import msgspec

from mappings.criteria import BY_CRITERION, OPTIONS, WORDS, Compare
from mappings.criteria import CRITERIA as ASKABLE
from search.language import parse
from search.language.tree import EVERYTHING, Has, Node, all_of, some_of
from search.language.words import criterion_in_words, described, shown_time
from search.query_error import Flaws, QueryError, nearest
from search.sorting import SENTENCE, Sort, sort_of
from search.times import format_time, parse_time
from search.values import checked_value

__all__ = ["CRITERIA", "PARAMETERS", "WORDS", "Query", "QueryError", "format_time", "nearest", "parse_time"]

#: One field takes at most so many alternatives.
MOST_VALUES: Final = 100
#: The fields of a question that are times and no criteria.
TIMES: Final = ("since_ms", "until_ms")
#: And that which is its order.
_ORDER: Final = ("sort",)
_LANGUAGE: Final = ("query", "tree")
#: What each parameter asks for, in one sentence; options and the API tell it.
SENTENCES: Final[Mapping[str, str]] = {
    **{criterion.name: criterion.sentence for criterion in ASKABLE if criterion.option},
    "query": "The query language: sender: example.org and not disposition: delivered.",
    "customer": "Name of a customer in the settings: stands for the customer's domains.",
    "since": "From this time on: 2026-11-24, 2026-11-24T03:00, with a zone if need be, 7d, today, yesterday, this-week.",
    "until": "Before this time.",
    "sort": SENTENCE,
}


class Query(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A question. Different fields must all fit; several values of one field are alternatives; none is "everything".

    Text values may hold `*` (any characters) and `?` (one character) in any place. `sender`, `recipient` and `address` take an
    address, a bare domain (`example.net`, `@example.net`) or a pattern; `""` or `<>` is the null sender.

    Making one checks it: a bad question raises `QueryError`.
    """

    sender: tuple[str, ...] = ()
    recipient: tuple[str, ...] = ()
    #: Either side: sender or recipient.
    address: tuple[str, ...] = ()
    #: Sender's or recipient's domain.
    domain: tuple[str, ...] = ()
    quarantine_id: tuple[str, ...] = ()
    message_id: tuple[str, ...] = ()
    queue_id: tuple[str, ...] = ()
    #: Name, address or HELO of the sending server.
    client: tuple[str, ...] = ()
    #: Name or address of the next hop.
    relay: tuple[str, ...] = ()
    #: Basic (`550`) or enhanced code (`5.1.1`); `5` and `5.1` take the whole class.
    code: tuple[str, ...] = ()
    direction: tuple[str, ...] = ()
    disposition: tuple[str, ...] = ()
    verdict: tuple[str, ...] = ()
    reason: tuple[str, ...] = ()
    #: First sight at or after / before this time, in milliseconds since 1970 UTC.
    since_ms: int | None = None
    until_ms: int | None = None
    #: A question in the query language, which must fit as well.
    query: str = ""
    #: What it came to; it is made of `query` where it is not given, with the zone UTC and the time of now.
    tree: Any = None
    #: The order in which rows come; counts do not heed it.
    sort: Sort = Sort.NEWEST

    def __post_init__(self) -> None:
        """Check every value and bring it into its plain form."""
        flaws = Flaws()
        for field in CRITERIA:
            given: tuple[str, ...] | str = getattr(self, field)
            if given:
                # A plain string is a likely slip in Python; it means the one value.
                values = (given,) if isinstance(given, str) else tuple(given)
                with flaws.gathered():
                    msgspec.structs.force_setattr(self, field, _checked(field, values))
            elif given == "":
                with flaws.gathered():
                    msgspec.structs.force_setattr(self, field, _checked(field, ("",)))
        flaws.tell()
        if not isinstance(self.sort, Sort):
            msgspec.structs.force_setattr(self, "sort", sort_of(self.sort))
        if self.query.strip() and self.tree is None:
            msgspec.structs.force_setattr(self, "tree", _tree(self.query, time.time_ns() // 1_000_000, UTC))
        if self.since_ms is not None and self.until_ms is not None and self.until_ms < self.since_ms:
            raise QueryError(
                f"{format_time(self.until_ms)} is before since, {format_time(self.since_ms)}", field="until", hint="exchange the two"
            )

    def describe(self) -> str:
        """The question in words."""
        parts = [criterion_in_words(BY_CRITERION[field], getattr(self, field)) for field in CRITERIA if getattr(self, field)]
        if self.since_ms is not None:
            parts.append(f"since {shown_time(self.since_ms)}")
        if self.until_ms is not None:
            parts.append(f"before {shown_time(self.until_ms)}")
        if self.tree is not None:
            parts.append(described(self.tree))
        asked = ", ".join(parts) or "everything"
        return asked if self.sort is Sort.NEWEST else f"{asked}; {self.sort.words}"

    def unsorted(self) -> Query:
        """The same question where no order matters."""
        return self if self.sort is Sort.NEWEST else msgspec.structs.replace(self, sort=Sort.NEWEST)

    def node(self) -> Node:
        """All that must fit but since and until, as one tree: the criteria are short for it."""
        _all_known(type(self))
        asked: list[Node] = [
            some_of([Has(BY_CRITERION[field], value) for value in getattr(self, field)]) for field in CRITERIA if getattr(self, field)
        ]
        return all_of([*asked, *([] if self.tree is None else [self.tree])])

    def to_params(self) -> list[tuple[str, str]]:
        """The question as parameters of a URL; `from_params` gives it back."""
        params = [(field, value or "<>") for field in CRITERIA for value in getattr(self, field)]
        if self.since_ms is not None:
            params.append(("since", format_time(self.since_ms)))
        if self.until_ms is not None:
            params.append(("until", format_time(self.until_ms)))
        if self.query:
            params.append(("query", self.query))
        if self.sort is not Sort.NEWEST:
            params.append(("sort", self.sort.value))
        return params

    @classmethod
    def from_params(cls, params: Iterable[tuple[str, str]], *, now_ms: int, zone: tzinfo) -> Query:
        """The question that these parameters ask; a name that is none is an error, and so is a time given twice."""
        values: dict[str, list[str]] = {}
        for name, value in params:
            if name not in PARAMETERS:
                hint = nearest(name, PARAMETERS) or f"there are {', '.join(PARAMETERS)}"
                raise QueryError("there is no such parameter", field=name, hint=hint, kind="unknown-parameter")
            values.setdefault(name, []).append(value)
        return cls.of(values, now_ms=now_ms, zone=zone)

    @classmethod
    def of(cls, values: Mapping[str, Sequence[str]], *, now_ms: int, zone: tzinfo) -> Query:
        """The question of these values as people type them, by the names of `PARAMETERS`."""
        flaws = Flaws()
        made: dict[str, Any] = {}
        for name in ("since", "until"):
            with flaws.gathered():
                given = _once(values, name)
                made[f"{name}_ms"] = None if given is None else parse_time(given, now_ms, zone, field=name)
        with flaws.gathered():
            text = _once(values, "query", hint="join the two with and") or ""
            made |= {"query": text, "tree": _tree(text, now_ms, zone) if text else None}
        with flaws.gathered():
            sort = _once(values, "sort")
            made["sort"] = Sort.NEWEST if sort is None else sort_of(sort)
        chosen: dict[str, Any] = {field: tuple(values[field]) for field in CRITERIA if values.get(field)}
        with flaws.gathered():
            cls(**chosen)
        flaws.tell()
        return cls(**made, **chosen)


#: Every criterion that takes values, in the order in which it is described.
CRITERIA: Final = tuple(name for name in Query.__struct_fields__ if name in OPTIONS)
#: The names of a question's parameters in a URL.
PARAMETERS: Final = (*CRITERIA, "query", "since", "until", "sort")


@cache
def _all_known(asked: type[Query]) -> None:
    """Raise `TypeError` where questions of this type ask for what is no criterion: it would be answered with everything."""
    unknown = [name for name in asked.__struct_fields__ if name not in (*OPTIONS, *TIMES, *_ORDER, *_LANGUAGE)]
    if unknown:
        raise TypeError(
            f"{', '.join(unknown)} of {asked.__name__} is no criterion: who asks for it would get everything. Add it to mappings.criteria."
        )


_all_known(Query)


def _tree(text: str, now_ms: int, zone: tzinfo) -> Node | None:
    """The tree of a question in the language; None where it asks for everything."""
    tree = parse(text, now_ms=now_ms, zone=zone)
    return None if tree == EVERYTHING else tree


def _once(values: Mapping[str, Sequence[str]], name: str, hint: str | None = None) -> str | None:
    """The value of what can be given once; an empty one is none."""
    given = [text for text in values.get(name) or [] if text.strip() or name in ("since", "until")]
    if len(given) > 1:
        raise QueryError("it can be given only once", field=name, hint=hint, kind="repeated")
    return given[0] if given else None


def _checked(field: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """The values of one field in their plain form, each once; raises where one is wrong. Words and codes may be parted by commas."""
    if BY_CRITERION[field].compare in (Compare.WORD, Compare.CODE):
        values = tuple(part for value in values for part in str(value).split(","))
    if len(values) > MOST_VALUES:
        raise QueryError(f"{len(values)} values are too many", field=field, hint=f"give at most {MOST_VALUES}")
    return tuple(dict.fromkeys(checked_value(BY_CRITERION[field], value) for value in values))
