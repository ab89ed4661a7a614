"""A typo in an address or domain: what is near and there is offered, within the scope, by looking at a bounded number of rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
from asked_mail import NOW_MS, asked_mail
from msgspec.structs import replace
from reference import ReferenceStore

from ingest.sinks.embedded import EmbeddedSink
from mappings.trace import Trace
from search.engines.embedded import EmbeddedEngine
from search.near import distance
from search.query import Query
from search.scope import Scope
from search.service import MailTrace


@pytest.fixture(scope="module")
def mail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailTrace]:
    """The query layer over ordinary mail."""
    folder = tmp_path_factory.mktemp("near")
    with closing(EmbeddedSink(folder)) as sink:
        sink.submit(asked_mail())
        sink.flush()
    with MailTrace(EmbeddedEngine(folder)) as found:
        yield found


def offered(mail: MailTrace, **values: str) -> list[str]:
    """What is offered; each finds as much as it says."""
    query = Query.of({name: [value] for name, value in values.items()}, now_ms=NOW_MS, zone=UTC)
    answer = mail.search(query)
    assert answer.traces == []
    for one in answer.did_you_mean:
        other = {name: [value.replace(one.asked, one.value)] for name, value in values.items()}
        assert mail.count(Query.of(other, now_ms=NOW_MS, zone=UTC)) == one.total.value > 0
        assert any(f" found for {one.value}: did you mean that?" in warning for warning in answer.warnings)
    return [one.value for one in answer.did_you_mean]


@pytest.mark.parametrize(
    ("criterion", "typed", "meant"),
    [
        ("recipient", "bob@exmaple.net", ["bob@example.net", "bob@example.org"]),
        ("recipient", "bbo@example.net", ["bob@example.net"]),
        ("recipient", "Bob@example.nett", ["bob@example.net", "bob@example.org"]),
        ("recipient", "anna@example.net", ["anna@example.org"]),
        ("recipient", "jon.smith@example.org", ["john.smith@example.org"]),
        ("recipient", "<john.smth@example.org>", ["john.smith@example.org"]),
        ("sender", "ann@example.partner", ["ann@partner.example"]),
        ("sender", "jurgen@köln.example", ["jürgen@köln.example"]),
        ("sender", "ann@somewhere.example", ["ann@partner.example"]),
        ("address", "oskra", ["oskar"]),
        ("address", "osker@example.net", ["oskar@example.net"]),
        ("domain", "exampel.org", ["example.org"]),
        ("domain", "@exmaple.net", ["example.net"]),
        ("sender", "shopp.example", ["shop.example"]),
        ("query", "recipient: bob@exmaple.net", ["bob@example.net", "bob@example.org"]),
        ("query", "recipient: bbo@example.net and not verdict: virus", ["bob@example.net"]),
        ("query", "sender_domain: exampel.org", ["example.org"]),
        ("query", "osker@example.net", ["oskar@example.net"]),
        ("recipient", "zebra@quagga.example", []),
        ("domain", "nothing.like.it.example", []),
        ("query", "queue_id: bob@exmaple.net", []),
        ("sender", "b?b@exmaple.net", []),
    ],
)
def test_what_is_near_is_offered(mail: MailTrace, criterion: str, typed: str, meant: list[str]) -> None:
    """The nearest first; what finds nothing with the whole question is left out."""
    assert offered(mail, **{criterion: typed}) == meant


def test_nothing_is_offered_beside_what_was_found(mail: MailTrace) -> None:
    """A question that finds something was meant, and so was one that finds nothing for its time alone."""
    assert mail.search(Query(recipient=("bob@example.net",))).did_you_mean == []
    assert mail.search(Query(recipient=("bob@exmaple.net",), since_ms=NOW_MS)).did_you_mean == []


@pytest.mark.parametrize(
    "values", [{"recipient": "bob@example.org"}, {"query": "recipient: bob@example.org"}, {"query": "bob@example.org"}]
)
def test_an_address_that_has_mail_is_no_slip(mail: MailTrace, values: dict[str, str]) -> None:
    """Where it had none in this time, its namesake who had some is not offered."""
    (other,) = mail.search(Query(recipient=("bob@example.net",)), limit=1).traces
    since_ms = int(datetime.fromisoformat(other.time).timestamp() * 1000)
    asked = Query.of({name: [value] for name, value in values.items()}, now_ms=NOW_MS, zone=UTC)
    assert mail.search(asked).traces
    then = mail.search(replace(asked, since_ms=since_ms, until_ms=since_ms + 1))
    assert then.traces == []
    assert then.did_you_mean == []


def test_a_tenant_is_offered_his_own_alone(mail: MailTrace) -> None:
    """Of others' recipients nothing is near, however near it is."""
    assert [one.value for one in mail.narrowed(["büro.example"]).search(Query(recipient=("anna@example.orgg",))).did_you_mean] == []
    own = mail.narrowed(["example.org"]).search(Query(recipient=("anna@example.orgg",))).did_you_mean
    assert [one.value for one in own] == ["anna@example.org"]


@pytest.mark.parametrize(
    ("asked", "value", "far"),
    [
        ("bob@example.net", "bob@example.net", None),
        ("ann", "anna", 1),
        ("ann", "amm", None),
        ("example.org", "exmaple.org", 1),
        ("example.org", "exmapel.org", 2),
        ("example.org", "eaxmpel.ogr", None),
        ("a@b.c.example", "a@c.b.example", 1),
        ("ann@one.example", "ann@another.example", 3),
    ],
)
def test_how_far_apart(asked: str, value: str, far: int | None) -> None:
    """Both ways alike."""
    assert distance(asked, value) == distance(value, asked) == far


class _Counting(ReferenceStore):
    """A store that counts the rows that are taken out of it."""

    taken = 0

    def walk(self, query: Query, scope: Scope, *, cursor: str | None = None) -> Iterator[Trace]:
        """The same rows."""
        for trace in super().walk(query, scope, cursor=cursor):
            self.taken += 1
            yield trace


def test_how_many_rows_are_looked_at_is_bounded() -> None:
    """However much mail there is."""
    store = _Counting()
    store.submit(asked_mail(8_000))
    assert MailTrace(store).search(Query(recipient=("bob@exmaple.net",))).did_you_mean
    assert store.taken <= 500 + 3 * 300
