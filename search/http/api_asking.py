"""The calls that help to ask: what differs, and how a question may go on."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response
from litestar.di import NamedDependency, Provide
from litestar.params import Parameter
from msgspec.structs import replace

from search.completing import Completions
from search.differing import MOST_DIFFERING, Differences, others
from search.http import examples
from search.http.described import answer, get, problems
from search.http.given import TheMail, TheNote, TheSite
from search.http.parameters import AskedQuery, asked
from search.http.sessions import AnyRequest
from search.http.speaking import Lang, in_language, spoken
from search.language.syntax import LONGEST


@get(
    "/differs",
    operation_id="findDifferences",
    tags=["Counts"],
    summary="What a search has more of than all else",
    description="The values that are over-represented among the traces that fit, against all others of the same time, the most telling"
    " first.",
    responses=answer(Differences, examples.DIFFERENCES, "The values.") | problems(400, 401, 429, 503),
    dependencies={"asked": Provide(asked, sync_to_thread=True)},
    sync_to_thread=True,
)
def differs(
    asked: NamedDependency[AskedQuery],
    site: TheSite,
    mail: TheMail,
    note: TheNote,
    *,
    against: Annotated[
        str | None,
        Parameter(description="In the query language: with which others it is compared; by default with all.", required=False),
    ] = None,
    limit: Annotated[int, Parameter(ge=1, le=MOST_DIFFERING, description="So many values.", required=False)] = 20,
) -> Differences:
    """Say what differs."""
    base = None if against is None else others(against, site.clock(), asked.zone)
    found = mail.differs(asked.query, against=base, limit=limit)
    note("differs", found.total)
    return found


@get(
    "/complete",
    operation_id="completeQuestion",
    tags=["Words"],
    summary="How a question in the query language may go on",
    description="Fields, words and values that fit at a place in a question; values are those of the caller's own mail.",
    responses=answer(Completions, examples.COMPLETIONS, "What may stand there.") | problems(400, 401, 429, 503),
    sync_to_thread=True,
)
def complete(
    request: AnyRequest,
    site: TheSite,
    mail: TheMail,
    note: TheNote,
    *,
    q: Annotated[str, Parameter(description="The question so far.", required=False)] = "",
    at: Annotated[int, Parameter(ge=0, description="The place of the cursor in it; by default its end.", required=False)] = LONGEST,
    lang: Lang = None,
) -> Response[Any]:
    """Say how a question may go on."""
    spoken_so = spoken(request, lang=lang)
    say = site.books[spoken_so.lang].say
    found = mail.complete(q, at)
    if values := sum(option.kind == "value" for option in found.options):
        # What is known of the language itself tells nothing of anybody's mail.
        note("complete", values)
    options = [replace(one, sentence=say(one.sentence)) for one in found.options]
    return in_language(Response(replace(found, options=options)), spoken_so)
