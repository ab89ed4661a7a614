"""The parameters of the API, from their names in a URL to a `Query`; the names are those of the command's options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from litestar.params import Parameter, QueryParameter
from msgspec.structs import replace

from mappings.address import normalise_domain
from search.access import Caller
from search.answers import TraceAnswer
from search.http.audit import WHATS
from search.http.given import TheMail
from search.http.sessions import AnyRequest
from search.http.site import Site
from search.http.state import way_of
from search.query import CRITERIA, SENTENCES, Query, QueryError, nearest
from search.query_error import Flaws
from search.service import Meant

#: The names of the parameters that a question has.
QUESTION = (*CRITERIA, "query", "q", "text", "customer", "since", "until", "tz")


#: What a row may hold of its report, beside the fields of a trace, in the language and for the reader of the call; and how many rows a page
#: then has.
REPORTED = ("customer_text", "explanation")
MOST_REPORTED = 100


def _text(name: str, example: str) -> Any:
    """A criterion as OpenAPI tells it: given several times, any of its values fits."""
    return QueryParameter(name=name, description=SENTENCES[name], required=False, schema_extra={"examples": [[example]]})


Texts = list[str] | None
Sender = Annotated[Texts, _text("sender", "ann@example.org")]
Recipient = Annotated[Texts, _text("recipient", "bob@example.net")]
Address = Annotated[Texts, _text("address", "example.net")]
QuarantineId = Annotated[Texts, _text("quarantine_id", "pYLzAPuX7vKZ")]
MessageId = Annotated[Texts, _text("message_id", "1@example.org")]
QueueId = Annotated[Texts, _text("queue_id", "4D09318A9FB")]
Client = Annotated[Texts, _text("client", "192.0.2.0/24")]
Relay = Annotated[Texts, _text("relay", "mx.example.net")]
Code = Annotated[Texts, _text("code", "5.1.1")]
Direction = Annotated[Texts, _text("direction", "inbound")]
Disposition = Annotated[Texts, _text("disposition", "quarantined")]
Verdict = Annotated[Texts, _text("verdict", "virus")]
Reason = Annotated[Texts, _text("reason", "spam")]
Domain = Annotated[Texts, _text("domain", "example.net")]
Language = Annotated[
    str | None,
    QueryParameter(
        name="query",
        description=SENTENCES["query"],
        required=False,
        schema_extra={"examples": ["sender: example.org and not disposition: delivered"]},
    ),
]
ShortLanguage = Annotated[str | None, QueryParameter(name="q", description="Short for `query`.", required=False)]
Pasted = Annotated[
    str | None,
    QueryParameter(
        name="text",
        description="What somebody has: an address, an id, an IP, a line of a log, headers, a whole bounce; else a question as in `query`.",
        required=False,
        schema_extra={"examples": ["Ann <ann@example.org>"]},
    ),
]
CustomerName = Annotated[str | None, QueryParameter(name="customer", description=SENTENCES["customer"], required=False)]
Since = Annotated[
    str | None, QueryParameter(name="since", description=SENTENCES["since"], required=False, schema_extra={"examples": ["7d"]})
]
Until = Annotated[str | None, QueryParameter(name="until", description=SENTENCES["until"], required=False)]
Zone = Annotated[
    str | None,
    QueryParameter(name="tz", description="Zone of times that name none, as Europe/Berlin; by default the service's.", required=False),
]
Count = Annotated[Literal["exact"] | None, Parameter(description="`exact` counts on beyond 10,000.", required=False)]
Sorted = Annotated[str, Parameter(description=SENTENCES["sort"], required=False)]
Limit = Annotated[int, Parameter(ge=1, le=10_000, description="At most so many on a page.", required=False)]
Cursor = Annotated[str | None, Parameter(description="`next` of the page before, unchanged.", required=False)]
Fields = Annotated[
    str | None,
    Parameter(
        description="Only these fields of each trace, parted by commas; `customer_text` and `explanation` are those of its report.",
        required=False,
        schema_extra={"examples": ["id,time,disposition"]},
    ),
]


@dataclass(frozen=True, slots=True)
class AskedQuery:
    """A question, and the zone in which its times were read."""

    query: Query
    zone: tzinfo


def asked(
    request: AnyRequest,
    mail: TheMail,
    *,
    sender: Sender = None,
    recipient: Recipient = None,
    address: Address = None,
    quarantine_id: QuarantineId = None,
    message_id: MessageId = None,
    queue_id: QueueId = None,
    client: Client = None,
    relay: Relay = None,
    code: Code = None,
    direction: Direction = None,
    disposition: Disposition = None,
    verdict: Verdict = None,
    reason: Reason = None,
    domain: Domain = None,
    language: Language = None,
    q: ShortLanguage = None,
    text: Pasted = None,
    customer: CustomerName = None,
    since: Since = None,
    until: Until = None,
    tz: Zone = None,
) -> AskedQuery:
    """The question that a URL asks; a name that is none is an error, never passed over."""
    # The parameters above are for OpenAPI; all of them were read when the call was checked, so that none is taken twice or passed over.
    found: AskedQuery = way_of(request.scope).asked
    return found if text is None or not text.strip() else AskedQuery(with_meant(found.query, mail.meant(text, found.zone)), found.zone)


def with_meant(asked: Query, text: Meant) -> Query:
    """The question with what a text asks beside it."""
    meant = text.query
    given = {field: values for field in CRITERIA if (values := getattr(meant, field))}
    if (meant.query and asked.query) or any(getattr(asked, field) for field in given):
        raise QueryError("it asks for what another parameter asks for", field="text", hint="give one of them")
    language = {"query": meant.query, "tree": meant.tree} if meant.query else {}
    return replace(asked, **given, **language)


def question(given: Iterable[tuple[str, str]], site: Site, caller: Caller) -> AskedQuery:
    """The question that parameters ask, as far as they are of the question itself."""
    values: dict[str, list[str]] = {}
    for name, value in given:
        values.setdefault(name, []).append(value)
    flaws = Flaws()
    zone: tzinfo = UTC
    with flaws.gathered():
        zone = zone_of(_once(values, "tz"), site.zone)
    with flaws.gathered():
        customer = _once(values, "customer")
        if customer is not None:
            if values.get("domain"):
                raise QueryError("it stands for the customer's domains; give it or domain, not both", field="customer")
            values["domain"] = list(domains_of(customer, caller))
    chosen = {name: value for name, value in values.items() if name in (*CRITERIA, "since", "until", "sort")}
    with flaws.gathered():
        short, text = _once(values, "q"), _once(values, "query")
        if short is not None and text is not None:
            raise QueryError("it is short for query; give one of them", field="q")
        chosen["query"] = [short or text or ""]
    query = Query()
    with flaws.gathered():
        query = Query.of(chosen, now_ms=site.clock(), zone=zone)
    flaws.tell()
    return AskedQuery(query, zone)


def domains_of(customer: str, caller: Caller) -> tuple[str, ...]:
    """The domains of a customer that the caller sees; what he does not see is not there for him."""
    for one in caller.customers:
        if one.name.casefold() == customer.casefold() and one.domains:
            return tuple(map(normalise_domain, one.domains))
    raise QueryError(f"there is no customer “{customer[:60]}”", field="customer")


def zone_of(name: str | None, default: str) -> tzinfo:
    """A zone by its name."""
    try:
        return ZoneInfo(name or default)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise QueryError(f"there is no zone “{(name or '')[:60]}”", field="tz", hint="zones are named like Europe/Berlin or UTC") from None


def percentiles_of(listed: str | None) -> tuple[float, ...]:
    """The numbers of `50,95,99`."""
    try:
        return tuple(float(one) for one in listed.split(",")) if listed else ()
    except ValueError:
        raise QueryError(f"“{(listed or '')[:60]}” is no list of numbers", field="percentiles", hint="give one such as 50,95,99") from None


def audited(what: str) -> str:
    """A word for what an entry of the audit log tells of."""
    if what not in WHATS:
        hint = nearest(what, WHATS) or f"it is one of {', '.join(WHATS)}"
        raise QueryError(f"the audit log has no “{what[:60]}”", field="what", hint=hint)
    return what


def fields_of(listed: str | None) -> tuple[str, ...]:
    """The fields of a trace that are wanted; none is all."""
    if not listed:
        return ()
    names = tuple(name.strip() for name in listed.split(","))
    known = (*TraceAnswer.__struct_fields__, *REPORTED)
    for name in names:
        if name not in known:
            raise QueryError(
                f"a trace has no field “{name[:60]}”", field="fields", hint=nearest(name, known) or f"it has {', '.join(known)}"
            )
    return names


def _once(values: Mapping[str, list[str]], name: str) -> str | None:
    """The value of a parameter that can be given once; an empty one is none."""
    given = values.get(name) or []
    if len(given) > 1:
        raise QueryError("it can be given only once", field=name, kind="repeated")
    return given[0] if given and given[0] else None
