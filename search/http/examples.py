"""Examples in the OpenAPI document, made of the answers' own types, so that they cannot differ from them."""

from __future__ import annotations

from mappings.codes import entries
from mappings.trace import Event, HopLink, Trace
from mappings.vocabulary import Direction, Disposition, Reason, Verdict
from search.answers import FilterResult, ReportAnswer, Symbol, trace_answer
from search.completing import Completion, Completions
from search.counting import Distinct, ValueCount, ValueCounts
from search.differing import Differences, DifferingValue
from search.engines import Total
from search.error_answer import error_answer
from search.explain import explain
from search.freshness import FreshnessAnswer, SourceState
from search.http.answers import AuditAnswer, DomainAnswer, DomainsAnswer, TracesAnswer
from search.http.audit import Entry
from search.journey import hops, timeline
from search.scope import EVERYTHING
from search.stated import stated
from search.summary import summary
from search.times import utc
from search.view import View

COUNTS = ValueCounts(
    by="disposition",
    total=12,
    distinct=Distinct(3),
    values=[ValueCount("delivered", 9), ValueCount("quarantined", 2), ValueCount("bounced", 1)],
    rest=0,
    missing=0,
)
DIFFERENCES = Differences(
    total=1436,
    elsewhere=48_564,
    values=[
        DifferingValue(
            by="relay",
            value="mx.example.net",
            count=325,
            elsewhere=125,
            share=0.2263,
            share_elsewhere=0.0026,
            score=1835.5,
            query='destination.domain: "mx.example.net"',
        )
    ],
)
COMPLETIONS = Completions(
    begin=0,
    end=4,
    options=[Completion("disposition: ", "field", "What became of it.")],
)
_AT_MS = 1_795_490_530_123
_TRACE = Trace(
    id="01kqrv0m6bnyj5sf3e7gc2h9ax",
    version=1,
    log_domain="mx1",
    time_ms=_AT_MS,
    last_event_ms=_AT_MS + 900,
    host="mx1",
    client_name="mail.example.org",
    client_ip="192.0.2.7",
    client_helo="mail.example.org",
    sender="ann@example.org",
    recipient="bob@example.net",
    disposition=Disposition.QUARANTINED,
    verdict=Verdict.VIRUS,
    reason=Reason.VIRUS,
    detail="Eicar-Test-Signature",
    quarantine_id="pYLzAPuX7vKZ",
    reply_code=250,
    enhanced_code="2.7.0",
    reply_text="250 2.7.0 Ok, discarded, id=00370-06 - INFECTED: Eicar-Test-Signature",
    reply_by="filter",
    message_id="1@example.org",
    size=1234,
    queue_ids=["4D09318A9FB"],
    direction=Direction.INBOUND,
    hops=[HopLink("q:mx1/4D09318A9FB")],
    events=[
        Event(
            _AT_MS * 1000,
            True,
            "mx1",
            "smtpd",
            300,
            0,
            "0" * 16,
            "q:mx1/4D09318A9FB",
            "received",
            {"queue_id": "4D09318A9FB", "client_name": "mail.example.org", "client_ip": "192.0.2.7"},
        )
    ],
)

TRACES = TracesAnswer(
    traces=[trace_answer(_TRACE)],
    next=None,
    total=Total(1),
    since=None,
    until=None,
    as_of={"mx1": utc(_AT_MS + 60_000)},
    complete=True,
    warnings=[],
    next_url=None,
    question="recipient bob@example.net",
    took_ms=2.1,
)
_EXPLAINED = explain(_TRACE)
_LINES, _VIEW = stated(_TRACE), View.of(_TRACE, EVERYTHING)
REPORT = ReportAnswer(
    trace=trace_answer(_TRACE),
    summary=summary(_TRACE),
    customer_text=_EXPLAINED.customer_text,
    explanation=_EXPLAINED,
    timeline=timeline(_TRACE, _LINES, _VIEW),
    hops=hops(_TRACE, _LINES, _VIEW),
    related=[],
    filters=[
        FilterResult(
            filter="rspamd",
            time=utc(_AT_MS),
            action="no action",
            score=1.5,
            required=15.0,
            forced_by=None,
            symbols=[Symbol(name="MIME_HTML_ONLY", score=0.2, options=[])],
        )
    ],
    warnings=[],
    sender_notified=False,
    next_ids=[],
)
ERRORS = [error_answer(entry, seen=3) for entry in entries()[:2]]
DOMAINS = DomainsAnswer(
    since="today",
    until=None,
    side="received",
    domains=[
        DomainAnswer(domain="example.net", customer="Example Ltd", total=12, counts={Disposition.DELIVERED: 11, Disposition.QUARANTINED: 1})
    ],
)
FRESHNESS = FreshnessAnswer(
    sources=[SourceState(name="mx1", read_up_to=utc(_AT_MS), read_up_to_ms=_AT_MS, behind_s=2.0)], oldest=utc(_AT_MS), newest=utc(_AT_MS)
)
AUDIT = AuditAnswer(
    [
        Entry(
            time=utc(_AT_MS),
            request_id="7f3a19c2b4d8",
            who="Integrator North",
            role="integrator",
            address="192.0.2.30",
            what="search",
            question="/api/v1/traces?recipient=bob@example.net",
            rows=1,
            status=200,
            took_ms=2.4,
        )
    ],
    None,
)
