"""In which language, for whom and in which zone the sentences of a call are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Annotated

from litestar import Response
from litestar.params import QueryParameter

from mappings.locales import LANGUAGES, book, chosen_of
from search.http.parameters import zone_of
from search.http.sessions import AnyRequest
from search.query_error import QueryError, nearest
from search.speech import Reader

#: Their names in a URL.
SPEAKING = ("lang", "reader", "tz")

_NAMED = ", ".join(f"`{code}` ({book(code).name})" for code in LANGUAGES)
Lang = Annotated[
    str | None,
    QueryParameter(
        name="lang", description=f"Language of the sentences: {_NAMED}; by default the best of `Accept-Language`.", required=False
    ),
]
ForReader = Annotated[
    str | None,
    QueryParameter(
        name="reader",
        description="For whom the sentences are: `sender` or `recipient` for that side, `operator` for what the administrators say, `link`"
        " for somebody of whom nothing is known. By default the side of the caller's domains; who sees all mail is the operator.",
        required=False,
    ),
]
TimesIn = Annotated[
    str | None,
    QueryParameter(name="tz", description="Zone of times in the sentences, as Europe/Berlin; by default UTC.", required=False),
]


@dataclass(frozen=True, slots=True)
class Spoken:
    """How the sentences of an answer are."""

    lang: str
    reader: Reader | None
    zone: tzinfo


def spoken(request: AnyRequest, *, lang: Lang = None, reader: ForReader = None, tz: TimesIn = None) -> Spoken:
    """What a URL asks for, else what the caller's program says that he reads."""
    return Spoken(
        chosen_of(request.headers.get("accept-language", "")) if lang is None else language_of(lang),
        None if reader is None else reader_of(reader),
        zone_of(tz, "UTC") if tz else UTC,
    )


def language_of(lang: str) -> str:
    """The code of a language that there is."""
    if lang not in LANGUAGES:
        raise QueryError(f"there is no language “{lang[:20]}”", field="lang", hint=f"there are {', '.join(LANGUAGES)}")
    return lang


def reader_of(word: str) -> Reader:
    """A reader by his word."""
    readers = [one.value for one in Reader]
    if word not in readers:
        raise QueryError(
            f"nobody is called “{word[:20]}” here", field="reader", hint=nearest(word, readers) or f"it is one of {', '.join(readers)}"
        )
    return Reader(word)


def in_language(response: Response[object], spoken: Spoken) -> Response[object]:
    """An answer that says in which language it is, and that this may differ by what the caller reads."""
    response.headers["content-language"] = spoken.lang
    response.headers["vary"] = "Accept-Language"
    return response
