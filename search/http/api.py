"""The JSON API: each handler is request -> `Query` -> `MailTrace` -> answer, and nothing more."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal, TypeVar, cast
from urllib.parse import urlencode

import msgspec
from litestar import Response, Router
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, HeaderParameter, Parameter

from search.access import Caller, Role
from search.answers import ReportAnswer, TraceAnswer
from search.counting import MOST_VALUES, CountsAsked, TimeCounts, ValueCounts
from search.engines import Total
from search.freshness import FreshnessAnswer
from search.http import examples
from search.http.answers import AuditAnswer, DomainAnswer, DomainsAnswer, HealthAnswer, TracesAnswer
from search.http.api_asking import complete, differs
from search.http.api_words import error, errors, words
from search.http.checking import FORMS, JSON, accepted_form, check
from search.http.described import PLAIN, UNCHANGED, ChosenAnswer, Streamed, answer, get, problems
from search.http.export import STREAMS, Format, stream
from search.http.given import TheCaller, TheMail, TheNote, TheSite
from search.http.live import MEDIA_TYPE as EVENTS
from search.http.live import Following, LiveStream
from search.http.parameters import (
    MOST_REPORTED,
    REPORTED,
    AskedQuery,
    Count,
    Cursor,
    CustomerName,
    Fields,
    Limit,
    Since,
    Sorted,
    Until,
    Zone,
    asked,
    domains_of,
    fields_of,
    percentiles_of,
    zone_of,
)
from search.http.sessions import AnyRequest
from search.http.site import Site
from search.http.speaking import ForReader, Lang, Spoken, TimesIn, in_language, spoken
from search.http.tagging import tagged
from search.query import parse_time
from search.query_error import QueryError
from search.service import MailTrace

T = TypeVar("T")
Side = Literal["received", "sent"]


@get(
    "/traces",
    operation_id="searchTraces",
    tags=["Traces"],
    summary="Find traces",
    description="Different parameters must all fit; one given several times takes any of its values. `Accept: text/csv` or"
    " `application/x-ndjson` streams the whole result, to the end, or with `cursor` what is behind it.",
    responses=answer(TracesAnswer | ChosenAnswer, examples.TRACES, "One page; with `fields`, its rows hold those alone.")
    | problems(400, 401, 429, 503),
    operation_class=Streamed,
    dependencies={"asked": Provide(asked, sync_to_thread=True)},
    opt={FORMS: (JSON, *STREAMS)},
    sync_to_thread=True,
)
def traces(
    request: AnyRequest,
    site: TheSite,
    asked: NamedDependency[AskedQuery],
    mail: TheMail,
    note: TheNote,
    *,
    # It is read with the question.
    sort: Sorted = "newest",
    limit: Limit = 50,
    cursor: Cursor = None,
    count: Count = None,
    fields: Fields = None,
    lang: Lang = None,
    reader: ForReader = None,
) -> Response[Any]:
    """Find traces."""
    if (kind := _streamed(request)) is not None:
        return cast("Response[Any]", stream(mail, asked.query, kind, site.places, note, cursor=cursor))
    began = time.perf_counter()
    wanted = fields_of(fields)
    how = spoken(request, lang=lang, reader=reader, tz=request.query_params.get("tz"))
    if limit > MOST_REPORTED and is_reported(wanted):
        raise QueryError(f"with {' or '.join(REPORTED)} a page has at most {MOST_REPORTED} rows", field="limit")
    found = mail.search(asked.query, limit=limit, cursor=cursor)
    if count == "exact":
        found = msgspec.structs.replace(found, total=Total(mail.count(asked.query)))
    note("search", len(found.traces))
    following = _next_url(request, site, found.next)
    page = TracesAnswer(
        **{name: getattr(found, name) for name in found.__struct_fields__},
        next_url=following,
        question=asked.query.describe(),
        took_ms=round((time.perf_counter() - began) * 1000, 1),
    )
    headers = {"link": f'<{following}>; rel="next"'} if following else {}
    if wanted:
        rows = chosen(mail, found.traces, wanted, how)
        some: Response[Any] = Response(msgspec.to_builtins(page) | {"traces": rows}, headers=headers)
        return in_language(some, how) if is_reported(wanted) else some
    return Response(page, headers=headers)


@get(
    "/traces/live",
    operation_id="followTraces",
    tags=["Traces"],
    summary="New traces as they come, as server-sent events",
    description="The same question as that of `/traces`. Each event `trace` holds one trace that fits and was not there before; its id says"
    " where to go on, in `Last-Event-ID` or `after`. An event `more` says that more came than are told. Comments keep the connection up.",
    responses={200: ResponseSpec(str, media_type=EVENTS, description="The events.", generate_examples=False)}
    | problems(400, 401, 429, 503),
    dependencies={"asked": Provide(asked, sync_to_thread=True)},
    opt={FORMS: (EVENTS,), PLAIN: True},
)
async def live(
    request: AnyRequest,
    site: TheSite,
    asked: NamedDependency[AskedQuery],
    mail: TheMail,
    note: TheNote,
    *,
    after: Annotated[
        str | None, Parameter(description="The id of the newest trace that one has: what is later follows.", required=False)
    ] = None,
    last_event: Annotated[
        str | None,
        HeaderParameter(name="Last-Event-ID", description="The same, as a browser sends it; it goes before `after`.", required=False),
    ] = None,
    fields: Fields = None,
    lang: Lang = None,
    reader: ForReader = None,
) -> Response[Any]:
    """Follow what comes."""
    wanted = fields_of(fields)
    how = spoken(request, lang=lang, reader=reader, tz=request.query_params.get("tz"))
    # Whether he can speak for that reader is told at once, and not by the first row.
    mail.speech(how.reader)
    note("live", 0)

    def shown(mail: MailTrace, rows: list[TraceAnswer]) -> dict[str, Any]:
        return {row.id: one for row, one in zip(rows, chosen(mail, rows, wanted, how), strict=True)}

    stream: Response[Any] = LiveStream(Following(site, mail, asked.query, last_event or after, shown), request)
    return in_language(stream, how) if is_reported(wanted) else stream


@get(
    "/traces/{trace_id:str}",
    operation_id="getReport",
    tags=["Traces"],
    summary="The Email Report on one trace",
    responses=answer(ReportAnswer, examples.REPORT, "The report.") | UNCHANGED | problems(400, 401, 404, 429, 503),
    sync_to_thread=True,
)
def report(
    request: AnyRequest,
    trace_id: FromPath[str],
    mail: TheMail,
    note: TheNote,
    lang: Lang = None,
    reader: ForReader = None,
    tz: TimesIn = None,
) -> Response[Any]:
    """Give the Email Report."""
    spoken_so = spoken(request, lang=lang, reader=reader, tz=tz)
    found = mail.report(trace_id, reader=spoken_so.reader, lang=spoken_so.lang, zone=spoken_so.zone)
    note("report", 0 if found is None else 1)
    if found is None:
        raise NotFoundException("There is no such trace.")
    return in_language(tagged(request, found), spoken_so)


@get(
    "/domains",
    operation_id="countDomains",
    tags=["Counts"],
    summary="The caller's domains, with counts by disposition",
    description="Received mail by the recipient's domain, or sent mail by the sender's, where it really came from that side.",
    responses=answer(DomainsAnswer, examples.DOMAINS, "The domains.") | problems(400, 401, 429, 503),
    sync_to_thread=True,
)
def domains(
    request: AnyRequest,
    site: TheSite,
    caller: TheCaller,
    mail: TheMail,
    note: TheNote,
    *,
    side: Annotated[Side, Parameter(description="Whose domain is meant.", required=False)] = "received",
    customer: CustomerName = None,
    since: Since = None,
    until: Until = None,
    tz: Zone = None,
) -> DomainsAnswer:
    """Count the mail of the caller's domains."""
    zone = zone_of(tz, site.zone)
    bounds = [None if not text else parse_time(text, site.clock(), zone, field=name) for name, text in (("since", since), ("until", until))]
    own = domains_of(customer, caller) if customer else caller.domains
    scoped = mail.narrowed(own) if customer else mail
    counts = scoped.domains(since_ms=bounds[0], until_ms=bounds[1], side="recipient" if side == "received" else "sender")
    listed = list_domains(counts, own, caller)
    note("domains", len(listed))
    lacking = scoped.lacking(*bounds)
    return DomainsAnswer(since=since, until=until, side=side, domains=listed, complete=not lacking, warnings=lacking)


@get(
    "/freshness",
    operation_id="getFreshness",
    tags=["Service"],
    summary="How far the logs have been read",
    responses=answer(FreshnessAnswer, examples.FRESHNESS, "Each source, the furthest behind first.") | problems(400, 401, 429, 503),
    sync_to_thread=True,
)
def fresh(request: AnyRequest, mail: TheMail) -> FreshnessAnswer:
    """Say how far the logs have been read."""
    return mail.freshness()


@get(
    "/health",
    operation_id="getHealth",
    tags=["Service"],
    summary="Whether the store answers",
    responses=answer(HealthAnswer, HealthAnswer("ok"), "It does.") | problems(400, 401, 429, 503),
    sync_to_thread=True,
)
def health(request: AnyRequest, mail: TheMail) -> HealthAnswer:
    """Ask the store for a sign of life."""
    mail.freshness()
    return HealthAnswer("ok")


@get(
    "/audit",
    operation_id="searchAuditLog",
    tags=["Service"],
    summary="Who asked what, when, and how many rows it gave",
    description="For admins only.",
    responses=answer(AuditAnswer, examples.AUDIT, "Newest first.") | problems(400, 401, 403, 429, 503),
    sync_to_thread=True,
)
def audit(
    request: AnyRequest,
    site: TheSite,
    caller: TheCaller,
    note: TheNote,
    *,
    who: Annotated[str | None, Parameter(description="Name of a caller.", required=False)] = None,
    what: Annotated[
        str | None, Parameter(description="`search`, `report`, `export`, `domains`, `errors`, `sign-in`, ...", required=False)
    ] = None,
    before: Annotated[str | None, Parameter(description="Only what is older: `next` of the page before.", required=False)] = None,
    limit: Annotated[int, Parameter(ge=1, le=1_000, required=False)] = 100,
) -> AuditAnswer:
    """Search the audit log."""
    # Who may not is in it too.
    note("audit", 0)
    if caller.role is not Role.ADMIN:
        raise PermissionDeniedException("Only an admin may read the audit log.")
    entries = site.audit.search(who=who, what=what, before=before, limit=limit)
    note("audit", len(entries))
    return AuditAnswer(entries, entries[-1].time if len(entries) >= limit else None)


@get(
    "/counts",
    operation_id="countTraces",
    tags=["Counts"],
    summary="Count traces by a field, by two, or over time",
    description="Over the same question as `/traces`. `by=time` counts by intervals; every other word by its values, most first.",
    responses=answer(ValueCounts | TimeCounts, examples.COUNTS, "The counts.") | problems(400, 401, 429, 503),
    dependencies={"asked": Provide(asked, sync_to_thread=True)},
    sync_to_thread=True,
)
def counts(
    request: AnyRequest,
    asked: NamedDependency[AskedQuery],
    mail: TheMail,
    note: TheNote,
    *,
    by: Annotated[str, Parameter(description="What to count by: `time`, or a word such as `disposition` or `recipient_domain`.")],
    then: Annotated[str | None, Parameter(description="For each value or interval count by this, too.", required=False)] = None,
    of: Annotated[str | None, Parameter(description="A field of numbers, such as `size`, for `percentiles`.", required=False)] = None,
    percentiles: Annotated[
        str | None, Parameter(description="Percentiles of the numbers.", required=False, schema_extra={"examples": ["50,95,99"]})
    ] = None,
    interval: Annotated[str, Parameter(description="`auto`, or one such as `5m`, `1h`, `1d`, `1w`, `1M`, `1y`.", required=False)] = "auto",
    limit: Annotated[int, Parameter(ge=1, le=MOST_VALUES, description="So many values.", required=False)] = 10,
) -> ValueCounts | TimeCounts:
    """Count traces."""
    found = mail.counts(CountsAsked(by, then, of, percentiles_of(percentiles), limit, interval), asked.query, zone=asked.zone)
    note("counts", found.total)
    return found


ROUTER = Router(
    "/api/v1",
    guards=[check],
    route_handlers=[traces, live, counts, differs, complete, report, errors, error, words, domains, fresh, health, audit],
)


def is_reported(wanted: tuple[str, ...]) -> bool:
    """Whether something of the reports is wanted."""
    return not set(REPORTED).isdisjoint(wanted)


def chosen(mail: MailTrace, rows: list[TraceAnswer], wanted: tuple[str, ...], how: Spoken) -> list[Any]:
    """The rows, or of each only the fields that are wanted."""
    if not wanted:
        return list(rows)
    reports = mail.reports((row.id for row in rows), reader=how.reader, lang=how.lang, zone=how.zone) if is_reported(wanted) else {}
    found = []
    for row in rows:
        report = reports.get(row.id)
        of_report = {} if report is None else {name: msgspec.to_builtins(getattr(report, name)) for name in REPORTED}
        values = msgspec.to_builtins(row) | of_report
        found.append({name: values[name] for name in wanted if name in values})
    return found


def list_domains(counts: dict[str, dict[Any, int]], own: tuple[str, ...], caller: Caller) -> list[DomainAnswer]:
    """The caller's domains with their counts, most mail first; who sees everything gets every domain that has mail too."""
    customers = {domain: one.name for one in caller.customers for domain in one.domains}
    names = {*own, *(counts if caller.scope.domains is None else ())}
    rows = [
        DomainAnswer(domain=name, customer=customers.get(name), total=sum(counts.get(name, {}).values()), counts=counts.get(name, {}))
        for name in names
    ]
    return sorted(rows, key=lambda row: (-row.total, row.domain))


def _streamed(request: AnyRequest) -> Format | None:
    """Which stream is asked for, where one is."""
    return STREAMS.get(accepted_form(request.headers.get("accept"), (JSON, *STREAMS)))


def _next_url(request: AnyRequest, site: Site, cursor: str | None) -> str | None:
    """The address of the next page: the same question with its cursor."""
    if cursor is None:
        return None
    # In the order in which they were given; `multi_items` has none.
    given = [(name, value) for name, value in request.query_params.items() if name != "cursor"]
    return f"{site.base}{request.scope['path']}?{urlencode([*given, ('cursor', cursor)])}"
