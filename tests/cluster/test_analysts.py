"""What analysts type into Kibana's query bar and its charts, asked of the server itself: `query_string`, aggregations, ECS' names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from servers.server import ask

from cluster.cluster_samples import mail, sink_at, told, write
from mappings.authentication import AuthResult
from mappings.vocabulary import Disposition, Reason

Ids = Callable[[str], set[int]]
#: The 28th of November 2026.
_TIME_MS = 1_795_824_000_000


@pytest.fixture
def search(es_url: str, es_prefix: str) -> Callable[..., Any]:
    """Ask the server with a body; three mails are in it."""
    sink = sink_at(es_url, es_prefix)
    write(
        sink,
        [
            mail(
                1,
                time_ms=_TIME_MS,
                client_name="out.partner.example",
                client_ip="192.0.2.7",
                subject="Invoice of May",
                symbols=["BAYES_SPAM"],
            ),
            mail(
                2,
                time_ms=_TIME_MS + 1,
                disposition=Disposition.BOUNCED,
                reason=Reason.MAILBOX_FULL,
                reply_code=554,
                enhanced_code="5.2.2",
                reply_text="Mailbox of anna full",
                reply_shape="Mailbox of <address> full",
                relay_host="mx8.far.example",
                relay_ip="2001:db8::25",
            ),
            mail(3, time_ms=_TIME_MS + 2, authenticated_as="carol", tls_version="TLSv1.3", delay=2.5, spf=AuthResult.SOFTFAIL, host="mx8"),
        ],
    )
    sink.close()

    def answer(**body: Any) -> Any:
        return told(ask(f"{es_url}/{es_prefix}/_search", "POST", body=body))

    return answer


@pytest.fixture
def ids(search: Callable[..., Any]) -> Ids:
    """The numbers of the mails that a text in the query bar finds."""
    numbers = {mail(number, time_ms=_TIME_MS + number - 1).id: number for number in (1, 2, 3)}

    def found(text: str) -> set[int]:
        hits = search(query={"query_string": {"query": text}})["hits"]["hits"]
        return {numbers[hit["_id"]] for hit in hits}

    return found


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("out.partner.example", {1}),
        ("192.0.2.7", {1}),
        ("invoice", {1}),
        ("BAYES_SPAM", {1}),
        ("554", {2}),
        ("5.2.2", {2}),
        ('"mailbox of anna"', {2}),
        ("mx8", {3}),
        ("mx8.far.example", {2}),
        ("carol", {3}),
        ("status:Bounced", {2}),
        ("reason:MAILBOX_FULL", {2}),
        ("login:carol", {3}),
        ("user.name:Carol", {3}),
        ("tls.version:TLSv1.3", {3}),
        ("spf:softfail AND delay:>2", {3}),
        ("error.code:554", {2}),
        ("related.ip:192.0.2.7", {1}),
        ("related.hosts:mx8", {3}),
        ("event.outcome:failure", {2}),
        ("email.subject.text:may", {1}),
        ("time:[2026 TO 2027]", {1, 2, 3}),
        ("\\@timestamp:>=2027", set()),
        ("no-such-word", set()),
    ],
)
def test_what_is_typed_is_found(ids: Ids, text: str, numbers: set[int]) -> None:
    """Bare words reach what people mean by them, closed words have no case, years are years."""
    assert ids(text) == numbers


@pytest.mark.parametrize(
    "field",
    [
        *("email.subject", "mailtrace.reply_text", "mailtrace.reply_shape", "user.name", "tls.version", "email.direction", "event.outcome"),
        *("event.kind", "event.category", "event.dataset", "mailtrace.symbols", "mailtrace.auth.spf", "email.sender.address"),
    ],
)
def test_values_are_counted(search: Callable[..., Any], field: str) -> None:
    """A chart takes texts and ECS' names as it takes others."""
    found = search(size=0, aggs={"values": {"terms": {"field": field}}})
    assert found["aggregations"]["values"]["buckets"]


def test_a_delay_is_a_duration(search: Callable[..., Any]) -> None:
    """In seconds as `delay`, in nanoseconds as ECS has it."""
    found = search(
        size=0, aggs={"most": {"max": {"field": "event.duration"}}, "middle": {"percentiles": {"field": "delay", "percents": [50]}}}
    )
    assert found["aggregations"]["most"]["value"] == 2_500_000_000
    assert found["aggregations"]["middle"]["values"]["50.0"] == 2.5
