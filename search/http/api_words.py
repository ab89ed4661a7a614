"""The calls about words: what codes mean, and the closed words of the answers."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, Parameter

from search.error_answer import ErrorAnswer
from search.http import examples
from search.http.answers import VocabularyAnswer, vocabulary
from search.http.described import UNCHANGED, answer, get, problems
from search.http.given import TheMail, TheNote
from search.http.sessions import AnyRequest
from search.http.speaking import ForReader, Lang, TimesIn, in_language, spoken
from search.http.tagging import tagged


@get(
    "/errors",
    operation_id="listErrors",
    tags=["Words"],
    summary="The most common errors",
    responses=answer(list[ErrorAnswer], examples.ERRORS, "The list.") | UNCHANGED | problems(400, 401, 429, 503),
    sync_to_thread=True,
)
def errors(
    request: AnyRequest,
    mail: TheMail,
    note: TheNote,
    seen: Annotated[bool, Parameter(description="Count how often each decided in the caller's mail.", required=False)] = False,
    lang: Lang = None,
    reader: ForReader = None,
    tz: TimesIn = None,
) -> Response[Any]:
    """Give the list of most common errors."""
    spoken_so = spoken(request, lang=lang, reader=reader, tz=tz)
    listed = mail.errors(seen=seen, reader=spoken_so.reader, lang=spoken_so.lang)
    note("errors", len(listed))
    return in_language(tagged(request, listed), spoken_so)


@get(
    "/errors/{code:str}",
    operation_id="explainCode",
    tags=["Words"],
    summary="What a code means",
    description="A basic code (`550`), an enhanced one (`5.1.1`), or both (`550 5.1.1`).",
    responses=answer(list[ErrorAnswer], examples.ERRORS[:1], "Its entries.") | UNCHANGED | problems(400, 401, 404, 429, 503),
    sync_to_thread=True,
)
def error(
    request: AnyRequest,
    code: FromPath[str],
    mail: TheMail,
    note: TheNote,
    seen: Annotated[bool, Parameter(description="Count how often each decided in the caller's mail.", required=False)] = False,
    lang: Lang = None,
    reader: ForReader = None,
    tz: TimesIn = None,
) -> Response[Any]:
    """Explain a code."""
    spoken_so = spoken(request, lang=lang, reader=reader, tz=tz)
    listed = mail.errors(code, seen=seen, reader=spoken_so.reader, lang=spoken_so.lang)
    note("errors", len(listed))
    return in_language(tagged(request, listed), spoken_so)


@get(
    "/vocabulary",
    operation_id="getVocabulary",
    tags=["Words"],
    summary="The closed words of the answers, each with a sentence",
    responses={200: ResponseSpec(VocabularyAnswer, description="All words.", generate_examples=False)}
    | UNCHANGED
    | problems(400, 401, 429, 503),
    sync_to_thread=False,
)
def words(request: AnyRequest) -> Response[Any]:
    """Give all closed words."""
    return tagged(request, vocabulary())
